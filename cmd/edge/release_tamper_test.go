package main

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"facet/catalog"
	"facet/control"
	"facet/fault"
	"facet/release"
	"facet/storage"
)

// TestTamperedObjects: whoever can write to the bucket cannot make an instance serve what was not released: it refuses or waits, says
// so in its status, its acknowledgement and its events, and devices notice nothing.
func TestTamperedObjects(t *testing.T) {
	_, store := realBucket(t)
	w := releases(t, store)
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	_, thief, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	w.signer = release.Signer{Key: "ops", Private: private}
	good := w.deploy(w.publish("@tv/home", "1.0.0", "tv/v1", says("home", "1.0.0")))

	type region struct {
		name string
		next *release.Release // what was released last, not yet moved to
		enc  *release.Encoded
	}
	var restore []func()
	flip := func(key string) {
		obj, err := store.Get(t.Context(), key, storage.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		restore = append(restore, func() { w.write(key, obj.Body) })
		body := bytes.Clone(obj.Body)
		body[len(body)/2] ^= 1
		w.write(key, body)
	}
	newest := func(r *region) string { // the build that only next has
		for d := range r.next.Builds {
			if _, old := good.Release.Builds[d]; !old {
				return d
			}
		}
		t.Fatal("the release has nothing new")
		return ""
	}
	// pointer is what the region's pointer would be next.
	pointer := func(r *region) release.Pointer {
		return w.pointers[r.name].Next(r.enc.Digest, time.Now(), time.Time{})
	}
	cases := []struct {
		name    string
		refused bool // else it is trouble, which waiting may cure
		kind    fault.Kind
		do      func(r *region)
	}{
		{"build", true, fault.Conflict, func(r *region) { flip(release.BuildKey(newest(r))); w.move(r.name, r.next) }},
		{"build-of-another", true, fault.Conflict, func(r *region) {
			obj, err := store.Get(t.Context(), release.BuildKey(good.Release.BuildDigests()[0]), storage.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			w.write(release.BuildKey(newest(r)), obj.Body)
			w.move(r.name, r.next)
		}},
		{"shard", true, fault.Conflict, func(r *region) {
			for d := range r.enc.Shards {
				flip(release.ShardKey(d))
			}
			w.moveTo(r.name, r.enc.Digest)
		}},
		{"header", true, fault.Conflict, func(r *region) { flip(release.Key("dev", r.enc.Digest)); w.moveTo(r.name, r.enc.Digest) }},
		{"graph", true, fault.Conflict, func(r *region) { flip(release.GraphKey(r.next.Graph.Version)); w.move(r.name, r.next) }},
		{"unsigned", false, fault.Unauthorized, func(r *region) { w.point(r.name, pointer(r)) }},
		{"wrong-key", false, fault.Unauthorized, func(r *region) {
			w.point(r.name, pointer(r).Sign(release.Signer{Key: "ops", Private: thief}, "dev", r.name))
		}},
		{"changed", false, fault.Unauthorized, func(r *region) {
			p := pointer(r).Sign(w.signer, "dev", r.name)
			p.Seq++
			w.point(r.name, p)
		}},
		{"other-region", false, fault.Unauthorized, func(r *region) { w.point(r.name, pointer(r).Sign(w.signer, "dev", "elsewhere")) }},
		{"replayed", false, fault.Conflict, func(r *region) {
			p := w.pointers[r.name]
			p.Seq--
			w.point(r.name, p.Sign(w.signer, "dev", r.name))
		}},
		{"garbage", false, fault.Invalid, func(r *region) { w.write(release.PointerKey("dev", r.name), []byte("\x00\xff{]")) }},
		{"empty", false, fault.Invalid, func(r *region) { w.write(release.PointerKey("dev", r.name), nil) }},
		{"truncated", false, fault.Invalid, func(r *region) {
			raw, err := pointer(r).Sign(w.signer, "dev", r.name).Encode()
			if err != nil {
				t.Fatal(err)
			}
			w.write(release.PointerKey("dev", r.name), raw[:len(raw)*2/3])
		}},
		{"huge", false, fault.TooLarge, func(r *region) {
			w.write(release.PointerKey("dev", r.name), bytes.Repeat([]byte(" "), 10<<20))
		}},
	}
	for n, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			defer func() {
				for _, again := range restore {
					again()
				}
				restore = nil
			}()
			version := fmt.Sprintf("2.0.%d", n)
			w.graph(version, shopGraph+"# "+version+"\n")
			id := w.publish("@tv/home", version, "tv/v1", says("home", version))
			res, err := w.Release(t.Context(), control.Request{Env: "dev", Deploy: []string{id}, Graph: version})
			if err != nil {
				t.Fatal(err)
			}
			r := &region{name: c.name, next: res.Release}
			if r.enc, err = r.next.Encode(1); err != nil {
				t.Fatal(err)
			}
			w.move(r.name, good.Release)
			w.move(r.name, good.Release) // so that there is an older pointer
			i := w.start("one", func(cfg *catalog.Config[*served], _ *opener) {
				cfg.Region, cfg.Keys, cfg.Dir = c.name, release.Keys{"ops": public}, t.TempDir()
			})
			i.until(catalog.Status.Ready)
			i.phases()
			w.stage(r.next)
			c.do(r)
			i.until(func(s catalog.Status) bool { return s.Trouble != nil })
			s := i.catalog.Status()
			if c.refused != (s.Refused != nil) || s.Release != good.Digest {
				t.Fatalf("%+v", s)
			}
			if got := i.get("/tv/v1/home"); !strings.Contains(got, "1.0.0") {
				t.Errorf("devices see %s", got)
			}
			want, phases := "trouble "+string(c.kind), i.phases()
			if c.refused {
				want = "refused " + string(c.kind)
			}
			if !slices.Contains(phases, want) {
				t.Errorf("told %v, want %q", phases, want)
			}
			for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
				if ack := w.ackOf(c.name, "one"); ack.Release == good.Digest && (c.refused && ack.Refused != nil || !c.refused && ack.Trouble != "") {
					break
				} else if time.Now().After(deadline) {
					t.Fatalf("acknowledged %+v", ack)
				}
			}
			// The next good release is served.
			next := good.Release.Clone()
			next.Why = "mended after " + c.name
			mended := w.move(c.name, next)
			i.until(func(s catalog.Status) bool { return s.Release == mended && s.Refused == nil && s.Trouble == nil })
		})
	}
	t.Run("package", func(t *testing.T) {
		w.t = t
		flip(release.TarballKey("@tv/home", "1.0.0"))
		again := &control.Control{Store: store, Build: buildWith, Builder: "another, which builds anew"}
		if _, err := again.Release(t.Context(), control.Request{Env: "other", Deploy: []string{"@tv/home@1.0.0"}}); err == nil || fault.KindOf(err) != fault.BadAnswer {
			t.Errorf("a tampered package: %v, want bad_answer", err)
		}
	})
}

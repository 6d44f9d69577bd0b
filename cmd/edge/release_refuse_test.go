package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"facet/catalog"
	"facet/control"
	"facet/fault"
	"facet/graph"
	"facet/release"
	"facet/storage"
	"facet/storage/memory"
	"facet/view"
)

// spoiling builds what cannot be opened, for a version that says so.
func spoiling(ctx context.Context, in control.Input) (*view.Build, fault.Diagnostics, error) {
	b, ds, err := buildWith(ctx, in)
	if err == nil && !ds.Failed() && strings.HasSuffix(in.Package.Manifest.Version, "-bad") {
		b.Funcs = append(b.Funcs, &view.Func{Name: "bad", Source: "() => 1", Result: graph.TypeRef{Name: "Nothing"}})
	}
	return b, ds, err
}

// ackOf is what an instance wrote; the zero Instance if it did not yet.
func (w *releasing) ackOf(region, instance string) release.Instance {
	w.t.Helper()
	obj, err := w.store.Get(w.t.Context(), release.InstanceKey("dev", region, instance), storage.GetOptions{})
	if fault.KindOf(err) == fault.NotFound {
		return release.Instance{}
	}
	if err != nil {
		w.t.Fatal(err)
	}
	var ack release.Instance
	if err := json.Unmarshal(obj.Body, &ack); err != nil {
		w.t.Fatal(err)
	}
	return ack
}

// TestOneTenantHoldsUpNobody: a release of two packages, one of which no instance can open, is refused by that build's name, kept
// out for its route alone, and what the other package brings is served.
func TestOneTenantHoldsUpNobody(t *testing.T) {
	w := releases(t, memory.New())
	w.Control.Build = spoiling
	one := w.deploy(w.publish("@tv/a", "1.0.0", "tv/v1", says("a", "1.0.0")), w.publish("@phone/b", "1.0.0", "phone/v1", says("b", "1.0.0")), w.publish("@tv/c", "1.0.0", "tv/v1", says("c", "1.0.0")))
	i := w.start("one", nil)
	i.serves(one.Digest)
	bad := w.deploy(w.publish("@tv/a", "1.0.1-bad", "tv/v1", says("a", "1.0.1")), w.publish("@phone/b", "1.0.1", "phone/v1", says("b", "1.0.1")))
	i.until(func(s catalog.Status) bool { return s.Refused != nil })
	r := i.catalog.Status().Refused
	if b := bad.Release.Builds[r.Build]; b.Package != "@tv/a" || r.Release != bad.Digest || !strings.Contains(r.Reason, "Nothing") {
		t.Fatalf("refused %+v", r)
	}
	var ack release.Instance
	for deadline := time.Now().Add(patience); ack.Refused == nil && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		ack = w.ackOf("local", "one")
	}
	if ack.Refused == nil || ack.Refused.Build != r.Build || ack.Release != one.Digest {
		t.Fatalf("acknowledged %+v", ack)
	}
	for path, want := range map[string]string{"/tv/v1/a": "1.0.0", "/tv/v1/c": "1.0.0", "/phone/v1/b": "1.0.0"} {
		if got := i.get(path); !strings.Contains(got, want) {
			t.Errorf("while it is refused, %s says %s", path, got)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	kept := make(chan control.KeptEvent, 10)
	var keeper sync.WaitGroup
	keeper.Go(func() { _ = w.Keeper(ctx, nil, 10*time.Millisecond, func(e control.KeptEvent) { kept <- e }) })
	var event control.KeptEvent
	select {
	case event = <-kept:
	case <-time.After(patience):
		t.Fatal("the keeper does nothing")
	}
	if event.Err != nil || event.Result == nil || event.Refusal.Build != r.Build {
		t.Fatalf("the keeper: %+v", event)
	}
	i.serves(event.Result.Digest)
	time.Sleep(50 * time.Millisecond)
	stop()
	keeper.Wait()
	if len(kept) > 0 {
		t.Errorf("the keeper acted again: %+v", <-kept)
	}
	for path, want := range map[string]string{"/tv/v1/a": "1.0.0", "/tv/v1/c": "1.0.0", "/phone/v1/b": "1.0.1"} {
		if got := i.get(path); !strings.Contains(got, want) {
			t.Errorf("after it is kept, %s says %s", path, got)
		}
	}
	if s := i.catalog.Status(); s.Refused != nil || s.Trouble != nil {
		t.Errorf("after it is kept: %+v", s)
	}
}

// TestEveryTrackIsProven: a canary that cannot be opened refuses the release, though nobody was given it yet.
func TestEveryTrackIsProven(t *testing.T) {
	w := releases(t, memory.New())
	w.Control.Build = spoiling
	one := w.deploy(w.publish("@tv/a", "1.0.0", "tv/v1", says("a", "1.0.0")))
	good := w.deploy(w.publish("@tv/a", "1.0.1", "tv/v1", says("a", "1.0.1")))
	bad := w.deploy(w.publish("@tv/a", "1.0.2-bad", "tv/v1", says("a", "1.0.2")))
	canary := func(of *control.Result) *release.Release {
		r := one.Release.Clone()
		digest := of.Release.Routes[0].Mounts[0].Tracks[0].Build
		r.Builds[digest] = of.Release.Builds[digest]
		r.Routes[0].Mounts[0].Tracks[0].Weight = 50
		r.Routes[0].Mounts[0].Tracks = append(r.Routes[0].Mounts[0].Tracks, release.Track{Name: release.Canary, Build: digest, Weight: 50})
		return r
	}
	p, _, err := w.Pointer(t.Context(), "dev", "local")
	if err != nil {
		t.Fatal(err)
	}
	w.pointers["local"] = p
	two := w.move("local", canary(good))
	i := w.start("one", nil)
	i.serves(two)
	seen := map[string]bool{}
	for n := range 40 {
		got := i.ask("/tv/v1/graphql", "{ a { version } }", map[string][]string{"Facet-Viewer": {fmt.Sprintf("viewer%d", n)}})
		seen[got["a"].(map[string]any)["version"].(string)] = true
	}
	if len(seen) != 2 {
		t.Errorf("forty viewers saw %v", seen)
	}
	three := w.move("local", canary(bad))
	i.until(func(s catalog.Status) bool { return s.Refused != nil })
	if r := i.catalog.Status().Refused; r.Release != three || !strings.HasSuffix(bad.Release.Builds[r.Build].Version, "-bad") {
		t.Errorf("refused %+v", r)
	}
	i.serves(two)
}

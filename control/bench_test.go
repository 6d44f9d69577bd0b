package control_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"facet/control"
	"facet/pack"
	"facet/release"
	"facet/storage"
	"facet/storage/memory"
)

// A far store answers after a while, as one over a network does, and counts how often each key is read.
type far struct {
	storage.Store
	after time.Duration

	mu    sync.Mutex
	reads map[string]int
	puts  int
}

func (f *far) read(key string) {
	f.mu.Lock()
	f.reads[key]++
	f.mu.Unlock()
	time.Sleep(f.after)
}

func (f *far) Get(ctx context.Context, key string, opts storage.GetOptions) (storage.Object, error) {
	f.read(key)
	return f.Store.Get(ctx, key, opts)
}

func (f *far) Head(ctx context.Context, key string) (storage.Info, error) {
	time.Sleep(f.after)
	return f.Store.Head(ctx, key)
}

func (f *far) Put(ctx context.Context, key string, body []byte, opts storage.PutOptions) (storage.Info, error) {
	f.mu.Lock()
	f.puts++
	f.mu.Unlock()
	time.Sleep(f.after)
	return f.Store.Put(ctx, key, body, opts)
}

// forget makes the next count begin at nothing.
func (f *far) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.reads)
	f.puts = 0
}

func (f *far) twice() (all int, more []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for key, n := range f.reads {
		if all += n; n > 1 {
			more = append(more, fmt.Sprintf("%s %d times", key, n))
		}
	}
	return all, more
}

// A large environment has 200 packages on 50 routes and 1,000 instances in two regions.
func large(t testing.TB) (*far, []string) {
	store := &far{Store: memory.New(), reads: map[string]int{}}
	w := newWorldOver(t, store)
	var ids []string
	for i := range 200 {
		name := fmt.Sprintf("@team%d/p%d", i%4, i)
		for _, version := range []string{"1.0.0", "1.1.0"} {
			text := fmt.Sprintf("view v%d", i)
			if version == "1.1.0" {
				text += fmt.Sprintf("\nview w%d", i)
			}
			files := map[string][]byte{
				"package.json": fmt.Appendf(nil, `{"name": %q, "version": %q, "edge": {"device": ["d%d"], "schema": "v1"}}`, name, version, i%50),
				"index.ts":     []byte(text),
			}
			raw, err := (&pack.Package{Files: files}).Tarball()
			if err == nil {
				_, err = w.Publish(t.Context(), control.Publication{Tarball: raw})
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		ids = append(ids, name)
	}
	for i := range 1000 {
		in := release.Instance{ID: fmt.Sprintf("i%04d", i), Env: "prod", Region: []string{"local", "eu"}[i%2], Seen: time.Now()}
		raw, err := json.Marshal(in)
		if err == nil {
			_, err = store.Store.Put(t.Context(), release.InstanceKey(in.Env, in.Region, in.ID), raw, storage.PutOptions{})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return store, ids
}

func newWorldOver(t testing.TB, store storage.Store) *control.Control {
	w := &world{}
	c := &control.Control{Store: store, Builder: "test 1", Workers: 8, Build: w.build, Shards: 4}
	if _, ds, err := c.PublishGraph(t.Context(), "graph.graphqls", "1.0.0", []byte(sdl)); err != nil {
		t.Fatalf("%v %v", ds, err)
	}
	return c
}

func at(ids []string, version string) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = id + "@" + version
	}
	return out
}

// What is read for a status of 1,000 instances, for a release of 200 packages and for a diff of 200 builds is read once.
func TestNothingIsReadTwice(t *testing.T) {
	store, ids := large(t)
	fresh := func() *control.Control {
		store.forget()
		return newWorldOver(t, store)
	}
	check := func(what string, most int) {
		t.Helper()
		all, twice := store.twice()
		if len(twice) > 0 || all > most {
			t.Errorf("%s: %d reads, want %d at most; again: %v", what, all, most, twice)
		}
	}
	c := fresh()
	first, err := c.Release(t.Context(), control.Request{Env: "prod", Regions: []string{"local", "eu"}, Deploy: at(ids, "1.0.0")})
	if err != nil {
		t.Fatal(err)
	}
	maps.DeleteFunc(store.reads, func(key string, n int) bool { return key == release.PointerKey("prod", "eu") && n == 2 }) // before it is decided, and to write it
	check("a first release", 200+200+200+4)                                                                                 // indexes, tarballs, builds of the same input
	c = fresh()
	second, err := c.Release(t.Context(), control.Request{Env: "prod", Deploy: at(ids, "1.1.0")})
	if err != nil {
		t.Fatal(err)
	}
	check("a release", 200+200+200+200+20)
	c = fresh()
	d, err := c.Diff(t.Context(), "prod", release.Short(first.Digest), release.Short(second.Digest))
	if err != nil || len(d.Routes) != 50 {
		t.Fatalf("%v", err)
	}
	check("a diff", 400+20)
	c = fresh()
	s, err := c.Status(t.Context(), "prod")
	if err != nil || len(s.Regions) != 2 || len(s.Regions[0].Instances) != 500 {
		t.Fatalf("%v", err)
	}
	check("a status", 1000+20)
	store.forget()
	if _, err := c.Status(t.Context(), "prod"); err != nil {
		t.Fatal(err)
	}
	check("a second status", 2) // the pointers
}

func BenchmarkStatus(b *testing.B) {
	store, ids := large(b)
	c := newWorldOver(b, store)
	if _, err := c.Release(b.Context(), control.Request{Env: "prod", Regions: []string{"local", "eu"}, Deploy: at(ids, "1.0.0")}); err != nil {
		b.Fatal(err)
	}
	store.after = 2 * time.Millisecond
	for name, cold := range map[string]bool{"cold": true, "again": false} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if cold {
					c = &control.Control{Store: store}
				}
				if _, err := c.Status(b.Context(), "prod"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkRelease(b *testing.B) {
	store, ids := large(b)
	store.after = 2 * time.Millisecond
	c := newWorldOver(b, store)
	for n := 0; b.Loop(); n++ {
		if _, err := c.Release(b.Context(), control.Request{Env: fmt.Sprintf("e%d", n), Deploy: at(ids, "1.0.0")}); err != nil {
			b.Fatal(err)
		}
		if _, err := c.Release(b.Context(), control.Request{Env: fmt.Sprintf("e%d", n), Deploy: at(ids, "1.1.0")}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDiff(b *testing.B) {
	store, ids := large(b)
	c := newWorldOver(b, store)
	var refs []string
	for _, v := range []string{"1.0.0", "1.1.0"} {
		res, err := c.Release(b.Context(), control.Request{Env: "prod", Deploy: at(ids, v)})
		if err != nil {
			b.Fatal(err)
		}
		refs = append(refs, res.Digest)
	}
	store.after = 2 * time.Millisecond
	for b.Loop() {
		c = &control.Control{Store: store}
		if _, err := c.Diff(b.Context(), "prod", refs[0], refs[1]); err != nil {
			b.Fatal(err)
		}
	}
}

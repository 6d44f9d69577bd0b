package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"go.uber.org/goleak"

	"facet/catalog"
	"facet/release"
	"facet/storage"
	"facet/storage/memory"
	"facet/view"
)

// settledHeap is how many bytes live objects take, after what is closed asynchronously had time to be.
func settledHeap() int64 {
	var m runtime.MemStats
	for range 3 {
		time.Sleep(50 * time.Millisecond)
		debug.FreeOSMemory() // collects, too
	}
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// shelf is the package of testdata/shop: two views, a shape, a computed function.
func (w *releasing) shelf(name, version, route string) string {
	w.t.Helper()
	text, err := os.ReadFile("testdata/shop/packages/web-home/src/index.ts")
	if err != nil {
		w.t.Fatal(err)
	}
	return w.publish(name, version, route, string(text))
}

func (w *releasing) shopGraph(version string) {
	w.t.Helper()
	sdl, err := os.ReadFile("testdata/shop/graph.graphqls")
	if err != nil {
		w.t.Fatal(err)
	}
	w.graph(version, string(sdl))
}

// TestSwapsLeaveNothing: hundreds of releases, each of new builds on ten routes under requests, and the heap is where it was.
func TestSwapsLeaveNothing(t *testing.T) {
	store := memory.New()
	w := releases(t, store)
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent()) // but of its tier
	const packages, versions = 10, 6
	var made []*release.Release
	for v := range versions {
		var ids []string
		for n := range packages {
			version := fmt.Sprintf("1.0.%d", v)
			ids = append(ids, w.publish(fmt.Sprintf("@tv/p%d", n), version, fmt.Sprintf("tv/v%d", n+1), says("home", version)))
		}
		made = append(made, w.deploy(ids...).Release)
	}
	p, _, err := w.Pointer(t.Context(), "dev", "local")
	if err != nil {
		t.Fatal(err)
	}
	w.pointers["local"] = p
	i := w.start("one", nil)
	i.until(func(s catalog.Status) bool { return s.Ready() })
	swap := func(n int) {
		r := made[n%versions].Clone()
		r.Why = fmt.Sprintf("release %d", n) // its own digest
		digest := w.move("local", r)
		if err := i.catalog.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s := i.catalog.Status(); s.Release != digest {
			t.Fatalf("%+v", s)
		}
		for route := range packages {
			i.get(fmt.Sprintf("/tv/v%d/home", route+1))
		}
		if err := store.Delete(t.Context(), release.Key("dev", digest)); err != nil { // the store is in this heap
			t.Fatal(err)
		}
	}
	swaps := fullOr(1000, 60)
	for n := range swaps / 10 {
		swap(n)
	}
	before := settledHeap()
	began := time.Now()
	for n := range swaps {
		swap(swaps + n)
	}
	took := time.Since(began)
	after := settledHeap()
	t.Logf("%d swaps of %d changed routes in %v: the heap went from %d KB to %d KB", swaps, packages, took.Round(time.Millisecond), before>>10, after>>10)
	if grown := after - before; grown > 10<<20 {
		t.Errorf("the heap grew by %d KB", grown>>10)
	}
	if s := i.catalog.Status(); s.Draining > 1 {
		t.Errorf("%d releases are still drained", s.Draining)
	}
	i.stop()
}

// TestThousandsOfBuilds measures what builds cost that are mounted and hardly asked: memory, and the time to load, prove and swap.
func TestThousandsOfBuilds(t *testing.T) {
	store := memory.New()
	w := releases(t, store)
	w.shopGraph("1.1.0")
	first := w.deploy(w.shelf("@tv/p", "1.0.0", "tv/v1"))
	digest := first.Release.BuildDigests()[0]
	obj, err := store.Get(t.Context(), release.BuildKey(digest), storage.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	many := fullOr(2000, 100)
	t.Logf("%d builds of %d bytes each, on a route each", many, len(obj.Body))
	bare := func(n int) *release.Release { return w.many(first.Release, obj.Body, n) }
	empty := settledHeap()
	all := bare(many)
	mine := settledHeap() - empty // of the store and the test
	began := time.Now()
	w.move("eu", all)
	i := w.start("one", func(c *catalog.Config[*served], o *opener) {
		c.Region, c.Interval, o.engines.most = "eu", time.Hour, 64
	})
	i.until(func(s catalog.Status) bool { return s.Ready() })
	t.Logf("loaded, proven and served after %v", time.Since(began).Round(time.Millisecond))
	full := settledHeap()
	t.Logf("heap: %d KB, %.1f KB for a build, with %d engines open", (full-empty-mine)>>10, float64(full-empty-mine)/1024/float64(many), i.opener.engines.count())
	i.opener.engines.sweep(time.Now().Add(2 * defaultIdle))
	quiet := settledHeap()
	per := float64(quiet-empty-mine) / 1024 / float64(many)
	t.Logf("when nobody asks: %d KB, %.1f KB for a build", (quiet-empty-mine)>>10, per)
	if per > 40 {
		t.Errorf("an idle build takes %.1f KB", per)
	}
	var cold []time.Duration
	for n := range min(many, 200) {
		began := time.Now()
		i.get(fmt.Sprintf("/tv/v%d/home", n+1))
		cold = append(cold, time.Since(began))
	}
	t.Logf("the first request of a route that was idle: %s", tellTimes(cold))
	began = time.Now()
	next := all.Clone()
	next.Why = "one more"
	w.move("eu", next)
	if err := i.catalog.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Logf("a release that changes none of them: %v", time.Since(began).Round(10*time.Microsecond))
}

// many is a release of n packages that are one build under other names.
func (w *releasing) many(like *release.Release, build []byte, n int) *release.Release {
	w.t.Helper()
	b, err := view.Decode(build)
	if err != nil {
		w.t.Fatal(err)
	}
	change := release.Change{}
	for i := range n {
		b.Package, b.Schema = fmt.Sprintf("@tv/p%d", i), fmt.Sprintf("v%d", i+1)
		raw, err := b.Encode()
		if err != nil {
			w.t.Fatal(err)
		}
		d := release.Digest(raw)
		w.write(release.BuildKey(d), raw)
		change.Put = append(change.Put, release.Placed{Device: "tv", Schema: b.Schema, Digest: d,
			Build: release.Build{Package: b.Package, Version: b.Version, Graph: b.Graph, Input: d, Bytes: int64(len(raw))}})
	}
	r, err := release.First("dev", like.Graph).Next("", change, release.Note{Why: "many"}, time.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"facet/catalog"
	"facet/loadtest/scale"
	"facet/pack"
	"facet/release"
	"facet/storage"
	"facet/storage/memory"
	"facet/view"
)

var scaleProfile = flag.String("scale.profile", "", "where TestOpenCost writes its heap profile; run it with -memprofilerate 4096 then")

// scaled is a release of generated versions, and an instance that serves it.
func scaled(t testing.TB, store storage.Store, versions int, change func(*catalog.Config[*served], *opener)) (*releasing, *instance, []*scale.Version) {
	t.Helper()
	w := releases(t, store)
	tiers := httptest.NewServer(scale.Tiers())
	t.Cleanup(tiers.Close)
	for _, name := range []string{"SHELVES_URL", "CATALOG_URL", "ARTWORK_URL"} {
		w.env.Env[name] = tiers.URL
	}
	w.graph("1.1.0", scale.Graph())
	world := scale.World{Versions: versions, Seed: 1}
	var all []*scale.Version
	var ids []string
	for i := range versions {
		v := world.Version(i)
		all = append(all, v)
		ids = append(ids, w.put(&pack.Package{Files: v.Files()}))
	}
	before := w.deploy(ids...)
	w.Control = nil // what it keeps is in this heap
	i := w.start("one", change)
	i.serves(before.Digest)
	return w, i, all
}

// known makes a known request of a version.
func (i *instance) known(a *scale.Ask, film int) {
	i.t.Helper()
	path, body := a.Request(film)
	rec := httptest.NewRecorder()
	req := httptest.NewRequest(a.Method, path, strings.NewReader(body))
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	i.ServeHTTP(rec, req)
	if rec.Code != http.StatusOK || strings.Contains(rec.Body.String(), `"errors"`) {
		i.t.Fatalf("%s: %d %.500s", path, rec.Code, rec.Body)
	}
}

// TestOpenCost measures what a version costs at rest, open, and after each of its known documents.
func TestOpenCost(t *testing.T) {
	n := fullOr(200, 10)
	_, i, versions := scaled(t, memory.New(), n, func(_ *catalog.Config[*served], o *opener) {
		o.engines.most, o.requestCPU, o.run.CPU = 1<<20, time.Minute, time.Second
	})
	i.opener.engines.closeAll()
	last := settledHeap()
	told := func(what string) {
		now := settledHeap()
		t.Logf("%-28s %6.1f KB a version", what, float64(now-last)/1024/float64(n))
		last = now
	}
	for _, v := range versions {
		s, done, _ := i.catalog.Acquire()
		_, leave, err := s.find(t.Context(), v.Device, "v1", nil)
		if err != nil {
			t.Fatal(err)
		}
		leave()
		done()
	}
	told("opened")
	for ask := range versions[0].Asks {
		for _, v := range versions {
			i.known(&v.Asks[ask], 7)
		}
		told(fmt.Sprintf("asked %s", versions[0].Asks[ask].Name))
	}
	if *scaleProfile != "" {
		f, err := os.Create(*scaleProfile)
		if err != nil {
			t.Fatal(err)
		}
		if err := pprof.Lookup("heap").WriteTo(f, 0); err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
	}
	i.opener.engines.closeAll()
	told("closed")
}

// BenchmarkVersion is a known request of a version that is open, and of one that was closed before it and whose build rests packed. cpu-µs is
// what the process took for one: the tiers and the collector are in it.
func BenchmarkVersion(b *testing.B) {
	const n = 60
	_, i, versions := scaled(b, memory.New(), n, func(_ *catalog.Config[*served], o *opener) { o.requestCPU = time.Minute })
	for ask := range versions[0].Asks {
		name := versions[0].Asks[ask].Name
		for range 3 { // decoded, rested and packed, known
			i.opener.engines.closeAll()
			runtime.GC()
			for _, v := range versions {
				i.known(&v.Asks[ask], 7)
			}
		}
		for _, closed := range []bool{false, true} {
			b.Run(name+map[bool]string{false: "/open", true: "/closed"}[closed], func(b *testing.B) {
				b.ReportAllocs()
				var cpu time.Duration
				began := usedCPU(b)
				for k := range b.N {
					if k%n == 0 && closed {
						cpu += usedCPU(b) - began
						b.StopTimer()
						i.opener.engines.closeAll()
						runtime.GC() // nobody has their builds any more
						b.StartTimer()
						began = usedCPU(b)
					}
					i.known(&versions[k%n].Asks[ask], 7)
				}
				cpu += usedCPU(b) - began
				b.ReportMetric(float64(cpu.Microseconds())/float64(b.N), "cpu-µs/op")
			})
		}
	}
}

// usedCPU is the processor time of this process so far.
func usedCPU(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// A countedStore counts what is read of a store.
type countedStore struct {
	storage.Store
	mu    sync.Mutex
	reads map[string]int // by the first part of the key
	bytes int
}

func (c *countedStore) Get(ctx context.Context, key string, o storage.GetOptions) (storage.Object, error) {
	obj, err := c.Store.Get(ctx, key, o)
	if err == nil && !obj.Unchanged {
		kind, _, _ := strings.Cut(key, "/")
		c.mu.Lock()
		c.reads[kind]++
		c.bytes += len(obj.Body)
		c.mu.Unlock()
	}
	return obj, err
}

// TestPublishOneOfMany: a release that changes one package among many reads what it changes, opens that one, and leaves the others as they are.
func TestPublishOneOfMany(t *testing.T) {
	store := &countedStore{Store: memory.New(), reads: map[string]int{}}
	w := releases(t, store)
	n := fullOr(1500, 40)
	const shards = 8
	w.shopGraph("1.1.0")
	first := w.deploy(w.shelf("@tv/p", "1.0.0", "tv/v1"))
	obj, err := store.Get(t.Context(), release.BuildKey(first.Release.BuildDigests()[0]), storage.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := view.Decode(obj.Body)
	if err != nil {
		t.Fatal(err)
	}
	place := func(i int, version string) release.Placed {
		device := fmt.Sprintf("d%d", i)
		b.Package, b.Version, b.Devices, b.Schema = "@many/"+device, version, []string{device}, "v1"
		raw, err := b.Encode()
		if err != nil {
			t.Fatal(err)
		}
		d := release.Digest(raw)
		w.write(release.BuildKey(d), raw)
		return release.Placed{Device: device, Schema: "v1", Digest: d, Build: release.Build{Package: b.Package, Version: version, Graph: b.Graph, Input: d, Bytes: int64(len(raw))}}
	}
	change := release.Change{}
	for i := range n {
		change.Put = append(change.Put, place(i, "1.0.0"))
	}
	many, err := release.First("dev", first.Release.Graph).Next("", change, release.Note{Why: "many"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	w.shards = shards
	w.move("eu", many)
	i := w.start("one", func(c *catalog.Config[*served], _ *opener) { c.Region, c.Interval = "eu", time.Hour })
	i.until(func(s catalog.Status) bool { return s.Ready() })
	for v := range n {
		i.get(fmt.Sprintf("/d%d/v1/home", v))
	}
	engines := func() map[string]*openEngine {
		out := map[string]*openEngine{}
		for _, s := range i.opener.engines.list() {
			out[s.key] = s.engine.Load()
		}
		return out
	}
	before, openings := engines(), i.opener.engines.openings.Load()
	next, err := many.Next("", release.Change{Put: []release.Placed{place(7, "1.0.1")}}, release.Note{Why: "one of them"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	w.move("eu", next)
	store.mu.Lock()
	store.reads, store.bytes = map[string]int{}, 0
	store.mu.Unlock()
	began := time.Now()
	if err := i.catalog.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d packages: %v reads, %d bytes, served after %v", n, store.reads, store.bytes, time.Since(began).Round(time.Millisecond))
	if diff := cmp.Diff(map[string]int{"envs": 1, "releases": 1, "shards": 1, "builds": 1}, store.reads); diff != "" {
		t.Errorf("read (-want +got):\n%s", diff)
	}
	if opened := i.opener.engines.openings.Load() - openings; opened != 1 {
		t.Errorf("%d schemas were opened, want the changed one", opened)
	}
	kept := 0
	for key, e := range engines() {
		if before[key] == e && !strings.HasPrefix(key, "d7/") { // that of the release before may still be closing
			kept++
		}
	}
	if kept != n-1 {
		t.Errorf("%d of %d schemas that did not change stayed as they were", kept, n-1)
	}
	if body := i.get("/d7/v1/home"); body == "" {
		t.Error("the changed one answers nothing")
	}
}

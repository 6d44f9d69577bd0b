package main

import (
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"facet/catalog"
	"facet/loadtest/scale"
	"facet/pack"
	"facet/storage"
	"facet/storage/memory"
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

// BenchmarkVersion is a known request of a version that is open, and of one that was closed before it.
func BenchmarkVersion(b *testing.B) {
	_, i, versions := scaled(b, memory.New(), 20, nil)
	for _, ask := range []int{0, 1, 2} {
		name := versions[0].Asks[ask].Name
		for _, v := range versions {
			i.known(&v.Asks[ask], 7)
		}
		b.Run(name+"/open", func(b *testing.B) {
			b.ReportAllocs()
			for n := range b.N {
				i.known(&versions[n%len(versions)].Asks[ask], 7)
			}
		})
		b.Run(name+"/closed", func(b *testing.B) {
			b.ReportAllocs()
			for n := range b.N {
				if n%len(versions) == 0 {
					b.StopTimer()
					i.opener.engines.closeAll()
					b.StartTimer()
				}
				i.known(&versions[n%len(versions)].Asks[ask], 7)
			}
		})
	}
}

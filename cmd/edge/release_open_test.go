package main

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"facet/catalog"
	"facet/storage/memory"
)

// TestEnginesAreOpenWhileAsked: more routes than may be open at a time are all proven, all answer, and close when nobody asks.
func TestEnginesAreOpenWhileAsked(t *testing.T) {
	w := releases(t, memory.New())
	const routes, most = 24, 6
	var ids []string
	for n := range routes {
		ids = append(ids, w.publish(fmt.Sprintf("@shop/p%d", n), "1.0.0", fmt.Sprintf("tv/v%d", n+1), says("home", "1.0.0")))
	}
	res := w.deploy(ids...)
	i := w.start("one", func(_ *catalog.Config[*served], o *opener) { o.engines.most = most })
	i.serves(res.Digest)
	open := func() int { return i.opener.engines.count() }
	if n := open(); n > most {
		t.Errorf("%d engines are open after loading, want %d at most", n, most)
	}
	var wg sync.WaitGroup
	for round := range 3 {
		for n := range routes {
			wg.Go(func() {
				if got := i.get(fmt.Sprintf("/tv/v%d/home", n+1)); !strings.Contains(got, "Green tea") {
					t.Errorf("round %d, route %d: %s", round, n, got)
				}
			})
		}
	}
	wg.Wait()
	for deadline := time.Now().Add(patience); open() > most && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	if n := open(); n > most {
		t.Errorf("%d engines are open after asking, want %d at most", n, most)
	}
	i.opener.engines.sweep(time.Now().Add(defaultIdle + 2*time.Second))
	if n := open(); n != 0 {
		t.Errorf("%d engines are open after a quiet quarter of an hour", n)
	}
	i.get("/tv/v1/home")
	if n := open(); n != 1 {
		t.Errorf("%d engines are open after one request, want 1", n)
	}

	// A release of one package leaves the others as they are: only its engine is new.
	i.get("/tv/v2/home")
	before := i.opener.engines.slots
	kept := map[string]*openEngine{}
	for key, s := range before {
		kept[key] = s.engine.Load()
	}
	res = w.deploy(w.publish("@shop/p0", "1.0.1", "tv/v1", says("home", "1.0.1")))
	i.serves(res.Digest)
	if got := i.get("/tv/v1/home"); !strings.Contains(got, "1.0.1") {
		t.Errorf("after the release: %s", got)
	}
	for key, s := range i.opener.engines.slots {
		if strings.HasPrefix(key, "tv/v2 ") && s.engine.Load() != kept[key] {
			t.Error("a route that did not change has another engine")
		}
	}
	i.stop()
	if n := len(i.opener.engines.slots) + len(i.opener.graphs.entries) + len(i.opener.functions.entries) + open(); n != 0 {
		t.Errorf("%d things are left after the end", n)
	}
}

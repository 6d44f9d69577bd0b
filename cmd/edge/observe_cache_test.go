package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"facet/asker"
	"facet/catalog"
	"facet/control"
	"facet/notice"
	"facet/storage/memory"
	"facet/tiers/cache"
)

// TestKeptAcrossInstances: what is kept is old as soon as a mutation has written it, at once where that was, and at the other instance when the
// notice comes. Metrics and ?explain=1 tell of what is kept.
func TestKeptAcrossInstances(t *testing.T) {
	nats := natsURL(t)
	w := releases(t, memory.New())
	var mu sync.Mutex
	text, asked := "old", 0
	tier := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked++
		if r.Method == http.MethodPut {
			var body struct{ Text string }
			_ = json.NewDecoder(r.Body).Decode(&body)
			text = body.Text
		}
		send(rw, map[string]any{"id": r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:], "name": "Green tea", "text": text})
	}))
	t.Cleanup(tier.Close)
	w.env.Env["SHOP_URL"] = tier.URL
	w.graph("2.0.0", strings.Replace(notesGraph, `timeout: "5s"`, `timeout: "5s", cache: { maxAge: "1h" }`, 1))
	ids := []string{w.publish("@tv/notes", "1.0.0", "tv/v1", noting), w.publish("@phone/notes", "1.0.0", "phone/v1", reading)}
	res, err := w.Release(t.Context(), control.Request{Env: "dev", Deploy: ids, Graph: "2.0.0"})
	if err != nil {
		t.Fatalf("%v %+v", err, res.Failures)
	}
	var at []string
	var kept []*cache.Cache
	for _, name := range []string{"one", "two"} {
		board, err := notice.OpenNATS(nats, name, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(board.Close)
		bus, err := newWritesBus(board, "dev", zerolog.Nop())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(bus.Close)
		c := cache.New(cache.Settings{Bytes: 1 << 20})
		t.Cleanup(c.Close)
		bus.kept.Store(c)
		i := w.start(name, func(_ *catalog.Config[*served], o *opener) {
			env := *w.env
			env.Cache = c
			o.env, o.writes = &env, bus
		})
		i.serves(res.Digest)
		f := &front{catalog: i.catalog, ask: asker.Settings{TrustHeaders: true}, environment: "dev", metrics: newMetrics(), writes: bus, log: zerolog.Nop()}
		f.explain = true
		srv := httptest.NewServer(f.devices())
		t.Cleanup(srv.Close)
		at, kept = append(at, srv.URL), append(kept, c)
	}
	ask := func(method, url, body string) string {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		req, _ := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Facet-Viewer", "ann")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		out, _ := io.ReadAll(resp.Body)
		return string(out)
	}
	read := func(i int) string { return ask(http.MethodGet, at[i]+"/phone/v1/oneLine?id=tea", "") }
	for i := range at {
		for range 3 {
			if got := read(i); !strings.Contains(got, `"note":"old"`) {
				t.Fatalf("%s", got)
			}
		}
	}
	mu.Lock()
	if asked != 2 {
		t.Errorf("the tier was asked %d times by two instances, want once by each", asked)
	}
	mu.Unlock()
	if got := ask(http.MethodGet, at[1]+"/phone/v1/oneLine?id=tea&explain=text", ""); !strings.Contains(got, "from the cache") || !strings.Contains(got, "0 calls, 1 spared by the cache") {
		t.Errorf("explained:\n%s", got)
	}
	if got := ask(http.MethodPost, at[0]+"/tv/v1/note", `{"id": "tea", "text": "new"}`); !strings.Contains(got, "new") {
		t.Errorf("the mutation answers %s", got)
	}
	if got := read(0); !strings.Contains(got, `"note":"new"`) {
		t.Errorf("where it was written: %s", got)
	}
	for until := time.Now().Add(10 * time.Second); !strings.Contains(read(1), `"note":"new"`); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("the other instance never hears of it")
		}
	}
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(tierCache{kept[0]})
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if n := f.Metric[0].GetCounter().GetValue(); f.GetName() == "edge_tier_cache_hits_total" && n != 2 || f.GetName() == "edge_tier_cache_misses_total" && n != 2 {
			t.Errorf("%s is %v", f.GetName(), n)
		}
	}
	if len(families) != 5 {
		t.Errorf("%d families of metrics", len(families))
	}
}

// TestTierCacheConfig: too little is refused, and what is said is what is made.
func TestTierCacheConfig(t *testing.T) {
	c := defaultConfig()
	c.Tiers.Cache = tierCacheConfig{Bytes: 100, Sources: map[string]byteSize{"catalog": 1, "art": 0}}
	var wrong []string
	checkTierCache(&c.Tiers.Cache, func(key, _, _ string, _ ...any) { wrong = append(wrong, key) })
	if got := strings.Join(wrong, " "); got != "tiers.cache.bytes tiers.cache.sources.catalog" {
		t.Errorf("wrong are: %s", got)
	}
	c.Tiers.Share = map[string]bool{"b": false, "a": false, "c": true}
	if got := strings.Join(c.Tiers.apart(), " "); got != "a b" {
		t.Errorf("apart are: %s", got)
	}
}

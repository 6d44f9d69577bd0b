package load_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"facet/loadtest/load"
)

// TestFaults: what a script does to the world happens at its time, and is undone, even when the run is ended early.
func TestFaults(t *testing.T) {
	var mu sync.Mutex
	var did []string
	admin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := make([]byte, 100)
		n, _ := r.Body.Read(body)
		mu.Lock()
		defer mu.Unlock()
		did = append(did, strings.TrimSpace(r.Method+" "+r.URL.Path+" "+string(body[:n])))
		if r.URL.Path == "/refuses" {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, "no such thing")
		}
	}))
	defer admin.Close()
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer srv.Close()
	s := read(t, "s.yaml", `
rate: 50
duration: 10s
admin: $TIERS
faults:
  - { at: 50ms, for: 100ms, tier: rows, trouble: { lag: 1s } }
  - { at: 200ms, tier: catalog, trouble: { fail: 503 }, for: 1m, note: catalog fails }
  - { at: 250ms, do: { method: PUT, url: $TIERS/refuses, body: "plain text" } }
mix: [{ name: a, path: / }]
`, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	rep, err := load.Run(ctx, s, load.Options{Base: srv.URL, Env: func(name string) string { return map[string]string{"TIERS": admin.URL}[name] }})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{`POST /_tier/rows {"lag":"1s"}`, "DELETE /_tier/rows", `POST /_tier/catalog {"fail":503}`, "PUT /refuses plain text", "DELETE /_tier/catalog"}
	if d := cmp.Diff(want, did); d != "" {
		t.Errorf("want -, got +\n%s", d)
	}
	if len(rep.Faults) != 3 || rep.Ended == "" {
		t.Fatalf("%+v, ended %q", rep.Faults, rep.Ended)
	}
	first, last := rep.Faults[0], rep.Faults[2]
	if first.Note != "rows: lag 1s" || first.At < 0.05 || first.Until < 0.14 || first.Until > 0.4 || !strings.Contains(last.Error, "400 Bad Request: no such thing") {
		t.Errorf("%+v", rep.Faults)
	}
	if _, err := load.Run(t.Context(), s, load.Options{Base: srv.URL, Env: func(string) string { return "" }}); err == nil || !strings.Contains(err.Error(), "$TIERS is not set") {
		t.Errorf("%v", err)
	}
}

// TestMetrics: what instances count is in the report, per request, without what they count for operators.
func TestMetrics(t *testing.T) {
	var asked atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/metrics" {
			asked.Add(1)
			return
		}
		n := asked.Load()
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		fmt.Fprintf(w, `# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total %g
# TYPE edge_requests_total counter
edge_requests_total{protocol="rest",status="2xx"} %d
edge_requests_total{protocol="none",status="2xx"} 77777
# TYPE edge_request_tier_calls histogram
edge_request_tier_calls_bucket{le="+Inf"} %d
edge_request_tier_calls_sum %d
edge_request_tier_calls_count %d
# TYPE edge_cache_reads_total counter
edge_cache_reads_total{outcome="hit"} %d
edge_cache_reads_total{outcome="miss"} %d
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 1e+08
`, 5+float64(n)*0.002, 1000+n, n, n*7, n, n*3, n)
	}))
	defer srv.Close()
	s := scenario(100, 1500*time.Millisecond, load.Row{Name: "a", Path: "/"})
	rep, err := load.Run(t.Context(), s, load.Options{Base: srv.URL, Metrics: []string{srv.URL + "/metrics", srv.URL + "1/metrics"}})
	if err != nil || len(rep.Instances) != 2 {
		t.Fatal(err, rep)
	}
	one, gone := rep.Instances[0], rep.Instances[1]
	if len(one.Samples) < 3 || one.Trouble != "" || gone.Trouble == "" {
		t.Errorf("%d samples, trouble %q, %q", len(one.Samples), one.Trouble, gone.Trouble)
	}
	g := one.Grown()
	if g.Requests < 100 || g.Requests > 150 || g.CPU/g.Requests < 0.0019 || g.CPU/g.Requests > 0.0021 || g.Calls != 7*g.Requests || g.Hits != 3*g.Requests || g.Misses != g.Requests || g.RSS != 1e8 {
		t.Errorf("%+v", g)
	}
	if one.Changed[`edge_requests_total{protocol="rest",status="2xx"}`] != g.Requests {
		t.Errorf("%v", one.Changed)
	}
}

// TestProgress: the live view hears of each second; the warmup is asked and not counted.
func TestProgress(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer srv.Close()
	var all []load.Progress
	s := scenario(100, 1200*time.Millisecond, load.Row{Name: "a", Path: "/"})
	s.Warmup = load.Duration(time.Second)
	rep, err := load.Run(t.Context(), s, load.Options{Base: srv.URL, Progress: func(p load.Progress) { all = append(all, p) }})
	if err != nil {
		t.Fatal(err)
	}
	if rep.Total.Count != 120 || rep.Planned != 120 || rep.Arrived != 120 {
		t.Errorf("%d counted of %d; the warmup is not", rep.Total.Count, rep.Planned)
	}
	if len(all) < 2 || !slices.ContainsFunc(all, func(p load.Progress) bool { return p.Answers > 50 && p.P99 > 0 && p.Rate == 100 }) {
		t.Errorf("%+v", all)
	}
}

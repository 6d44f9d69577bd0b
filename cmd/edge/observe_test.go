package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"facet/release"

	dto "github.com/prometheus/client_model/go"
)

// TestAccessLine: what a line says of each protocol, and that it says nothing else.
func TestAccessLine(t *testing.T) {
	w := watchEdge(t, nil)
	for _, c := range []struct {
		name                 string
		method, target, body string
		header               []string
		want                 map[string]any
	}{
		{"rest", "GET", "/tv/v1/item?id=secret-key", "", nil,
			map[string]any{"level": "info", "protocol": "rest", "views": []any{"item"}, "status": 200.0, "calls": 1.0, "levels": 1.0}},
		{"graphql", "POST", "/tv/v1/graphql", `{"query":"query Screen($id: ID!) { item(id: $id) { name } }","variables":{"id":"secret-key"}}`, nil,
			map[string]any{"level": "info", "protocol": "graphql", "operation": "Screen", "views": []any{"item"}, "status": 200.0, "calls": 1.0, "levels": 1.0}},
		{"jsongraph", "GET", "/tv/v1/model.json?paths=" + url.QueryEscape(`[["item","secret-key","name"]]`), "", nil,
			map[string]any{"level": "info", "protocol": "jsongraph", "views": []any{"item"}, "status": 200.0, "calls": 1.0, "levels": 1.0}},
		{"an entity", "GET", "/tv/v1/node/Good:secret-key", "", nil,
			map[string]any{"level": "info", "protocol": "rest", "views": []any{"node"}, "status": 200.0, "calls": 1.0, "levels": 1.0}},
		{"a tier that repeats its question", "GET", "/tv/v1/item?id=bad-secret-key", "", nil,
			map[string]any{"level": "error", "protocol": "rest", "views": []any{"item"}, "status": 503.0, "calls": 1.0, "levels": 1.0,
				"error": "unavailable shop.Product: the tier failed: 502"}},
		{"a default for what failed", "GET", "/tv/v1/cart", "", []string{"Facet-Viewer", "secret-viewer", "Facet-Profile", "secret-profile"},
			map[string]any{"level": "info", "protocol": "rest", "views": []any{"cart"}, "status": 200.0, "calls": 1.0, "levels": 1.0, "degraded": 1.0}},
		{"a part that fails", "POST", "/tv/v1/graphql", `{"query":"{ item(id: \"bad-secret\") { name } secretAlias: cart { note } }"}`, []string{"Facet-Profile", "secret-profile"},
			map[string]any{"level": "info", "protocol": "graphql", "views": []any{"item", "cart"}, "status": 294.0, "calls": 2.0, "levels": 1.0, "degraded": 1.0,
				"errors": 1.0, "error1": "unavailable shop.Product: the tier failed: 502"}},
		{"an argument of a wrong name", "GET", "/tv/v1/item?secret=secret-key", "", nil,
			map[string]any{"level": "info", "protocol": "rest", "status": 400.0, "error": "invalid"}},
		{"a view that is not there", "GET", "/tv/v1/secret-view", "", nil,
			map[string]any{"level": "info", "protocol": "rest", "status": 404.0, "error": "not_found"}},
		{"a document that is wrong", "POST", "/tv/v1/graphql", `{"query":"{ secretField }"}`, nil,
			map[string]any{"level": "info", "protocol": "graphql", "status": 422.0, "error": "invalid"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.log.lines(t)
			w.do(c.method, c.target, c.body, append(c.header, "X-Request-Id", "r-1", "Authorization", "Bearer secret-token", "Cookie", "secret")...)
			if text := w.log.text(); strings.Contains(strings.ToLower(text), "secret") {
				t.Errorf("it tells: %s", text)
			}
			lines := w.log.lines(t)
			if len(lines) != 1 {
				t.Fatalf("%d lines", len(lines))
			}
			got := lines[0]
			for _, name := range []string{"bytes", "ms", "time"} {
				if got[name] == nil {
					t.Errorf("no %s in %v", name, got)
				}
				delete(got, name)
			}
			if got["calls"] != nil {
				if got["tier_bytes"] == nil {
					t.Errorf("no tier_bytes in %v", got)
				}
				delete(got, "tier_bytes")
			}
			want := map[string]any{"request": "r-1", "method": c.method, "device": "tv", "schema": "v1", "packages": []any{"@tv/item@1.0.0"}, "release": shortDigest(w.catalog.Status().Release)}
			for k, v := range c.want {
				want[k] = v
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestRequestIDs: legal ones are kept, others replaced, and the tier gets it because its source lists it.
func TestRequestIDs(t *testing.T) {
	w := watchEdge(t, nil)
	for i, c := range []struct {
		brought string
		kept    bool
	}{{"", false}, {"abc-123", true}, {strings.Repeat("x", 129), false}, {"a b", false}, {"a\x7f", false}, {"é", false}} {
		rec := w.do("GET", fmt.Sprintf("/tv/v1/item?id=p%d", i), "", "X-Request-Id", c.brought)
		id := rec.Header().Get("X-Request-Id")
		if (id == c.brought) != c.kept || id == "" || len(id) > maxRequestID {
			t.Errorf("%q became %q", c.brought, id)
		}
		if got := w.tierSaw().Header.Get("X-Request-Id"); got != id {
			t.Errorf("the tier got %q, the device %q", got, id)
		}
		if lines := w.log.lines(t); lines[len(lines)-1]["request"] != id {
			t.Errorf("the line has %v", lines)
		}
	}
}

// TestSampledLines: successes one in so many, saying so; what failed always.
func TestSampledLines(t *testing.T) {
	w := watchEdge(t, func(f *front) { f.access = accessLog{Successes: 10} })
	const n = 2000
	for range n {
		w.do("GET", "/tv/v1/item?id=p", "")
	}
	lines := w.log.lines(t)
	if len(lines) < n/10*7/10 || len(lines) > n/10*13/10 {
		t.Errorf("%d lines of %d", len(lines), n)
	}
	if lines[0]["sample"] != 10.0 {
		t.Errorf("%v", lines[0])
	}
	for range 20 {
		w.do("GET", "/tv/v1/cart", "") // degraded
		w.do("GET", "/tv/v1/item?id=bad", "")
		w.do("GET", "/tv/v1/nope", "")
	}
	if lines = w.log.lines(t); len(lines) != 60 || lines[0]["sample"] != nil {
		t.Errorf("%d lines, want 60: %v", len(lines), lines[0])
	}
}

// scrape is what Prometheus would get.
func (w *watchedEdge) scrape() (string, map[string]*dto.MetricFamily) {
	w.t.Helper()
	rec := w.do("GET", "/metrics", "")
	text := rec.Body.String()
	p := expfmt.NewTextParser(model.UTF8Validation)
	families, err := p.TextToMetricFamilies(strings.NewReader(text))
	if err != nil || rec.Code != http.StatusOK {
		w.t.Fatalf("%d %v", rec.Code, err)
	}
	return text, families
}

func series(families map[string]*dto.MetricFamily) int {
	n := 0
	for name, f := range families {
		if strings.HasPrefix(name, "edge_") {
			n += len(f.Metric)
		}
	}
	return n
}

// TestMetricsLint: what `promtool check metrics` finds, which is promlint's.
func TestMetricsLint(t *testing.T) {
	w := watchEdge(t, nil)
	w.do("GET", "/tv/v1/item?id=a", "")
	w.do("GET", "/tv/v1/cart", "")
	w.do("GET", "/tv/v1/item?id=bad", "")
	w.do("GET", "/nowhere/v1/x", "")
	text, families := w.scrape()
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	for _, name := range []string{"edge_requests_total", "edge_request_duration_seconds", "edge_response_size_bytes", "edge_request_tier_calls", "edge_request_levels",
		"edge_degraded_answers_total", "edge_answer_errors_total", "edge_requests_in_flight", "edge_tier_calls_total", "edge_tier_call_duration_seconds", "edge_tier_call_keys",
		"edge_tier_answer_bytes_total", "edge_tier_retries_total", "edge_catalog_events_total", "edge_release_open_duration_seconds", "edge_build_info", "edge_release_info",
		"edge_release_sequence", "edge_release_age_seconds", "edge_pointer_staleness_seconds", "edge_ready", "edge_release_from_disk", "edge_release_behind",
		"edge_release_refused", "edge_releases_draining", "edge_engines", "edge_tier_calls_in_flight", "edge_tier_calls_queued"} {
		if families[name] == nil {
			t.Errorf("there is no %s", name)
		}
	}
	for _, want := range []string{
		`edge_requests_total{device="tv",protocol="rest",schema="v1",status="2xx"} 2`,
		`edge_requests_total{device="tv",protocol="rest",schema="v1",status="5xx"} 1`,
		`edge_requests_total{device="other",protocol="rest",schema="other",status="4xx"} 1`,
		`edge_degraded_answers_total{device="tv",schema="v1"} 1`,
		`edge_tier_calls_total{operation="shop.Product",outcome="ok"} 1`,
		`edge_tier_calls_total{operation="shop.Product",outcome="unavailable"} 1`,
		`edge_tier_retries_total{operation="shop.Product"} 1`,
		`edge_release_info{environment="dev",instance="one",region="local",release="` + shortDigest(w.catalog.Status().Release) + `"} 1`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no line %s", want)
		}
	}
}

// TestSeriesLeaveWithTheirRoute: a device schema and the operations of a graph that are not served any more are not shown any more.
func TestSeriesLeaveWithTheirRoute(t *testing.T) {
	w := watchEdge(t, nil)
	first := w.do("GET", "/tv/v1/item?id=a", "")
	if first.Code != 200 {
		t.Fatal(first.Body)
	}
	if text, _ := w.scrape(); !strings.Contains(text, `device="tv",schema="v1"`) || !strings.Contains(text, `operation="shop.Product"`) {
		t.Fatal(text)
	}
	w.releases.graph("3.0.0", strings.ReplaceAll(watchedGraph, `"shop"`, `"store"`))
	res := w.releases.deploy(w.releases.publish("@web/item", "1.0.0", "web/v2", watchedText))
	r, err := w.releases.Load(t.Context(), "dev", res.Digest)
	if err != nil {
		t.Fatal(err)
	}
	w.serves(res.Digest)
	r.Routes = r.Routes[1:] // web/v2 alone
	st := w.catalog.Status()
	w.releases.pointers["local"] = release.Pointer{Seq: st.Seq, Release: st.Release} // control has moved it so far
	w.serves(w.releases.move("local", r))
	w.do("GET", "/web/v2/item?id=a", "")
	w.do("GET", "/tv/v1/item?id=a", "")
	text, _ := w.scrape()
	if strings.Contains(text, `device="tv"`) {
		t.Errorf("tv/v1 is still there:\n%s", text)
	}
	if !strings.Contains(text, `device="web",protocol="rest",schema="v2"`) {
		t.Errorf("web/v2 is not there:\n%s", text)
	}
}

// TestHostileDevice: 10,000 requests of random devices, schemas, views, operations and headers leave the number of series and the
// length of lines as they were.
func TestHostileDevice(t *testing.T) {
	w := watchEdge(t, nil)
	random := func() string {
		b := make([]byte, 1+rand.IntN(60))
		for i := range b {
			b[i] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"[rand.IntN(63)]
		}
		return "x" + string(b)
	}
	attack := func(n int) {
		for i := range n {
			header := []string{"X-Request-Id", random(), "Facet-Viewer", random(), "Facet-Form", random(), "Facet-App", random(), "Facet-Region", random(),
				"Accept-Language", random(), "User-Agent", random(), "Traceparent", random(), random(), random()}
			switch i % 8 {
			case 0:
				w.do("GET", "/"+random()+"/"+random()+"/"+random(), "", header...)
			case 1:
				w.do("GET", "/tv/"+random()+"/"+random(), "", header...)
			case 2:
				w.do("GET", "/tv/v1/"+random()+"?"+random()+"="+random(), "", header...)
			case 3:
				w.do("POST", "/tv/v1/graphql", fmt.Sprintf(`{"query":"query %s { %s: item(id: \"%s\") { %s: name } }"}`, random(), random(), random(), random()), header...)
			case 4:
				w.do("POST", "/tv/v1/graphql", fmt.Sprintf(`{"query":"query %s { %s }"}`, strings.Repeat(random(), 20), random()), header...)
			case 5:
				w.do("GET", "/tv/v1/model.json?paths="+url.QueryEscape(fmt.Sprintf(`[[%q,%q,%q]]`, random(), random(), random())), "", header...)
			case 6:
				w.do(strings.ToUpper(random()), "/"+random()+"/v1/graphql", "", header...)
			case 7:
				w.do("GET", "/"+strings.Repeat(random(), 100), "", header...)
			}
		}
	}
	attack(80)
	_, families := w.scrape()
	before := series(families)
	w.log.lines(t)
	n := 10_000
	if testing.Short() {
		n = 1_000
	}
	attack(n)
	longest := 0
	for line := range strings.Lines(w.log.text()) {
		longest = max(longest, len(line))
	}
	_, families = w.scrape()
	if after := series(families); after > before+3 || before > 1000 { // by chance one more class of status, say
		t.Errorf("%d series became %d", before, after)
	}
	if longest > 1000 {
		t.Errorf("a line of %d bytes", longest)
	}
	t.Logf("%d series, the longest line has %d bytes", before, longest)
}

// TestReadinessPages: what probes ask.
func TestReadinessPages(t *testing.T) {
	w := watchEdge(t, nil)
	for _, path := range []string{"/healthz", "/readyz"} {
		if rec := w.do("GET", path, ""); rec.Code != http.StatusOK {
			t.Errorf("%s: %d", path, rec.Code)
		}
	}
	for _, line := range w.log.lines(t) {
		if line["level"] != "debug" {
			t.Errorf("a probe is logged: %v", line)
		}
	}
	if took := w.catalog.Status().Looked; time.Since(took) > time.Minute {
		t.Error(took)
	}
}

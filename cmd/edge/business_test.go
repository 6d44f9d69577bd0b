package main

import (
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/rs/zerolog"

	"facet/composer"
	"facet/view"
)

// TestBusinessIsBounded: whatever packages count by, there are so many series of a name and so many names.
func TestBusinessIsBounded(t *testing.T) {
	m := newMetrics()
	for i := range 3 * maxBusinessSeries {
		for _, x := range []composer.Metric{{Name: "seen", Labels: []composer.Label{{Name: "a", Value: fmt.Sprint(i % 40)}, {Name: "b", Value: fmt.Sprint(i % 41)}}},
			{Name: "many", Labels: []composer.Label{{Name: "a", Value: fmt.Sprint(i)}}}, {Name: fmt.Sprint("name ", i)}} {
			x.Value = 1
			m.business.one(origin{"tv", "v1", "@tv/home", "1.0.0", "stable"}, nil, x)
		}
	}
	count := func(name string) (families, series int) {
		all, err := m.registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range all {
			if f.GetName() == name {
				series = len(f.Metric)
			}
			if strings.HasPrefix(f.GetName(), "edge_business_") && f.GetName() != "edge_business_folded_total" {
				families++
			}
		}
		return families, series
	}
	if families, series := count("edge_business_seen_total"); families != maxBusinessNames || series > maxBusinessSeries+1 || series < maxBusinessSeries {
		t.Errorf("%d names, %d series", families, series)
	}
	if _, series := count("edge_business_many_total"); series != maxBusinessValues+1 {
		t.Errorf("%d series of a label without bound", series)
	}
	m.business.forget(prometheus.Labels{"device": "tv", "schema": "v1"})
	if _, series := count("edge_business_seen_total"); series != 0 {
		t.Errorf("%d series of a route that left", series)
	}
}

// TestDeclaredMetrics: what packages declare has their labels beside its own, and values that were not declared are other, said once.
func TestDeclaredMetrics(t *testing.T) {
	var log strings.Builder
	m := newMetrics()
	m.business.log = zerolog.New(&log)
	ended := &view.Declared{Name: "ended", Kind: view.Counter, Labels: []view.MetricLabel{{Name: "how", Values: []string{"done", "stopped"}}}}
	minutes := &view.Declared{Name: "minutes", Kind: view.Histogram, Buckets: []float64{1, 10}}
	other := &view.Declared{Name: "ended", Kind: view.Counter, Labels: []view.MetricLabel{{Name: "why", Values: []string{"bored"}}}}
	player, home := origin{"tv", "v2", "@tv/player", "1.0.0", "stable"}, origin{"tv", "v2", "@tv/home", "2.0.0", "canary"}
	count := func(o origin, d *view.Declared, name string, by float64, label, value string) {
		x := composer.Metric{Name: name, Value: by}
		if label != "" {
			x.Labels = []composer.Label{{Name: label, Value: value}}
		}
		m.business.one(o, d, x)
	}
	count(player, ended, "ended", 1, "how", "done")
	for i := range 3 {
		count(player, ended, "ended", 1, "how", fmt.Sprint(i))
	}
	count(home, other, "ended", 1, "why", "bored") // another package's labels
	count(player, minutes, "minutes", 5, "", "")
	want := []string{
		`edge_business_ended_total{device="tv",how="done",package="@tv/player",schema="v2",track="stable",version="1.0.0"} 1`,
		`edge_business_ended_total{device="tv",how="other",package="@tv/player",schema="v2",track="stable",version="1.0.0"} 3`,
		`edge_business_ended_total{device="tv",package="@tv/home",schema="v2",track="canary",version="2.0.0",why="bored"} 1`,
		`edge_business_folded_total{label="how",metric="ended",package="@tv/player"} 3`,
		`edge_business_minutes_bucket{device="tv",package="@tv/player",schema="v2",track="stable",version="1.0.0",le="+Inf"} 1`,
		`edge_business_minutes_bucket{device="tv",package="@tv/player",schema="v2",track="stable",version="1.0.0",le="1"} 0`,
		`edge_business_minutes_bucket{device="tv",package="@tv/player",schema="v2",track="stable",version="1.0.0",le="10"} 1`,
		`edge_business_minutes_count{device="tv",package="@tv/player",schema="v2",track="stable",version="1.0.0"} 1`,
		`edge_business_minutes_sum{device="tv",package="@tv/player",schema="v2",track="stable",version="1.0.0"} 5`,
	}
	if d := cmp.Diff(want, scraped(t, m, "edge_business_")); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	if n := strings.Count(log.String(), "became other"); n != 1 {
		t.Errorf("%d lines: %s", n, log.String())
	}
	m.business.keep(map[string]bool{"@tv/home 2.0.0": true})
	if list := scraped(t, m, "edge_business_"); len(list) != 2 || !strings.Contains(list[0], "@tv/home") {
		t.Errorf("after the version left: %v", list)
	}
}

// scraped are the lines of a scrape that begin like that.
func scraped(t *testing.T, m *metrics, prefix string) (lines []string) {
	t.Helper()
	w := httptest.NewRecorder()
	promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 {
		t.Fatal(w.Body)
	}
	for l := range strings.Lines(w.Body.String()) {
		if strings.HasPrefix(l, prefix) {
			lines = append(lines, strings.TrimSpace(l))
		}
	}
	slices.Sort(lines) // series of a family with several sets of labels stand in no order of their own
	return lines
}

package main

import (
	"fmt"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"facet/composer"
)

// TestBusinessIsBounded: whatever packages count by, there are so many series of a name and so many names.
func TestBusinessIsBounded(t *testing.T) {
	m := newMetrics()
	for i := range 3 * maxBusinessSeries {
		m.business.count("tv", "v1", []composer.Metric{{Name: "seen", Labels: []composer.Label{{Name: "a", Value: fmt.Sprint(i % 40)}, {Name: "b", Value: fmt.Sprint(i % 41)}}},
			{Name: "many", Labels: []composer.Label{{Name: "a", Value: fmt.Sprint(i)}}}, {Name: fmt.Sprint("name ", i)}})
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
			if len(f.GetName()) > 14 && f.GetName()[:14] == "edge_business_" {
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

package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"facet/tiers/cache"
)

// tierCache shows what is kept of tiers' answers, by source.
type tierCache struct{ *cache.Cache }

var (
	cacheHits      = prometheus.NewDesc("edge_tier_cache_hits_total", "Rows of batches, or whole answers, that the cache had.", []string{"source"}, nil)
	cacheMisses    = prometheus.NewDesc("edge_tier_cache_misses_total", "Rows of batches, or whole answers, that the tier was asked for because the cache did not have them.", []string{"source"}, nil)
	cacheEvictions = prometheus.NewDesc("edge_tier_cache_evictions_total", "What the cache let go because there was no room.", []string{"source"}, nil)
	cacheBytes     = prometheus.NewDesc("edge_tier_cache_bytes", "Memory that kept answers take.", []string{"source"}, nil)
	cacheBound     = prometheus.NewDesc("edge_tier_cache_bound_bytes", "Memory that they may take.", []string{"source"}, nil)
)

// Describe implements prometheus.Collector.
func (tierCache) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{cacheHits, cacheMisses, cacheEvictions, cacheBytes, cacheBound} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c tierCache) Collect(ch chan<- prometheus.Metric) {
	for _, s := range c.Stats() {
		counter := func(d *prometheus.Desc, n int64) {
			ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), s.Source)
		}
		gauge := func(d *prometheus.Desc, n int64) {
			ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n), s.Source)
		}
		counter(cacheHits, s.Hits)
		counter(cacheMisses, s.Misses)
		counter(cacheEvictions, s.Evictions)
		gauge(cacheBytes, s.Bytes)
		gauge(cacheBound, s.Bound)
	}
}

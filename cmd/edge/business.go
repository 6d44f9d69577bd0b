package main

import (
	"context"
	"iter"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"facet/composer"
	"facet/serve/feed"
)

// The bounds of what packages count: names and label values past them are folded into "other".
const (
	maxBusinessNames  = 500
	maxBusinessValues = 50 // of one label
	maxBusinessSeries = 1000
)

// business are the counters that packages' mutations move: edge_business_<name>_total.
type business struct {
	registry *prometheus.Registry
	mu       sync.Mutex
	counters map[string]*businessCounter
}

type businessCounter struct {
	vec    *prometheus.CounterVec
	labels []string
	values map[string]map[string]bool // label -> values seen
	series map[string]bool            // combinations of all labels' values seen
}

var notMetricName = regexp.MustCompile(`[^a-zA-Z0-9_]`)

// count moves the counters of one answer.
func (b *business) count(device, schema string, list []composer.Metric) {
	for _, m := range list {
		b.one(device, schema, m)
	}
}

func (b *business) one(device, schema string, m composer.Metric) {
	b.mu.Lock()
	defer b.mu.Unlock()
	name := notMetricName.ReplaceAllString(m.Name, "_")
	c := b.counters[name]
	if c == nil {
		if len(b.counters) >= maxBusinessNames {
			return // a release with more was warned of by its size; what is known goes on counting
		}
		c = &businessCounter{labels: []string{"device", "schema"}, values: map[string]map[string]bool{}, series: map[string]bool{}}
		for _, l := range m.Labels {
			if label := notMetricName.ReplaceAllString(l.Name, "_"); !slices.Contains(c.labels, label) {
				c.labels = append(c.labels, label)
			}
		}
		c.vec = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "edge_business_" + name + "_total", Help: "Counted by the packages' mutation code as " + m.Name + "."}, c.labels)
		if err := b.registry.Register(c.vec); err != nil {
			return // another name that is the same to Prometheus has other labels
		}
		b.counters[name] = c
	}
	values := prometheus.Labels{"device": device, "schema": schema}
	for _, l := range c.labels[2:] {
		values[l] = ""
	}
	for _, l := range m.Labels {
		if label := notMetricName.ReplaceAllString(l.Name, "_"); label != "device" && label != "schema" {
			if _, known := values[label]; known {
				values[label] = c.fold(label, l.Value)
			}
		}
	}
	c.bound(values)
	c.vec.With(values).Inc()
}

// bound folds a new combination of label values into one of "other" where there are too many.
func (c *businessCounter) bound(values prometheus.Labels) {
	var key strings.Builder
	for _, l := range c.labels {
		key.WriteString(values[l])
		key.WriteByte(0)
	}
	switch {
	case c.series[key.String()]:
	case len(c.series) < maxBusinessSeries:
		c.series[key.String()] = true
	default:
		for _, l := range c.labels[2:] {
			values[l] = other
		}
	}
}

// forget removes the series of a device schema that is not served any more.
func (b *business) forget(route prometheus.Labels) {
	b.mu.Lock()
	defer b.mu.Unlock()
	prefix := route["device"] + "\x00" + route["schema"] + "\x00"
	for _, c := range b.counters {
		c.vec.DeletePartialMatch(route)
		for key := range c.series {
			if strings.HasPrefix(key, prefix) {
				delete(c.series, key)
			}
		}
	}
}

// fold keeps the number of a label's values bounded.
func (c *businessCounter) fold(label, value string) string {
	seen := c.values[label]
	if seen == nil {
		seen = map[string]bool{}
		c.values[label] = seen
	}
	if !seen[value] {
		if len(seen) >= maxBusinessValues {
			return other
		}
		seen[value] = true
	}
	return value
}

// A counted answerer is an engine whose answers move the packages' counters, and whose writes are told to who listens.
type counted struct {
	*composer.Engine
	business *business
	writes   feed.Bus
}

// Answer answers as the engine does.
func (c *counted) Answer(ctx context.Context, r *composer.Request) iter.Seq[composer.Part] {
	if !r.Selection.Mutation {
		return c.Engine.Answer(ctx, r)
	}
	return func(yield func(composer.Part) bool) {
		for part := range c.Engine.Answer(ctx, r) {
			if len(part.Metrics) > 0 {
				s := c.Surface()
				c.business.count(s.Device, s.Schema, part.Metrics)
			}
			c.writes.Publish(part.Writes)
			if !yield(part) {
				return
			}
		}
	}
}

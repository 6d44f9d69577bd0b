package main

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"facet/catalog"
	"facet/fault"
	"facet/release"
	"facet/tiers/guard"
)

// A releaseSource is what /metrics reads when it is scraped: *front is one.
type releaseSource interface {
	status() catalog.Status
	// routes and operations are those that may have series: of what is served now. ok is false if nothing is.
	bounds() (routes map[[2]string]bool, operations map[string]bool, digest string, ok bool)
	// engines are the engines that could be open, and those that are.
	engines() (known, open int, opened uint64)
	guards() []guard.Status
	// versions are the package versions that are served, as "<package> <version>".
	versions() map[string]bool
}

// releaseMetrics is the collector of what is read at scrape time.
type releaseMetrics struct {
	source atomic.Pointer[releaseSource]
	pruned string // the digest that series were last pruned for; under metrics.mu
}

// over names what the metrics are of. Until then only what was counted is shown.
func (m *metrics) over(s releaseSource) { m.release.source.Store(&s) }

var (
	buildInfo    = prometheus.NewDesc("edge_build_info", "The program that runs; always 1.", []string{"version", "revision", "go"}, nil)
	releaseInfo  = prometheus.NewDesc("edge_release_info", "What is served; always 1.", []string{"environment", "region", "instance", "release"}, nil)
	releaseSeq   = prometheus.NewDesc("edge_release_sequence", "Sequence number of the last pointer that was accepted.", nil, nil)
	releaseAge   = prometheus.NewDesc("edge_release_age_seconds", "How long the release has been served here.", nil, nil)
	staleness    = prometheus.NewDesc("edge_pointer_staleness_seconds", "How long ago the region's pointer was last read.", nil, nil)
	ready        = prometheus.NewDesc("edge_ready", "1 if there is something to serve.", nil, nil)
	fromDisk     = prometheus.NewDesc("edge_release_from_disk", "1 if what is served is the copy on disk, not confirmed by the store.", nil, nil)
	behind       = prometheus.NewDesc("edge_release_behind", "1 if the pointer wants another release than the one that is served.", nil, nil)
	refusal      = prometheus.NewDesc("edge_release_refused", "1 if the release that the pointer names is refused here.", nil, nil)
	draining     = prometheus.NewDesc("edge_releases_draining", "Replaced releases that requests still use.", nil, nil)
	engineCount  = prometheus.NewDesc("edge_engines", "Device schemas with their picked builds, by whether they are open in memory or idle.", []string{"state"}, nil)
	engineOpened = prometheus.NewDesc("edge_engines_opened_total", "How often one was opened, at a release or by the first request since it was closed.", nil, nil)
	tierFlying   = prometheus.NewDesc("edge_tier_calls_in_flight", "Calls that a tier works on now.", []string{"operation"}, nil)
	tierQueued   = prometheus.NewDesc("edge_tier_calls_queued", "Calls that wait for a slot now.", []string{"operation"}, nil)
)

// Describe implements prometheus.Collector.
func (*releaseMetrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{buildInfo, releaseInfo, releaseSeq, releaseAge, staleness, ready, fromDisk, behind, refusal, draining, engineCount, engineOpened, tierFlying, tierQueued} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *releaseMetrics) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	flag := func(d *prometheus.Desc, v bool) {
		if v {
			gauge(d, 1)
		} else {
			gauge(d, 0)
		}
	}
	v := currentVersion()
	gauge(buildInfo, 1, v.Version, v.Revision, runtime.Version())
	p := c.source.Load()
	if p == nil {
		return
	}
	src, now := *p, time.Now()
	st := src.status()
	flag(ready, st.Ready())
	if st.Ready() {
		gauge(releaseInfo, 1, st.Env, st.Region, st.Instance, release.Short(st.Release))
		gauge(releaseAge, now.Sub(st.Since).Seconds())
	}
	gauge(releaseSeq, float64(st.Seq))
	if !st.Looked.IsZero() {
		gauge(staleness, now.Sub(st.Looked).Seconds())
	}
	flag(fromDisk, st.Copy)
	flag(behind, st.Wanted != "" && st.Wanted != st.Release)
	flag(refusal, st.Refused != nil)
	gauge(draining, float64(st.Draining))
	known, open, openings := src.engines()
	out <- prometheus.MustNewConstMetric(engineOpened, prometheus.CounterValue, float64(openings))
	gauge(engineCount, float64(open), "open")
	gauge(engineCount, float64(max(0, known-open)), "idle")
	_, operations, _, _ := src.bounds()
	for _, g := range src.guards() {
		if !operations[g.Operation] {
			continue
		}
		gauge(tierFlying, float64(g.InFlight), g.Operation)
		gauge(tierQueued, float64(g.Queued), g.Operation)
	}
}

// event counts a step of a release.
func (m *metrics) event(e catalog.Event) {
	m.phases.WithLabelValues(string(e.Phase)).Inc()
	if e.Phase == catalog.Warmed && e.Err != nil {
		m.phases.WithLabelValues("warm_failed").Inc()
	}
}

// timed measures how long opening releases takes: it goes around a catalog's Open.
func (m *metrics) timed(open func(context.Context, *catalog.Loaded, **served) (*served, error)) func(context.Context, *catalog.Loaded, **served) (*served, error) {
	return func(ctx context.Context, next *catalog.Loaded, current **served) (*served, error) {
		began := time.Now()
		s, err := open(ctx, next, current)
		outcome := "ok"
		if err != nil {
			outcome = kindLabel(fault.KindOf(err))
		}
		m.loads.WithLabelValues(outcome).Observe(time.Since(began).Seconds())
		return s, err
	}
}

// prune removes the series of routes and operations that the release does not have any more.
func (m *metrics) prune() {
	p := m.release.source.Load()
	if p == nil {
		return
	}
	routes, operations, digest, ok := (*p).bounds()
	if !ok {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if digest == m.release.pruned {
		return
	}
	m.release.pruned = digest
	gone := map[[2]string]bool{}
	for k := range m.routes {
		if r := [2]string{k.device, k.schema}; k.device != other && !routes[r] {
			gone[r] = true
			delete(m.routes, k)
		}
	}
	for r := range gone {
		labels := prometheus.Labels{"device": r[0], "schema": r[1]}
		for _, v := range []interface {
			DeletePartialMatch(prometheus.Labels) int
		}{m.requests, m.seconds, m.size, m.calls, m.levels, m.degraded, m.errors} {
			v.DeletePartialMatch(labels)
		}
		m.business.forget(labels)
	}
	m.business.keep((*p).versions())
	for id := range m.operations {
		if operations[id] {
			continue
		}
		delete(m.operations, id)
		labels := prometheus.Labels{"operation": id}
		for _, v := range []interface {
			DeletePartialMatch(prometheus.Labels) int
		}{m.tierCalls, m.tierTime, m.tierKeys, m.tierBytes, m.tierRetries, m.tierHedges, m.breakers} {
			v.DeletePartialMatch(labels)
		}
	}
}

func (f *front) status() catalog.Status { return f.catalog.Status() }

func (f *front) bounds() (routes map[[2]string]bool, operations map[string]bool, digest string, ok bool) {
	s, done, ok := f.catalog.Acquire()
	if !ok {
		return nil, nil, "", false
	}
	defer done()
	routes, operations = map[[2]string]bool{}, map[string]bool{}
	for _, r := range s.release.Routes {
		routes[[2]string{r.Device, r.Schema}] = true
	}
	for digest, sdl := range s.loaded.Graphs {
		g, leave, err := s.o.takeGraph(digest, sdl) // the release holds it: it is open
		if err != nil {
			return nil, nil, "", false
		}
		for _, op := range g.graph.Operations {
			operations[op.ID] = true
		}
		leave()
	}
	return routes, operations, s.digest, true
}

func (f *front) engines() (known, open int, opened uint64) {
	s, done, ok := f.catalog.Acquire()
	if !ok {
		return 0, 0, 0
	}
	defer done()
	all := &s.o.engines
	all.mu.Lock()
	defer all.mu.Unlock()
	return len(all.slots), all.open, all.openings.Load()
}

func (f *front) guards() []guard.Status {
	s, done, ok := f.catalog.Acquire()
	if !ok || s.o.env.Guard == nil {
		return nil
	}
	defer done()
	return s.o.env.Guard.Status()
}

package main

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"

	"facet/fault"
	"facet/graph"
	"facet/tiers/guard"
)

// metrics are what /metrics shows. Labels are bounded: device and schema are those of the release, operations those of its
// graphs, everything else is "other". What leaves the release leaves /metrics with the next scrape.
type metrics struct {
	registry *prometheus.Registry

	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	size     *prometheus.HistogramVec
	calls    *prometheus.HistogramVec
	levels   *prometheus.HistogramVec
	degraded *prometheus.CounterVec
	errors   *prometheus.CounterVec
	inFlight prometheus.Gauge

	tierCalls   *prometheus.CounterVec
	tierTime    *prometheus.HistogramVec
	tierKeys    *prometheus.HistogramVec
	tierBytes   *prometheus.CounterVec
	tierRetries *prometheus.CounterVec
	tierHedges  *prometheus.CounterVec
	breakers    *prometheus.GaugeVec

	phases *prometheus.CounterVec
	loads  *prometheus.HistogramVec

	business *business
	release  releaseMetrics
	usage    *usage

	mu         sync.RWMutex
	routes     map[routeKey]*routeSeries
	operations map[string]*operationSeries
}

// routeKey names the series of a route and a protocol. All three are bounded.
type routeKey struct{ device, schema, protocol string }

// A routeSeries is where the requests of one route and protocol are counted, looked up once.
type routeSeries struct {
	key      routeKey
	seconds  prometheus.Observer
	size     prometheus.Observer
	calls    prometheus.Observer
	levels   prometheus.Observer
	degraded prometheus.Counter
	requests [6]atomic.Pointer[prometheus.Counter] // by status class, made when there is one
}

// An operationSeries is where the calls of one tier operation are counted.
type operationSeries struct {
	ok      prometheus.Counter
	time    prometheus.Observer
	keys    prometheus.Observer // nil: it is no batch
	bytes   prometheus.Counter
	retries prometheus.Counter
	hedges  prometheus.Counter
}

func newMetrics() *metrics {
	route := []string{"device", "schema"}
	door := []string{"device", "schema", "protocol"}
	operation := []string{"operation"}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
	}
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: counter("edge_requests_total", "Requests by device, schema version, protocol and status class.", append(door, "status")...),
		seconds:  histogram("edge_request_duration_seconds", "Time from request to the last byte written.", prometheus.ExponentialBuckets(0.0005, 2, 14), door...),
		size:     histogram("edge_response_size_bytes", "Body bytes written to devices.", prometheus.ExponentialBuckets(256, 4, 8), door...),
		calls:    histogram("edge_request_tier_calls", "Tier calls of one request.", []float64{0, 1, 2, 4, 8, 16, 32, 64}, route...),
		levels:   histogram("edge_request_levels", "The longest chain of tier calls of one request.", []float64{0, 1, 2, 3, 4, 6, 8}, route...),
		degraded: counter("edge_degraded_answers_total", "Answers in which a null or a default stands for something that failed or was late.", route...),
		errors:   counter("edge_answer_errors_total", "Errors of single values in answers, by kind.", append(route, "kind")...),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{Name: "edge_requests_in_flight", Help: "Requests being answered now."}),

		tierCalls:   counter("edge_tier_calls_total", "Calls of tier operations by outcome: ok, or the kind of failure.", "operation", "outcome"),
		tierTime:    histogram("edge_tier_call_duration_seconds", "Time of tier calls, with retries and waits for a slot.", prometheus.ExponentialBuckets(0.0005, 2, 13), operation...),
		tierKeys:    histogram("edge_tier_call_keys", "Keys that one call of a batch asked for.", []float64{1, 2, 5, 10, 25, 50, 100, 250, 500}, operation...),
		tierBytes:   counter("edge_tier_answer_bytes_total", "Bytes that tiers answered.", operation...),
		tierRetries: counter("edge_tier_retries_total", "Tries after a failure.", operation...),
		tierHedges:  counter("edge_tier_hedges_total", "Tries beside one that was late.", operation...),
		breakers:    prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "edge_tier_breaker", Help: "1 for the state that an operation's circuit breaker is in."}, []string{"operation", "state"}),

		phases: counter("edge_catalog_events_total", "Steps of releases on their way into service, by phase.", "phase"),
		loads:  histogram("edge_release_open_duration_seconds", "Time to make a loaded release ready to answer, by outcome.", prometheus.ExponentialBuckets(0.001, 4, 8), "outcome"),

		usage:  newUsage(),
		routes: map[routeKey]*routeSeries{}, operations: map[string]*operationSeries{},
	}
	m.business = newBusiness()
	m.registry.MustRegister(m.requests, m.seconds, m.size, m.calls, m.levels, m.degraded, m.errors, m.inFlight,
		m.tierCalls, m.tierTime, m.tierKeys, m.tierBytes, m.tierRetries, m.tierHedges, m.breakers, m.phases, m.loads, m.business, unchecked{m.business}, &m.release, m.usage,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// handler is /metrics.
func (m *metrics) handler() http.Handler {
	gather := prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) {
		m.prune()
		return m.registry.Gather()
	})
	return promhttp.HandlerFor(gather, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second, EnableOpenMetrics: true})
}

// maxSeries bounds the series of routes: each has some seventy lines at every scrape and some kilobytes in memory. What is asked after them is
// counted as other; edge top still tells it by package.
const maxSeries = 1000

// route finds the series of a request, and the names of its route as logs have them. Only what known says is of the release gets series of its
// own, and names.
func (m *metrics) route(k routeKey, known func(device, schema string) bool) (*routeSeries, routeKey) {
	rest := routeKey{other, other, k.protocol}
	m.mu.RLock()
	s, folded, full := m.routes[k], m.routes[rest], len(m.routes) >= maxSeries
	m.mu.RUnlock()
	if s != nil {
		return s, s.key
	}
	if k.device != other && !known(k.device, k.schema) {
		k = rest
	}
	if full && folded != nil {
		return folded, k
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	k = routeKey{strings.Clone(k.device), strings.Clone(k.schema), k.protocol} // they are parts of a request's path
	named := k
	if len(m.routes) >= maxSeries {
		k = rest
	}
	if s := m.routes[k]; s != nil {
		return s, named
	}
	s = &routeSeries{
		key:     k,
		seconds: m.seconds.WithLabelValues(k.device, k.schema, k.protocol), size: m.size.WithLabelValues(k.device, k.schema, k.protocol),
		calls: m.calls.WithLabelValues(k.device, k.schema), levels: m.levels.WithLabelValues(k.device, k.schema),
		degraded: m.degraded.WithLabelValues(k.device, k.schema),
	}
	m.routes[k] = s
	return s, named
}

func (m *metrics) class(s *routeSeries, class int) prometheus.Counter {
	if c := s.requests[class].Load(); c != nil {
		return *c
	}
	c := m.requests.WithLabelValues(s.key.device, s.key.schema, s.key.protocol, strconv.Itoa(class)+"xx")
	s.requests[class].Store(&c)
	return c
}

// answered counts an exchange that is over.
func (m *metrics) answered(x *exchange) {
	m.mu.RLock() // pruning waits: what it removed is not made again
	defer m.mu.RUnlock()
	s := x.series
	if m.routes[s.key] != s {
		return // the route left while it was asked
	}
	m.class(s, x.class()).Inc()
	m.usage.answered(x)
	if x.stream { // it lasts for as long as somebody looks: no time of an answer
		return
	}
	if e, ok := s.seconds.(prometheus.ExemplarObserver); ok && x.trace.sampled() {
		e.ObserveWithExemplar(x.took.Seconds(), prometheus.Labels{"trace_id": x.trace.id()})
	} else {
		s.seconds.Observe(x.took.Seconds())
	}
	s.size.Observe(float64(x.bytes))
	o := &x.outcome
	if o.Surface == nil {
		return
	}
	s.calls.Observe(float64(o.Stats.Calls))
	s.levels.Observe(float64(o.Stats.Levels))
	if o.Degraded > 0 {
		s.degraded.Inc()
	}
	for _, e := range o.Errors {
		m.errors.WithLabelValues(s.key.device, s.key.schema, kindLabel(e.Kind)).Inc()
	}
}

// kindLabel bounds a kind to the closed set.
func kindLabel(k fault.Kind) string {
	switch k {
	case fault.Invalid, fault.NotFound, fault.Unauthorized, fault.Forbidden, fault.Conflict, fault.TooLarge, fault.Limit,
		fault.Timeout, fault.Unavailable, fault.BadAnswer, fault.Canceled:
		return string(k)
	}
	return string(fault.Internal)
}

func (m *metrics) operation(op *graph.Operation) *operationSeries {
	id := op.ID
	m.mu.RLock()
	s := m.operations[id]
	m.mu.RUnlock()
	if s != nil {
		return s
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if s = m.operations[id]; s == nil {
		s = &operationSeries{
			ok: m.tierCalls.WithLabelValues(id, "ok"), time: m.tierTime.WithLabelValues(id),
			bytes: m.tierBytes.WithLabelValues(id), retries: m.tierRetries.WithLabelValues(id), hedges: m.tierHedges.WithLabelValues(id),
		}
		if op.Batch {
			s.keys = m.tierKeys.WithLabelValues(id)
		}
		m.operations[id] = s
	}
	return s
}

// Called counts a tier's call.
func (m *metrics) Called(o guard.Outcome) {
	s := m.operation(o.Operation)
	if o.Kind == "" {
		s.ok.Inc()
	} else {
		m.tierCalls.WithLabelValues(o.Operation.ID, kindLabel(o.Kind)).Inc()
	}
	s.time.Observe(o.Time.Seconds())
	if s.keys != nil {
		s.keys.Observe(float64(o.Keys))
	}
	s.bytes.Add(float64(o.Bytes))
	if o.Retries > 0 {
		s.retries.Add(float64(o.Retries))
	}
	if o.Hedges > 0 {
		s.hedges.Add(float64(o.Hedges))
	}
}

// Breaker shows an operation's circuit breaker.
func (m *metrics) Breaker(operation string, b guard.Breaker) {
	for _, state := range []guard.Breaker{guard.Closed, guard.Open, guard.HalfOpen} {
		v := 0.0
		if state == b {
			v = 1
		}
		m.breakers.WithLabelValues(operation, string(state)).Set(v)
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/rs/zerolog"

	"facet/composer"
	"facet/tiers/guard"
)

// metrics are what /metrics shows. Labels are bounded: device and schema are those of the release, anything else is "other".
type metrics struct {
	registry  *prometheus.Registry
	requests  *prometheus.CounterVec
	seconds   *prometheus.HistogramVec
	bytes     *prometheus.CounterVec
	inFlight  prometheus.Gauge
	tierCalls *prometheus.CounterVec
	tierTime  *prometheus.HistogramVec
	breakers  *prometheus.GaugeVec
	business  business
}

func newMetrics() *metrics {
	route := []string{"device", "schema", "protocol"}
	m := &metrics{
		registry:  prometheus.NewRegistry(),
		requests:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "edge_requests_total", Help: "Requests by device, schema version, protocol and status class."}, append(route, "status")),
		seconds:   prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "edge_request_seconds", Help: "Time from request to the last byte written.", Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14)}, route),
		bytes:     prometheus.NewCounterVec(prometheus.CounterOpts{Name: "edge_response_bytes_total", Help: "Body bytes written to devices."}, route),
		inFlight:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "edge_requests_in_flight", Help: "Requests being answered now."}),
		tierCalls: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "edge_tier_calls_total", Help: "Calls of tier operations by outcome."}, []string{"operation", "outcome"}),
		tierTime:  prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "edge_tier_call_seconds", Help: "Time of tier calls, retries included.", Buckets: prometheus.ExponentialBuckets(0.0005, 2, 13)}, []string{"operation"}),
		breakers:  prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "edge_tier_breaker", Help: "1 for the state that an operation's circuit breaker is in."}, []string{"operation", "state"}),
	}
	m.business = business{registry: m.registry, counters: map[string]*businessCounter{}}
	m.registry.MustRegister(m.requests, m.seconds, m.bytes, m.inFlight, m.tierCalls, m.tierTime, m.breakers,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
}

// Called counts a tier's call.
func (m *metrics) Called(o guard.Outcome) {
	outcome := string(o.Kind)
	if outcome == "" {
		outcome = "ok"
	}
	m.tierCalls.WithLabelValues(o.Operation.ID, outcome).Inc()
	m.tierTime.WithLabelValues(o.Operation.ID).Observe(o.Time.Seconds())
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

// maxRequestID bounds a request id that a device or a proxy brings along.
const maxRequestID = 128

// observe counts and logs what h answers. known says whether a device schema is one of the release's.
func observe(h http.Handler, m *metrics, log zerolog.Logger, known func(device, schema string) bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		id := r.Header.Get("X-Request-Id")
		if id == "" || len(id) > maxRequestID || strings.ContainsFunc(id, func(c rune) bool { return c < '!' || c > '~' }) {
			id = uuid.NewString()
		}
		w.Header().Set("X-Request-Id", id)
		m.inFlight.Inc()
		rec := &recorder{ResponseWriter: w, status: http.StatusOK}
		c := &cost{}
		defer func() {
			m.inFlight.Dec()
			if p := recover(); p != nil {
				if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
					panic(p)
				}
				log.Error().Str("request", id).Str("path", r.URL.Path).Interface("panic", p).Stack().Msg("a handler panicked")
				if !rec.wrote {
					http.Error(rec, "internal error", http.StatusInternalServerError)
				}
			}
			device, schema, protocol := routeOf(r.URL.Path)
			if device == "" || !known(device, schema) {
				device, schema = "other", "other"
			}
			took := time.Since(began)
			m.requests.WithLabelValues(device, schema, protocol, strconv.Itoa(rec.status/100)+"xx").Inc()
			m.seconds.WithLabelValues(device, schema, protocol).Observe(took.Seconds())
			m.bytes.WithLabelValues(device, schema, protocol).Add(float64(rec.bytes))
			event := log.Info()
			if rec.status >= 500 {
				event = log.Error()
			}
			event.Str("request", id).Str("method", r.Method).Str("device", device).Str("schema", schema).Str("protocol", protocol).
				Str("path", r.URL.Path).Int("status", rec.status).Int64("bytes", rec.bytes).Dur("ms", took)
			c.log(event)
			event.Send()
		}()
		h.ServeHTTP(rec, r.WithContext(context.WithValue(r.Context(), costKey{}, c)))
	})
}

// A cost is what a device request took, noted by its protocol before the answer is written.
type cost struct {
	what   string // the view, the operation's name, get, set or call
	failed error
	errors []composer.Error
	stats  composer.Stats
}

type costKey struct{}

// note keeps what a protocol says of an answer, for the access line and the Server-Timing header.
func note(r *http.Request, what string, failed error, errs []composer.Error, stats composer.Stats) {
	if c, ok := r.Context().Value(costKey{}).(*cost); ok {
		*c = cost{what, failed, errs, stats}
	}
}

// maxLoggedErrors bounds how many of an answer's errors one access line names.
const maxLoggedErrors = 3

func (c *cost) log(e *zerolog.Event) {
	if c.what != "" {
		e.Str("what", c.what)
	}
	if c.stats.Calls > 0 {
		e.Int("calls", c.stats.Calls).Int("levels", c.stats.Levels).Int("tier_bytes", c.stats.Bytes)
	}
	if c.failed != nil {
		e.AnErr("error", c.failed)
	}
	if n := len(c.errors); n > 0 {
		e.Int("errors", n)
		for i, err := range c.errors[:min(n, maxLoggedErrors)] {
			e.Str("error"+strconv.Itoa(i+1), fmt.Sprint(err.Path, " ", err.Kind, ": ", err.Message, " ", err.Err))
		}
	}
}

// routeOf splits the path of a device request.
func routeOf(path string) (device, schema, protocol string) {
	parts := strings.SplitN(strings.TrimPrefix(path, "/"), "/", 3)
	if len(parts) < 3 {
		return "", "", "none"
	}
	switch parts[2] {
	case "graphql":
		protocol = "graphql"
	case "model.json":
		protocol = "jsongraph"
	default:
		protocol = "rest"
	}
	return parts[0], parts[1], protocol
}

// A recorder notes what is written.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
	wrote  bool
}

func (r *recorder) WriteHeader(code int) {
	if !r.wrote && code >= 200 {
		r.status, r.wrote = code, true
	}
	r.ResponseWriter.WriteHeader(code)
}

func (r *recorder) Write(b []byte) (int, error) {
	r.wrote = true
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

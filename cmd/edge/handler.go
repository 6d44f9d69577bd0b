package main

import (
	"context"
	"encoding/json"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"golang.org/x/time/rate"

	"facet/composer"
	"facet/fault"
	"facet/release"
	"facet/scripts"
	"facet/serve/feed"
	"facet/view"
)

// handlers runs the handlers of a surface's builds: by build, nil where a build has none.
type handlers []scripts.Handlers

// run is a composer.HandleFunc: the composer answers what the code loads and changes.
func (h handlers) run(ctx context.Context, c *composer.Handling, dst []byte) ([]byte, *view.HandlerRun, error) {
	if c.Build >= len(h) || h[c.Build] == nil {
		return dst, nil, fault.New(fault.Unavailable, "handlers of this package are not run here")
	}
	return h[c.Build].Run(ctx, &scripts.HandlerCall{Handler: c.Index, Args: c.Args, Context: c.Context, Now: c.Now, Seed: c.Seed, CPU: c.CPU, Loader: c}, dst)
}

// openHandlers makes the handlers of a build callable; nil if it has none.
func openHandlers(b *view.Build, o scripts.RunOptions) (scripts.Handlers, error) {
	if len(b.Handlers) == 0 {
		return nil, nil
	}
	return scripts.OpenHandlers(b, o)
}

// A counted answerer is an engine whose answers move the packages' metrics and write the lines of their handlers, and whose writes are
// told to who listens.
type counted struct {
	*composer.Engine
	business *business
	writes   feed.Bus
	picked   []string // digests of the surface's builds
}

// Answer answers as the engine does.
func (c *counted) Answer(ctx context.Context, r *composer.Request) iter.Seq[composer.Part] {
	s := pin(ctx)
	if !r.Selection.Mutation && (s == nil || len(s.exposed) == 0) {
		return c.Engine.Answer(ctx, r)
	}
	return func(yield func(composer.Part) bool) {
		for part := range c.Engine.Answer(ctx, r) {
			for _, m := range part.Metrics {
				c.business.one(c.origin(ctx, m.Build), c.Surface().Builds[m.Build].Metric(m.Name), m)
			}
			for i := range part.Runs {
				c.business.handled(ctx, c.origin(ctx, part.Runs[i].Build), &part.Runs[i])
			}
			if r.Selection.Mutation {
				c.writes.Publish(part.Writes)
			}
			if s != nil && r.Asker != nil {
				s.expose(r.Asker, part.Exposed)
			}
			if !yield(part) {
				return
			}
		}
	}
}

// origin is whose code a build of the surface is, on the track that this request's release has it.
func (c *counted) origin(ctx context.Context, build int) origin {
	s := c.Surface()
	b := s.Builds[build]
	o := origin{s.Device, s.Schema, b.Package, b.Version, release.Stable}
	if p := pin(ctx); p != nil && build < len(c.picked) {
		o.track = p.track(s.Device, s.Schema, c.picked[build], o.track)
	}
	return o
}

// track is the name of the track that brings a build to a route.
func (s *served) track(device, schema, build, otherwise string) string {
	r, ok := s.release.Route(device, schema)
	if !ok {
		return otherwise
	}
	for _, m := range r.Mounts {
		for _, t := range m.Tracks {
			if t.Build == build {
				return t.Name
			}
		}
	}
	return otherwise
}

// handlerMetrics are what handlers are watched by. Packages and handlers are those of the release: bounded.
type handlerMetrics struct {
	requests  *prometheus.CounterVec
	seconds   *prometheus.HistogramVec
	good      *prometheus.CounterVec
	objective *prometheus.GaugeVec
	lines     *prometheus.CounterVec

	mu      *sync.Mutex
	writers map[string]*lineWriter // by package
}

func newHandlerMetrics() handlerMetrics {
	by := []string{"package", "handler"}
	return handlerMetrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "edge_handler_requests_total", Help: "Requests of handlers by outcome: ok, or the kind of failure."}, append(slices.Clip(by), "outcome")),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "edge_handler_seconds", Help: "Time of a handler's run, its loads and mutations included.",
			Buckets: prometheus.ExponentialBuckets(0.001, 2, 14)}, by),
		good:      prometheus.NewCounterVec(prometheus.CounterOpts{Name: "edge_handler_good_total", Help: "Requests of handlers that kept their objective: right, and in time."}, by),
		objective: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "edge_handler_objective", Help: "The share of a handler's requests that are to be right and in time."}, by),
		lines:     prometheus.NewCounterVec(prometheus.CounterOpts{Name: "edge_handler_log_lines_total", Help: "Lines of handlers' logs by what became of them: written or dropped."}, []string{"package", "outcome"}),
		mu:        &sync.Mutex{}, writers: map[string]*lineWriter{},
	}
}

func (h *handlerMetrics) all() []prometheus.Collector {
	return []prometheus.Collector{h.requests, h.seconds, h.good, h.objective, h.lines}
}

// Describe implements prometheus.Collector.
func (h *handlerMetrics) Describe(out chan<- *prometheus.Desc) {
	for _, c := range h.all() {
		c.Describe(out)
	}
}

// Collect implements prometheus.Collector.
func (h *handlerMetrics) Collect(out chan<- prometheus.Metric) {
	for _, c := range h.all() {
		c.Collect(out)
	}
}

// defaultObjective is the share of a handler that states none, within its deadline.
const defaultObjective = 0.99

// handled counts a run of a handler and writes its lines.
func (b *business) handled(ctx context.Context, o origin, r *composer.Run) {
	h := &b.handlers
	outcome := "ok"
	if r.Err != nil {
		outcome = kindLabel(r.Err.Kind)
	}
	h.requests.WithLabelValues(o.pkg, r.Def.Name, outcome).Inc()
	h.seconds.WithLabelValues(o.pkg, r.Def.Name).Observe(r.Took.Seconds())
	share, within := defaultObjective, r.Def.Quota.Filled().Deadline
	if slo := r.Def.Objective; slo != nil {
		share = slo.Share
		if slo.Within > 0 {
			within = slo.Within
		}
	}
	h.objective.WithLabelValues(o.pkg, r.Def.Name).Set(share)
	good := h.good.WithLabelValues(o.pkg, r.Def.Name)
	if keeps(r.Err) && r.Took <= within {
		good.Inc()
	}
	if r.Did != nil && len(r.Did.Log)+r.Did.Dropped > 0 || r.Err != nil {
		h.writer(o.pkg).write(ctx, b.log, h.lines, o, r)
	}
}

// keeps says whether an outcome is one of those that a handler promises: a device's own mistake is no failure.
func keeps(err *fault.Error) bool {
	if err == nil {
		return true
	}
	switch err.Kind {
	case fault.Invalid, fault.NotFound, fault.Unauthorized, fault.Forbidden, fault.Conflict, fault.TooLarge, fault.Canceled:
		return true
	}
	return false
}

// What one package may write on one instance.
const (
	linesPerSecond = 50
	linesAtOnce    = 200
)

// A lineWriter writes the lines of one package's handlers, no more than so many a second.
type lineWriter struct {
	limit   *rate.Limiter
	mu      sync.Mutex
	dropped int
}

func (h *handlerMetrics) writer(pkg string) *lineWriter {
	h.mu.Lock()
	defer h.mu.Unlock()
	w := h.writers[pkg]
	if w == nil {
		w = &lineWriter{limit: rate.NewLimiter(linesPerSecond, linesAtOnce)}
		h.writers[pkg] = w
	}
	return w
}

// write writes what a run logged, and why it failed. What does not fit is counted, and said with the next line that does.
func (w *lineWriter) write(ctx context.Context, log zerolog.Logger, counted *prometheus.CounterVec, o origin, r *composer.Run) {
	var lines []view.LogLine
	var did view.HandlerRun
	if r.Did != nil {
		did = *r.Did
		lines = did.Log
	}
	written, dropped := 0, did.Dropped
	began := time.Now().Add(-r.Took)
	w.mu.Lock()
	defer w.mu.Unlock()
	begin := func(level zerolog.Level) *zerolog.Event {
		if !w.limit.Allow() {
			dropped++
			return nil
		}
		written++
		e := log.WithLevel(level)
		if x := exchangeOf(ctx); x != nil {
			e.Str("request", x.id)
			x.trace.log(e)
		}
		e.Str("package", o.pkg).Str("version", o.version).Str("track", o.track).Str("handler", r.Def.Name).Str("device", o.device).Str("schema", o.schema)
		if w.dropped > 0 {
			e.Int("dropped", w.dropped)
			w.dropped = 0
		}
		return e
	}
	for _, l := range lines {
		if e := begin(levelOf(l.Level)); e != nil {
			e.Time("at", began.Add(l.At))
			if len(l.Fields) > 0 {
				e.RawJSON("fields", discreet(l.Fields))
			}
			e.Msg(l.Text)
		}
	}
	if r.Err != nil && !keeps(r.Err) {
		if e := begin(zerolog.ErrorLevel); e != nil {
			e.Str("kind", string(r.Err.Kind)).Str("error", clip(r.Err.Message, maxLoggedCause))
			if r.Err.Err != nil {
				e.Str("cause", clip(r.Err.Err.Error(), 2*maxLoggedCause))
			}
			e.Dur("ms", r.Took).Int("turns", did.Turns).Msg("a handler failed")
		}
	}
	w.dropped += dropped
	counted.WithLabelValues(o.pkg, "written").Add(float64(written))
	counted.WithLabelValues(o.pkg, "dropped").Add(float64(dropped))
}

func levelOf(name string) zerolog.Level {
	l, err := zerolog.ParseLevel(name)
	if err != nil || l > zerolog.ErrorLevel {
		return zerolog.InfoLevel
	}
	return l
}

// secrets are words in the names of fields whose values are not written.
var secrets = []string{"token", "password", "secret", "authorization", "cookie", "email", "phone"}

// discreet leaves out the values of a line's fields whose names say that they are secret, at any depth.
func discreet(fields json.RawMessage) json.RawMessage {
	low := strings.ToLower(string(fields))
	if !slices.ContainsFunc(secrets, func(s string) bool { return strings.Contains(low, s) }) {
		return fields
	}
	var v any
	if json.Unmarshal(fields, &v) != nil {
		return json.RawMessage("null")
	}
	hide(v)
	text, err := json.Marshal(v)
	if err != nil {
		return json.RawMessage("null")
	}
	return text
}

func hide(v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			low := strings.ToLower(k)
			if slices.ContainsFunc(secrets, func(s string) bool { return strings.Contains(low, s) }) {
				v[k] = "(hidden)"
				continue
			}
			hide(x)
		}
	case []any:
		for _, x := range v {
			hide(x)
		}
	}
}

// openHandlers makes the handlers of a build callable behind the breaker of its package; nil if it has none.
func (o *opener) openHandlers(b *view.Build) (scripts.Handlers, error) {
	breaker := o.quarantines.of(b)
	run := o.limits(b)
	run.Broke = breaker.Broke
	h, err := o.workers.handlers(b, run)
	if h == nil || err != nil {
		return nil, err
	}
	return scripts.GuardedHandlers(h, breaker, func(i int) string { return b.Handlers[i].Name }), nil
}

// versions are the package versions that are served, as "<package> <version>".
func (f *front) versions() map[string]bool {
	out := map[string]bool{}
	s, done, ok := f.catalog.Acquire()
	if !ok {
		return out
	}
	defer done()
	for _, r := range s.release.Routes {
		for _, m := range r.Mounts {
			for _, t := range m.Tracks {
				b := s.release.Builds[t.Build]
				out[b.Package+" "+b.Version] = true
			}
		}
	}
	return out
}

// handlerSaid adds what handlers logged and what was counted to what a test sees.
func handlerSaid(out *scripts.RenderResult, part *composer.Part) {
	for _, r := range part.Runs {
		if r.Did == nil {
			continue
		}
		for _, l := range r.Did.Log {
			out.Log = append(out.Log, scripts.RenderedLine{Level: l.Level, Text: l.Text, Fields: l.Fields})
		}
	}
	for _, m := range part.Metrics {
		labels := map[string]string{}
		for _, l := range m.Labels {
			labels[l.Name] = l.Value
		}
		out.Metrics = append(out.Metrics, scripts.RenderedMetric{Name: m.Name, Value: m.Value, Labels: labels})
	}
}

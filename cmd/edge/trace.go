package main

import (
	"context"
	"net/http"
	"slices"

	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"facet/composer"
	"facet/fault"
	"facet/graph"
	"facet/release"
	"facet/tiers"
)

// tracing makes OpenTelemetry spans: one for each request, below it one for each call of a tier's operation. Where there is none,
// nothing is done and nothing measured.
type tracing struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
	trust    bool // of the trace context that requests bring
}

// carriers are what calls carry to the tiers, and trusted requests bring.
var (
	traceContext = propagation.TraceContext{}
	baggage      = propagation.Baggage{}
)

// A requestSpan is the span of a request; the zero one is none.
type requestSpan struct{ trace.Span }

func (s requestSpan) sampled() bool { return s.Span != nil && s.SpanContext().IsSampled() }

func (s requestSpan) id() string { return s.SpanContext().TraceID().String() }

func (s requestSpan) log(e *zerolog.Event) {
	if s.Span != nil {
		e.Str("trace", s.id())
	}
}

// begin starts the span of a request. Its name and attributes are of the release, as labels are.
func (t *tracing) begin(ctx context.Context, x *exchange, h http.Header) context.Context {
	if t.trust {
		carrier := propagation.HeaderCarrier(h)
		ctx = traceContext.Extract(ctx, carrier)
		ctx = baggage.Extract(ctx, carrier)
	}
	ctx, s := t.tracer.Start(ctx, x.spanName(), trace.WithSpanKind(trace.SpanKindServer), trace.WithTimestamp(x.began)) //nolint:spancheck // end ends it
	x.trace = requestSpan{s}
	return composer.WithWatcher(ctx, t) //nolint:spancheck // end ends it
}

// spanName is bounded: the protocol and, of what the release has, the route.
func (x *exchange) spanName() string {
	if x.device == other {
		return x.protocol
	}
	return x.protocol + " " + x.device + "/" + x.schema
}

// end ends the span of a request, with what became of it.
func (t *tracing) end(x *exchange) {
	s := x.trace
	if s.Span == nil {
		return
	}
	defer s.End(trace.WithTimestamp(x.began.Add(x.took)))
	if !s.IsRecording() {
		return
	}
	attrs := []attribute.KeyValue{
		attribute.String("http.request.method", x.method), attribute.Int("http.response.status_code", x.status), attribute.Int64("http.response.body.size", x.bytes),
		attribute.String("facet.protocol", x.protocol), attribute.String("facet.device", x.device), attribute.String("facet.schema", x.schema),
		attribute.String("facet.request", x.id),
	}
	o := &x.outcome
	if x.release != "" {
		attrs = append(attrs, attribute.String("facet.release", release.Short(x.release)))
	}
	if views := x.views(nil); len(views) > 0 {
		attrs = append(attrs, attribute.StringSlice("facet.views", views))
	}
	if o.Surface != nil {
		var packages []string
		for _, b := range o.Surface.Builds[:min(len(o.Surface.Builds), maxLoggedNames)] {
			packages = append(packages, b.Package+"@"+b.Version)
		}
		attrs = append(attrs, attribute.StringSlice("facet.packages", packages), attribute.Int("facet.calls", o.Stats.Calls), attribute.Int("facet.levels", o.Stats.Levels),
			attribute.Int("facet.errors", len(o.Errors)), attribute.Int("facet.degraded", o.Degraded))
	}
	s.SetAttributes(attrs...)
	if o.Failed != nil {
		s.SetAttributes(attribute.String("error.type", kindLabel(fault.KindOf(o.Failed))))
	}
	if x.status >= 500 {
		s.SetStatus(codes.Error, "")
	}
}

// Sent implements composer.Watcher: a span for each call of an operation.
func (t *tracing) Sent(ctx context.Context, s composer.Sent, f *tiers.Flight) (context.Context, func(composer.Landed)) {
	ctx, sp := t.tracer.Start(ctx, s.Operation.ID, trace.WithSpanKind(trace.SpanKindClient))
	carry(ctx, f)
	if !sp.IsRecording() {
		return ctx, nil
	}
	sp.SetAttributes(attribute.String("facet.operation", s.Operation.ID), attribute.String("facet.source", s.Operation.Source.Name),
		attribute.Int("facet.level", s.Level), attribute.Int("facet.keys", s.Keys), attribute.Bool("facet.batch", s.Operation.Batch))
	if s.Within > 0 {
		sp.SetAttributes(attribute.Float64("facet.within_ms", float64(s.Within.Microseconds())/1000))
	}
	return ctx, func(l composer.Landed) {
		went := f.Passage()
		sp.SetAttributes(attribute.Int("facet.bytes", l.Bytes), attribute.Int("facet.requests", max(1, went.Requests)))
		tries(sp, went)
		if went.Kept > 0 {
			sp.SetAttributes(attribute.Int("facet.cached", went.Kept))
		}
		if l.Late {
			sp.SetAttributes(attribute.Bool("facet.late", true))
		}
		if l.Err != nil {
			ended(sp, l.Err)
		} else {
			ended(sp, nil)
		}
	}
}

// Together implements composer.Watcher: a call that several requests share has a span of its own, below the first one's and
// linked with all of them.
func (t *tracing) Together(ctx context.Context, op *graph.Operation, members []context.Context, f *tiers.Flight) (context.Context, func(error)) {
	links := make([]trace.Link, 0, len(members))
	for _, m := range members {
		if sc := trace.SpanContextFromContext(m); sc.IsValid() {
			links = append(links, trace.Link{SpanContext: sc})
		}
	}
	// Below one that is sampled, so that the call is seen if anybody looks.
	if i := slices.IndexFunc(members, func(m context.Context) bool { return trace.SpanContextFromContext(m).IsSampled() }); i >= 0 {
		ctx = trace.ContextWithSpan(ctx, trace.SpanFromContext(members[i]))
	}
	ctx, sp := t.tracer.Start(ctx, op.ID, trace.WithSpanKind(trace.SpanKindClient), trace.WithLinks(links...))
	carry(ctx, f)
	for _, m := range members {
		trace.SpanFromContext(m).AddLink(trace.Link{SpanContext: sp.SpanContext()})
	}
	if !sp.IsRecording() {
		return ctx, func(error) { sp.End() }
	}
	sp.SetAttributes(attribute.String("facet.operation", op.ID), attribute.String("facet.source", op.Source.Name),
		attribute.Int("facet.requests", len(members)), attribute.Bool("facet.batch", op.Batch))
	return ctx, func(err error) {
		tries(sp, f.Passage())
		ended(sp, err)
	}
}

// Spared implements composer.Watcher.
func (*tracing) Spared(composer.Spared) {}

// Answered implements composer.Watcher.
func (*tracing) Answered(composer.Stats) {}

func tries(sp trace.Span, p tiers.Passage) {
	sp.SetAttributes(attribute.Int("facet.attempts", p.Attempts))
	if p.Retries > 0 {
		sp.SetAttributes(attribute.Int("facet.retries", p.Retries))
	}
	if p.Hedges > 0 {
		sp.SetAttributes(attribute.Int("facet.hedges", p.Hedges))
	}
	if p.Queued > 0 {
		sp.SetAttributes(attribute.Float64("facet.queued_ms", float64(p.Queued.Microseconds())/1000))
	}
}

// ended ends a call's span. Of a failure it has the kind and no text: a tier's words may be of a viewer.
func ended(sp trace.Span, err error) {
	outcome := "ok"
	if err != nil {
		outcome = kindLabel(fault.KindOf(err))
		sp.SetAttributes(attribute.String("error.type", outcome))
		if outcome != string(fault.NotFound) {
			sp.SetStatus(codes.Error, outcome)
		}
	}
	sp.SetAttributes(attribute.String("facet.outcome", outcome))
	sp.End()
}

// carry has a call carry the trace to its tier.
func carry(ctx context.Context, f *tiers.Flight) {
	traceContext.Inject(ctx, carrier{f})
	baggage.Inject(ctx, carrier{f})
}

// A carrier writes into a call's Flight.
type carrier struct{ *tiers.Flight }

func (c carrier) Get(string) string { return "" }
func (c carrier) Keys() []string    { return nil }
func (c carrier) Set(name, value string) {
	if value != "" {
		c.Carry(name, value)
	}
}

package main

import (
	"context"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"

	"facet/fault"
)

// A traceSettings says where spans go. What it leaves out is taken from the OTEL_* variables of the OpenTelemetry
// specification, which the exporter and the SDK read themselves: OTEL_EXPORTER_OTLP_ENDPOINT, _HEADERS, _TIMEOUT,
// _COMPRESSION, _CERTIFICATE and their _TRACES_ forms, OTEL_TRACES_SAMPLER, OTEL_BSP_*, OTEL_SERVICE_NAME,
// OTEL_RESOURCE_ATTRIBUTES, OTEL_SDK_DISABLED.
type traceSettings struct {
	Endpoint string  // of an OTLP/HTTP collector, "http://127.0.0.1:4318"; "" leaves it to the variables, without which nothing is traced
	Sample   float64 // the share of requests, 0 to 1, where the caller did not decide
	// Trust believes the traceparent, tracestate and baggage of requests: only where all come through a proxy that sets them.
	Trust                         bool
	Environment, Region, Instance string
	Log                           zerolog.Logger
}

// newTracing is nil if nothing is to be traced.
func newTracing(ctx context.Context, s traceSettings) (*tracing, error) {
	get := func(name string) string { return strings.TrimSpace(os.Getenv(name)) }
	first := func(names ...string) string {
		for _, n := range names {
			if v := get(n); v != "" {
				return v
			}
		}
		return ""
	}
	off, _ := strconv.ParseBool(get("OTEL_SDK_DISABLED")) // anything but true is not, the specification says
	exporter := get("OTEL_TRACES_EXPORTER")
	asked := s.Endpoint != "" || exporter == "otlp" || first("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT") != ""
	switch {
	case off || exporter == "none" || !asked:
		return nil, nil
	case exporter != "" && exporter != "otlp":
		return nil, fault.New(fault.Invalid, "OTEL_TRACES_EXPORTER is %q: spans go out by otlp, or not at all (none)", exporter)
	}
	if p := first("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"); p != "" && p != "http/protobuf" {
		return nil, fault.New(fault.Invalid, "the OTLP protocol is %q: spans go out by http/protobuf", p).WithHint("collectors take it on port 4318")
	}
	var options []otlptracehttp.Option
	if s.Endpoint != "" {
		u, err := url.Parse(s.Endpoint)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, fault.New(fault.Invalid, "tracing.endpoint is %q, no URL of http or https", s.Endpoint).WithHint("http://127.0.0.1:4318")
		}
		if u.Path == "" || u.Path == "/" {
			u.Path = "/v1/traces"
		}
		options = append(options, otlptracehttp.WithEndpointURL(u.String()))
	}
	out, err := otlptracehttp.New(ctx, options...)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "tracing", s.Endpoint, err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { s.Log.Warn().Err(err).Msg("traces are not exported") }))
	return exportTo(ctx, sdk.WithBatcher(out), s)
}

// exportTo makes tracing over a span processor.
func exportTo(ctx context.Context, to sdk.TracerProviderOption, s traceSettings) (*tracing, error) {
	v := currentVersion()
	who, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", "edge"), attribute.String("service.version", v.Version), attribute.String("service.instance.id", s.Instance),
			attribute.String("deployment.environment.name", s.Environment), attribute.String("cloud.region", s.Region)),
		resource.WithFromEnv(), resource.WithTelemetrySDK())
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "tracing", "OTEL_RESOURCE_ATTRIBUTES", err)
	}
	options := []sdk.TracerProviderOption{to, sdk.WithResource(who)}
	if os.Getenv("OTEL_TRACES_SAMPLER") == "" {
		options = append(options, sdk.WithSampler(sdk.ParentBased(sdk.TraceIDRatioBased(s.Sample))))
	}
	p := sdk.NewTracerProvider(options...)
	return &tracing{provider: p, tracer: p.Tracer("facet/edge"), trust: s.Trust}, nil
}

// stopTime bounds how long the last spans may take to leave.
const stopTime = 3 * time.Second

// stop sends the spans that wait. It is called once, when nothing is answered any more; of none it does nothing.
func (t *tracing) stop() {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	_ = t.provider.Shutdown(ctx) // the error handler has told
}

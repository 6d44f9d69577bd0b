package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"facet/fault"
)

// traced makes an edge whose spans are kept in memory.
func traced(t testing.TB, s traceSettings) (*watchedEdge, *tracetest.InMemoryExporter) {
	t.Helper()
	spans := tracetest.NewInMemoryExporter()
	tr, err := exportTo(t.Context(), sdk.WithSyncer(spans), s)
	if err != nil {
		t.Fatal(err)
	}
	w := watchEdge(t, func(f *front) { f.tracing = tr })
	t.Cleanup(tr.stop)
	return w, spans
}

// attributes are a span's, as text, without what varies.
func attributes(s tracetest.SpanStub) map[string]string {
	m := map[string]string{}
	for _, a := range s.Attributes {
		switch a.Key {
		case "facet.request", "facet.release", "http.response.body.size", "facet.bytes":
		default:
			m[string(a.Key)] = a.Value.String()
		}
	}
	return m
}

func byName(t testing.TB, spans tracetest.SpanStubs, name string) tracetest.SpanStub {
	t.Helper()
	i := slices.IndexFunc(spans, func(s tracetest.SpanStub) bool { return s.Name == name })
	if i < 0 {
		t.Fatalf("no span %s among %d", name, len(spans))
	}
	return spans[i]
}

const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

// TestSpans: one for the request, one below it for the call; the tier gets the call's.
func TestSpans(t *testing.T) {
	for _, c := range []struct {
		name  string
		trust bool
	}{{"a device's trace is not believed", false}, {"a proxy's is", true}} {
		t.Run(c.name, func(t *testing.T) {
			w, spans := traced(t, traceSettings{Sample: 1, Trust: c.trust})
			w.do("GET", "/tv/v1/item?id=secret-key", "", "traceparent", parent, "tracestate", "vendor=1", "baggage", "tenant=blue", "X-Request-Id", "r-1")
			got := spans.GetSpans()
			if len(got) != 2 {
				t.Fatalf("%d spans", len(got))
			}
			request, call := byName(t, got, "rest tv/v1"), byName(t, got, "shop.Product")
			if call.Parent.SpanID() != request.SpanContext.SpanID() || call.SpanKind != trace.SpanKindClient || request.SpanKind != trace.SpanKindServer {
				t.Errorf("%v below %v", call.Parent, request.SpanContext)
			}
			if got := request.SpanContext.TraceID().String() == parent[3:35]; got != c.trust {
				t.Errorf("trace %v", request.SpanContext.TraceID())
			}
			h := w.tierSaw().Header
			want := http.Header{"Traceparent": {fmt.Sprintf("00-%s-%s-01", call.SpanContext.TraceID(), call.SpanContext.SpanID())}}
			if c.trust {
				want["Tracestate"], want["Baggage"] = []string{"vendor=1"}, []string{"tenant=blue"}
			}
			for _, name := range []string{"Traceparent", "Tracestate", "Baggage"} {
				if d := cmp.Diff(want[name], h[name]); d != "" {
					t.Errorf("%s: %s", name, d)
				}
			}
			if d := cmp.Diff(map[string]string{"http.request.method": "GET", "http.response.status_code": "200", "facet.protocol": "rest", "facet.device": "tv", "facet.schema": "v1",
				"facet.views": `["item"]`, "facet.packages": `["@tv/item@1.0.0"]`, "facet.calls": "1", "facet.levels": "1", "facet.errors": "0", "facet.degraded": "0"}, attributes(request)); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(map[string]string{"facet.operation": "shop.Product", "facet.source": "shop", "facet.level": "1", "facet.keys": "1", "facet.batch": "true",
				"facet.requests": "1", "facet.attempts": "1", "facet.outcome": "ok"}, attributes(call)); d != "" {
				t.Error(d)
			}
			if line := w.log.lines(t)[0]; line["trace"] != request.SpanContext.TraceID().String() {
				t.Errorf("%v", line)
			}
			if text := fmt.Sprintf("%+v", got); strings.Contains(text, "secret") {
				t.Errorf("it tells: %s", text)
			}
		})
	}
}

// TestSpansOfFailures: a retry is seen on the call's span, and what failed by its kind.
func TestSpansOfFailures(t *testing.T) {
	w, spans := traced(t, traceSettings{Sample: 1})
	w.do("GET", "/tv/v1/item?id=bad-secret", "")
	got := spans.GetSpans()
	call := attributes(byName(t, got, "shop.Product"))
	for k, v := range map[string]string{"facet.attempts": "2", "facet.retries": "1", "facet.outcome": "unavailable", "error.type": "unavailable"} {
		if call[k] != v {
			t.Errorf("%s is %q, want %q", k, call[k], v)
		}
	}
	if text := fmt.Sprintf("%+v", got); strings.Contains(text, "secret") {
		t.Errorf("it tells: %s", text)
	}
	if a := attributes(byName(t, got, "rest tv/v1")); a["error.type"] != "unavailable" || a["http.response.status_code"] != "503" {
		t.Error(a)
	}
}

// TestNotSampled: no span leaves, the tier gets the decision.
func TestNotSampled(t *testing.T) {
	w, spans := traced(t, traceSettings{Sample: 0, Trust: true})
	w.do("GET", "/tv/v1/item?id=a", "")
	if got := w.tierSaw().Header.Get("Traceparent"); !strings.HasSuffix(got, "-00") || len(spans.GetSpans()) != 0 {
		t.Errorf("%q, %d spans", got, len(spans.GetSpans()))
	}
	w.do("GET", "/tv/v1/item?id=b", "", "traceparent", parent) // whoever sampled above is followed
	if got := w.tierSaw().Header.Get("Traceparent"); !strings.HasPrefix(got, parent[:35]) || !strings.HasSuffix(got, "-01") || len(spans.GetSpans()) != 2 {
		t.Errorf("%q, %d spans", got, len(spans.GetSpans()))
	}
}

// TestSharedCallsAreLinked: calls that go together have a span of their own, linked with each of them, and each with it.
func TestSharedCallsAreLinked(t *testing.T) {
	w, spans := traced(t, traceSettings{Sample: 1})
	w.mu.Lock()
	w.hold = make(chan struct{})
	w.mu.Unlock()
	var run sync.WaitGroup
	for i := range 6 { // two go at once, four gather
		run.Go(func() { w.do("GET", fmt.Sprintf("/tv/v1/item?id=p%d", i), "", "X-Request-Id", "one") }) // forwarded: calls of several ids are not shared
	}
	asked := func() int { w.mu.Lock(); defer w.mu.Unlock(); return len(w.seen) }
	for deadline := time.Now().Add(5 * time.Second); asked() < 2 || w.front.metrics.flying() < 6; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("they do not come")
		}
	}
	time.Sleep(300 * time.Millisecond) // the others reach the loader
	close(w.hold)
	run.Wait()
	var shared tracetest.SpanStub
	members := 0
	for _, s := range spans.GetSpans() {
		switch a := attributes(s); {
		case s.Name != "shop.Product":
		case a["facet.requests"] == "4" && a["facet.keys"] == "":
			shared = s
		case a["facet.requests"] == "4":
			members++
			if len(s.Links) != 1 {
				t.Errorf("%d links of a member", len(s.Links))
			}
		}
	}
	if members != 4 || len(shared.Links) != 4 {
		t.Errorf("%d members, %d links of the call", members, len(shared.Links))
	}
}

// TestExport: spans reach a collector over OTLP/HTTP, as the standard variables say.
func TestExport(t *testing.T) {
	var mu sync.Mutex
	var names []string
	var service, header string
	c := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var in collector.ExportTraceServiceRequest
		if err := proto.Unmarshal(body, &in); err != nil || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" {
			t.Errorf("%s %s: %v", r.URL.Path, r.Header.Get("Content-Type"), err)
		}
		mu.Lock()
		defer mu.Unlock()
		header = r.Header.Get("X-Tenant")
		for _, rs := range in.ResourceSpans {
			for _, a := range rs.Resource.Attributes {
				if a.Key == "service.name" {
					service = a.Value.GetStringValue()
				}
			}
			for _, ss := range rs.ScopeSpans {
				for _, s := range ss.Spans {
					names = append(names, s.Name)
				}
			}
		}
		out, _ := proto.Marshal(&collector.ExportTraceServiceResponse{})
		rw.Header().Set("Content-Type", "application/x-protobuf")
		_, _ = rw.Write(out)
	}))
	defer c.Close()
	for name, set := range map[string]func(*traceSettings){
		"by configuration": func(s *traceSettings) { s.Endpoint = c.URL },
		"by a variable":    func(*traceSettings) { t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", c.URL) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=blue")
			t.Setenv("OTEL_SERVICE_NAME", "films-edge")
			s := traceSettings{Sample: 1, Environment: "dev"}
			set(&s)
			names, service, header = nil, "", ""
			tr, err := newTracing(t.Context(), s)
			if err != nil || tr == nil {
				t.Fatal(tr, err)
			}
			w := watchEdge(t, func(f *front) { f.tracing = tr })
			w.do("GET", "/tv/v1/item?id=a", "")
			tr.stop()
			slices.Sort(names)
			if d := cmp.Diff([]string{"rest tv/v1", "shop.Product"}, names); d != "" || service != "films-edge" || header != "blue" {
				t.Errorf("%s service %q, header %q", d, service, header)
			}
		})
	}
}

// TestTracingSettings: what turns it off, and what is refused.
func TestTracingSettings(t *testing.T) {
	for _, c := range []struct {
		name string
		set  traceSettings
		env  map[string]string
		on   bool
		kind fault.Kind
	}{
		{"nothing said", traceSettings{}, nil, false, ""},
		{"an endpoint", traceSettings{Endpoint: "http://127.0.0.1:1"}, nil, true, ""},
		{"a variable", traceSettings{}, map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:1/v1/traces"}, true, ""},
		{"the default collector", traceSettings{}, map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, true, ""},
		{"none", traceSettings{Endpoint: "http://127.0.0.1:1"}, map[string]string{"OTEL_TRACES_EXPORTER": "none"}, false, ""},
		{"disabled", traceSettings{Endpoint: "http://127.0.0.1:1"}, map[string]string{"OTEL_SDK_DISABLED": "true"}, false, ""},
		{"another exporter", traceSettings{Endpoint: "http://127.0.0.1:1"}, map[string]string{"OTEL_TRACES_EXPORTER": "zipkin"}, false, fault.Invalid},
		{"another protocol", traceSettings{Endpoint: "http://127.0.0.1:1"}, map[string]string{"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, false, fault.Invalid},
		{"no URL", traceSettings{Endpoint: "collector:4318"}, nil, false, fault.Invalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			for k, v := range c.env {
				t.Setenv(k, v)
			}
			tr, err := newTracing(context.Background(), c.set)
			if (tr != nil) != c.on || fault.KindOf(err) != c.kind {
				t.Errorf("%v %v", tr != nil, err)
			}
			tr.stop()
		})
	}
}

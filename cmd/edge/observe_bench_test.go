package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/rs/zerolog"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"facet/catalog"
	"facet/composer"
	"facet/serve"
	"facet/storage/memory"
	"facet/view"
)

// nobody is a writer that keeps nothing.
type nobody struct{ h http.Header }

func (n nobody) Header() http.Header       { return n.h }
func (nobody) Write(b []byte) (int, error) { return len(b), nil }
func (nobody) WriteHeader(int)             {}
func (f *front) bench(b *testing.B, o serve.Outcome) {
	body := make([]byte, 1000)
	h := f.observed(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		note(r, o)
		_, _ = w.Write(body)
	}))
	r := httptest.NewRequest("GET", "/tv/v1/home", nil)
	w := nobody{http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		delete(r.Header, headerRequest)
		h.ServeHTTP(w, r)
	}
}

// BenchmarkObserve is what watching a request costs beside answering it.
func BenchmarkObserve(b *testing.B) {
	s, ds := view.NewSurface("tv", "v1", &view.Build{Package: "@tv/home", Version: "3.4.1"})
	if err := ds.Err(); err != nil {
		b.Fatal(err)
	}
	o := serve.Outcome{Device: "tv", Schema: "v1", Name: "home", Status: 200, Stats: composer.Stats{Calls: 7, Levels: 3, Bytes: 48_000}, Surface: s, Roots: []*composer.Root{{Name: "home"}}}
	for _, c := range []struct {
		name   string
		sample uint32
		spans  float64 // below 0: no tracing
	}{{"every line", 1, -1}, {"1 line in 100", 100, -1}, {"traced 1 in 100", 100, 0.01}, {"traced", 100, 1}} {
		b.Run(c.name, func(b *testing.B) {
			cat, err := catalog.New(catalog.Config[*served]{Store: memory.New(), Env: "dev", Region: "local", Instance: "one", Open: (&opener{}).open})
			if err != nil {
				b.Fatal(err)
			}
			f := &front{metrics: newMetrics(), log: zerolog.New(io.Discard).With().Timestamp().Logger(), catalog: cat}
			f.metrics.route(routeKey{"tv", "v1", "rest"}, func(string, string) bool { return true })
			f.access.Successes = c.sample
			if c.spans >= 0 {
				if f.tracing, err = exportTo(b.Context(), sdk.WithBatcher(tracetest.NewNoopExporter()), traceSettings{Sample: c.spans}); err != nil {
					b.Fatal(err)
				}
				defer f.tracing.stop()
			}
			f.bench(b, o)
		})
	}
}

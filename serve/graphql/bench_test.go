package graphql_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A sink takes an answer and forgets it.
type sink struct {
	header http.Header
	status int
	bytes  int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(status int)      { s.status = status }
func (s *sink) Write(b []byte) (int, error) { s.bytes += len(b); return len(b), nil }

// BenchmarkAnswer is what the protocol adds to an answer that the composer has at hand: the document is known.
func BenchmarkAnswer(b *testing.B) {
	for _, c := range []struct {
		name string
		size int
	}{{"1 KB", 1 << 10}, {"90 KB", 90 << 10}} {
		b.Run(c.name, func(b *testing.B) {
			w := &world{surface: films(b).surface, raw: []byte(`{"home":{"name":"` + strings.Repeat("x", c.size) + `"}}`)}
			h := serveWorld(w, nil)
			body := []byte(`{"query":"query Home($n: Int) { home { name rows(first: $n) { name items { ... on Card { id title } } } } }","variables":{"n":5}}`)
			r := httptest.NewRequest("POST", "/tv/v3/graphql", nil)
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Accept", "application/graphql-response+json")
			b.ReportAllocs()
			for b.Loop() {
				r.Body = io.NopCloser(bytes.NewReader(body))
				out := &sink{header: http.Header{}}
				h.ServeHTTP(out, r)
				if out.status != 200 || out.bytes < c.size {
					b.Fatalf("%d, %d bytes", out.status, out.bytes)
				}
			}
		})
	}
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/rs/zerolog"

	"facet/asker"
	"facet/catalog"
	"facet/storage/memory"
	"facet/tiers/guard"
)

// watchedGraph has what must not be told on its way: keys, arguments, who asks, and a tier that repeats them when it fails.
const watchedGraph = `extend schema
  @link(url: "https://specs.apollo.dev/connect/v0.4", import: ["@source", "@connect"])
  @source(name: "shop", http: { baseURL: "{$env.SHOP_URL}", headers: [{ name: "X-Request-Id", from: "X-Request-Id" }] }, timeout: "2s")
  @source(name: "carts", http: { baseURL: "{$env.SHOP_URL}" }, timeout: "2s")

type Query {
  product(id: ID!): Product
  cart(profile: ID!): Cart @connect(source: "carts", http: { GET: "/carts/{$args.profile}" }, selection: "note")
}

type Product @key(fields: "id")
  @connect(source: "shop", http: { POST: "/products", body: "ids: $batch.id" }, batch: { maxSize: 100 }, selection: "$.products { id name }") {
  id: ID!
  name: String!
}

type Cart {
  note: String
}
`

const watchedText = `import { arg, graph, shape, view } from "@facet/sdk";
export const Good = shape("Good", graph.Product, (p) => ({ name: p.name }));
export const item = view({ args: { id: arg.id() }, build: ({ id }) => Good(graph.product({ id })) });
export const cart = view({ build: (_args, { viewer }) => ({ note: graph.cart({ profile: viewer.profile.id }).orNull().note }) });
`

// A watchedEdge is an edge whose logs, metrics and traces a test reads.
type watchedEdge struct {
	*instance
	releases *releasing
	front    *front
	log      *lockedBuffer

	mu   sync.Mutex
	seen []*http.Request // by the tier
	hold chan struct{}   // the tier answers when it is closed; nil: at once
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// lines are the access lines since the last call.
func (l *lockedBuffer) lines(t testing.TB) []map[string]any {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []map[string]any
	for line := range bytes.Lines(l.b.Bytes()) {
		var m map[string]any
		if err := json.Unmarshal(line, &m); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		out = append(out, m)
	}
	l.b.Reset()
	return out
}

func (l *lockedBuffer) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func watchEdge(t testing.TB, change func(*front)) *watchedEdge {
	t.Helper()
	w := &watchedEdge{log: &lockedBuffer{}}
	m := newMetrics()
	tier := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.mu.Lock()
		w.seen = append(w.seen, r)
		hold := w.hold
		w.mu.Unlock()
		if hold != nil {
			<-hold
		}
		if strings.HasPrefix(r.URL.Path, "/carts/") || bytes.Contains(body, []byte("bad")) {
			http.Error(rw, "nothing for "+r.URL.Path+string(body), http.StatusBadGateway)
			return
		}
		var in struct{ IDs []string }
		_ = json.Unmarshal(body, &in) // it is the connector's
		list := []map[string]any{}
		for _, id := range in.IDs {
			list = append(list, map[string]any{"id": id, "name": "Name of " + id})
		}
		send(rw, map[string]any{"products": list})
	}))
	t.Cleanup(tier.Close)
	w.releases = releases(t, memory.New())
	w.releases.env = &environment{Env: map[string]string{"SHOP_URL": tier.URL}, Guard: guard.New(guard.Config{Meter: m})}
	w.releases.graph("2.0.0", watchedGraph)
	digest := w.releases.deploy(w.releases.publish("@tv/item", "1.0.0", "tv/v1", watchedText)).Digest

	w.front = &front{ask: asker.Settings{TrustHeaders: true, Default: asker.Viewer{ID: "demo", Profile: "demo", Profiles: []string{"demo"}, SignedIn: true}},
		environment: "dev", introspection: true, metrics: m, log: zerolog.New(w.log).With().Timestamp().Logger()}
	w.front.gate.metrics = true
	if change != nil {
		change(w.front)
	}
	o := newOpener(w.releases.env, m.business)
	w.instance = &instance{t: t, opener: o}
	var err error
	w.catalog, err = catalog.New(catalog.Config[*served]{
		Store: w.releases.store, Env: "dev", Region: "local", Instance: "one", Interval: 5 * time.Millisecond,
		Open: m.timed(o.open), Close: func(s *served) { s.close() }, Report: m.event,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.front.catalog = w.catalog
	w.Handler = w.front.handler()
	ctx, cancel := context.WithCancel(context.Background())
	var run sync.WaitGroup
	run.Go(func() { _ = w.catalog.Run(ctx) })
	t.Cleanup(func() { cancel(); run.Wait() })
	w.serves(digest)
	return w
}

// do is one request. Header names and values stand one after another.
func (w *watchedEdge) do(method, target, body string, header ...string) *httptest.ResponseRecorder {
	var r *http.Request
	if body == "" {
		r = httptest.NewRequest(method, target, nil)
	} else {
		r = httptest.NewRequest(method, target, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, r)
	return rec
}

// tierSaw is the last request that the tier got.
func (w *watchedEdge) tierSaw() *http.Request {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.seen) == 0 {
		w.t.Fatal("the tier was not asked")
	}
	return w.seen[len(w.seen)-1]
}

// flying is how many requests are being answered.
func (m *metrics) flying() int {
	var out dto.Metric
	if err := m.inFlight.Write(&out); err != nil {
		return 0
	}
	return int(out.GetGauge().GetValue())
}

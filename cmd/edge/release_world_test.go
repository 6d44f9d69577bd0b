package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"facet/asker"
	"facet/catalog"
	"facet/control"
	"facet/fault"
	"facet/pack"
	"facet/release"
	"facet/storage"
	"facet/storage/embedded"
	"facet/storage/s3"
	"facet/tiers/guard"
)

var long = flag.Bool("long", false, "measure in full: as many publishes, releases and swaps as the documents speak of")

// fullOr is the number that a measurement takes in full, or the few of an everyday run.
func fullOr(full, few int) int {
	if *long {
		return full
	}
	return few
}

const shopGraph = `extend schema
  @link(url: "https://specs.apollo.dev/connect/v0.4", import: ["@source", "@connect"])
  @source(name: "shop", http: { baseURL: "{$env.SHOP_URL}" }, timeout: "5s")

type Query {
  products: [Product!]! @connect(source: "shop", http: { GET: "/products" }, selection: "$.products { id name cents }")
}

type Product {
  id: ID!
  name: String!
  cents: Int!
}
`

// A releasing is a control over a store, and edges that watch it.
type releasing struct {
	t     testing.TB
	store storage.Store
	*control.Control
	env *environment

	signer release.Signer // of move
	shards int            // of move; 0 is one

	mu       sync.Mutex
	pointers map[string]release.Pointer // of move, by region
}

// releases makes a control over a store, with a graph of one tier.
func releases(t testing.TB, store storage.Store) *releasing {
	t.Helper()
	shelf := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		send(w, map[string]any{"products": []map[string]any{{"id": "tea", "name": "Green tea", "cents": 450}}})
	}))
	t.Cleanup(shelf.Close)
	w := &releasing{t: t, store: store, Control: &control.Control{Store: store, Build: buildWith, Builder: "test"},
		env: &environment{Env: map[string]string{"SHOP_URL": shelf.URL}, Guard: guard.New(guard.Config{})}, pointers: map[string]release.Pointer{}}
	w.graph("1.0.0", shopGraph)
	return w
}

func (w *releasing) graph(version, sdl string) {
	w.t.Helper()
	if _, ds, err := w.PublishGraph(w.t.Context(), "graph.graphqls", version, []byte(sdl)); err != nil || ds.Failed() {
		w.t.Fatalf("graph %s: %v %v", version, ds, err)
	}
}

// publish makes a version of a package for one device schema, "tv/v1", from a text.
func (w *releasing) publish(name, version, route, text string) string {
	w.t.Helper()
	device, schema, _ := strings.Cut(route, "/")
	manifest := fmt.Sprintf(`{"name": %q, "version": %q, "type": "module", "exports": "./index.ts", "edge": {"device": [%q], "schema": %q}}`, name, version, device, schema)
	return w.put(&pack.Package{Files: map[string][]byte{"package.json": []byte(manifest), "index.ts": []byte(text)}})
}

func (w *releasing) put(pkg *pack.Package) string {
	w.t.Helper()
	tarball, err := pkg.Tarball()
	if err != nil {
		w.t.Fatal(err)
	}
	p, err := w.Publish(w.t.Context(), control.Publication{Tarball: tarball})
	if err != nil {
		w.t.Fatalf("publish: %v", err)
	}
	return p.ID()
}

func (w *releasing) deploy(ids ...string) *control.Result {
	w.t.Helper()
	res, err := w.Release(w.t.Context(), control.Request{Env: "dev", Deploy: ids})
	if err != nil {
		for _, f := range res.Failures {
			w.t.Log(f.Package, f.Diagnostics)
		}
		w.t.Fatalf("release %v: %v", ids, err)
	}
	return res
}

// says is a package's text whose one view tells its version.
func says(view, version string) string {
	return fmt.Sprintf(`import { graph, view } from "@facet/sdk";
export const %s = view({ build: () => ({ version: %q, shelf: graph.products.page({ first: 3 }).map((p) => ({ name: p.name })) }) });
export const warmup = [%[1]s.with({})];
`, view, version)
}

// An instance is an edge in this process, with what its catalog told.
type instance struct {
	http.Handler
	t       testing.TB
	catalog *catalog.Catalog[*served]
	opener  *opener
	stop    func()

	mu   sync.Mutex
	told []catalog.Event
}

// start runs an instance until the test ends or it is stopped.
func (w *releasing) start(name string, change func(*catalog.Config[*served], *opener)) *instance {
	w.t.Helper()
	m := newMetrics()
	i := &instance{t: w.t, opener: newOpener(w.env, m.business)}
	ask := asker.Settings{TrustHeaders: true, Default: asker.Viewer{ID: "demo", Profile: "demo", Profiles: []string{"demo"}, SignedIn: true}}
	cfg := catalog.Config[*served]{
		Store: w.store, Acks: w.store, Env: "dev", Region: "local", Instance: name, Interval: 20 * time.Millisecond,
		Open: i.opener.open, Close: func(s *served) { s.close() }, Asked: i.opener.asked.asking,
		Warm:   func(ctx context.Context, s *served) error { return s.warm(ctx, &ask, nil) },
		Report: func(e catalog.Event) { i.mu.Lock(); i.told = append(i.told, e); i.mu.Unlock() },
	}
	if change != nil {
		change(&cfg, i.opener)
	}
	c, err := catalog.New(cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	i.catalog = c
	i.Handler = (&front{catalog: c, ask: ask, environment: "dev", introspection: true, metrics: m, log: zerolog.Nop()}).handler()
	ctx, cancel := context.WithCancel(context.Background())
	var run sync.WaitGroup
	run.Go(func() { _ = c.Run(ctx) })
	i.stop = sync.OnceFunc(func() { cancel(); run.Wait() })
	w.t.Cleanup(i.stop)
	return i
}

// serves waits until the instance serves a release.
func (i *instance) serves(digest string) {
	i.t.Helper()
	i.until(func(s catalog.Status) bool { return s.Release == digest })
}

func (i *instance) until(ok func(catalog.Status) bool) {
	i.t.Helper()
	for deadline := time.Now().Add(patience); !ok(i.catalog.Status()); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			i.t.Fatalf("it does not come to that: %+v", i.catalog.Status())
		}
	}
}

// phases are the phases that were told since, with the kinds of their errors.
func (i *instance) phases() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	var out []string
	for _, e := range i.told {
		line := string(e.Phase)
		if e.Err != nil {
			line += " " + string(fault.KindOf(e.Err))
		}
		out = append(out, line)
	}
	i.told = nil
	return slices.Compact(out)
}

// get is one request; another status than 200 fails the test.
func (i *instance) get(path string) string {
	i.t.Helper()
	rec := httptest.NewRecorder()
	i.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
	if rec.Code != http.StatusOK {
		i.t.Errorf("%s: %d %s", path, rec.Code, rec.Body)
	}
	return rec.Body.String()
}

// ask is one GraphQL operation; its data as a map.
func (i *instance) ask(path, query string, header http.Header) map[string]any {
	i.t.Helper()
	body, _ := json.Marshal(map[string]string{"query": query})
	req := httptest.NewRequest(http.MethodPost, path, strings.NewReader(string(body)))
	req.Header.Set("Content-Type", "application/json")
	for k, v := range header {
		req.Header[k] = v
	}
	rec := httptest.NewRecorder()
	i.ServeHTTP(rec, req)
	var got struct {
		Data   map[string]any
		Errors []any
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil || rec.Code != http.StatusOK || len(got.Errors) > 0 {
		i.t.Errorf("%s: %d %.500s (%v)", path, rec.Code, rec.Body, err)
	}
	return got.Data
}

// realBucket is a real S3 server for the test, and the store over it.
func realBucket(t testing.TB) (*embedded.Server, *s3.Store) {
	t.Helper()
	server, err := embedded.Start(t.Context(), embedded.Options{Dir: t.TempDir(), Log: t.(interface{ Output() io.Writer }).Output()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	store, err := s3.Open(server.S3)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return server, store
}

// stage puts a release as a test wants it, and returns its digest.
func (w *releasing) stage(r *release.Release) string {
	w.t.Helper()
	e, err := r.Encode(max(1, w.shards))
	if err != nil {
		w.t.Fatal(err)
	}
	for d, body := range e.Shards {
		w.write(release.ShardKey(d), body)
	}
	w.write(release.Key(r.Env, e.Digest), e.Header)
	return e.Digest
}

// move stages a release and moves a region to it.
func (w *releasing) move(region string, r *release.Release) string {
	w.t.Helper()
	digest := w.stage(r)
	w.moveTo(region, digest)
	return digest
}

func (w *releasing) moveTo(region, digest string) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.pointers[region].Next(digest, time.Now(), time.Time{}).Sign(w.signer, "dev", region)
	w.pointers[region] = p
	w.point(region, p)
}

// point writes a region's pointer as it is.
func (w *releasing) point(region string, p release.Pointer) {
	w.t.Helper()
	raw, err := p.Encode()
	if err != nil {
		w.t.Fatal(err)
	}
	w.write(release.PointerKey("dev", region), raw)
}

func (w *releasing) write(key string, body []byte) {
	w.t.Helper()
	if _, err := w.store.Put(w.t.Context(), key, body, storage.PutOptions{ContentType: "application/json"}); err != nil {
		w.t.Fatal(err)
	}
}

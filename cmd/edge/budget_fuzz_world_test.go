package main

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"facet/asker"
	"facet/composer"
	"facet/graph"
	"facet/pack"
	"facet/scripts"
	"facet/tiers"
	"facet/tiers/fake"
	"facet/view"
)

// budgetGraph has every kind of operation: batches with a small maxSize, calls for each key, lists that page by offset, with and
// without a total, that are walked, and that are not paged at all.
const budgetGraph = `extend schema
  @link(url: "https://specs.apollo.dev/connect/v0.4", import: ["@source", "@connect"])
  @source(name: "films", http: { baseURL: "http://films" })

type Query {
  shelf(id: ID!): Shelf
  film(id: ID!): Film
  top(kind: String!): [Film!]!
    @connect(source: "films", http: { GET: "/top/{$args.kind}?o={$page.offset}&l={$page.limit}" }, selection: "$.items { id }", page: { total: "$.total" })
  blind(kind: String!): [Film!]!
    @connect(source: "films", http: { GET: "/blind/{$args.kind}?o={$page.offset}&l={$page.limit}" }, selection: "$.items { id title }")
  flat(kind: String!): [Film!]!
    @connect(source: "films", http: { GET: "/flat/{$args.kind}" }, selection: "$.items { id title }")
}

type Shelf @key(fields: "id") @connect(source: "films", http: { POST: "/shelves", body: "ids: $batch.id" }, batch: { maxSize: 3 }, selection: "$.items { id name }") {
  id: ID!
  name: String!
  films: [Film!]!
    @connect(source: "films", http: { GET: "/shelves/{$this.id}/films?o={$page.offset}&l={$page.limit}" }, selection: "$.items { id }", page: { total: "$.total" })
}

type Film @key(fields: "id") @connect(source: "films", http: { POST: "/films", body: "ids: $batch.id" }, batch: { maxSize: 4 }, selection: "$.items { id title year similar { id } }") {
  id: ID!
  title: String!
  year: Int
  similar: [Film!]!
  likes(who: String!): Likes
    @connect(source: "films", http: { POST: "/likes", body: "who: $args.who ids: $batch.id" }, batch: { maxSize: 5 }, selection: "$.items { id likes: { count } }")
  cast: [Person!]!
    @connect(source: "films", http: { GET: "/films/{$this.id}/cast" }, selection: "$.items { id }")
}

type Likes { count: Int! }

type Person @key(fields: "id") @connect(source: "films", http: { POST: "/people", body: "ids: $batch.id" }, batch: { maxSize: 6 }, selection: "$.items { id name }") {
  id: ID!
  name: String!
}
`

// countingTier counts the calls that really reach the tiers.
type countingTier struct {
	tiers.Tier
	calls *atomic.Int64
}

func (c countingTier) Call(ctx context.Context, call *tiers.Call) (*tiers.Answer, error) {
	c.calls.Add(1)
	return c.Tier.Call(ctx, call)
}

// budgetTiers answers budgetGraph with lists of all lengths.
func budgetTiers(t testing.TB, g *graph.Graph, calls *atomic.Int64) composer.TiersBySource {
	const films, people = 60, 20
	tier := fake.New()
	r := rand.New(rand.NewPCG(1, 1))
	filmRow, likes, shelves, persons := map[string]any{}, map[string]any{}, map[string]any{}, map[string]any{}
	ids := func(prefix string, n, of int) []any {
		out := []any{}
		for range n {
			out = append(out, map[string]any{"id": fmt.Sprint(prefix, r.IntN(of)), "title": "listed"})
		}
		return out
	}
	lists := map[string][]any{}
	for i := range films {
		id := fmt.Sprint("f", i)
		filmRow[id] = map[string]any{"id": id, "title": strings.Repeat("Film ", 1+r.IntN(8)) + id, "year": 1900 + i, "similar": ids("f", r.IntN(12), films)}
		likes[fake.Key(id, "w")] = map[string]any{"likes": map[string]any{"count": i}}
		lists["cast "+id] = ids("p", r.IntN(8), people)
	}
	for i := range people {
		id := fmt.Sprint("p", i)
		persons[id] = map[string]any{"id": id, "name": "Person " + id}
	}
	for i := range 10 {
		id := fmt.Sprint("s", i)
		shelves[id] = map[string]any{"id": id, "name": "Shelf " + id}
		lists["shelf "+id] = ids("f", r.IntN(50), films)
	}
	for i := range 4 {
		lists[fmt.Sprint("kind k", i)] = ids("f", []int{0, 7, 40, 300}[i], films)
	}
	tier.Rows("films.Film", fake.NewTable(filmRow)).Rows("films.Person", fake.NewTable(persons)).Rows("films.Shelf", fake.NewTable(shelves))
	tier.Rows("films.Film.likes", fake.NewTable(likes).Keyed("id", "who"))
	kind := func(r *fake.Request) ([]any, error) { return lists["kind "+r.Arg("kind")], nil }
	key := func(what string) func(r *fake.Request) ([]any, error) {
		return func(r *fake.Request) ([]any, error) { return lists[what+" "+r.Keys()[0]], nil }
	}
	for _, op := range []string{"top", "blind", "flat"} {
		tier.List("films.Query."+op, kind)
	}
	tier.List("films.Shelf.films", key("shelf")).List("films.Film.cast", key("cast"))
	out := composer.TiersBySource{}
	for name, one := range tier.For(g) {
		out[name] = countingTier{one, calls}
	}
	return out
}

// randomPackage writes a package whose views, lists and budget are chosen by chance.
func randomPackage(t testing.TB, r *rand.Rand, n int) string {
	size := func() string {
		first := 1 + r.IntN(8)
		if r.IntN(3) == 0 {
			return fmt.Sprintf(".take(%d)", first)
		}
		return fmt.Sprintf(".page({ first: %d, max: %d })", first, first+r.IntN(20))
	}
	var fields []string
	maybe := func(text string) {
		if r.IntN(2) == 0 {
			fields = append(fields, text)
		}
	}
	maybe(`year: f.year`)
	maybe(`likes: f.likes({ who: "w" }).orNull().count`)
	maybe(`loud: computed.string({ t: f.title }, ({ t }) => t + "!")`)
	maybe(`similar: f.similar` + size() + `.map(self)`)
	maybe(`like: f.similar` + size() + `.map((x) => ({ title: x.title, year: x.year }))`)
	maybe(`cast: f.cast` + size() + `.map((p) => ({ name: p.name }))`)
	var b strings.Builder
	fmt.Fprintf(&b, `import { arg, computed, graph, shape, view } from "@facet/sdk";
export const F%d = shape("F%d", graph.Film, (f, { self }) => ({ title: f.title, %s }));
`, n, n, strings.Join(fields, ", "))
	budget := func() string {
		if r.IntN(3) > 0 {
			return ""
		}
		return fmt.Sprintf("budget: { bytes: %d }, ", 100+r.IntN(4000))
	}
	fmt.Fprintf(&b, "export const top%d = view({ %sargs: { kind: arg.string() }, build: ({ kind }) => ({ films: graph.top({ kind })%s.map(F%d), count: graph.flat({ kind }).take(2).map((x) => ({ t: x.title })) }) });\n", n, budget(), size(), n)
	fmt.Fprintf(&b, "export const blind%d = view({ %sargs: { kind: arg.string() }, build: ({ kind }) => graph.blind({ kind })%s.map(F%d) });\n", n, budget(), size(), n)
	fmt.Fprintf(&b, "export const shelf%d = view({ %sargs: { id: arg.id() }, build: ({ id }) => { const s = graph.shelf({ id }); return { name: s.name, films: s.films%s.map(F%d) }; } });\n", n, budget(), size(), n)
	fmt.Fprintf(&b, "export const film%d = view({ args: { id: arg.id() }, build: ({ id }) => F%d(graph.film({ id })) });\n", n, n)
	limits := []string{}
	stated := func(name string, least, spread int) {
		if r.IntN(3) > 0 {
			limits = append(limits, fmt.Sprintf(`"%s": %d`, name, least+r.IntN(spread)))
		}
	}
	stated("calls", 3, 60)
	stated("items", 10, 2000)
	stated("entities", 10, 4000)
	if stated("bytes", 300, 20_000); strings.Contains(strings.Join(limits, ","), "bytes") && r.IntN(2) == 0 {
		limits = append(limits, `"shorten": true`)
	}
	dir := t.TempDir()
	manifest := fmt.Sprintf(`{ "name": "@fuzz/p%d", "version": "1.0.0", "type": "module", "exports": "./src/index.ts", "files": ["src"],
  "edge": { "device": ["tv"], "schema": "v1", "limits": { %s } } }`, n, strings.Join(limits, ", "))
	for name, text := range map[string]string{"package.json": manifest, "src/index.ts": b.String()} {
		at := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// publishable builds a package as publishing does. It is nil where its budget is not proved.
func publishable(t testing.TB, dir string, g *graph.Graph) *view.Build {
	space, ds := pack.OpenWorkspace(dir, pack.DefaultLimits())
	if ds.Failed() {
		t.Fatal(ds.Err())
	}
	pkg, lock, ds := space.Load(dir)
	if ds.Failed() {
		t.Fatal(ds.Err())
	}
	b, ds := scripts.Build(context.Background(), pkg, lock, g, scripts.Options{})
	if ds.Failed() {
		t.Fatal(ds.Err())
	}
	if budgetMistakes(b, g).Failed() {
		return nil
	}
	return b
}

// A heard engine notes what it answers.
type heard struct {
	*composer.Engine
	part *composer.Part
	sel  *composer.Selection
}

func (h *heard) Answer(ctx context.Context, r *composer.Request) iter.Seq[composer.Part] {
	return func(yield func(composer.Part) bool) {
		for p := range h.Engine.Answer(ctx, r) {
			c := p
			c.Data = append([]byte(nil), p.Data...)
			h.part, h.sel = &c, r.Selection
			if !yield(p) {
				return
			}
		}
	}
}

func (h *heard) Find(context.Context, string, string, *asker.Asker) (composer.Answerer, func(), error) {
	return h, func() {}, nil
}

func (h *heard) Near(string, string) []string { return nil }

func fuzzAsker(*http.Request, string) (*asker.Asker, error) {
	return &asker.Asker{Device: asker.Device{Type: "tv", Form: "tv"}, Locale: "en-US", Cells: map[string]string{}}, nil
}

// counts are what an answer holds: items of lists of objects, and entities, told by their keys.
func counts(v any) (items, entities int) {
	switch v := v.(type) {
	case map[string]any:
		if _, ok := v["key"]; ok {
			entities++
		}
		for _, x := range v {
			i, e := counts(x)
			items, entities = items+i, entities+e
		}
	case []any:
		for _, x := range v {
			if _, ok := x.(map[string]any); ok {
				items++
			}
			i, e := counts(x)
			items, entities = items+i, entities+e
		}
	}
	return items, entities
}

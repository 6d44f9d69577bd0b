package graph

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"facet/fault"
)

// slow is what no input of a fuzzer's size may take.
const slow = 2 * time.Second

func within(t *testing.T, what string, f func()) {
	t.Helper()
	best := time.Hour
	for try := 0; try < 3 && best > slow; try++ { // the machine may have been busy: what is slow is slow each time
		began := time.Now()
		f()
		best = min(best, time.Since(began))
	}
	if best > slow {
		t.Fatalf("%s took %v", what, best)
	}
}

// places that lie outside of the text would point an editor at nothing
func checkPlaces(t *testing.T, src []byte, ds fault.Diagnostics) {
	t.Helper()
	lines := 1 + bytes.Count(src, []byte("\n")) + bytes.Count(src, []byte("\r"))
	for _, d := range ds {
		if d.Pos.Line < 0 || d.Pos.Line > lines+1 || d.Code == "" || d.Text == "" {
			t.Fatalf("%d lines, diagnostic %s", lines, d)
		}
	}
}

func FuzzSDL(f *testing.F) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		ar, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(ar.Files[0].Data)
	}
	films, err := os.ReadFile("../examples/films/graph.graphqls")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(films)
	f.Fuzz(func(t *testing.T, sdl []byte) {
		within(t, "parsing", func() {
			g, ds := Parse("f.graphqls", sdl)
			checkPlaces(t, sdl, ds)
			if g != nil {
				_ = g.String()
			}
		})
	})
}

// around puts a text where a graph has one.
func around(template string, text string) []byte {
	return []byte(`extend schema @source(name: "s", http: { baseURL: "{$env.URL}" })
scalar JSON
type Query {
  t(id: ID!, in: In): T @connect(source: "s", http: { POST: ` + strconv.Quote(template) + ` }, selection: "id")
  one(id: ID!, in: In): T @connect(source: "s", http: { POST: "/t", body: ` + quoteSDL(text) + ` }, selection: ` + quoteSDL(text) + `)
  many(id: ID!): [U] @connect(source: "s", http: { GET: "/t" }, selection: ` + quoteSDL(text) + `)
}
input In { a: Int in: In }
type T @key(fields: "id") @connect(source: "s", http: { POST: "/t", body: "ids: $batch.id" }, batch: {}, selection: ` + quoteSDL(text) + `) { id: ID! a: Int b: [B] c: JSON u: [U] }
type B { x: String y: E }
enum E { ONE TWO }
union U = T | B
`)
}

func quoteSDL(s string) string { return string(quoteJSON(s)) }

func FuzzTemplate(f *testing.F) {
	for _, s := range []string{"/t/{$args.id}", "/t?x={ $args.in.a }&y={$env.X}{$config.a.b}{$context.viewer.profile.id}", "{", "}", "/{}", "/{$}", "/{$page.offset}", "/{$args.in.in.in.a}", "/{$this.id}{$batch.id}", "/é{$args.id}\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		within(t, "a template", func() {
			var ds fault.Diagnostics
			if tpl, ok := readTemplate(str{text: newText("f", ""), val: s}, &ds); ok && len(tpl.Parts) == 0 && s != "" {
				t.Fatalf("%q has no parts", s)
			}
			sdl := around(s, "id")
			_, ds = Parse("f", sdl)
			checkPlaces(t, sdl, ds)
		})
	})
}

func FuzzSelection(f *testing.F) {
	for _, s := range []string{
		"id a b { x y }", "$.data.items { id: $ }", "id: $.x.y, a: $(1) # done", `b: $.list { x: "text" y: $("ONE") }`,
		`$.u { ... kind->match(["t", { __typename: "T" id }], [@, { __typename: "B", x }]) }`, "... $.a { id }", "a?.b ?. c", "ids: $batch.id in: { a: $args.in.a }",
		"$args.in { a }", "[1, [2, null], \"x\"]", "$", "@", "{", "}", "a: {", "'quo\\'ted': 1", "-", "1e", "->", "x->y(z)", "$(", "...", "\"\"", "a:a:a",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		within(t, "a selection", func() {
			sdl := around("/t", s)
			g, ds := Parse("f", sdl)
			checkPlaces(t, sdl, ds)
			if g == nil {
				return
			}
			// what is printed reads as the same again
			op := g.Query().Field("one").Operations
			if len(op) == 0 || op[0].Selection == nil || ds.Failed() {
				return
			}
			first := op[0].Selection.String()
			again, _ := Parse("f", around("/t", first))
			if got := again.Query().Field("one").Operations[0].Selection; got != nil && got.String() != first {
				t.Fatalf("%q reads as %q", first, got)
			}
		})
	})
}

func FuzzDocument(f *testing.F) {
	for _, s := range []string{"{ a }", "query Q($a: [Int!]! = [1, 2], $b: String) @x(y: $b) { a: b(c: $a, d: { e: \"f\\n\", g: [H, null, 1.5e3] }) @include(if: true) { ...F ... on T { c } ... { d } } } fragment F on T { x y: z { w } }",
		"mutation { a }", "subscription { a }", "{ ...A } fragment A on T { ...B } fragment B on T { ...A }", "{ a(b: \"\"\"block \\\"\"\" text\"\"\") }", "", "{", "query($a: Int) { a }"} {
		f.Add(s, "a.c")
	}
	f.Fuzz(func(t *testing.T, s, field string) {
		parse := func(query string) (*Operation, *Document) {
			sdl := []byte(`extend schema @source(name: "s", graphql: { url: "{$env.URL}" })
scalar JSON
type Query { t: T @connect(source: "s", graphql: { query: ` + quoteSDL(query) + `, variables: "a: 1" }, selection: "$.a { c }") }
type T { c: JSON }`)
			g, ds := Parse("f", sdl)
			checkPlaces(t, sdl, ds)
			if g == nil || len(g.Operations) == 0 || g.Operations[0].GraphQL == nil {
				return nil, nil
			}
			return g.Operations[0], g.Operations[0].GraphQL.Query
		}
		within(t, "a query", func() {
			op, doc := parse(s)
			if doc == nil {
				return
			}
			// what is printed reads as the same again, whole and pruned
			_, again := parse(doc.String())
			if again == nil || again.String() != doc.String() {
				t.Fatalf("%q reads as %v", doc, again)
			}
			if op.Selection == nil {
				return
			}
			if pruned := op.Prune([]string{field}).String(); len(pruned) > 0 {
				if _, again := parse(pruned); again == nil || again.String() != pruned {
					t.Fatalf("%q pruned reads as %v", pruned, again)
				}
			}
		})
	})
}

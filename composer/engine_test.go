package composer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"facet/asker"
	"facet/composer"
	"facet/fault"
	"facet/graph"
	"facet/tiers/fake"
	"facet/view"
	"facet/view/viewtest"
)

// A world is an engine over fakes.
type world struct {
	t      testing.TB
	g      *graph.Graph
	tier   *fake.Tier
	engine *composer.Engine
	asker  *asker.Asker
}

func parse(t testing.TB, file string) *graph.Graph {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	g, diags := graph.Parse(file, text)
	if diags.Failed() {
		t.Fatal(diags)
	}
	return g
}

func newWorld(t testing.TB, file string, b *view.Build, computes ...view.Compute) *world {
	t.Helper()
	g := parse(t, file)
	b.Graph = g.Digest
	s, diags := view.NewSurface("tv", "v3", b)
	if diags.Failed() {
		t.Fatal(diags)
	}
	w := &world{t: t, g: g, tier: fake.New(), asker: &asker.Asker{
		Viewer: asker.Viewer{ID: "v1", Profile: "p1", Profiles: []string{"p1", "p2"}, SignedIn: true},
		Device: asker.Device{Type: "tv", Form: "tv"}, Locale: "en-US",
	}}
	e, err := composer.NewEngine(composer.Config{Graph: g, Surface: s, Tiers: w.tier.For(g), Computes: [][]view.Compute{computes}})
	if err != nil {
		t.Fatal(err)
	}
	w.engine = e
	return w
}

func (w *world) ask(r *composer.Request) composer.Part {
	w.t.Helper()
	if r.Asker == nil {
		r.Asker = w.asker
	}
	for p := range w.engine.Answer(context.Background(), r) {
		if r.Format == composer.FormatTree && !json.Valid(p.Data) {
			w.t.Fatalf("not JSON: %s", p.Data)
		}
		return p
	}
	w.t.Fatal("no part")
	return composer.Part{}
}

func progress(_ *view.Account, in [][]byte, dst []byte) ([]byte, error) {
	if in[0] == nil || in[1] == nil {
		return append(dst, `{"minutesLeft":null,"state":"NEW"}`...), nil
	}
	return fmt.Appendf(dst, `{"minutesLeft":%s,"state":"STARTED"}`, in[0]), nil
}

// filmWorld is the TV home over fakes: 3 rows of 4 items, films t0…t11.
func filmWorld(t testing.TB, series bool) *world {
	w := newWorld(t, "testdata/films.graphqls", viewtest.Home(), progress)
	titles := map[string]any{}
	art := map[string]any{}
	marks := map[string]any{}
	for i := range 30 {
		id := fmt.Sprintf("t%d", i)
		titles[id] = map[string]any{"id": id, "title": fmt.Sprintf("Film %d", i), "runtimeMinutes": 90 + i,
			"similar": []any{map[string]any{"id": fmt.Sprintf("t%d", i+1)}, map[string]any{"id": fmt.Sprintf("t%d", i+2)}}}
		art[fake.Key(id, "342")] = map[string]any{"artwork": map[string]any{"url": "http://art/" + id, "width": 342}}
		if i%2 == 0 {
			marks[fake.Key(id, "p1")] = map[string]any{"bookmark": map[string]any{"positionSeconds": i * 60}}
		}
	}
	w.tier.Rows("catalog.Title", fake.NewTable(titles))
	w.tier.Rows("catalog.Series", fake.NewTable(map[string]any{"s1": map[string]any{"id": "s1", "title": "Series 1", "seasonCount": 3}}))
	w.tier.Rows("artwork.Title.artwork", fake.NewTable(art).Keyed("id", "width"))
	w.tier.Rows("bookmarks.Title.bookmark", fake.NewTable(marks).Keyed("id", "profile"))
	w.tier.Rows("profiles.Profile", fake.NewTable(map[string]any{"p1": map[string]any{"id": "p1", "name": "Ann"}}))
	w.tier.Static("profiles.Profile.recentSearches", `{"searches":["a","b","c","d"]}`)
	w.tier.List("rows.Profile.rows", func(r *fake.Request) ([]any, error) {
		var rows []any
		for i := range 3 {
			var items []any
			for j := range 4 {
				items = append(items, map[string]any{"__typename": "Title", "id": fmt.Sprintf("t%d", i*3+j)})
			}
			if series {
				items = append(items, map[string]any{"__typename": "Series", "id": "s1"})
			}
			rows = append(rows, map[string]any{"name": fmt.Sprintf("Row %d", i), "items": items})
		}
		return rows, nil
	})
	return w
}

func nodes(names ...any) []*composer.Node {
	var out []*composer.Node
	for _, n := range names {
		switch n := n.(type) {
		case string:
			out = append(out, &composer.Node{Key: n, Name: n, Window: -1})
		case []*composer.Node:
			out[len(out)-1].Sub = n
		}
	}
	return out
}

func view1(name string, sub []*composer.Node, args ...composer.Arg) *composer.Selection {
	return &composer.Selection{Roots: []*composer.Root{{Kind: composer.RootView, Key: name, Name: name, Args: args, Sub: sub, Window: -1}}}
}

func TestHome(t *testing.T) {
	w := filmWorld(t, false)
	sel := view1("home", nodes("name", "recent", "rows", nodes("name", "items", nodes("__typename", "key", "title", "art", "progress"))))
	for _, n := range sel.Roots[0].Sub[2].Sub[1].Sub[1:] {
		n.On = []string{"Card"}
	}
	p := w.ask(&composer.Request{Selection: sel})
	t.Logf("%s", p.Data)
	for _, e := range p.Errors {
		t.Errorf("%v %s %s %v", e.Path, e.Kind, e.Message, e.Err)
	}
	if p.Stats.Calls != 6 || p.Stats.Levels != 2 {
		t.Errorf("%d calls in %d levels, want 6 in 2", p.Stats.Calls, p.Stats.Levels)
	}
	_ = fault.Invalid
}

package servetest_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"facet/asker"
	"facet/composer"
	"facet/fault"
	"facet/graph"
	"facet/serve"
	"facet/serve/graphql"
	"facet/serve/jsongraph"
	"facet/serve/rest"
	"facet/serve/servetest"
	"facet/tiers/fake"
	"facet/view"
	"facet/view/viewtest"
)

// A world is the hand-made home over fakes, behind three protocols.
type world struct {
	tier     *fake.Tier
	engine   *composer.Engine
	handlers servetest.Handlers
}

func films(t testing.TB) *world {
	t.Helper()
	text, err := os.ReadFile("testdata/films.graphqls")
	if err != nil {
		t.Fatal(err)
	}
	g, diags := graph.Parse("films.graphqls", text)
	if diags.Failed() {
		t.Fatal(diags.Err())
	}
	b := viewtest.Home()
	b.Graph = g.Digest
	s, diags := view.NewSurface("tv", "v3", b)
	if diags.Failed() {
		t.Fatal(diags.Err())
	}
	w := &world{tier: fake.New()}
	w.fill()
	w.engine, err = composer.NewEngine(composer.Config{Graph: g, Surface: s, Tiers: w.tier.For(g), Computes: [][]view.Compute{{progress}}})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/{device}/{schema}/graphql", graphql.New(graphql.Options{Views: w, Asker: ann, Introspection: true, Done: func(_ *http.Request, o serve.Outcome) {
		if fault.KindOf(o.Failed) == fault.Internal {
			t.Error(o.Failed)
		}
	}}))
	mux.Handle("/{device}/{schema}/model.json", jsongraph.New(jsongraph.Options{Views: w, Asker: ann}))
	mux.Handle("/{device}/{schema}/", rest.New(rest.Options{Views: w, Asker: ann}))
	w.handlers = servetest.Handlers{GraphQL: mux, REST: mux, Graph: mux}
	return w
}

func progress(_ *view.Account, in [][]byte, dst []byte) ([]byte, error) {
	if in[0] == nil || in[1] == nil || string(in[1]) == "null" {
		return append(dst, `{"minutesLeft":null,"state":"NEW"}`...), nil
	}
	return fmt.Appendf(dst, `{"minutesLeft":%s,"state":"STARTED"}`, in[0]), nil
}

func ann(_ *http.Request, device string) (*asker.Asker, error) {
	return &asker.Asker{Viewer: asker.Viewer{ID: "v1", Profile: "p1", Profiles: []string{"p1"}, SignedIn: true},
		Device: asker.Device{Type: device, Form: device}, Locale: "en-US"}, nil
}

// Find finds the one schema.
func (w *world) Find(_ context.Context, device, schema string, _ *asker.Asker) (composer.Answerer, func(), error) {
	if device != "tv" || schema != "v3" {
		return nil, nil, fault.New(fault.NotFound, "there is no such schema")
	}
	return w.engine, func() {}, nil
}

// Near knows no names.
func (w *world) Near(string, string) []string { return nil }

type row = map[string]any

// fill scripts the tiers: 30 films, of which t9 is gone, and rows that hold films, a series, a trailer.
func (w *world) fill() {
	titles, art, marks := row{}, row{}, row{}
	for i := range 30 {
		id := fmt.Sprintf("t%d", i)
		art[fake.Key(id, "342")] = row{"artwork": row{"url": "http://art/" + id, "width": 342}}
		if i%2 == 0 {
			marks[fake.Key(id, "p1")] = row{"bookmark": row{"positionSeconds": i * 60}}
		}
		if i != 9 {
			titles[id] = row{"id": id, "title": fmt.Sprintf("Film \"%d\" ü", i), "runtimeMinutes": 90 + i,
				"similar": []any{row{"id": fmt.Sprintf("t%d", i+1)}, row{"id": fmt.Sprintf("t%d", (i+2)%30)}}}
		}
	}
	bookmarks := fake.NewTable(marks).Keyed("id", "profile")
	w.tier.Rows("catalog.Title", fake.NewTable(titles))
	w.tier.Rows("catalog.Series", fake.NewTable(row{"s1": row{"id": "s1", "title": "Series 1", "seasonCount": 3}}))
	w.tier.Rows("artwork.Title.artwork", fake.NewTable(art).Keyed("id", "width"))
	w.tier.Rows("bookmarks.Title.bookmark", bookmarks)
	w.tier.Rows("profiles.Profile", fake.NewTable(row{"p1": row{"id": "p1", "name": "Ann"}}))
	w.tier.Static("profiles.Profile.recentSearches", `{"searches":["a","b","c","d"]}`)
	w.tier.List("rows.Profile.rows", func(*fake.Request) ([]any, error) {
		var rows []any
		for i := range 5 {
			items := []any{row{"__typename": "Title", "id": fmt.Sprintf("t%d", i*4)}, row{"__typename": "Series", "id": "s1"},
				row{"__typename": "Trailer", "url": "http://trailer"}, row{"__typename": "Title", "id": fmt.Sprintf("t%d", i*4+1)}}
			rows = append(rows, row{"name": fmt.Sprintf("Row %d", i), "items": items[:4-i%2]})
		}
		return rows, nil
	})
	w.tier.List("catalog.Query.search", func(r *fake.Request) ([]any, error) {
		return []any{row{"id": "t1"}, row{"id": "t9"}, row{"id": "t3"}, row{"id": "t4"}}, nil
	})
	w.tier.Static("catalog.Query.genre", `{"titles":[{"id":"t5","title":"Film 5"},{"id":"t6","title":"Film 6"}]}`)
	w.tier.Func("bookmarks.Mutation.setBookmark", func(r *fake.Request) (any, error) {
		bookmarks.Put(fake.Key(r.Arg("title"), r.Arg("profile")), row{"bookmark": row{"positionSeconds": r.Int("positionSeconds")}})
		return fake.Answer(r, row{"title": row{"id": r.Arg("title")}, "positionSeconds": r.Int("positionSeconds")}), nil
	})
}

const card = "__typename,id,key,title,art,progress(minutesLeft,state)"

func questions() []servetest.Question {
	of := func(q servetest.Question) servetest.Question { q.Device, q.Schema = "tv", "v3"; return q }
	return []servetest.Question{
		of(servetest.Question{Name: "home", View: "home", Fields: "name,rows(name,items(" + card + ",seasons))"}),
		of(servetest.Question{Name: "a list of scalars", View: "home", Fields: "recent"}),
		of(servetest.Question{Name: "long lists", View: "home", Fields: "rows(name,items(__typename,title))", First: 10}),
		of(servetest.Question{Name: "lengths", View: "home", Fields: "rowsPage(length),rows(itemsPage(length),items(key))", First: 2}),
		of(servetest.Question{Name: "film", View: "film", Args: map[string]any{"id": "t2"}, Fields: card + ",similar(title,similar(key))"}),
		of(servetest.Question{Name: "a film that is gone", View: "film", Args: map[string]any{"id": "t9"}, Fields: card}),
		of(servetest.Question{Name: "a hole in a list", View: "film", Args: map[string]any{"id": "t8"}, Fields: "similar(title),similarPage(length)"}),
		of(servetest.Question{Name: "genre", View: "byGenre", Args: map[string]any{"genre": "CRIME"}, Fields: "titles(" + card + ")"}),
		of(servetest.Question{Name: "entity", Shape: "Card", Key: "t4", Fields: card}),
		of(servetest.Question{Name: "series", Shape: "SeriesCard", Key: "s1", Fields: "id,key,title,seasons"}),
		of(servetest.Question{Name: "nobody", Shape: "Card", Key: "nobody", Fields: "key,title"}),
		of(servetest.Question{Name: "mutation", Mutation: "setBookmark", Args: map[string]any{"title": "t3", "positionSeconds": 60}, Fields: card}),
	}
}

func TestThreeProtocolsAgree(t *testing.T) {
	w := films(t)
	servetest.Run(t, w.engine.Surface(), w.handlers, questions()...)
}

// What fails, fails alike: only JSON Graph keeps values beside an error where GraphQL propagates a null.
func TestThreeProtocolsAgreeOnTrouble(t *testing.T) {
	for name, break_ := range map[string]func(w *world){
		"a dead tier":      func(w *world) { w.tier.Fail("artwork.Title.artwork", fault.Unavailable) },
		"a dead catalog":   func(w *world) { w.tier.Fail("catalog.Title", fault.Timeout) },
		"dead series":      func(w *world) { w.tier.Fail("catalog.Series", fault.Unavailable) },
		"garbage":          func(w *world) { w.tier.Garbage("bookmarks.Title.bookmark") },
		"garbage of rows":  func(w *world) { w.tier.Garbage("rows.Profile.rows") },
		"a truncated body": func(w *world) { w.tier.Truncate("catalog.Title") },
		"nobody's profile": func(w *world) { w.tier.Rows("profiles.Profile", fake.NewTable(nil)) },
		"no searches":      func(w *world) { w.tier.Fail("profiles.Profile.recentSearches", fault.Unavailable) },
		"a value of a wrong type": func(w *world) {
			w.tier.Change("catalog.Title", func(b []byte) []byte {
				return []byte(strings.Replace(string(b), `"Film \"4\" ü"`, `4`, 1))
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := films(t)
			break_(w)
			list := slices.DeleteFunc(questions(), func(q servetest.Question) bool { return q.Mutation != "" })
			servetest.Run(t, w.engine.Surface(), w.handlers, list...)
		})
	}
}

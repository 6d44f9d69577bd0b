package jsongraph_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"facet/asker"
	"facet/composer"
	"facet/graph"
	"facet/serve/jsongraph"
	"facet/tiers"
	"facet/view"
	"facet/view/viewtest"
)

// contestPaths is the contest page as falcor-router's peer asks for it: 20 rows of 20 titles with eight fields each.
const contestPaths = `[["home",["name","recent"]],["home","rows",{"from":0,"to":19},"name"],["home","rows",{"from":0,"to":19},"items",{"from":0,"to":19},["id","title","year","runtimeMinutes","rating","synopsis","art","at"]]]`

// A canned tier answers each operation with the same bytes.
type canned map[string][]byte

func (c canned) Call(_ context.Context, call *tiers.Call) (*tiers.Answer, error) {
	return &tiers.Answer{Body: c[call.Operation.ID]}, nil
}

type fixed struct{ e *composer.Engine }

func (f fixed) Find(context.Context, string, string, *asker.Asker) (composer.Answerer, func(), error) {
	return f.e, func() {}, nil
}

func (f fixed) Near(string, string) []string { return nil }

// contestBuild has one view, of rows of cards; nothing of it is computed.
func contestBuild() *view.Build {
	r := &viewtest.Recorder{}
	me := r.Context("viewer.profile.id", "ID")
	p := r.Guarded(view.OpNotFound, r.Query("profile", "Profile", viewtest.Named("id", me)), view.None, 0, "Profile!")
	twenty := r.Literal("20", "Int!")
	rows := r.Page(r.Field(p, "rows", "[Row!]!"), twenty, 40, "[Row!]!")
	row := r.Item(rows, "Row!")
	items := r.Page(r.Field(row, "items", "[Title!]!"), twenty, 75, "[Title!]!")
	item := r.Item(items, "Title!")
	home := &view.View{Name: "home", Output: viewtest.Tree("Home", view.None, true,
		viewtest.Field("name", viewtest.Leaf(r.Field(p, "name", "String!"), "String!"), "viewer.profile.id"),
		viewtest.Field("recent", viewtest.Leaf(r.Field(p, "recentSearches", "[String!]!"), "[String!]!"), "viewer.profile.id"),
		viewtest.Field("rows", viewtest.Many(rows, row, true, true, viewtest.Tree("HomeRows", row, true,
			viewtest.Field("name", viewtest.Leaf(r.Field(row, "name", "String!"), "String!")),
			viewtest.Field("items", viewtest.Many(items, item, true, true, viewtest.Ref("Card", item))))), "viewer.profile.id"))}
	home.Scope = r.Scope

	r = &viewtest.Recorder{}
	t := r.Add(view.OpEntity, view.None, "Title!", nil)
	art := r.Field(r.Field(t, "artwork", "Artwork"), "url", "String!")
	at := r.Field(r.Field(t, "bookmark", "Bookmark"), "positionSeconds", "Int!")
	card := &view.Shape{Name: "Card", Type: "Title", Keyed: true, Loadable: true, Subject: t, Output: viewtest.Tree("Card", t, true,
		viewtest.Field("title", viewtest.Leaf(r.Field(t, "title", "String!"), "String!")),
		viewtest.Field("year", viewtest.Leaf(r.Field(t, "year", "Int"), "Int")),
		viewtest.Field("runtimeMinutes", viewtest.Leaf(r.Field(t, "runtimeMinutes", "Int"), "Int")),
		viewtest.Field("rating", viewtest.Leaf(r.Field(t, "rating", "String!"), "String!")),
		viewtest.Field("synopsis", viewtest.Leaf(r.Field(t, "synopsis", "String!"), "String!")),
		viewtest.Field("art", viewtest.Leaf(art, "String")),
		viewtest.Field("at", viewtest.Leaf(at, "Int")))}
	card.Scope = r.Scope
	return &view.Build{Format: view.Format, Package: "@tv/contest", Version: "1.0.0", Devices: []string{"tv"}, Schema: "v1",
		Views: []*view.View{home}, Shapes: []*view.Shape{card}}
}

func newContest(b testing.TB) http.Handler {
	text, err := os.ReadFile("../../loadtest/contest/graph.graphqls")
	if err != nil {
		b.Fatal(err)
	}
	g, ds := graph.Parse("contest.graphqls", text)
	if ds.Failed() {
		b.Fatal(ds.Err())
	}
	build := contestBuild()
	build.Graph = g.Digest
	s, ds := view.NewSurface("tv", "v1", build)
	if ds.Failed() {
		b.Fatal(ds.Err())
	}
	byTier := composer.TiersBySource{}
	for _, src := range g.Sources {
		byTier[src.Name] = contestTier(b)
	}
	e, err := composer.NewEngine(composer.Config{Graph: g, Surface: s, Tiers: byTier})
	if err != nil {
		b.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/{device}/{schema}/model.json", jsongraph.New(jsongraph.Options{Views: fixed{e}, Asker: func(_ *http.Request, device string) (*asker.Asker, error) {
		return &asker.Asker{Viewer: asker.Viewer{ID: "v", Profile: "p1", Profiles: []string{"p1"}, SignedIn: true}, Device: asker.Device{Type: device, Form: device}, Locale: "en-US"}, nil
	}}))
	return mux
}

func contestTier(b testing.TB) canned {
	var rows, titles, art, marks []any
	for i := range 20 {
		var items []any
		for j := range 20 {
			id := fmt.Sprintf("title-%04d", (i*20+j)%240) // most stand in two rows
			items = append(items, row{"id": id})
		}
		rows = append(rows, row{"name": fmt.Sprintf("Row number %d", i), "items": items})
	}
	for i := range 800 { // the rows name 400 of them
		id := fmt.Sprintf("title-%04d", i)
		titles = append(titles, row{"id": id, "title": fmt.Sprintf("The Long Way Home, Part %d", i), "year": 1950 + i%70, "runtimeMinutes": 80 + i%100, "rating": "PG-13",
			"synopsis": fmt.Sprintf("In film %d an old friend returns.", i)})
		art = append(art, row{"id": id, "url": "https://images.example.org/art/342/" + id + "/cover.jpg"})
		marks = append(marks, row{"id": id, "positionSeconds": 60 * i})
	}
	c := canned{}
	for op, v := range map[string]any{"rows.Profile.rows": row{"rows": rows, "total": 20}, "catalog.Title": row{"titles": titles}, "artwork.Title.artwork": row{"artwork": art},
		"bookmarks.Title.bookmark": row{"bookmarks": marks}, "profiles.Profile": row{"id": "p1", "name": "Ann", "recentSearches": []string{"a", "b", "c"}}} {
		j, err := json.Marshal(v)
		if err != nil {
			b.Fatal(err)
		}
		c[op] = j
	}
	return c
}

// BenchmarkContest is the contest page over tiers in memory, by GET as the stock client asks.
func BenchmarkContest(b *testing.B) {
	h := newContest(b)
	target := "/tv/v1/model.json?" + url.Values{"paths": {contestPaths}, "method": {"get"}}.Encode()
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest("GET", target, nil))
	if rec.Code != 200 || strings.Contains(rec.Body.String(), `"error"`) {
		at := strings.Index(rec.Body.String(), `"error"`)
		b.Fatal(rec.Code, rec.Body.String()[max(0, at-100):min(rec.Body.Len(), at+300)])
	}
	b.SetBytes(int64(rec.Body.Len()))
	r := httptest.NewRequest("GET", target, nil)
	b.ReportAllocs()
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	from := used()
	for b.Loop() {
		h.ServeHTTP(sink{http.Header{}}, r)
	}
	b.ReportMetric(float64(used()-from)/float64(b.N), "cpu-ns/op")
}

package jsongraph_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"facet/asker"
	"facet/composer"
	"facet/fault"
	"facet/graph"
	"facet/serve/jsongraph"
	"facet/tiers/fake"
	"facet/view"
	"facet/view/viewtest"
)

// A live world is the handler over the composer over scripted tiers.
type live struct {
	tier    *fake.Tier
	engine  *composer.Engine
	handler http.Handler
}

func (l *live) Find(context.Context, string, string, *asker.Asker) (composer.Answerer, func(), error) {
	return l.engine, func() {}, nil
}

func (l *live) Near(string, string) []string { return nil }

func newLive(t testing.TB) *live {
	text, err := os.ReadFile("testdata/films.graphqls")
	if err != nil {
		t.Fatal(err)
	}
	g, ds := graph.Parse("films.graphqls", text)
	if ds.Failed() {
		t.Fatal(ds.Err())
	}
	home, team := viewtest.Home(), people()
	home.Graph, team.Graph = g.Digest, g.Digest
	s, ds := view.NewSurface("tv", "v3", home, team)
	if ds.Failed() {
		t.Fatal(ds.Err())
	}
	l := &live{tier: films()}
	compute := []view.Compute{progress}
	if l.engine, err = composer.NewEngine(composer.Config{Graph: g, Surface: s, Tiers: l.tier.For(g), Computes: [][]view.Compute{compute, compute}}); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/{device}/{schema}/model.json", jsongraph.New(jsongraph.Options{Views: l, Asker: liveAsker}))
	l.handler = mux
	return l
}

func liveAsker(_ *http.Request, device string) (*asker.Asker, error) {
	return &asker.Asker{Viewer: asker.Viewer{ID: "v", Profile: "demo", Profiles: []string{"demo", "kid"}, SignedIn: true}, Device: asker.Device{Type: device, Form: device}, Locale: "en-US"}, nil
}

func progress(_ *view.Account, in [][]byte, dst []byte) ([]byte, error) {
	if len(in[1]) == 0 || string(in[1]) == "null" {
		return append(dst, `{"minutesLeft":null,"state":"NEW"}`...), nil
	}
	return fmt.Appendf(dst, `{"minutesLeft":%s,"state":"STARTED"}`, in[1]), nil
}

type row = map[string]any

// films scripts 30 titles, of which t9 is gone and t13 cannot be loaded with its neighbours' artwork, and 5 rows of them.
func films() *fake.Tier {
	f := fake.New()
	titles, art := row{}, row{}
	for i := range 30 {
		id := fmt.Sprintf("t%d", i)
		art[fake.Key(id, "342")] = row{"artwork": row{"url": "http://art/" + id, "width": 342}}
		if i != 9 {
			titles[id] = row{"id": id, "title": "Film " + id, "runtimeMinutes": 90 + i, "similar": []any{row{"id": fmt.Sprintf("t%d", (i+1)%30)}, row{"id": fmt.Sprintf("t%d", (i+2)%30)}}}
		}
	}
	bookmarks := fake.NewTable(row{fake.Key("t20", "demo"): row{"bookmark": row{"positionSeconds": 60}},
		fake.Key("t20", "kid"): row{"bookmark": row{"positionSeconds": 90}}}).Keyed("id", "profile")
	var mu sync.Mutex
	list := []any{row{"id": "t3"}}
	f.Rows("catalog.Title", fake.NewTable(titles))
	f.Rows("catalog.Series", fake.NewTable(row{"s1": row{"id": "s1", "title": "Series 1", "seasonCount": 3}}))
	f.Rows("artwork.Title.artwork", fake.NewTable(art).Keyed("id", "width"))
	f.Rows("bookmarks.Title.bookmark", bookmarks)
	f.Rows("profiles.Profile", fake.NewTable(row{"demo": row{"id": "demo", "name": "Demo"}}))
	f.Static("profiles.Profile.recentSearches", `{"searches":["jaws","heat","alien","ran"]}`)
	f.List("profiles.Profile.myList", func(*fake.Request) ([]any, error) {
		mu.Lock()
		defer mu.Unlock()
		return append([]any{}, list...), nil
	})
	f.List("rows.Profile.rows", func(*fake.Request) ([]any, error) {
		var rows []any
		for i := range 5 {
			rows = append(rows, row{"name": fmt.Sprintf("Row %d", i), "items": []any{row{"__typename": "Title", "id": fmt.Sprintf("t%d", i*4)},
				row{"__typename": "Series", "id": "s1"}, row{"__typename": "Trailer", "url": "x"}, row{"__typename": "Title", "id": fmt.Sprintf("t%d", i*4+1)}}})
		}
		return rows, nil
	})
	f.Static("catalog.Query.genre", `{"titles":[{"id":"t5","title":"Film t5"},{"id":"t6","title":"Film t6"}]}`)
	f.Static("catalog.Query.search", `{"titles":[]}`)
	f.Func("bookmarks.Mutation.setBookmark", func(r *fake.Request) (any, error) {
		if r.Arg("title") == "t0" {
			return nil, fault.New(fault.Unavailable, "the tier failed")
		}
		bookmarks.Put(fake.Key(r.Arg("title"), r.Arg("profile")), row{"bookmark": row{"positionSeconds": r.Int("positionSeconds")}})
		return fake.Answer(r, row{"title": row{"id": r.Arg("title")}, "positionSeconds": r.Int("positionSeconds")}), nil
	})
	f.Func("profiles.Mutation.addToMyList", func(r *fake.Request) (any, error) {
		mu.Lock()
		defer mu.Unlock()
		list = append(list, row{"id": r.Arg("title")})
		return fake.Answer(r, row{"title": row{"id": r.Arg("title")}}), nil
	})
	return f
}

func TestLive(t *testing.T) {
	for _, c := range []struct {
		name, paths, graph string
		calls              int
	}{
		{"a home page", `[["home",["name","recent"]],["home","rows",["length",{"to":1}],["name"]],["home","rows",{"to":1},"items",{"to":3},["title","art","seasons","key"]]]`, "", 6},
		{"what is not asked costs nothing", `[["home","name"]]`, `{"home":{"name":{"$type":"atom","$expires":-30000,"value":"Demo"}}}`, 1},
		{"a film", `[["film","t1",["title","progress","id","key","__typename"]]]`,
			`{"film":{"t1":{"$type":"ref","value":["Card","t1"]}},"Card":{"t1":{"title":"Film t1","id":"Card:t1","key":"t1","__typename":"Card","progress":{"$type":"atom","value":{"minutesLeft":null,"state":"NEW"}}}}}`, 2},
		{"a reference alone", `[["film","t1"]]`, "", -1},
		{"entities", `[["Card",["t1","t2","t9"],"title"],["Card","t3",["title","nope"]]]`,
			`{"Card":{"t1":{"title":"Film t1"},"t2":{"title":"Film t2"},"t9":{"$type":"atom"},"t3":{"title":"Film t3","nope":{"$type":"atom"}}}}`, 1},
		{"a film that is gone", `[["film","t9","title"]]`, "", 1},
		{"nobody", `[["Card","nobody",["title","key"]]]`, "", 1},
		{"an id of a path", `[["Card","../t1?x#y","title"]]`, "", 1},
		{"recursion", `[["Card","t1","similar",{"to":1},"similar",["length",1],"title"]]`, "", 3},
		{"past the end", `[["home","rows",{"from":3,"to":7},"name"],["home","rows","length"]]`, "", -1},
		{"unequal indices", `[["home","rows",0,"name"],["home","rows",{"from":1,"to":2},"items",0,"title"],["home","rows",2,["name"]]]`, "", -1},
		{"members that lack a field", `[["home","rows",0,"items",{"to":3},["seasons","progress","title"]]]`, "", -1},
		{"a trailer, which has no arm", `[["home","rows",0,"items",2,"title"]]`, `{"home":{"rows":{"0":{"items":{"2":{"$type":"atom","$expires":-30000,"value":null}}}}}}`, -1},
		{"an enum", `[["byGenre","DRAMA","titles",["length",{"to":2}],"title"]]`, "", -1},
		{"my list", `[["me",["name","id"]],["me","myList",["length",{"to":3}],"title"]]`, "", -1},
		{"a shape under arguments", `[["Watched",["demo","kid"],["t20","t21"],["at","key"]]]`,
			`{"Watched":{"demo":{"t20":{"at":60,"key":"t20"},"t21":{"at":null,"key":"t21"}},"kid":{"t20":{"at":90,"key":"t20"},"t21":{"at":null,"key":"t21"}}}}`, -1},
		{"everything unknown", `[["nope"],["home","nope"],["Card","t1","nope","x"],["search","x"]]`, "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLive(t)
			rec, e := get(t, l.handler, c.paths)
			if rec.Code != 200 {
				t.Fatalf("got %d %s", rec.Code, rec.Body)
			}
			var asked []any
			_ = json.Unmarshal([]byte(c.paths), &asked)
			if err := check(e.JSONGraph, asked); err != nil {
				t.Errorf("%v in %s", err, rec.Body)
			}
			if got := l.tier.Count("*"); c.calls >= 0 && got != c.calls {
				t.Errorf("got %d calls, want %d", got, c.calls)
			}
			if strings.Contains(rec.Body.String(), `"error"`) {
				t.Errorf("got %s", rec.Body)
			}
			if c.graph == "" {
				return
			}
			var want map[string]any
			if err := json.Unmarshal([]byte(c.graph), &want); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, e.JSONGraph); d != "" {
				t.Error(d)
			}
		})
	}
}

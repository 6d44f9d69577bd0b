package jsongraph_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"facet/fault"
	"facet/serve/jsongraph"
)

type envelope struct {
	JSONGraph   map[string]any `json:"jsonGraph"`
	Paths       []any          `json:"paths"`
	Invalidated []any          `json:"invalidated"`
}

func get(t testing.TB, h http.Handler, paths string) (*httptest.ResponseRecorder, envelope) {
	t.Helper()
	r := httptest.NewRequest("GET", "/tv/v3/model.json?paths="+url.QueryEscape(paths)+"&method=get", nil)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	var e envelope
	if w.Code == 200 {
		if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil {
			t.Fatalf("%v: %s", err, w.Body)
		}
	}
	return w, e
}

func TestGet(t *testing.T) {
	for _, c := range []struct {
		name  string
		paths string
		asks  string // what the composer is asked
		graph string // what the reply's graph is; "": not looked at
	}{
		{"a leaf", `[["home","name"]]`, "homehome{name}", `{"home":{"name":"Demo"}}`},
		{"several fields", `[["home",["name","recent"]]]`, "homehome{name recent}",
			`{"home":{"name":"Demo","recent":{"$type":"atom","value":["jaws","heat"]}}}`},
		{"a range, through references", `[["home","rows",{"to":1},"items",{"from":0,"length":2},"title"]]`, "homehome{rows[{0 1}]{items[{0 1}]{title@Card title@SeriesCard}}}", ""},
		{"overlaps and duplicates", `[["home","rows",[0,{"from":0,"to":2},"2"],"name"],["home","rows",1,"name"],["home","rows",{"from":2,"to":3},"name"]]`,
			"homehome{rows[{0 0}]{name} rows[{1 1}]{name} rows[{2 2}]{name} rows[{3 3}]{name}}", ""},
		{"unequal indices are asked apart", `[["home","rows",0,"name"],["home","rows",{"from":1,"to":3},"items",0]]`,
			"homehome{rows[{0 0}]{name} rows[{1 3}]{items[{0 0}]}}", ""},
		{"length", `[["home","rows",["length",{"to":1}],["name"]],["home","rows","length"]]`, "homehome{rows[{0 1}]{length name}}", ""},
		{"length alone", `[["home","rows","length"]]`, "homehome{rows[]{length}}", `{"home":{"rows":{"length":4}}}`},
		{"a reference", `[["film","film-1"]]`, "filmfilm/film-1", `{"film":{"film-1":{"$type":"ref","value":["Card","film-1"]}}}`},
		{"through a reference", `[["film",["film-1","film-2"],"title"]]`, "filmfilm/film-1{title}\nfilmfilm/film-2{title}", ""},
		{"entities", `[["Card",["film-1","film-2"],["title","key"]],["Card","film-3","title"]]`,
			"Card[\"film-1\",\"film-2\"]{key title}\nCard[\"film-3\"]{title}", ""},
		{"recursion", `[["Card","film-1","similar",0,"similar",1,"title"]]`, `Card["film-1"]{similar[{0 0}]{similar[{1 1}]{title}}}`, ""},
		{"an id with all sorts of characters", `[["Card","a/\"b\" c é👓","title"]]`, `Card["a/\"b\" c é👓"]{title}`, `{"Card":{"a/\"b\" c é👓":{"$type":"atom"}}}`},
		{"a number as a key", `[["Card",1,"title"],["Card","1","title"]]`, `Card["1"]{title}`, `{"Card":{"1":{"$type":"atom"}}}`},
		{"an enum as a key", `[["byGenre","DRAMA","titles",0,"title"]]`, "byGenrebyGenre/DRAMA{titles[{0 0}]{title}}", ""},
		{"a key of a wrong type", `[["byGenre","drama","titles",0,"title"]]`, "", `{"byGenre":{"drama":{"titles":{"0":{"title":{"$type":"atom"}}}}}}`},
		{"an unknown root", `[["nope",1,2]]`, "", `{"nope":{"$type":"atom"}}`},
		{"an unknown field", `[["home","nope"]]`, "", `{"home":{"nope":{"$type":"atom"}}}`},
		{"an unknown field beside a known one", `[["home",["name","nope"]]]`, "homehome{name}", `{"home":{"name":"Demo","nope":{"$type":"atom"}}}`},
		{"an unknown field behind references", `[["home","rows",0,"items",{"to":1},["title","nope"]]]`,
			"homehome{rows[{0 0}]{items[{0 1}]{title@Card title@SeriesCard}}}", ""},
		{"a field that a member lacks", `[["home","rows",0,"items",6,["title","progress"]]]`, "homehome{rows[{0 0}]{items[{6 6}]{progress@Card title@Card title@SeriesCard}}}",
			`{"SeriesCard":{"alien":{"progress":{"$type":"atom"},"title":"Alien"}},"home":{"rows":{"0":{"items":{"6":{"$type":"ref","value":["SeriesCard","alien"]}}}}}}`},
		{"indices past the end", `[["home","rows",{"from":3,"to":5},"name"]]`, "homehome{rows[{3 5}]{name}}",
			`{"home":{"rows":{"3":{"name":"Row 3"},"4":{"name":{"$type":"atom"}},"5":{"name":{"$type":"atom"}}}}}`},
		{"an index that is none", `[["home","rows",["01",-1,1.5],"name"]]`, "", `{"home":{"rows":{"-1":{"name":{"$type":"atom"}},"01":{"name":{"$type":"atom"}},"1.5":{"name":{"$type":"atom"}}}}}`},
		{"an empty range", `[["home","rows",{"from":1,"to":0},"name"],["home","name"]]`, "homehome{name}", `{"home":{"name":"Demo"}}`},
		{"nothing at all", `[]`, "", `{}`},
		{"a branch", `[["home","rows",0]]`, "", `{"home":{"rows":{"0":{"$type":"atom"}}}}`},
		{"an entity as a branch", `[["Card","film-1"]]`, "", `{"Card":{"film-1":{"$type":"atom"}}}`},
		{"past a leaf", `[["home","name","x","y"]]`, "homehome{name}", `{"home":{"name":"Demo"}}`},
		{"a null item", `[["home","rows",0,"items",7,"title"]]`, "homehome{rows[{0 0}]{items[{7 7}]{title@Card title@SeriesCard}}}",
			`{"home":{"rows":{"0":{"items":{"7":null}}}}}`},
		{"a dangling reference", `[["film","gone",["title","key"]]]`, "filmfilm/gone{key title}",
			`{"Card":{"gone":{"$type":"atom"}},"film":{"gone":{"$type":"ref","value":["Card","gone"]}}}`},
		{"a dead entity", `[["Card",["film-1","dead"],"title"]]`, `Card["film-1","dead"]{title}`,
			`{"Card":{"dead":{"title":{"$expires":0,"$type":"error","value":{"code":"unavailable","message":"unavailable"}}},"film-1":{"title":"Film 1"}}}`},
		{"names of JavaScript", `[["__proto__","x"],["Card","__proto__","title"],["Card","film-1",["constructor","title"]],["home","__proto__","polluted"]]`,
			"Card[\"__proto__\"]{title}\nCard[\"film-1\"]{title}", ""},
		{"id, key and type", `[["film","film-1",["id","key","__typename"]]]`, "filmfilm/film-1{__typename id key}", ""},
		{"a view that is not in the JSON Graph", `[["search","x","length"]]`, "", `{"search":{"x":{"length":{"$type":"atom"}}}}`},
		{"a mutation is no value", `[["setBookmark"],["Profile","demo","myList","push"]]`, "", `{"Profile":{"demo":{"myList":{"push":{"$type":"atom"}}}},"setBookmark":{"$type":"atom"}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.broken["Card/dead"] = fault.Unavailable
			rec, e := get(t, handler(w, jsongraph.Options{}), c.paths)
			if rec.Code != 200 {
				t.Fatalf("got %d %s", rec.Code, rec.Body)
			}
			if d := cmp.Diff(c.asks, strings.TrimSpace(show(w.requests))); d != "" {
				t.Error(d)
			}
			var asked []any
			if err := json.Unmarshal([]byte(c.paths), &asked); err != nil {
				t.Fatal(err)
			}
			if err := check(e.JSONGraph, asked); err != nil {
				t.Errorf("%v in %s", err, rec.Body)
			}
			if d := cmp.Diff(asked, e.Paths); d != "" {
				t.Error("paths: ", d)
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

func TestWholeAnswersGoOutAsTheyCame(t *testing.T) {
	w := newWorld(t)
	rec, _ := get(t, handler(w, jsongraph.Options{}), `[["home","name"]]`)
	if got, want := rec.Body.String(), `{"jsonGraph":{"home":{"name":"Demo"}},"paths":[["home","name"]]}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestUnansweredRequests(t *testing.T) {
	many := `[["home","rows",{"to":9007199254740991},"items",{"to":9007199254740991},"similar",{"to":9007199254740991},"title"]]`
	for _, c := range []struct {
		name, paths, text string
		status            int
	}{
		{"no paths", ``, "get needs paths", 400},
		{"no JSON", `[["home"`, "a path does not end", 400},
		{"no array", `{"home":1}`, "paths must be an array", 400},
		{"path syntax", `"home.name"`, "paths must be an array", 400},
		{"a path that is none", `["home"]`, "a path must be an array", 400},
		{"an empty path", `[[]]`, "a path has no keys", 400},
		{"null", `[["home",null]]`, "a key is null", 400},
		{"a nested key set", `[["home",[["name"]]]]`, "a key set stands in a key set", 400},
		{"a range without an end", `[["home","rows",{"from":1}]]`, "a range needs to or length", 400},
		{"a range of halves", `[["home","rows",{"to":1.5}]]`, "whole number", 400},
		{"a range of words", `[["home","rows",{"to":"1"}]]`, "whole number", 400},
		{"a range with more", `[["home","rows",{"to":1,"by":2}]]`, "from and to", 400},
		{"a sentinel's name", `[["home","$type"]]`, "begins with $", 400},
		{"something behind", `[["home","name"]] x`, "something follows", 400},
		{"a bad number", `[["home",01]]`, "a number is not legal", 400},
		{"a comma too many", `[["home","name",]]`, "a value is missing", 400},
		{"ranges beyond counting", many, "more than 9000 paths", 422},
		{"many paths", `[["home","rows",{"to":9000},"name"]]`, "more than 9000 paths", 422},
		{"many path sets", `[` + strings.Repeat(`["a"],`, 9001) + `["a"]]`, "more than 9000 paths", 422},
		{"a long path", `[["Card","film-1"` + strings.Repeat(`,"similar",0`, 100) + `]]`, "more than 200 keys", 422},
		{"depth", strings.Repeat("[", 50_000), "a key set stands in a key set", 400},
		{"long and many", `[["Card",{"to":1999}` + strings.Repeat(`,"similar",0`, 50) + `]]`, "more than 180000 keys in all", 422},
		{"a long key", `[["Card","` + strings.Repeat("x", 2001) + `","title"]]`, "longer than 2000 bytes", 422},
		{"many keys", `[["home",[` + strings.Repeat(`1,`, 45_001) + `1]]]`, "more than 45000 keys", 422},
		{"a branch and what is below", `[["home","rows"],["home","rows",0,"name"]]`, "ends at a branch", 400},
		{"many different things", `[["Card",["a","b"],"similar",[0,1],"similar",0,["title","art","progress","key","id"]],` +
			`["Card","c","similar",[0,1],"similar",0,["title","art"]],["Card","d","similar",[0,1],"similar",1,["title","art"]]]`, "too large", 422},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			rec, _ := get(t, handler(w, jsongraph.Options{Limits: jsongraph.Limits{Nodes: 10}}), c.paths)
			if rec.Code != c.status || !strings.Contains(rec.Body.String(), c.text) {
				t.Errorf("got %d %q, want %d with %q", rec.Code, rec.Body, c.status, c.text)
			}
			if ct := rec.Header().Get("Content-Type"); ct != "text/plain; charset=utf-8" {
				t.Errorf("content type %s", ct)
			}
			if cc := rec.Header().Get("Cache-Control"); cc != "no-store" {
				t.Errorf("cache-control %s", cc)
			}
		})
	}
}

func TestHeaders(t *testing.T) {
	w := newWorld(t)
	h := handler(w, jsongraph.Options{Introspection: true})
	rec, _ := get(t, h, `[["home","name"]]`)
	etag := rec.Header().Get("ETag")
	want := map[string]string{"Cache-Control": "private, max-age=30", "Content-Type": "application/json; charset=utf-8"}
	for n, v := range want {
		if got := rec.Header().Get(n); got != v {
			t.Errorf("%s: got %q, want %q", n, got, v)
		}
	}
	if etag == "" || rec.Header().Get("Facet-Context") == "" || !strings.Contains(rec.Header().Get("Vary"), "Authorization") {
		t.Errorf("got %v", rec.Header())
	}
	r := httptest.NewRequest("GET", `/tv/v3/model.json?method=get&paths=[["home","name"]]`, nil)
	r.Header.Set("If-None-Match", etag)
	rec = httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	if rec.Code != 304 || rec.Body.Len() != 0 {
		t.Errorf("got %d %s", rec.Code, rec.Body)
	}
	w.public = true
	rec, _ = get(t, h, `[["home","name"]]`)
	if got := rec.Header(); got.Get("Cache-Control") != "public, max-age=30" || got.Get("Facet-Context") != "" {
		t.Errorf("a public answer: %v", got)
	}
	w.public = false
	w.broken["Card/film-1"] = fault.Timeout
	rec, _ = get(t, h, `[["film","film-1","title"]]`)
	if got := rec.Header(); got.Get("Cache-Control") != "no-store" || got.Get("ETag") != "" {
		t.Errorf("an answer with an error: %v", got)
	}
	rec = httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest("GET", `/tv/v4/model.json?method=get&paths=[["home","name"]]`, nil))
	if rec.Code != 404 || !strings.Contains(rec.Body.String(), "tv/v3") {
		t.Errorf("got %d %s", rec.Code, rec.Body)
	}
}

package jsongraph_test

import (
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"testing"

	"facet/fault"
	"facet/serve/jsongraph"
)

// FuzzPaths sends any text as paths: the answer is a refusal, or a graph in which every asked path ends.
func FuzzPaths(f *testing.F) {
	for _, s := range []string{
		`[["home",["name","rows"],{"to":2},["name","length","nope"]]]`,
		`[["home","rows",[0,{"from":2,"length":2}],"items",{"to":7},["title","progress","key"]],["Card",["film-1",1,true,"__proto__"],"similar",{"to":3},"title"]]`,
		`[["film","film-1"],["film","gone","title","x"],["me","myList",{"to":2},"id"],["me","nope"]]`,
		`[["byGenre","DRAMA","titles",["length",0,1],"title"],["nope",1.5,1e21,-0]]`,
		`[["home","rows"],["home","rows",0,"name"]]`, `[["a",{"to":9007199254740991},{"to":9007199254740991}]]`, `[[null]]`, `[["\ud800",""]]`, `[[[]]]`, `[["Card","dead","title"]]`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, paths string) {
		w := newWorld(t)
		w.broken["Card/dead"] = fault.Timeout
		h := handler(w, jsongraph.Options{Limits: jsongraph.Limits{Paths: 500}})
		r := httptest.NewRequest("GET", "/tv/v3/model.json", nil)
		r.URL.RawQuery = url.Values{"method": {"get"}, "paths": {paths}}.Encode()
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if rec.Code != 200 {
			if rec.Code < 400 || rec.Code >= 500 {
				t.Fatalf("got %d %s", rec.Code, rec.Body)
			}
			return
		}
		var e envelope
		if err := json.Unmarshal(rec.Body.Bytes(), &e); err != nil {
			t.Fatalf("%v: %s", err, rec.Body)
		}
		if err := check(e.JSONGraph, e.Paths); err != nil {
			t.Errorf("%v in %.500s", err, rec.Body)
		}
	})
}

// FuzzSet sends any text as the envelope of a set.
func FuzzSet(f *testing.F) {
	for _, s := range []string{
		`{"jsonGraph":{"Card":{"film-1":{"progress":1260}}},"paths":[["Card","film-1","progress"]]}`,
		`{"jsonGraph":{"home":{"rows":{"0":{"items":{"1":{"progress":{"$type":"atom","value":60}}}}}}},"paths":[["home","rows",0,"items",1,"progress"]]}`,
		`{"jsonGraph":{"a":{"$type":"ref","value":["a"]}},"paths":[["a"],["a","b"]]}`, `{"jsonGraph":5,"paths":[[1]]}`, `{"jsonGraph":{"a":[1]},"paths":[["a"]]}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, envelope string) {
		rec := post(handler(newWorld(t), jsongraph.Options{}), url.Values{"method": {"set"}, "jsonGraph": {envelope}})
		if rec.Code >= 500 {
			t.Fatalf("got %d %s", rec.Code, rec.Body)
		}
	})
}

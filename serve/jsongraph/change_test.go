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
	"facet/serve"
	"facet/serve/jsongraph"
)

func post(h http.Handler, v url.Values, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", "/tv/v3/model.json", strings.NewReader(v.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Requested-With", "XMLHttpRequest")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
		if header[i+1] == "" {
			r.Header.Del(header[i])
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestSet(t *testing.T) {
	for _, c := range []struct {
		name, envelope string
		status         int
		graph          string // or the text of a failure
		invalidated    string
	}{
		{"at the identity", `{"jsonGraph":{"Card":{"film-1":{"progress":1260}}},"paths":[["Card","film-1","progress"]]}`, 200,
			`{"Card":{"film-1":{"progress":{"$type":"atom","value":{"minutesLeft":21,"state":"STARTED"}}}}}`, `[["Card","film-1","progress"],["home"]]`},
		{"through references, boxed", `{"jsonGraph":{"home":{"rows":{"0":{"items":{"1":{"progress":{"$type":"atom","value":60}}}}}}},"paths":[["home","rows",0,"items",1,"progress"]]}`, 200,
			`{"Card":{"film-1":{"progress":{"$type":"atom","value":{"minutesLeft":1,"state":"STARTED"}}}},"home":{"rows":{"0":{"items":{"1":{"$type":"ref","value":["Card","film-1"]}}}}}}`,
			`[["Card","film-1","progress"],["home"]]`},
		{"read-only", `{"jsonGraph":{"Card":{"film-1":{"title":"x"}},"home":{"name":"y"}},"paths":[["Card","film-1","title"],["home","name"]]}`, 200,
			`{"Card":{"film-1":{"title":"Film 1"}},"home":{"name":"Demo"}}`, ""},
		{"a refused value", `{"jsonGraph":{"Card":{"film-1":{"progress":-5},"film-2":{"progress":60}}},"paths":[["Card",["film-1","film-2"],"progress"]]}`, 200,
			`{"Card":{"film-1":{"progress":{"$expires":-1000,"$type":"error","value":{"code":"invalid","message":"positionSeconds must be an Int from 0"}}},"film-2":{"progress":{"$type":"atom","value":{"minutesLeft":1,"state":"STARTED"}}}}}`,
			`[["Card","film-2","progress"],["home"]]`},
		{"a mutation that fails after an effect", `{"jsonGraph":{"Card":{"film-1":{"progress":6660}}},"paths":[["Card","film-1","progress"]]}`, 200,
			`{"Card":{"film-1":{"progress":{"$expires":-1000,"$type":"error","value":{"code":"unavailable","message":"the second effect failed"}}}}}`,
			`[["Card","film-1","progress"],["home"]]`},
		{"of an entity that is not there", `{"jsonGraph":{"Card":{"nobody":{"progress":60}}},"paths":[["Card","nobody","progress"]]}`, 200,
			`{"Card":{"nobody":{"$expires":-1000,"$type":"error","value":{"code":"not_found","message":"there is no such film"}}}}`, ""},
		{"a reference as a value", `{"jsonGraph":{"Card":{"film-1":{"progress":{"$type":"ref","value":["x"]}}}},"paths":[["Card","film-1","progress"]]}`, 200,
			`{"Card":{"film-1":{"progress":{"$expires":-1000,"$type":"error","value":{"code":"invalid","message":"a value is \"$type: ref\": only plain values and atoms can be given"}}}}}`, ""},
		{"an unknown path", `{"jsonGraph":{"nope":{"x":1}},"paths":[["nope","x"]]}`, 200, `{"nope":{"$type":"atom"}}`, ""},
		{"a value of an object and one behind it", `{"jsonGraph":{"home":{"rows":{"0":{"name":"x","items":{"1":{"progress":60}}}}}},"paths":[["home","rows",0,"name"],["home","rows",0,"items",1,"progress"]]}`, 200,
			`{"Card":{"film-1":{"progress":{"$type":"atom","value":{"minutesLeft":1,"state":"STARTED"}}}},"home":{"rows":{"0":{"name":"Row 0","items":{"1":{"$type":"ref","value":["Card","film-1"]}}}}}}`,
			`[["Card","film-1","progress"],["home"]]`},
		{"a missing value", `{"jsonGraph":{"Card":{}},"paths":[["Card","film-1","progress"]]}`, 400, `there is no value at ["Card","film-1"]`, ""},
		{"a branch", `{"jsonGraph":{"Card":{"film-1":{"progress":{"a":1}}}},"paths":[["Card","film-1","progress"]]}`, 400, "is no value", ""},
		{"no envelope", `[]`, 400, "set needs jsonGraph", ""},
		{"no paths", `{"jsonGraph":{}}`, 400, "set needs jsonGraph", ""},
		{"too many", `{"jsonGraph":{},"paths":[["Card",{"to":50},"progress"]]}`, 422, "more than 50 values", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			rec := post(handler(newWorld(t), jsongraph.Options{}), url.Values{"method": {"set"}, "jsonGraph": {c.envelope}})
			compare(t, rec, c.status, c.graph, c.invalidated)
		})
	}
}

func compare(t *testing.T, rec *httptest.ResponseRecorder, status int, graph, invalidated string) {
	t.Helper()
	if rec.Code != status {
		t.Fatalf("got %d %s", rec.Code, rec.Body)
	}
	if status != 200 {
		if !strings.Contains(rec.Body.String(), graph) {
			t.Errorf("got %s, want %s", rec.Body, graph)
		}
		return
	}
	var e envelope
	var want map[string]any
	if err := json.Unmarshal(rec.Body.Bytes(), &e); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(graph), &want); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, e.JSONGraph); d != "" {
		t.Error(d)
	}
	if err := check(e.JSONGraph, e.Paths); err != nil {
		t.Errorf("%v in %s", err, rec.Body)
	}
	var stale []any
	if invalidated != "" {
		_ = json.Unmarshal([]byte(invalidated), &stale)
	}
	if d := cmp.Diff(stale, e.Invalidated); d != "" {
		t.Error("invalidated: ", d)
	}
	if cc := rec.Header().Get("Cache-Control"); cc != "no-store" {
		t.Errorf("cache-control %s", cc)
	}
}

func TestCall(t *testing.T) {
	for _, c := range []struct {
		name   string
		call   url.Values
		status int
		graph  string
		paths  string
		stale  string
	}{
		{"with suffixes", url.Values{"callPath": {`["setBookmark"]`}, "arguments": {`["film-1",1260]`}, "pathSuffixes": {`[["title"],[["progress"]]]`}, "paths": {`[]`}}, 200,
			`{"Card":{"film-1":{"title":"Film 1","progress":{"$type":"atom","value":{"minutesLeft":21,"state":"STARTED"}}}},"setBookmark":{"result":{"$type":"ref","value":["Card","film-1"]}}}`,
			`[["setBookmark","result","title"],["setBookmark","result","progress"]]`, `[["Card","film-1","progress"],["home"]]`},
		{"the reference alone", url.Values{"callPath": {`["setBookmark"]`}, "arguments": {`["film-1",{"$type":"atom","value":60}]`}}, 200,
			`{"setBookmark":{"result":{"$type":"ref","value":["Card","film-1"]}}}`, `[["setBookmark","result"]]`, `[["Card","film-1","progress"],["home"]]`},
		{"a mutation that fails after an effect", url.Values{"callPath": {`["setBookmark"]`}, "arguments": {`["film-1",6660]`}, "pathSuffixes": {`[["title"]]`}}, 200,
			`{"setBookmark":{"result":{"$expires":-1000,"$type":"error","value":{"code":"unavailable","message":"the second effect failed"}}}}`,
			`[["setBookmark","result"]]`, `[["Card","film-1","progress"],["home"]]`},
		{"below a shape, with paths beside it", url.Values{"callPath": {`["Profile","demo","myList","push"]`}, "arguments": {`["film-9"]`}, "pathSuffixes": {`[["title"]]`}, "paths": {`[["length"],[{"to":1},"title"]]`}}, 200,
			`{"addToMyList":{"result":{"$type":"ref","value":["Card","film-9"]}},"Card":{"film-9":{"title":"Film 9"},"film-3":{"title":"Film 3"}},
			"Profile":{"demo":{"myList":{"length":2,"0":{"$type":"ref","value":["Card","film-3"]},"1":{"$type":"ref","value":["Card","film-9"]}}}}}`,
			`[["addToMyList","result","title"],["Profile","demo","myList","length"],["Profile","demo","myList",{"from":0,"to":1},"title"]]`, `[["Profile","demo","myList"]]`},
		{"through a reference", url.Values{"callPath": {`["me","myList","push"]`}, "arguments": {`["film-9"]`}, "paths": {`[["length"]]`}}, 200,
			`{"addToMyList":{"result":{"$type":"ref","value":["Card","film-9"]}},"me":{"$type":"ref","value":["Profile","demo"]},"Profile":{"demo":{"myList":{"length":2}}}}`,
			`[["addToMyList","result"],["me","myList","length"]]`, `[["Profile","demo","myList"]]`},
		{"paths of the result", url.Values{"callPath": {`["setBookmark"]`}, "arguments": {`["film-1",60]`}, "paths": {`[["setBookmark","result","title"],["home","name"]]`}}, 200,
			`{"Card":{"film-1":{"title":"Film 1"}},"home":{"name":"Demo"},"setBookmark":{"result":{"$type":"ref","value":["Card","film-1"]}}}`,
			`[["setBookmark","result","title"],["home","name"]]`, `[["Card","film-1","progress"],["home"]]`},
		{"a call after which nothing can be read", url.Values{"callPath": {`["setBookmark"]`}, "arguments": {`["film-1",60]`}, "pathSuffixes": {`[["title"]]`}, "paths": {`[["home","name"]]`}}, 200,
			`{"Card":{"film-1":{"title":"Film 1"}},"home":{"name":{"$expires":-1000,"$type":"error","value":{"code":"limit","message":"no reads today"}}},"setBookmark":{"result":{"$type":"ref","value":["Card","film-1"]}}}`,
			`[["setBookmark","result","title"],["home","name"]]`, `[["Card","film-1","progress"],["home"]]`},
		{"another's list", url.Values{"callPath": {`["Profile","kid","myList","push"]`}, "arguments": {`["film-9"]`}}, 403, "profile in use", "", ""},
		{"an unknown function", url.Values{"callPath": {`["nope"]`}}, 404, `no function at ["nope"]`, "", ""},
		{"a view", url.Values{"callPath": {`["home"]`}}, 404, "no function", "", ""},
		{"a key set", url.Values{"callPath": {`[["setBookmark","addToMyList"]]`}}, 400, "must be one", "", ""},
		{"no path", url.Values{}, 400, "call needs callPath", "", ""},
		{"wrong arguments", url.Values{"callPath": {`["setBookmark"]`}, "arguments": {`["film-1","x"]`}}, 400, "must be an Int", "", ""},
		{"arguments that are no list", url.Values{"callPath": {`["setBookmark"]`}, "arguments": {`{"title":1}`}}, 400, "must be an array", "", ""},
		{"too many arguments", url.Values{"callPath": {`["setBookmark"]`}, "arguments": {`[1,2,3]`}}, 400, "takes 2 arguments", "", ""},
		{"too many paths", url.Values{"callPath": {`["setBookmark"]`}, "arguments": {`["film-1",1]`}, "paths": {`[["home","rows",{"to":8999},"name"]]`}}, 422, "more than 9000 paths", "", ""},
		{"a failing mutation", url.Values{"callPath": {`["addToMyList"]`}, "arguments": {`["film-1"]`}}, 503, "the tier failed", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			if strings.HasPrefix(c.name, "a call after") {
				w.broken["reads"] = fault.Limit
			}
			if strings.HasPrefix(c.name, "a failing") {
				w.broken["addToMyList"] = fault.Unavailable
			}
			c.call.Set("method", "call")
			rec := post(handler(w, jsongraph.Options{}), c.call)
			compare(t, rec, c.status, c.graph, c.stale)
			if c.paths == "" {
				return
			}
			var e envelope
			var want []any
			_ = json.Unmarshal(rec.Body.Bytes(), &e)
			_ = json.Unmarshal([]byte(c.paths), &want)
			if d := cmp.Diff(want, e.Paths); d != "" {
				t.Error("paths: ", d)
			}
		})
	}
}

func TestHTTP(t *testing.T) {
	getForm := url.Values{"method": {"get"}, "paths": {`[["home","name"]]`}}
	callForm := url.Values{"method": {"call"}, "callPath": {`["setBookmark"]`}, "arguments": {`["film-1",1]`}}
	h := handler(newWorld(t), jsongraph.Options{Limits: jsongraph.Limits{Body: 2000}})
	for _, c := range []struct {
		name   string
		rec    *httptest.ResponseRecorder
		status int
		text   string
		allow  string
	}{
		{"get over POST", post(h, getForm), 200, `"name":"Demo"`, ""},
		{"a forgeable POST", post(h, callForm, "X-Requested-With", ""), 403, "X-Requested-With", ""},
		{"a bearer token instead", post(h, callForm, "X-Requested-With", "", "Authorization", "Bearer t"), 200, `"setBookmark"`, ""},
		{"another media type", post(h, callForm, "Content-Type", "application/xml"), 415, "x-www-form-urlencoded", ""},
		{"a large body", post(h, url.Values{"method": {"get"}, "paths": {strings.Repeat("x", 3000)}}), 413, "2000 bytes", ""},
		{"no method", post(h, url.Values{}), 400, "does not say its method", ""},
		{"an unknown method", post(h, url.Values{"method": {"drop"}}), 400, `no method "drop"`, ""},
		{"call over GET", do(h, "GET", "?"+callForm.Encode(), ""), 405, "sent by POST", "POST"},
		{"set over GET", do(h, "GET", "?method=set", ""), 405, "sent by POST", "POST"},
		{"PUT", do(h, "PUT", "", "{}"), 405, "GET or POST", "GET, HEAD, POST"},
		{"a long query", do(h, "GET", "?method=get&paths="+strings.Repeat("x", 3000), ""), 413, "2000 bytes", ""},
		{"a bad query", do(h, "GET", "?method=get&paths=%zz", ""), 400, "not URL-encoded", ""},
		{"HEAD", do(h, "HEAD", "?"+getForm.Encode(), ""), 200, "", ""},
		{"JSON", do(h, "POST", "", `{"method":"get","paths":[["home","name"]]}`), 200, `"name":"Demo"`, ""},
		{"broken JSON", do(h, "POST", "", `{"method":`), 400, "no JSON object", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.rec.Code != c.status || !strings.Contains(c.rec.Body.String(), c.text) || c.rec.Header().Get("Allow") != c.allow {
				t.Errorf("got %d %q %v, want %d with %q", c.rec.Code, c.rec.Body, c.rec.Header(), c.status, c.text)
			}
		})
	}
}

func do(h http.Handler, method, query, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/tv/v3/model.json"+query, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestDone(t *testing.T) {
	var got []serve.Outcome
	h := handler(newWorld(t), jsongraph.Options{Done: func(_ *http.Request, o serve.Outcome) { got = append(got, o) }})
	post(h, url.Values{"method": {"call"}, "callPath": {`["setBookmark"]`}, "arguments": {`["film-1",1]`}})
	post(h, url.Values{"method": {"call"}, "callPath": {`["nope"]`}})
	if len(got) != 2 || got[0].Status != 200 || got[0].Name != "call" || got[0].Surface == nil || len(got[0].Roots) != 1 || got[0].Device != "tv" || got[1].Status != 404 || fault.KindOf(got[1].Failed) != fault.NotFound {
		t.Errorf("got %+v", got)
	}
}

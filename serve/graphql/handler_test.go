package graphql_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"facet/composer"
	"facet/fault"
	"facet/serve"
	"facet/serve/graphql"

	"github.com/google/go-cmp/cmp"
)

func TestQueries(t *testing.T) {
	for name, c := range map[string]struct {
		query     string
		variables any
		want      string
	}{
		"names and aliases": {`{ __typename home { n: name recent __typename } }`, nil, `{"data":{"__typename":"Query","home":{"n":"Demo","recent":["sharks"],"__typename":"Home"}}}`},
		"union": {`{ home { rows { items { __typename ... on Card { title art } ... on SeriesCard { title seasons } ... on Node { id } } } } }`, nil,
			`{"data":{"home":{"rows":[{"items":[{"__typename":"Card","title":"Jaws","art":null,"id":"Card:jaws-1975"},{"__typename":"SeriesCard","title":"The Wire","seasons":5,"id":"SeriesCard:wire"},{"__typename":"Card","title":"Alien","art":"a.jpg","id":"Card:alien-1979"}]}]}}}`},
		"pages":          {`{ home { rows { items(first: 1, after: "` + composer.EncodeCursor(1) + `") { ... on Node { id } } itemsPage { length next } } } }`, nil, `{"data":{"home":{"rows":[{"items":[{"id":"SeriesCard:wire"}],"itemsPage":{"length":3,"next":null}}]}}}`},
		"paged root":     {`query($n: Int) { search(filter: { text: "x" }, first: $n) { key } searchPage(filter: { text: "x" }) { length } }`, object{"n": 1}, `{"data":{"search":[{"key":"jaws-1975"}],"searchPage":{"length":3}}}`},
		"computed":       {`{ film(id: "jaws-1975") { progress { state minutesLeft } } }`, nil, `{"data":{"film":{"progress":{"state":"NEW","minutesLeft":124}}}}`},
		"node":           {`query($id: ID!) { node(id: $id) { id __typename ... on Card { title } ... on SeriesCard { seasons } } }`, object{"id": "SeriesCard:wire"}, `{"data":{"node":{"id":"SeriesCard:wire","__typename":"SeriesCard","seasons":5}}}`},
		"two nodes":      {`{ a: node(id: "Card:jaws-1975") { ... on Card { title } } b: node(id: "nobody") { id } }`, nil, `{"data":{"a":{"title":"Jaws"},"b":null}}`},
		"fragments":      {`{ film(id: 7) { ...A ...B } } fragment A on Card { title similar { ...B } } fragment B on Node { id }`, nil, `{"data":{"film":{"title":"Jaws","similar":[],"id":"Card:jaws-1975"}}}`},
		"merged fields":  {`{ film(id: "j") { progress { state } progress { minutesLeft } } }`, nil, `{"data":{"film":{"progress":{"state":"NEW","minutesLeft":124}}}}`},
		"mutation":       {`mutation { setBookmark(title: "jaws-1975", positionSeconds: 3) { title } }`, nil, `{"data":{"setBookmark":{"title":"Jaws"}}}`},
		"introspection":  {`{ home { name } __type(name: "WatchState") { kind enumValues { name } } }`, nil, `{"data":{"home":{"name":"Demo"},"__type":{"kind":"ENUM","enumValues":[{"name":"NEW"},{"name":"STARTED"},{"name":"DONE"}]}}}`},
		"unknown type":   {`{ __type(name: "Nothing") { name } }`, nil, `{"data":{"__type":null}}`},
		"skipped":        {`query($a: Boolean!, $b: Boolean = false) { home { name @skip(if: $a) recent @include(if: $b) __typename } }`, object{"a": true}, `{"data":{"home":{"__typename":"Home"}}}`},
		"not skipped":    {`query($a: Boolean!, $b: Boolean = false) { home { name @skip(if: $a) recent @include(if: $b) } }`, object{"a": false, "b": true}, `{"data":{"home":{"name":"Demo","recent":["sharks"]}}}`},
		"merge in union": {`{ home { rows { items { ... on Card { progress { state } } ... on Card { progress { minutesLeft } } ... on SeriesCard { key } } } } }`, nil, `{"data":{"home":{"rows":[{"items":[{"progress":{"state":"NEW","minutesLeft":124}},{"key":"wire"},{"progress":null}]}]}}}`},
	} {
		t.Run(name, func(t *testing.T) {
			rec := post(serveWorld(films(t), nil), c.query, c.variables)
			if got := rec.Body.String(); rec.Code != 200 || got != c.want {
				t.Errorf("%d, -want +got:\n%s", rec.Code, cmp.Diff(c.want, got))
			}
		})
	}
}

func TestValues(t *testing.T) {
	for name, c := range map[string]struct {
		query     string
		variables any
		want      string // Request.Values; or the error
	}{
		"literal":              {`{ film(id: "a") { key } }`, nil, `["a"]`},
		"number as ID":         {`{ film(id: 12345678901) { key } }`, nil, `["12345678901"]`},
		"variable ID":          {`query($id: ID!) { film(id: $id) { key } }`, object{"id": 12}, `["12"]`},
		"enum":                 {`{ byGenre(genre: CRIME) { __typename } }`, nil, `["CRIME"]`},
		"enum variable":        {`query($g: Genre!) { byGenre(genre: $g) { __typename } }`, object{"g": "CRIME"}, `["CRIME"]`},
		"enum in another case": {`query($g: Genre!) { byGenre(genre: $g) { __typename } }`, object{"g": "crime"}, `argument genre: this is no member of Genre`},
		"default of argument":  {`query($n: Int! = 7) { byGenre(genre: CRIME, limit: $n) { __typename } }`, nil, `["CRIME",7]`},
		"not given":            {`query($n: Int! = 3) { byGenre(genre: CRIME, limit: $n) { __typename } }`, object{"n": 9}, `["CRIME",9]`},
		"input":                {`{ search(filter: { text: "a\"<b" }) { key } }`, nil, `[{"text":"a\"<b","genre":"DRAMA"}]`},
		"input variable":       {`query($f: TitleFilter!) { search(filter: $f) { key } }`, object{"f": object{"text": "x", "genre": nil}}, `[{"text":"x","genre":null}]`},
		"variable in input":    {`query($t: String!) { search(filter: { text: $t, genre: CRIME }) { key } }`, object{"t": "x"}, `[{"text":"x","genre":"CRIME"}]`},
		"number for a string":  {`query($t: String!) { search(filter: { text: $t }) { key } }`, object{"t": 5}, `argument filter: text: this is no String`},
		"string for a number":  {`query($n: Int!) { byGenre(genre: CRIME, limit: $n) { __typename } }`, object{"n": "5"}, `argument limit: this is no Int`},
		"past 32 bits":         {`query($n: Int!) { byGenre(genre: CRIME, limit: $n) { __typename } }`, object{"n": 1 << 40}, `argument limit: this is no Int`},
		"null":                 {`query($id: ID!) { film(id: $id) { key } }`, object{"id": nil}, `variable id: cannot be null`},
		"missing":              {`query($id: ID!) { film(id: $id) { key } }`, nil, `variable id: must be defined`},
		"negative first":       {`{ search(filter: { text: "x" }, first: -1) { key } }`, nil, `argument first: it is a number of items, 0 or more`},
		"cursor":               {`{ search(filter: { text: "x" }, after: "nonsense!") { key } }`, nil, `argument after: "nonsense!" is no cursor`},
	} {
		t.Run(name, func(t *testing.T) {
			w := films(t)
			rec := post(serveWorld(w, nil), c.query, c.variables)
			if rec.Code != 200 {
				if rec.Code != 422 || !strings.Contains(rec.Body.String(), strings.ReplaceAll(c.want, `"`, `\"`)) || strings.Contains(rec.Body.String(), `"data"`) {
					t.Errorf("%d %s, want %s", rec.Code, rec.Body, c.want)
				}
				return
			}
			if got := text(w.asked[0].Values); got != strings.ReplaceAll(c.want, "<", `\u003c`) {
				t.Errorf("values %s, want %s", got, c.want)
			}
		})
	}
}

func TestStatus(t *testing.T) {
	dead := func(w *world) { w.roots["home"] = fault.New(fault.Unavailable, "the tier rows does not answer") }
	refuse := func(w *world) {
		w.edit = func(p *composer.Part) {
			p.Data, p.Errors = []byte("null"), []composer.Error{{Kind: fault.Invalid, Message: "positionSeconds is at least 0"}}
		}
	}
	const js, gr = "application/json", "application/graphql-response+json"
	for name, c := range map[string]struct {
		method, target, body, accept, contentType string
		world                                     func(w *world)
		want                                      int
		draft                                     int    // 0: the same
		media                                     string // "" for gr
		code                                      string // of the first error
	}{
		"good":             {body: `{"query":"{__typename}"}`, want: 200},
		"good, json":       {body: `{"query":"{__typename}"}`, accept: js, want: 200, media: js},
		"any":              {body: `{"query":"{__typename}"}`, accept: "*/*", want: 200, media: js},
		"preferred":        {body: `{"query":"{__typename}"}`, accept: js + ";q=0.9, " + gr, want: 200},
		"not acceptable":   {body: `{"query":"{__typename}"}`, accept: "text/html", want: 406, code: "invalid"},
		"refused type":     {body: `{"query":"{__typename}"}`, accept: gr + ";q=0", want: 406, code: "invalid"},
		"no JSON":          {body: `{"query"`, want: 400, code: "invalid"},
		"no object":        {body: `[]`, want: 422, draft: 400, code: "invalid"},
		"no query":         {body: `{"qeury":"{__typename}"}`, want: 422, draft: 400, code: "invalid"},
		"bad variables":    {body: `{"query":"{__typename}","variables":[7]}`, want: 422, draft: 400, code: "invalid"},
		"no content type":  {body: `{"query":"{__typename}"}`, contentType: "-", want: 415, code: "invalid"},
		"another charset":  {body: `{"query":"{__typename}"}`, contentType: js + "; charset=latin1", want: 415, code: "invalid"},
		"parse":            {body: `{"query":"{"}`, want: 400, code: "invalid"},
		"validate":         {body: `{"query":"{nothing}"}`, want: 422, draft: 400, code: "invalid"},
		"operation":        {body: `{"query":"query A{__typename} query B{__typename}"}`, want: 422, draft: 400, code: "invalid"},
		"subscription":     {body: `{"query":"subscription{__typename}"}`, want: 422, draft: 400, code: "invalid"},
		"partial":          {body: `{"query":"{home{name} film(id:1){title}}"}`, world: dead, want: 294, draft: 200, code: "unavailable"},
		"partial, json":    {body: `{"query":"{home{name}}"}`, accept: js, world: dead, want: 294, draft: 200, media: js, code: "unavailable"},
		"refused":          {body: `{"query":"{home{name}}"}`, world: refuse, want: 422, draft: 400, code: "invalid"},
		"get":              {method: "GET", target: "/tv/v3/graphql?query={__typename}", want: 200},
		"get a mutation":   {method: "GET", target: "/tv/v3/graphql?query=mutation{__typename}", want: 405, code: "invalid"},
		"get nothing":      {method: "GET", target: "/tv/v3/graphql", want: 422, draft: 400, code: "invalid"},
		"put":              {method: "PUT", want: 405, code: "invalid"},
		"another schema":   {target: "/tv/v4/graphql", body: `{"query":"{__typename}"}`, want: 404, code: "not_found"},
		"not persisted":    {body: `{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"` + strings.Repeat("0", 64) + `"}}}`, want: 404, code: "PERSISTED_QUERY_NOT_FOUND"},
		"unknown document": {body: `{"documentId":"x"}`, want: 404, code: "not_found"},
		"wrong hash":       {body: `{"query":"{__typename}","extensions":{"persistedQuery":{"version":1,"sha256Hash":"` + strings.Repeat("0", 64) + `"}}}`, want: 422, draft: 400, code: "invalid"},
		"parse, json":      {body: `{"query":"{"}`, accept: js, want: 400, draft: 200, code: "invalid"},
		"validate, json":   {body: `{"query":"{nothing}"}`, accept: js, want: 422, draft: 200, code: "invalid"},
	} {
		for _, draft := range []bool{false, true} {
			t.Run(name+map[bool]string{true: ", draft"}[draft], func(t *testing.T) {
				w := films(t)
				if c.world != nil {
					c.world(w)
				}
				method, target, accept, typ := c.method, c.target, c.accept, c.contentType
				if method == "" {
					method = "POST"
				}
				if target == "" {
					target = "/tv/v3/graphql"
				}
				if accept == "" {
					accept = gr
				}
				r := httptest.NewRequest(method, target, strings.NewReader(c.body))
				r.Header.Set("Accept", accept)
				if typ == "" {
					typ = js
				}
				if typ != "-" {
					r.Header.Set("Content-Type", typ)
				}
				rec := httptest.NewRecorder()
				serveWorld(w, func(o *graphql.Options) { o.Draft = draft }).ServeHTTP(rec, r)
				want := c.want
				if draft && c.draft != 0 {
					want = c.draft
				}
				if rec.Code != want {
					t.Errorf("status %d, want %d: %s", rec.Code, want, rec.Body)
				}
				media := c.media
				if media == "" {
					media = gr
				}
				if draft && accept == js {
					media = js
				}
				if got := rec.Header().Get("Content-Type"); got != media+"; charset=utf-8" {
					t.Errorf("content type %s, want %s", got, media)
				}
				if rec.Code == 405 && rec.Header().Get("Allow") == "" {
					t.Error("405 without Allow")
				}
				var body struct {
					Errors []struct{ Extensions struct{ Code string } }
				}
				if err := json.Unmarshal(rec.Body.Bytes(), &body); err != nil {
					t.Fatalf("%v: %s", err, rec.Body)
				}
				code := ""
				if len(body.Errors) > 0 {
					code = body.Errors[0].Extensions.Code
				}
				if code != c.code {
					t.Errorf("code %q, want %q: %s", code, c.code, rec.Body)
				}
				if code != "" && want != 294 && c.world == nil && strings.Contains(rec.Body.String(), `"data"`) {
					t.Errorf("data in a refusal: %s", rec.Body)
				}
			})
		}
	}
}

func TestPersisted(t *testing.T) {
	const query = "{ home { name } }"
	sum := sha256.Sum256([]byte(query))
	hash := hex.EncodeToString(sum[:])
	ext := `{"persistedQuery":{"version":1,"sha256Hash":"` + hash + `"}}`
	send := func(h http.Handler, body string) (int, string) {
		r := httptest.NewRequest("POST", "/tv/v3/graphql", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		return rec.Code, rec.Body.String()
	}
	get := func(h http.Handler) int {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest("GET", "/tv/v3/graphql?extensions="+url.QueryEscape(ext), nil))
		return rec.Code
	}
	h := serveWorld(films(t), nil)
	if code, body := send(h, `{"extensions":`+ext+`}`); code != 404 || !strings.Contains(body, "PersistedQueryNotFound") {
		t.Fatalf("before it is known: %d %s", code, body)
	}
	if code, body := send(h, `{"query":`+text(query)+`,"extensions":`+ext+`}`); code != 200 {
		t.Fatalf("with the text: %d %s", code, body)
	}
	if code, body := send(h, `{"extensions":`+ext+`}`); code != 200 || !strings.Contains(body, "Demo") {
		t.Fatalf("by its hash: %d %s", code, body)
	}
	if code := get(h); code != 200 {
		t.Errorf("GET by its hash: %d", code)
	}

	only := serveWorld(films(t), func(o *graphql.Options) {
		o.TrustedOnly = func(_, _ string) bool { return true }
		o.Trusted = func(_, _, id string) (string, bool) { return query, id == hash || id == "home" }
	})
	for body, want := range map[string]int{
		`{"documentId":"home"}`: 200, `{"extensions":` + ext + `}`: 200, `{"query":` + text(query) + `}`: 200,
		`{"query":"{__typename}"}`: 403, `{"documentId":"other"}`: 404,
	} {
		if code, got := send(only, body); code != want {
			t.Errorf("%s: %d %s, want %d", body, code, got, want)
		}
	}
}

func TestIntrospectionOff(t *testing.T) {
	h := serveWorld(films(t), func(o *graphql.Options) { o.Introspection = false })
	for query, want := range map[string]string{
		`{ __schema { types { name } } }`:                      "introspection is off here",
		`{ ... { __type(name: "Card") { name } } }`:            "introspection is off here",
		`{ hom { name } }`:                                     `Cannot query field \"hom\" on type \"Query\".`,
		`{ film(ide: 1) { key } }`:                             `Unknown argument \"ide\"`,
		`{ home { ... on Caard { key } } }`:                    `Unknown type \"Caard\"`,
		`{ byGenre(genre: CRIMES) { __typename } }`:            `\"CRIMES\"`,
		`{ search(filter: { text: "", gen: CRIME }) { key } }`: `\"gen\"`,
	} {
		body := post(h, query, nil).Body.String()
		if !strings.Contains(body, want) || strings.Contains(body, "Did you mean") || strings.Contains(body, "near") {
			t.Errorf("%s: %s, want %s and no near names", query, body, want)
		}
	}
	if rec := post(h, `{ home { __typename } }`, nil); rec.Code != 200 {
		t.Errorf("__typename: %d %s", rec.Code, rec.Body)
	}
	on := serveWorld(films(t), nil)
	if body := post(on, `{ hom { name } }`, nil).Body.String(); !strings.Contains(body, `Did you mean \"home\"?`) {
		t.Errorf("no near name where introspection is on: %s", body)
	}
}

// Every mistake of a document is told, with its place, up to ten.
func TestMistakesOfADocument(t *testing.T) {
	var body struct {
		Errors []struct {
			Message   string
			Locations []struct{ Line, Column int }
		}
	}
	rec := post(serveWorld(films(t), nil), "{\n  home { nam }\n  film { key }\n}", nil)
	if err := json.Unmarshal(rec.Body.Bytes(), &body); err != nil {
		t.Fatal(err)
	}
	if len(body.Errors) != 2 || body.Errors[0].Locations[0].Line != 2 || body.Errors[1].Locations[0].Line != 3 {
		t.Errorf("%s", rec.Body)
	}
	rec = post(serveWorld(films(t), nil), "{"+wrong(40)+"}", nil)
	if n := strings.Count(rec.Body.String(), "Cannot query"); n != 10 {
		t.Errorf("%d mistakes are told, want 10", n)
	}
}

func TestExtensions(t *testing.T) {
	w := films(t)
	w.edit = func(p *composer.Part) {
		p.Degraded = []composer.Degraded{{Path: []any{"setBookmark", "progress"}, Kind: fault.Timeout}}
		p.Invalidated = []composer.Invalidated{{Path: []string{"Card", "jaws-1975", "progress"}, Shape: "Card", ID: "Card:jaws-1975", Field: "progress"}, {Path: []string{"home"}, View: "home"}}
	}
	h := serveWorld(w, nil)
	got := post(h, `mutation { setBookmark(title: 1, positionSeconds: 1) { key } }`, nil, "Idempotency-Key", "k1").Body.String()
	want := `{"data":{"setBookmark":{"key":"jaws-1975"}},"extensions":{"degraded":[{"path":["setBookmark","progress"],"code":"timeout"}],` +
		`"invalidated":[{"typename":"Card","id":"Card:jaws-1975","field":"progress"},{"typename":"Query","field":"home"}]}}`
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	if got := w.asked[0].Idempotency; got != "k1" {
		t.Errorf("idempotency key %q", got)
	}
	if rec := post(h, `{home{name}}`, nil, "Idempotency-Key", strings.Repeat("k", 300)); rec.Code < 400 {
		t.Errorf("a long Idempotency-Key: %d", rec.Code)
	}
}

func TestInternalTextStays(t *testing.T) {
	w := films(t)
	w.edit = func(p *composer.Part) {
		p.Errors = []composer.Error{{Path: []any{"home", 0, "x"}, Kind: fault.Internal, Message: "secret", Err: fault.New(fault.Internal, "secret")}}
	}
	if body := post(serveWorld(w, nil), `{home{name}}`, nil).Body.String(); strings.Contains(body, "secret") || !strings.Contains(body, `"path":["home",0,"x"]`) {
		t.Error(body)
	}
	w.edit = func(*composer.Part) { panic("secret") }
	if rec := post(serveWorld(w, nil), `{home{name}}`, nil); rec.Code != 500 || strings.Contains(rec.Body.String(), "secret") {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

// A selection is made once for each way that the conditions fall.
func TestSelectionsAreKept(t *testing.T) {
	w := films(t)
	h := serveWorld(w, nil)
	const query = `query($a: Boolean!, $id: ID!) { home { name @skip(if: $a) recent } film(id: $id) { key } }`
	for _, v := range []object{{"a": true, "id": "1"}, {"a": true, "id": "2"}, {"a": false, "id": "1"}, {"a": true, "id": "3"}} {
		if rec := post(h, query, v); rec.Code != 200 {
			t.Fatal(rec.Body)
		}
	}
	s := func(i int) *composer.Selection { return w.asked[i].Selection }
	if s(0) != s(1) || s(0) != s(3) || s(0) == s(2) {
		t.Error("selections are not kept by conditions")
	}
}

// TestNullCondition: a condition that is null is refused, and changes nothing for those who say false.
func TestNullCondition(t *testing.T) {
	h := serveWorld(films(t), nil)
	for _, c := range []struct {
		query string
		vars  object
		want  string
	}{
		{`query($a: Boolean = true) { home { name @include(if: $a) recent } }`, object{"a": nil}, "$a stands in @skip or @include"},
		{`query($a: Boolean = true) { home { name @include(if: $a) recent } }`, object{"a": false}, `{"home":{"recent"`},
		{`query($a: Boolean = true) { home { name @include(if: $a) recent } }`, nil, `{"home":{"name"`},
		{`query($a: Boolean = false) { home { name @include(if: $a) recent } }`, nil, `{"home":{"recent"`},
		{`query($a: Boolean = true) { home { name @skip(if: $a) recent } }`, nil, `{"home":{"recent"`},
	} {
		if body := post(h, c.query, c.vars).Body.String(); !strings.Contains(body, c.want) {
			t.Errorf("%s with %v: %s", c.query, c.vars, body)
		}
	}
}

// TestGone ends a request under way: that is the device's doing, no error of ours.
func TestGone(t *testing.T) {
	var got serve.Outcome
	ctx, cancel := context.WithCancel(t.Context())
	w := films(t)
	w.edit = func(*composer.Part) { cancel() }
	h := serveWorld(w, func(o *graphql.Options) { o.Done = func(_ *http.Request, o serve.Outcome) { got = o } })
	r := httptest.NewRequestWithContext(ctx, "POST", "/tv/v3/graphql", strings.NewReader(`{"query":"{ home { name } }"}`))
	r.Header.Set("Content-Type", "application/json")
	h.ServeHTTP(httptest.NewRecorder(), r)
	if fault.KindOf(got.Failed) != fault.Canceled {
		t.Errorf("it is told as %v", got.Failed)
	}
}

package edgetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"facet/fault"
	"facet/tiers/fake"
)

// small asks for two films of one row, in three ways.
var small = []protocol{
	{"graphql", func(bool) *http.Request {
		body := `{"query":"{ home { name recent rows(first: 1) { name items(first: 2) { ... on Card { title art position progress { minutesLeft state } } } } } }"}`
		r := httptest.NewRequest(http.MethodPost, "/tv/v2/graphql", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", "application/graphql-response+json")
		return r
	}},
	{"rest", func(bool) *http.Request {
		q := url.Values{"fields": {"name,recent,rows(name,items(title,art,position,progress(minutesLeft,state)))"}, "rows.first": {"1"}, "rows.items.first": {"2"}}
		return httptest.NewRequest(http.MethodGet, "/tv/v2/home?"+q.Encode(), nil)
	}},
	{"jsongraph", func(bool) *http.Request {
		paths := `[["home",["name","recent"]],["home","rows",0,"name"],["home","rows",0,"items",{"to":1},["title","art","position","progress"]]]`
		return httptest.NewRequest(http.MethodGet, "/tv/v2/model.json?"+url.Values{"method": {"get"}, "paths": {paths}}.Encode(), nil)
	}},
}

// A told is what an answer says, in words that protocols can be compared by.
type told struct {
	Status int
	Data   string
	Errors []string // "home.recent bad_answer", sorted
	Late   []string // degraded places
}

// tell reads an answer.
func tell(t *testing.T, p protocol, w *httptest.ResponseRecorder) told {
	t.Helper()
	out := told{Status: w.Code}
	if p.name == "jsongraph" {
		var body struct{ JSONGraph any }
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(bare(body.JSONGraph, "", &out))
		if err != nil {
			t.Fatal(err)
		}
		out.Data = string(b)
		slices.Sort(out.Errors)
		return out
	}
	var body struct {
		Data   json.RawMessage
		Errors []struct {
			Path       []any
			Extensions struct{ Code string }
		}
		Extensions struct {
			Degraded []struct {
				Path []any
				Code string
			}
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	path := func(keys []any, code string) string {
		s := strings.Trim(strings.ReplaceAll(fmt.Sprint(keys), " ", "."), "[]")
		if p.name == "rest" {
			s = strings.TrimSuffix("home."+s, ".")
		}
		return s + " " + code
	}
	out.Data = string(body.Data)
	for _, e := range body.Errors {
		out.Errors = append(out.Errors, path(e.Path, e.Extensions.Code))
	}
	for _, d := range body.Extensions.Degraded {
		out.Late = append(out.Late, path(d.Path, d.Code))
	}
	slices.Sort(out.Errors)
	slices.Sort(out.Late)
	return out
}

// bare is a JSON Graph without what it says of expiry; its errors are null and listed.
func bare(v any, at string, out *told) any {
	m, ok := v.(map[string]any)
	if !ok {
		return v
	}
	switch m["$type"] {
	case "error":
		out.Errors = append(out.Errors, at+" "+fmt.Sprint(m["value"].(map[string]any)["code"]))
		if m["$expires"] != 0.0 {
			out.Errors = append(out.Errors, at+" may be kept")
		}
		return nil
	case "atom", "ref":
		if m["$expires"] == 0.0 {
			out.Late = append(out.Late, at)
			slices.Sort(out.Late)
		}
		return m["value"]
	}
	for k, x := range m {
		m[k] = bare(x, strings.TrimPrefix(at+"."+k, "."), out)
	}
	return m
}

// TestHomeInTrouble: a partial answer over each protocol, its errors at the right paths, in time.
func TestHomeInTrouble(t *testing.T) {
	record(t)
	const (
		card0 = `{"title":"Film 0","art":"https://art.test/film-0","position":600,"progress":{"minutesLeft":90,"state":"STARTED"}}`
		card1 = `{"title":"Film 1","art":"https://art.test/film-1","position":null,"progress":{"minutesLeft":100,"state":"NEW"}}`
		refs  = `"home":{"name":"Ada","recent":["a","b","c"],"rows":{"0":{"items":{"0":["Card","film-0"],"1":["Card","film-1"]},"name":"Row 0"}}}`
	)
	both := func(field, code string) []string {
		return []string{"home.rows.0.items.0." + field + " " + code, "home.rows.0.items.1." + field + " " + code}
	}
	for _, c := range []struct {
		name        string
		tell        func(*fake.Tier)
		took        time.Duration
		tree        string // as GraphQL and REST have it
		errors      []string
		late        []string
		graph       string // the same as a JSON Graph
		graphErrors []string
		graphLate   []string
	}{
		{
			name: "one dead, one slow, one answering garbage",
			tell: func(f *fake.Tier) {
				f.Fail("artwork", fault.Unavailable).Hang("bookmarks").Garbage("profiles.Profile.recentSearches")
			},
			took: 40 * time.Millisecond, // keys after 10, within 30
			tree: `{"name":"Ada","recent":null,"rows":[{"name":"Row 0","items":[` +
				`{"title":"Film 0","art":null,"position":null,"progress":{"minutesLeft":100,"state":"NEW"}},` +
				`{"title":"Film 1","art":null,"position":null,"progress":{"minutesLeft":100,"state":"NEW"}}]}]}`,
			errors: append([]string{"home.recent bad_answer"}, both("art", "unavailable")...),
			late:   []string{"home.rows.0.items.0.position timeout", "home.rows.0.items.0.progress timeout", "home.rows.0.items.1.position timeout", "home.rows.0.items.1.progress timeout"},
			graph: `{"Card":{"film-0":{"art":null,"position":null,"progress":{"minutesLeft":100,"state":"NEW"},"title":"Film 0"},` +
				`"film-1":{"art":null,"position":null,"progress":{"minutesLeft":100,"state":"NEW"},"title":"Film 1"}},` + strings.Replace(refs, `["a","b","c"]`, `null`, 1) + `}`,
			graphErrors: []string{"Card.film-0.art unavailable", "Card.film-1.art unavailable", "home.recent bad_answer"},
			graphLate:   []string{"Card.film-0.position", "Card.film-0.progress", "Card.film-1.position", "Card.film-1.progress"},
		},
		{
			name:   "a dead catalog costs the cards",
			tell:   func(f *fake.Tier) { f.Fail("catalog", fault.Unavailable) },
			took:   20 * time.Millisecond,
			tree:   `{"name":"Ada","recent":["a","b","c"],"rows":[{"name":"Row 0","items":[null,null]}]}`,
			errors: both("title", "unavailable"),
			graph: `{"Card":{"film-0":{"art":"https://art.test/film-0","position":600,"progress":null,"title":null},` +
				`"film-1":{"art":"https://art.test/film-1","position":null,"progress":null,"title":null}},` + refs + `}`,
			graphErrors: []string{"Card.film-0.progress unavailable", "Card.film-0.title unavailable", "Card.film-1.progress unavailable", "Card.film-1.title unavailable"},
		},
		{
			name:   "half an answer of the catalog",
			tell:   func(f *fake.Tier) { f.Truncate("catalog") },
			took:   20 * time.Millisecond,
			tree:   `{"name":"Ada","recent":["a","b","c"],"rows":[{"name":"Row 0","items":[null,null]}]}`,
			errors: both("title", "bad_answer"),
			graph: `{"Card":{"film-0":{"art":"https://art.test/film-0","position":600,"progress":null,"title":null},` +
				`"film-1":{"art":"https://art.test/film-1","position":null,"progress":null,"title":null}},` + refs + `}`,
			graphErrors: []string{"Card.film-0.progress bad_answer", "Card.film-0.title bad_answer", "Card.film-1.progress bad_answer", "Card.film-1.title bad_answer"},
		},
		{
			name:        "garbage for rows costs the rows",
			tell:        func(f *fake.Tier) { f.Garbage("rows") },
			took:        10 * time.Millisecond,
			tree:        `{"name":"Ada","recent":["a","b","c"],"rows":null}`,
			errors:      []string{"home.rows bad_answer"},
			graph:       `{"home":{"name":"Ada","recent":["a","b","c"],"rows":null}}`,
			graphErrors: []string{"home.rows bad_answer"},
		},
		{
			name: "a silent poster tier costs posters, at its timeout",
			tell: func(f *fake.Tier) { f.Hang("artwork") },
			took: 160 * time.Millisecond, // keys after 10, the source's timeout is 150
			tree: `{"name":"Ada","recent":["a","b","c"],"rows":[{"name":"Row 0","items":[` +
				strings.Replace(card0, `"https://art.test/film-0"`, `null`, 1) + `,` + strings.Replace(card1, `"https://art.test/film-1"`, `null`, 1) + `]}]}`,
			errors: both("art", "timeout"),
			graph: `{"Card":{"film-0":{"art":null,"position":600,"progress":{"minutesLeft":90,"state":"STARTED"},"title":"Film 0"},` +
				`"film-1":{"art":null,"position":null,"progress":{"minutesLeft":100,"state":"NEW"},"title":"Film 1"}},` + refs + `}`,
			graphErrors: []string{"Card.film-0.art timeout", "Card.film-1.art timeout"},
		},
		{
			name:   "a dead profile costs the home, where nulls propagate",
			tell:   func(f *fake.Tier) { f.Fail("profiles.Profile", fault.Unavailable) },
			took:   20 * time.Millisecond,
			tree:   `null`,
			errors: []string{"home.name unavailable"},
			graph: `{"Card":{"film-0":{"art":"https://art.test/film-0","position":600,"progress":{"minutesLeft":90,"state":"STARTED"},"title":"Film 0"},` +
				`"film-1":{"art":"https://art.test/film-1","position":null,"progress":{"minutesLeft":100,"state":"NEW"},"title":"Film 1"}},` + strings.Replace(refs, `"Ada"`, `null`, 1) + `}`,
			graphErrors: []string{"home.name unavailable"},
		},
		{
			name:        "everything dead",
			tell:        func(f *fake.Tier) { f.Fail("*", fault.Unavailable) },
			took:        10 * time.Millisecond,
			tree:        `null`,
			errors:      []string{"home.name unavailable"},
			graph:       `{"home":{"name":null,"recent":null,"rows":null}}`,
			graphErrors: []string{"home.name unavailable", "home.recent unavailable", "home.rows unavailable"},
		},
		{
			name:  "all is well",
			tell:  func(*fake.Tier) {},
			took:  20 * time.Millisecond,
			tree:  `{"name":"Ada","recent":["a","b","c"],"rows":[{"name":"Row 0","items":[` + card0 + `,` + card1 + `]}]}`,
			graph: `{"Card":{"film-0":{"art":"https://art.test/film-0","position":600,"progress":{"minutesLeft":90,"state":"STARTED"},"title":"Film 0"},"film-1":{"art":"https://art.test/film-1","position":null,"progress":{"minutesLeft":100,"state":"NEW"},"title":"Film 1"}},` + refs + `}`,
		},
	} {
		for _, p := range small {
			want := told{Status: http.StatusOK, Data: c.tree, Errors: c.errors, Late: c.late}
			switch p.name {
			case "graphql":
				want.Data = `{"home":` + c.tree + `}`
				if c.errors != nil {
					want.Status = 294 // partial, by the edition of September 2026
				}
			case "rest":
				if c.tree == "null" { // a problem, with the errors that make it one
					want.Status, want.Data = http.StatusServiceUnavailable, ""
				}
			case "jsongraph":
				want = told{Status: http.StatusOK, Data: c.graph, Errors: c.graphErrors, Late: c.graphLate}
			}
			t.Run(c.name+"/"+p.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					h := newHome(t, false)
					h.tier.Delay("*", 10*time.Millisecond)
					c.tell(h.tier)
					began := time.Now()
					w := httptest.NewRecorder()
					h.ServeHTTP(w, p.request(false))
					if took := time.Since(began); took != c.took {
						t.Errorf("it took %v, want %v", took, c.took)
					}
					if d := cmp.Diff(want, tell(t, p, w)); d != "" {
						t.Errorf("-want +got:\n%s", d)
					}
					if kept := !strings.Contains(w.Header().Get("Cache-Control"), "no-store"); kept && c.name != "all is well" {
						t.Errorf("Cache-Control: %q", w.Header().Get("Cache-Control"))
					}
					time.Sleep(time.Second)
				})
			})
		}
	}
}

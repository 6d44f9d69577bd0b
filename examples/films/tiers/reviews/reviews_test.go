package reviews

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"facet/examples/films/data"
)

func ask(t testing.TB, query string, variables map[string]any) string {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	Handler(data.Load()).ServeHTTP(w, httptest.NewRequest("POST", "/graphql", strings.NewReader(string(body))))
	if w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func TestQueries(t *testing.T) {
	for _, c := range []struct {
		name, query string
		variables   map[string]any
		want        string
	}{
		{"many", `query($ids: [ID!]!) { films(ids: $ids) { id critics { outOf100 votes } audience { outOf100 votes } verdict } }`,
			map[string]any{"ids": []string{"inception-2010", "nothing", "jaws-1975"}},
			`{"data":{"films":[{"id":"inception-2010","critics":{"outOf100":87,"votes":null},"audience":{"outOf100":91,"votes":188247},"verdict":"ACCLAIMED"},{"id":"jaws-1975","critics":{"outOf100":100,"votes":null},"audience":{"outOf100":83,"votes":138017},"verdict":"ACCLAIMED"}]}}`},
		{"quotes", `{ film(id: "jaws-1975") { quotes { total list { by text } } } }`, nil,
			`{"data":{"film":{"quotes":{"total":3,"list":[{"by":"CRITICS","text":"100% of the critics liked it."},{"by":"AUDIENCE","text":"8.3 of 10 from 138,017 people."},{"by":"BOX_OFFICE","text":"It made 39.2 times what it cost."}]}}}}`},
		{"some quotes", `{ film(id: "jaws-1975") { quotes(first: 1, offset: 1) { total list { by } } } }`, nil,
			`{"data":{"film":{"quotes":{"total":3,"list":[{"by":"AUDIENCE"}]}}}}`},
		{"nobody judged it", `{ film(id: "star-wars-ep-ii-attack-of-the-clones-2002") { critics { outOf100 } verdict quotes { list { text } } } }`, nil,
			`{"data":{"film":{"critics":null,"verdict":null,"quotes":{"list":[{"text":"It made 5.7 times what it cost."}]}}}}`},
		{"nothing", `{ film(id: "nothing") { id } films(ids: []) { id } }`, nil, `{"data":{"film":null,"films":[]}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, ask(t, c.query, c.variables)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	for name, query := range map[string]string{
		"no field":    `{ film(id: "jaws-1975") { director } }`,
		"a count":     `{ film(id: "jaws-1975") { quotes(first: -1) { total } } }`,
		"an id":       `{ films(ids: [""]) { id } }`,
		"no query":    ``,
		"a long one":  `{ ` + strings.Repeat(`__typename `, 2000) + `}`,
		"too deep":    `{ __schema { types { fields { type { ofType { ofType { ofType { ofType { ofType { name } } } } } } } } } }`,
		"no document": `{`,
	} {
		if got := ask(t, query, nil); !strings.Contains(got, `"errors"`) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestEveryFilm: every film has an answer, and a verdict only where both voices spoke.
func TestEveryFilm(t *testing.T) {
	for _, facts := range data.Load().Titles {
		f := &film{facts}
		if (f.Verdict() != nil) != (f.Critics() != nil && f.Audience() != nil) {
			t.Errorf("%s: %v", facts.ID, f.Verdict())
		}
		for _, q := range f.quotes() {
			if q.Text == "" || strings.Contains(q.Text, "%!") {
				t.Errorf("%s: %q", facts.ID, q.Text)
			}
		}
	}
}

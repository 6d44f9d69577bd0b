package servetest_test

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"facet/composer"

	"github.com/google/go-cmp/cmp"
)

// TestGraphQL asks what only GraphQL can, of the real composer.
func TestGraphQL(t *testing.T) {
	for name, c := range map[string]struct{ query, want string }{
		"two views in one document": {`{ film(id: "t1") { key } home { name } again: film(id: "t2") { key } }`,
			`{"data":{"film":{"key":"t1"},"home":{"name":"Ann"},"again":{"key":"t2"}}}`},
		"aliases of one list with two windows": {`{ home { a: rows(first: 1) { name } b: rows(first: 1, after: "` + composer.EncodeCursor(2) + `") { name } rowsPage(first: 1) { length next } } }`,
			`{"data":{"home":{"a":[{"name":"Row 0"}],"b":[{"name":"Row 2"}],"rowsPage":{"length":5,"next":"` + composer.EncodeCursor(1) + `"}}}}`},
		"typename and introspection between views": {`{ __typename film(id: "t1") { __typename similar(first: 1) { __typename } } __type(name: "Card") { kind } }`,
			`{"data":{"__typename":"Query","film":{"__typename":"Card","similar":[{"__typename":"Card"}]},"__type":{"kind":"OBJECT"}}}`},
		"node":          {`{ node(id: "Card:t4") { id ... on Card { title } } nobody: node(id: "Card:nobody") { id } junk: node(id: "junk") { id } }`, `{"data":{"node":{"id":"Card:t4","title":"Film \"4\" ü"},"nobody":null,"junk":null}}`},
		"paged root":    {`{ search(filter: { text: "x" }, first: 2, after: "` + composer.EncodeCursor(1) + `") { title } }`, `{"data":{"search":[null,{"title":"Film \"3\" ü"}]}}`},
		"page of root":  {`{ searchPage(filter: { text: "x" }) { length next } }`, `{"data":{"searchPage":{"length":4,"next":null}}}`},
		"a wrong value": {`{ byGenre(genre: CRIME, limit: 99) { titles { key } } film(id: "t1") { key } }`, `"data":{"byGenre":null,"film":{"key":"t1"}}}`},
		"mutations":     {`mutation { a: setBookmark(title: "t1", positionSeconds: 60) { progress { state } } b: setBookmark(title: "t3", positionSeconds: 60) { progress { state } } }`, `"data":{"a":{"progress":{"state":"STARTED"}},"b":{"progress":{"state":"STARTED"}}}`},
	} {
		t.Run(name, func(t *testing.T) {
			w := films(t)
			body, err := json.Marshal(map[string]string{"query": c.query})
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequest("POST", "/tv/v3/graphql", strings.NewReader(string(body)))
			r.Header.Set("Content-Type", "application/json")
			rec := httptest.NewRecorder()
			w.handlers.GraphQL.ServeHTTP(rec, r)
			got := rec.Body.String()
			if c.want[0] == '{' && got != c.want || !strings.Contains(got, c.want) {
				t.Errorf("%d, -want +got:\n%s", rec.Code, cmp.Diff(c.want, got))
			}
		})
	}
}

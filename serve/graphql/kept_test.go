package graphql_test

import (
	"crypto/sha256"
	"testing"

	"github.com/google/go-cmp/cmp"

	"facet/composer"
)

// TestKeptDocuments: an engine that is opened again validates no document that it knew before, and answers as it did.
func TestKeptDocuments(t *testing.T) {
	var kept composer.Kept
	opened := func() *world {
		w := films(t)
		w.attached.Keep(&kept)
		return w
	}
	for _, c := range []struct {
		query     string
		variables any
		known     bool
	}{
		{"{ home { name } }", nil, true},
		{"query Q($id: ID!, $n: Int = 2, $with: Boolean!) { film(id: $id) { key title @include(if: $with) } home { rows(first: $n) { name } } }", object{"id": "jaws-1975", "with": true}, true},
		{"query Q($id: ID!, $n: Int = 1) { ...Roots } fragment Roots on Query { film(id: $id) { ...Card } home { rows(first: $n) { name } } } fragment Card on Card { key title }", object{"id": "jaws-1975"}, true},
		{"query Q($id: ID!) { node(id: $id) { id ... on Card { title } } }", object{"id": "Card:jaws-1975"}, true},
		{"query Q($id: ID!) { film(id: $id) { key } }", object{}, true},
		{"query A($id: ID!) { film(id: $id) { key } } query B { home { name } }", object{"id": "jaws-1975"}, false},
		{"{ home { nothing } }", nil, false},
		{"{ __schema { queryType { name } } home { name } }", nil, true},
	} {
		first := post(serveWorld(opened(), nil), c.query, c.variables)
		if got := kept.Knows(sha256.Sum256([]byte(c.query))); got != c.known {
			t.Errorf("%s: known %v, want %v", c.query, got, c.known)
		}
		again := opened()
		second := post(serveWorld(again, nil), c.query, c.variables)
		if diff := cmp.Diff([]any{first.Code, first.Body.String()}, []any{second.Code, second.Body.String()}); diff != "" {
			t.Errorf("%s: opened again, it is answered otherwise (-before +after):\n%s", c.query, diff)
		}
	}
}

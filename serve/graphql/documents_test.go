package graphql_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"facet/composer"
	"facet/serve/graphql"
	"facet/view"
	"facet/view/viewtest"
)

// bringing is the films world whose package brings documents.
func bringing(t *testing.T, only bool, list ...view.Document) *world {
	t.Helper()
	b := viewtest.Home()
	b.Documents = view.NewDocuments(only, list)
	s, ds := view.NewSurface("tv", "v3", b)
	if err := ds.Err(); err != nil {
		t.Fatal(err)
	}
	w := films(t)
	w.surface = s
	return w
}

func TestBroughtDocuments(t *testing.T) {
	first, second, other := "query A { home { name } }", "query B { home { rows(first: 1) { name } } }", "query C { home { recent } }"
	hashed := func(text string) string {
		return `{"persistedQuery":{"version":1,"sha256Hash":"` + hashOf(text) + `"}}`
	}
	for _, only := range []bool{false, true} {
		h := serveWorld(bringing(t, only, view.Document{Text: first}, view.Document{ID: "two", Text: second}), nil)
		refused := map[bool]int{false: http.StatusOK, true: http.StatusForbidden}[only]
		for range 2 { // unknown to the engine, then known
			for _, c := range []struct {
				params [4]string
				want   int
			}{
				{[4]string{"documentId", hashOf(first)}, 200},
				{[4]string{"documentId", "two"}, 200},
				{[4]string{"documentId", hashOf(second)}, 200},
				{[4]string{"extensions", hashed(first)}, 200},
				{[4]string{"query", first}, 200},
				{[4]string{"query", first, "extensions", hashed(first)}, 200},
				{[4]string{"query", other}, refused},
				{[4]string{"query", other, "extensions", hashed(other)}, refused},
				{[4]string{"documentId", hashOf(other)}, 404},
				{[4]string{"documentId", "three"}, 404},
			} {
				q := url.Values{c.params[0]: {c.params[1]}}
				if c.params[2] != "" {
					q.Set(c.params[2], c.params[3])
				}
				if got := answerOf(h, "GET", q.Encode(), ""); got[0] != c.want {
					t.Errorf("only %t, %v: %v, want %d", only, c.params, got, c.want)
				}
			}
		}
	}
}

// TestReady: what a warm-up reads is bounded, and one bad document keeps no other from being ready.
func TestReady(t *testing.T) {
	list := []view.Document{{Text: "{ nothing }"}}
	for i := range 40 {
		list = append(list, view.Document{Text: fmt.Sprintf("query Q%d { home { name } }", i)})
	}
	w := bringing(t, false, list...)
	h := graphql.New(graphql.Options{Views: one{w}, Asker: anyone})
	planned := 0
	n, err := h.Ready(w, func(sel *composer.Selection) error {
		if len(sel.Roots) != 1 {
			t.Errorf("%d roots are planned", len(sel.Roots))
		}
		planned++
		return nil
	})
	if n != 16 || planned != n || err == nil {
		t.Errorf("%d ready, %d planned, %v", n, planned, err)
	}
	if n, err := h.Ready(bringing(t, false, list[1]), func(*composer.Selection) error { return errors.New("no plan") }); n != 1 || err == nil {
		t.Errorf("%d ready, %v", n, err)
	}
}

// TestReadyWithConditions: what is planned beforehand is what is asked for, however the conditions fall.
func TestReadyWithConditions(t *testing.T) {
	const doc = "query Q($a: Boolean = true, $b: Boolean = false, $c: Boolean!) { home { name @include(if: $a) recent @include(if: $b) rows @include(if: $c) { name } } }"
	w := bringing(t, false, view.Document{ID: "q", Text: doc})
	h := graphql.New(graphql.Options{Views: one{w}, Asker: anyone})
	if n, err := h.Ready(w, func(sel *composer.Selection) error {
		if sub := sel.Roots[0].Sub; len(sub) != 1 || sub[0].Name != "name" {
			t.Errorf("%d fields are planned", len(sub))
		}
		return nil
	}); n != 1 || err != nil {
		t.Fatalf("%d ready, %v", n, err)
	}
	fresh := graphql.New(graphql.Options{Views: one{bringing(t, false)}, Asker: anyone})
	for _, vars := range []object{{"c": false}, {"a": false, "b": true, "c": false}, {"a": false, "c": true}, {"a": true, "b": true, "c": true}} {
		if got, want := post(h, doc, vars).Body.String(), post(fresh, doc, vars).Body.String(); got != want {
			t.Errorf("%v: got %s, want %s", vars, got, want)
		}
	}
}

// TestWays: of an operation that can be asked in too many ways, one selection has all that any of them selects; and how much is looked at of all
// documents is bounded.
func TestWays(t *testing.T) {
	c := graphql.NewChecker(films(t).surface)
	ask := func(name string, conditions int) string {
		var vars, fields strings.Builder
		for i := range conditions {
			fmt.Fprintf(&vars, "$v%d: Boolean! ", i)
			fmt.Fprintf(&fields, " f%d: name @include(if: $v%d) g%d: name @skip(if: $v%d)", i, i, i, i)
		}
		return "query " + name + "(" + vars.String() + ") { home {" + fields.String() + " } }"
	}
	ops, wrong := c.Read(ask("A", 6))
	if len(wrong) > 0 || len(ops[0].Selections) != 64 {
		t.Fatalf("%v, %d selections", wrong, len(ops[0].Selections))
	}
	ops, wrong = c.Read(ask("B", 8))
	if len(wrong) > 0 || len(ops[0].Selections) != 2 {
		t.Fatalf("%v, %d selections", wrong, len(ops[0].Selections))
	}
	if n := len(ops[0].Selections[1].Roots[0].Sub); n != 16 {
		t.Errorf("%d fields of 16 are in what stands for all ways", n)
	}
	for n := 0; ; n++ {
		if n > 20_000 {
			t.Fatal("there is no end")
		}
		if _, wrong := c.Read(ask("C", 6)); len(wrong) > 0 {
			if !strings.Contains(wrong[0].Text, "too many ways") || n < 4_000 {
				t.Errorf("after %d operations: %s", n, wrong[0].Text)
			}
			break
		}
	}
}

func TestChecker(t *testing.T) {
	c := graphql.NewChecker(films(t).surface)
	for text, want := range map[string]string{
		"{ home { name } }": "1 way of ",
		"query A($x: Boolean!, $y: Boolean!) { home { name @include(if: $x) recent @skip(if: $y) } }\n\nquery B { home { name } }": "4 ways of A, line 3: 1 way of B",
		"mutation M { setBookmark(title: \"a\", positionSeconds: 1) { title } }":                                                   "1 way of M",
		"query N($id: ID!) { node(id: $id) { ... on Card { title } } }":                                                            "2 ways of N",
		"{\n  home { nmae }\n}":           `2: Cannot query field "nmae" on type "Home". Did you mean "name"?`,
		"{ home { name }":                 "Expected Name",
		"fragment F on Card { title }":    "no operation",
		"{ __schema { types { name } } }": "introspection is off",
	} {
		ops, wrong := c.Read(text)
		var got []string
		for _, m := range wrong {
			got = append(got, fmt.Sprintf("%d: %s", m.Line, m.Text))
		}
		for i, op := range ops {
			line := ""
			if i > 0 {
				line = fmt.Sprintf("line %d: ", op.Line)
			}
			s := "s"
			if len(op.Selections) == 1 {
				s = ""
			}
			got = append(got, fmt.Sprintf("%s%d way%s of %s", line, len(op.Selections), s, op.Name))
		}
		if !strings.Contains(strings.Join(got, ", "), want) {
			t.Errorf("%s: %v, want %s", text, got, want)
		}
	}
}

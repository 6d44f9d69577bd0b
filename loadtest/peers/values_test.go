package peers

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func parse(t *testing.T, text string) (v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

func TestFromJSONGraph(t *testing.T) {
	paths := []any{
		[]any{"home", []any{"name", "recent"}},
		[]any{"home", "rows", map[string]any{"from": 0, "to": 1}, "items", map[string]any{"to": 0}, []any{"id", "at"}},
	}
	for name, c := range map[string]struct{ graph, want, err string }{
		"references, atoms, lists": {
			`{"home":{"name":"Ada","recent":{"$type":"atom","value":["a"]},"rows":{"0":{"items":{"0":{"$type":"ref","value":["Card","x"]}}},"1":{"$type":"ref","value":["home","rows",0]}}},"Card":{"x":{"id":"Card:x","at":null}}}`,
			`{"name":"Ada","recent":["a"],"rows":[{"items":[{"id":"x","at":null}]},{"items":[{"id":"x","at":null}]}]}`, "",
		},
		"a hole":              {`{"home":{"name":"Ada"}}`, "", `"recent" is not in the answer`},
		"leads nowhere":       {`{"home":{"name":1,"recent":1,"rows":{"0":{"$type":"ref","value":["no"]}}}}`, "", "leads nowhere"},
		"a circle":            {`{"home":{"name":1,"recent":1,"rows":{"0":{"$type":"ref","value":["home","rows","0"]}}}}`, "", "references in a row"},
		"a leaf for a branch": {`{"home":{"name":1,"recent":1,"rows":7}}`, "", "is no branch"},
	} {
		got, err := fromJSONGraph(paths, "home")([]byte(`{"jsonGraph":` + c.graph + `}`))
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: %v, want %q", name, err, c.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if d := cmp.Diff(parse(t, c.want), got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestGraphQL(t *testing.T) {
	got, err := graphql([]byte(`{"data":{"home":{"rows":[{"id":"Card:a:b"},{"id":"c"}]}}}`))
	if d := cmp.Diff(parse(t, `{"rows":[{"id":"a:b"},{"id":"c"}]}`), got); d != "" || err != nil {
		t.Error(err, d)
	}
	for _, text := range []string{`{"data":{"home":null},"errors":[{"message":"no"}]}`, `{}`, `<html>`} {
		if v, err := graphql([]byte(text)); err == nil {
			t.Errorf("%s is %v", text, v)
		}
	}
}

func TestDifference(t *testing.T) {
	for _, c := range []struct{ want, got, in string }{
		{`{"a":[1,{"b":null}]}`, `{"a":[1,{"b":null}]}`, ""},
		{`{"a":[1,{"b":null}]}`, `{"a":[1,{"b":0}]}`, ".a[1].b is 0 instead of <nil>"},
		{`{"a":1}`, `{"a":1,"c":2}`, ".c is there in one only"},
		{`[1,2]`, `[1]`, " has 1 values instead of 2"},
		{`[1]`, `{"0":1}`, "instead of"},
		{`"1"`, `1`, "instead of"},
	} {
		got := difference("", parse(t, c.want), parse(t, c.got))
		if !strings.Contains(got, c.in) || c.in == "" && got != "" {
			t.Errorf("%s and %s: %q, want %q", c.want, c.got, got, c.in)
		}
	}
}

func TestReport(t *testing.T) {
	r := &Report{Page: "contest", Rows: []*Row{
		{Peer: "edge", CPU: []float64{1, 3, 1}, busy: []float64{5, 5, 4}},
		{Peer: "slow", CPU: []float64{10, 10, 10}},
		{Peer: "fast", CPU: []float64{0.5, 1, 0.5}},
		{Peer: "gone", Missing: "npm is missing"},
		{Peer: "edge-b", CPU: []float64{2, 2, 2}},
		{Peer: "b", CPU: []float64{4, 4, 4}},
	}}
	r.finish([]Peer{{Name: "edge"}, {Name: "slow", Bar: 0.3}, {Name: "fast", Bar: 1.3}, {Name: "gone", Bar: 1}, {Name: "edge-b", Of: "edge"}, {Name: "b", Against: "edge-b", Bar: 0.6}})
	var got []float64
	for _, row := range r.Rows {
		got = append(got, row.Ratio)
	}
	if d := cmp.Diff([]float64{0, 0.1, 2, 0, 0, 0.5}, got); d != "" {
		t.Error(d)
	}
	if err := r.Err(); err == nil || !strings.Contains(err.Error(), "missing are gone; bars are missed against fast (2.000, not <= 1.30)") {
		t.Error(err)
	}
	var out strings.Builder
	r.Print(&out)
	for _, want := range []string{"missing: npm is missing", "<=0.30 ok", "<=1.30 MISSED", "(of edge-b)"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
}

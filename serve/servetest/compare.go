package servetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"facet/view"

	"github.com/google/go-cmp/cmp"
)

// Handlers are the three protocols of one edge. One that is nil is not asked.
type Handlers struct{ GraphQL, REST, Graph http.Handler }

// An Answer is what one protocol said to a Question.
type Answer struct {
	Status int
	Data   any // JSON: what stands at the question's root, GraphQL's form
	Body   string
}

// Run asks every question in three ways, each in a subtest, and compares. JSON Graph does not propagate nulls: where GraphQL
// has null it may have a value, if an error or a broken promise lies below. Nothing else may differ.
func Run(t *testing.T, s *view.Surface, h Handlers, questions ...Question) {
	t.Helper()
	for _, q := range questions {
		t.Run(q.title(), func(t *testing.T) { Ask(t, s, h, q) })
	}
}

// Ask asks one question in three ways, compares, and gives GraphQL's answer.
func Ask(t testing.TB, s *view.Surface, h Handlers, q Question) Answer {
	t.Helper()
	m, err := newMaker(s, q)
	if err != nil {
		t.Fatal(err)
	}
	want := ask(t, h.GraphQL, m.graphql(), "answer")
	if want.Status >= 400 {
		t.Fatalf("GraphQL refuses: %d %s", want.Status, want.Body)
	}
	r, why := m.graph()
	if why != "" {
		t.Logf("not asked of the JSON Graph: %s", why)
	} else {
		graph := m.read(t, h.Graph, r)
		if d := differ(want.Data, graph.Data, "answer"); d != "" {
			t.Errorf("GraphQL and JSON Graph differ at %s\nGraphQL: %s\nJSON Graph: %d %s", d, clip(want.Body), graph.Status, clip(graph.Body))
		}
	}
	if h.REST != nil {
		rest := ask(t, h.REST, m.rest(), "")
		if rest.Status >= 400 && want.Data == nil { // a problem: there is no data
			rest.Data = nil
		}
		if d := cmp.Diff(want.Data, rest.Data); d != "" {
			t.Errorf("GraphQL and REST differ, -GraphQL +REST:\n%s\nREST: %d %s", d, rest.Status, clip(rest.Body))
		}
	}
	return want
}

func clip(s string) string {
	if len(s) > 2000 {
		return s[:2000] + "…"
	}
	return s
}

// ask sends a request; the data is `data`, or what is under key in it.
func ask(t testing.TB, h http.Handler, r *http.Request, key string) Answer {
	t.Helper()
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	a := Answer{Status: rec.Code, Body: rec.Body.String()}
	var body struct{ Data any }
	if err := decode(rec.Body.Bytes(), &body); err != nil {
		t.Fatalf("%s %s: %d: %v: %s", r.Method, r.URL, rec.Code, err, clip(a.Body))
	}
	a.Data = body.Data
	if m, ok := body.Data.(map[string]any); ok && key != "" {
		a.Data = m[key]
	}
	return a
}

func decode(b []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	return dec.Decode(v)
}

// read asks the JSON Graph and puts what it says into the form of GraphQL's answer.
func (m *maker) read(t testing.TB, h http.Handler, r *http.Request) Answer {
	t.Helper()
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	a := Answer{Status: rec.Code, Body: rec.Body.String()}
	var body struct{ JSONGraph map[string]any }
	if err := decode(rec.Body.Bytes(), &body); err != nil || rec.Code != http.StatusOK {
		paths, err2 := url.QueryUnescape(r.URL.RawQuery)
		t.Fatalf("%s %s: %d: %v %v: %s", r.Method, paths, rec.Code, err, err2, clip(a.Body))
	}
	g := &graph{m: m, root: body.JSONGraph}
	at := []string{m.q.View}
	switch {
	case m.q.Mutation != "":
		at = []string{m.q.Mutation, "result"}
	case m.q.Shape != "":
		at = []string{m.q.Shape, m.q.Key}
	default:
		v, _ := m.s.View(m.q.View)
		keys, _ := m.s.GraphKeys(v.Def)
		for _, k := range keys {
			x := m.q.Args[k.Name]
			if s, ok := x.(string); ok {
				at = append(at, s)
			} else {
				at = append(at, text(x))
			}
		}
	}
	a.Data, _ = g.build(g.at(g.root, at), m.out, m.fields)
	return a
}

// A graph is a JSON Graph that is read as a tree.
type graph struct {
	m    *maker
	root map[string]any
	hops int
}

// A failed is an error sentinel.
type failed struct{ value any }

// broken is a null where the schema promises a value: GraphQL's null lies above it.
type broken struct{}

// missing is a place with nothing: no value, or an atom without one.
type missing struct{}

// at goes along keys from a node, following references; what it finds is resolved.
func (g *graph) at(node any, keys []string) any {
	node = g.resolve(node)
	for _, k := range keys {
		m, ok := node.(map[string]any)
		if !ok {
			return node // a value, an error or nothing covers what is below
		}
		next, ok := m[k]
		if !ok {
			return missing{}
		}
		node = g.resolve(next)
	}
	return node
}

func (g *graph) resolve(node any) any {
	m, ok := node.(map[string]any)
	if !ok {
		return node
	}
	switch m["$type"] {
	case "atom":
		v, ok := m["value"]
		if !ok {
			return missing{}
		}
		return atom{v}
	case "error":
		return failed{m["value"]}
	case "ref":
		if g.hops++; g.hops > 10_000 {
			return failed{"references lead in a circle"}
		}
		path, _ := m["value"].([]any)
		keys := make([]string, len(path))
		for i, k := range path {
			keys[i] = fmt.Sprint(k)
		}
		return g.at(g.root, keys)
	}
	return node
}

// An atom is a value that is not gone into.
type atom struct{ value any }

// build gives the value of an output; ok is false where nothing is.
func (g *graph) build(node any, o *view.Output, fs []field) (value any, ok bool) {
	switch n := node.(type) {
	case missing:
		return nil, false
	case failed:
		return n, true
	case atom:
		return project(n.value, fs), true
	case map[string]any:
		return g.branch(n, o, fs)
	}
	return node, true // a bare primitive or null
}

func (g *graph) branch(n map[string]any, o *view.Output, fs []field) (any, bool) {
	switch o.Kind {
	case view.Leaf, view.Many:
		list := []any{}
		for i := range g.m.q.first() {
			item := o.Item
			if item == nil {
				item = &view.Output{Kind: view.Leaf}
			}
			x := g.at(n, []string{strconv.Itoa(i)})
			v, ok := g.build(x, item, fs)
			if !ok {
				if ref, _ := n[strconv.Itoa(i)].(map[string]any); ref["$type"] == "ref" { // to nobody
					list = append(list, nil)
					continue
				}
				break
			}
			list = append(list, promised(v, item))
		}
		return list, true
	case view.Union:
		for _, a := range o.Arms {
			if a.Output == nil {
				continue
			}
			if name, _ := g.value(n, "__typename").(string); name == view.OutputType(a.Output).Name {
				return g.branch(n, a.Output, g.m.of(a.Output, fs))
			}
		}
	}
	out := map[string]any{}
	found := false
	for _, f := range fs {
		if list, ok := strings.CutSuffix(f.name, "Page"); ok && g.m.below(o, list) != nil {
			out[f.name] = map[string]any{"length": g.value(n, list, "length")}
			found = true
			continue
		}
		below := g.m.below(o, f.name)
		if below == nil {
			below = &view.Output{Kind: view.Leaf}
		}
		v, ok := g.build(g.at(n, []string{f.name}), below, f.sub)
		if !ok {
			v = nil
		}
		found = found || ok
		out[f.name] = promised(v, below)
	}
	return out, found || len(fs) == 0
}

func promised(v any, o *view.Output) any {
	if v == nil && o.NonNull {
		return broken{}
	}
	return v
}

func (g *graph) value(n any, keys ...string) any {
	switch v := g.at(n, keys).(type) {
	case atom:
		return v.value
	case missing, failed, map[string]any:
		return nil
	default:
		return v
	}
}

// project keeps the asked fields of a computed object, or of each in a list.
func project(v any, fs []field) any {
	if len(fs) == 0 {
		return v
	}
	switch x := v.(type) {
	case []any:
		out := make([]any, len(x))
		for i := range x {
			out[i] = project(x[i], fs)
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for _, f := range fs {
			out[f.name] = project(x[f.name], f.sub)
		}
		return out
	}
	return v
}

// differ says where the two differ: "" if they agree but for nulls that GraphQL propagates.
func differ(want, got any, at string) string {
	if _, ok := got.(failed); ok {
		if want == nil {
			return ""
		}
		return fmt.Sprintf("%s: an error, want %v", at, want)
	}
	if _, ok := got.(broken); ok {
		got = nil
	}
	if want == nil && got != nil {
		if troubled(got) {
			return ""
		}
		return fmt.Sprintf("%s: %v, want null", at, got)
	}
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return fmt.Sprintf("%s: %v, want an object", at, got)
		}
		for k, v := range w {
			if d := differ(v, g[k], at+"."+k); d != "" {
				return d
			}
		}
		for k := range g {
			if _, ok := w[k]; !ok {
				return fmt.Sprintf("%s: the field %s is only in the JSON Graph", at, k)
			}
		}
		return ""
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return fmt.Sprintf("%s: %v, want %d items", at, got, len(w))
		}
		for i := range w {
			if d := differ(w[i], g[i], at+"["+strconv.Itoa(i)+"]"); d != "" {
				return d
			}
		}
		return ""
	}
	if !reflect.DeepEqual(want, got) {
		return fmt.Sprintf("%s: %v, want %v", at, got, want)
	}
	return ""
}

// troubled says whether an error, or a null that breaks a promise, lies in a value.
func troubled(v any) bool {
	switch x := v.(type) {
	case failed, broken:
		return true
	case []any:
		for _, y := range x {
			if troubled(y) {
				return true
			}
		}
	case map[string]any:
		for _, y := range x {
			if troubled(y) {
				return true
			}
		}
	}
	return false
}

package servetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"

	"facet/view"
)

// A maker turns a Question into requests.
type maker struct {
	q      Question
	s      *view.Surface
	out    *view.Output
	args   []*view.Arg
	fields []field
}

func newMaker(s *view.Surface, q Question) (*maker, error) {
	out, args := q.output(s)
	if out == nil {
		return nil, fmt.Errorf("the surface has no %s", q.title())
	}
	f, err := fields(q.Fields)
	return &maker{q: q, s: s, out: out, args: args, fields: f}, err
}

func (m *maker) url(rest string) string { return "/" + m.q.Device + "/" + m.q.Schema + "/" + rest }

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // questions are written in tests
	}
	return string(b)
}

// graphql is one document with its values as variables.
func (m *maker) graphql() *http.Request {
	var head, call []string
	variables := map[string]any{}
	for _, a := range m.args {
		if v, ok := m.q.Args[a.Name]; ok {
			head = append(head, "$"+a.Name+": "+a.Type.String())
			call = append(call, a.Name+": $"+a.Name)
			variables[a.Name] = v
		}
	}
	kind, name := "query", m.q.View
	switch {
	case m.q.Mutation != "":
		kind, name = "mutation", m.q.Mutation
	case m.q.Shape != "":
		name = "node"
		head, call = []string{"$id: ID!"}, []string{"id: $id"}
		variables["id"] = view.EncodeID(m.q.Shape, nil, m.q.Key)
	}
	if m.out.Paged {
		call = append(call, "first: "+strconv.Itoa(m.q.first()))
	}
	below := m.set(m.out, m.fields)
	if m.q.Shape != "" {
		below = "{ ... on " + m.q.Shape + " " + below + " }"
	}
	doc := kind + paren(head) + " { answer: " + name + paren(call) + " " + below + " }"
	r := httptest.NewRequest(http.MethodPost, m.url("graphql"), strings.NewReader(text(map[string]any{"query": doc, "variables": variables})))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/graphql-response+json")
	return r
}

func paren(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return "(" + strings.Join(list, ", ") + ")"
}

// set is the GraphQL selection set below an output; "" below a leaf without fields.
func (m *maker) set(o *view.Output, fs []field) string {
	switch o.Kind {
	case view.Many:
		return m.set(o.Item, fs)
	case view.Union:
		var b strings.Builder
		b.WriteString("{ ")
		for _, a := range o.Arms {
			if a.Output == nil {
				continue
			}
			if own := m.of(a.Output, fs); len(own) > 0 {
				b.WriteString("... on " + view.OutputType(a.Output).Name + " " + m.set(a.Output, own) + " ")
			}
		}
		return b.String() + "}"
	case view.Leaf:
		if len(fs) == 0 {
			return ""
		}
	}
	var b strings.Builder
	b.WriteString("{ ")
	for _, f := range fs {
		b.WriteString(f.name)
		below := m.below(o, f.name)
		if below != nil && below.Paged {
			b.WriteString("(first: " + strconv.Itoa(m.q.first()) + ")")
		}
		b.WriteByte(' ')
		switch {
		case below != nil:
			b.WriteString(m.set(below, f.sub))
		case len(f.sub) > 0: // a page, or a computed object in a computed object
			b.WriteString("{ " + names(f.sub) + " }")
		}
		b.WriteByte(' ')
	}
	return b.String() + "}"
}

func names(fs []field) string {
	out := make([]string, len(fs))
	for i, f := range fs {
		out[i] = f.name
	}
	return strings.Join(out, " ")
}

// of are the fields that a member of a match has.
func (m *maker) of(o *view.Output, fs []field) []field {
	var out []field
	t := m.s.Type(view.OutputType(o).Name)
	for _, f := range fs {
		if f.name == "__typename" || t != nil && t.Field(f.name) != nil {
			out = append(out, f)
		}
	}
	return out
}

// below is the output of a field of an object; nil for what has none.
func (m *maker) below(o *view.Output, name string) *view.Output {
	if o.Kind == view.Ref {
		sh, ok := m.s.Shape(o.Shape)
		if !ok {
			return nil
		}
		o = sh.Def.Output
	}
	if f := o.Field(name); f != nil {
		return f.Output
	}
	return nil
}

// rest is the request with `fields` and a `first` for each paged list.
func (m *maker) rest() *http.Request {
	q := url.Values{}
	if m.q.Fields != "" {
		q.Set("fields", m.q.Fields)
	}
	m.firsts(m.out, m.fields, "", q)
	switch {
	case m.q.Mutation != "":
		r := httptest.NewRequest(http.MethodPost, m.url(m.q.Mutation)+"?"+q.Encode(), strings.NewReader(text(m.q.Args)))
		r.Header.Set("Content-Type", "application/json")
		return r
	case m.q.Shape != "":
		return httptest.NewRequest(http.MethodGet, m.url("node/"+url.PathEscape(view.EncodeID(m.q.Shape, nil, m.q.Key)))+"?"+q.Encode(), nil)
	}
	for name, v := range m.q.Args {
		if s, ok := v.(string); ok {
			q.Set(name, s)
		} else {
			q.Set(name, text(v))
		}
	}
	return httptest.NewRequest(http.MethodGet, m.url(m.q.View)+"?"+q.Encode(), nil)
}

func (m *maker) firsts(o *view.Output, fs []field, path string, q url.Values) {
	if o.Paged {
		name := "first"
		if path != "" {
			name = path + ".first"
		}
		q.Set(name, strconv.Itoa(m.q.first()))
	}
	switch o.Kind {
	case view.Many:
		item := *o.Item
		item.Paged = false
		m.firsts(&item, fs, path, q)
	case view.Union:
		for _, a := range o.Arms {
			if a.Output != nil {
				m.firsts(a.Output, m.of(a.Output, fs), path, q)
			}
		}
	default:
		for _, f := range fs {
			if below := m.below(o, f.name); below != nil {
				m.firsts(below, f.sub, strings.TrimPrefix(path+"."+f.name, "."), q)
			}
		}
	}
}

// graph is the get or call; nil with the reason if the view is not in the JSON Graph.
func (m *maker) graph() (*http.Request, string) {
	var root []any
	switch {
	case m.q.View != "":
		v, _ := m.s.View(m.q.View)
		keys, why := m.s.GraphKeys(v.Def)
		if why != "" {
			return nil, why
		}
		root = []any{m.q.View}
		given := 0
		for _, a := range keys {
			x, ok := m.q.Args[a.Name]
			if !ok {
				return nil, "the key " + a.Name + " is not given"
			}
			given++
			root = append(root, x)
		}
		if given < len(m.q.Args) {
			return nil, "an argument is no key"
		}
	case m.q.Shape != "":
		root = []any{m.q.Shape, m.q.Key}
	default:
		args := []any{}
		for _, a := range m.args {
			args = append(args, m.q.Args[a.Name])
		}
		body := url.Values{"method": {"call"}, "callPath": {text([]any{m.q.Mutation})}, "arguments": {text(args)},
			"pathSuffixes": {text(once(m.paths(m.out, m.fields, nil)))}, "paths": {"[]"}}
		r := httptest.NewRequest(http.MethodPost, m.url("model.json"), strings.NewReader(body.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-Requested-With", "XMLHttpRequest")
		return r, ""
	}
	q := url.Values{"method": {"get"}, "paths": {text(once(m.paths(m.out, m.fields, root)))}}
	return httptest.NewRequest(http.MethodGet, m.url("model.json")+"?"+q.Encode(), nil), ""
}

// once leaves out what stands twice.
func once(paths []any) []any {
	var out []any
	seen := map[string]bool{}
	for _, p := range paths {
		if k := text(p); !seen[k] {
			seen[k] = true
			out = append(out, p)
		}
	}
	return out
}

// paths are the path sets of everything asked below an output.
func (m *maker) paths(o *view.Output, fs []field, at []any) []any {
	with := func(key any) []any { return append(append([]any{}, at...), key) }
	switch o.Kind {
	case view.Leaf:
		if o.Paged {
			return []any{with(map[string]int{"to": m.q.first() - 1})}
		}
		return []any{at}
	case view.Many:
		return m.paths(o.Item, fs, with(map[string]int{"to": m.q.first() - 1}))
	case view.Union:
		out := []any{with("__typename")} // which tells the member when the answer is read
		for _, a := range o.Arms {
			if a.Output != nil {
				out = append(out, m.paths(a.Output, m.of(a.Output, fs), at)...)
			}
		}
		return out
	}
	var out []any
	for _, f := range fs {
		if list, ok := strings.CutSuffix(f.name, "Page"); ok && m.below(o, list) != nil {
			out = append(out, append(with(list), "length"))
			continue
		}
		if below := m.below(o, f.name); below != nil {
			out = append(out, m.paths(below, f.sub, with(f.name))...)
		} else {
			out = append(out, with(f.name))
		}
	}
	return out
}

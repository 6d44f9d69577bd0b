package graphql

import (
	"github.com/vektah/gqlparser/v2/ast"

	"facet/fault"
)

// Limits bound one request, before anything is validated. Zero fields take the values of DefaultLimits.
type Limits struct {
	Body       int // bytes of a POST body
	URL        int // bytes of a GET's query
	Document   int // bytes of the document
	Tokens     int // of the document
	Name       int // bytes of any name in the document
	Depth      int // of fields, fragments followed
	Aliases    int // fields with an alias in the document
	Fields     int // of the document, fragments followed at each spread
	Repeats    int // of one response key in one selection set, fragments followed
	Fragments  int // fragment definitions and spreads in the document
	Operations int // in the document
	Directives int // uses in the document
	Conditions int // different variables in @skip and @include of one operation
	Variables  int // bytes of the variables' JSON
	Nodes      int // that a document selects once fragments are spread over the members of unions
	Documents  int // bytes of document text that one engine keeps validated
	Persisted  int // bytes of document text that automatic persisted queries keep
}

// DefaultLimits are the limits that stand where none are stated.
func DefaultLimits() Limits {
	return Limits{Body: 256 << 10, URL: 16 << 10, Document: 64 << 10, Tokens: 5_000, Name: 255, Depth: 24, Aliases: 100, Fields: 800, Repeats: 50, Fragments: 200,
		Operations: 20, Directives: 200, Conditions: 10, Variables: 64 << 10, Nodes: 5_000, Documents: 4 << 20, Persisted: 16 << 20}
}

func (l Limits) withDefaults() Limits {
	d := DefaultLimits()
	for _, f := range []struct{ have, def *int }{{&l.Body, &d.Body}, {&l.URL, &d.URL}, {&l.Document, &d.Document}, {&l.Tokens, &d.Tokens}, {&l.Name, &d.Name}, {&l.Depth, &d.Depth}, {&l.Aliases, &d.Aliases},
		{&l.Fields, &d.Fields}, {&l.Repeats, &d.Repeats}, {&l.Fragments, &d.Fragments}, {&l.Operations, &d.Operations}, {&l.Directives, &d.Directives},
		{&l.Conditions, &d.Conditions}, {&l.Variables, &d.Variables}, {&l.Nodes, &d.Nodes}, {&l.Documents, &d.Documents}, {&l.Persisted, &d.Persisted}} {
		if *f.have == 0 {
			*f.have = *f.def
		}
	}
	return l
}

func past(name string, max int) *fault.Error {
	return fault.New(fault.Limit, "the document is past the limit of %d %s", max, name)
}

// A meter measures a parsed document. Each fragment is measured once.
type meter struct {
	l         Limits
	doc       *ast.QueryDocument
	fragments map[string]*extent
	aliases   int
	spreads   int
	uses      int // of directives
	err       *fault.Error
}

// An extent is the size of a selection set with its fragments followed. Numbers are capped just past their limits.
type extent struct {
	fields, depth int
	keys          map[string]int // response keys of the set itself
	open          bool           // being measured: a cycle, which validation reports
}

// measure says which limit the document is past, nil if none.
func (l Limits) measure(doc *ast.QueryDocument) *fault.Error {
	m := &meter{l: l, doc: doc, fragments: map[string]*extent{}}
	if len(doc.Operations) > l.Operations {
		return past("operations", l.Operations)
	}
	if len(doc.Fragments) > l.Fragments {
		return past("fragments", l.Fragments)
	}
	total := 0
	for _, f := range doc.Fragments {
		m.fragment(f)
	}
	for _, op := range doc.Operations {
		m.directives(op.Directives)
		m.names(op.Name)
		for _, v := range op.VariableDefinitions {
			m.directives(v.Directives)
			m.names(v.Variable, v.Type.Name())
			m.value(v.DefaultValue)
		}
		total += m.set(op.SelectionSet, 0).fields
	}
	if total > l.Fields {
		m.fail(past("fields", l.Fields))
	}
	return m.err
}

func (m *meter) fail(err *fault.Error) {
	if m.err == nil {
		m.err = err
	}
}

// names refuses names that are too long to be compared with those of the schema.
func (m *meter) names(names ...string) {
	for _, n := range names {
		if len(n) > m.l.Name {
			m.fail(past("bytes in a name", m.l.Name))
		}
	}
}

func (m *meter) arguments(args ast.ArgumentList) {
	for _, a := range args {
		m.names(a.Name)
		m.value(a.Value)
	}
}

func (m *meter) value(v *ast.Value) {
	if v == nil {
		return
	}
	if v.Kind == ast.EnumValue || v.Kind == ast.Variable {
		m.names(v.Raw)
	}
	for _, c := range v.Children {
		m.names(c.Name)
		m.value(c.Value)
	}
}

func (m *meter) directives(ds ast.DirectiveList) {
	for _, d := range ds {
		m.names(d.Name)
		m.arguments(d.Arguments)
	}
	if m.uses += len(ds); m.uses > m.l.Directives {
		m.fail(past("directives", m.l.Directives))
	}
}

func (m *meter) fragment(f *ast.FragmentDefinition) *extent {
	if e, ok := m.fragments[f.Name]; ok {
		return e
	}
	m.fragments[f.Name] = &extent{open: true}
	m.directives(f.Directives)
	m.names(f.Name, f.TypeCondition)
	e := m.set(f.SelectionSet, 0)
	m.fragments[f.Name] = e
	return e
}

// set measures one selection set. level is its nesting within its definition, which bounds the recursion.
func (m *meter) set(set ast.SelectionSet, level int) *extent {
	e := &extent{keys: make(map[string]int, len(set))}
	if level > m.l.Depth {
		m.fail(past("levels of depth", m.l.Depth))
		return e
	}
	for _, s := range set {
		if m.err != nil {
			return e
		}
		switch s := s.(type) {
		case *ast.Field:
			m.directives(s.Directives)
			m.names(s.Name, s.Alias)
			m.arguments(s.Arguments)
			if s.Alias != s.Name {
				if m.aliases++; m.aliases > m.l.Aliases {
					m.fail(past("aliases", m.l.Aliases))
				}
			}
			below := m.set(s.SelectionSet, level+1)
			e.fields += 1 + below.fields
			e.depth = max(e.depth, 1+below.depth)
			m.repeat(e, s.Alias, 1)
		case *ast.InlineFragment:
			m.directives(s.Directives)
			m.names(s.TypeCondition)
			m.merge(e, m.set(s.SelectionSet, level+1))
		case *ast.FragmentSpread:
			m.directives(s.Directives)
			m.names(s.Name)
			if m.spreads++; m.spreads > m.l.Fragments {
				m.fail(past("fragment spreads", m.l.Fragments))
			}
			if f := m.doc.Fragments.ForName(s.Name); f != nil {
				if below := m.fragment(f); !below.open {
					m.merge(e, below)
				}
			}
		}
		if e.fields > m.l.Fields {
			m.fail(past("fields", m.l.Fields))
		}
		if e.depth > m.l.Depth {
			m.fail(past("levels of depth", m.l.Depth))
		}
	}
	return e
}

func (m *meter) merge(e, below *extent) {
	e.fields += below.fields
	e.depth = max(e.depth, below.depth)
	for k, n := range below.keys {
		m.repeat(e, k, n)
	}
}

func (m *meter) repeat(e *extent, key string, n int) {
	if e.keys[key] += n; e.keys[key] > m.l.Repeats {
		m.fail(past("repeats of one response key ("+clip(key)+")", m.l.Repeats))
	}
}

// clip shortens what a device wrote before it goes into a sentence.
func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}

package scripts

import (
	"encoding/json"
	"runtime"
	"slices"
	"strings"
	"sync"
	"weak"

	"facet/graph"
)

// A typeData is what the recording runtime knows of a graph type.
type typeData struct {
	Kind     graph.TypeKind
	Fields   fieldsData `json:",omitempty"`
	Members  []string   `json:",omitempty"`
	Values   []string   `json:",omitempty"`
	Key      []string   `json:",omitempty"`
	Loadable bool       `json:",omitempty"`
}

type fieldData struct {
	Type    graph.TypeRef
	Args    fieldsData `json:",omitempty"`
	Default string     `json:",omitempty"`
}

// fieldsData is an object in order of declaration: the order of arguments is part of a build.
type fieldsData []namedField

type namedField struct {
	name string
	data fieldData
}

// MarshalJSON writes an object whose members keep their order.
func (f fieldsData) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i, x := range f {
		if i > 0 {
			out = append(out, ',')
		}
		name, err := json.Marshal(x.name)
		if err != nil {
			return nil, err
		}
		data, err := json.Marshal(x.data)
		if err != nil {
			return nil, err
		}
		out = append(append(append(out, name...), ':'), data...)
	}
	return append(out, '}'), nil
}

// A typeBook holds the texts of a graph's types that packages asked for: every package of an environment asks for the same ones.
type typeBook struct{ texts sync.Map }

// typeBooks are those of the graphs that somebody holds, by weak pointer.
var typeBooks sync.Map

func typesOf(g *graph.Graph) *typeBook {
	key := weak.Make(g)
	b, ok := typeBooks.Load(key)
	if !ok {
		if b, ok = typeBooks.LoadOrStore(key, &typeBook{}); !ok {
			runtime.AddCleanup(g, func(key weak.Pointer[graph.Graph]) { typeBooks.Delete(key) }, key)
		}
	}
	return b.(*typeBook)
}

// text is typeText of the book's graph. Names that the graph does not have leave nothing behind.
func (b *typeBook) text(g *graph.Graph, name string) string {
	if got, ok := b.texts.Load(name); ok {
		return got.(string)
	}
	text := typeText(g, name)
	if text != "" {
		b.texts.Store(strings.Clone(name), text)
	}
	return text
}

// typeText is a type as JSON for the runtime; "" if the graph has none of the name.
func typeText(g *graph.Graph, name string) string {
	t := g.Types[name]
	if t == nil {
		return ""
	}
	d := typeData{Kind: t.Kind, Values: t.Values, Key: t.Key, Loadable: t.Loadable()}
	if t.Kind == graph.Union || t.Kind == graph.Interface {
		d.Members = t.Members
	}
	for _, f := range t.Fields {
		x := fieldData{Type: f.Type, Default: defaultText(f.Default)}
		for _, a := range f.Args {
			x.Args = append(x.Args, namedField{a.Name, fieldData{Type: a.Type, Default: defaultText(a.Default)}})
		}
		d.Fields = append(d.Fields, namedField{f.Name, x})
	}
	text, err := json.Marshal(d)
	if err != nil {
		return ""
	}
	return string(text)
}

func defaultText(l *graph.Literal) string {
	if l == nil {
		return ""
	}
	return string(l.JSON)
}

// meantBy is the fix for an unknown name: the near name, or all of a short list.
func meantBy(name string, known []string) string {
	known = slices.DeleteFunc(slices.Clone(known), func(s string) bool { return s == "" })
	if n := nearest(name, known); n != "" {
		return "Did you mean " + n + "?"
	}
	switch {
	case len(known) == 0:
		return ""
	case len(known) <= 12:
		return "There are: " + strings.Join(known, ", ")
	}
	return "There are: " + strings.Join(known[:12], ", ") + ", …"
}

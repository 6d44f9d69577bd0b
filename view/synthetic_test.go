package view_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"

	"facet/graph"
	"facet/view"
	"facet/view/viewtest"
)

// synthetic is a build of a seed that makes little sense and has a bit of everything.
func synthetic(seed uint64) *view.Build {
	m := &mutator{Rand: rand.New(rand.NewPCG(seed, 7)), b: &view.Build{Format: view.Format, Package: fmt.Sprintf("@syn/p%d", seed), Version: "1.0.0", Graph: "sha256:00"}}
	b := m.b
	for i := range 2 + m.IntN(3) {
		e := &view.Enum{Name: fmt.Sprintf("Enum%c", 'A'+i)}
		for v := range 1 + m.IntN(4) {
			e.Values = append(e.Values, fmt.Sprintf("V%d", v))
		}
		b.Enums = append(b.Enums, e)
	}
	for i := range 1 + m.IntN(3) {
		in := &view.Input{Name: fmt.Sprintf("Input%c", 'A'+i), Fields: m.arguments(1 + m.IntN(4))}
		b.Inputs = append(b.Inputs, in)
	}
	b.Objects = []*view.Object{{Name: "Computed", Fields: []*view.ObjectField{{Name: "a", Type: viewtest.Type(m.anyType(true))}, {Name: "b", Type: viewtest.Type(m.anyType(true))}}}}
	for i := range 2 + m.IntN(4) {
		s := &view.Shape{Name: fmt.Sprintf("Shape%c", 'A'+i), Type: fmt.Sprintf("Graph%c", 'A'+i), Keyed: m.IntN(4) > 0}
		s.Loadable = s.Keyed && m.IntN(4) > 0
		for j := range m.IntN(3) {
			t := viewtest.Type(m.anyType(false))
			t.NonNull = true
			s.Args = append(s.Args, &view.Arg{Name: fmt.Sprintf("k%d", j), Type: t})
		}
		s.Output = viewtest.Tree(s.Name, 0, false)
		b.Shapes = append(b.Shapes, s)
	}
	for _, s := range b.Shapes {
		s.Output.Fields = m.fields(2)
	}
	for i := range 3 + m.IntN(4) {
		v := &view.View{Name: fmt.Sprintf("view%c", 'A'+i), Args: m.arguments(m.IntN(4)), Output: viewtest.Tree(m.fresh("View"), view.None, true, m.fields(2)...)}
		if m.IntN(3) == 0 {
			v.Output = m.anyOutput()
		}
		b.Views = append(b.Views, v)
	}
	for i := range 1 + m.IntN(4) {
		x := &view.Mutation{Name: fmt.Sprintf("change%c", 'A'+i), Args: m.arguments(1 + m.IntN(4))}
		if m.IntN(3) > 0 {
			x.Output = m.anyOutput()
		}
		b.Mutations = append(b.Mutations, x)
		m.set()
		if m.IntN(2) == 0 {
			m.callPath()
		}
	}
	for range 3 {
		m.objectDefault()
	}
	return b
}

func (m *mutator) arguments(n int) []*view.Arg {
	var out []*view.Arg
	for i := range n {
		a := &view.Arg{Name: fmt.Sprintf("a%d", i), Type: m.argumentType()}
		switch m.IntN(3) {
		case 0:
			a.Default = m.value(a.Type)
		case 1:
			if !a.Type.NonNull && m.IntN(2) == 0 {
				a.Default = json.RawMessage("null")
			}
		}
		out = append(out, a)
	}
	return out
}

func (m *mutator) fields(depth int) []*view.Field {
	var out []*view.Field
	for range 1 + m.IntN(4) {
		o := m.anyOutput()
		switch k := m.IntN(8); {
		case depth == 0:
		case k == 0:
			o = viewtest.Tree(m.fresh("Tree"), view.None, m.IntN(2) == 0, m.fields(depth-1)...)
		case k == 1:
			o = viewtest.Many(0, 0, m.IntN(2) == 0, m.IntN(2) == 0, viewtest.Tree(m.fresh("Row"), view.None, m.IntN(2) == 0, m.fields(depth-1)...))
		case k == 2:
			o = viewtest.Leaf(0, "Computed")
		case k == 3:
			o = viewtest.Leaf(0, "[Computed!]!")
		case k == 4:
			o = &view.Output{Kind: view.Union, Name: m.fresh("Union"), Each: view.None, Arms: []*view.Arm{
				{Member: "A", Output: &view.Output{Kind: view.Ref, Shape: m.b.Shapes[0].Name, Each: view.None}},
				{Member: "B", Output: &view.Output{Kind: view.Ref, Shape: m.b.Shapes[1].Name, Each: view.None}}}}
		}
		out = append(out, viewtest.Field(m.fresh("f"), o))
	}
	return out
}

// fits says whether a JSON value is one of a type.
func (m *mutator) fits(raw json.RawMessage, t graph.TypeRef) bool {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return false
	}
	return m.fitsAny(v, t)
}

func (m *mutator) fitsAny(v any, t graph.TypeRef) bool {
	if v == nil {
		return !t.NonNull
	}
	if t.Elem != nil {
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		for _, x := range list {
			if !m.fitsAny(x, *t.Elem) {
				return false
			}
		}
		return true
	}
	switch v := v.(type) {
	case string:
		for _, e := range m.b.Enums {
			if e.Name == t.Name {
				for _, x := range e.Values {
					if x == v {
						return true
					}
				}
				return false
			}
		}
		return t.Name == "String" || t.Name == "ID"
	case float64:
		return t.Name == "Float" || (t.Name == "Int" || t.Name == "ID") && v == float64(int(v))
	case bool:
		return t.Name == "Boolean"
	case map[string]any:
		in := m.input(t.Name)
		if in == nil {
			return false
		}
		for k := range v {
			if findArg(in, k) == nil {
				return false
			}
		}
		for _, f := range in.Fields {
			x, given := v[f.Name]
			if !given && f.Required() || given && !m.fitsAny(x, f.Type) {
				return false
			}
		}
		return true
	}
	return false
}

func findArg(in *view.Input, name string) *view.Arg {
	for _, f := range in.Fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}

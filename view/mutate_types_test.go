package view_test

import (
	"slices"

	"facet/graph"
	"facet/view"
	"facet/view/viewtest"
)

// renameType renames an enum, an input, an object, a shape or an inline object wherever it is named.
func (m *mutator) renameType() bool {
	to := m.fresh("Renamed")
	var from string
	switch m.IntN(5) {
	case 0:
		if e, ok := pick(m, m.b.Enums); ok {
			from, e.Name = e.Name, to
		}
	case 1:
		if in, ok := pick(m, m.b.Inputs); ok {
			from, in.Name = in.Name, to
		}
	case 2:
		if o, ok := pick(m, m.b.Objects); ok {
			from, o.Name = o.Name, to
		}
	case 3:
		if s, ok := pick(m, m.b.Shapes); ok {
			from, s.Name, s.Output.Name = s.Name, to, to
		}
	default:
		if o, ok := pick(m, m.outputs(kind(view.Tree, view.Union))); ok && !m.ofShape(o) {
			o.Name = to
			return true
		}
	}
	if from == "" {
		return false
	}
	m.retype(from, to)
	return true
}

// retype replaces a name in every type and reference.
func (m *mutator) retype(from, to string) {
	var in func(t *graph.TypeRef)
	in = func(t *graph.TypeRef) {
		if t.Elem != nil {
			e := *t.Elem
			in(&e)
			t.Elem = &e
		}
		if t.Name == from {
			t.Name = to
		}
	}
	for _, o := range m.outputs(func(*view.Output) bool { return true }) {
		in(&o.Type)
		if o.Shape == from {
			o.Shape = to
		}
	}
	for _, o := range m.b.Objects {
		for _, f := range o.Fields {
			in(&f.Type)
		}
	}
	lists := m.lists()
	for _, s := range m.b.Shapes {
		lists = append(lists, &s.Args)
	}
	for _, l := range lists {
		for _, a := range *l {
			in(&a.Type)
		}
	}
	for _, x := range m.b.Mutations {
		if x.On == from {
			x.On = to
		}
		if x.Sets != nil && x.Sets.Shape == from {
			x.Sets.Shape = to
		}
	}
}

// class makes something else of a name: an object of an enum, a scalar of an input.
func (m *mutator) class() bool {
	if m.IntN(2) == 0 {
		i := m.IntN(max(len(m.b.Inputs), 1))
		if i >= len(m.b.Inputs) {
			return false
		}
		name := m.b.Inputs[i].Name
		for _, l := range m.lists() {
			for _, a := range *l {
				if a.Type.Named() == name {
					a.Default = nil
				}
			}
		}
		m.b.Inputs = slices.Delete(slices.Clone(m.b.Inputs), i, i+1) // a name that nothing defines is a scalar
		return true
	}
	for i, e := range m.b.Enums {
		used := false
		for _, l := range m.lists() {
			used = used || slices.ContainsFunc(*l, func(a *view.Arg) bool { return a.Type.Named() == e.Name })
		}
		for _, s := range m.b.Shapes {
			used = used || slices.ContainsFunc(s.Args, func(a *view.Arg) bool { return a.Type.Named() == e.Name })
		}
		if !used {
			m.b.Enums = slices.Delete(slices.Clone(m.b.Enums), i, i+1)
			m.b.Objects = append(m.b.Objects, &view.Object{Name: e.Name, Fields: []*view.ObjectField{{Name: "x", Type: viewtest.Type("Int")}}})
			return true
		}
	}
	return false
}

func (m *mutator) objectField() bool {
	o, ok := pick(m, m.b.Objects)
	if !ok {
		return false
	}
	i := m.IntN(len(o.Fields))
	switch m.IntN(3) {
	case 0:
		o.Fields = append(o.Fields, &view.ObjectField{Name: m.fresh("field"), Type: viewtest.Type(m.anyType(true))})
	case 1:
		flip(m, &o.Fields[i].Type)
	default:
		if len(o.Fields) == 1 {
			return false
		}
		o.Fields = slices.Delete(o.Fields, i, i+1)
	}
	return true
}

func (m *mutator) removeView() bool {
	if len(m.b.Views) == 0 {
		return false
	}
	i := m.IntN(len(m.b.Views))
	m.b.Views = slices.Delete(m.b.Views, i, i+1)
	return true
}

func (m *mutator) addView() bool {
	m.b.Views = append(m.b.Views, &view.View{Name: m.fresh("view"), Output: m.anyOutput()})
	return true
}

func (m *mutator) removeMutation() bool {
	if len(m.b.Mutations) == 0 {
		return false
	}
	i := m.IntN(len(m.b.Mutations))
	m.b.Mutations = slices.Delete(m.b.Mutations, i, i+1)
	return true
}

func (m *mutator) addMutation() bool {
	x := &view.Mutation{Name: m.fresh("change"), Args: []*view.Arg{{Name: "x", Type: m.argumentType()}}}
	if m.IntN(2) == 0 {
		x.Output = m.anyOutput()
	}
	m.b.Mutations = append(m.b.Mutations, x)
	return true
}

func (m *mutator) loadable() bool {
	s, ok := pick(m, m.b.Shapes)
	if ok {
		s.Loadable = !s.Loadable
		s.Keyed = s.Keyed || s.Loadable
	}
	return ok
}

func (m *mutator) keyed() bool {
	s, ok := pick(m, m.b.Shapes)
	if ok {
		s.Keyed = !s.Keyed
		s.Loadable = s.Loadable && s.Keyed
	}
	return ok
}

func (m *mutator) reorderArgs() bool {
	l, ok := pick(m, m.lists())
	if !ok || len(*l) < 2 {
		return false
	}
	*l = slices.Clone(*l)
	i := m.IntN(len(*l) - 1)
	(*l)[i], (*l)[i+1] = (*l)[i+1], (*l)[i]
	return true
}

func (m *mutator) keys() bool {
	v, ok := pick(m, m.b.Views)
	if !ok || len(v.Args) == 0 {
		return false
	}
	a, _ := pick(m, v.Args)
	switch i := slices.Index(v.Keys, a.Name); {
	case i < 0:
		v.Keys = append(slices.Clone(v.Keys), a.Name)
	case len(v.Keys) > 1 && m.IntN(2) == 0:
		slices.Reverse(v.Keys)
	default:
		v.Keys = slices.Delete(slices.Clone(v.Keys), i, i+1)
	}
	return true
}

func (m *mutator) shapeArgs() bool {
	s, ok := pick(m, m.b.Shapes)
	if !ok {
		return false
	}
	i := m.IntN(max(len(s.Args), 1))
	t := viewtest.Type(m.anyType(false))
	t.NonNull = true
	switch {
	case len(s.Args) == 0 || m.IntN(4) == 0:
		s.Args = append(s.Args, &view.Arg{Name: m.fresh("arg"), Type: t})
	case len(s.Args) > 1 && m.IntN(2) == 0:
		slices.Reverse(s.Args)
	case m.IntN(2) == 0:
		s.Args[i].Type = t
	default:
		s.Args = slices.Delete(slices.Clone(s.Args), i, i+1)
	}
	return true
}

func (m *mutator) shapeType() bool {
	s, ok := pick(m, m.b.Shapes)
	if ok {
		s.Type = m.fresh("Graph")
	}
	return ok
}

func (m *mutator) bounds() bool {
	a, ok := m.arg()
	if !ok {
		return false
	}
	bound := func(p *float64) *float64 {
		if p != nil && m.IntN(3) == 0 {
			return nil
		}
		n := float64(m.IntN(100))
		return &n
	}
	switch m.IntN(3) {
	case 0:
		a.Min = bound(a.Min)
	case 1:
		a.Max = bound(a.Max)
	default:
		a.MaxLength = m.IntN(3) * 100
	}
	return true
}

func (m *mutator) paged() bool {
	o, ok := pick(m, m.outputs(func(o *view.Output) bool { return o.Kind == view.Many || o.Kind == view.Leaf && o.Type.List() }))
	if ok {
		o.Paged = !o.Paged
	}
	return ok
}

// form changes how something stands in the JSON Graph and leaves its GraphQL type: a list as a value or by index, a computed object or a branch.
func (m *mutator) form() bool {
	o, ok := pick(m, m.outputs(func(o *view.Output) bool {
		return o.Kind == view.Leaf && o.Type.List() && !o.Paged || o.Kind == view.Many && o.Item.Kind == view.Leaf && !o.Paged ||
			o.Kind == view.Tree && !m.ofShape(o)
	}))
	if !ok {
		return false
	}
	switch o.Kind {
	case view.Leaf:
		*o = *viewtest.Many(0, 0, false, o.NonNull, &view.Output{Kind: view.Leaf, Type: *o.Type.Elem, NonNull: o.Type.Elem.NonNull, Each: view.None})
	case view.Many:
		t := o.Item.Type
		*o = view.Output{Kind: view.Leaf, Type: graph.TypeRef{Elem: &t, NonNull: o.NonNull}, NonNull: o.NonNull, Each: view.None}
	default:
		object := &view.Object{Name: o.Name}
		for _, f := range o.Fields {
			if f.Output.Kind != view.Leaf || f.Output.Paged {
				return false
			}
			object.Fields = append(object.Fields, &view.ObjectField{Name: f.Name, Type: f.Output.Type})
		}
		m.b.Objects = append(m.b.Objects, object)
		*o = *viewtest.Leaf(0, graph.TypeRef{Name: o.Name, NonNull: o.NonNull}.String())
	}
	return true
}

func (m *mutator) callPath() bool {
	x, ok := pick(m, m.b.Mutations)
	if !ok {
		return false
	}
	s, ok := pick(m, m.b.Shapes)
	switch {
	case !ok:
		return false
	case x.On != "" && m.IntN(2) == 0:
		x.On, x.As = "", nil
	default:
		x.On, x.As = s.Name, []string{m.fresh("path")}
	}
	return true
}

func (m *mutator) set() bool {
	x, ok := pick(m, m.b.Mutations)
	if !ok || len(x.Args) < 2 {
		return false
	}
	if x.Sets != nil && m.IntN(3) == 0 {
		x.Sets = nil
		return true
	}
	s, ok := pick(m, m.b.Shapes)
	if !ok {
		return false
	}
	f, ok := pick(m, s.Output.Fields)
	if !ok || f.Output.Kind != view.Leaf || f.Output.Paged {
		return false
	}
	to := &view.Sets{Shape: s.Name, Field: f.Name, Key: x.Args[0].Name, Value: x.Args[1+m.IntN(len(x.Args)-1)].Name}
	if x.Sets != nil {
		to.Shape, to.Field = x.Sets.Shape, x.Sets.Field
	}
	x.Sets = to
	return true
}

func (m *mutator) result() bool {
	x, ok := pick(m, m.b.Mutations)
	switch {
	case !ok:
		return false
	case x.Output == nil:
		x.Output = viewtest.Leaf(0, "Boolean")
	default:
		x.Output = nil
	}
	return true
}

package view_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"facet/graph"
	"facet/view"
	"facet/view/viewtest"
)

// A mutator changes a build as an author might, deterministically for a seed.
type mutator struct {
	*rand.Rand
	b *view.Build
	n int // names made so far
}

// A mutation is one kind of change; it is false if the build has nowhere for it.
type mutation struct {
	name string
	do   func(m *mutator) bool
}

// mutations are the kinds of changes. Those above the line move what GraphQL shows; those below, what only REST and the JSON Graph do.
var mutations = []mutation{
	{"field removed", (*mutator).removeField}, {"field added", (*mutator).addField}, {"field renamed", (*mutator).renameField},
	{"nullability", (*mutator).nullability}, {"listness", (*mutator).listness}, {"leaf type", (*mutator).leafType}, {"target", (*mutator).target},
	{"value removed", (*mutator).removeValue}, {"value added", (*mutator).addValue},
	{"member removed", (*mutator).removeMember}, {"member added", (*mutator).addMember},
	{"argument added", (*mutator).addArg}, {"required field of an input", (*mutator).requiredField}, {"argument removed", (*mutator).removeArg}, {"argument type", (*mutator).argType},
	{"argument default", (*mutator).argDefault}, {"default respelled", (*mutator).respell}, {"object's default", (*mutator).objectDefault},
	{"type renamed", (*mutator).renameType}, {"class", (*mutator).class}, {"object field", (*mutator).objectField},
	{"view removed", (*mutator).removeView}, {"view added", (*mutator).addView}, {"mutation removed", (*mutator).removeMutation}, {"mutation added", (*mutator).addMutation},
	{"interface", (*mutator).loadable}, {"key", (*mutator).keyed}, {"documentation", (*mutator).doc}, {"order of fields", (*mutator).shuffle},

	{"order of arguments", (*mutator).reorderArgs}, {"keys", (*mutator).keys}, {"shape arguments", (*mutator).shapeArgs}, {"shape over", (*mutator).shapeType},
	{"bounds", (*mutator).bounds}, {"paged", (*mutator).paged}, {"form", (*mutator).form}, {"call path", (*mutator).callPath}, {"set", (*mutator).set}, {"result", (*mutator).result},
	{"position", (*mutator).position},
}

func pick[T any](m *mutator, list []T) (T, bool) {
	if len(list) == 0 {
		var zero T
		return zero, false
	}
	return list[m.IntN(len(list))], true
}

func (m *mutator) fresh(prefix string) string { m.n++; return fmt.Sprintf("%s%d", prefix, m.n) }

// outputs are all places of the build.
func (m *mutator) outputs(want func(o *view.Output) bool) []*view.Output {
	var out []*view.Output
	var walk func(o *view.Output)
	walk = func(o *view.Output) {
		if o == nil {
			return
		}
		if want(o) {
			out = append(out, o)
		}
		walk(o.Item)
		for _, f := range o.Fields {
			walk(f.Output)
		}
		for _, a := range o.Arms {
			walk(a.Output)
		}
	}
	for _, v := range m.b.Views {
		walk(v.Output)
	}
	for _, x := range m.b.Mutations {
		walk(x.Output)
	}
	for _, s := range m.b.Shapes {
		walk(s.Output)
	}
	return out
}

func kind(kinds ...view.Kind) func(o *view.Output) bool {
	return func(o *view.Output) bool { return slices.Contains(kinds, o.Kind) }
}

// lists are the argument lists that GraphQL shows: of views, mutations and inputs.
func (m *mutator) lists() []*[]*view.Arg {
	var out []*[]*view.Arg
	for _, v := range m.b.Views {
		out = append(out, &v.Args)
	}
	for _, x := range m.b.Mutations {
		out = append(out, &x.Args)
	}
	for _, in := range m.b.Inputs {
		out = append(out, &in.Fields)
	}
	return out
}

func (m *mutator) arg() (*view.Arg, bool) {
	var all []*view.Arg
	for _, l := range m.lists() {
		all = append(all, *l...)
	}
	return pick(m, all)
}

func (m *mutator) removeField() bool {
	o, ok := pick(m, m.outputs(func(o *view.Output) bool { return o.Kind == view.Tree && len(o.Fields) > 1 }))
	if ok {
		i := m.IntN(len(o.Fields))
		o.Fields = slices.Delete(o.Fields, i, i+1)
	}
	return ok
}

func (m *mutator) anyOutput() *view.Output {
	switch m.IntN(4) {
	case 0:
		if s, ok := pick(m, m.b.Shapes); ok {
			return &view.Output{Kind: view.Ref, Shape: s.Name, Each: view.None}
		}
	case 1:
		return viewtest.Tree(m.fresh("Tree"), view.None, m.IntN(2) == 0, viewtest.Field("x", m.leaf()))
	case 2:
		return viewtest.Many(0, 0, m.IntN(2) == 0, m.IntN(2) == 0, m.leaf())
	}
	return m.leaf()
}

func (m *mutator) leaf() *view.Output {
	o := viewtest.Leaf(0, m.anyType(true))
	o.Paged = o.Type.List() && m.IntN(2) == 0
	return o
}

// anyType is a scalar or enum, maybe a list, maybe non-null.
func (m *mutator) anyType(lists bool) string {
	names := []string{"String", "Int", "Float", "Boolean", "ID"}
	for _, e := range m.b.Enums {
		names = append(names, e.Name)
	}
	t, _ := pick(m, names)
	if m.IntN(3) == 0 {
		t += "!"
	}
	if lists && m.IntN(4) == 0 {
		if t = "[" + t + "]"; m.IntN(2) == 0 {
			t += "!"
		}
	}
	return t
}

func (m *mutator) addField() bool {
	o, ok := pick(m, m.outputs(kind(view.Tree)))
	if ok {
		o.Fields = slices.Insert(o.Fields, m.IntN(len(o.Fields)+1), viewtest.Field(m.fresh("field"), m.anyOutput()))
	}
	return ok
}

func (m *mutator) renameField() bool {
	o, ok := pick(m, m.outputs(kind(view.Tree)))
	if ok {
		f, _ := pick(m, o.Fields)
		f.Name = m.fresh("renamed")
	}
	return ok
}

// ofShape says whether an output is a shape's own object.
func (m *mutator) ofShape(o *view.Output) bool {
	return slices.ContainsFunc(m.b.Shapes, func(s *view.Shape) bool { return s.Output == o })
}

func (m *mutator) nullability() bool {
	o, ok := pick(m, m.outputs(kind(view.Leaf, view.Tree, view.Many)))
	if !ok {
		return false
	}
	if o.Kind != view.Leaf {
		o.NonNull = !o.NonNull
		return true
	}
	flip(m, &o.Type)
	o.NonNull = o.Type.NonNull
	return true
}

// flip changes the nullability of a type at some depth.
func flip(m *mutator, t *graph.TypeRef) {
	for t.Elem != nil && m.IntN(2) == 0 {
		e := *t.Elem
		t.Elem = &e
		t = &e
	}
	t.NonNull = !t.NonNull
}

func (m *mutator) listness() bool {
	o, ok := pick(m, m.outputs(func(o *view.Output) bool { return kind(view.Leaf, view.Tree, view.Many)(o) && !m.ofShape(o) }))
	switch {
	case !ok:
		return false
	case o.Kind == view.Leaf && o.Type.Elem != nil:
		o.Type, o.Paged = *o.Type.Elem, false
		o.NonNull = o.Type.NonNull
	case o.Kind == view.Leaf:
		e := o.Type
		o.Type = graph.TypeRef{Elem: &e, NonNull: m.IntN(2) == 0}
		o.NonNull = o.Type.NonNull
	case o.Kind == view.Many:
		*o = *o.Item
	default:
		item := *o
		*o = *viewtest.Many(0, 0, m.IntN(2) == 0, m.IntN(2) == 0, &item)
	}
	return true
}

func (m *mutator) leafType() bool {
	o, ok := pick(m, m.outputs(kind(view.Leaf)))
	if ok {
		o.Type = viewtest.Type(m.anyType(true))
		o.NonNull, o.Paged = o.Type.NonNull, o.Paged && o.Type.List()
	}
	return ok
}

// target makes a Ref lead to another shape, or to one of several.
func (m *mutator) target() bool {
	o, ok := pick(m, m.outputs(kind(view.Ref)))
	if !ok {
		return false
	}
	s, _ := pick(m, m.b.Shapes)
	if m.IntN(2) == 0 {
		o.Shape = s.Name
		return true
	}
	old := *o
	*o = view.Output{Kind: view.Union, Name: m.fresh("Union"), Each: view.None, Arms: []*view.Arm{{Member: "A", Output: &old}}}
	if s.Name != old.Shape {
		o.Arms = append(o.Arms, &view.Arm{Member: "B", Output: &view.Output{Kind: view.Ref, Shape: s.Name, Each: view.None}})
	}
	return true
}

func (m *mutator) removeValue() bool {
	e, ok := pick(m, m.b.Enums)
	if !ok || len(e.Values) < 2 {
		return false
	}
	i := m.IntN(len(e.Values))
	e.Values = slices.Delete(slices.Clone(e.Values), i, i+1)
	return true
}

func (m *mutator) addValue() bool {
	e, ok := pick(m, m.b.Enums)
	if ok {
		e.Values = slices.Insert(slices.Clone(e.Values), m.IntN(len(e.Values)+1), strings.ToUpper(m.fresh("value_")))
	}
	return ok
}

func (m *mutator) removeMember() bool {
	o, ok := pick(m, m.outputs(kind(view.Union)))
	if !ok || len(o.Arms) < 2 {
		return false
	}
	i := m.IntN(len(o.Arms))
	o.Arms = slices.Delete(o.Arms, i, i+1)
	return true
}

func (m *mutator) addMember() bool {
	o, ok := pick(m, m.outputs(kind(view.Union)))
	if !ok {
		return false
	}
	arm := &view.Arm{Member: "New", Output: viewtest.Tree(m.fresh("Member"), view.None, false, viewtest.Field("x", m.leaf()))}
	if s, ok := pick(m, m.b.Shapes); ok && m.IntN(2) == 0 {
		arm.Output = &view.Output{Kind: view.Ref, Shape: s.Name, Each: view.None}
	}
	o.Arms = slices.Insert(o.Arms, m.IntN(len(o.Arms)+1), arm)
	return true
}

// argumentType is anything that an argument can be.
func (m *mutator) argumentType() graph.TypeRef {
	t := viewtest.Type(m.anyType(true))
	if in, ok := pick(m, m.b.Inputs); ok && m.IntN(6) == 0 {
		t = graph.TypeRef{Name: in.Name, NonNull: t.NonNull}
	}
	return t
}

// value is a legal JSON value of a type; nil for inputs.
func (m *mutator) value(t graph.TypeRef) json.RawMessage {
	if t.Elem != nil {
		if v := m.value(*t.Elem); v != nil {
			return fmt.Appendf(nil, "[%s]", v)
		}
		return nil
	}
	switch t.Name {
	case "Int":
		return fmt.Appendf(nil, "%d", m.IntN(4))
	case "Float":
		return fmt.Appendf(nil, "%d.5", m.IntN(4))
	case "Boolean":
		return fmt.Appendf(nil, "%t", m.IntN(2) == 0)
	case "String", "ID":
		return fmt.Appendf(nil, `"s%d"`, m.IntN(4))
	}
	for _, e := range m.b.Enums {
		if e.Name == t.Name {
			v, _ := pick(m, e.Values)
			return fmt.Appendf(nil, "%q", v)
		}
	}
	return nil
}

func (m *mutator) addArg() bool {
	l, ok := pick(m, m.lists())
	if !ok {
		return false
	}
	a := &view.Arg{Name: m.fresh("arg"), Type: m.argumentType()}
	if m.IntN(2) == 0 {
		a.Default = m.value(a.Type)
	}
	*l = slices.Insert(slices.Clone(*l), m.IntN(len(*l)+1), a)
	return true
}

func (m *mutator) requiredField() bool {
	in, ok := pick(m, m.b.Inputs)
	if ok {
		in.Fields = append(slices.Clone(in.Fields), &view.Arg{Name: m.fresh("arg"), Type: graph.TypeRef{Name: "Int", NonNull: true}})
	}
	return ok
}

func (m *mutator) removeArg() bool {
	l, ok := pick(m, m.lists())
	if !ok || len(*l) == 0 {
		return false
	}
	for _, in := range m.b.Inputs {
		if l == &in.Fields && len(*l) == 1 {
			return false
		}
	}
	i := m.IntN(len(*l))
	for _, v := range m.b.Views {
		if l == &v.Args {
			v.Keys = slices.DeleteFunc(slices.Clone(v.Keys), func(k string) bool { return k == v.Args[i].Name })
		}
	}
	*l = slices.Delete(slices.Clone(*l), i, i+1)
	return true
}

func (m *mutator) argType() bool {
	a, ok := m.arg()
	if !ok {
		return false
	}
	switch m.IntN(4) {
	case 0:
		e := a.Type
		a.Type = graph.TypeRef{Elem: &e}
		if a.Default != nil && m.IntN(2) == 0 {
			a.Default = fmt.Appendf(nil, "[%s]", a.Default)
		}
	case 1:
		a.Type = m.argumentType()
		if a.Default != nil {
			a.Default = m.value(a.Type)
		}
	default:
		flip(m, &a.Type)
	}
	if string(a.Default) == "null" && a.Type.NonNull {
		a.Default = nil
	}
	return true
}

func (m *mutator) argDefault() bool {
	a, ok := m.arg()
	switch {
	case !ok:
		return false
	case a.Default != nil && m.IntN(2) == 0:
		a.Default = nil
	case !a.Type.NonNull && m.IntN(4) == 0:
		a.Default = json.RawMessage("null")
	default:
		a.Default = m.value(a.Type)
	}
	return true
}

// respell writes a default otherwise: 5 as 5.0, a list of one as the one, a number for an id.
func (m *mutator) respell() bool {
	a, ok := m.arg()
	if !ok || a.Default == nil {
		return false
	}
	switch d := string(a.Default); {
	case a.Type.Elem != nil && d[0] == '[' && !strings.Contains(d, ",") && len(d) > 2 && d[1] != '[':
		a.Default = json.RawMessage(d[1 : len(d)-1])
	case a.Type.Name == "Float" && !strings.Contains(d, "e") && d != "null":
		a.Default = json.RawMessage(d + "0")
	default:
		a.Default = append([]byte(" "), a.Default...)
	}
	return true
}

// objectDefault gives an argument of an input type a default, whole or in part.
func (m *mutator) objectDefault() bool {
	var all []*view.Arg
	for _, l := range m.lists() {
		for _, a := range *l {
			if m.input(a.Type.Name) != nil {
				all = append(all, a)
			}
		}
	}
	a, ok := pick(m, all)
	if !ok {
		return false
	}
	var fields []string
	for _, f := range m.input(a.Type.Name).Fields {
		if v := m.value(f.Type); v != nil && (f.Required() || m.IntN(2) == 0) {
			fields = append(fields, fmt.Sprintf("%q: %s", f.Name, v))
		} else if f.Required() {
			return false
		}
	}
	m.Shuffle(len(fields), func(i, j int) { fields[i], fields[j] = fields[j], fields[i] })
	a.Default = json.RawMessage("{" + strings.Join(fields, ", ") + "}")
	return true
}

func (m *mutator) input(name string) *view.Input {
	for _, in := range m.b.Inputs {
		if in.Name == name {
			return in
		}
	}
	return nil
}

func (m *mutator) doc() bool {
	text := m.fresh("Says \"something\" else, \\ ")
	if o, ok := pick(m, m.outputs(kind(view.Tree))); ok && m.IntN(2) == 0 {
		f, _ := pick(m, o.Fields)
		f.Doc = text
		return true
	}
	v, ok := pick(m, m.b.Views)
	if ok {
		v.Doc = text
	}
	return ok
}

func (m *mutator) shuffle() bool {
	o, ok := pick(m, m.outputs(kind(view.Tree)))
	if ok {
		m.Shuffle(len(o.Fields), func(i, j int) { o.Fields[i], o.Fields[j] = o.Fields[j], o.Fields[i] })
	}
	return ok
}

func (m *mutator) position() bool {
	v, ok := pick(m, m.b.Views)
	if ok {
		v.Pos.Line++
	}
	return ok
}

package view

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"facet/graph"
)

// A fact is a field of the graph that something reads: which, of which value, under which arguments.
type fact struct {
	typ   string
	field string
	of    ID
	args  []*Named
}

// facts lists what a place and all below it read of the graph, without what referenced shapes read themselves.
func facts(g *graph.Graph, s *Scope, o *Output) []fact {
	c := &collector{g: g, s: s, seen: map[ID]bool{}}
	c.output(o)
	return c.list
}

type collector struct {
	g    *graph.Graph
	s    *Scope
	seen map[ID]bool
	list []fact
}

func (c *collector) output(o *Output) {
	if o.Value != None {
		c.value(o.Value)
	}
	for _, a := range o.Args {
		c.value(a.Value)
	}
	for _, f := range o.Fields {
		c.output(f.Output)
	}
	if o.Item != nil {
		c.output(o.Item)
	}
	for _, a := range o.Arms {
		if a.Output != nil {
			c.output(a.Output)
		}
	}
}

func (c *collector) value(id ID) {
	if c.seen[id] {
		return
	}
	c.seen[id] = true
	v := &c.s.Values[id]
	for _, u := range v.Operands() {
		c.value(u)
	}
	if v.Op != OpField {
		return
	}
	for _, f := range c.s.GraphFields(c.g, v) {
		c.list = append(c.list, fact{f.Parent.Name, f.Name, v.Of, v.Args})
		for _, op := range f.Operations {
			for _, need := range op.Needs {
				if !f.Parent.IsKey(need) {
					c.list = append(c.list, fact{f.Parent.Name, need, v.Of, nil})
				}
			}
		}
	}
}

// A Read is a place of a build that reads a field of the graph: a field of a shape, or a view where it reads outside shapes.
type Read struct {
	Shape *Shape // nil: of the view
	View  string
	Field string // of the shape
	Scope *Scope // that Of and Args are values of

	Type, Name string // the graph field that is read
	Of         ID     // the value that it is read of
	Args       []*Named
}

// Reads lists what a build reads of the graph: by shape and field, then by view.
func Reads(g *graph.Graph, b *Build) []Read {
	var list []Read
	for _, s := range b.Shapes {
		for _, f := range s.Output.Fields {
			for _, x := range facts(g, &s.Scope, f.Output) {
				list = append(list, Read{Shape: s, Field: f.Name, Scope: &s.Scope, Type: x.typ, Name: x.field, Of: x.of, Args: x.args})
			}
		}
	}
	for _, v := range b.Views {
		for _, x := range facts(g, &v.Scope, v.Output) {
			list = append(list, Read{View: v.Name, Scope: &v.Scope, Type: x.typ, Name: x.field, Of: x.of, Args: x.args})
		}
	}
	return list
}

// Written is one thing that a mutation writes, with the values of its scope that say of which entity and under which arguments.
type Written struct {
	Type, Field string
	Key         []Maybe // one for each part of the key; nil: of every entity
	Args        []Named // those that it is written under; any value of the others
}

// Writes lists what the mutation's effects write, as the graph says.
func (m *Mutation) Writes(g *graph.Graph) []Written {
	var list []Written
	for _, e := range m.Effects {
		for _, gw := range written(g, m, e) {
			w := &writes{m: m, effect: e, write: gw}
			x := Written{Type: gw.Type, Field: gw.Field}
			for _, k := range gw.Key {
				x.Key = append(x.Key, Maybe{Value: w.value(k)})
			}
			for _, name := range slices.Sorted(maps.Keys(gw.Args)) {
				if id := w.value(gw.Args[name]); id != None {
					x.Args = append(x.Args, Named{Name: name, Value: id})
				}
			}
			list = append(list, x)
		}
	}
	return list
}

// Invalidations derives what a mutation makes stale in a build, its own or another that stands on the same device, from what
// the graph says that its effects write: fields of shapes, and views that read what is written outside a shape. The
// mutation's scope must hold the context values that the writes name (see NameWrites); it is not changed.
func Invalidations(g *graph.Graph, m *Mutation, b *Build) []*Invalidation {
	var list []*Invalidation
	seen := map[string]bool{}
	add := func(in *Invalidation) {
		text, err := json.Marshal(in)
		if err == nil && !seen[string(text)] {
			seen[string(text)] = true
			list = append(list, in)
		}
	}
	var all []*writes
	for _, e := range m.Effects {
		for _, w := range written(g, m, e) {
			all = append(all, &writes{m: m, effect: e, write: w})
		}
	}
	if len(all) == 0 {
		return nil
	}
	reads := Reads(g, b)
	for _, w := range all {
		for _, r := range reads {
			if r.Shape != nil && w.touches(r) {
				add(w.invalidation(r))
			}
		}
	}
	for _, r := range reads {
		if r.Shape == nil && slices.ContainsFunc(all, func(w *writes) bool { return w.touches(r) }) {
			add(&Invalidation{View: r.View})
		}
	}
	return list
}

// NameWrites puts the context values that the graph's @writes name into a mutation's scope, so that its invalidations can name
// them. It is called once, when the mutation is built.
func NameWrites(g *graph.Graph, m *Mutation) {
	for _, e := range m.Effects {
		for _, w := range written(g, m, e) {
			named := slices.Clone(w.Key)
			for _, name := range slices.Sorted(maps.Keys(w.Args)) {
				named = append(named, w.Args[name])
			}
			for _, x := range named {
				if x.Var == graph.VarContext {
					m.context(strings.Join(x.Path, "."), e)
				}
			}
		}
	}
}

// context adds a context value to the scope, if it is not there.
func (m *Mutation) context(name string, effect ID) {
	s := &m.Scope
	if !slices.ContainsFunc(s.Values, func(v Value) bool { return v.Op == OpContext && v.Name == name }) {
		s.Values = append(s.Values, Value{Op: OpContext, Of: None, Else: None, First: None, Name: name,
			Type: graph.TypeRef{Name: "ID"}, Pos: s.Values[effect].Pos})
	}
}

func written(g *graph.Graph, m *Mutation, effect ID) []*graph.Write {
	if g.Mutation() == nil {
		return nil
	}
	f := g.Mutation().Field(m.Scope.Values[effect].Name)
	if f == nil {
		return nil
	}
	return f.Writes
}

// A writes is one thing that one effect of a mutation writes.
type writes struct {
	m      *Mutation
	effect ID
	write  *graph.Write
}

// touches says whether what is read in another scope may be another value after the write.
func (w *writes) touches(r Read) bool {
	if r.Type != w.write.Type || r.Name != w.write.Field {
		return false
	}
	for _, a := range r.Args {
		e, ok := w.write.Args[a.Name]
		if !ok {
			continue
		}
		id := w.value(e)
		if id == None {
			continue
		}
		x, y := &r.Scope.Values[a.Value], &w.m.Scope.Values[id]
		if x.Op == OpLiteral && y.Op == OpLiteral && string(x.JSON) != string(y.JSON) {
			return false
		}
	}
	return true
}

// invalidation names the shape's field: its arguments and key as far as the mutation knows them.
func (w *writes) invalidation(r Read) *Invalidation {
	in := &Invalidation{Shape: r.Shape.Name, Field: r.Field}
	for _, a := range r.Shape.Args {
		known := None
		for _, x := range r.Args {
			if v := &r.Scope.Values[x.Value]; v.Op == OpArg && v.Name == a.Name {
				if e, ok := w.write.Args[x.Name]; ok {
					known = w.value(e)
				}
			}
		}
		in.Args = append(in.Args, Maybe{Value: known})
	}
	if r.Scope.Values[r.Of].Op != OpEntity {
		in.Key = []Maybe{{Value: None}} // of another entity than the shape's own: which shapes, nobody knows
		return in
	}
	for _, e := range w.write.Key {
		in.Key = append(in.Key, Maybe{Value: w.value(e)})
	}
	if len(in.Key) == 0 {
		in.Key = []Maybe{{Value: None}}
	}
	return in
}

// value is an expression of @writes as a value of the mutation; None if the mutation does not know it.
func (w *writes) value(e graph.Expr) ID {
	s := &w.m.Scope
	switch e.Var {
	case graph.VarArgs:
		if len(e.Path) != 1 {
			return None
		}
		for _, a := range s.Values[w.effect].Args {
			if a.Name == e.Path[0] {
				return a.Value
			}
		}
	case graph.VarContext:
		name := strings.Join(e.Path, ".")
		for i := range s.Values {
			if s.Values[i].Op == OpContext && s.Values[i].Name == name {
				return ID(i)
			}
		}
	}
	return None
}

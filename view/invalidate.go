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
	type place struct {
		shape *Shape
		field string
		facts []fact
	}
	var places []place
	for _, s := range b.Shapes {
		for _, f := range s.Output.Fields {
			places = append(places, place{s, f.Name, facts(g, &s.Scope, f.Output)})
		}
	}
	for _, w := range all {
		for _, p := range places {
			for _, f := range p.facts {
				if w.touches(&p.shape.Scope, f) {
					add(w.invalidation(p.shape, p.field, f))
				}
			}
		}
	}
	for _, v := range b.Views {
		read := facts(g, &v.Scope, v.Output)
		for _, w := range all {
			if slices.ContainsFunc(read, func(f fact) bool { return w.touches(&v.Scope, f) }) {
				add(&Invalidation{View: v.Name})
			}
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

// touches says whether a fact, read in another scope, may be another one after the write.
func (w *writes) touches(s *Scope, f fact) bool {
	if f.typ != w.write.Type || f.field != w.write.Field {
		return false
	}
	for _, a := range f.args {
		e, ok := w.write.Args[a.Name]
		if !ok {
			continue
		}
		id := w.value(e)
		if id == None {
			continue
		}
		x, y := &s.Values[a.Value], &w.m.Scope.Values[id]
		if x.Op == OpLiteral && y.Op == OpLiteral && string(x.JSON) != string(y.JSON) {
			return false
		}
	}
	return true
}

// invalidation names the shape's field: its arguments and key as far as the mutation knows them.
func (w *writes) invalidation(s *Shape, field string, f fact) *Invalidation {
	in := &Invalidation{Shape: s.Name, Field: field}
	for _, a := range s.Args {
		known := None
		for _, x := range f.args {
			if v := &s.Scope.Values[x.Value]; v.Op == OpArg && v.Name == a.Name {
				if e, ok := w.write.Args[x.Name]; ok {
					known = w.value(e)
				}
			}
		}
		in.Args = append(in.Args, Maybe{Value: known})
	}
	if s.Scope.Values[f.of].Op != OpEntity {
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

package scripts

import (
	"encoding/json"
	"slices"
	"strings"

	"facet/graph"
	"facet/view"
)

// A fact is a field of the graph that something reads: which, of which value, under which arguments.
type fact struct {
	typ   string
	field string
	of    view.ID
	args  []*view.Named
}

// facts lists what a place and all below it read of the graph, without what referenced shapes read themselves.
func facts(g *graph.Graph, s *view.Scope, o *view.Output) []fact {
	c := &collector{g: g, s: s, seen: map[view.ID]bool{}}
	c.output(o)
	return c.list
}

type collector struct {
	g    *graph.Graph
	s    *view.Scope
	seen map[view.ID]bool
	list []fact
}

func (c *collector) output(o *view.Output) {
	if o.Value != view.None {
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

func (c *collector) value(id view.ID) {
	if c.seen[id] {
		return
	}
	c.seen[id] = true
	v := &c.s.Values[id]
	for _, u := range operands(v) {
		c.value(u)
	}
	if v.Op != view.OpField {
		return
	}
	for _, f := range graphFields(c.g, c.s, v) {
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

// invalidations derives what each mutation makes stale from what the graph says that its effects write.
func (r *recorder) invalidations(b *view.Build) {
	type place struct {
		shape *view.Shape
		field string
		facts []fact
	}
	var places []place
	for _, s := range b.Shapes {
		for _, f := range s.Output.Fields {
			places = append(places, place{s, f.Name, facts(r.graph, &s.Scope, f.Output)})
		}
	}
	views := map[*view.View][]fact{}
	for _, v := range b.Views {
		views[v] = facts(r.graph, &v.Scope, v.Output)
	}
	for _, m := range b.Mutations {
		seen := map[string]bool{}
		add := func(in *view.Invalidation) {
			text, err := json.Marshal(in)
			if err == nil && !seen[string(text)] {
				seen[string(text)] = true
				m.Invalidates = append(m.Invalidates, in)
			}
		}
		for _, e := range m.Effects {
			for _, w := range r.written(m, e) {
				w := &writes{m: m, effect: e, write: w}
				for _, p := range places {
					for _, f := range p.facts {
						if w.touches(&p.shape.Scope, f) {
							add(w.invalidation(p.shape, p.field, f))
						}
					}
				}
			}
		}
		for _, v := range b.Views {
			for _, e := range m.Effects {
				for _, w := range r.written(m, e) {
					w := &writes{m: m, effect: e, write: w}
					if slices.ContainsFunc(views[v], func(f fact) bool { return w.touches(&v.Scope, f) }) {
						add(&view.Invalidation{View: v.Name})
					}
				}
			}
		}
	}
}

func (r *recorder) written(m *view.Mutation, effect view.ID) []*graph.Write {
	f := r.graph.Mutation().Field(m.Scope.Values[effect].Name)
	if f == nil {
		return nil
	}
	return f.Writes
}

// A writes is one thing that one effect of a mutation writes.
type writes struct {
	m      *view.Mutation
	effect view.ID
	write  *graph.Write
}

// touches says whether a fact, read in another scope, may be another one after the write.
func (w *writes) touches(s *view.Scope, f fact) bool {
	if f.typ != w.write.Type || f.field != w.write.Field {
		return false
	}
	for _, a := range f.args {
		e, ok := w.write.Args[a.Name]
		if !ok {
			continue
		}
		id := w.value(e)
		if id == view.None {
			continue
		}
		x, y := &s.Values[a.Value], &w.m.Scope.Values[id]
		if x.Op == view.OpLiteral && y.Op == view.OpLiteral && string(x.JSON) != string(y.JSON) {
			return false
		}
	}
	return true
}

// invalidation names the shape's field: its arguments and key as far as the mutation knows them.
func (w *writes) invalidation(s *view.Shape, field string, f fact) *view.Invalidation {
	in := &view.Invalidation{Shape: s.Name, Field: field}
	for _, a := range s.Args {
		known := view.None
		for _, x := range f.args {
			if v := &s.Scope.Values[x.Value]; v.Op == view.OpArg && v.Name == a.Name {
				if e, ok := w.write.Args[x.Name]; ok {
					known = w.value(e)
				}
			}
		}
		in.Args = append(in.Args, view.Maybe{Value: known})
	}
	if s.Scope.Values[f.of].Op != view.OpEntity {
		in.Key = []view.Maybe{{Value: view.None}} // of another entity than the shape's own: which shapes, nobody knows
		return in
	}
	for _, e := range w.write.Key {
		in.Key = append(in.Key, view.Maybe{Value: w.value(e)})
	}
	if len(in.Key) == 0 {
		in.Key = []view.Maybe{{Value: view.None}}
	}
	return in
}

// value is an expression of @writes as a value of the mutation; None if the mutation does not know it.
func (w *writes) value(e graph.Expr) view.ID {
	s := &w.m.Scope
	switch e.Var {
	case graph.VarArgs:
		if len(e.Path) != 1 {
			return view.None
		}
		for _, a := range s.Values[w.effect].Args {
			if a.Name == e.Path[0] {
				return a.Value
			}
		}
	case graph.VarContext:
		name := strings.Join(e.Path, ".")
		for i := range s.Values {
			if s.Values[i].Op == view.OpContext && s.Values[i].Name == name {
				return view.ID(i)
			}
		}
		s.Values = append(s.Values, view.Value{Op: view.OpContext, Of: view.None, Else: view.None, First: view.None, Name: name,
			Type: graph.TypeRef{Name: "ID"}, Pos: s.Values[w.effect].Pos})
		return view.ID(len(s.Values) - 1)
	}
	return view.None
}

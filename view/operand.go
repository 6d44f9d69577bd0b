package view

import "facet/graph"

// Operands are the values that a value stands on, in a fixed order.
func (v *Value) Operands() []ID {
	var out []ID
	add := func(ids ...ID) {
		for _, id := range ids {
			if id >= 0 {
				out = append(out, id)
			}
		}
	}
	add(v.Of)
	for _, a := range v.Args {
		add(a.Value)
	}
	add(v.List...)
	for _, c := range v.Cases {
		add(c.Value)
	}
	add(v.Else, v.First)
	return out
}

// GraphFields are the fields of the graph that a field or effect means: several where the parent is an interface.
func (s *Scope) GraphFields(g *graph.Graph, v *Value) []*graph.Field {
	var out []*graph.Field
	add := func(t *graph.Type) {
		if t == nil {
			return
		}
		if f := t.Field(v.Name); f != nil {
			out = append(out, f)
		}
	}
	if v.Op == OpEffect {
		add(g.Mutation())
		return out
	}
	t := g.Types[s.Values[v.Of].Type.Named()]
	if s.Values[v.Of].Op == OpQuery {
		t = g.Query()
	}
	if t == nil {
		return nil
	}
	add(t)
	for _, m := range t.Members {
		add(g.Types[m])
	}
	return out
}

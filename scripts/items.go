package scripts

import (
	"slices"

	"facet/fault"
	"facet/view"
)

// An itemCheck finds items of lists that are used where they are not: outside of the map that gives them.
type itemCheck struct {
	scope *view.Scope
	what  string
	open  map[view.ID]bool
	items map[view.ID][]view.ID // by value: the items that it stands on
	diags *fault.Diagnostics
}

func (r *recorder) escapes(b *view.Build) {
	check := func(s *view.Scope, what string, pos fault.Pos, o *view.Output) *itemCheck {
		c := &itemCheck{scope: s, what: what, open: map[view.ID]bool{}, items: map[view.ID][]view.ID{}, diags: &r.diags}
		if o != nil {
			c.output(o, pos)
		}
		return c
	}
	for _, v := range b.Views {
		check(&v.Scope, "view "+v.Name, v.Pos, v.Output)
	}
	for _, s := range b.Shapes {
		check(&s.Scope, "shape "+s.Name, s.Pos, s.Output)
	}
	for _, m := range b.Mutations {
		c := check(&m.Scope, "mutation "+m.Name, m.Pos, m.Output)
		for _, id := range m.Effects {
			c.value(id, m.Scope.Values[id].Pos)
		}
		for _, metric := range m.Metrics {
			for _, l := range metric.By {
				c.value(l.Value, m.Pos)
			}
		}
	}
}

func (c *itemCheck) output(o *view.Output, pos fault.Pos) {
	c.value(o.Value, pos)
	for _, a := range o.Args {
		c.value(a.Value, pos)
	}
	for _, f := range o.Fields {
		c.output(f.Output, f.Pos)
	}
	for _, a := range o.Arms {
		if a.Output != nil {
			c.output(a.Output, pos)
		}
	}
	if o.Kind == view.Many {
		was := c.open[o.Each]
		c.open[o.Each] = true
		c.output(o.Item, pos)
		c.open[o.Each] = was
	}
}

func (c *itemCheck) value(id view.ID, pos fault.Pos) {
	for _, item := range c.under(id) {
		if !c.open[item] {
			c.diags.Add(pos, "F159", "Use it inside the function that .map() is given", "an item of a list is used in %s outside of the .map() that gives it", c.what)
			return
		}
	}
}

// under are the items that a value stands on.
func (c *itemCheck) under(id view.ID) []view.ID {
	if id < 0 {
		return nil
	}
	if got, ok := c.items[id]; ok {
		return got
	}
	v := &c.scope.Values[id]
	var got []view.ID
	if v.Op == view.OpItem {
		got = append(got, id)
	}
	for _, of := range v.Operands() {
		for _, item := range c.under(of) {
			if !slices.Contains(got, item) {
				got = append(got, item)
			}
		}
	}
	c.items[id] = got
	return got
}

package scripts

import (
	"strings"

	"facet/view"
)

// pascal makes a name's first letter upper case: "rows" is "Rows".
func pascal(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// typeName is what the objects of a view or mutation begin with: "Home"; "SellProduct" of a handler's load "sell.product".
func typeName(s string) string {
	owner, name, private := strings.Cut(s, ".")
	if !private {
		return pascal(s)
	}
	return pascal(owner) + pascal(name)
}

// A namer names inline objects by where they stand and functions by the first field that shows them.
type namer struct {
	build *view.Build
	funcs []string // by Func
}

// names names everything in the build that its author did not: inline objects "<View><Path>", functions "Card.progress".
func names(b *view.Build) {
	n := &namer{build: b, funcs: make([]string, len(b.Funcs))}
	for _, v := range b.Views {
		n.output(&v.Scope, v.Output, typeName(v.Name), v.Name)
		n.rest(&v.Scope, v.Name)
	}
	for _, s := range b.Shapes {
		n.output(&s.Scope, s.Output, s.Name, s.Name)
		n.rest(&s.Scope, s.Name)
	}
	for _, m := range b.Mutations {
		if m.Output != nil {
			n.output(&m.Scope, m.Output, typeName(m.Name), m.Name)
		}
		n.rest(&m.Scope, m.Name)
	}
	for i, f := range b.Funcs {
		f.Name = n.funcs[i]
	}
}

func (n *namer) output(s *view.Scope, o *view.Output, name, path string) {
	switch o.Kind {
	case view.Tree:
		o.Name = name
		for _, f := range o.Fields {
			n.output(s, f.Output, name+pascal(f.Name), path+"."+f.Name)
		}
	case view.Many:
		n.output(s, o.Item, name, path)
	case view.Union:
		for _, a := range o.Arms {
			if a.Output != nil {
				n.output(s, a.Output, name+pascal(a.Member), path+"."+a.Member)
			}
		}
	case view.Leaf:
		n.value(s, o.Value, path, map[view.ID]bool{})
	}
}

// value names the functions that a field's value comes from.
func (n *namer) value(s *view.Scope, id view.ID, path string, seen map[view.ID]bool) {
	if seen[id] {
		return
	}
	seen[id] = true
	v := &s.Values[id]
	if v.Op == view.OpComputed && n.funcs[v.Func] == "" {
		n.funcs[v.Func] = path
	}
	for _, u := range v.Operands() {
		n.value(s, u, path, seen)
	}
}

// rest names the functions of a scope that no field shows.
func (n *namer) rest(s *view.Scope, owner string) {
	for i := range s.Values {
		if v := &s.Values[i]; v.Op == view.OpComputed && n.funcs[v.Func] == "" {
			n.funcs[v.Func] = owner + ".computed"
		}
	}
}

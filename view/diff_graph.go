package view

import (
	"slices"
	"strings"
)

// graph compares what only the JSON Graph shows: keys and their order, call paths, what can be set.
func (d *differ) graph(before, after *Surface) {
	for _, n := range before.viewOrder {
		a, ok := after.views[n]
		if !ok {
			continue
		}
		bKeys, bWhy := before.GraphKeys(before.views[n].Def)
		aKeys, aWhy := after.GraphKeys(a.Def)
		switch {
		case bWhy != "":
		case aWhy != "":
			d.add("Query."+n, "left_graph", true, "the view is no longer in the JSON Graph: %s", aWhy)
		case !slices.Equal(argNames(bKeys), argNames(aKeys)):
			d.add("Query."+n, "keys_changed", true, "its JSON Graph keys were %s and are %s", keyNames(bKeys), keyNames(aKeys))
		}
	}
	for _, n := range before.shapeOrder {
		a, ok := after.shapes[n]
		if !ok {
			continue
		}
		b := before.shapes[n]
		if b.Def.Type != a.Def.Type {
			d.add(n, "identity_changed", true, "its keys were those of %s and are those of %s", b.Def.Type, a.Def.Type)
		}
		if b.Def.Loadable && !slices.Equal(argNames(b.Def.Args), argNames(a.Def.Args)) {
			d.add(n, "keys_changed", true, "its arguments, which are keys, were %s and are %s", keyNames(b.Def.Args), keyNames(a.Def.Args))
		}
	}
	for _, n := range before.mutationOrder {
		a, ok := after.mutations[n]
		if !ok {
			continue
		}
		d.call(before.mutations[n].Def, a.Def)
	}
}

// call compares how a mutation is reached: arguments of a call go by position.
func (d *differ) call(b, a *Mutation) {
	at := "Mutation." + b.Name
	was, is := argNames(b.Args), argNames(a.Args)
	if len(is) < len(was) || !slices.Equal(was, is[:len(was)]) {
		d.add(at, "argument_order", true, "calls give arguments by position: %s became %s", keyNames(b.Args), keyNames(a.Args))
	}
	if b.On != "" && (b.On != a.On || !slices.Equal(b.As, a.As)) {
		d.add(at, "call_path_changed", true, "it is no longer called at %s.%s", b.On, strings.Join(b.As, "."))
	}
	if b.Sets != nil && (a.Sets == nil || b.Sets.Shape != a.Sets.Shape || b.Sets.Field != a.Sets.Field) {
		d.add(at, "set_removed", true, "%s.%s can no longer be set", b.Sets.Shape, b.Sets.Field)
	}
}

func argNames(args []*Arg) []string {
	names := make([]string, len(args))
	for i, a := range args {
		names[i] = a.Name
	}
	return names
}

func keyNames(args []*Arg) string { return "(" + strings.Join(argNames(args), ", ") + ")" }

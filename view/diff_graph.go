package view

import (
	"slices"
	"strings"
)

// graph compares what only the JSON Graph shows: keys and their order, call paths, what can be set.
func (d *differ) graph() {
	for _, n := range d.before.viewOrder {
		a, ok := d.after.views[n]
		if !ok {
			continue
		}
		bKeys, bWhy := d.before.GraphKeys(d.before.views[n].Def)
		aKeys, aWhy := d.after.GraphKeys(a.Def)
		switch {
		case bWhy != "":
		case aWhy != "":
			d.breaks("Query."+n, "left_graph", "the view is no longer in the JSON Graph: %s", aWhy)
		case !slices.Equal(argNames(bKeys), argNames(aKeys)):
			d.breaks("Query."+n, "keys_changed", "its JSON Graph keys were %s and are %s", keyNames(bKeys), keyNames(aKeys))
		}
	}
	for _, n := range d.before.shapeOrder {
		if a, ok := d.after.shapes[n]; ok {
			d.identity(d.before.shapes[n].Def, a.Def)
		}
	}
	for _, n := range d.before.mutationOrder {
		if a, ok := d.after.mutations[n]; ok {
			d.call(d.before.mutations[n].Def, a.Def)
		}
	}
}

// identity compares the ids and paths of a shape's entities: its arguments in declared order, then the entity's key.
func (d *differ) identity(b, a *Shape) {
	if b.Keyed && b.Type != a.Type {
		d.breaks(b.Name, "identity_changed", "its keys were those of %s and are those of %s", b.Type, a.Type)
	}
	if !b.Loadable && !d.called(b.Name) {
		return
	}
	if !slices.Equal(argNames(b.Args), argNames(a.Args)) {
		d.breaks(b.Name, "keys_changed", "its arguments, which are keys, were %s and are %s", keyNames(b.Args), keyNames(a.Args))
		return
	}
	for i, was := range b.Args {
		is, at := a.Args[i], b.Name+"("+was.Name+")"
		if was.Type.String() != is.Type.String() {
			d.breaks(at, "key_type_changed", "the argument, which is a key, was %s and is %s", was.Type, is.Type)
		}
		d.bounds(at, was, is)
	}
}

// called says whether a mutation is called below a shape of before.
func (d *differ) called(shape string) bool {
	for _, m := range d.before.mutations {
		if m.Def.On == shape {
			return true
		}
	}
	return false
}

// call compares how a mutation is reached and what it leaves: arguments of a call go by position.
func (d *differ) call(b, a *Mutation) {
	at := "Mutation." + b.Name
	was, is := argNames(b.Args), argNames(a.Args)
	if len(is) < len(was) || !slices.Equal(was, is[:len(was)]) {
		d.breaks(at, "argument_order", "calls give arguments by position: %s became %s", keyNames(b.Args), keyNames(a.Args))
	}
	if b.On != "" && (b.On != a.On || !slices.Equal(b.As, a.As)) {
		d.breaks(at, "call_path_changed", "it is no longer called at %s.%s", b.On, strings.Join(b.As, "."))
	}
	if b.Output != nil && a.Output == nil {
		d.breaks(at, "result_removed", "it no longer returns anything")
	}
	d.set(at, b, a)
}

// set compares what setting a field does: it calls the mutation with the entity's key and the value.
func (d *differ) set(at string, b, a *Mutation) {
	if b.Sets == nil {
		return
	}
	if a.Sets == nil || b.Sets.Shape != a.Sets.Shape || b.Sets.Field != a.Sets.Field {
		d.breaks(at, "set_removed", "%s.%s can no longer be set", b.Sets.Shape, b.Sets.Field)
		return
	}
	was, is := findArg(b.Args, b.Sets.Value), findArg(a.Args, a.Sets.Value)
	if was == nil || is == nil || was.Name == is.Name { // under one name its argument tells
		return
	}
	if _, breaking := input(was.Type, is.Type); breaking {
		d.breaks(at, "set_changed", "%s.%s was set to %s and is set to %s", b.Sets.Shape, b.Sets.Field, was.Type, is.Type)
	}
	d.bounds(at, was, is)
}

// place compares how one field of a type stands in the JSON Graph, where GraphQL sees no break.
func (d *differ) place(path string, b, a *TypeField) {
	if b.Output == nil || a.Output == nil {
		return
	}
	at := path + "." + b.Name
	if was, is := form(b.Output), form(a.Output); was != is && d.inGraph[path] && (path != "Query" || d.viewInGraph(b.Name)) {
		d.breaks(at, "form_changed", "in the JSON Graph there were %s and are %s", was, is)
	}
	if !b.Output.Paged && a.Output.Paged {
		d.notes(at, "became_paged", "without `first` it is now its first page alone")
	}
}

func (d *differ) viewInGraph(name string) bool {
	v, ok := d.before.views[name]
	if !ok {
		return false
	}
	_, why := d.before.GraphKeys(v.Def)
	return why == ""
}

// form is how an output stands in the JSON Graph: as a value, as keys below it, or as these by index.
func form(o *Output) string {
	switch {
	case o.Kind == Many:
		return "a list of " + form(o.Item)
	case o.Kind == Leaf && o.Paged:
		return "a list of values"
	case o.Kind == Leaf:
		return "values"
	}
	return "branches"
}

// graphTypes are the names of the types that stand in the JSON Graph, Query and Mutation among them.
func (s *Surface) graphTypes() map[string]bool {
	in := map[string]bool{"Query": true, "Mutation": true}
	var walk func(o *Output)
	walk = func(o *Output) {
		if o == nil {
			return
		}
		walk(o.Item)
		for _, a := range o.Arms {
			walk(a.Output)
		}
		name := o.Name
		if o.Kind == Ref {
			name = o.Shape
		}
		if name == "" || in[name] {
			return
		}
		in[name] = true
		for _, f := range o.Fields {
			walk(f.Output)
		}
		if sh, ok := s.shapes[name]; ok && o.Kind == Ref {
			for _, f := range sh.Def.Output.Fields {
				walk(f.Output)
			}
		}
	}
	for _, v := range s.views {
		if _, why := s.GraphKeys(v.Def); why == "" {
			walk(v.Def.Output)
		}
	}
	for _, m := range s.mutations {
		walk(m.Def.Output)
	}
	for _, sh := range s.shapes {
		if sh.Def.Loadable {
			walk(&Output{Kind: Ref, Shape: sh.Def.Name})
		}
	}
	return in
}

func argNames(args []*Arg) []string {
	names := make([]string, len(args))
	for i, a := range args {
		names[i] = a.Name
	}
	return names
}

func keyNames(args []*Arg) string { return "(" + strings.Join(argNames(args), ", ") + ")" }

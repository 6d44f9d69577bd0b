package scripts

import (
	"facet/graph"
	"facet/view"
)

// A nuller decides what may be null. What a value's steps say is in its scope; a value that is emitted as an object is
// not null where its fields stand.
type nuller struct {
	scope   *view.Scope
	args    []*view.Arg
	emitted map[view.ID]bool
}

// nullability fills in the final nullability of all outputs, and of functions' inputs.
func nullability(b *view.Build) {
	inputs := map[*view.FuncInput]bool{}
	each := func(s *view.Scope, args []*view.Arg, o *view.Output, subject view.ID) {
		n := &nuller{scope: s, args: args, emitted: map[view.ID]bool{}}
		if subject != view.None {
			n.emitted[subject] = true
		}
		if o != nil {
			n.output(o)
			if subject != view.None {
				o.NonNull = false
			}
		}
		for i := range s.Values {
			v := &s.Values[i]
			if v.Op != view.OpComputed {
				continue
			}
			for k, a := range v.Args {
				in := &b.Funcs[v.Func].Inputs[k]
				ok := n.nonNull(a.Value)
				if was, seen := inputs[in]; seen {
					ok = ok && was
				}
				inputs[in] = ok
				in.Type.NonNull = ok
			}
		}
	}
	for _, v := range b.Views {
		each(&v.Scope, v.Args, v.Output, view.None)
	}
	for _, s := range b.Shapes {
		each(&s.Scope, s.Args, s.Output, s.Subject)
	}
	for _, m := range b.Mutations {
		each(&m.Scope, m.Args, m.Output, view.None)
	}
}

func (n *nuller) output(o *view.Output) {
	switch o.Kind {
	case view.Leaf:
		o.NonNull = n.nonNull(o.Value)
		o.Type.NonNull = o.NonNull
	case view.Tree:
		o.NonNull = o.Value == view.None || n.nonNull(o.Value)
		if o.Value != view.None {
			was := n.emitted[o.Value]
			n.emitted[o.Value] = true
			defer func() { n.emitted[o.Value] = was }()
		}
		for _, f := range o.Fields {
			n.output(f.Output)
		}
	case view.Many:
		o.NonNull = n.nonNull(o.Value)
		n.output(o.Item)
	case view.Ref:
		o.NonNull = false // a dead tier costs cards, never the page
	case view.Union:
		o.NonNull = false
		for _, a := range o.Arms {
			if a.Output != nil {
				n.output(a.Output)
				a.Output.NonNull = false
			}
		}
	}
}

// nonNull says whether a value is never null where it is used.
func (n *nuller) nonNull(id view.ID) bool {
	if id == view.None {
		return false
	}
	if n.emitted[id] {
		return true
	}
	v := &n.scope.Values[id]
	switch v.Op {
	case view.OpQuery, view.OpEntity, view.OpIs, view.OpNot, view.OpAnd, view.OpOr, view.OpInput, view.OpList, view.OpNotFound:
		return true
	case view.OpItem, view.OpEffect, view.OpContext, view.OpComputed:
		return v.Type.NonNull
	case view.OpField:
		return v.Type.NonNull && n.nonNull(v.Of)
	case view.OpArg:
		return n.argument(v.Name).NonNull
	case view.OpLiteral:
		return string(v.JSON) != "null"
	case view.OpPick, view.OpWhen:
		for _, c := range v.Cases {
			if !n.nonNull(c.Value) {
				return false
			}
		}
		return n.nonNull(v.Else)
	case view.OpPage, view.OpTake:
		return n.nonNull(v.Of)
	case view.OpOrElse:
		return n.nonNull(v.Else)
	}
	return false // as, viewer, orNull, format
}

func (n *nuller) argument(name string) graph.TypeRef {
	for _, a := range n.args {
		if a.Name == name {
			return a.Type
		}
	}
	return graph.TypeRef{}
}

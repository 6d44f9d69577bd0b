// Package viewtest has a small build made by hand, for tests of what takes builds without recording them.
package viewtest

import (
	"encoding/json"
	"time"

	"facet/graph"
	"facet/view"
)

// A Recorder fills a scope.
type Recorder struct{ view.Scope }

// Add enters a value; of is its subject or view.None.
func (r *Recorder) Add(op view.Op, of view.ID, typ string, edit func(v *view.Value)) view.ID {
	v := view.Value{Op: op, Of: of, Else: view.None, First: view.None}
	if typ != "" {
		v.Type = Type(typ)
	}
	if edit != nil {
		edit(&v)
	}
	r.Values = append(r.Values, v)
	return view.ID(len(r.Values) - 1)
}

// Field enters a graph field.
func (r *Recorder) Field(of view.ID, name, typ string, args ...*view.Named) view.ID {
	return r.Add(view.OpField, of, typ, func(v *view.Value) { v.Name, v.Args = name, args })
}

// Query enters a field of the Query root.
func (r *Recorder) Query(name, typ string, args ...*view.Named) view.ID {
	return r.Field(r.Add(view.OpQuery, view.None, "Query", nil), name, typ, args...)
}

// Literal enters a JSON literal.
func (r *Recorder) Literal(text, typ string) view.ID {
	return r.Add(view.OpLiteral, view.None, typ, func(v *view.Value) { v.JSON = json.RawMessage(text) })
}

// Context enters a context value.
func (r *Recorder) Context(name, typ string) view.ID {
	return r.Add(view.OpContext, view.None, typ, func(v *view.Value) { v.Name = name })
}

// Arg enters an argument.
func (r *Recorder) Arg(name, typ string) view.ID {
	return r.Add(view.OpArg, view.None, typ, func(v *view.Value) { v.Name = name })
}

// Page enters .page({ first, max }).
func (r *Recorder) Page(of, first view.ID, max int, typ string) view.ID {
	return r.Add(view.OpPage, of, typ, func(v *view.Value) { v.First, v.Max = first, max })
}

// Guarded enters .orNull, .orElse or .orNotFound.
func (r *Recorder) Guarded(op view.Op, of, orElse view.ID, within time.Duration, typ string) view.ID {
	return r.Add(op, of, typ, func(v *view.Value) { v.Else, v.Within = orElse, within })
}

// Item enters the item of a list.
func (r *Recorder) Item(of view.ID, typ string) view.ID { return r.Add(view.OpItem, of, typ, nil) }

// Named names a value.
func Named(name string, v view.ID) *view.Named { return &view.Named{Name: name, Value: v} }

// Type reads "[Title!]!".
func Type(s string) graph.TypeRef {
	var r graph.TypeRef
	if n := len(s) - 1; s[n] == '!' {
		r.NonNull, s = true, s[:n]
	}
	if s[0] == '[' {
		elem := Type(s[1 : len(s)-1])
		r.Elem = &elem
		return r
	}
	r.Name = s
	return r
}

// Leaf is a scalar at a place.
func Leaf(v view.ID, typ string) *view.Output {
	t := Type(typ)
	return &view.Output{Kind: view.Leaf, Value: v, Type: t, NonNull: t.NonNull, Each: view.None}
}

// Tree is an inline object.
func Tree(name string, of view.ID, nonNull bool, fields ...*view.Field) *view.Output {
	return &view.Output{Kind: view.Tree, Value: of, Name: name, NonNull: nonNull, Fields: fields, Each: view.None}
}

// Many is a list.
func Many(of, each view.ID, paged, nonNull bool, item *view.Output) *view.Output {
	return &view.Output{Kind: view.Many, Value: of, Each: each, Item: item, Paged: paged, NonNull: nonNull}
}

// Ref is a shape over an entity.
func Ref(shape string, of view.ID, args ...*view.Named) *view.Output {
	return &view.Output{Kind: view.Ref, Shape: shape, Value: of, Args: args, Each: view.None}
}

// Field is a field of a Tree.
func Field(name string, o *view.Output, reads ...string) *view.Field {
	return &view.Field{Name: name, Output: o, Reads: reads}
}

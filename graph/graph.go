// Package graph is the typed graph over the backend tiers: SDL with connectors, parsed and checked into data that plans are made from.
package graph

import (
	"facet/fault"
)

// A Graph is one version of the typed graph. It is read-only once parsed.
type Graph struct {
	Digest  string           // "sha256:<hex>" of the source text
	Source  []byte           // the SDL as it was given
	Types   map[string]*Type // by name, built-in scalars included
	Order   []*Type          // in document order, without built-ins
	Sources []*Source        // in document order

	// Operations are all connectors in document order; an Operation's Index is its place here.
	Operations []*Operation
}

// Query is the query root, nil if there is none.
func (g *Graph) Query() *Type { return g.Types["Query"] }

// Mutation is the mutation root, nil if there is none.
func (g *Graph) Mutation() *Type { return g.Types["Mutation"] }

// A TypeKind is the kind of a type.
type TypeKind string

// The kinds of types.
const (
	Scalar    TypeKind = "scalar"
	Enum      TypeKind = "enum"
	Object    TypeKind = "object"
	Interface TypeKind = "interface"
	Union     TypeKind = "union"
	Input     TypeKind = "input"
)

// A Type is a named type.
type Type struct {
	Name        string
	Kind        TypeKind
	Description string
	Pos         fault.Pos
	Fields      []*Field // objects, interfaces, inputs; in document order
	Values      []string // enums
	Members     []string // unions: members; interfaces: implementations; in document order
	Implements  []string // objects and interfaces

	// Key names the fields of the first @key, in order; nil if the type has no identity.
	Key []string
	// Loaders are the operations that load an entity of this type by its key (a @connect on the type,
	// or a Query field's with entity: true), in document order. A keyed type without any is Keyed but not Loadable.
	Loaders []*Operation
	Guards  []*Guard
}

// Field returns a field by name, or nil.
func (t *Type) Field(name string) *Field {
	for _, f := range t.Fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// Keyed says whether entities of the type have an identity.
func (t *Type) Keyed() bool { return len(t.Key) > 0 }

// Loadable says whether an entity can be loaded from its key alone: such a type is a JSON Graph identity.
func (t *Type) Loadable() bool { return t.Keyed() && len(t.Loaders) > 0 }

// Composite says whether values of the type have fields or members: object, interface, union.
func (t *Type) Composite() bool {
	return t.Kind == Object || t.Kind == Interface || t.Kind == Union
}

// A TypeRef is the type of a field, an argument or a list item.
type TypeRef struct {
	Name    string   // the named type; "" for a list
	Elem    *TypeRef // the item's type; nil for a named type
	NonNull bool
}

// Named is the innermost type's name.
func (r TypeRef) Named() string {
	for r.Elem != nil {
		r = *r.Elem
	}
	return r.Name
}

// List says whether the type is a list.
func (r TypeRef) List() bool { return r.Elem != nil }

// String prints the type as SDL does.
func (r TypeRef) String() string {
	s := r.Name
	if r.Elem != nil {
		s = "[" + r.Elem.String() + "]"
	}
	if r.NonNull {
		s += "!"
	}
	return s
}

// A Field is a field of an object, interface or input type.
type Field struct {
	Name        string
	Parent      *Type
	Type        TypeRef
	Args        []*Arg
	Default     *Literal // of input fields
	Description string
	Deprecated  string
	Pos         fault.Pos

	// Operations are the field's own connectors in document order: the first is its owner. Without any, the field
	// comes embedded in the answer that gave its parent, from one of the parent's Loaders, or is a Reference.
	Operations []*Operation
	// Reference says that the field needs no call: its arguments are the key of the (loadable) type that it returns.
	Reference bool
	Guards    []*Guard
	Writes    []*Write // of Mutation fields
	// WritesNothing says that the mutation declared @writes(nothing: true).
	WritesNothing bool
}

// Arg returns an argument by name, or nil.
func (f *Field) Arg(name string) *Arg {
	for _, a := range f.Args {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// An Arg is an argument of a field.
type Arg struct {
	Name        string
	Type        TypeRef
	Default     *Literal
	Description string
	Pos         fault.Pos
}

// A Literal is a constant of SDL, as JSON.
type Literal struct {
	JSON []byte
}

// A Guard says who may see what: the value must be among the values of In.
type Guard struct {
	Value Expr // "$args.profile", "$this.id"
	In    Expr // "$context.viewer.profiles"
	Pos   fault.Pos
}

// A Write says which field a mutation changes.
type Write struct {
	Type  string          // "Title"
	Field string          // "bookmark"
	Key   []Expr          // one per key field; nil: not known, all entities of the type
	Args  map[string]Expr // the field's arguments that it is changed under; absent ones: any value
	Pos   fault.Pos
}

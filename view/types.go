package view

import (
	"facet/graph"
)

// A Class is what a Type of a device schema is.
type Class string

// The classes.
const (
	ClassScalar    Class = "scalar"
	ClassObject    Class = "object"
	ClassInterface Class = "interface"
	ClassUnion     Class = "union"
	ClassEnum      Class = "enum"
	ClassInput     Class = "input"
)

// A Type is a named type of a device schema, as GraphQL and OpenAPI show it. Query and Mutation are not among them.
type Type struct {
	Name       string
	Class      Class
	Doc        string
	Implements []string     // "Node", on shapes that are loadable
	Fields     []*TypeField // objects, interfaces, inputs
	Members    []string     // unions
	Values     []string     // enums
	Shape      *Shape       // the shape that the type is; nil for others
	Computed   bool         // a computed function's object: a JSON Graph atom
}

// Field finds a field, or nil.
func (t *Type) Field(name string) *TypeField {
	for _, f := range t.Fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// A TypeField is a field of a Type, or of Query or Mutation.
type TypeField struct {
	Name string
	Type graph.TypeRef
	Args []*Arg // `first` and `after` of paged lists among them, last
	Doc  string
	// Paged says that the field is a list that takes first and after.
	Paged bool
	// PageOf names the list whose length and next the field gives: "items" for "itemsPage"; "" for others.
	PageOf  string
	Default []byte // of input fields: JSON
	// Output is what stands there; nil for id, key, __typename, computed objects' and inputs' fields.
	Output *Output
	Cache  *Cache
	Reads  []string
}

// Arg finds an argument, or nil.
func (f *TypeField) Arg(name string) *Arg {
	for _, a := range f.Args {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// The names that a device schema brings by itself.
const (
	NodeType = "Node"
	PageType = "Page"
)

func named(name string) graph.TypeRef   { return graph.TypeRef{Name: name} }
func nonNull(name string) graph.TypeRef { return graph.TypeRef{Name: name, NonNull: true} }

// IsScalar says whether name is one of GraphQL's own scalars.
func IsScalar(name string) bool {
	switch name {
	case "String", "Int", "Float", "Boolean", "ID":
		return true
	}
	return false
}

// windowArgs are the arguments of a paged list.
func windowArgs() []*Arg {
	return []*Arg{
		{Name: "first", Type: named("Int"), Doc: "How many items; the list's own number if not given."},
		{Name: "after", Type: named("String"), Doc: "The `next` of the page before."},
	}
}

// typer turns outputs into types. Types of one name must be equal; clash is told of those that are not.
type typer struct {
	types map[string]*Type
	place map[string]place // where a type was first seen
	clash func(name string, a, b place)
	empty func(name string, at place)
}

// add enters a type. An equal one that is there already stays.
func (t *typer) add(ty *Type, at place) {
	old, ok := t.types[ty.Name]
	if !ok {
		t.types[ty.Name], t.place[ty.Name] = ty, at
		return
	}
	if old.print(nil) != ty.print(nil) || !old.standsAs(ty) {
		t.clash(ty.Name, t.place[ty.Name], at)
	}
}

// standsAs says whether two types that GraphQL shows alike are alike in the JSON Graph too: both computed or neither, one shape or
// none, and every field of one form.
func (t *Type) standsAs(o *Type) bool {
	if t.Computed != o.Computed || (t.Shape == nil) != (o.Shape == nil) || len(t.Fields) != len(o.Fields) {
		return false
	}
	for i, f := range t.Fields {
		if a, b := f.Output, o.Fields[i].Output; a != nil && b != nil && form(a) != form(b) {
			return false
		}
	}
	return true
}

// output enters the types of one place and below it.
func (t *typer) output(o *Output, at place) {
	switch o.Kind {
	case Tree:
		t.add(&Type{Name: o.Name, Class: ClassObject, Fields: t.fields(o, at)}, at)
		if len(o.Fields) == 0 {
			t.empty(o.Name, at)
		}
	case Many:
		t.output(o.Item, at)
	case Union:
		for _, a := range o.Arms {
			if a.Output != nil {
				t.output(a.Output, at)
			}
		}
		u := o.asUnion()
		t.add(u, at)
		if len(u.Members) == 0 {
			t.empty(o.Name, at)
		}
	}
}

func (o *Output) asUnion() *Type {
	u := &Type{Name: o.Name, Class: ClassUnion}
	for _, a := range o.Arms {
		if a.Output != nil {
			u.Members = appendNew(u.Members, OutputType(a.Output).Name)
		}
	}
	return u
}

func appendNew(list []string, s string) []string {
	for _, x := range list {
		if x == s {
			return list
		}
	}
	return append(list, s)
}

// fields enters the types below a Tree and gives its fields.
func (t *typer) fields(o *Output, at place) []*TypeField {
	for _, f := range o.Fields {
		at.pos = f.Pos
		t.output(f.Output, at)
	}
	return outputFields(o)
}

// outputFields are the fields that show those of a Tree.
func outputFields(o *Output) []*TypeField {
	var out []*TypeField
	for _, f := range o.Fields {
		out = append(out, outputField(f.Name, f.Output, nil, f)...)
	}
	return out
}

// outputField is the field that shows an output, and its page if it is a paged list.
func outputField(name string, o *Output, args []*Arg, f *Field) []*TypeField {
	main := &TypeField{Name: name, Type: OutputType(o), Args: args, Output: o}
	if f != nil {
		main.Doc, main.Cache, main.Reads = f.Doc, f.Cache, f.Reads
	}
	if !o.Paged {
		return []*TypeField{main}
	}
	main.Paged = true
	main.Args = append(append([]*Arg{}, args...), windowArgs()...)
	return []*TypeField{main, {Name: PageField(name), Type: nonNull(PageType), Args: main.Args, PageOf: name, Reads: main.Reads,
		Doc: "The length of `" + name + "` and where its following page starts."}}
}

// PageField is the name of the field that gives a list's length and next page.
func PageField(list string) string { return list + "Page" }

// shape is the type of a shape.
func (t *typer) shape(s *Shape, at place) {
	t.fields(s.Output, at)
	ty := s.asType()
	t.add(ty, at)
	if len(ty.Fields) == 0 {
		t.empty(s.Name, at)
	}
}

func (s *Shape) asType() *Type {
	ty := &Type{Name: s.Name, Class: ClassObject, Shape: s, Doc: s.Doc}
	if s.Keyed {
		ty.Fields = append(ty.Fields,
			&TypeField{Name: "id", Type: nonNull("ID"), Doc: "Opaque, unique over this schema."},
			&TypeField{Name: "key", Type: nonNull("ID"), Doc: "The entity's key, as arguments take it."})
	}
	if s.Loadable {
		ty.Implements = []string{NodeType}
	}
	ty.Fields = append(ty.Fields, outputFields(s.Output)...)
	return ty
}

func (o *Object) asType() *Type {
	ty := &Type{Name: o.Name, Class: ClassObject, Computed: true}
	for _, f := range o.Fields {
		ty.Fields = append(ty.Fields, &TypeField{Name: f.Name, Type: f.Type})
	}
	return ty
}

func (e *Enum) asType() *Type { return &Type{Name: e.Name, Class: ClassEnum, Values: e.Values} }

func (in *Input) asType() *Type {
	ty := &Type{Name: in.Name, Class: ClassInput}
	for _, f := range in.Fields {
		ty.Fields = append(ty.Fields, &TypeField{Name: f.Name, Type: f.Type, Default: f.Default, Doc: f.Doc})
	}
	return ty
}

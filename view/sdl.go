package view

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"facet/graph"
)

// roots are the fields of Query and Mutation.
func (s *Surface) roots() (query, mutation []*TypeField) {
	s.rooted.Do(s.rootFields)
	return s.query, s.mutation
}

func (s *Surface) rootFields() {
	for _, n := range s.viewOrder {
		v := s.views[n].Def
		for _, f := range outputField(n, v.Output, v.Args, nil) {
			f.Type.NonNull = false // one view's null costs no other view
			if f.PageOf == "" {
				f.Doc = v.Doc
				f.Cache = v.Cache
			}
			s.query = append(s.query, f)
		}
	}
	s.query = append(s.query, &TypeField{Name: "node", Type: named(NodeType), Doc: "Any entity by its id.", Args: []*Arg{{Name: "id", Type: nonNull("ID")}}})
	for _, n := range s.mutationOrder {
		m := s.mutations[n].Def
		f := &TypeField{Name: n, Type: named("Boolean"), Args: m.Args, Doc: m.Doc, Output: m.Output}
		if m.Output != nil {
			f.Type = OutputType(m.Output)
			f.Type.NonNull = false
		} else if f.Doc == "" {
			f.Doc = "True when it is done."
		}
		s.mutation = append(s.mutation, f)
	}
}

// SDL is the GraphQL schema of the surface. The same surface gives the same text.
func (s *Surface) SDL() string {
	var b strings.Builder
	types := s.all()
	query, mutation := s.roots()
	q := &Type{Name: "Query", Class: ClassObject, Fields: query}
	b.WriteString(q.print(types))
	if len(mutation) > 0 {
		m := &Type{Name: "Mutation", Class: ClassObject, Fields: mutation}
		b.WriteString("\n" + m.print(types))
	}
	for _, name := range sortedKeys(types) {
		b.WriteString("\n" + types[name].print(types))
	}
	return b.String()
}

// InputSDL is a schema of only what variables can be: input types, enums and scalars, beside a Query that has nothing.
func (s *Surface) InputSDL() string {
	var b strings.Builder
	b.WriteString("type Query {\n  none: Boolean\n}\n")
	types := s.all()
	for _, name := range sortedKeys(types) {
		switch t := types[name]; t.Class {
		case ClassInput, ClassEnum, ClassScalar:
			b.WriteString("\n" + t.print(types))
		}
	}
	return b.String()
}

// print gives the type's definition in SDL; types tell enums from strings in defaults.
func (t *Type) print(types map[string]*Type) string {
	var b strings.Builder
	printDoc(&b, "", t.Doc)
	switch t.Class {
	case ClassScalar:
		b.WriteString("scalar " + t.Name + "\n")
	case ClassUnion:
		b.WriteString("union " + t.Name + " = " + strings.Join(t.Members, " | ") + "\n")
	case ClassEnum:
		b.WriteString("enum " + t.Name + " {\n")
		for _, v := range t.Values {
			b.WriteString("  " + v + "\n")
		}
		b.WriteString("}\n")
	default:
		b.WriteString(map[Class]string{ClassObject: "type ", ClassInterface: "interface ", ClassInput: "input "}[t.Class] + t.Name)
		if len(t.Implements) > 0 {
			b.WriteString(" implements " + strings.Join(t.Implements, " & "))
		}
		b.WriteString(" {\n")
		for _, f := range t.Fields {
			f.print(&b, types)
		}
		b.WriteString("}\n")
	}
	return b.String()
}

func (f *TypeField) print(b *strings.Builder, types map[string]*Type) {
	printDoc(b, "  ", f.Doc)
	b.WriteString("  " + f.Name)
	if len(f.Args) > 0 {
		b.WriteByte('(')
		for i, a := range f.Args {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(a.Name + ": " + a.Type.String())
			if a.Default != nil {
				b.WriteString(" = " + literal(a.Default, a.Type, types))
			}
		}
		b.WriteByte(')')
	}
	b.WriteString(": " + f.Type.String())
	if f.Default != nil {
		b.WriteString(" = " + literal(f.Default, f.Type, types))
	}
	b.WriteByte('\n')
}

func printDoc(b *strings.Builder, indent, doc string) {
	if doc == "" {
		return
	}
	if strings.ContainsAny(doc, "\n\"\\") {
		b.WriteString(indent + "\"\"\"\n")
		for line := range strings.SplitSeq(strings.ReplaceAll(doc, `"""`, `\"""`), "\n") {
			b.WriteString(indent + line + "\n")
		}
		b.WriteString(indent + "\"\"\"\n")
		return
	}
	b.WriteString(indent + `"` + doc + "\"\n")
}

// literal writes a JSON value as a GraphQL literal: object keys and enum members are bare.
func literal(value json.RawMessage, t graph.TypeRef, types map[string]*Type) string {
	dec := json.NewDecoder(bytes.NewReader(value))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return "null"
	}
	var b strings.Builder
	writeLiteral(&b, v, types[t.Named()], types)
	return b.String()
}

func writeLiteral(b *strings.Builder, v any, t *Type, types map[string]*Type) {
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case json.Number:
		b.WriteString(v.String())
	case string:
		if t != nil && t.Class == ClassEnum {
			b.WriteString(v)
			return
		}
		b.Write(quote(v))
	case []any:
		b.WriteByte('[')
		for i, x := range v {
			if i > 0 {
				b.WriteString(", ")
			}
			writeLiteral(b, x, t, types)
		}
		b.WriteByte(']')
	case map[string]any:
		b.WriteByte('{')
		for i, k := range sortedKeys(v) {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(k + ": ")
			var below *Type
			if t != nil {
				if f := t.Field(k); f != nil {
					below = types[f.Type.Named()]
				}
			}
			writeLiteral(b, v[k], below, types)
		}
		b.WriteByte('}')
	}
}

// quote writes a string as JSON does, which GraphQL reads too; without HTML escapes.
func quote(s string) []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if enc.Encode(s) != nil {
		return []byte(`""`)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
}

// QueryFields are the fields of Query in order: views with their pages, then node.
func (s *Surface) QueryFields() []*TypeField {
	query, _ := s.roots()
	return slices.Clip(query)
}

// MutationFields are the fields of Mutation in order; none if there are no mutations.
func (s *Surface) MutationFields() []*TypeField {
	_, mutation := s.roots()
	return slices.Clip(mutation)
}

// Type finds a type by name; nil for the five scalars, Query and Mutation, and names that are not there.
func (s *Surface) Type(name string) *Type {
	if s.asked != nil {
		return s.asked.of(s, name)
	}
	return s.types[name]
}

// TypeNames are the names of all types, sorted.
func (s *Surface) TypeNames() []string { return sortedKeys(s.all()) }

// Views are the names of the views in mount order and order of export.
func (s *Surface) Views() []string { return slices.Clone(s.viewOrder) }

// Mutations are the names of the mutations, in the same order.
func (s *Surface) Mutations() []string { return slices.Clone(s.mutationOrder) }

// Shapes are the names of the shapes, in order of first use.
func (s *Surface) Shapes() []string { return slices.Clone(s.shapeOrder) }

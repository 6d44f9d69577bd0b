package graphql

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// maxIntrospection bounds the values of one introspection answer.
const maxIntrospection = 200_000

// An introspection resolves __schema and __type over a loaded schema.
type introspection struct {
	schema *ast.Schema
	b      *builder // for conditions, fragments and variables
	buf    bytes.Buffer
	left   int
}

// root writes one __schema or __type root.
func (in *introspection) root(fields []*ast.Field) []byte {
	f := fields[0]
	if f.Name == "__schema" {
		in.object("__Schema", fields, in.ofSchema)
		return in.buf.Bytes()
	}
	name := ""
	if a := f.Arguments.ForName("name"); a != nil {
		if v, err := a.Value.Value(in.b.vars); err == nil {
			name, _ = v.(string)
		}
	}
	in.named(name, fields)
	return in.buf.Bytes()
}

// object writes the fields of one object; resolve writes a field's value.
func (in *introspection) object(typ string, fields []*ast.Field, resolve func(f *ast.Field, same []*ast.Field)) {
	in.buf.WriteByte('{')
	for i, g := range in.b.collect(typ, sets(fields)) {
		if in.left--; in.left < 0 {
			break
		}
		if i > 0 {
			in.buf.WriteByte(',')
		}
		in.buf.Write(quoted(g.key))
		in.buf.WriteByte(':')
		if g.fields[0].Name == "__typename" {
			in.text(typ)
			continue
		}
		resolve(g.fields[0], g.fields)
	}
	in.buf.WriteByte('}')
}

func (in *introspection) text(s string) { in.buf.Write(quoted(s)) }

func (in *introspection) textOrNull(s string) {
	if s == "" {
		in.null()
		return
	}
	in.text(s)
}

func (in *introspection) null() { in.buf.WriteString("null") }

func (in *introspection) bool(v bool) { in.buf.WriteString(strconv.FormatBool(v)) }

// each writes a list.
func each[T any](in *introspection, list []T, write func(T)) {
	in.buf.WriteByte('[')
	for i, x := range list {
		if in.left < 0 {
			break
		}
		if i > 0 {
			in.buf.WriteByte(',')
		}
		write(x)
	}
	in.buf.WriteByte(']')
}

func (in *introspection) ofSchema(f *ast.Field, same []*ast.Field) {
	switch f.Name {
	case "types":
		var names []string
		for n := range in.schema.Types {
			names = append(names, n)
		}
		slices.Sort(names)
		each(in, names, func(n string) { in.named(n, same) })
	case "queryType":
		in.definition(in.schema.Query, same)
	case "mutationType":
		in.definition(in.schema.Mutation, same)
	case "directives":
		var list []*ast.DirectiveDefinition
		for _, d := range in.schema.Directives {
			if d.Name != "defer" { // the answer has one part
				list = append(list, d)
			}
		}
		slices.SortFunc(list, func(a, b *ast.DirectiveDefinition) int { return strings.Compare(a.Name, b.Name) })
		each(in, list, func(d *ast.DirectiveDefinition) { in.directive(d, same) })
	default: // description, subscriptionType
		in.null()
	}
}

func (in *introspection) directive(d *ast.DirectiveDefinition, fields []*ast.Field) {
	in.object("__Directive", fields, func(f *ast.Field, same []*ast.Field) {
		switch f.Name {
		case "name":
			in.text(d.Name)
		case "description":
			in.textOrNull(d.Description)
		case "isRepeatable":
			in.bool(d.IsRepeatable)
		case "locations":
			each(in, d.Locations, func(l ast.DirectiveLocation) { in.text(string(l)) })
		case "args":
			in.args(d.Arguments, same)
		default:
			in.null()
		}
	})
}

func (in *introspection) args(list ast.ArgumentDefinitionList, fields []*ast.Field) {
	each(in, list, func(a *ast.ArgumentDefinition) { in.input(a.Name, a.Description, a.Type, a.DefaultValue, fields) })
}

func (in *introspection) input(name, doc string, t *ast.Type, def *ast.Value, fields []*ast.Field) {
	in.object("__InputValue", fields, func(f *ast.Field, same []*ast.Field) {
		switch f.Name {
		case "name":
			in.text(name)
		case "description":
			in.textOrNull(doc)
		case "type":
			in.typ(t, same)
		case "defaultValue":
			if def == nil {
				in.null()
			} else {
				in.text(def.String())
			}
		case "isDeprecated":
			in.bool(false)
		default:
			in.null()
		}
	})
}

func (in *introspection) named(name string, fields []*ast.Field) {
	in.definition(in.schema.Types[name], fields)
}

// typ writes a type reference: lists and non-nulls wrap.
func (in *introspection) typ(t *ast.Type, fields []*ast.Field) {
	switch {
	case t.NonNull:
		inner := *t
		inner.NonNull = false
		in.wrap("NON_NULL", &inner, fields)
	case t.Elem != nil:
		in.wrap("LIST", t.Elem, fields)
	default:
		in.named(t.NamedType, fields)
	}
}

func (in *introspection) wrap(kind string, of *ast.Type, fields []*ast.Field) {
	in.object("__Type", fields, func(f *ast.Field, same []*ast.Field) {
		switch f.Name {
		case "kind":
			in.text(kind)
		case "ofType":
			in.typ(of, same)
		default:
			in.null()
		}
	})
}

func (in *introspection) definition(d *ast.Definition, fields []*ast.Field) {
	if d == nil {
		in.null()
		return
	}
	in.object("__Type", fields, func(f *ast.Field, same []*ast.Field) {
		switch f.Name {
		case "kind":
			in.text(string(d.Kind))
		case "name":
			in.text(d.Name)
		case "description":
			in.textOrNull(d.Description)
		case "fields":
			if d.Kind != ast.Object && d.Kind != ast.Interface {
				in.null()
				return
			}
			var list []*ast.FieldDefinition
			for _, fd := range d.Fields {
				if !strings.HasPrefix(fd.Name, "__") {
					list = append(list, fd)
				}
			}
			each(in, list, func(fd *ast.FieldDefinition) { in.field(fd, same) })
		case "interfaces":
			if d.Kind != ast.Object && d.Kind != ast.Interface {
				in.null()
				return
			}
			each(in, d.Interfaces, func(n string) { in.named(n, same) })
		case "possibleTypes":
			if d.Kind != ast.Interface && d.Kind != ast.Union {
				in.null()
				return
			}
			each(in, in.schema.GetPossibleTypes(d), func(p *ast.Definition) { in.definition(p, same) })
		case "enumValues":
			if d.Kind != ast.Enum {
				in.null()
				return
			}
			each(in, d.EnumValues, func(v *ast.EnumValueDefinition) { in.member(v, same) })
		case "inputFields":
			if d.Kind != ast.InputObject {
				in.null()
				return
			}
			each(in, d.Fields, func(fd *ast.FieldDefinition) { in.input(fd.Name, fd.Description, fd.Type, fd.DefaultValue, same) })
		case "isOneOf":
			if d.Kind != ast.InputObject {
				in.null()
				return
			}
			in.bool(d.Directives.ForName("oneOf") != nil)
		default: // ofType, specifiedByURL
			in.null()
		}
	})
}

func (in *introspection) field(d *ast.FieldDefinition, fields []*ast.Field) {
	in.object("__Field", fields, func(f *ast.Field, same []*ast.Field) {
		switch f.Name {
		case "name":
			in.text(d.Name)
		case "description":
			in.textOrNull(d.Description)
		case "args":
			in.args(d.Arguments, same)
		case "type":
			in.typ(d.Type, same)
		case "isDeprecated":
			in.bool(false)
		default:
			in.null()
		}
	})
}

func (in *introspection) member(v *ast.EnumValueDefinition, fields []*ast.Field) {
	in.object("__EnumValue", fields, func(f *ast.Field, _ []*ast.Field) {
		switch f.Name {
		case "name":
			in.text(v.Name)
		case "description":
			in.textOrNull(v.Description)
		case "isDeprecated":
			in.bool(false)
		default:
			in.null()
		}
	})
}

package graph

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"facet/fault"
)

// maxFields bounds one type: fields are found by walking them.
const maxFields = 2_000

// scalars are GraphQL's own.
var scalars = []string{"Int", "Float", "String", "Boolean", "ID"}

// collect gathers definitions with their extensions, and refuses what a graph cannot be.
func (b *builder) collect() {
	for _, d := range b.doc.Directives {
		b.words[d.Name] = true
	}
	for _, s := range append(slices.Clone(b.doc.Schema), b.doc.SchemaExtension...) {
		for _, op := range s.OperationTypes {
			want := map[ast.Operation]string{ast.Query: "Query", ast.Mutation: "Mutation"}[op.Operation]
			if want == "" {
				b.add(b.text.node(op.Position), "G007", "leave it out", "a graph has no %s root", op.Operation)
			} else if op.Type != want {
				b.add(b.text.node(op.Position), "G007", "name the type "+want, "the %s root must be called %s", op.Operation, want)
			}
		}
	}
	for _, d := range b.doc.Definitions {
		pos := b.text.node(d.Position)
		switch {
		case slices.Contains(scalars, d.Name):
			b.add(pos, "G005", "leave it out", "%s is built in", d.Name)
			continue
		case strings.HasPrefix(d.Name, "__"):
			b.add(pos, "G007", "choose another name", "%s: names that begin with __ are GraphQL's own", d.Name)
		case d.Name == "Subscription":
			b.add(pos, "G007", "leave it out", "a graph has no subscription root")
		}
		if first := b.defs[d.Name]; first != nil {
			b.add(pos, "G005", "merge the two, or write extend", "%s is defined twice", d.Name)
			b.note(b.text.node(first[0].Position), "first here")
			continue
		}
		b.defs[d.Name] = []*ast.Definition{d}
		b.order = append(b.order, d.Name)
	}
	for _, d := range b.doc.Extensions {
		base := b.defs[d.Name]
		switch {
		case base == nil && (d.Name == "Query" || d.Name == "Mutation"):
			b.defs[d.Name] = []*ast.Definition{d}
			b.order = append(b.order, d.Name)
		case base == nil:
			b.add(b.text.node(d.Position), "G004", meant(d.Name, b.order), "there is no type %s to extend", d.Name)
		case base[0].Kind != d.Kind:
			b.add(b.text.node(d.Position), "G006", "", "%s is not a %s", d.Name, kindOf(d.Kind))
		default:
			b.defs[d.Name] = append(base, d)
		}
	}
}

func kindOf(k ast.DefinitionKind) TypeKind {
	return map[ast.DefinitionKind]TypeKind{ast.Scalar: Scalar, ast.Enum: Enum, ast.Object: Object,
		ast.Interface: Interface, ast.Union: Union, ast.InputObject: Input}[k]
}

// types makes the types, then checks what they name.
func (b *builder) types() {
	for _, name := range scalars {
		b.g.Types[name] = &Type{Name: name, Kind: Scalar}
	}
	for _, name := range b.order {
		def := b.defs[name][0]
		t := &Type{Name: name, Kind: kindOf(def.Kind), Description: def.Description, Pos: b.text.node(def.Position)}
		b.g.Types[name] = t
		b.g.Order = append(b.g.Order, t)
		for _, d := range b.defs[name] {
			b.members(t, d)
		}
		if t.Kind != Scalar && len(t.Fields)+len(t.Members)+len(t.Values) == 0 && t.Kind != Interface {
			b.add(t.Pos, "G007", "", "%s %s is empty", t.Kind, t.Name)
		}
	}
	for _, t := range b.g.Order {
		b.checkType(t)
	}
	if q := b.g.Query(); q == nil || q.Kind != Object {
		b.add(fault.Pos{File: b.text.name}, "G007", "write type Query { … }", "the graph has no type Query")
	}
}

func (b *builder) members(t *Type, d *ast.Definition) {
	for _, v := range d.EnumValues {
		if slices.Contains(t.Values, v.Name) {
			b.add(b.text.node(v.Position), "G005", "", "%s has %s twice", t.Name, v.Name)
			continue
		}
		t.Values = append(t.Values, v.Name)
	}
	for _, m := range d.Types {
		if !slices.Contains(t.Members, m) {
			t.Members = append(t.Members, m)
		}
	}
	for _, i := range d.Interfaces {
		if !slices.Contains(t.Implements, i) {
			t.Implements = append(t.Implements, i)
		}
	}
	for _, fd := range d.Fields {
		if len(t.Fields) >= maxFields {
			b.add(b.text.node(fd.Position), "G007", "split the type", "%s has more than %d fields", t.Name, maxFields)
			break
		}
		f := &Field{Name: fd.Name, Parent: t, Type: typeRef(fd.Type), Description: fd.Description, Pos: b.text.node(fd.Position)}
		if first := t.Field(f.Name); first != nil {
			b.add(f.Pos, "G005", "", "%s has the field %s twice", t.Name, f.Name)
			b.note(first.Pos, "first here")
			continue
		}
		if strings.HasPrefix(f.Name, "__") {
			b.add(f.Pos, "G007", "choose another name", "%s: names that begin with __ are GraphQL's own", f.Name)
		}
		f.Default = b.literal(fd.DefaultValue)
		for _, ad := range fd.Arguments {
			a := &Arg{Name: ad.Name, Type: typeRef(ad.Type), Description: ad.Description, Pos: b.text.node(ad.Position)}
			a.Default = b.literal(ad.DefaultValue)
			if f.Arg(a.Name) != nil {
				b.add(a.Pos, "G005", "", "%s.%s has the argument %s twice", t.Name, f.Name, a.Name)
				continue
			}
			f.Args = append(f.Args, a)
		}
		if dep := fd.Directives.ForName("deprecated"); dep != nil {
			f.Deprecated = "No longer supported"
			if r := dep.Arguments.ForName("reason"); r != nil && r.Value != nil {
				f.Deprecated = r.Value.Raw
			}
		}
		t.Fields = append(t.Fields, f)
	}
}

func typeRef(t *ast.Type) TypeRef {
	if t == nil {
		return TypeRef{}
	}
	r := TypeRef{Name: t.NamedType, NonNull: t.NonNull}
	if t.Elem != nil {
		e := typeRef(t.Elem)
		r.Elem = &e
	}
	return r
}

// literal turns a constant of SDL into JSON; nil stays nil.
func (b *builder) literal(v *ast.Value) *Literal {
	if v == nil {
		return nil
	}
	return &Literal{JSON: b.constant(v)}
}

func (b *builder) constant(v *ast.Value) []byte {
	switch v.Kind {
	case ast.IntValue, ast.FloatValue:
		if json.Valid([]byte(v.Raw)) {
			return []byte(v.Raw)
		}
		b.add(b.text.node(v.Position), "G016", "", "%s is not a number", v.Raw)
		return []byte("null")
	case ast.BooleanValue, ast.NullValue:
		return []byte(v.Raw)
	case ast.ListValue:
		out := []byte{'['}
		for i, c := range v.Children {
			if i > 0 {
				out = append(out, ',')
			}
			out = append(out, b.constant(c.Value)...)
		}
		return append(out, ']')
	case ast.ObjectValue:
		out := []byte{'{'}
		for i, c := range v.Children {
			if i > 0 {
				out = append(out, ',')
			}
			out = append(append(out, quoteJSON(c.Name)...), ':')
			out = append(out, b.constant(c.Value)...)
		}
		return append(out, '}')
	case ast.Variable:
		b.add(b.text.node(v.Position), "G001", "write a constant", "a variable cannot stand here")
		return []byte("null")
	}
	return quoteJSON(v.Raw)
}

// checkType checks that what a type names exists and is of a kind that fits.
func (b *builder) checkType(t *Type) {
	input := t.Kind == Input
	for _, f := range t.Fields {
		b.checkRef(f.Type, f.Pos, t.Name+"."+f.Name, input)
		b.checkDefault(f.Default, f.Type, f.Pos)
		for _, a := range f.Args {
			b.checkRef(a.Type, a.Pos, t.Name+"."+f.Name+"("+a.Name+":)", true)
			b.checkDefault(a.Default, a.Type, a.Pos)
		}
	}
	for _, m := range t.Members {
		if mt := b.g.Types[m]; mt == nil {
			b.add(t.Pos, "G004", meant(m, b.names(Object)), "union %s names the unknown type %s", t.Name, m)
		} else if mt.Kind != Object {
			b.add(t.Pos, "G006", "", "union %s: %s is not an object type", t.Name, m)
		}
	}
	for _, name := range t.Implements {
		b.implements(t, name)
	}
}

func (b *builder) names(kinds ...TypeKind) []string {
	var list []string
	for _, name := range scalars {
		if slices.Contains(kinds, Scalar) {
			list = append(list, name)
		}
	}
	for _, t := range b.g.Order {
		if slices.Contains(kinds, t.Kind) {
			list = append(list, t.Name)
		}
	}
	return list
}

func (b *builder) checkRef(r TypeRef, pos fault.Pos, where string, input bool) {
	t := b.g.Types[r.Named()]
	kinds := []TypeKind{Scalar, Enum, Object, Interface, Union}
	if input {
		kinds = []TypeKind{Scalar, Enum, Input}
	}
	if t == nil {
		b.add(pos, "G004", meant(r.Named(), b.names(kinds...)), "%s has the unknown type %s", where, r.Named())
	} else if !slices.Contains(kinds, t.Kind) {
		side := "an answer"
		if input {
			side = "an input"
		}
		b.add(pos, "G006", "", "%s: %s is an %s type and cannot stand in %s", where, t.Name, t.Kind, side)
	}
}

// checkDefault compares a constant with its type as far as its outermost value goes.
func (b *builder) checkDefault(l *Literal, r TypeRef, pos fault.Pos) {
	if l == nil {
		return
	}
	if why := b.misfit(l.JSON, r); why != "" {
		b.add(pos, "G006", "", "the default %s %s", l.JSON, why)
	}
}

// misfit says why a JSON constant cannot be of a type; "" if it can.
func (b *builder) misfit(raw []byte, r TypeRef) string {
	if len(raw) == 0 {
		return ""
	}
	if string(raw) == "null" {
		if r.NonNull {
			return "is null, the type is " + r.String()
		}
		return ""
	}
	if r.Elem != nil {
		if raw[0] != '[' {
			return b.misfit(raw, *r.Elem) // a single value stands for a list of one
		}
		var items []json.RawMessage
		if json.Unmarshal(raw, &items) == nil {
			for _, it := range items {
				if why := b.misfit(it, *r.Elem); why != "" {
					return why
				}
			}
		}
		return ""
	}
	t := b.g.Types[r.Name]
	if t == nil {
		return ""
	}
	text, number := raw[0] == '"', raw[0] == '-' || '0' <= raw[0] && raw[0] <= '9'
	whole := number && !strings.ContainsAny(string(raw), ".eE")
	bad := "is not of the type " + r.Name
	switch {
	case t.Kind == Enum:
		var s string
		if !text || json.Unmarshal(raw, &s) != nil {
			return bad
		}
		if !slices.Contains(t.Values, s) {
			return "is none of the values of " + t.Name
		}
	case t.Kind == Input || t.Composite():
		if raw[0] != '{' {
			return bad
		}
	case r.Name == "Int" && !whole, r.Name == "Float" && !number, r.Name == "String" && !text,
		r.Name == "Boolean" && raw[0] != 't' && raw[0] != 'f', r.Name == "ID" && !text && !whole:
		return bad
	}
	return ""
}

// implements checks that t has what the interface promises.
func (b *builder) implements(t *Type, name string) {
	it := b.g.Types[name]
	if it == nil || it.Kind != Interface {
		b.add(t.Pos, "G004", meant(name, b.names(Interface)), "%s implements %s, which is no interface", t.Name, name)
		return
	}
	if t.Kind == Object && !slices.Contains(it.Members, t.Name) {
		it.Members = append(it.Members, t.Name)
	}
	for _, want := range it.Fields {
		f := t.Field(want.Name)
		if f == nil {
			b.add(t.Pos, "G006", "add "+want.Name+": "+want.Type.String(), "%s lacks the field %s of the interface %s", t.Name, want.Name, name)
			continue
		}
		if !b.fits(f.Type, want.Type) {
			b.add(f.Pos, "G006", "", "%s.%s is %s, the interface %s says %s", t.Name, f.Name, f.Type, name, want.Type)
		}
		for _, a := range want.Args {
			if have := f.Arg(a.Name); have == nil || have.Type.String() != a.Type.String() {
				b.add(f.Pos, "G006", "add "+a.Name+": "+a.Type.String(), "%s.%s lacks the argument %s of the interface %s", t.Name, f.Name, a.Name, name)
			}
		}
	}
}

// fits says whether a value of type have can stand where want is promised.
func (b *builder) fits(have, want TypeRef) bool {
	if want.NonNull && !have.NonNull || (have.Elem == nil) != (want.Elem == nil) {
		return false
	}
	if want.Elem != nil {
		return b.fits(*have.Elem, *want.Elem)
	}
	if have.Name == want.Name {
		return true
	}
	w, h := b.g.Types[want.Name], b.g.Types[have.Name]
	if w == nil || h == nil {
		return true // said elsewhere
	}
	return slices.Contains(w.Members, h.Name) || slices.Contains(h.Implements, w.Name)
}

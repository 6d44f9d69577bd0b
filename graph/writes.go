package graph

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// writes reads @writes on mutation fields.
func (b *builder) writes() {
	m := b.g.Mutation()
	for _, t := range b.g.Order {
		for _, def := range b.defs[t.Name] {
			for _, fd := range def.Fields {
				f := t.Field(fd.Name)
				list := fd.Directives.ForNames("writes")
				if f == nil || t.Kind != Object {
					continue
				}
				if t != m {
					for _, d := range list {
						b.add(b.text.node(d.Position), "G041", "put it on a field of Mutation", "@writes cannot stand on %s.%s", t.Name, f.Name)
					}
					continue
				}
				for _, d := range list {
					b.write(f, d)
				}
				if len(list) == 0 {
					b.add(f.Pos, "G040", `add @writes(field: "Type.field", …), or @writes(nothing: true)`, "the mutation %s does not say what it changes", f.Name)
				} else if f.WritesNothing && len(f.Writes) > 0 {
					b.add(f.Pos, "G041", "leave out nothing: true", "the mutation %s says that it writes nothing, and what it writes", f.Name)
				}
			}
		}
	}
}

func (b *builder) write(f *Field, d *ast.Directive) {
	g := b.directive(d, "field", "key", "args", "nothing")
	if g.flag("nothing") {
		f.WritesNothing = true
		if len(g.names) > 1 {
			b.add(g.pos, "G041", "write two @writes, or leave out nothing", "nothing: true stands alone")
		}
		return
	}
	s, ok := g.need("field")
	if !ok {
		return
	}
	tn, fn, dotted := strings.Cut(s.val, ".")
	t := b.g.Types[tn]
	if !dotted || t == nil || t.Kind != Object {
		b.add(s.pos(0), "G041", meant(tn, b.names(Object)), "%q names no field of an object type", s.val)
		return
	}
	target := t.Field(fn)
	if target == nil {
		var names []string
		for _, f := range t.Fields {
			names = append(names, f.Name)
		}
		b.add(s.pos(len(tn)+1), "G041", meant(fn, names), "%s has no field %s", tn, fn)
		return
	}
	w := &Write{Type: tn, Field: fn, Pos: g.pos}
	for _, v := range g.items("key") {
		if e, ok := b.writeExpr(f, v); ok {
			w.Key = append(w.Key, e)
		}
	}
	if n := len(g.items("key")); n > 0 && n != len(t.Key) {
		b.add(g.posOf("key"), "G041", "give one for each of: "+strings.Join(t.Key, ", "), "the key of %s has %d parts, this one %d", tn, len(t.Key), n)
	}
	if av := g.vals["args"]; av != nil {
		if av.Kind != ast.ObjectValue {
			b.add(g.posOf("args"), "G041", `write args: { profile: "$args.profile" }`, "@writes: args must be an object")
		}
		w.Args = map[string]Expr{}
		for _, c := range av.Children {
			if target.Arg(c.Name) == nil {
				var names []string
				for _, a := range target.Args {
					names = append(names, a.Name)
				}
				b.add(b.text.node(c.Value.Position), "G041", meant(c.Name, names), "%s.%s has no argument %s", tn, fn, c.Name)
				continue
			}
			if e, ok := b.writeExpr(f, c.Value); ok {
				w.Args[c.Name] = e
			}
		}
	}
	f.Writes = append(f.Writes, w)
}

// writeExpr reads an expression over the mutation's arguments, or who asks.
func (b *builder) writeExpr(f *Field, v *ast.Value) (Expr, bool) {
	if v.Kind != ast.StringValue && v.Kind != ast.BlockValue {
		b.add(b.text.node(v.Position), "G041", `write "$args.title"`, "@writes takes expressions in quotes")
		return Expr{}, false
	}
	s := b.text.string(v)
	e, ok := readExpr(s, 0, len(s.val), b.out)
	if !ok {
		return Expr{}, false
	}
	switch e.Var {
	case VarArgs:
		b.useArg(&Operation{On: OnField, Type: f.Parent, Field: f}, e)
	case VarContext:
		b.contextPath(e)
	default:
		b.add(e.pos, "G041", "take $args or $context", "@writes cannot take %s", e.Expr)
		return Expr{}, false
	}
	return e.Expr, true
}

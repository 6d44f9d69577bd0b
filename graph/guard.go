package graph

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// guards reads @guard(value, in) on types and fields.
func (b *builder) guards() {
	for _, t := range b.g.Order {
		for _, def := range b.defs[t.Name] {
			for _, d := range def.Directives.ForNames("guard") {
				if g := b.guard(d, t, nil); g != nil {
					t.Guards = append(t.Guards, g)
				}
			}
			for _, fd := range def.Fields {
				f := t.Field(fd.Name)
				for _, d := range fd.Directives.ForNames("guard") {
					if g := b.guard(d, t, f); g != nil && f != nil {
						f.Guards = append(f.Guards, g)
					}
				}
			}
		}
	}
}

func (b *builder) guard(d *ast.Directive, t *Type, f *Field) *Guard {
	g := b.directive(d, "value", "in")
	vs, ok1 := g.need("value")
	is, ok2 := g.need("in")
	if !ok1 || !ok2 {
		return nil
	}
	v, ok1 := readExpr(vs, 0, len(vs.val), b.out)
	in, ok2 := readExpr(is, 0, len(is.val), b.out)
	if !ok1 || !ok2 {
		return nil
	}
	if in.Var != VarContext {
		b.add(in.pos, "G042", "compare with who asks: in: \"$context.viewer.profiles\"", "a guard's in must be of $context, it is %s", in.Expr)
		return nil
	}
	b.contextPath(in)
	switch v.Var {
	case VarArgs:
		// a probe of its own collects what the expression takes and reports what it cannot
		b.useArg(&Operation{On: OnField, Type: t, Field: f}, v)
	case VarThis:
		b.useParent(&Operation{Type: t}, v)
		if len(v.Path) > 0 && t.Field(v.Path[0]) != nil && !t.IsKey(v.Path[0]) {
			b.add(v.pos, "G042", "guard by the key: "+strings.Join(t.Key, ", "), "a guard is checked before the call: %s.%s is not known then", t.Name, v.Path[0])
		}
	default:
		b.add(v.pos, "G042", "take $args or $this", "a guard cannot take %s", v.Expr)
		return nil
	}
	return &Guard{Value: v.Expr, In: in.Expr, Pos: g.pos}
}

// names of arguments and types that stand for a person.
var personal = []string{"viewer", "profile"}

func names(word string) bool {
	return slices.ContainsFunc(personal, func(p string) bool { return strings.Contains(strings.ToLower(word), p) })
}

// unguarded warns of arguments that name a viewer or a profile and are not guarded.
func (b *builder) unguarded() {
	for _, t := range b.g.Order {
		if t.Kind != Object {
			continue
		}
		for _, f := range t.Fields {
			res := b.g.Types[f.Type.Named()]
			for _, a := range f.Args {
				byKey := f.Reference && res != nil && names(res.Name)
				if !b.leaf(a.Type) || !names(a.Name) && !byKey {
					continue
				}
				if guarded(f.Guards, VarArgs, a.Name) || f.Reference && res != nil && guarded(res.Guards, VarThis, a.Name) {
					continue
				}
				in := "$context.viewer.profiles"
				if strings.Contains(strings.ToLower(a.Name+res.name()), "viewer") {
					in = "$context.viewer.id"
				}
				fix := `add @guard(value: "$args.` + a.Name + `", in: "` + in + `")`
				if f.Reference {
					fix = `add @guard(value: "$this.` + a.Name + `", in: "` + in + `") to the type ` + res.name()
				}
				b.warn(a.Pos, "G043", fix,
					"the argument %s of %s.%s names a viewer or profile and is unguarded: anybody may give any", a.Name, t.Name, f.Name)
			}
		}
	}
}

func (t *Type) name() string {
	if t == nil {
		return ""
	}
	return t.Name
}

func guarded(list []*Guard, v Var, name string) bool {
	return slices.ContainsFunc(list, func(g *Guard) bool { return g.Value.Var == v && len(g.Value.Path) > 0 && g.Value.Path[0] == name })
}

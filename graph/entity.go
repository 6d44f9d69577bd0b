package graph

import (
	"slices"
	"strings"

	"facet/fault"
)

// keys reads the first @key of each type.
func (b *builder) keys() {
	for _, t := range b.g.Order {
		for _, def := range b.defs[t.Name] {
			for _, d := range def.Directives.ForNames("key") {
				g := b.directive(d, "fields", "resolvable")
				s, ok := g.need("fields")
				if !ok {
					continue
				}
				key := b.key(t, s)
				if t.Key == nil {
					t.Key = key
				} else {
					b.warn(g.pos, "G035", "leave it out", "%s has a second @key: the first one is its identity", t.Name)
				}
			}
		}
	}
}

func (b *builder) key(t *Type, s str) []string {
	if strings.ContainsAny(s.val, "{}") {
		b.add(s.pos(0), "G022", "name scalar fields of the type itself", "a nested key is not supported")
		return nil
	}
	var key []string
	at := 0
	for _, name := range strings.Fields(strings.ReplaceAll(s.val, ",", " ")) {
		at += strings.Index(s.val[at:], name)
		f := t.Field(name)
		switch {
		case f == nil:
			var names []string
			for _, f := range t.Fields {
				names = append(names, f.Name)
			}
			b.add(s.pos(at), "G035", meant(name, names), "the key of %s names the unknown field %s", t.Name, name)
			continue
		case f.Type.List() || !f.Type.NonNull || len(f.Args) > 0 || !b.leaf(f.Type):
			b.add(s.pos(at), "G035", "make it "+name+": ID!", "%s.%s is a key and must be a non-null scalar without arguments", t.Name, name)
			continue
		case slices.Contains(key, name):
			continue
		}
		key = append(key, name)
		at += len(name)
	}
	if len(key) == 0 && strings.TrimSpace(s.val) == "" {
		b.add(s.pos(0), "G035", `write @key(fields: "id")`, "the key of %s names no field", t.Name)
	}
	return key
}

func (b *builder) leaf(r TypeRef) bool {
	t := b.g.Types[r.Named()]
	return t != nil && (t.Kind == Scalar || t.Kind == Enum)
}

// entities turns Query fields with entity: true into References, and their connectors into loaders of the type by its
// key: an entity then has one way to be loaded, whoever names it.
func (b *builder) entities() {
	for _, op := range b.g.Operations {
		if op.On == OnType && op.Entity {
			b.add(op.Pos, "G036", "leave it out", "entity: true belongs on a field of Query: a type's connector always loads entities")
		}
		if op.On != OnField || !op.Entity {
			continue
		}
		f := op.Field
		t := b.g.Types[f.Type.Named()]
		switch {
		case op.Type != b.g.Query():
			b.add(op.Pos, "G036", "put it on the type: type "+f.Type.Named()+" @connect(…)", "entity: true belongs on a field of Query, not on %s", op.subject())
			continue
		case t == nil || t.Kind != Object || f.Type.List() || !t.Keyed():
			b.add(op.Pos, "G036", "give the type a @key", "entity: true: %s is no type with a @key", f.Type)
			continue
		case !b.takesKey(f, t):
			b.add(op.Pos, "G036", "take exactly the key: "+keyArgs(t), "entity: true: the arguments of Query.%s are not the key of %s", f.Name, t.Name)
			continue
		case op.Page != nil:
			continue // said already
		}
		b.toLoader(op, f, t)
	}
	for _, t := range b.g.Order {
		for _, op := range t.Loaders {
			b.checkLoader(op, t)
		}
	}
}

// toLoader rewrites $args.id to $this.id.
func (b *builder) toLoader(op *Operation, f *Field, t *Type) {
	turn := func(e *Expr) {
		if e != nil && e.Var == VarArgs {
			e.Var = VarThis
		}
	}
	turnTemplate := func(t *Template) {
		if t == nil {
			return
		}
		for _, p := range t.Parts {
			turn(p.Expr)
		}
	}
	for _, t := range op.templates() {
		turnTemplate(t)
	}
	op.Request().walk(func(s *Selection) { turn(s.Expr) })
	op.On, op.Type = OnType, t
	op.Needs, op.Args = op.Args, nil
	delete(b.ids, op.ID)
	b.id(op)
	f.Operations = slices.DeleteFunc(f.Operations, func(o *Operation) bool { return o == op })
	f.Reference = len(f.Operations) == 0
	t.Loaders = append(t.Loaders, op)
	slices.SortStableFunc(t.Loaders, func(x, y *Operation) int { return x.Index - y.Index })
}

// checkLoader checks that a loader takes the key.
func (b *builder) checkLoader(op *Operation, t *Type) {
	switch {
	case !t.Keyed():
		code := "G035"
		if op.Batch {
			code = "G031"
		}
		b.add(op.Pos, code, `add @key(fields: "id")`, "%s has no @key: its connector cannot know which entity to load", t.Name)
	case len(op.Needs) == 0:
		b.add(op.Pos, "G031", "name the key, as in {$this."+t.Key[0]+"} or $batch."+t.Key[0], "the connector of %s names no key", t.Name)
	}
}

func (b *builder) takesKey(f *Field, t *Type) bool {
	if len(f.Args) != len(t.Key) {
		return false
	}
	for _, k := range t.Key {
		a := f.Arg(k)
		if a == nil || a.Type.List() || !b.sameScalar(a.Type.Name, t.Field(k).Type.Name) {
			return false
		}
	}
	return true
}

func (b *builder) sameScalar(x, y string) bool {
	return x == y || (x == "ID" && y == "String" || x == "String" && y == "ID")
}

func keyArgs(t *Type) string {
	var parts []string
	for _, k := range t.Key {
		parts = append(parts, k+": "+t.Field(k).Type.String())
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

// references finds the Query fields that only name an entity; every other field of a root needs a connector.
func (b *builder) references() {
	for _, root := range []*Type{b.g.Query(), b.g.Mutation()} {
		if root == nil {
			continue
		}
		for _, f := range root.Fields {
			if len(f.Operations) > 0 || f.Reference {
				continue
			}
			t := b.g.Types[f.Type.Named()]
			where := root.Name + "." + f.Name
			switch {
			case root == b.g.Mutation() || t == nil || t.Kind != Object || f.Type.List() || !t.Keyed():
				b.noWay(f.Pos, where, "give it a @connect")
			case !b.takesKey(f, t):
				b.noWay(f.Pos, where, "give it a @connect, or exactly the key as arguments: "+keyArgs(t))
			case !t.Loadable():
				b.noWay(f.Pos, where, "give the type "+t.Name+" a @connect that loads it by "+strings.Join(t.Key, ", "))
			default:
				f.Reference = true
			}
		}
	}
}

func (b *builder) noWay(pos fault.Pos, where, fix string) {
	b.add(pos, "G030", fix, "there is no way to load %s", where)
}

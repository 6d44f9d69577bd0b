package graphql

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"facet/composer"
	"facet/fault"
	"facet/graph"
	"facet/view"
)

// A builder compiles one operation under fixed conditions and node types.
type builder struct {
	p       *program
	e       *engine
	vars    map[string]any
	targets []target
	out     *compiled
	left    int // nodes that may still be made
	err     *fault.Error
}

// noWindow says that a list is asked for its first page.
const noWindow = -1

// A group is what one response key asks for: the fields that merge into it.
type group struct {
	key    string
	fields []*ast.Field
	order  int // where its first field is met, whatever the type
}

func (b *builder) build() (*compiled, *fault.Error) {
	b.out.selection = &composer.Selection{Mutation: b.p.op.Operation == ast.Mutation}
	typ, fields := "Query", b.e.surface.QueryFields()
	if b.out.selection.Mutation {
		typ, fields = "Mutation", b.e.surface.MutationFields()
	}
	var keys []string
	for _, g := range b.collect(typ, []ast.SelectionSet{b.p.op.SelectionSet}) {
		keys = append(keys, g.key)
		b.root(typ, g, fields)
	}
	if len(b.out.own) > 0 {
		b.out.keys = keys
	}
	return b.out, b.err
}

func (b *builder) root(typ string, g *group, fields []*view.TypeField) {
	f := g.fields[0]
	r := &composer.Root{Key: g.key, Name: f.Name, Window: noWindow}
	switch {
	case f.Name == "__typename":
		r.Kind, r.Name = composer.RootTypename, typ
	case f.Name == "__schema" || f.Name == "__type":
		b.out.own = append(b.out.own, &own{key: g.key, fields: g.fields})
		return
	case f.Name == "node" && typ == "Query":
		if !b.node(r, g) {
			b.out.own = append(b.out.own, &own{key: g.key})
			return
		}
	default:
		i := slices.IndexFunc(fields, func(t *view.TypeField) bool { return t.Name == f.Name })
		if i < 0 {
			b.fail(fault.New(fault.Invalid, "there is no field %q", clip(f.Name)))
			return
		}
		tf := fields[i]
		if b.out.selection.Mutation {
			r.Kind = composer.RootMutation
		}
		for _, a := range tf.Args {
			if (tf.Paged || tf.PageOf != "") && view.ReservedArg(a.Name) {
				continue
			}
			if given := f.Arguments.ForName(a.Name); given != nil {
				r.Args = append(r.Args, composer.Arg{Name: a.Name, Value: b.value(given.Value, a)})
			}
		}
		r.Window = b.window(tf, f)
		r.Sub = b.below(tf.Type, g.fields)
	}
	b.out.selection.Roots = append(b.out.selection.Roots, r)
}

// node makes an entity root of node(id:); it is false if the id means nobody.
func (b *builder) node(r *composer.Root, g *group) bool {
	at := b.p.nodeOf[g.fields[0]]
	sh := b.targets[at].shape
	if sh == nil {
		return false
	}
	place := func(part int) int {
		b.out.values = append(b.out.values, value{node: at, part: part})
		return len(b.out.values) - 1
	}
	r.Kind, r.Name, r.Entity = composer.RootEntity, sh.Name, place(0)
	for i, a := range sh.Args {
		r.Args = append(r.Args, composer.Arg{Name: a.Name, Value: place(i + 1)})
	}
	r.Sub = b.object(b.e.surface.Type(sh.Name), sets(g.fields))
	return true
}

func (b *builder) fail(err *fault.Error) {
	if b.err == nil {
		b.err = err
	}
}

func (b *builder) value(v *ast.Value, a *view.Arg) int {
	val := value{ast: v, arg: a, node: -1}
	if !hasVariable(v) {
		fixed, err := b.e.encode(nil, v, a.Type, nil)
		if err != nil {
			b.fail(fault.New(fault.Invalid, "argument %s: %s", a.Name, err.Message))
		}
		val.fixed = fixed
	}
	b.out.values = append(b.out.values, val)
	return len(b.out.values) - 1
}

// window is the place of a list's window; noWindow if neither first nor after stands in the document.
func (b *builder) window(tf *view.TypeField, f *ast.Field) int {
	if !tf.Paged && tf.PageOf == "" {
		return noWindow
	}
	var w window
	if a := f.Arguments.ForName("first"); a != nil {
		w.first = a.Value
	}
	if a := f.Arguments.ForName("after"); a != nil {
		w.after = a.Value
	}
	if w == (window{}) {
		return noWindow
	}
	b.out.windows = append(b.out.windows, w)
	return len(b.out.windows) - 1
}

func sets(fields []*ast.Field) []ast.SelectionSet {
	out := make([]ast.SelectionSet, len(fields))
	for i, f := range fields {
		out[i] = f.SelectionSet
	}
	return out
}

// below makes the nodes under fields of a type; nil under leaves.
func (b *builder) below(t graph.TypeRef, fields []*ast.Field) []*composer.Node {
	typ := b.e.surface.Type(t.Named())
	if typ == nil {
		return nil
	}
	switch typ.Class {
	case view.ClassObject:
		return b.object(typ, sets(fields))
	case view.ClassUnion:
		return b.union(typ, sets(fields))
	}
	return nil
}

func (b *builder) object(t *view.Type, sets []ast.SelectionSet) []*composer.Node {
	groups := b.collect(t.Name, sets)
	nodes := make([]*composer.Node, 0, len(groups))
	for _, g := range groups {
		if n := b.one(t, g); n != nil {
			nodes = append(nodes, n)
		}
	}
	return nodes
}

// one makes the node of a group under an object type.
func (b *builder) one(t *view.Type, g *group) *composer.Node {
	if b.left--; b.left < 0 {
		b.fail(past("fields, counted for each member of a union", b.e.h.limits.Nodes))
	}
	if b.err != nil {
		return nil
	}
	f := g.fields[0]
	n := &composer.Node{Key: g.key, Name: f.Name, Window: noWindow}
	if f.Name == "__typename" {
		return n
	}
	tf := t.Field(f.Name)
	if tf == nil {
		b.fail(fault.New(fault.Invalid, "%s has no field %q", t.Name, clip(f.Name)))
		return nil
	}
	n.Window = b.window(tf, f)
	n.Sub = b.below(tf.Type, g.fields)
	return n
}

// union makes the nodes under a match. What every member is asked alike is one node; the others say for which members they are.
func (b *builder) union(u *view.Type, sets []ast.SelectionSet) []*composer.Node {
	type entry struct {
		*group
		on []string
	}
	var entries []*entry
	for _, m := range u.Members {
		for _, g := range b.collect(m, sets) {
			i := slices.IndexFunc(entries, func(e *entry) bool { return e.key == g.key && slices.Equal(e.fields, g.fields) })
			if i < 0 {
				entries = append(entries, &entry{group: g})
				i = len(entries) - 1
			}
			entries[i].on = append(entries[i].on, m)
		}
	}
	slices.SortStableFunc(entries, func(x, y *entry) int { return x.order - y.order })
	var nodes []*composer.Node
	for _, e := range entries {
		n := b.one(b.e.surface.Type(e.on[0]), e.group)
		if n == nil {
			return nil
		}
		if len(e.on) < len(u.Members) {
			n.On = e.on
		}
		nodes = append(nodes, n)
		// Members may have different types behind one field: then it is a node for each.
		for i := 1; i < len(e.on); i++ {
			if !b.alike(e.on[0], e.on[i], e.fields[0].Name) {
				nodes = b.apart(nodes, e.on, e.group)
				break
			}
		}
	}
	return nodes
}

// apart replaces the last node by one for each member.
func (b *builder) apart(nodes []*composer.Node, on []string, g *group) []*composer.Node {
	nodes = nodes[:len(nodes)-1]
	for _, m := range on {
		if n := b.one(b.e.surface.Type(m), g); n != nil {
			n.On = []string{m}
			nodes = append(nodes, n)
		}
	}
	return nodes
}

// alike says whether a field has the same type, as far as selecting below it goes, under two object types.
func (b *builder) alike(x, y, field string) bool {
	if field == "__typename" {
		return true
	}
	fx, fy := b.e.surface.Type(x).Field(field), b.e.surface.Type(y).Field(field)
	return fx != nil && fy != nil && fx.Type.Named() == fy.Type.Named() && fx.Paged == fy.Paged && fx.PageOf == fy.PageOf
}

// collect groups the fields that an object of a type is asked for, in the order that their keys are first met.
func (b *builder) collect(typ string, sets []ast.SelectionSet) []*group {
	c := &collector{b: b, typ: typ, seen: map[string]bool{}}
	for _, s := range sets {
		c.set(s, true)
	}
	return c.groups
}

type collector struct {
	b      *builder
	typ    string
	seen   map[string]bool // fragments
	groups []*group
	at     int // fields met so far, those of other types included
}

// set goes through a selection set; wanted is false below a condition on another type, where fields are only counted.
func (c *collector) set(set ast.SelectionSet, wanted bool) {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			c.at++
			if !wanted || !c.b.included(s.Directives) {
				continue
			}
			i := slices.IndexFunc(c.groups, func(g *group) bool { return g.key == s.Alias })
			if i < 0 {
				c.groups = append(c.groups, &group{key: s.Alias, order: c.at})
				i = len(c.groups) - 1
			}
			c.groups[i].fields = append(c.groups[i].fields, s)
		case *ast.InlineFragment:
			if c.b.included(s.Directives) {
				c.set(s.SelectionSet, wanted && c.applies(s.TypeCondition))
			}
		case *ast.FragmentSpread:
			f := c.b.p.fragments.ForName(s.Name)
			if f == nil || c.seen[s.Name] || !c.b.included(s.Directives) {
				continue
			}
			c.seen[s.Name] = true
			c.set(f.SelectionSet, wanted && c.applies(f.TypeCondition))
		}
	}
}

// applies says whether an object of the collector's type fulfils a type condition.
func (c *collector) applies(condition string) bool {
	if condition == "" || condition == c.typ {
		return true
	}
	t := c.b.e.surface.Type(condition)
	if t == nil {
		return false
	}
	if t.Class == view.ClassUnion {
		return slices.Contains(t.Members, c.typ)
	}
	own := c.b.e.surface.Type(c.typ)
	return own != nil && slices.Contains(own.Implements, condition)
}

// included applies @skip and @include.
func (b *builder) included(ds ast.DirectiveList) bool {
	for _, d := range ds {
		if d.Name != "skip" && d.Name != "include" {
			continue
		}
		a := d.Arguments.ForName("if")
		if a == nil {
			continue
		}
		v, err := a.Value.Value(b.vars)
		on, ok := v.(bool)
		if err == nil && ok && on == (d.Name == "skip") {
			return false
		}
	}
	return true
}

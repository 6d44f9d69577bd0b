package graph

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// A pending operation waits for its selection: all types and operations are known then.
type pending struct {
	op  *Operation
	str str
}

// connectors makes an Operation of every @connect, in document order.
func (b *builder) connectors() {
	for _, name := range b.order {
		t := b.g.Types[name]
		for _, def := range b.defs[name] {
			for _, d := range def.Directives.ForNames("connect") {
				if t.Kind != Object {
					continue // misplaced, said already
				}
				if t == b.g.Query() || t == b.g.Mutation() {
					b.add(b.text.node(d.Position), "G002", "put it on the fields", "@connect cannot stand on %s", name)
					continue
				}
				if op := b.connect(d, t, nil); op != nil {
					t.Loaders = append(t.Loaders, op)
				}
			}
			for _, fd := range def.Fields {
				f := t.Field(fd.Name)
				for _, d := range fd.Directives.ForNames("connect") {
					if t.Kind != Object || f == nil {
						b.add(b.text.node(d.Position), "G002", "put it on an object type's field", "@connect cannot stand on %s.%s", name, fd.Name)
						continue
					}
					if op := b.connect(d, t, f); op != nil {
						f.Operations = append(f.Operations, op)
					}
				}
			}
		}
	}
}

// connect reads one @connect on type t, or on its field f.
func (b *builder) connect(d *ast.Directive, t *Type, f *Field) *Operation {
	g := b.directive(d, "source", "http", "grpc", "graphql", "batch", "selection", "entity", "timeout", "page", "cache")
	op := &Operation{On: OnType, Type: t, Field: f, Pos: g.pos, Mutation: t == b.g.Mutation() && f != nil}
	if f != nil {
		op.On = OnField
	}
	name, ok := g.need("source")
	if !ok {
		return nil
	}
	for _, s := range b.g.Sources {
		if s.Name == name.val {
			op.Source = s
		}
	}
	if op.Source == nil {
		var names []string
		for _, s := range b.g.Sources {
			names = append(names, s.Name)
		}
		fix := meant(name.val, names)
		if fix == "" {
			fix = fmt.Sprintf("declare it: extend schema @source(name: %q, http: { baseURL: \"…\" })", name.val)
		}
		b.add(name.pos(0), "G010", fix, "unknown source %q", name.val)
		op.Source = &Source{Name: name.val, Pos: g.pos}
	}
	op.Timeout = g.duration("timeout")
	b.cached(op, g)
	op.Entity = g.flag("entity")
	b.batch(op, g)
	b.call(op, g)
	for _, h := range op.Source.Headers {
		for _, e := range h.Value.exprs() {
			path := strings.Join(e.Path, ".")
			if e.Var == VarContext && !op.overrides(h.Name) && slices.Contains(ContextPaths(), path) && !slices.Contains(op.Context, path) {
				op.Context = append(op.Context, path)
			}
		}
	}
	b.page(op, g)
	b.unusedVars(op, g)
	b.id(op)
	op.Index = len(b.g.Operations)
	b.g.Operations = append(b.g.Operations, op)
	if sel, ok := g.need("selection"); ok {
		b.pending = append(b.pending, pending{op, sel})
	}
	return op
}

// id names the operation: "catalog.Title", "bookmarks.Title.bookmark", a second one with "#2".
func (b *builder) id(op *Operation) {
	base := op.Source.Name + "." + op.Type.Name
	if op.On == OnField {
		base += "." + op.Field.Name
	}
	op.ID = base
	for n := 2; b.ids[op.ID]; n++ {
		op.ID = base + "#" + strconv.Itoa(n)
	}
	b.ids[op.ID] = true
}

func (b *builder) batch(op *Operation, g bag) {
	if !g.has("batch") {
		return
	}
	o := g.object("batch", "maxSize")
	v := o.vals["maxSize"]
	if v == nil {
		return
	}
	n, err := strconv.Atoi(v.Raw)
	if v.Kind != ast.IntValue || err != nil || n < 1 {
		b.add(o.posOf("maxSize"), "G016", "write a number from 1", "maxSize is not a positive number")
		return
	}
	op.MaxSize = n
}

// page reads page: { total, next } and compares it with the $page that the call names.
func (b *builder) page(op *Operation, g bag) {
	o := g.object("page", "total", "next")
	if op.Page == nil {
		if g.has("page") {
			b.add(o.pos, "G034", "name $page.offset and $page.limit, or $page.after, in the call", "page is given, but the call names no $page")
		}
		return
	}
	for _, name := range o.names {
		s, ok := o.text(name)
		if !ok {
			continue
		}
		p, ok := b.path(s)
		if !ok {
			continue
		}
		if name == "total" {
			op.Page.Total = p
		} else {
			op.Page.Next = p
		}
	}
	switch {
	case op.On == OnType || op.Field == nil || !op.Field.Type.List():
		b.add(op.Pos, "G034", "let the field return a list", "$page stands on %s, which is no list", op.subject())
	case op.Batch:
		b.add(op.Pos, "G034", "call it per parent, by $this", "$page and $batch cannot stand in one connector")
	case op.Page.After && op.Page.Next == nil:
		b.add(op.Pos, "G034", `add page: { next: "$.next" }`, "$page.after needs to know where the answer has the next one")
	case op.Page.After && op.Page.Offset:
		b.add(op.Pos, "G034", "use one of them", "a list is paged by $page.offset or by $page.after, not by both")
	case op.Page.Next != nil && !op.Page.After:
		b.add(op.Pos, "G034", "name $page.after in the call", "page.next is given, but the call names no $page.after")
	}
}

// path reads a "$.a.b" that stands alone.
func (b *builder) path(s str) (*Path, bool) {
	list, ok := readMapping(s, b.out)
	if !ok {
		return nil, false
	}
	if len(list) == 1 {
		v := list[0].val
		if v.root == "$" && !v.hasSub && len(v.methods) == 0 && len(v.steps) > 0 && !list[0].spread {
			return &Path{Steps: v.steps}, true
		}
	}
	b.add(s.pos(0), "G020", `write "$.total"`, "%q is no path into the answer", s.val)
	return nil, false
}

// subject is what the operation hangs on, for people.
func (op *Operation) subject() string {
	if op.Field == nil {
		return op.Type.Name
	}
	return op.Field.Parent.Name + "." + op.Field.Name
}

// unusedVars reports a batch without keys, and a batch that names one parent.
func (b *builder) unusedVars(op *Operation, g bag) {
	for _, e := range b.thisOf(op) {
		b.add(e.pos, "G014", "write $batch."+strings.Join(e.Path, "."), "%s: one call takes many parents, there is no one $this", e.Expr)
	}
	if g.has("batch") && !op.Batch {
		b.add(g.posOf("batch"), "G031", `name the keys in the call, as in body: "ids: $batch.id"`, "%s is batched, but its call names no $batch", op.subject())
	}
}

// thisOf are the uses of $this in a batched call.
func (b *builder) thisOf(op *Operation) (list []placed) {
	if !op.Batch {
		return nil
	}
	var all []placed
	for _, t := range op.templates() {
		all = append(all, t.exprs()...)
	}
	op.Request().walk(func(s *Selection) {
		if s.Expr != nil {
			all = append(all, placed{Expr: *s.Expr, pos: s.Pos})
		}
	})
	for _, e := range all {
		if e.Var == VarThis {
			list = append(list, e)
		}
	}
	return list
}

// use records what the expressions of a call take, and checks each.
func (b *builder) use(op *Operation, list []placed) {
	for _, e := range list {
		b.useOne(op, e)
	}
}

func (b *builder) useOne(op *Operation, e placed) {
	switch e.Var {
	case VarArgs:
		b.useArg(op, e)
	case VarThis, VarBatch:
		b.useParent(op, e)
	case VarEnv, VarConfig:
		b.oneStep(e)
	case VarContext:
		b.contextPath(e)
		if path := strings.Join(e.Path, "."); !slices.Contains(op.Context, path) {
			op.Context = append(op.Context, path)
		}
	case VarPage:
		b.usePage(op, e)
	}
}

func (b *builder) useArg(op *Operation, e placed) {
	if op.Field == nil {
		b.add(e.pos, "G013", "an entity is known by its key: use $this or $batch", "%s: a type's connector has no arguments", e.Expr)
		return
	}
	if len(e.Path) == 0 {
		b.add(e.pos, "G013", "name one, as in $args.id", "$args needs an argument's name")
		return
	}
	a := op.Field.Arg(e.Path[0])
	if a == nil {
		var names []string
		for _, a := range op.Field.Args {
			names = append(names, a.Name)
		}
		fix := meant(e.Path[0], names)
		if fix == "" {
			fix = "the field has no arguments"
		}
		b.add(e.pos, "G013", fix, "%s has no argument %s", op.subject(), e.Path[0])
		return
	}
	ref := a.Type
	for _, step := range e.Path[1:] {
		t := b.g.Types[ref.Named()]
		if t == nil {
			return
		}
		var names []string
		for _, f := range t.Fields {
			names = append(names, f.Name)
		}
		f := t.Field(step)
		if t.Kind != Input || f == nil {
			if t.Kind == Scalar && !slices.Contains(scalars, t.Name) {
				break // a custom scalar may hold anything
			}
			b.add(e.pos, "G013", meant(step, names), "%s: %s has no field %s", e.Expr, t.Name, step)
			return
		}
		ref = f.Type
	}
	if !slices.Contains(op.Args, e.Path[0]) {
		op.Args = append(op.Args, e.Path[0])
	}
}

func (b *builder) useParent(op *Operation, e placed) {
	parent := op.Type
	if parent == b.g.Query() || parent == b.g.Mutation() {
		b.add(e.pos, "G014", "use $args", "%s: %s has no fields of its own", e.Expr, parent.Name)
		return
	}
	if len(e.Path) == 0 {
		b.add(e.pos, "G014", "name a field, as in "+string(e.Var)+".id", "%s needs a field of %s", e.Var, parent.Name)
		return
	}
	f := parent.Field(e.Path[0])
	if f == nil {
		var names []string
		for _, f := range parent.Fields {
			names = append(names, f.Name)
		}
		b.add(e.pos, "G014", meant(e.Path[0], names), "%s has no field %s", parent.Name, e.Path[0])
		return
	}
	ft := b.g.Types[f.Type.Named()]
	if len(e.Path) > 1 || f.Type.List() || len(f.Args) > 0 || ft != nil && ft.Composite() || f == op.Field {
		b.add(e.pos, "G014", "take a scalar field without arguments", "%s cannot be an input of a call", e.Expr)
		return
	}
	if e.Var == VarBatch {
		op.Batch = true
	}
	if !slices.Contains(op.Needs, f.Name) {
		op.Needs = append(op.Needs, f.Name)
	}
}

func (b *builder) usePage(op *Operation, e placed) {
	if op.Page == nil {
		op.Page = &Page{}
	}
	switch strings.Join(e.Path, ".") {
	case "offset":
		op.Page.Offset = true
	case "limit":
		op.Page.Limit = true
	case "after":
		op.Page.After = true
	default:
		b.add(e.pos, "G015", "there are: $page.offset, $page.limit, $page.after", "unknown variable %s", e.Expr)
	}
}

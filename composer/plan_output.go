package composer

import (
	"slices"
	"strings"

	"facet/fault"
	"facet/graph"
	"facet/view"
)

// What an emit node writes.
type emitKind uint8

const (
	emitLeaf emitKind = iota
	emitTree
	emitMany
	emitRef
	emitUnion
	emitTypename // the name
	emitKey      // of the subject
	emitID
	emitPage   // { length, next } of a list
	emitLength // of a list
	emitNext
)

// An emit is one node of the answer, with everything resolved that does not depend on values.
type emit struct {
	kind    emitKind
	key     []byte // `"title":`
	next    []byte // `,"title":`
	name    string // the response key
	field   string // the field's name, for JSON Graph
	v       vid    // the value, list, entity or union; none
	dom     int32
	each    int32 // emitMany: the items' domain
	nonNull bool
	ref     graph.TypeRef // of leaves
	typ     string        // of trees, refs: the output type's name
	kids    []*emit
	item    *emit
	arms    []emitArm
	shape   *emitShape
	graph   bool     // refs: the shape is a JSON Graph identity
	window  int32    // lists: in plan.windows; -1
	lacks   []string // fields that are asked of other types than this: missing in a JSON Graph
	twice   bool     // some field stands twice among kids, under other windows
	project bool     // leaves: a computed object of which kids are asked
	whole   bool     // leaves: a list that is one value of a JSON Graph, as view.Paths lists it
	cache   *view.Cache
	absent  []vid   // refs: orNotFound values of the shape
	list    int32   // lists that can be shortened: their number in the plan, from 1
	lists   []*emit // emitNext: the siblings that show its list
	quick   *quick  // leaves: how to read it at once; nil: as any value
	repeat  *repeat // refs that are the same wherever their entity stands; nil: they may differ
	flat    *flat   // emitMany: how to write its items at once; nil: as any object
}

// An emitArm is what a match writes for one member.
type emitArm struct {
	member string
	out    *emit // nil: null
}

// An emitShape is the identity of a ref: the shape under arguments.
type emitShape struct {
	name string
	args []vid
}

// An emitRoot is one root of the answer.
type emitRoot struct {
	root     *Root
	out      *emit
	conds    int32
	absent   []vid // orNotFound values: a null of theirs is the absence of the view
	view     *view.View
	params   []int32      // in plan.params
	build    int          // in Surface.Builds; -1: none
	refused  *fault.Error // what it is refused for before any call; nil
	list     bool         // a RootEntity of many keys
	each     int32
	mutation *mutationPlan
	pages    int // 1 + the root that is the list of which this one is the page
}

const maxNodes = 200_000

func (p *planner) node(kind emitKind, key, field string, v vid) *emit {
	if p.nodes++; p.nodes > maxNodes {
		p.refuse("the selection is too large")
	}
	next := append(appendQuoted(append(make([]byte, 0, len(key)+4), ','), key), ':')
	e := &emit{kind: kind, key: next[1:], next: next, name: key, field: field, v: v, window: -1}
	if v != none {
		e.dom = p.at(v).dom
	}
	return e
}

// output plans what stands at one place; n is the node that asks for it.
func (p *planner) output(f *frame, o *view.Output, n *Node, conds int32, depth int) *emit {
	if depth > 500 {
		p.refuse("the selection nests too deep")
	}
	switch o.Kind {
	case view.Leaf:
		return p.leaf(f, o, n, conds)
	case view.Tree:
		e := p.node(emitTree, n.Key, n.Name, none)
		e.nonNull, e.typ = o.NonNull, o.Name
		if o.Value != view.None {
			e.v = p.value(f, o.Value)
			e.dom = p.at(e.v).dom
			p.consume(p.demandKey(e.v, conds))
		}
		e.kids = p.fields(f, o, n.Sub, conds, depth, e)
		return e
	case view.Many:
		return p.many(f, o, n, conds, depth)
	case view.Ref:
		e := p.node(emitRef, n.Key, n.Name, p.value(f, o.Value))
		e.nonNull = o.NonNull
		args := map[string]vid{}
		for _, a := range o.Args {
			args[a.Name] = p.value(f, a.Value)
		}
		p.ref(e, o.Shape, args, n.Sub, conds, depth)
		return e
	case view.Union:
		return p.union(f, o, n, conds, depth)
	}
	p.fail("unknown output %q", o.Kind)
	return nil
}

func asks(n *Node, typ string) bool { return n.On == nil || slices.Contains(n.On, typ) }

// fields plans the fields of a tree, or of a shape.
func (p *planner) fields(f *frame, o *view.Output, sub []*Node, conds int32, depth int, host *emit) []*emit {
	var kids []*emit
	for _, n := range sub {
		if !asks(n, host.typ) {
			host.lacks = append(host.lacks, n.Name)
			continue
		}
		k := p.oneField(f, o, n, conds, depth, host)
		host.twice = host.twice || slices.ContainsFunc(kids, func(o *emit) bool { return o.field == k.field })
		kids = append(kids, k)
	}
	link(kids)
	return kids
}

func (p *planner) oneField(f *frame, o *view.Output, n *Node, conds int32, depth int, host *emit) *emit {
	if n.Name == "__typename" {
		e := p.node(emitTypename, n.Key, n.Name, none)
		e.typ = host.typ
		e.nonNull = true
		return e
	}
	if host.shape != nil && (n.Name == "id" || n.Name == "key") {
		e := p.node(emitKey, n.Key, n.Name, host.v)
		if n.Name == "id" {
			e.kind = emitID
		}
		e.shape, e.nonNull = host.shape, true
		return e
	}
	if fd := o.Field(n.Name); fd != nil {
		p.trail = append(p.trail, n.Name)
		e := p.output(f, fd.Output, n, conds, depth+1)
		p.trail = p.trail[:len(p.trail)-1]
		e.cache = fd.Cache
		p.keptFor(e, fd.Cache, conds)
		p.addReads(fd.Reads)
		p.show(host, n.Name)
		return e
	}
	if list, ok := cutPage(n.Name); ok {
		if fd := o.Field(list); fd != nil && fd.Output.Paged {
			e := p.node(emitPage, n.Key, n.Name, none)
			e.nonNull = true
			p.pageOf(f, fd.Output, n, conds, e)
			p.addReads(fd.Reads)
			p.show(host, list)
			return e
		}
	}
	p.refuse("%s has no field %q", host.typ, n.Name)
	return nil
}

func cutPage(name string) (string, bool) {
	const suffix = "Page"
	if len(name) <= len(suffix) || name[len(name)-len(suffix):] != suffix {
		return "", false
	}
	return name[:len(name)-len(suffix)], true
}

// show notes that the answer shows a field of a shape.
func (p *planner) show(host *emit, field string) {
	if host.shape == nil {
		return
	}
	if name := host.shape.name + "." + field; !slices.Contains(p.p.shows, name) {
		p.p.shows = append(p.p.shows, name)
	}
}

func (p *planner) addReads(reads []string) {
	for _, r := range reads {
		if i, ok := slices.BinarySearch(p.p.reads, r); !ok {
			p.p.reads = slices.Insert(p.p.reads, i, r)
		}
	}
}

func (p *planner) leaf(f *frame, o *view.Output, n *Node, conds int32) *emit {
	var v vid
	window := int32(-1)
	if o.Paged || o.Type.List() && n.Window >= 0 {
		v = p.windowed(f, o.Value, n.Window, hasLength(n))
		window = p.windowOf(v)
	} else {
		v = p.value(f, o.Value)
	}
	p.consume(p.demand(v, conds))
	e := p.node(emitLeaf, n.Key, n.Name, v)
	e.ref, e.nonNull, e.window = o.Type, o.NonNull || o.Type.NonNull, window
	if window >= 0 || p.takes(v) {
		p.p.lists++
		e.list = p.p.lists
	}
	e.whole = !o.Paged && len(n.Sub) == 0
	if len(n.Sub) > 0 {
		if obj, ok := p.s.Object(o.Type.Named()); ok {
			e.project = true
			e.kids = p.project(obj, n.Sub)
		} else if o.Type.List() {
			for _, s := range n.Sub {
				if s.Name == "length" {
					e.kids = append(e.kids, p.length(s, v, window))
				}
			}
		}
	}
	return e
}

// project plans the asked fields of a computed object.
func (p *planner) project(obj *view.Object, sub []*Node) []*emit {
	var kids []*emit
	for _, n := range sub {
		if !asks(n, obj.Name) {
			continue
		}
		e := p.node(emitLeaf, n.Key, n.Name, none)
		if n.Name == "__typename" {
			e.kind, e.typ = emitTypename, obj.Name
			kids = append(kids, e)
			continue
		}
		i := slices.IndexFunc(obj.Fields, func(f *view.ObjectField) bool { return f.Name == n.Name })
		if i < 0 {
			p.refuse("%s has no field %q", obj.Name, n.Name)
		}
		e.ref = obj.Fields[i].Type
		e.nonNull = e.ref.NonNull
		if in, ok := p.s.Object(e.ref.Named()); ok {
			e.kids = p.project(in, n.Sub)
		}
		kids = append(kids, e)
	}
	return kids
}

func hasLength(n *Node) bool {
	return slices.ContainsFunc(n.Sub, func(s *Node) bool { return s.Name == "length" })
}

// windowed makes a paged list under the asker's window.
func (p *planner) windowed(f *frame, id view.ID, asked int, count bool) vid {
	sv := &f.scope.Values[id]
	switch sv.Op {
	case view.OpOrNull, view.OpOrElse, view.OpNotFound:
		return p.policy(f, sv, p.windowed(f, sv.Of, asked, count))
	}
	return p.list(f, id, asked, count)
}

func (p *planner) windowOf(v vid) int32 {
	for {
		o := p.at(v)
		switch o.op {
		case vOrNull, vOrElse, vOrAbsent:
			v = o.of
		case vCut:
			return o.idx
		default:
			return -1
		}
	}
}

func (p *planner) many(f *frame, o *view.Output, n *Node, conds int32, depth int) *emit {
	v := p.windowed(f, o.Value, n.Window, hasLength(n))
	p.consume(p.demand(v, conds))
	e := p.node(emitMany, n.Key, n.Name, v)
	e.nonNull, e.window = o.NonNull, p.windowOf(v)
	p.p.lists++
	e.list = p.p.lists
	item := p.item(v)
	e.each = p.at(item).dom
	if site := &p.p.domains[e.each].site; site.name == "" {
		*site = listSite{strings.Join(p.trail, "."), f.scope.Values[o.Value].Pos}
	}
	in := *n
	in.Sub = nil
	for _, s := range n.Sub {
		if s.Name == "length" && o.Item.Kind != view.Leaf && !p.named(o.Item, "length") {
			e.kids = append(e.kids, p.length(s, v, e.window))
			continue
		}
		in.Sub = append(in.Sub, s)
	}
	in.Window = -1
	if o.Each == view.None {
		p.fail("a list without an item value")
	}
	e.item = p.output(f.under(o.Each, item), o.Item, &in, conds, depth+1)
	return e
}

// named says whether an output is an object that has a field of a name.
func (p *planner) named(o *view.Output, name string) bool {
	return o.Kind == view.Tree && o.Field(name) != nil
}

func (p *planner) length(n *Node, v vid, window int32) *emit {
	e := p.node(emitLength, n.Key, n.Name, v)
	e.window, e.nonNull = window, true
	return e
}

func (p *planner) pageOf(f *frame, o *view.Output, n *Node, conds int32, e *emit) {
	e.v = p.windowed(f, o.Value, n.Window, true)
	e.dom = p.at(e.v).dom
	e.window = p.windowOf(e.v)
	p.consume(p.demand(e.v, conds))
	for _, s := range n.Sub {
		switch s.Name {
		case "__typename":
			k := p.node(emitTypename, s.Key, s.Name, none)
			k.typ = view.PageType
			e.kids = append(e.kids, k)
		case "length":
			e.kids = append(e.kids, p.length(s, e.v, e.window))
		case "next":
			k := p.length(s, e.v, e.window)
			k.kind, k.nonNull = emitNext, false
			e.kids = append(e.kids, k)
		default:
			p.refuse("Page has no field %q", s.Name)
		}
	}
}

// ref plans a shape over the entity e.v.
func (p *planner) ref(e *emit, name string, args map[string]vid, sub []*Node, conds int32, depth int) {
	found, ok := p.s.Shape(name)
	if !ok {
		p.fail("no shape %q", name)
	}
	s := found.Def
	e.typ = s.Name
	if s.Keyed {
		e.shape = &emitShape{name: s.Name}
		e.graph = s.Loadable
	}
	bound := map[string]vid{}
	for _, a := range s.Args {
		v, ok := args[a.Name]
		if !ok {
			v = p.lit(a.Default)
		}
		bound[a.Name] = v
		if e.shape != nil {
			e.shape.args = append(e.shape.args, v)
			p.consume(p.demand(v, conds))
		}
	}
	p.consume(p.demandKey(e.v, conds))
	f := newFrame(&s.Scope, found.Build, bound, e.v)
	e.kids = p.fields(f, s.Output, sub, conds, depth, e)
	e.absent = p.missing(f, e.dom, conds)
}

// missing makes sure that what the orNotFounds of a frame decide is known. Those of items deeper than dom decide there.
func (p *planner) missing(f *frame, dom, conds int32) (absent []vid) {
	for _, a := range *f.absent {
		if p.p.domains[p.at(a).dom].depth <= p.p.domains[dom].depth {
			p.consume(p.exists(a, conds))
			absent = append(absent, a)
		}
	}
	return absent
}

func (p *planner) union(f *frame, o *view.Output, n *Node, conds int32, depth int) *emit {
	e := p.node(emitUnion, n.Key, n.Name, p.value(f, o.Value))
	e.nonNull = o.NonNull
	p.consume(p.demand(e.v, conds))
	for _, a := range o.Arms {
		arm := emitArm{member: a.Member}
		if a.Output != nil {
			in := *n
			af := f.under(a.As, p.as(e.v, a.Member))
			arm.out = p.output(af, a.Output, &in, conds, depth+1)
			arm.out.nonNull = false
		}
		e.arms = append(e.arms, arm)
	}
	return e
}

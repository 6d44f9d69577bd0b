package composer

import (
	"bytes"
	"sync"
	"time"

	"facet/fault"
	"facet/view"
)

// A site is an emit node at an instance: what an entity, or a branch, is asked for at one place of the selection.
type site struct {
	e    *emit
	dom  int32
	i    int32
	next int32 // the entity's next site; -1
}

// An entities is the entities of one shape under one list of arguments.
type entities struct {
	space int32
	order []int32 // entities, as first met
	first []int32 // by entity: 1 + its first site; 0: not met
	lost  []string
}

// Ages below zero are none: the value stays as long as the client likes.
const noAge = -1

// A grapher writes a JSON Graph.
type grapher struct {
	x      *exec
	root   branch
	sites  []site
	stack  []site // the sites of the places that are being written
	groups []*entities
	used   int   // of groups
	apart  bool  // views are written before their entities are known
	enters bool  // a view is being written: its references enter what they lead to
	flat   *emit // the last shape that was entered and has no references below

	stencils []*stencil
	drawn    int      // of stencils
	onto     *stencil // the last
	lines    []*line
	lined    int   // of lines
	along    *line // the last
}

// Graphers are kept for what they have grown to.
var graphers = sync.Pool{New: func() any { return &grapher{} }}

const maxSites = 1 << 16 // of a grapher that is kept

func (g *grapher) put() {
	if cap(g.sites) > maxSites || len(g.groups) > maxSites {
		return
	}
	g.forget()
	clear(g.sites) // they hold on to plans
	clear(g.stack[:cap(g.stack)])
	g.x, g.root, g.sites, g.stack, g.used, g.flat = nil, branch{}, g.sites[:0], g.stack[:0], 0, nil
	graphers.Put(g)
}

// group is the entities that stand at a branch.
func (g *grapher) group(at *branch) *entities {
	if at.group != nil {
		return at.group
	}
	if g.used == len(g.groups) {
		g.groups = append(g.groups, &entities{})
	}
	gr := g.groups[g.used]
	g.used++
	clear(gr.first)
	clear(gr.lost)
	gr.order, gr.first, gr.lost = gr.order[:0], gr.first[:0], gr.lost[:0]
	at.group = gr
	return gr
}

func (b *branch) kid(key string) *branch {
	if b.index == nil && len(b.kids) > 8 {
		b.index = make(map[string]*branch, 2*len(b.kids))
		for _, k := range b.kids {
			b.index[k.key] = k
		}
	}
	if b.index != nil {
		if k := b.index[key]; k != nil {
			return k
		}
	} else {
		for _, k := range b.kids {
			if k.key == key {
				return k
			}
		}
	}
	k := &branch{key: key, age: noAge}
	b.kids = append(b.kids, k)
	if b.index != nil {
		b.index[key] = k
	}
	return k
}

func maxAge(c *view.Cache, age int64) int64 {
	if c == nil {
		return age
	}
	return int64(c.MaxAge / time.Millisecond)
}

// graph writes the answer as a JSON Graph: view trees with references, and each entity once.
func (x *exec) graph() {
	g := graphers.Get().(*grapher)
	defer g.put()
	g.x, g.apart = x, x.viewsApart()
	for k, r := range x.p.roots {
		g.collectRoot(k, r)
	}
	if len(g.root.kids) == 0 {
		x.enc.buf = append(x.enc.buf, "{}"...)
		return
	}
	if !g.apart {
		g.branch(&g.root)
		return
	}
	n := &x.enc
	n.buf = append(n.buf, '{')
	some, mark := false, len(g.root.kids)
	g.enters = true
	for _, k := range g.root.kids[:mark] {
		if k.view {
			g.top(k, some)
			some = true
		}
	}
	g.enters = false
	for _, k := range g.root.kids {
		if !k.view {
			g.top(k, some)
			some = true
		}
	}
	n.buf = append(n.buf, '}')
}

func (g *grapher) top(b *branch, some bool) {
	n := &g.x.enc
	if some {
		n.buf = append(n.buf, ',')
	}
	n.buf = append(appendQuoted(n.buf, b.key), ':')
	g.x.push(b.key)
	g.branch(b)
	g.x.pop()
}

// viewsApart says whether all roots are views under keys of their own, so that one walk writes them and finds what they refer to.
func (x *exec) viewsApart() bool {
	for k, r := range x.p.roots {
		if r.root.Kind == RootEntity {
			return false
		}
		if r.root.Kind == RootTypename {
			continue
		}
		path := x.r.Selection.Roots[max(k, x.only)].Path
		if len(path) == 0 {
			return false
		}
		if _, shape := x.e.cfg.Surface.Shape(path[0]); shape {
			return false
		}
	}
	return true
}

func (g *grapher) collectRoot(k int, r *emitRoot) {
	x := g.x
	asked := x.r.Selection.Roots[max(k, x.only)]
	at := &g.root
	for _, key := range asked.Path {
		at = at.kid(key)
	}
	err := x.refusal(r)
	if r.root.Kind == RootEntity {
		if err != nil { // the error stands below the shape, where it covers nobody else's entities
			path := []string{r.root.Name}
			for _, p := range r.params {
				if pa := x.p.params[p]; !pa.many && pa.value >= 0 && pa.value < len(x.r.Values) {
					path = append(path, keyText(bytes.TrimSpace(x.r.Values[pa.value])))
				}
			}
			g.fail(path, err)
			x.enc.gaps = true
			return
		}
		n := int32(1)
		if r.list {
			n = int32(x.size(r.each))
		}
		for i := range n {
			g.collectEntity(r, r.out.dom, i)
		}
		return
	}
	if r.root.Kind == RootTypename {
		return
	}
	if len(asked.Path) > 0 {
		g.root.kid(asked.Path[0]).view = true
	}
	if err != nil {
		g.fail(asked.Path, err)
		return
	}
	for _, a := range r.absent {
		if x.cell(a, 0, 0).kind == kNotFound {
			x.enc.notFound = true
			if r.view != nil {
				at.age = maxAge(r.view.Cache, noAge)
			}
			at.gone = true
			return
		}
	}
	at.age = noAge
	if r.view != nil {
		at.age = maxAge(r.view.Cache, noAge)
	}
	at.sites = append(at.sites, site{e: r.out, next: -1})
	if !g.apart {
		g.collect(r.out, 0, 0)
	}
}

func (g *grapher) fail(path []string, err *fault.Error) {
	x := g.x
	at := &g.root
	var where []any
	for _, k := range path {
		at = at.kid(k)
		where = append(where, k)
	}
	x.enc.errors = append(x.enc.errors, Error{Path: where, Kind: err.Kind, Message: err.Public(), Err: err})
	at.note = appendError(nil, err)
}

func appendError(dst []byte, err *fault.Error) []byte {
	dst = append(dst, `{"$type":"error","$expires":0,"value":{"code":`...)
	dst = appendQuoted(dst, string(err.Kind))
	dst = append(dst, `,"message":`...)
	return append(appendQuoted(dst, err.Public()), "}}"...)
}

// collectEntity enters the entity that a root asks for.
func (g *grapher) collectEntity(r *emitRoot, dom, i int32) {
	x := g.x
	c := x.cell(r.out.v, dom, i)
	if x.missing(c) || c.kind != kEntity && c.kind != kObject {
		x.enc.notFound = true
		at := g.root.kid(r.out.shape.name)
		args, _ := x.shapeArgs(r.out, dom, i)
		for _, a := range args {
			at = at.kid(a)
		}
		key := x.params[r.params[len(r.params)-1]]
		if r.list {
			key = x.doms[r.each].items[i]
		}
		gr := g.group(at)
		gr.lost = append(gr.lost, string(x.text(key)))
		return
	}
	if r.list { // the key may be spelled in another way than that by which the entity stands
		if s, ent := x.entityOf(c); ent == noEntity || string(x.spaces[s].key(ent)) != string(x.text(x.doms[r.each].items[i])) {
			x.enc.gaps = true
		}
	} else {
		x.enc.gaps = true
	}
	g.enter(r.out, dom, i, c)
}

// collect enters every entity that is referred to from a place on.
func (g *grapher) collect(e *emit, dom, i int32) {
	x := g.x
	switch e.kind {
	case emitTree:
		if e.v != none {
			if c := x.cell(e.v, dom, i); c.kind != kObject && c.kind != kEntity || c.kind == kEntity && x.missing(c) {
				return
			}
		}
		g.collectKids(e, dom, i)
	case emitMany:
		if c, _ := x.listOf(e.v, dom, i); c.kind != kList {
			return
		}
		from, end := x.children(e.each, x.up(dom, e.dom, i))
		if !e.item.refers() {
			return
		}
		end = from + x.stays(e, end-from)
		for j := from; j < end; j++ {
			g.collect(e.item, e.each, j)
		}
	case emitUnion:
		if a := g.arm(e, dom, i); a != nil {
			g.collect(a, dom, i)
		}
	case emitRef:
		c, bad := g.subject(e, dom, i)
		if bad {
			return
		}
		if !e.graph {
			g.collectKids(e, dom, i)
			return
		}
		g.enter(e, dom, i, c)
	}
}

func (g *grapher) collectKids(e *emit, dom, i int32) {
	for _, k := range e.kids {
		if k.refers() {
			g.collect(k, dom, i)
		}
	}
}

// subject is the entity of a ref; bad says that the place is null or failed.
func (g *grapher) subject(e *emit, dom, i int32) (c cell, bad bool) {
	x := g.x
	c = x.subject(e.v, dom, i)
	if c.kind != kObject && c.kind != kEntity {
		return c, true
	}
	if x.missing(c) {
		return nullCell, true
	}
	for _, a := range e.absent {
		if x.cell(a, dom, i).kind == kNotFound {
			return nullCell, true
		}
	}
	if _, ent := x.entityOf(c); e.graph && ent == noEntity {
		return nullCell, true
	}
	return c, false
}

func (g *grapher) arm(e *emit, dom, i int32) *emit {
	x := g.x
	c := x.cell(e.v, dom, i)
	var name string
	switch c.kind {
	case kObject:
		name = x.p.places[c.n].typ.Name
	case kEntity:
		name = x.p.spaces[c.off].typ.Name
	}
	for k := range e.arms {
		if e.arms[k].member == name {
			return e.arms[k].out
		}
	}
	return nil
}

// refers says whether a reference stands below an emit node. Leaves need no walk.
func (e *emit) refers() bool {
	switch e.kind {
	case emitRef, emitUnion, emitMany, emitTree:
		return true
	}
	return false
}

// enter notes that an entity is asked for at a place, once for each emit node.
func (g *grapher) enter(e *emit, dom, i int32, c cell) {
	x := g.x
	args, ok := x.shapeArgs(e, dom, i)
	if !ok {
		x.enc.gaps = true
		return
	}
	at := g.root.kid(e.shape.name)
	for _, a := range args {
		at = at.kid(a)
	}
	s, ent := x.entityOf(c)
	g.add(g.group(at), e, dom, i, s, ent)
}

// add enters an entity into its group.
func (g *grapher) add(gr *entities, e *emit, dom, i, s, ent int32) {
	gr.space = s
	for int(ent) >= len(gr.first) {
		gr.first = append(gr.first, 0)
	}
	last := int32(-1)
	for k := gr.first[ent] - 1; k >= 0; k = g.sites[k].next {
		if g.sites[k].e == e {
			return // one entity has one value: the same node writes the same
		}
		last = k
	}
	g.sites = append(g.sites, site{e: e, dom: dom, i: i, next: -1})
	id := int32(len(g.sites))
	if last < 0 {
		gr.first[ent] = id
		gr.order = append(gr.order, ent)
	} else {
		g.sites[last].next = id - 1
	}
	if e != g.flat {
		g.flat = e
		for _, k := range e.kids {
			if k.refers() {
				g.flat = nil
				g.collect(k, dom, i)
			}
		}
	}
}

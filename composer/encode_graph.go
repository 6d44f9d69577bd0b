package composer

import (
	"strconv"
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

// A branch is a key of the JSON Graph above views and entities.
type branch struct {
	key   string
	kids  []*branch
	index map[string]*branch
	sites []site
	age   int64 // of sites: how long a view's own leaves keep, in ms; see ages
	group *entities
	note  []byte // what stands here instead of a branch: an error, or a missing marker
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
	x     *exec
	root  branch
	sites []site
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
	g := &grapher{x: x}
	for k, r := range x.p.roots {
		g.collectRoot(k, r)
	}
	if len(g.root.kids) == 0 {
		x.enc.buf = append(x.enc.buf, "{}"...)
		return
	}
	g.branch(&g.root)
}

func (g *grapher) collectRoot(k int, r *emitRoot) {
	x := g.x
	asked := x.r.Selection.Roots[max(k, x.only)]
	at := &g.root
	for _, key := range asked.Path {
		at = at.kid(key)
	}
	err := x.rootError(r)
	if r.root.Kind == RootEntity {
		if err != nil {
			at = at.kid(r.root.Name)
			for _, p := range r.params {
				if pa := x.p.params[p]; pa.arg != nil && x.params[p].kind != kError {
					at = at.kid(string(x.text(x.params[p])))
				}
			}
			g.fail(at, err)
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
	if err != nil {
		g.fail(at, err)
		return
	}
	for _, a := range r.absent {
		if x.cell(a, 0, 0).kind == kNotFound {
			x.enc.notFound = true
			at.note = []byte(`{"$type":"atom"}`)
			return
		}
	}
	at.age = noAge
	if r.view != nil {
		at.age = maxAge(r.view.Cache, noAge)
	}
	at.sites = append(at.sites, site{e: r.out, next: -1})
	g.collect(r.out, 0, 0)
}

func (g *grapher) fail(at *branch, err *fault.Error) {
	x := g.x
	x.enc.errors = append(x.enc.errors, Error{Path: x.enc.at(), Kind: err.Kind, Message: err.Public(), Err: err})
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
		if at.group == nil {
			at.group = &entities{}
		}
		at.group.lost = append(at.group.lost, string(x.text(key)))
		return
	}
	g.enter(r.out, dom, i, c)
}

// collect enters every entity that is referred to from a place on.
func (g *grapher) collect(e *emit, dom, i int32) {
	if !e.refers() {
		return
	}
	x := g.x
	switch e.kind {
	case emitTree:
		if e.v != none {
			if c := x.cell(e.v, dom, i); c.kind != kObject && c.kind != kEntity || x.missing(c) {
				return
			}
		}
		for _, k := range e.kids {
			g.collect(k, dom, i)
		}
	case emitMany:
		if c, _ := x.listOf(e.v, dom, i); c.kind != kList {
			return
		}
		from, end := x.children(e.each, x.up(dom, e.dom, i))
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
			for _, k := range e.kids {
				g.collect(k, dom, i)
			}
			return
		}
		g.enter(e, dom, i, c)
	}
}

// subject is the entity of a ref; bad says that the place is null or failed.
func (g *grapher) subject(e *emit, dom, i int32) (c cell, bad bool) {
	x := g.x
	c = x.cell(e.v, dom, i)
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
		return
	}
	at := g.root.kid(e.shape.name)
	for _, a := range args {
		at = at.kid(a)
	}
	s, ent := x.entityOf(c)
	if at.group == nil {
		at.group = &entities{}
	}
	gr := at.group
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
	for _, k := range e.kids {
		g.collect(k, dom, i)
	}
}

// branch writes the keys above views and entities.
func (g *grapher) branch(b *branch) {
	x := g.x
	n := &x.enc
	if b.note != nil {
		n.buf = append(n.buf, b.note...)
		return
	}
	if len(b.sites) > 0 && len(b.kids) == 0 {
		g.value(b.sites, b.age)
		return
	}
	n.buf = append(n.buf, '{')
	some := false
	key := func(k string) {
		if some {
			n.buf = append(n.buf, ',')
		}
		some = true
		n.buf = append(appendQuoted(n.buf, k), ':')
		x.push(k)
	}
	for _, k := range b.kids {
		key(k.key)
		g.branch(k)
		x.pop()
	}
	if gr := b.group; gr != nil {
		for _, ent := range gr.order {
			key(string(x.spaces[gr.space].key(ent)))
			var few [4]site
			sites := few[:0]
			for k := gr.first[ent] - 1; k >= 0; k = g.sites[k].next {
				sites = append(sites, g.sites[k])
			}
			g.fields(sites, noAge)
			x.pop()
			if len(n.buf) > x.e.limits.Bytes {
				n.tooLarge = true
				break
			}
		}
		for _, k := range gr.lost {
			key(k)
			n.buf = append(n.buf, missing...)
			x.pop()
		}
	}
	n.buf = append(n.buf, '}')
}

const missing = `{"$type":"atom"}`

// fields writes a branch whose keys are the fields that any of the sites ask for.
func (g *grapher) fields(sites []site, age int64) {
	x := g.x
	n := &x.enc
	n.buf = append(n.buf, '{')
	some := false
	var done []string
	for s, st := range sites {
	next:
		for _, k := range st.e.kids {
			if len(sites) > 1 {
				for _, d := range done {
					if d == k.field {
						continue next
					}
				}
			}
			var few [4]site
			same := append(few[:0], site{e: k, dom: st.dom, i: st.i})
			for o := s; o < len(sites) && (len(sites) > 1 || multiple(st.e)); o++ {
				for _, ok := range sites[o].e.kids {
					if ok != k && ok.field == k.field {
						same = append(same, site{e: ok, dom: sites[o].dom, i: sites[o].i})
					}
				}
			}
			if some {
				n.buf = append(n.buf, ',')
			}
			some = true
			n.buf = append(appendQuoted(n.buf, k.field), ':')
			x.push(k.field)
			g.value(same, maxAge(k.cache, age))
			x.pop()
			if len(sites) > 1 {
				done = append(done, k.field)
			}
		}
	}
	for _, st := range sites {
	lack:
		for _, l := range st.e.lacks {
			for _, d := range done {
				if d == l {
					continue lack
				}
			}
			for _, k := range st.e.kids {
				if k.field == l {
					continue lack
				}
			}
			done = append(done, l)
			if some {
				n.buf = append(n.buf, ',')
			}
			some = true
			n.buf = append(append(appendQuoted(n.buf, l), ':'), missing...)
		}
	}
	n.buf = append(n.buf, '}')
}

// multiple says that a node may ask one field twice, under other windows.
func multiple(e *emit) bool { return e.twice }

// value writes what stands at one place: a leaf of the first site, or the branch that all sites ask for.
func (g *grapher) value(sites []site, age int64) {
	x := g.x
	n := &x.enc
	st := sites[0]
	e := st.e
	switch e.kind {
	case emitLeaf:
		g.leaf(sites, age)
	case emitTypename:
		g.boxed(age, func() { n.buf = append(append(append(n.buf, '"'), e.typ...), '"') })
	case emitKey, emitID:
		if _, ent := x.entityOf(x.cell(e.v, st.dom, st.i)); ent == noEntity {
			g.null(nullCell, age)
			return
		}
		g.boxed(age, func() { x.identity(e, st.dom, st.i) })
	case emitTree:
		if e.v != none {
			c := x.cell(e.v, st.dom, st.i)
			if c.kind != kObject && c.kind != kEntity || x.missing(c) {
				g.null(x.gone(c), age)
				return
			}
		}
		g.fields(sites, age)
	case emitRef:
		c, bad := g.subject(e, st.dom, st.i)
		switch {
		case bad:
			g.null(x.gone(c), age)
		case !e.graph:
			g.fields(sites, noAge)
		default:
			g.ref(e, st, c, age)
		}
	case emitMany:
		g.many(sites, age)
	case emitUnion:
		c := x.cell(e.v, st.dom, st.i)
		if c.kind != kObject && c.kind != kEntity {
			g.null(c, age)
			return
		}
		var arms []site
		for _, s := range sites {
			if a := g.arm(s.e, s.dom, s.i); a != nil {
				arms = append(arms, site{e: a, dom: s.dom, i: s.i})
			}
		}
		if len(arms) == 0 {
			g.null(nullCell, age)
			return
		}
		g.value(arms, age)
	case emitPage:
		c, _ := x.listOf(e.v, st.dom, st.i)
		if c.kind != kList {
			g.null(c, age)
			return
		}
		g.fields(sites, age)
	case emitLength, emitNext:
		g.length(e, st, age)
	}
}

func (g *grapher) length(e *emit, st site, age int64) {
	x := g.x
	c, w := x.listOf(e.v, st.dom, st.i)
	if c.kind != kList {
		g.null(c, age)
		return
	}
	g.boxed(age, func() {
		switch end := w.from + w.want; {
		case e.kind == emitLength:
			x.enc.buf = appendInt(x.enc.buf, w.length)
		case end < w.length && w.want > 0:
			x.enc.buf = appendQuoted(x.enc.buf, EncodeCursor(end))
		default:
			x.enc.buf = append(x.enc.buf, "null"...)
		}
	})
}

// boxed writes a value, in an atom where it expires.
func (g *grapher) boxed(age int64, write func()) {
	n := &g.x.enc
	if age == noAge {
		write()
		return
	}
	n.buf = append(n.buf, `{"$type":"atom","$expires":`...)
	n.buf = append(strconv.AppendInt(n.buf, -age, 10), `,"value":`...)
	write()
	n.buf = append(n.buf, '}')
}

// atom writes a value that is an atom whether it expires or not: objects and lists are no branches.
func (g *grapher) atom(age int64, c cell) {
	n := &g.x.enc
	if age == noAge {
		n.buf = append(n.buf, `{"$type":"atom","value":`...)
		n.buf = append(g.x.appendJSON(n.buf, c), '}')
		return
	}
	g.boxed(age, func() { n.buf = g.x.appendJSON(n.buf, c) })
}

// null writes what stands where there is no value: an error stays at its place, and so does null.
func (g *grapher) null(c cell, age int64) {
	x := g.x
	n := &x.enc
	switch c.kind {
	case kError:
		err := x.errorOf(c)
		x.report(err)
		n.buf = appendError(n.buf, err)
		return
	case kNotFound:
		n.notFound = true
		n.buf = append(n.buf, missing...)
		return
	}
	if c.deg != 0 {
		n.degraded = append(n.degraded, Degraded{Path: n.at(), Kind: degreeKind(c.deg)})
		age = 0
	}
	g.boxed(age, func() { n.buf = append(n.buf, "null"...) })
}

func (g *grapher) ref(e *emit, st site, c cell, age int64) {
	x := g.x
	n := &x.enc
	n.buf = append(n.buf, `{"$type":"ref",`...)
	if age != noAge {
		n.buf = append(n.buf, `"$expires":`...)
		n.buf = append(strconv.AppendInt(n.buf, -age, 10), ',')
	}
	n.buf = append(appendQuoted(append(n.buf, `"value":[`...), e.shape.name), ',')
	args, _ := x.shapeArgs(e, st.dom, st.i)
	for _, a := range args {
		n.buf = append(appendQuoted(n.buf, a), ',')
	}
	s, ent := x.entityOf(c)
	n.buf = append(appendQuoted(n.buf, x.spaces[s].key(ent)), "]}"...)
}

func (g *grapher) leaf(sites []site, age int64) {
	x := g.x
	n := &x.enc
	st := sites[0]
	c := x.cell(st.e.v, st.dom, st.i)
	switch c.kind {
	case kText, kEscaped, kInt, kFloat, kBool, kDigits:
	case kList:
		if !st.e.whole {
			g.scalars(sites, c, age)
			return
		}
	case kRaw:
		if st.e.ref.Elem != nil && !st.e.whole && x.bytes(c)[0] == '[' {
			if l, ok := x.explode(c); ok {
				g.scalars(sites, l, age)
				return
			}
		}
	default:
		if c.kind == kNull && c.deg == 0 && st.e.nonNull {
			c = flawed(flawNull)
		}
		g.null(c, age)
		return
	}
	if c.deg != 0 {
		n.degraded = append(n.degraded, Degraded{Path: n.at(), Kind: degreeKind(c.deg)})
		age = 0
	}
	if c.kind == kRaw || c.kind == kList {
		g.atom(age, c)
		return
	}
	g.boxed(age, func() { n.buf = x.appendJSON(n.buf, c) })
}

// explode makes item cells of a JSON list that a function gave.
func (x *exec) explode(c cell) (cell, bool) {
	s := scanner{b: x.bytes(c), ans: ansOwn}
	v, ok := s.value(&progValue{elem: &progValue{scalar: scalarRaw}})
	if !ok || v.kind != kList {
		return c, false
	}
	own := &x.ans[ansOwn]
	off := len(own.cells)
	for _, it := range s.cells[v.off : v.off+v.n] {
		if it.kind >= kText && it.kind <= kRaw {
			it.ans = c.ans
			it.off += c.off
		}
		own.cells = append(own.cells, it)
	}
	return cell{kind: kList, deg: c.deg, ans: ansOwn, off: uint32(off), n: v.n}, true
}

// An indexed writes list items under their indices, each once.
type indexed struct {
	g    *grapher
	some bool
	done map[int]bool
}

func (ix *indexed) key(i int, many bool) bool {
	n := &ix.g.x.enc
	if many {
		if ix.done[i] {
			return false
		}
		if ix.done == nil {
			ix.done = map[int]bool{}
		}
		ix.done[i] = true
	}
	if ix.some {
		n.buf = append(n.buf, ',')
	}
	ix.some = true
	n.buf = append(strconv.AppendInt(append(n.buf, '"'), int64(i), 10), `":`...)
	return true
}

func (ix *indexed) name(k string) {
	n := &ix.g.x.enc
	if ix.some {
		n.buf = append(n.buf, ',')
	}
	ix.some = true
	n.buf = append(appendQuoted(n.buf, k), ':')
}

// beyond writes missing markers for the asked indices that the list does not have.
func (ix *indexed) beyond(w part, have int, many bool) {
	left := maxBeyond
	for _, r := range w.only {
		for i := max(r.From, have); i <= r.To && left > 0; i++ {
			if ix.key(i, many) {
				ix.g.x.enc.buf = append(ix.g.x.enc.buf, missing...)
			}
			left--
		}
	}
}

const maxBeyond = 20_000

func (g *grapher) lengths(ix *indexed, sites []site, age int64) {
	for _, s := range sites {
		for _, k := range s.e.kids {
			if k.kind == emitLength {
				ix.name("length")
				g.x.push("length")
				g.length(k, site{e: k, dom: s.dom, i: s.i}, age)
				g.x.pop()
				return
			}
		}
	}
}

// scalars writes a list of scalars by index.
func (g *grapher) scalars(sites []site, c cell, age int64) {
	x := g.x
	n := &x.enc
	if c.deg != 0 {
		n.degraded = append(n.degraded, Degraded{Path: n.at(), Kind: degreeKind(c.deg)})
		age = 0
	}
	n.buf = append(n.buf, '{')
	ix := &indexed{g: g}
	many := len(sites) > 1
	for _, s := range sites {
		l, w := x.listOf(s.e.v, s.dom, s.i)
		if l.kind != kList {
			l, w = c, part{length: int(c.n), want: int(c.n)}
		}
		put := func(j int) {
			if !ix.key(j, many) {
				return
			}
			x.pushIndex(j)
			it := x.ans[l.ans].cells[int(l.off)+j-w.from]
			switch it.kind {
			case kNull, kMissing, kError:
				g.null(it, age)
			case kRaw:
				g.atom(age, it)
			case kList:
				g.atom(age, it)
			default:
				g.boxed(age, func() { n.buf = x.appendJSON(n.buf, it) })
			}
			x.pop()
		}
		have := w.from + int(l.n)
		if w.only == nil {
			for j := w.from; j < have; j++ {
				put(j)
			}
			continue
		}
		for _, r := range w.only {
			for j := max(r.From, w.from); j <= r.To && j < have; j++ {
				put(j)
			}
		}
		ix.beyond(w, min(have, w.length), many)
	}
	g.lengths(ix, sites, age)
	n.buf = append(n.buf, '}')
}

// many writes a list as a branch with integer keys.
func (g *grapher) many(sites []site, age int64) {
	x := g.x
	n := &x.enc
	if c, _ := x.listOf(sites[0].e.v, sites[0].dom, sites[0].i); c.kind != kList {
		g.null(c, age)
		return
	} else if c.deg != 0 {
		n.degraded = append(n.degraded, Degraded{Path: n.at(), Kind: degreeKind(c.deg)})
		age = 0
	}
	n.buf = append(n.buf, '{')
	ix := &indexed{g: g}
	several := len(sites) > 1
	for s, st := range sites {
		c, w := x.listOf(st.e.v, st.dom, st.i)
		from, end := x.children(st.e.each, x.up(st.dom, st.e.dom, st.i))
		for j := from; j < end; j++ {
			index := int(x.doms[st.e.each].index[j])
			if !ix.key(index, several) {
				continue
			}
			same := []site{{e: st.e.item, dom: st.e.each, i: j}}
			for _, o := range sites[s+1:] {
				of, oe := x.children(o.e.each, x.up(o.dom, o.e.dom, o.i))
				for k := of; k < oe; k++ {
					if int(x.doms[o.e.each].index[k]) == index {
						same = append(same, site{e: o.e.item, dom: o.e.each, i: k})
					}
				}
			}
			x.pushIndex(index)
			g.value(same, age)
			x.pop()
		}
		ix.beyond(w, min(w.from+int(c.n), w.length), several)
	}
	g.lengths(ix, sites, age)
	n.buf = append(n.buf, '}')
}

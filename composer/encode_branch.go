package composer

import (
	"strconv"
	"unsafe"

	"facet/graph"
)

// A branch is a key of the JSON Graph above views and entities.
type branch struct {
	key   string
	kids  []*branch
	index map[string]*branch
	sites []site
	age   int64 // of sites: how long a view's own leaves keep, in ms; see ages
	group *entities
	note  []byte // an error that stands here instead of a branch
	gone  bool   // an orNotFound decided: a missing marker stands here
	view  bool   // a view stands here, or below
}

// branch writes the keys above views and entities.
func (g *grapher) branch(b *branch) {
	x := g.x
	n := &x.enc
	if b.gone {
		g.missing(b.age)
		return
	}
	if b.note != nil {
		n.buf = append(n.buf, b.note...)
		return
	}
	if len(b.sites) > 0 && len(b.kids) == 0 {
		g.value(b.sites, b.age)
		return
	}
	n.gaps = n.gaps || len(b.sites) > 0
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
			k := x.spaces[gr.space].key(ent)
			key(unsafe.String(unsafe.SliceData(k), len(k))) // at copies what it keeps of the path
			mark := len(g.stack)
			for k := gr.first[ent] - 1; k >= 0; k = g.sites[k].next {
				g.stack = append(g.stack, g.sites[k])
			}
			g.fields(g.stack[mark:], noAge)
			g.stack = g.stack[:mark]
			x.pop()
			if len(n.buf) > x.most() {
				n.tooLarge = true
				break
			}
		}
		n.gaps = n.gaps || len(gr.lost) > 0 && len(gr.order) > 0 // they might be the same, spelled in another way
		for _, k := range gr.lost {
			key(k)
			n.buf = append(n.buf, missing...)
			x.pop()
		}
	}
	n.buf = append(n.buf, '}')
}

const missing = `{"$type":"atom"}`

// missing writes the marker of a value that does not exist.
func (g *grapher) missing(age int64) {
	n := &g.x.enc
	if age == noAge {
		n.buf = append(n.buf, missing...)
		return
	}
	n.buf = append(n.buf, `{"$type":"atom","$expires":`...)
	n.buf = append(strconv.AppendInt(n.buf, -age, 10), '}')
}

// fields writes a branch whose keys are the fields that any of the sites ask for.
func (g *grapher) fields(sites []site, age int64) {
	if len(sites) == 1 && !sites[0].e.twice {
		g.object(sites[0], age)
		return
	}
	x := g.x
	n := &x.enc
	n.buf = append(n.buf, '{')
	some := false
	var done []string
	for s, st := range sites {
	next:
		for _, k := range st.e.kids {
			for _, d := range done {
				if d == k.field {
					continue next
				}
			}
			mark := len(g.stack)
			g.stack = append(g.stack, site{e: k, dom: st.dom, i: st.i})
			for o := s; o < len(sites); o++ {
				for _, ok := range sites[o].e.kids {
					if ok != k && ok.field == k.field {
						g.stack = append(g.stack, site{e: ok, dom: sites[o].dom, i: sites[o].i})
					}
				}
			}
			if some {
				n.buf = append(n.buf, ',')
			}
			some = true
			n.buf = append(appendQuoted(n.buf, k.field), ':')
			x.push(k.field)
			g.value(g.stack[mark:], maxAge(k.cache, age))
			g.stack = g.stack[:mark]
			x.pop()
			done = append(done, k.field)
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
		g.open(age)
		n.buf = append(append(append(n.buf, '"'), e.typ...), '"')
		g.close(age)
	case emitKey, emitID:
		mark := len(n.buf)
		g.open(age)
		if !x.identity(e, st.dom, st.i) {
			n.buf = n.buf[:mark]
			g.null(nullCell, age)
			return
		}
		g.close(age)
	case emitTree:
		if e.v != none {
			c := x.cell(e.v, st.dom, st.i)
			if c.kind != kObject && c.kind != kEntity || c.kind == kEntity && x.missing(c) {
				g.null(e.hole(x.gone(c)), age)
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
			if g.enters {
				g.enter(e, st.dom, st.i, c)
				for _, o := range sites[1:] {
					if c, bad := g.subject(o.e, o.dom, o.i); !bad {
						g.enter(o.e, o.dom, o.i, c)
					}
				}
			}
		}
	case emitMany:
		g.many(sites, age)
	case emitUnion:
		c := x.cell(e.v, st.dom, st.i)
		if c.kind != kObject && c.kind != kEntity {
			g.null(c, age)
			return
		}
		mark := len(g.stack)
		for _, s := range sites {
			if a := g.arm(s.e, s.dom, s.i); a != nil {
				g.stack = append(g.stack, site{e: a, dom: s.dom, i: s.i})
			}
		}
		if len(g.stack) == mark {
			g.null(nullCell, age)
			return
		}
		g.value(g.stack[mark:], age)
		g.stack = g.stack[:mark]
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
	g.open(age)
	switch end := x.until(e, st.dom, st.i, w, w.from+w.want); {
	case e.kind == emitLength:
		x.enc.buf = appendInt(x.enc.buf, w.length)
	case end < w.length && w.want > 0:
		x.enc.buf = appendQuoted(x.enc.buf, EncodeCursor(end))
	default:
		x.enc.buf = append(x.enc.buf, "null"...)
	}
	g.close(age)
}

// open begins a value, which stands in an atom where it expires.
func (g *grapher) open(age int64) {
	if age == noAge {
		return
	}
	g.x.enc.buf = appendOpen(g.x.enc.buf, age)
}

func appendOpen(dst []byte, age int64) []byte {
	if age == noAge {
		return dst
	}
	dst = append(dst, `{"$type":"atom","$expires":`...)
	return append(strconv.AppendInt(dst, -age, 10), `,"value":`...)
}

// close ends a value that was opened.
func (g *grapher) close(age int64) {
	if age != noAge {
		g.x.enc.buf = append(g.x.enc.buf, '}')
	}
}

// atom writes a value that is an atom whether it expires or not: objects and lists are no branches.
func (g *grapher) atom(age int64, c cell) {
	n := &g.x.enc
	if age == noAge {
		n.buf = append(n.buf, `{"$type":"atom","value":`...)
		n.buf = append(g.x.appendJSON(n.buf, c), '}')
		return
	}
	g.open(age)
	n.buf = append(g.x.appendJSON(n.buf, c), '}')
}

// hole is what stands for a value that there is not: null where there must be one is an error of that place, as it is in a tree.
func (e *emit) hole(c cell) cell {
	if c.kind == kNull && c.deg == 0 && e.nonNull {
		return flawed(flawNull)
	}
	return c
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
		g.missing(age)
		return
	}
	if c.deg != 0 {
		n.degraded = append(n.degraded, Degraded{Path: n.at(), Kind: degreeKind(c.deg)})
		age = 0
	}
	g.open(age)
	n.buf = append(n.buf, "null"...)
	g.close(age)
}

func (g *grapher) ref(e *emit, st site, c cell, age int64) {
	x := g.x
	n := &x.enc
	n.buf = appendRef(n.buf, e.shape.name, age)
	args, ok := x.shapeArgs(e, st.dom, st.i)
	n.gaps = n.gaps || !ok
	for _, a := range args {
		n.buf = append(appendQuoted(n.buf, a), ',')
	}
	s, ent := x.entityOf(c)
	n.buf = append(x.appendKey(n.buf, s, ent), "]}"...)
}

// appendRef begins a reference, up to the arguments and the key.
func appendRef(dst []byte, shape string, age int64) []byte {
	dst = append(dst, `{"$type":"ref",`...)
	if age != noAge {
		dst = append(dst, `"$expires":`...)
		dst = append(strconv.AppendInt(dst, -age, 10), ',')
	}
	return append(appendQuoted(append(dst, `"value":[`...), shape), ',')
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
		g.null(st.e.hole(c), age)
		return
	}
	if c.deg != 0 {
		n.degraded = append(n.degraded, Degraded{Path: n.at(), Kind: degreeKind(c.deg)})
		age = 0
	}
	if c.kind == kList {
		if bad := g.items(st.e.ref, c); bad.kind != kMissing {
			g.null(bad, age)
			return
		}
	}
	if c.kind == kRaw || c.kind == kList {
		g.atom(age, c)
		return
	}
	g.open(age)
	n.buf = x.appendJSON(n.buf, c)
	g.close(age)
}

// items looks for what is wrong in a list that is one value: what fails where there must be an item fails the list, what else fails is
// told and null.
func (g *grapher) items(ref graph.TypeRef, c cell) (bad cell) {
	item := graph.TypeRef{}
	if ref.Elem != nil {
		item = *ref.Elem
	}
	x := g.x
	for k := c.off; k < c.off+c.n; k++ {
		it := x.ans[c.ans].cells[k]
		switch it.kind {
		case kList:
			it = g.items(item, it)
		case kNull, kMissing:
			it = (&emit{nonNull: item.NonNull}).hole(nullCell)
		}
		switch {
		case it.kind != kError:
		case item.NonNull:
			return it
		default:
			x.pushIndex(int(k - c.off))
			x.report(x.errorOf(it))
			x.pop()
		}
	}
	return cell{}
}

package composer

import "slices"

// A stencil is what all objects of one emit node have in common where they stand in a JSON Graph: it is worked out once for all of them.
type stencil struct {
	e      *emit // nil: none
	dom    int32
	age    int64
	of     vid // the object whose entity's records most leaves are fields of; none: there is no such
	leaves []stencilLeaf
	text   []byte // of leads that are no kid's own
}

// A stencilLeaf is a kid of a stencil's node, by index.
type stencilLeaf struct {
	lead     lead // up to the value: the key, and the beginning of the atom that the value stands in
	how      readBy
	slot     uint32 // in the record
	nullable bool
	atom     bool   // the value stands in an atom
	optional bool   // an entity without a record has no value, and that is no failure
	place    int32  // that a record must be of; -1: any
	col      int32  // of the records
	recs     []cell // by entity
}

// A readBy is how a leaf comes by its value.
type readBy uint8

const (
	byValue  readBy = iota // as any value does: no lead is known then
	byRecord               // it is a cell of a record
	byKey                  // it is the entity's key
	byID                   // it is the entity's opaque id, which the lead begins
)

// Of a grapher: stencils and lines, and the instances from which on they are worth their making.
const (
	maxStencils = 64
	minStencil  = 3
)

// noStencil is the stencil of objects that are few.
var noStencil = stencil{of: none}

// stencil gives the stencil of objects.
func (g *grapher) stencil(st site, age int64) *stencil {
	if sc := g.onto; sc != nil && sc.e == st.e && sc.dom == st.dom && sc.age == age {
		return sc
	}
	for _, sc := range g.stencils[:g.drawn] {
		if sc.e == st.e && sc.dom == st.dom && sc.age == age {
			g.onto = sc
			return sc
		}
	}
	if g.drawn == maxStencils || g.x.size(st.dom) < minStencil {
		return &noStencil
	}
	if g.drawn == len(g.stencils) {
		g.stencils = append(g.stencils, &stencil{})
	}
	sc := g.stencils[g.drawn]
	g.drawn++
	g.onto = sc
	sc.e, sc.dom, sc.age, sc.of, sc.leaves, sc.text = st.e, st.dom, age, none, sc.leaves[:0], sc.text[:0]
	for j := range st.e.kids {
		sc.leaves = append(sc.leaves, stencilLeaf{})
		g.draw(sc, j)
	}
	return sc
}

// draw works out how a kid is read.
func (g *grapher) draw(sc *stencil, j int) {
	x, k, l := g.x, sc.e.kids[j], &sc.leaves[j]
	switch q := k.quick; {
	case k.kind == emitLeaf && q != nil && q.dom == sc.dom && (sc.of == none || sc.of == q.of):
		col := q.col
		if col < 0 {
			if !x.specOK[q.spec] {
				return
			}
			col = x.specs[q.spec]
		}
		sc.of = q.of
		l.how, l.col, l.recs, l.place, l.slot = byRecord, col, x.cols[col].recs, q.place, uint32(q.slot)
		l.optional, l.nullable = q.nullable, !k.nonNull
	case (k.kind == emitKey || k.kind == emitID && len(k.shape.args) == 0) && k.v != none && (sc.of == none || sc.of == k.v):
		sc.of = k.v
		l.how = byKey
		if k.kind == emitID {
			l.how = byID
		}
	default:
		return
	}
	keeps := maxAge(k.cache, sc.age)
	l.atom = keeps != noAge
	lead := k.key
	if j > 0 {
		lead = k.next
	}
	if k.name != k.field || l.atom || l.how == byID {
		text, from := sc.text, len(sc.text)
		if j > 0 {
			text = append(text, ',')
		}
		text = appendOpen(append(appendQuoted(text, k.field), ':'), keeps)
		if l.how == byID {
			text = append(append(append(text, '"'), k.shape.name...), ':')
		}
		sc.text, lead = text, text[from:]
	}
	l.lead = newLead(lead)
}

// row writes kids of an entity's object from one on, and is the first that there is more to do for; of that one nothing is written.
func (g *grapher) row(sc *stencil, from int, space, ent int32) int {
	x := g.x
	buf := x.enc.buf
	col, rec := none, cell{}
	var cells []cell
	var own []byte
	for j := from; j < len(sc.leaves); j++ {
		l := &sc.leaves[j]
		if l.how != byRecord {
			if l.how == byValue {
				x.enc.buf = buf
				return j
			}
			buf = append(buf, l.lead.text...)
			if l.how == byKey {
				buf = x.appendKey(buf, space, ent)
			} else {
				buf = append(escapeKey(buf, x.spaces[space].key(ent)), '"')
			}
			if l.atom {
				buf = append(buf, '}')
			}
			continue
		}
		if l.col != col {
			col, rec = l.col, cell{}
			if int(ent) < len(l.recs) {
				rec = l.recs[ent]
			}
			if rec.kind == kObject {
				a := &x.ans[rec.ans]
				cells, own = a.cells[rec.off:], a.body
			}
		}
		body, c := own, cell{}
		if rec.kind == kObject && (l.place < 0 || rec.n == uint32(l.place)) {
			c = cells[l.slot]
		} else if rec.kind == kNull && rec.deg == 0 && l.optional {
			c.kind = kNull
		}
		switch {
		case c.deg != 0:
			x.enc.buf = buf
			return j
		case c.kind >= kText && c.kind <= kFloat && c.kind != kDigits:
			if c.ans != rec.ans {
				body = x.body(c.ans)
			}
		case c.kind == kNull && (l.nullable || rec.kind == kNull):
			body, c = nullText, cell{n: uint32(len(nullText))}
		default:
			x.enc.buf = buf
			return j
		}
		size := len(l.lead.text) + int(c.n)
		if cap(buf)-len(buf) < size+short {
			buf = slices.Grow(buf, size+short)
		}
		put(l.lead.put(buf[len(buf):len(buf)+size+short]), body[c.off:], int(c.n))
		buf = buf[:len(buf)+size]
		if l.atom {
			buf = append(buf, '}')
		}
	}
	x.enc.buf = buf
	return len(sc.leaves)
}

// appendKey appends an entity's key in quotes: mostly as it came.
func (x *exec) appendKey(dst []byte, space, ent int32) []byte {
	t := &x.spaces[space]
	if x.p.spaces[space].parts == 1 {
		if c := t.parts[ent]; c.kind == kText {
			return append(dst, x.bytes(c)...)
		}
	}
	return appendQuoted(dst, t.key(ent))
}

// item is subject of what is mostly an item of a list, of which each is looked at once.
func (x *exec) item(id vid, dom, i int32) cell {
	if v := &x.p.vals[id]; v.op == vItem && v.dom == dom && v.memo < 0 {
		return x.doms[dom].items[i]
	}
	return x.subject(id, dom, i)
}

// A line is what all references of one emit node have in common.
type line struct {
	e      *emit // nil: none
	age    int64
	space  int32
	lead   []byte   // up to the key
	loaded [][]cell // records by entity, of which a null says that there is no such entity
	group  *entities
}

// line gives the line of references; nil where they have too little in common.
func (g *grapher) line(e *emit, age int64) *line {
	if ln := g.along; ln != nil && ln.e == e && ln.age == age {
		return ln
	}
	for _, ln := range g.lines[:g.lined] {
		if ln.e == e && ln.age == age {
			g.along = ln
			return ln
		}
	}
	x := g.x
	if g.lined == maxStencils || len(e.shape.args) > 0 || len(e.absent) > 0 || x.p.vals[e.v].space < 0 {
		return nil
	}
	if g.lined == len(g.lines) {
		g.lines = append(g.lines, &line{})
	}
	ln := g.lines[g.lined]
	g.lined++
	g.along = ln
	*ln = line{e: e, age: age, space: x.p.vals[e.v].space, lead: appendRef(ln.lead[:0], e.shape.name, age), loaded: ln.loaded[:0]}
	for _, op := range x.p.loaders {
		if op.space == ln.space {
			ln.loaded = append(ln.loaded, x.cols[op.col].recs)
		}
	}
	return ln
}

// refer writes a reference to an entity, and enters what it leads to. It is false where there is more to do, and nothing is done then.
func (g *grapher) refer(ln *line, dom, i int32) bool {
	x := g.x
	s, ent := x.entityOf(x.item(ln.e.v, dom, i))
	if ent == noEntity || s != ln.space {
		return false
	}
	for _, recs := range ln.loaded {
		if int(ent) < len(recs) && recs[ent].kind == kNull {
			return false
		}
	}
	n := &x.enc
	n.buf = append(x.appendKey(append(n.buf, ln.lead...), s, ent), "]}"...)
	if g.enters {
		if ln.group == nil {
			ln.group = g.group(g.root.kid(ln.e.shape.name))
		}
		g.add(ln.group, ln.e, dom, i, s, ent)
	}
	return true
}

// forget lets go of what stencils and lines hold on to.
func (g *grapher) forget() {
	for _, sc := range g.stencils[:g.drawn] {
		clear(sc.leaves)
		sc.e = nil
	}
	for _, ln := range g.lines[:g.lined] {
		clear(ln.loaded)
		ln.e, ln.group = nil, nil
	}
	g.drawn, g.lined, g.onto, g.along = 0, 0, nil, nil
}

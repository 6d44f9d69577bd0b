package composer

import (
	"encoding/binary"
	"slices"
)

// A quick is how a leaf is read that is a field of an object with an entity: from the record that a column has of the entity. Most
// leaves are that, and all of one object have its entity in common.
type quick struct {
	of       vid   // the object
	dom      int32 // of the leaf's value
	col      int32 // of the records; -1: that of spec
	spec     int32
	place    int32 // that a record must be of; -1: any
	slot     int32 // in the record
	nullable bool  // an entity without a record has no value, and that is no failure
	lead     lead  // its key
}

// quicken finds the leaves that can be read so. It comes after everything else: slots and providers stand then.
func (p *planner) quicken() {
	for _, r := range p.p.roots {
		p.quickenEmit(r.out)
	}
}

func (p *planner) quickenEmit(e *emit) {
	if e == nil {
		return
	}
	if e.kind == emitLeaf {
		e.quick = p.quick(e)
	}
	for i, k := range e.kids {
		p.quickenEmit(k)
		if k.quick == nil {
			continue
		}
		if k.quick.lead = newLead(k.next); i == 0 {
			k.quick.lead = newLead(k.key)
		}
	}
	p.quickenEmit(e.item)
	for i := range e.arms {
		p.quickenEmit(e.arms[i].out)
	}
}

func (p *planner) quick(e *emit) *quick {
	if e.v == none || e.project {
		return nil
	}
	v := &p.p.vals[e.v]
	if v.op != vField || v.memo >= 0 || v.of == none {
		return nil
	}
	if v.facts >= 0 {
		f := p.p.facts[v.facts]
		if len(f.providers) == 0 {
			return nil
		}
		pr := &f.providers[0]
		return &quick{of: v.of, dom: v.dom, col: pr.col, spec: -1, place: -1, slot: pr.slot}
	}
	o := &p.p.vals[v.of]
	if o.op != vFieldOp || o.memo >= 0 || o.dom != v.dom || len(v.slots) != 1 || o.spec < 0 {
		return nil
	}
	s := p.p.specs[o.spec]
	if !s.fixed || p.p.spaces[s.op.space].kind != "" {
		return nil
	}
	return &quick{of: o.of, dom: v.dom, col: -1, spec: o.spec, place: int32(v.slots[0].place), slot: v.slots[0].slot, nullable: !o.ref.NonNull && !e.nonNull}
}

// A lead is what stands before a value: its key with a colon, and a brace or comma.
type lead struct {
	text []byte
	head [2]uint64 // the first 16 bytes
}

func newLead(text []byte) lead {
	var b [short]byte
	copy(b[:], text)
	return lead{text, [2]uint64{binary.LittleEndian.Uint64(b[:]), binary.LittleEndian.Uint64(b[8:])}}
}

// short is how many bytes are copied as two words: what is behind them is written next.
const short = 16

// put writes the lead at the start of to, which has room for short bytes more, and gives what is behind it.
func (l *lead) put(to []byte) []byte {
	if len(l.text) > short {
		return to[copy(to, l.text):]
	}
	binary.LittleEndian.PutUint64(to, l.head[0])
	binary.LittleEndian.PutUint64(to[8:], l.head[1])
	return to[len(l.text):]
}

// put writes n bytes of from at the start of to, which has room for short bytes more, and gives what is behind them.
func put(to, from []byte, n int) []byte {
	if n > short || len(from) < short {
		return to[copy(to, from[:n]):]
	}
	binary.LittleEndian.PutUint64(to, binary.LittleEndian.Uint64(from))
	binary.LittleEndian.PutUint64(to[8:], binary.LittleEndian.Uint64(from[8:]))
	return to[n:]
}

// A holder is the entity of an object whose leaves are written one after another, and the record of it that was read last.
type holder struct {
	of     vid // none: not looked for yet
	e      int32
	col    int32 // of the record
	record cell
	cells  []cell // from the record on
	body   []byte // of its answer
}

// hold finds the entity of an object; noEntity where its leaves are not to be read so.
func (x *exec) hold(of vid, dom, i int32) holder {
	s, e := x.entityOf(x.subject(of, dom, i))
	if e != noEntity {
		if t := &x.spaces[s]; len(t.bad) > 0 && t.bad[e] != 0 {
			e = noEntity
		}
	}
	return holder{of: of, e: e, col: -1}
}

// open reads the entity's record of a column; what it has of no use is left as it is.
func (h *holder) open(x *exec, col int32) {
	h.col, h.record = col, x.cols[col].get(h.e)
	if h.record.kind == kObject {
		a := &x.ans[h.record.ans]
		h.cells, h.body = a.cells[h.record.off:], a.body
	}
}

// leaf finds a leaf in the record of its entity: the first n bytes of from. It is false where there is more to do.
func (h *holder) leaf(x *exec, e *emit, q *quick) (from []byte, n int, ok bool) {
	col := q.col
	if col < 0 {
		if !x.specOK[q.spec] {
			return nil, 0, false
		}
		col = x.specs[q.spec]
	}
	if col != h.col {
		h.open(x, col)
	}
	r := &h.record
	if r.kind != kObject {
		return nullText, len(nullText), r.kind == kNull && r.deg == 0 && q.nullable
	}
	if q.place >= 0 && r.n != uint32(q.place) {
		return nil, 0, false
	}
	c := &h.cells[q.slot]
	if c.deg != 0 {
		return nil, 0, false
	}
	switch c.kind {
	case kText, kEscaped, kInt, kFloat, kBool:
		b := h.body
		if c.ans != r.ans {
			b = x.body(c.ans)
		}
		return b[c.off:], int(c.n), true
	case kNull:
		return nullText, len(nullText), !e.nonNull
	}
	return nil, 0, false
}

// quick writes a leaf from the record of its entity. It is false where there is more to do, and nothing is written then.
func (x *exec) quick(e *emit, q *quick, ent int32) bool {
	h := holder{e: ent, col: -1}
	from, n, ok := h.leaf(x, e, q)
	if ok {
		x.enc.buf = append(x.enc.buf, from[:n]...)
	}
	return ok
}

// quickly writes a leaf with its key as quick writes the leaf, where the object's entity is known.
func (x *exec) quickly(e *emit, q *quick, h *holder) bool {
	from, size, ok := h.leaf(x, e, q)
	if !ok {
		return false
	}
	n := &x.enc
	at := len(n.buf)
	end := at + len(q.lead.text) + size
	if cap(n.buf) < end+short {
		n.buf = slices.Grow(n.buf, end+short-at)
	}
	put(q.lead.put(n.buf[at:end+short]), from, size)
	n.buf = n.buf[:end]
	return true
}

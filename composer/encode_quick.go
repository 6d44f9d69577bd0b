package composer

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
	for _, k := range e.kids {
		p.quickenEmit(k)
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

// A holder is the entity of an object whose leaves are written one after another.
type holder struct {
	of vid // none: not looked for yet
	e  int32
}

// hold finds the entity of an object; noEntity where its leaves are not to be read so.
func (x *exec) hold(of vid, dom, i int32) holder {
	s, e := x.entityOf(x.subject(of, dom, i))
	if e != noEntity {
		if t := &x.spaces[s]; len(t.bad) > 0 && t.bad[e] != 0 {
			e = noEntity
		}
	}
	return holder{of, e}
}

// quick writes a leaf from the record of its entity. It is false where there is more to do, and nothing is written then.
func (x *exec) quick(e *emit, q *quick, ent int32) bool {
	col := q.col
	if col < 0 {
		if !x.specOK[q.spec] {
			return false
		}
		col = x.specs[q.spec]
	}
	recs := x.cols[col].recs
	if int(ent) >= len(recs) {
		return false
	}
	n := &x.enc
	r := recs[ent]
	if r.kind != kObject {
		if r.kind == kNull && r.deg == 0 && q.nullable {
			n.buf = append(n.buf, "null"...)
			return true
		}
		return false
	}
	if q.place >= 0 && r.n != uint32(q.place) {
		return false
	}
	a := &x.ans[r.ans]
	c := a.cells[r.off+uint32(q.slot)]
	if c.deg != 0 {
		return false
	}
	switch c.kind {
	case kText, kEscaped, kInt, kFloat, kBool:
		b := a.body
		if c.ans != r.ans {
			b = x.body(c.ans)
		}
		n.buf = append(n.buf, b[c.off:c.off+c.n]...)
		return true
	case kNull:
		if !e.nonNull {
			n.buf = append(n.buf, "null"...)
			return true
		}
	}
	return false
}

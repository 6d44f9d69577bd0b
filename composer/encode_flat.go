package composer

import "slices"

// A flat is how an item of a list is written whose every field is a scalar of one record of a tier that has no key, as the items of most
// large lists are: row by row from its cells, without a look at the plan for each.
type flat struct {
	place  uint32 // of the records
	width  uint32 // cells of a record that are read
	fixed  int    // bytes of a row but for its values
	leaves []flatLeaf
}

type flatLeaf struct {
	slot     uint32
	nullable bool
	lead     lead // `{"title":` or `,"title":`
}

// flatten finds the lists whose items are flat. It comes when slots and memos stand.
func (p *planner) flatten(e *emit) {
	if e == nil {
		return
	}
	if e.kind == emitMany {
		e.flat = p.flat(e.item, e.each)
	}
	for _, k := range e.kids {
		p.flatten(k)
	}
	p.flatten(e.item)
	for i := range e.arms {
		p.flatten(e.arms[i].out)
	}
}

func (p *planner) flat(e *emit, dom int32) *flat {
	if e == nil || len(e.kids) == 0 || e.v == none || len(e.absent) > 0 || e.kind != emitTree && e.kind != emitRef {
		return nil
	}
	if o := &p.p.vals[e.v]; o.op != vItem || o.dom != dom || o.memo >= 0 {
		return nil
	}
	f := &flat{fixed: 1}
	for i, k := range e.kids {
		if k.kind != emitLeaf || k.project || k.v == none {
			return nil
		}
		v := &p.p.vals[k.v]
		if v.op != vField || v.facts >= 0 || v.memo >= 0 || v.of != e.v || v.dom != dom || len(v.slots) != 1 {
			return nil
		}
		s := v.slots[0]
		if i == 0 {
			f.place = s.place
		}
		if s.place != f.place || p.p.places[s.place].space >= 0 {
			return nil
		}
		l := flatLeaf{slot: uint32(s.slot), nullable: !k.nonNull, lead: newLead(k.next)}
		if i == 0 {
			l.lead = newLead(slices.Concat([]byte("{"), k.key))
		}
		f.width, f.fixed = max(f.width, l.slot+1), f.fixed+len(l.lead.text)
		f.leaves = append(f.leaves, l)
	}
	return f
}

// row writes an item. It is false where there is more to do, and nothing is written then.
func (x *exec) row(f *flat, o cell) bool {
	if o.kind != kObject || o.ans < ansTier || o.n != f.place || o.deg != 0 {
		return false
	}
	a := &x.ans[o.ans]
	record := a.cells[o.off : o.off+f.width]
	size := f.fixed
	for i := range f.leaves {
		l := &f.leaves[i]
		switch c := record[l.slot]; c.kind {
		case kText, kEscaped, kInt, kFloat, kBool:
			if c.deg != 0 || c.ans != o.ans {
				return false
			}
			size += int(c.n)
		case kNull:
			if c.deg != 0 || !l.nullable {
				return false
			}
			size += len(nullText)
		default:
			return false
		}
	}
	n := &x.enc
	at := len(n.buf)
	n.buf = slices.Grow(n.buf, size+short)
	to, body := n.buf[at:at+size+short], a.body
	for i := range f.leaves {
		l := &f.leaves[i]
		to = l.lead.put(to)
		if c := record[l.slot]; c.kind == kNull {
			to = put(to, nullText, len(nullText))
		} else {
			to = put(to, body[c.off:], int(c.n))
		}
	}
	to[0] = '}'
	n.buf = n.buf[:at+size]
	return true
}

var nullText = []byte("null")

package composer

import "facet/fault"

// entityOf gives the entity that an object cell is; noEntity without one.
func (x *exec) entityOf(o cell) (space, e int32) {
	switch o.kind {
	case kEntity:
		return int32(o.off), int32(o.n)
	case kObject:
		if o.ans == 0 {
			return -1, noEntity
		}
		pl := x.p.places[o.n]
		if pl.space < 0 {
			return -1, noEntity
		}
		if h := x.ans[o.ans].cells[o.off]; h.kind == kEntity {
			return pl.space, int32(h.n)
		}
	}
	return -1, noEntity
}

func (x *exec) entityCell(v *pval, dom, i int32) cell {
	var few [4]cell
	parts := few[:0]
	for _, a := range v.args {
		c := x.cell(a, dom, i)
		switch c.kind {
		case kNull, kMissing:
			return cell{kind: kNull, deg: c.deg}
		case kError, kNotFound:
			return c
		}
		parts = append(parts, c)
	}
	e, ok := x.intern(v.space, parts)
	if !ok {
		return nullCell
	}
	return cell{kind: kEntity, off: uint32(v.space), n: uint32(e)}
}

func (x *exec) keyPart(v *pval, dom, i int32) cell {
	o := x.subject(v.of, dom, i)
	if s, e := x.entityOf(o); e != noEntity {
		return x.spaces[s].parts[int(e)*x.p.spaces[s].parts+int(v.idx)]
	}
	if o.kind != kObject {
		return lost(o)
	}
	pl := x.p.places[o.n]
	if int(v.idx) >= len(pl.key) || o.ans == 0 {
		return nullCell
	}
	return x.ans[o.ans].cells[o.off+uint32(pl.key[v.idx])]
}

// field reads a field that comes with objects. Of an entity, the first provider that delivered gives it.
func (x *exec) field(v *pval, o cell, dom, i int32) cell {
	if o.kind != kObject && o.kind != kEntity {
		return lost(o)
	}
	if v.facts >= 0 {
		if s, e := x.entityOf(o); e != noEntity {
			if t := &x.spaces[s]; len(t.bad) > 0 && t.bad[e] != 0 {
				return cell{kind: kError, off: uint32(t.bad[e] - 1)}
			}
			return x.fact(x.p.facts[v.facts], e)
		}
	}
	if o.kind == kObject && o.ans != 0 {
		for _, s := range v.slots {
			if s.place == o.n {
				if c := x.ans[o.ans].cells[o.off+uint32(s.slot)]; c.kind != kMissing {
					return c
				}
				break
			}
		}
	}
	if v.ref.NonNull {
		return flawed(flawNull)
	}
	return cell{kind: kNull, deg: o.deg}
}

func (x *exec) fact(f *fact, e int32) cell {
	var failed cell
	gone := false
	for k := range f.providers {
		pr := &f.providers[k]
		if x.limit != 0 && pr.level >= x.limit {
			break
		}
		col := &x.cols[pr.col]
		r := col.get(e)
		switch r.kind {
		case kObject:
			if !x.visible(col, e) {
				continue
			}
			c := x.ans[r.ans].cells[r.off+uint32(pr.slot)]
			switch c.kind {
			case kMissing:
				gone = gone || pr.rows
			case kError:
				if failed.kind == kMissing {
					failed = c
				}
			default:
				return c
			}
		case kNull:
			return nullCell // the loader does not know the entity
		case kError:
			if failed.kind == kMissing {
				failed = r
			}
		case kPending:
			if failed.kind == kMissing {
				failed = x.unfinished()
			}
		}
	}
	switch {
	case failed.kind != kMissing:
		return failed
	case gone && f.field.Type.NonNull:
		return flawed(flawNull)
	case gone:
		return nullCell
	case x.late != nil:
		return x.fail(x.late)
	case f.field.Type.NonNull:
		return flawed(flawNull)
	}
	return nullCell
}

// unfinished is what stands for a value that nobody waits for any more.
func (x *exec) unfinished() cell {
	if x.late != nil {
		return x.fail(x.late)
	}
	return x.fail(&fault.Error{Kind: fault.Timeout, Op: "tier", Message: "the tier did not answer within its budget"})
}

// missing says that a loader was asked for an entity and does not know it.
func (x *exec) missing(o cell) bool {
	s, e := x.entityOf(o)
	if e == noEntity {
		return false
	}
	for _, op := range x.p.loaders {
		if op.space == s && x.cols[op.col].get(e).kind == kNull {
			return true
		}
	}
	return false
}

// fieldOp reads what a field's own operation gave.
func (x *exec) fieldOp(v *pval, dom, i int32) cell {
	col, e, bad := x.locate(v, dom, i)
	if bad.kind != kMissing {
		return bad
	}
	c := x.cols[col].get(e)
	switch c.kind {
	case kPending:
		return x.unfinished()
	case kMissing:
		if x.late != nil {
			return x.fail(x.late)
		}
		return nullCell
	case kNull:
		if v.ref.NonNull {
			return flawed(flawNull)
		}
	}
	return c
}

// locate finds the column and the entity that a field operation's value stands at; bad is set if there is none.
func (x *exec) locate(v *pval, dom, i int32) (col, e int32, bad cell) {
	o := x.subject(v.of, dom, i)
	if o.kind != kObject && o.kind != kEntity {
		return 0, 0, lost(o)
	}
	s := x.p.specs[v.spec]
	_, e = x.entityOf(o)
	if x.p.spaces[s.op.space].kind != "" { // without a key: told apart by what the call takes
		e = 0
		if s.needs > 0 {
			parts := make([]cell, 0, 4)
			for _, n := range v.args[len(v.args)-s.needs:] {
				parts = append(parts, x.cell(n, dom, i))
			}
			k, ok := x.intern(s.op.space, parts)
			if !ok {
				return 0, 0, nullCell
			}
			e = k
		}
	}
	if e == noEntity {
		return 0, 0, nullCell
	}
	col, bad = x.specColumn(v.spec, dom, i)
	return col, e, bad
}

package composer

// plainUse says whether a use asks by nothing but the key of the entity that an item of its domain is. as is the vAs between the two, or
// nil.
func (x *exec) plainUse(st *planOp, u *use) (as *pval, ok bool) {
	if u.dom == 0 || u.guard >= 0 || st.effect >= 0 || len(u.args) > 0 || len(x.p.conds[u.conds]) > 0 {
		return nil, false
	}
	of := u.of
	if u.spec >= 0 {
		v := &x.p.vals[u.value]
		if v.dom != u.dom || !x.p.specs[v.spec].fixed || x.p.spaces[st.op.space].kind != "" {
			return nil, false
		}
		of = v.of
	}
	for _, n := range u.needs {
		if v := &x.p.vals[n]; v.op != vKeyPart || v.of != of {
			return nil, false
		}
	}
	o := &x.p.vals[of]
	if o.op == vAs && o.dom == u.dom && o.memo < 0 {
		as, o = o, &x.p.vals[o.of]
	}
	return as, o.op == vItem && o.dom == u.dom && o.memo < 0
}

// gatherItems is gatherOne for all items of a plain use's domain. What is not simply an entity that nobody has asked for is left to it.
func (x *exec) gatherItems(st *planOp, state *stepState, u *use, as *pval, again []bool) {
	items := x.doms[u.dom].items
	col, at := st.op.col, -1
	for i := range items {
		if again != nil && again[i] {
			continue
		}
		o := items[i]
		space, e := x.entityOf(o)
		if as != nil && x.member(as, o).kind != o.kind {
			e = noEntity
		}
		if e == noEntity {
			x.gatherOne(st, state, u, int32(i))
			continue
		}
		if u.spec < 0 {
			if !x.needed(u, e) {
				continue
			}
		} else if at < 0 {
			c, bad := x.specColumn(x.p.vals[u.value].spec, u.dom, int32(i))
			if bad.kind != kMissing {
				x.gatherOne(st, state, u, int32(i))
				continue
			}
			col = c
		}
		rec := x.cols[col].at(e)
		if rec.kind != kMissing {
			if rec.kind == kPending {
				x.join(st, state, int32(rec.off))
			}
			continue
		}
		if t := &x.spaces[st.op.space]; len(t.bad) > 0 && t.bad[e] != 0 {
			x.gatherOne(st, state, u, int32(i))
			continue
		}
		if at < 0 {
			at = x.groupAt(col, u.spec, u, int32(i))
			rec = x.cols[col].at(e)
		}
		g := &x.groups[at]
		parts := x.spaces[space].parts[int(e)*x.p.spaces[space].parts:]
		asked := len(g.vals)
		for _, n := range u.needs {
			c := parts[x.p.vals[n].idx]
			if c.kind == kError {
				*rec, g.vals = c, g.vals[:asked]
				break
			}
			g.vals = append(g.vals, c)
		}
		if rec.kind == kMissing {
			*rec = cell{kind: kPending, off: uint32(st.index)}
			g.es = append(g.es, e)
		}
	}
}

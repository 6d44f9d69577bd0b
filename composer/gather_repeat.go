package composer

// What a step asks for an item of a list is mostly asked by the item's entity alone. Lists of lists name the same entities over and over: a
// step looks at the first item of each, and at nothing below the others.

// repeated finds the uses and the lists of which that is known. It comes when facts and columns stand.
func (p *planner) repeated() {
	items := make([]vid, len(p.p.domains))
	for i := range items {
		items[i] = none
	}
	for i := range p.p.vals {
		if v := &p.p.vals[i]; v.op == vItem && items[v.dom] == none {
			items[v.dom] = vid(i)
		}
	}
	all := make([]*owing, len(p.p.domains))
	for d, item := range items {
		if item != none {
			all[d] = &owing{p: p.p, root: item, known: map[vid]bool{}}
		}
	}
	for d := range p.p.domains {
		if dom := &p.p.domains[d]; d > 0 && all[dom.parent] != nil {
			dom.alone = all[dom.parent].value(dom.list)
		}
	}
	for _, st := range p.p.steps {
		for _, u := range st.uses {
			if t := all[u.dom]; t != nil && st.effect < 0 {
				u.alone = t.use(u)
			}
		}
	}
}

// use says whether what is asked owes all to the entity.
func (t *owing) use(u *use) bool {
	if u.guard >= 0 || !t.values(t.p.conds[u.conds]) || !t.values(u.needs) || !t.values(u.args) {
		return false
	}
	if u.spec < 0 {
		return t.object(u.of)
	}
	if w := t.p.specs[u.spec].window; w >= 0 && t.p.windows[w].first != none && !t.value(t.p.windows[w].first) {
		return false
	}
	return t.value(u.value)
}

// stood says by instance of a domain whether its entity, or that of a list above it, stood in an instance before.
func (x *exec) stood(dom int32) []bool {
	d, pd := &x.doms[dom], &x.p.domains[dom]
	if len(d.again) == len(d.items) {
		return d.again
	}
	var above []bool
	if pd.alone {
		above = x.stood(pd.parent)
	}
	d.again = grow(d.again, len(d.items))
	clear(d.again)
	clear(d.met)
	d.met = d.met[:0]
	of := int32(-1)
	for i, c := range d.items {
		if above != nil && above[d.parent[i]] {
			d.again[i] = true
			continue
		}
		s, e := x.entityOf(c)
		if e == noEntity || c.deg != 0 || of >= 0 && s != of {
			continue
		}
		of = s
		if int(e) >= len(d.met) {
			d.met = grow(d.met, int(e)+1)
		}
		d.again[i], d.met[e] = d.met[e], true
	}
	return d.again
}

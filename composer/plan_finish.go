package composer

import (
	"slices"
	"sort"

	"facet/graph"
)

// finish decides what each value reads and each operation waits for, and compiles the answers' programs.
func (p *planner) finish() {
	pl := p.p
	for again := true; again; {
		before := p.slotCount()
		for _, fc := range pl.facts {
			if fc.loaded == nil {
				continue
			}
			for _, place := range pl.places { // appended to while we go: the next round sees them
				if place.typ == fc.typ && place.space >= 0 && !place.row {
					p.want(place, fc.field)
				}
			}
		}
		for i := range pl.vals {
			p.sources(vid(i))
		}
		again = p.slotCount() != before
	}
	for _, op := range pl.ops {
		p.compile(op)
	}
	for _, fc := range pl.facts {
		p.providers(fc)
	}
	for _, st := range pl.steps {
		p.order(st)
	}
	for _, st := range pl.steps {
		for _, w := range st.waits {
			pl.steps[w].thenDone = append(pl.steps[w].thenDone, int32(st.index))
		}
		for _, b := range st.behind {
			pl.steps[b].thenSent = append(pl.steps[b].thenSent, int32(st.index))
		}
	}
	for i, s := range pl.specs {
		alone := !slices.ContainsFunc(pl.specs, func(o *spec) bool { return o != s && o.op == s.op })
		if s.fixed && (alone || s.effect >= 0) {
			s.col = p.column()
			pl.fixed = append(pl.fixed, fixedColumn{s.col, int32(i)})
		}
	}
}

func (p *planner) slotCount() int {
	n := len(p.p.places)
	for _, pl := range p.p.places {
		n += len(pl.slots)
	}
	return n
}

// sources finds the places that a value's records may have, and wants the fields that are read of them there.
func (p *planner) sources(id vid) {
	v := p.at(id)
	var from []*place
	add := func(pl *place) {
		if pl == nil {
			return
		}
		if pl.cases != nil {
			for _, c := range pl.cases {
				if !slices.Contains(from, c.place) {
					from = append(from, c.place)
				}
			}
			return
		}
		if !slices.Contains(from, pl) {
			from = append(from, pl)
		}
	}
	of := func(o vid) {
		if o != none {
			for _, pl := range p.at(o).from {
				add(pl)
			}
		}
	}
	switch v.op {
	case vItem:
		of(p.p.domains[v.dom].list)
	case vCut, vOrNull, vOrElse, vOrAbsent, vGuarded:
		of(v.of)
	case vAs:
		for _, pl := range p.at(v.of).from {
			if pl.typ == v.typ {
				add(pl)
			}
		}
	case vPick, vWhen, vByMember:
		for _, c := range v.cases {
			of(c.value)
		}
		for _, a := range v.args {
			of(a)
		}
		of(v.els)
	case vFieldOp:
		add(p.p.specs[v.spec].op.root)
	case vField:
		for _, pl := range p.at(v.of).from {
			fd := pl.typ.Field(v.name)
			if fd == nil || pl.typ.Keyed() && v.slot < 0 && pl.space >= 0 {
				continue
			}
			if s := p.want(pl, fd); s != nil {
				v = p.at(id)
				if !slices.ContainsFunc(v.slots, func(x placeSlot) bool { return x.place == uint32(pl.index) }) {
					v.slots = append(v.slots, placeSlot{uint32(pl.index), s.at})
				}
				add(s.child)
			}
		}
		if v.facts >= 0 {
			fc := p.p.facts[v.facts]
			for _, pl := range p.p.places {
				if pl.typ == fc.typ && pl.space >= 0 {
					if s := pl.slot(fc.field.Name); s != nil {
						add(s.child)
					}
				}
			}
			if fc.loaded != nil {
				add(fc.child)
			}
		}
	}
	p.at(id).from = from
}

func (pl *place) slot(name string) *slot {
	for _, s := range pl.slots {
		if s.name == name {
			return s
		}
	}
	return nil
}

func (op *opPlan) level() int32 {
	l := int32(1 << 30)
	for _, st := range op.ops {
		l = min(l, st.level)
	}
	return l
}

// providers lists what gives a fact.
func (p *planner) providers(fc *fact) {
	for _, pl := range p.p.places {
		if pl.typ != fc.typ || pl.space < 0 || pl.row || pl.col < 0 {
			continue
		}
		if s := pl.slot(fc.field.Name); s != nil {
			fc.providers = append(fc.providers, provider{col: pl.col, slot: s.at, level: pl.op.level(), order: int32(pl.op.op.Index)<<12 | int32(pl.order), op: pl.op})
		}
	}
	if l := fc.loaded; l != nil {
		fc.providers = append(fc.providers, provider{col: l.col, slot: fc.loadedSlot, level: l.level(), order: int32(l.op.Index) << 12, rows: true, op: l})
	}
	sort.SliceStable(fc.providers, func(i, j int) bool {
		a, b := fc.providers[i], fc.providers[j]
		if a.level != b.level {
			return a.level < b.level
		}
		return a.order < b.order
	})
}

// order decides what a step waits for beyond its own inputs.
func (p *planner) order(st *planOp) {
	for _, o := range st.op.ops {
		if o != st && (o.level < st.level || o.level == st.level && o.index < st.index) && p.mayShare(o, st) {
			st.behind = append(st.behind, int32(o.index))
		}
	}
	wait := func(op *opPlan) {
		for _, q := range op.ops {
			if q.level < st.level && !slices.Contains(st.waits, int32(q.index)) && !(q.op == st.op) {
				st.waits = append(st.waits, int32(q.index))
			}
		}
	}
	seen := map[vid]bool{}
	for _, u := range st.uses {
		if st.spec < 0 { // what answers give whole is not loaded again
			for _, f := range u.facts {
				for _, pr := range p.p.facts[f].providers {
					wait(pr.op)
				}
			}
		}
		for _, v := range append(append(append([]vid{u.of}, u.needs...), u.args...), p.p.conds[u.conds]...) {
			p.reads(v, seen, wait)
		}
		for k := u.guard; k >= 0; k = p.p.guards[k].next {
			p.reads(p.p.guards[k].value, seen, wait)
		}
		if st.spec >= 0 {
			for _, v := range p.p.specs[st.spec].args {
				p.reads(v, seen, wait)
			}
		}
	}
	slices.Sort(st.waits)
}

// reads visits the facts that a value reads.
func (p *planner) reads(id vid, seen map[vid]bool, wait func(*opPlan)) {
	if id == none || seen[id] {
		return
	}
	seen[id] = true
	v := p.at(id)
	if v.facts >= 0 {
		for _, pr := range p.p.facts[v.facts].providers {
			wait(pr.op)
		}
	}
	p.reads(v.of, seen, wait)
	p.reads(v.els, seen, wait)
	for _, a := range v.args {
		p.reads(a, seen, wait)
	}
	for _, c := range v.cases {
		p.reads(c.value, seen, wait)
	}
	if v.op == vItem {
		p.reads(p.p.domains[v.dom].list, seen, wait)
	}
}

// mayShare says whether two steps of one operation could ask for the same: not if they differ in a literal argument.
func (p *planner) mayShare(a, b *planOp) bool {
	if a.spec == b.spec || a.spec < 0 || b.spec < 0 {
		return true
	}
	x, y := p.p.specs[a.spec], p.p.specs[b.spec]
	for i := range x.args {
		if x.args[i] == none || y.args[i] == none {
			continue
		}
		v, w := p.at(x.args[i]), p.at(y.args[i])
		if v.op == vConst && w.op == vConst && v.lit != w.lit {
			return false
		}
	}
	return true
}

// compile makes the program that reads an operation's answers.
func (p *planner) compile(op *opPlan) {
	sel := op.op.Selection
	if sel == nil {
		sel = &graph.Selection{}
	}
	child := op.root
	if op.rows != nil {
		child = op.rows
	}
	op.prog.trie.add(sel.Path.Steps, rootValue, p.progValue(op.ref, sel, child))
	if pg := op.op.Page; pg != nil {
		if pg.Total != nil {
			op.prog.trie.add(pg.Total.Steps, rootTotal, &progValue{scalar: scalarInt})
		}
		if pg.Next != nil {
			op.prog.trie.add(pg.Next.Steps, rootNext, &progValue{scalar: scalarRaw})
		}
	}
	op.prog.number()
	op.fields = wantedFields(op)
}

func wantedFields(op *opPlan) []string {
	var out []string
	var walk func(prefix string, pl *place)
	walk = func(prefix string, pl *place) {
		for _, c := range pl.cases {
			walk(prefix, c.place)
		}
		for _, s := range pl.slots {
			name := prefix + s.name
			before := len(out)
			if s.child != nil {
				walk(name+".", s.child)
			}
			if len(out) == before { // a leaf, or an object of which only that it is there is wanted
				out = append(out, name)
			}
		}
	}
	switch {
	case op.rows != nil:
		walk("", op.rows)
	case op.root != nil:
		walk("", op.root)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

package composer

import "slices"

// A way is why the answer shows a computed value: every gate must be open for an instance. Ways only say which rows are
// worth computing together; a row that is needed all the same is computed when it is read.
type way []gate

// A gate is a choice that the answer makes for an instance of a value's domain.
type gate struct {
	kind gateKind
	v    vid    // the choice
	arm  int32  // gateArm: of a pick's cases or a when's two; -1: the pick's else
	typ  string // gateMember
	dom  int32  // of the choice
}

type gateKind uint8

const (
	gateMember gateKind = iota // the union's item v is of the type typ
	gateArm                    // the pick or when v takes an arm
	gateElse                   // the orElse v has to fall back
)

// maxWays bounds the ways of one value: with more of them it is computed for every instance.
const maxWays = 8

// ways finds out for every computed value where the answer shows it.
func (p *planner) ways() {
	has := make([]bool, len(p.p.vals)) // whether something computed is in the value; operands come before
	any := false
	for i := range p.p.vals {
		v := &p.p.vals[i]
		has[i] = v.op == vComputed
		p.operands(v, func(o vid) { has[i] = has[i] || has[o] })
		any = any || has[i]
	}
	p.p.ways = make([][]way, p.p.memos)
	if !any {
		return
	}
	w := &wayfinder{planner: p, has: has}
	for _, r := range p.p.roots {
		w.emit(r.out, nil)
		for _, a := range r.absent {
			w.value(a, nil)
		}
	}
}

// operands gives every value that a value is made of, as far as they were there before it.
func (p *planner) operands(v *pval, each func(vid)) {
	give := func(o vid) {
		if o != none && int(o) < len(p.p.vals) {
			each(o)
		}
	}
	give(v.of)
	give(v.els)
	for _, a := range v.args {
		give(a)
	}
	for _, c := range v.cases {
		give(c.value)
	}
}

type wayfinder struct {
	*planner
	has  []bool
	seen map[vid]bool // of the place that is looked at
}

func (w *wayfinder) emit(e *emit, gates way) {
	if e == nil {
		return
	}
	if e.v != none {
		w.value(e.v, gates)
	}
	for _, a := range e.absent {
		w.value(a, gates)
	}
	if e.shape != nil {
		for _, a := range e.shape.args {
			w.value(a, gates)
		}
	}
	for _, k := range e.kids {
		w.emit(k, gates)
	}
	w.emit(e.item, gates)
	for _, a := range e.arms {
		w.emit(a.out, w.through(gates, gate{kind: gateMember, v: e.v, typ: a.member}))
	}
}

func (w *wayfinder) through(gates way, g gate) way {
	g.dom = w.at(g.v).dom
	return append(slices.Clip(gates), g)
}

// value adds a way for everything computed in a value.
func (w *wayfinder) value(id vid, gates way) {
	if !w.has[id] {
		return
	}
	clear(w.seen)
	w.walk(id, gates)
}

func (w *wayfinder) walk(id vid, gates way) {
	if id == none || !w.has[id] || w.seen[id] {
		return
	}
	if w.seen == nil {
		w.seen = map[vid]bool{}
	}
	w.seen[id] = true
	v := w.at(id)
	switch v.op {
	case vPick:
		w.walk(v.of, gates)
		for k, c := range v.cases {
			w.walk(c.value, w.through(gates, gate{kind: gateArm, v: id, arm: int32(k)}))
		}
		w.walk(v.els, w.through(gates, gate{kind: gateArm, v: id, arm: -1}))
		return
	case vWhen:
		w.walk(v.of, gates)
		w.walk(v.args[0], w.through(gates, gate{kind: gateArm, v: id}))
		w.walk(v.els, w.through(gates, gate{kind: gateArm, v: id, arm: 1}))
		return
	case vOrElse:
		w.walk(v.of, gates)
		w.walk(v.els, w.through(gates, gate{kind: gateElse, v: id}))
		return
	case vComputed:
		w.add(v, gates)
	}
	w.operands(v, func(o vid) { w.walk(o, gates) })
}

// add notes a way, without the gates that lie deeper than the value: for those it has no instance.
func (w *wayfinder) add(v *pval, gates way) {
	ways := &w.p.ways[v.memo]
	var own way
	for _, g := range gates {
		if w.p.domains[g.dom].depth <= w.p.domains[v.dom].depth {
			own = append(own, g)
		}
	}
	if slices.ContainsFunc(*ways, func(o way) bool { return len(o) == 0 || slices.Equal(o, own) }) {
		return
	}
	if len(own) == 0 || len(*ways) == maxWays {
		*ways = []way{nil}
		return
	}
	*ways = append(*ways, own)
}

// shown says whether the answer shows a computed value for an instance.
func (x *exec) shown(ways []way, dom, i int32) bool {
next:
	for _, w := range ways {
		for k := range w {
			if !x.open(&w[k], dom, i) {
				continue next
			}
		}
		return true
	}
	return false
}

func (x *exec) open(g *gate, dom, i int32) bool {
	v := &x.p.vals[g.v]
	switch g.kind {
	case gateMember:
		switch c := x.subject(g.v, dom, i); c.kind {
		case kObject:
			return x.p.places[c.n].typ.Name == g.typ
		case kEntity:
			return x.p.spaces[c.off].typ.Name == g.typ
		}
		return false
	case gateElse:
		c := x.cell(v.of, dom, i)
		return c.kind == kError || c.kind == kNull
	}
	c := x.cell(v.of, dom, i)
	if c.kind == kError || c.kind == kNotFound {
		return false
	}
	if v.op == vWhen {
		return x.isTrue(c) == (g.arm == 0)
	}
	for k := range v.cases {
		if x.same(c, v.cases[k].lit) {
			return int32(k) == g.arm
		}
	}
	return g.arm == -1
}

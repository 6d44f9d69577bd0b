package composer

import (
	"slices"
	"time"
)

// A wait is an operation behind a value, with the budget of the use: 0 is patient.
type wait struct {
	step   int32
	within int32 // microseconds
}

// demanded says when a value is there.
type demanded struct {
	level int32
	waits []wait
}

type demandKey struct {
	v     vid
	conds int32
	key   bool
}

type stepKey struct {
	op    *opPlan
	spec  int32
	level int32
}

func (d *demanded) join(o demanded) {
	d.level = max(d.level, o.level)
	for _, w := range o.waits {
		i := slices.IndexFunc(d.waits, func(x wait) bool { return x.step == w.step })
		if i < 0 {
			d.waits = append(d.waits, w)
			continue
		}
		if d.waits[i].within != 0 && (w.within == 0 || w.within > d.waits[i].within) {
			d.waits[i].within = w.within
		}
	}
}

// demand makes the plan load what a value needs, wherever the conditions hold.
func (p *planner) demand(v vid, conds int32) demanded { return p.want1(demandKey{v, conds, false}) }

// demandKey makes the plan load what an object's key needs: often nothing.
func (p *planner) demandKey(v vid, conds int32) demanded { return p.want1(demandKey{v, conds, true}) }

func (p *planner) want1(k demandKey) demanded {
	if k.v == none {
		return demanded{}
	}
	if d, ok := p.demands[k]; ok {
		return d
	}
	d := p.demandNew(k)
	p.demands[k] = d
	return d
}

func (p *planner) demandNew(k demandKey) demanded {
	v := *p.at(k.v)
	conds := k.conds
	var d demanded
	of := func(o vid) { d.join(p.want1(demandKey{o, conds, k.key})) }
	all := func(vs []vid) {
		for _, a := range vs {
			d.join(p.demand(a, conds))
		}
	}
	switch v.op {
	case vConst, vParam, vContext, vRoot, vValid, vHandler:
	case vItem:
		d.join(p.demand(p.p.domains[v.dom].list, conds))
	case vKeyPart:
		d.join(p.demandKey(v.of, conds))
	case vEntity, vInput, vList, vComputed, vFormat, vAnd, vOr:
		all(v.args)
	case vIs, vNot, vAs, vSplit:
		of(v.of)
	case vByMember:
		of(v.of)
		all(v.args)
	case vCut:
		of(v.of)
		all(v.args)
	case vGuarded:
		of(v.of)
		g := p.p.guards[v.guard]
		all([]vid{g.value, g.in})
	case vOrNull, vOrElse, vOrAbsent:
		of(v.of)
		if v.idx > 0 {
			d.waits = slices.Clone(d.waits)
			for i := range d.waits {
				if w := &d.waits[i].within; *w == 0 || *w > v.idx {
					*w = v.idx
				}
			}
		}
		if v.els != none {
			d.join(p.demand(v.els, conds))
		}
	case vPick:
		d.join(p.demand(v.of, conds))
		for i, c := range v.cases {
			d.join(p.arm(c.value, k, func() vid { return p.chosen(v, i) }))
		}
		d.join(p.arm(v.els, k, func() vid { return p.chosen(v, len(v.cases)) }))
	case vWhen:
		d.join(p.demand(v.of, conds))
		d.join(p.arm(v.args[0], k, func() vid { return v.of }))
		d.join(p.arm(v.els, k, func() vid {
			n := blank(vNot)
			n.of = v.of
			return p.add(n)
		}))
	case vField:
		if v.slot >= 0 {
			d.join(p.demand(v.of, conds))
			break
		}
		d = p.load(v.of, conds, p.p.facts[v.facts].loaded, v.facts)
	case vFieldOp:
		d = p.call(k.v, conds)
	}
	return d
}

// arm demands one arm of a choice: under the condition that it is taken, where it loads something.
func (p *planner) arm(v vid, k demandKey, cond func() vid) demanded {
	if v == none {
		return demanded{}
	}
	if p.at(v).loads {
		k.conds = p.condition(k.conds, cond())
	}
	k.v = v
	return p.want1(k)
}

// chosen is the condition that arm i of a pick is taken; len(cases) is its else.
func (p *planner) chosen(v pval, i int) vid {
	is := func(c cell) vid {
		n := blank(vIs)
		n.of = v.of
		n.lit = c
		return p.add(n)
	}
	if i < len(v.cases) {
		return is(v.cases[i].lit)
	}
	or := blank(vOr)
	for _, c := range v.cases {
		or.args = append(or.args, is(c.lit))
	}
	n := blank(vNot)
	n.of = p.add(or)
	return p.add(n)
}

// condition adds a condition to a set; sets are interned, 0 is the empty one.
func (p *planner) condition(set int32, c vid) int32 {
	if slices.Contains(p.p.conds[set], c) {
		return set
	}
	next := append(slices.Clone(p.p.conds[set]), c)
	slices.Sort(next)
	for i, o := range p.p.conds {
		if slices.Equal(o, next) {
			return int32(i)
		}
	}
	d := p.condsBy[set]
	d.waits = slices.Clone(d.waits)
	d.join(p.demand(c, set))
	p.p.conds = append(p.p.conds, next)
	p.condsBy = append(p.condsBy, d)
	return int32(len(p.p.conds) - 1)
}

// load demands that an entity is loaded; facts is what is wanted of it, -1: that it exists.
func (p *planner) load(of vid, conds int32, l *opPlan, fact int32) demanded {
	in := p.demandKey(of, conds)
	u := &use{of: of, dom: p.at(of).dom, conds: conds, spec: -1, guard: -1}
	t := p.at(of).typ
	for _, n := range l.op.Needs {
		u.needs = append(u.needs, p.field(of, n, nil, -1))
	}
	for i, a := range l.op.Args { // entity: true: the arguments are the key
		k := slices.Index(t.Key, a)
		if k < 0 {
			k = min(i, len(t.Key)-1)
		}
		u.args = append(u.args, p.field(of, t.Key[k], nil, -1))
	}
	return p.use(l, -1, in, u, fact)
}

// exists demands that an entity is known to exist or not.
func (p *planner) exists(of vid, conds int32) demanded {
	o := p.at(of)
	if o.typ == nil || o.space < 0 || !o.typ.Loadable() || p.root(of) != vEntity {
		return p.demand(of, conds)
	}
	return p.load(of, conds, p.loaderPlan(o.typ.Loaders[0], o.typ), -1)
}

// root is what an object is, below policies.
func (p *planner) root(v vid) vop {
	for {
		o := p.at(v)
		switch o.op {
		case vOrNull, vOrElse, vOrAbsent, vGuarded:
			v = o.of
		default:
			return o.op
		}
	}
}

// call demands a field's own operation.
func (p *planner) call(v vid, conds int32) demanded {
	o := *p.at(v)
	s := p.p.specs[o.spec]
	if s.effect >= 0 {
		return demanded{level: s.effect + 1, waits: []wait{{step: p.p.effects[s.effect]}}}
	}
	in := p.demandKey(o.of, conds)
	in.waits = slices.Clone(in.waits)
	for _, a := range o.args {
		in.join(p.demand(a, conds))
	}
	for k := o.guard; k >= 0; k = p.p.guards[k].next {
		in.join(p.demand(p.p.guards[k].value, conds))
		in.join(p.demand(p.p.guards[k].in, conds))
	}
	u := &use{of: o.of, dom: o.dom, conds: conds, spec: o.spec, guard: o.guard, value: v}
	if n := s.needs; n <= len(o.args) {
		u.needs = o.args[len(o.args)-n:]
	}
	if p.at(o.of).op == vRoot {
		u.needs = nil
	}
	return p.use(s.op, o.spec, in, u, -1)
}

// use adds a use to the step of its operation and level.
func (p *planner) use(op *opPlan, spec int32, in demanded, u *use, fact int32) demanded {
	for _, vs := range [][]vid{u.needs, u.args, p.p.conds[u.conds]} { // the instances are those of what is deepest
		for _, v := range vs {
			if d := p.at(v).dom; p.p.domains[d].depth > p.p.domains[u.dom].depth {
				u.dom = d
			}
		}
	}
	in.waits = slices.Clone(in.waits)
	in.join(p.condsBy[u.conds])
	in.level = max(in.level, p.base)
	for _, w := range p.after {
		in.join(demanded{level: p.base, waits: []wait{w}})
	}
	k := stepKey{op, spec, in.level + 1}
	st := p.stepKey[k]
	if st == nil {
		st = &planOp{index: len(p.p.steps), level: k.level, op: op, spec: spec, effect: -1}
		p.p.steps = append(p.p.steps, st)
		op.ops = append(op.ops, st)
		p.stepKey[k] = st
	}
	p.consume(in)
	for _, w := range in.waits {
		if !slices.Contains(st.waits, w.step) {
			st.waits = append(st.waits, w.step)
		}
	}
	i := slices.IndexFunc(st.uses, func(o *use) bool { return o.of == u.of && o.conds == u.conds && slices.Equal(o.needs, u.needs) })
	if i < 0 {
		st.uses = append(st.uses, u)
	} else {
		u = st.uses[i]
	}
	if fact >= 0 {
		if !slices.Contains(u.facts, fact) {
			u.facts = append(u.facts, fact)
		}
	} else if spec < 0 {
		u.exists = true
	}
	return demanded{level: k.level, waits: []wait{{step: int32(st.index)}}}
}

// consume registers how long a use waits for the operations behind it.
func (p *planner) consume(d demanded) {
	for _, w := range d.waits {
		op := p.p.steps[w.step].op
		if w.within == 0 {
			op.patient = true
		} else {
			op.within = max(op.within, time.Duration(w.within)*time.Microsecond)
		}
	}
}

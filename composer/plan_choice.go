package composer

import (
	"bytes"
	"slices"

	"facet/view"
)

// static says whether a value is known from the asker alone.
func (p *planner) askerOnly(v vid) bool { return p.at(v).op == vContext }

// pick chooses by a value. Over who asks, and where the arms load something, the choice is the plan's.
func (p *planner) pick(f *frame, sv *view.Value) vid {
	of := p.value(f, sv.Of)
	if p.askerOnly(of) {
		arms := make([]vid, 0, len(sv.Cases)+1)
		differ := false
		for _, c := range sv.Cases {
			arms = append(arms, p.value(f, c.Value))
		}
		arms = append(arms, p.value(f, sv.Else))
		for _, a := range arms {
			differ = differ || a != none && p.at(a).loads
		}
		if differ {
			k := fork{path: p.at(of).name}
			for _, c := range sv.Cases {
				k.cases = append(k.cases, bytes.TrimSpace(c.JSON))
			}
			if p.mayFork(&k) {
				return p.fork(k, arms)
			}
		}
	}
	v := blank(vPick)
	v.of = of
	for _, c := range sv.Cases {
		v.cases = append(v.cases, pcase{lit: p.constant(c.JSON), value: p.value(f, c.Value)})
	}
	v.els = p.value(f, sv.Else)
	p.choice(&v)
	return p.add(v)
}

func (p *planner) when(of, then, els vid) vid {
	if p.at(of).op == vContext {
		arms := []vid{then, els}
		for _, a := range arms {
			if a != none && p.at(a).loads {
				if k := (fork{path: p.at(of).name, cases: [][]byte{[]byte("true")}}); p.mayFork(&k) {
					return p.fork(k, arms)
				}
				break
			}
		}
	}
	v := blank(vWhen)
	v.of, v.els = of, els
	v.args = []vid{then}
	p.choice(&v)
	return p.add(v)
}

// choice types a pick or when by its arms.
func (p *planner) choice(v *pval) {
	arm := func(a vid) {
		if a == none || v.typ != nil {
			return
		}
		if o := p.at(a); o.typ != nil {
			v.ref, v.typ, v.space = o.ref, o.typ, o.space
		}
	}
	for _, c := range v.cases {
		arm(c.value)
	}
	for _, a := range v.args {
		arm(a)
	}
	arm(v.els)
}

// mayFork says whether the plan may depend on a choice. The ways that a selection's forks can go multiply; past maxVariants
// a further one is no fork but a condition on the plan's nodes, decided while answering, as one on something loaded is. So a
// selection has at most maxVariants plans, whatever its views fork on: forks are met in one order, and each way to go on
// divides what is left.
func (p *planner) mayFork(k *fork) bool {
	for i := range p.p.forks {
		if k.same(&p.p.forks[i]) {
			return true // it goes the way that it went
		}
	}
	ways := max(1, p.forked) * (len(k.cases) + 1)
	if ways > maxVariants {
		return false
	}
	p.forked = ways
	return true
}

// same says whether two forks are one choice.
func (k *fork) same(o *fork) bool {
	return k.path == o.path && slices.EqualFunc(k.cases, o.cases, func(a, b []byte) bool { return string(a) == string(b) })
}

// fork takes the asker's arm and makes the plan depend on it.
func (p *planner) fork(k fork, arms []vid) vid {
	got, _ := p.asker.Value(k.path)
	k.arm = k.choose(got)
	if p.choose != nil {
		k.arm = p.choose(k)
	}
	if !slices.ContainsFunc(p.p.forks, func(o fork) bool { return k.same(&o) }) {
		p.p.forks = append(p.p.forks, k)
	}
	if a := arms[k.arm]; a != none {
		return a
	}
	return p.lit([]byte("null"))
}

package composer

import (
	"slices"

	"facet/view"
)

func (p *planner) spec(s *spec) int32 {
	for i, o := range p.p.specs {
		if o.op == s.op && o.effect == s.effect && o.window == s.window && slices.Equal(o.args, s.args) {
			return int32(i)
		}
	}
	s.needs = len(s.op.op.Needs)
	p.p.specs = append(p.p.specs, s)
	return int32(len(p.p.specs) - 1)
}

func (p *planner) window(w window) int32 {
	for i, o := range p.p.windows {
		if o == w {
			return int32(i)
		}
	}
	p.p.windows = append(p.p.windows, w)
	return int32(len(p.p.windows) - 1)
}

// item is an item of a list value; the list makes a domain.
func (p *planner) item(list vid) vid {
	l := *p.at(list)
	d, ok := p.byList[list]
	if !ok {
		d = int32(len(p.p.domains))
		p.p.domains = append(p.p.domains, domain{parent: l.dom, list: list, depth: p.p.domains[l.dom].depth + 1})
		p.byList[list] = d
	}
	v := blank(vItem)
	v.of, v.dom = list, d
	if l.ref.Elem != nil {
		v.ref = *l.ref.Elem
	}
	v.typ, v.place, v.space, v.loads = l.typ, l.place, l.space, l.loads
	return p.add(v)
}

// list makes a page or take under a window of the asker's; asked is -1 for the list's own first.
func (p *planner) list(f *frame, id view.ID, asked int, count bool) vid {
	sv := &f.scope.Values[id]
	w := window{asked: asked, first: none, max: sv.Max, take: sv.Op == view.OpTake, count: count}
	switch sv.Op {
	case view.OpField, view.OpItem, view.OpAs, view.OpPick, view.OpWhen, view.OpComputed, view.OpArg:
		if asked >= 0 { // a list without a page of its own, of which a JSON Graph asks for some indices
			w.max, w.whole, w.count = 1<<30, true, true
			return p.cut(f, id, w)
		}
	case view.OpPage, view.OpTake:
		w.first = p.value(f, sv.First)
		if w.max == 0 {
			w.max = view.DefaultMax
		}
		return p.cut(f, sv.Of, w)
	}
	return p.value(f, id)
}

// cut gives the window's part of a list: by the call where its operation pages, else by cutting what is there.
func (p *planner) cut(f *frame, id view.ID, w window) vid {
	win := p.window(w)
	list := p.paged(f, id, win)
	v := blank(vCut)
	v.of = list
	v.idx = win
	v.args = nil
	if w.first != none {
		v.args = []vid{w.first}
	}
	o := *p.at(list)
	v.ref, v.typ, v.place, v.space = o.ref, o.typ, o.place, o.space
	for l := list; ; l = p.at(l).of {
		c := p.at(l)
		if c.op == vFieldOp && p.p.specs[c.spec].window == win {
			v.spec = l
		}
		if c.op != vOrNull && c.op != vOrElse && c.op != vOrAbsent && c.op != vGuarded {
			break
		}
	}
	return p.add(v)
}

// paged makes the list that a window cuts, its field's operation paged by the window.
func (p *planner) paged(f *frame, id view.ID, win int32) vid {
	sv := &f.scope.Values[id]
	switch sv.Op {
	case view.OpField:
		return p.fieldOf(f, sv, win)
	case view.OpOrNull, view.OpOrElse, view.OpNotFound:
		return p.policy(f, sv, p.paged(f, sv.Of, win))
	}
	return p.value(f, id)
}

package composer

import "slices"

// What an entity shows at one place of the selection is often written many times over: the same product below each of its reviews, and its
// reviews again below their author. Where that depends on nothing but the entity, it is written once and its bytes are copied.

// maxRepeats bounds the entities of one place whose bytes are remembered.
const maxRepeats = 1 << 12

// A repeat says where the bytes of a ref are remembered.
type repeat struct {
	at    int32 // in repeats.spans
	space int32 // of its entities
}

// repeats are where entities stand in the answer that is written.
type repeats struct {
	spans [][]stretch // by place of the selection, by entity
	round uint32      // counts what was taken back: what was remembered before does not stand there any more
	on    bool
}

// A stretch is what was written of one entity; end 0: nothing was.
type stretch struct{ from, end, round uint32 }

// begin forgets the answer before.
func (r *repeats) begin(on bool) {
	for i := range r.spans {
		clear(r.spans[i])
		r.spans[i] = r.spans[i][:0]
	}
	r.round, r.on = 0, on
}

// remarks counts what was said of places so far: with a path of its own, so that it cannot be copied.
func (n *encoder) remarks() int {
	k := len(n.errors) + len(n.degraded) + len(n.shortened)
	if n.notFound || n.tooLarge {
		k++
	}
	return k
}

// once writes a ref, or copies what stands for its entity at this place of the selection already.
func (x *exec) once(e *emit, c cell, dom, i int32) verdict {
	n, r := &x.enc, &x.repeats
	s, ent := x.entityOf(c)
	if !r.on || c.deg != 0 || s != e.repeat.space || ent >= maxRepeats {
		return x.ref(e, dom, i)
	}
	if mark := len(n.buf); mark > x.most() {
		n.tooLarge = true
		return isNull
	}
	at := int(e.repeat.at)
	if at >= len(r.spans) {
		r.spans = slices.Grow(r.spans, at+1-len(r.spans))
		r.spans = r.spans[:at+1]
	}
	if w := r.spans[at]; int(ent) < len(w) && w[ent].end > 0 && w[ent].round == r.round {
		n.buf = append(n.buf, n.buf[w[ent].from:w[ent].end]...)
		return written
	}
	mark, said := len(n.buf), n.remarks()
	v := x.ref(e, dom, i)
	if v == written && n.remarks() == said {
		w := &r.spans[at]
		if int(ent) >= len(*w) {
			*w = grow(*w, int(ent)+1) // what was beyond its end is clear
		}
		(*w)[ent] = stretch{uint32(mark), uint32(len(n.buf)), r.round}
	}
	return v
}

// repeat finds the refs whose bytes may be copied. It comes last: facts and columns stand then.
func (p *planner) repeat() {
	next := int32(0)
	var all func(e *emit)
	all = func(e *emit) {
		if e == nil {
			return
		}
		if e.kind == emitRef && e.v != none && p.p.vals[e.v].dom != 0 && p.p.vals[e.v].space >= 0 {
			t := &owing{p: p.p, root: e.v, known: map[vid]bool{}}
			if t.below(e) {
				e.repeat = &repeat{at: next, space: p.p.vals[e.v].space}
				next++
			}
		}
		for _, k := range e.kids {
			all(k)
		}
		all(e.item)
		for i := range e.arms {
			all(e.arms[i].out)
		}
	}
	for _, r := range p.p.roots {
		all(r.out)
	}
}

// An owing finds out whether what is written owes all to one entity and to the request.
type owing struct {
	p      *plan
	root   vid // the entity
	inside []int32
	known  map[vid]bool
}

// below looks at the inside of a ref or a tree.
func (t *owing) below(e *emit) bool {
	for _, a := range e.absent {
		if !t.value(a) {
			return false
		}
	}
	for _, k := range e.kids {
		if !t.emit(k) {
			return false
		}
	}
	return true
}

func (t *owing) emit(e *emit) bool {
	switch e.kind {
	case emitTypename:
		return true
	case emitLeaf:
		return t.value(e.v)
	case emitKey, emitID:
		for _, a := range e.shape.args {
			if !t.value(a) {
				return false
			}
		}
		return t.object(e.v)
	case emitTree:
		return (e.v == none || t.object(e.v)) && t.below(e)
	case emitRef:
		return t.object(e.v) && t.below(e)
	case emitMany:
		if !t.value(e.v) || !t.value(t.p.domains[e.each].list) || e.item == nil {
			return false
		}
		t.inside = append(t.inside, e.each) // for good: each is the list's own
		return t.emit(e.item)
	case emitUnion:
		if !t.value(e.v) {
			return false
		}
		for i := range e.arms {
			if a := e.arms[i].out; a != nil && !t.emit(a) {
				return false
			}
		}
		return true
	}
	return false // pages
}

// object is a value of which only the entity counts: its key, its facts and what is loaded by it.
func (t *owing) object(id vid) bool { return id == t.root || t.value(id) }

// value says whether a value is the same wherever the entity stands.
func (t *owing) value(id vid) bool {
	if id == none || id == t.root { // of an object that came in a list its record is known too, which others have not
		return false
	}
	ok, seen := t.known[id]
	if !seen {
		t.known[id] = false
		ok = t.of(&t.p.vals[id])
		t.known[id] = ok
	}
	return ok
}

func (t *owing) values(ids []vid) bool {
	for _, id := range ids {
		if id != none && !t.value(id) {
			return false
		}
	}
	return true
}

func (t *owing) of(v *pval) bool {
	maybe := func(id vid) bool { return id == none || t.value(id) }
	switch v.op {
	case vConst, vParam, vContext, vRoot, vValid:
		return true
	case vItem:
		return slices.Contains(t.inside, v.dom)
	case vField:
		return t.value(v.of) || v.of == t.root && v.facts >= 0
	case vKeyPart:
		return t.object(v.of)
	case vFieldOp:
		s := t.p.specs[v.spec]
		for _, k := range s.strict {
			if !maybe(k.els) {
				return false
			}
		}
		return s.effect < 0 && t.object(v.of) && t.values(v.args) && t.values(s.args)
	case vCut:
		return t.value(v.of) && (v.spec < 0 || t.value(v.spec)) && maybe(t.p.windows[v.idx].first)
	case vPick, vWhen:
		for _, c := range v.cases {
			if !t.value(c.value) {
				return false
			}
		}
		return t.value(v.of) && t.values(v.args) && maybe(v.els)
	case vIs, vNot, vOrNull, vOrAbsent, vSplit:
		return t.value(v.of)
	case vOrElse:
		return t.value(v.of) && maybe(v.els)
	case vGuarded:
		return t.value(v.of) && t.values(v.args)
	case vEntity, vAnd, vOr, vComputed, vFormat, vInput, vList:
		return t.values(v.args)
	}
	return false
}

package composer

import "facet/fault"

// cell evaluates a value for instance i of domain dom, which is the value's own domain or one below it.
func (x *exec) cell(id vid, dom, i int32) cell {
	v := &x.p.vals[id]
	for dom != v.dom {
		d := &x.doms[dom]
		i = d.parent[i]
		dom = x.p.domains[dom].parent
	}
	if v.memo >= 0 {
		return x.kept(v, dom, i)
	}
	return x.eval(v, dom, i)
}

// kept evaluates a value once for each instance.
func (x *exec) kept(v *pval, dom, i int32) cell {
	m := &x.memo[v.memo]
	if n := x.size(dom); len(*m) < n {
		for len(*m) < n {
			*m = append(*m, cell{})
		}
	}
	if c := (*m)[i]; c.kind != kMissing {
		return c
	}
	if v.op == vComputed {
		x.column(v, dom, x.size(dom))
		if c := x.memo[v.memo][i]; c.kind != kMissing {
			return c
		}
		x.compute(v, nil, dom, i, i+1)
		return x.memo[v.memo][i]
	}
	c := x.eval(v, dom, i)
	x.memo[v.memo][i] = c
	return c
}

// A seen is an object that was just evaluated: the fields of one object are read one after another.
type seen struct {
	id, dom, i int32
	cell       cell
}

// subject evaluates an object whose field is read. What was seen is forgotten whenever something new may have arrived.
func (x *exec) subject(id vid, dom, i int32) cell {
	s := &x.seen[id&7]
	if s.id == id && s.dom == dom && s.i == i {
		return s.cell
	}
	var c cell
	if v := &x.p.vals[id]; v.op == vItem && v.dom == dom && v.memo < 0 {
		c = x.doms[dom].items[i]
	} else {
		c = x.cell(id, dom, i)
	}
	x.seen[id&7] = seen{id, dom, i, c}
	return c
}

func (x *exec) forget() {
	for k := range x.seen {
		x.seen[k].id = none
	}
}

func (x *exec) eval(v *pval, dom, i int32) cell {
	switch v.op {
	case vConst:
		return v.lit
	case vParam:
		return x.params[v.idx]
	case vContext:
		return x.context(v.name)
	case vRoot:
		return cell{kind: kObject}
	case vValid:
		return x.truth(x.invalid[v.idx] == nil)
	case vEntity:
		return x.entityCell(v, dom, i)
	case vItem:
		return x.doms[v.dom].items[i]
	case vAs:
		return x.member(v, x.cell(v.of, dom, i))
	case vByMember:
		o := x.cell(v.of, dom, i)
		if o.kind != kObject {
			return lost(o)
		}
		place := x.p.places[o.n]
		for _, a := range v.args {
			if m := x.p.vals[a]; x.memberOf(m) == place.typ {
				return x.cell(a, dom, i)
			}
		}
		return nullCell
	case vKeyPart:
		return x.keyPart(v, dom, i)
	case vField:
		return x.field(v, x.subject(v.of, dom, i), dom, i)
	case vFieldOp:
		return x.fieldOp(v, dom, i)
	case vPick:
		o := x.cell(v.of, dom, i)
		if o.kind == kError || o.kind == kNotFound {
			return o
		}
		for _, c := range v.cases {
			if x.same(o, c.lit) {
				return x.degraded(x.cell(c.value, dom, i), o.deg)
			}
		}
		if v.els == none {
			return cell{kind: kNull, deg: o.deg}
		}
		return x.degraded(x.cell(v.els, dom, i), o.deg)
	case vWhen:
		o := x.cell(v.of, dom, i)
		if o.kind == kError || o.kind == kNotFound {
			return o
		}
		if x.isTrue(o) {
			return x.degraded(x.cell(v.args[0], dom, i), o.deg)
		}
		if v.els == none {
			return cell{kind: kNull, deg: o.deg}
		}
		return x.degraded(x.cell(v.els, dom, i), o.deg)
	case vIs:
		o := x.cell(v.of, dom, i)
		if o.kind == kError || o.kind == kNotFound {
			return o
		}
		return x.degraded(x.truth(x.same(o, v.lit)), o.deg)
	case vNot:
		o := x.cell(v.of, dom, i)
		if o.kind == kError || o.kind == kNotFound {
			return o
		}
		return x.degraded(x.truth(!x.isTrue(o)), o.deg)
	case vAnd, vOr:
		var bad cell
		var deg uint8
		for _, a := range v.args {
			o := x.cell(a, dom, i)
			if o.kind == kError || o.kind == kNotFound {
				bad = o
				continue
			}
			if o.deg != 0 {
				deg = o.deg
			}
			if x.isTrue(o) == (v.op == vOr) { // decided, whatever failed
				return x.degraded(x.truth(v.op == vOr), deg)
			}
		}
		if bad.kind != kMissing {
			return bad
		}
		return x.degraded(x.truth(v.op == vAnd), deg)
	case vCut:
		c, _ := x.cut(v, dom, i)
		return c
	case vOrNull:
		c := x.cell(v.of, dom, i)
		if c.kind == kError {
			return cell{kind: kNull, deg: degree(x.errorOf(c).Kind)}
		}
		return c
	case vOrElse:
		c := x.cell(v.of, dom, i)
		switch c.kind {
		case kError:
			return x.degraded(x.cell(v.els, dom, i), degree(x.errorOf(c).Kind))
		case kNull:
			return x.degraded(x.cell(v.els, dom, i), c.deg)
		}
		return c
	case vOrAbsent:
		c := x.cell(v.of, dom, i)
		if c.kind == kNull && c.deg == 0 || c.kind == kEntity && x.missing(c) {
			return cell{kind: kNotFound}
		}
		return c
	case vGuarded:
		return x.guarded(v, dom, i)
	case vFormat:
		return x.format(v, dom, i)
	case vInput, vList:
		return x.built(v, dom, i)
	case vHandler:
		return x.handled
	case vSplit:
		return x.split(v, x.cell(v.of, dom, i))
	}
	return x.fail(fault.New(fault.Internal, "unknown plan value %d", v.op))
}

// lost is what a field of something that is no object is: null of null, failed of failed.
func lost(o cell) cell {
	switch o.kind {
	case kError, kNotFound:
		return o
	}
	return cell{kind: kNull, deg: o.deg}
}

func (x *exec) degraded(c cell, deg uint8) cell {
	if c.deg == 0 {
		c.deg = deg
	}
	return c
}

func (x *exec) truth(b bool) cell {
	if b {
		return cell{kind: kBool, ans: ansConst, off: 0, n: 4}
	}
	return cell{kind: kBool, ans: ansConst, off: 4, n: 5}
}

// truths stand at the start of every plan's literals.
const truths = "truefalse"

func (x *exec) isTrue(c cell) bool { return c.kind == kBool && c.n == 4 }

func (x *exec) member(v *pval, o cell) cell {
	switch o.kind {
	case kObject:
		if x.p.places[o.n].typ != v.typ {
			return cell{kind: kNull, deg: o.deg}
		}
		return o
	case kEntity:
		if x.p.spaces[o.off].typ != v.typ {
			return cell{kind: kNull, deg: o.deg}
		}
		return o
	}
	return lost(o)
}

// memberOf is the type of the object that a field value of a vByMember reads.
func (x *exec) memberOf(v pval) any {
	for v.of != none {
		o := x.p.vals[v.of]
		if o.op == vAs {
			return o.typ
		}
		v = o
	}
	return nil
}

package composer

import (
	"slices"
	"strings"

	"facet/fault"
	"facet/graph"
)

// A verdict is what became of a place.
type verdict uint8

const (
	written verdict = iota
	isNull          // null where null may not stand: the nearest nullable place above becomes null
	absent          // an orNotFound decided: the view or shape becomes null
)

// An encoder writes the answer once, copying spans.
type encoder struct {
	buf       []byte
	path      []step
	errors    []Error
	degraded  []Degraded
	shortened []Shortened
	notFound  bool
	gaps      bool // a JSON Graph is not known to have all that is asked, each once
	tooLarge  bool
	most      int // bytes at which it gives up; 0: the limit
}

// A step is a key or an index of the path to where the encoder stands.
type step struct {
	name  string
	index int32 // -1: name
}

func (n *encoder) at() []any {
	p := make([]any, len(n.path))
	for i, s := range n.path {
		if s.index >= 0 {
			p[i] = int(s.index)
		} else {
			p[i] = strings.Clone(s.name) // it may lie in memory that is used again
		}
	}
	return p
}

func (x *exec) push(name string) { x.enc.path = append(x.enc.path, step{name, -1}) }

func (x *exec) pushIndex(i int) { x.enc.path = append(x.enc.path, step{index: int32(i)}) }

func (x *exec) pop() { x.enc.path = x.enc.path[:len(x.enc.path)-1] }

func (x *exec) report(err *fault.Error) {
	x.enc.errors = append(x.enc.errors, Error{Path: x.enc.at(), Kind: err.Kind, Message: err.Public(), Err: err})
}

// null is what becomes of a place that has no value: c says why.
func (x *exec) null(e *emit, c cell) verdict {
	switch c.kind {
	case kNotFound:
		return absent
	case kError:
		x.report(x.errorOf(c))
	default:
		if c.deg != 0 {
			x.enc.degraded = append(x.enc.degraded, Degraded{Path: x.enc.at(), Kind: degreeKind(c.deg)})
		} else if e.nonNull {
			x.report(&fault.Error{Kind: fault.BadAnswer, Op: "answer", Message: flawTexts[flawNull]})
		}
	}
	if e.nonNull {
		return isNull
	}
	x.enc.buf = append(x.enc.buf, "null"...)
	return written
}

// settleNull makes null of a place whose inside failed, where it may be null.
func (x *exec) settleNull(e *emit, mark int, v verdict) verdict {
	if v == written {
		return written
	}
	x.enc.buf = x.enc.buf[:mark]
	x.repeats.round++
	if v == absent || e.nonNull {
		return v
	}
	x.enc.buf = append(x.enc.buf, "null"...)
	return written
}

// tree writes all roots as one object.
func (x *exec) tree() {
	n := &x.enc
	x.repeats.begin(!x.e.stated)
	begun := n.mark()
	var spends []spend
	if x.e.stated {
		spends = slices.Clone(x.spends)
	}
	for {
		n.buf = append(n.buf, '{')
		for i, r := range x.p.roots {
			if i > 0 {
				n.buf = append(n.buf, ',')
			}
			n.buf = append(n.buf, r.out.key...)
			x.push(r.out.name)
			x.treeRoot(i, r)
			x.pop()
		}
		n.buf = append(n.buf, '}')
		if !x.e.stated || !x.again() {
			return
		}
		n.rewind(begun)
		copy(x.spends, spends)
	}
}

func (x *exec) treeRoot(i int, r *emitRoot) {
	n := &x.enc
	if err := x.refusal(r); err != nil {
		x.report(err)
		n.buf = append(n.buf, "null"...)
		return
	}
	mark := len(n.buf)
	var v verdict
	if x.e.stated {
		v = x.treeFit(i, r)
	} else {
		v = x.treeValue(r)
	}
	if v != written {
		n.buf = append(n.buf[:mark], "null"...)
		if v == absent {
			n.notFound = true
		}
	} else if r.root.Kind == RootEntity && string(n.buf[mark:]) == "null" {
		n.notFound = true
	}
}

// treeValue writes a root's value.
func (x *exec) treeValue(r *emitRoot) verdict {
	for _, a := range r.absent {
		if x.cell(a, 0, 0).kind == kNotFound {
			return absent
		}
	}
	return x.write(r.out, 0, 0)
}

// rootError is why a root is null whatever else there is: wrong arguments, or an effect that failed or did not end.
func (x *exec) rootError(r *emitRoot) *fault.Error {
	for _, p := range r.params {
		if err := x.invalid[x.p.params[p].root]; err != nil {
			return err
		}
	}
	if r.mutation == nil {
		return nil
	}
	if err := x.invalid[x.only]; err != nil {
		return err
	}
	for _, s := range x.p.effects {
		if !x.steps[s].done {
			return x.late
		}
	}
	return nil
}

// write writes what stands at a place for an instance.
func (x *exec) write(e *emit, dom, i int32) verdict {
	n := &x.enc
	switch e.kind {
	case emitLeaf:
		return x.writeLeaf(e, dom, i)
	case emitTypename:
		n.buf = append(append(append(n.buf, '"'), e.typ...), '"')
		return written
	case emitTree:
		if e.v != none {
			c := x.cell(e.v, dom, i)
			if c.kind != kObject && c.kind != kEntity || c.kind == kEntity && x.missing(c) {
				return x.null(e, x.gone(c))
			}
		}
		return x.object(e, dom, i)
	case emitRef:
		c := x.subject(e.v, dom, i)
		if c.kind != kObject && c.kind != kEntity || x.missing(c) {
			return x.null(e, x.gone(c))
		}
		if e.repeat != nil {
			return x.once(e, c, dom, i)
		}
		return x.ref(e, dom, i)
	case emitMany:
		return x.writeMany(e, dom, i)
	case emitUnion:
		return x.writeUnion(e, dom, i)
	case emitKey, emitID:
		if !x.identity(e, dom, i) {
			return x.null(e, nullCell)
		}
		return written
	case emitPage:
		c, _ := x.listOf(e.v, dom, i)
		if c.kind != kList {
			return x.null(e, c)
		}
		return x.object(e, dom, i)
	case emitLength:
		c, w := x.listOf(e.v, dom, i)
		if c.kind != kList {
			return x.null(e, c)
		}
		n.buf = appendInt(n.buf, w.length)
		return written
	case emitNext:
		c, w := x.listOf(e.v, dom, i)
		if c.kind != kList {
			return x.null(e, c)
		}
		if end := x.until(e, dom, i, w, w.from+w.want); end < w.length && w.want > 0 {
			n.buf = appendQuoted(n.buf, EncodeCursor(end))
		} else {
			n.buf = append(n.buf, "null"...)
		}
		return written
	}
	return x.null(e, x.fail(fault.New(fault.Internal, "unknown output")))
}

// gone is the null of an entity that its loader does not know.
func (x *exec) gone(c cell) cell {
	if c.kind == kEntity || c.kind == kObject {
		return nullCell
	}
	return c
}

// ref writes an entity that there is.
func (x *exec) ref(e *emit, dom, i int32) verdict {
	n := &x.enc
	for _, a := range e.absent {
		if x.cell(a, dom, i).kind == kNotFound {
			return x.null(e, nullCell)
		}
	}
	mark, where := len(n.buf), len(n.path)
	v := x.object(e, dom, i)
	n.path = n.path[:where]
	if v == absent && x.p.vals[e.v].op != vOrAbsent {
		v = isNull
	}
	return x.settleNull(e, mark, v)
}

func (x *exec) object(e *emit, dom, i int32) verdict {
	n := &x.enc
	mark := len(n.buf)
	if mark > x.most() {
		n.tooLarge = true
		return isNull
	}
	n.buf = append(n.buf, '{')
	held := holder{of: none}
	for k, kid := range e.kids {
		if q := kid.quick; q != nil && q.dom == dom {
			if held.of != q.of {
				held = x.hold(q.of, dom, i)
			}
			if held.e != noEntity && x.quickly(kid, q, &held) {
				continue
			}
		}
		held.col = -1
		if k > 0 {
			n.buf = append(n.buf, kid.next...)
		} else {
			n.buf = append(n.buf, kid.key...)
		}
		switch kid.kind { // nothing can be said of what is written here: no path is kept for it
		case emitLeaf:
			if x.plain(kid, dom, i) {
				continue
			}
		case emitKey, emitID:
			if x.identity(kid, dom, i) {
				continue
			}
		}
		x.push(kid.name)
		v := x.write(kid, dom, i)
		x.pop()
		if v != written {
			return x.settleNull(e, mark, v)
		}
	}
	n.buf = append(n.buf, '}')
	return written
}

// plain writes a leaf that is a scalar as a tier gave it, as nearly all are: nothing can be said of it, so that no path is kept for it.
// It is false where there is more to do, and nothing is written then.
func (x *exec) plain(e *emit, dom, i int32) bool {
	var c cell
	if v := &x.p.vals[e.v]; v.op == vField && v.facts < 0 && v.memo < 0 && v.dom == dom && len(v.slots) == 1 {
		// A field of a record that has no key, as the items of most large lists are.
		if o := x.subject(v.of, dom, i); o.kind == kObject && o.ans != 0 && o.n == v.slots[0].place {
			c = x.ans[o.ans].cells[o.off+uint32(v.slots[0].slot)]
		}
	}
	if c.kind == kMissing {
		c = x.cell(e.v, dom, i)
	}
	switch c.kind {
	case kText, kEscaped, kInt, kFloat, kBool:
		if c.deg == 0 {
			x.enc.buf = append(x.enc.buf, x.body(c.ans)[c.off:c.off+c.n]...)
			return true
		}
	}
	return false
}

func (x *exec) writeMany(e *emit, dom, i int32) verdict {
	n := &x.enc
	c, _ := x.listOf(e.v, dom, i)
	if c.kind != kList {
		return x.null(e, c)
	}
	if c.deg != 0 {
		n.degraded = append(n.degraded, Degraded{Path: n.at(), Kind: degreeKind(c.deg)})
	}
	mark := len(n.buf)
	at := e.dom
	pi := x.up(dom, at, i)
	from, end := x.children(e.each, pi)
	if s := x.stays(e, end-from); s < end-from {
		x.shorten(end-from, s)
		end = from + s
	}
	n.buf = append(n.buf, '[')
	for j := from; j < end; j++ {
		if j > from {
			n.buf = append(n.buf, ',')
		}
		if e.flat != nil && len(n.buf) <= x.most() && x.row(e.flat, x.doms[e.each].items[j]) {
			continue
		}
		x.pushIndex(int(j - from))
		v := x.write(e.item, e.each, j)
		x.pop()
		if v != written {
			return x.settleNull(e, mark, v)
		}
	}
	n.buf = append(n.buf, ']')
	return written
}

// up is the instance of an upper domain that instance i of dom stands below.
func (x *exec) up(dom, at, i int32) int32 {
	for dom != at {
		i = x.doms[dom].parent[i]
		dom = x.p.domains[dom].parent
	}
	return i
}

func (x *exec) writeUnion(e *emit, dom, i int32) verdict {
	c := x.subject(e.v, dom, i)
	var typ *graph.Type
	switch c.kind {
	case kObject:
		typ = x.p.places[c.n].typ
	case kEntity:
		typ = x.p.spaces[c.off].typ
	default:
		return x.null(e, c)
	}
	for k := range e.arms {
		if a := &e.arms[k]; a.member == typ.Name {
			if a.out == nil {
				break
			}
			return x.write(a.out, dom, i)
		}
	}
	x.enc.buf = append(x.enc.buf, "null"...) // a member that nobody named
	return written
}

// identity writes the key, or the opaque id, of the entity that e's value is, as view.EncodeID spells it.
func (x *exec) identity(e *emit, dom, i int32) bool {
	s, ent := x.entityOf(x.subject(e.v, dom, i))
	if ent == noEntity {
		return false
	}
	n := &x.enc
	if e.kind != emitID {
		n.buf = x.appendKey(n.buf, s, ent)
		return true
	}
	mark := len(n.buf)
	n.buf = append(append(n.buf, '"'), e.shape.name...)
	for _, a := range e.shape.args {
		c := x.cell(a, dom, i)
		if c.kind < kText || c.kind > kRaw {
			n.buf = n.buf[:mark]
			return false
		}
		n.buf = escapeKey(append(n.buf, ':'), x.text(c))
	}
	n.buf = append(escapeKey(append(n.buf, ':'), x.spaces[s].key(ent)), '"')
	return true
}

func (x *exec) shapeArgs(e *emit, dom, i int32) ([]string, bool) {
	var args []string
	for _, a := range e.shape.args {
		c := x.cell(a, dom, i)
		if c.kind < kText || c.kind > kRaw {
			return nil, false
		}
		args = append(args, string(x.text(c)))
	}
	return args, true
}

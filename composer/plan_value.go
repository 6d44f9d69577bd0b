package composer

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"

	"facet/asker"
	"facet/fault"
	"facet/graph"
	"facet/view"
)

// A planner makes one plan. Mistakes that only a wrong build or selection can cause are thrown as *fault.Error and
// caught by newPlan.
type planner struct {
	p           *plan
	g           *graph.Graph
	s           *view.Surface
	asker       *asker.Asker
	seen        *interned
	roomy       []pval // the values' room, once the plan has its own
	demands     map[demandKey]demanded
	byOp        map[*graph.Operation]*opPlan
	byFact      map[factKey]int32
	byList      map[vid]int32 // domains
	stepKey     map[stepKey]*planOp
	key         []byte
	condsBy     []demanded // by condition set
	base        int32      // level that all operations come after: the effects
	after       []wait     // the effects
	nodes       int
	effect      int32 // the effect that is being planned; -1
	effectIDs   []view.ID
	effectConds int32
	forked      int // ways that the forks can go: their arms, multiplied

	owner   uint64               // of the root that is planned
	owners  []uint64             // by value
	trail   []string             // the names of where the planner is in the answer
	choose  func(k fork) int     // takes a fork's arm; nil: as the asker does
	refuses map[int]*fault.Error // builds whose roots are refused
}

type factKey struct {
	typ   string
	field string
}

// A frame is where the values of a scope stand: the shape or view they belong to, what its arguments and subject are.
type frame struct {
	scope   *view.Scope
	build   int
	memo    []vid
	bind    []bound
	args    map[string]vid
	subject vid
	absent  *[]vid // orNotFound values: a null of theirs is the absence of what the frame answers
}

type bound struct {
	id  view.ID
	vid vid
}

const unset vid = -2

func newFrame(scope *view.Scope, build int, args map[string]vid, subject vid) *frame {
	f := &frame{scope: scope, build: build, args: args, subject: subject, absent: new([]vid)}
	f.reset()
	return f
}

func (f *frame) reset() {
	f.memo = make([]vid, len(f.scope.Values))
	for i := range f.memo {
		f.memo[i] = unset
	}
	for _, b := range f.bind {
		f.memo[b.id] = b.vid
	}
}

// under is the frame with an item bound.
func (f *frame) under(id view.ID, v vid) *frame {
	c := *f
	c.bind = append(append([]bound(nil), f.bind...), bound{id, v})
	c.reset()
	return &c
}

func (p *planner) fail(format string, args ...any) {
	panic(&fault.Error{Kind: fault.Internal, Op: "plan", Message: fmt.Sprintf(format, args...)})
}

func (p *planner) refuse(format string, args ...any) {
	panic(&fault.Error{Kind: fault.Invalid, Op: "plan", Message: fmt.Sprintf(format, args...)})
}

func (p *planner) at(v vid) *pval { return &p.p.vals[v] }

// constant keeps a literal's bytes in the plan.
func (p *planner) constant(b []byte) cell {
	b = bytes.TrimSpace(b)
	if len(b) > 0 && (b[0] == '{' || b[0] == '[' || b[0] == '"') { // literals are small: compact ones compare equal
		var buf bytes.Buffer
		if json.Compact(&buf, b) == nil {
			b = buf.Bytes()
		}
	}
	if i := bytes.Index(p.p.consts, b); i >= 0 {
		return literalCell(ansConst, i, b)
	}
	p.p.consts = append(p.p.consts, b...)
	return literalCell(ansConst, len(p.p.consts)-len(b), b)
}

const maxExpression = 2000

// add interns a value: equal ones are one.
func (p *planner) add(v pval) vid {
	k := p.key[:0]
	k = append(k, byte(v.op))
	num := func(n int32) { k = binary.LittleEndian.AppendUint32(k, uint32(n)) }
	num(v.of)
	num(v.els)
	num(v.idx)
	num(v.build)
	num(v.spec)
	num(v.guard)
	num(v.facts)
	num(v.slot)
	num(int32(len(v.args)))
	for _, a := range v.args {
		num(a)
	}
	for _, c := range v.cases {
		k = append(k, byte(c.lit.kind))
		num(int32(c.lit.off))
		num(int32(c.lit.n))
		num(c.value)
	}
	k = append(k, byte(v.lit.kind))
	num(int32(v.lit.off))
	num(int32(v.lit.n))
	if v.op == vItem || v.op == vEntity {
		num(v.dom)
		num(v.space)
	}
	k = append(k, v.name...)
	for _, n := range v.names {
		k = append(append(k, 0), n...)
	}
	p.key = k
	old, hash, ok := p.seen.find(k)
	if ok {
		p.owners[old] |= p.owner
		return old
	}
	id := vid(len(p.p.vals))
	operand := func(o vid) {
		if o == none {
			return
		}
		w := p.at(o)
		if v.op != vItem && p.p.domains[w.dom].depth > p.p.domains[v.dom].depth {
			v.dom = w.dom
		}
		v.loads = v.loads || w.loads
		v.depth = max(v.depth, w.depth+1)
	}
	operand(v.of)
	operand(v.els)
	for _, a := range v.args {
		operand(a)
	}
	for _, c := range v.cases {
		operand(c.value)
	}
	if v.depth > maxExpression {
		p.refuse("the selection nests too deep")
	}
	switch v.op {
	case vEntity, vComputed, vFormat, vInput, vList:
		v.memo = p.p.memos
		p.p.memos++
	default:
		v.memo = -1
	}
	p.p.vals = append(p.p.vals, v)
	p.owners = append(p.owners, p.owner)
	p.seen.add(k, hash)
	return id
}

// blank is a value with nothing set.
func blank(op vop) pval {
	return pval{op: op, of: none, els: none, space: -1, facts: -1, slot: -1, spec: -1, guard: -1, memo: -1}
}

func (p *planner) lit(b []byte) vid {
	v := blank(vConst)
	v.lit = p.constant(b)
	return p.add(v)
}

func (p *planner) context(path string) vid {
	v := blank(vContext)
	v.name = path
	return p.add(v)
}

// typed gives a composite value its type and space.
func (p *planner) typed(v *pval, ref graph.TypeRef, pl *place) {
	v.ref = ref
	v.typ = p.g.Types[ref.Named()]
	v.place = pl
	if v.typ == nil || !v.typ.Composite() {
		v.typ = nil
		return
	}
	if pl != nil {
		v.space = pl.space
	} else if v.typ.Keyed() {
		v.space = p.space(v.typ, "", v.typ.Key)
	}
}

func (p *planner) space(t *graph.Type, kind string, key []string) int32 {
	for i, s := range p.p.spaces {
		if s.typ == t && s.parts == len(key) && s.kind == kind {
			return int32(i)
		}
	}
	p.p.spaces = append(p.p.spaces, space{typ: t, kind: kind, parts: len(key), key: key, guards: t.Guards})
	return int32(len(p.p.spaces) - 1)
}

func (p *planner) column() int32 { p.p.columns++; return p.p.columns - 1 }

// value makes the plan value of a symbolic one.
func (p *planner) value(f *frame, id view.ID) vid {
	if id == view.None {
		return none
	}
	if f.memo[id] != unset {
		return f.memo[id]
	}
	v := p.make(f, id)
	f.memo[id] = v
	return v
}

func (p *planner) make(f *frame, id view.ID) vid {
	sv := &f.scope.Values[id]
	switch sv.Op {
	case view.OpQuery:
		v := blank(vRoot)
		v.typ = p.g.Query()
		return p.add(v)
	case view.OpEntity:
		return f.subject
	case view.OpItem:
		return p.item(p.value(f, sv.Of))
	case view.OpAs:
		return p.as(p.value(f, sv.Of), sv.Name)
	case view.OpField:
		return p.fieldOf(f, sv, -1)
	case view.OpViewer:
		return p.entity(p.g.Types[sv.Name], []vid{p.context(sv.Path)})
	case view.OpArg:
		a, ok := f.args[sv.Name]
		if !ok {
			p.fail("no argument %q", sv.Name)
		}
		return a
	case view.OpContext:
		return p.cellOf(sv.Name)
	case view.OpLiteral:
		return p.lit(sv.JSON)
	case view.OpInput:
		v := blank(vInput)
		for _, a := range sv.Args {
			v.names = append(v.names, a.Name)
			v.args = append(v.args, p.value(f, a.Value))
		}
		return p.add(v)
	case view.OpList:
		v := blank(vList)
		for _, a := range sv.List {
			v.args = append(v.args, p.value(f, a))
		}
		return p.add(v)
	case view.OpPick:
		return p.pick(f, sv)
	case view.OpWhen:
		of := p.value(f, sv.Of)
		then := p.value(f, sv.Cases[0].Value)
		return p.when(of, then, p.value(f, sv.Else))
	case view.OpIs:
		v := blank(vIs)
		v.of = p.value(f, sv.Of)
		v.lit = p.constant(sv.JSON)
		return p.add(v)
	case view.OpNot:
		v := blank(vNot)
		v.of = p.value(f, sv.Of)
		return p.add(v)
	case view.OpAnd, view.OpOr:
		v := blank(vAnd)
		if sv.Op == view.OpOr {
			v.op = vOr
		}
		for _, a := range sv.List {
			v.args = append(v.args, p.value(f, a))
		}
		return p.add(v)
	case view.OpPage, view.OpTake:
		return p.list(f, id, -1, false)
	case view.OpOrNull, view.OpOrElse, view.OpNotFound:
		return p.policy(f, sv, p.value(f, sv.Of))
	case view.OpComputed:
		v := blank(vComputed)
		v.idx, v.build = int32(sv.Func), int32(f.build)
		for _, a := range sv.Args {
			v.args = append(v.args, p.value(f, a.Value))
		}
		if fn := p.s.Builds[f.build].Funcs[sv.Func]; fn.Format && len(fn.Inputs) == len(v.args)+1 {
			v.args = append(v.args, p.context("locale"))
		}
		v.ref = sv.Type
		return p.add(v)
	case view.OpFormat:
		v := blank(vFormat)
		v.name = sv.Name
		for _, a := range sv.Args {
			v.args = append(v.args, p.value(f, a.Value))
		}
		v.args = append(v.args, p.context("locale"))
		return p.add(v)
	case view.OpHandler:
		v := blank(vHandler)
		v.idx, v.build = int32(sv.Func), int32(f.build)
		v.ref = sv.Type
		return p.add(v)
	case view.OpEffect:
		return p.effectValue(f, id, sv)
	}
	p.fail("unknown value %q", sv.Op)
	return none
}

func (p *planner) policy(f *frame, sv *view.Value, of vid) vid {
	v := blank(vOrNull)
	switch sv.Op {
	case view.OpOrElse:
		v.op = vOrElse
		v.els = p.value(f, sv.Else)
	case view.OpNotFound:
		v.op = vOrAbsent
	}
	v.of = of
	v.idx = int32(sv.Within.Microseconds())
	o := *p.at(of)
	v.ref, v.typ, v.place, v.space = o.ref, o.typ, o.place, o.space
	id := p.add(v)
	if v.op == vOrAbsent {
		for _, a := range *f.absent {
			if a == id {
				return id
			}
		}
		*f.absent = append(*f.absent, id)
	}
	return id
}

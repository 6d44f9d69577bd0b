package composer

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"facet/fault"
	"facet/tiers"
)

// A group is what a step asks of one column.
type group struct {
	col  int32
	spec int32
	es   []int32
	vals []cell // the values of Needs (and of a loader's Args) for each entity
	args []json.RawMessage
	from int // paged: the first item
	n    int // paged: the items
}

// gather collects the entities that a step's uses need and that nobody has asked for, and sends the calls.
func (x *exec) gather(st *planOp, state *stepState) {
	x.groups = x.groups[:0]
	for _, u := range st.uses {
		n := int32(x.size(u.dom))
		var again []bool
		if u.alone && n > 1 {
			again = x.stood(u.dom)
		}
		if as, ok := x.plainUse(st, u); ok {
			x.gatherItems(st, state, u, as, again)
			continue
		}
		for i := int32(0); i < n; i++ {
			if again == nil || !again[i] {
				x.gatherOne(st, state, u, i)
			}
		}
	}
	for i := range x.groups {
		x.sendGroup(st, state, &x.groups[i])
	}
}

func (x *exec) gatherOne(st *planOp, state *stepState, u *use, i int32) {
	for _, c := range x.p.conds[u.conds] {
		if v := x.cell(c, u.dom, i); !x.isTrue(v) {
			return
		} else if v.deg != 0 {
			x.shaky = true
		}
	}
	col := st.op.col
	var e int32
	of := u.of
	if u.spec >= 0 {
		of = x.p.vals[u.value].of
	}
	space, own := x.entityOf(x.subject(of, u.dom, i))
	if u.spec < 0 {
		if e = own; e == noEntity {
			return
		}
		if !x.needed(u, e) {
			return
		}
	} else {
		var bad cell
		v := &x.p.vals[u.value]
		col, e, bad = x.locate(v, u.dom, i)
		if bad.kind != kMissing {
			x.broken(st, bad)
			return
		}
	}
	rec := x.cols[col].at(e)
	switch rec.kind {
	case kMissing:
	case kPending:
		x.join(st, state, int32(rec.off))
		return
	default:
		return
	}
	if u.spec < 0 || x.p.spaces[st.op.space].kind == "" {
		if t := &x.spaces[st.op.space]; len(t.bad) > 0 && t.bad[e] != 0 {
			*rec = cell{kind: kError, off: uint32(t.bad[e] - 1)}
			x.broken(st, *rec)
			return
		}
	}
	if u.guard >= 0 {
		if bad := x.guardCell(u.guard, u.dom, i); bad.kind == kError {
			*x.cols[col].at(e) = bad
			x.broken(st, bad)
			return
		}
	}
	if st.effect >= 0 { // after the guards: who may not do it is told so, whatever they send
		if name, null := x.lacking(x.p.specs[u.spec], u.dom, i); null.kind != kMissing {
			bad := x.fail(&fault.Error{Kind: fault.Invalid, Op: "effect", Subject: st.op.op.ID, Message: fmt.Sprintf("argument %q of the effect must not be null", name)})
			*x.cols[col].at(e) = bad
			x.broken(st, bad)
			return
		}
	}
	g := x.group(col, u.spec, u, i)
	for _, n := range u.needs {
		var c cell
		if v := &x.p.vals[n]; v.op == vKeyPart && v.of == of && own != noEntity {
			c = x.spaces[space].parts[int(own)*x.p.spaces[space].parts+int(v.idx)]
		} else {
			c = x.cell(n, u.dom, i)
		}
		if c.kind == kError {
			*x.cols[col].at(e) = c
			g.vals = g.vals[:len(g.es)*(len(u.needs)+len(u.args))]
			return
		}
		g.vals = append(g.vals, c)
	}
	for _, n := range u.args {
		g.vals = append(g.vals, x.cell(n, u.dom, i))
	}
	*x.cols[col].at(e) = cell{kind: kPending, off: uint32(st.index)}
	g.es = append(g.es, e)
}

// needed says whether a use's facts of an entity are not there yet.
func (x *exec) needed(u *use, e int32) bool {
	if u.exists && len(u.facts) == 0 {
		return true
	}
	for _, f := range u.facts {
		if !x.delivered(x.p.facts[f], e) {
			return true
		}
	}
	return false
}

func (x *exec) delivered(f *fact, e int32) bool {
	for k := range f.providers {
		pr := &f.providers[k]
		if pr.rows || pr.level >= x.limit {
			continue
		}
		col := &x.cols[pr.col]
		if r := col.get(e); r.kind == kObject && x.visible(col, e) {
			if c := x.ans[r.ans].cells[r.off+uint32(pr.slot)]; c.kind != kMissing && c.kind != kError {
				return true
			}
		}
	}
	return false
}

// join makes a step wait for keys that another is fetching.
func (x *exec) join(st *planOp, state *stepState, other int32) {
	if other == int32(st.index) || x.steps[other].done {
		return
	}
	for _, s := range state.sharing {
		if s == other {
			return
		}
	}
	state.sharing = append(state.sharing, other)
	state.flying++
	x.steps[other].share = append(x.steps[other].share, int32(st.index))
}

func (x *exec) group(col, spec int32, u *use, i int32) *group {
	return &x.groups[x.groupAt(col, spec, u, i)]
}

// groupAt finds or makes the group of a column.
func (x *exec) groupAt(col, spec int32, u *use, i int32) int {
	for k := range x.groups {
		if x.groups[k].col == col {
			return k
		}
	}
	if len(x.groups) < cap(x.groups) {
		x.groups = x.groups[:len(x.groups)+1]
	} else {
		x.groups = append(x.groups, group{})
	}
	g := &x.groups[len(x.groups)-1]
	g.col, g.spec, g.es, g.vals, g.args, g.from, g.n = col, spec, g.es[:0], g.vals[:0], nil, 0, 0
	if spec >= 0 {
		s := x.p.specs[spec]
		for n, a := range s.args {
			if a == none {
				g.args = append(g.args, nil)
				continue
			}
			g.args = append(g.args, x.raw(x.argument(s, n, u.dom, i)))
		}
		if s.window >= 0 {
			g.from, g.n = x.fetchBounds(s, u.dom, i)
		}
	}
	return len(x.groups) - 1
}

// sendGroup makes the calls for a group: one for each batch, or one for each entity.
func (x *exec) sendGroup(st *planOp, state *stepState, g *group) {
	op := st.op.op
	size := 1
	if op.Batch {
		size = len(g.es)
		if op.MaxSize > 0 {
			size = min(size, op.MaxSize)
		}
	}
	state.level = 0
	for _, w := range st.waits {
		state.level = max(state.level, x.steps[w].level)
	}
	state.level++
	x.stats.Levels = max(x.stats.Levels, state.level)
	per := len(op.Needs)
	if len(g.es) > 0 {
		per = len(g.vals) / len(g.es)
	}
	for from := 0; from < len(g.es); from += size {
		end := min(from+size, len(g.es))
		at := len(x.sentTo)
		x.sentTo = append(x.sentTo, g.es[from:end]...)
		es := x.sentTo[at:len(x.sentTo):len(x.sentTo)]
		if x.swollen || x.stats.Calls >= x.e.limits.Calls || x.entities > x.e.limits.Entities {
			past := x.e.past("tier calls", x.e.limits.Calls)
			switch {
			case x.swollen:
				past = x.e.past("items", x.e.limits.Items)
			case x.entities > x.e.limits.Entities:
				past = x.e.past("entities", x.e.limits.Entities)
			}
			bad := x.fail(past)
			for _, e := range es {
				*x.cols[g.col].at(e) = bad
			}
			x.broken(st, bad)
			continue
		}
		if past := x.afford(st.owners); past != nil {
			bad := x.fail(past)
			for _, e := range es {
				*x.cols[g.col].at(e) = bad
			}
			x.broken(st, bad)
			continue
		}
		k := &call{x: x, step: int32(st.index), op: st.op, col: g.col, es: es, ans: x.reserve(st.op), from: g.from, n: g.n}
		k.c = tiers.Call{Operation: op, Args: g.args, Fields: st.op.fields, Headers: x.r.Asker.Headers}
		if per > 0 && len(op.Needs) > 0 {
			k.c.Needs = make([][]json.RawMessage, len(op.Needs))
			for n := range op.Needs {
				at := len(x.sentRaw)
				x.sentRaw = slices.Grow(x.sentRaw, len(es))
				for j := range es {
					if c := g.vals[(from+j)*per+n]; c.kind == kText {
						x.sentRaw = append(x.sentRaw, x.bytes(c))
					} else {
						x.sentRaw = append(x.sentRaw, x.raw(c))
					}
				}
				k.c.Needs[n] = x.sentRaw[at:len(x.sentRaw):len(x.sentRaw)]
			}
		}
		if st.spec < 0 && len(op.Args) > 0 {
			k.c.Args = make([]json.RawMessage, len(op.Args))
			for n := range op.Args {
				k.c.Args[n] = x.raw(g.vals[from*per+len(op.Needs)+n])
			}
		}
		if len(op.Context) > 0 {
			k.c.Context = make([]json.RawMessage, len(op.Context))
			for n, path := range op.Context {
				k.c.Context[n], _ = x.r.Asker.Value(path)
			}
		}
		if op.Page != nil {
			k.c.Page = tiers.Page{Offset: g.from, Limit: g.n}
		}
		if op.Mutation {
			k.c.Idempotency = x.idempotency(st)
		}
		x.stats.Calls++
		x.flying++
		state.flying++
		if st.op.budget() > 0 {
			for _, e := range es {
				state.asked = append(state.asked, asked{g.col, e})
			}
		}
		x.launch(k)
	}
}

// launch makes a call on a goroutine of its own, or leaves it to the one that is here, where that has nothing else to do. x.mu is held.
func (x *exec) launch(k *call) {
	if x.idle == idleNone || x.held != nil || x.idle == idlePatient && k.op.budget() > 0 {
		go k.apart()
		return
	}
	x.held = k
}

// An idle says what the goroutine that has x.mu does next.
type idle uint8

const (
	idleNone    idle = iota
	idlePatient      // it waits for the answer: it may make a call that the answer waits for as long as it takes
	idleAny          // it ends
)

// take gives the call that was left to this goroutine, or nil. x.mu is held.
func (x *exec) take() *call {
	k := x.held
	x.held, x.idle = nil, idleNone
	return k
}

// reserve makes room for an answer.
func (x *exec) reserve(op *opPlan) uint16 {
	if n := len(x.ans); n < cap(x.ans) {
		x.ans = x.ans[:n+1]
		a := &x.ans[n]
		a.body, a.cells, a.tracks, a.release, a.op = nil, a.cells[:0], a.tracks[:0], nil, op
		return uint16(n)
	}
	x.ans = append(x.ans, answerData{op: op})
	return uint16(len(x.ans) - 1)
}

// A call is one tier call of a step: entities of one column.
type call struct {
	x    *exec
	step int32
	op   *opPlan
	col  int32
	es   []int32
	ans  uint16
	c    tiers.Call
	from int
	n    int

	spared bool         // all of it was kept: the tier was not asked
	lost   *fault.Error // why the rows that were not kept are not there
}

// apart makes the call on a goroutine of its own. Its stack gets the size that nearly all calls need while there is nothing on it: it
// would grow to that in steps, each of which moves all frames.
func (k *call) apart() {
	_ = deepen(uint(len(k.es)))
	k.run(idleAny)
}

//go:noinline
func deepen(i uint) byte {
	var room [6 << 10]byte
	return room[i%uint(len(room))]
}

// run makes the call, and then calls that its answer allows; then says which.
func (k *call) run(then idle) {
	for k != nil {
		k = k.once(then)
	}
}

// once makes the call, reads its answer and gives it to the entities. It gives back a call that is still to be made, or nil.
func (k *call) once(then idle) *call {
	x := k.x
	if pg := k.op.op.Page; pg != nil && pg.After && !pg.Offset {
		k.walk()
		return nil
	}
	s := scanners.Get().(*scanner)
	x.mu.Lock()
	a := x.ans[k.ans]
	x.mu.Unlock()
	err := x.get(k, &a, s, k.ans)
	x.mu.Lock()
	x.flying--
	if x.over || x.steps[k.step].done {
		x.mu.Unlock()
		if a.release != nil {
			a.release()
		}
		s.put()
		return nil
	}
	x.stats.read(k, &a)
	x.ans[k.ans] = a
	if err != nil {
		x.refuse(k, err)
	} else {
		x.settle(k, &x.ans[k.ans])
	}
	x.idle = then
	x.landed(k.step)
	next := x.take()
	x.mu.Unlock()
	s.put()
	return next
}

// get calls the tier and scans the answer, and lets it be watched where somebody does.
func (x *exec) get(k *call, a *answerData, s *scanner, ans uint16) *fault.Error {
	if x.watch == nil {
		return x.fetch(x.ctx, k, a, s, ans)
	}
	return x.watched(k, a, s, ans)
}

// call makes one tier call, or answers it from what is kept; then the harvest is not nil.
func (e *Engine) call(ctx context.Context, k *call) (*tiers.Answer, *harvest, error) {
	if e.loaders != nil {
		p := k.x.p
		return e.loaders.call(ctx, &k.c, manner{tenant: e.cfg.Surface.Device, maxAge: p.steps[k.step].maxAge, anew: len(p.effects) > 0})
	}
	t := e.tiers[k.c.Operation.Source.Name]
	if t == nil {
		return nil, nil, &fault.Error{Kind: fault.Unavailable, Op: "tier", Subject: k.c.Operation.ID, Message: "the tier is not configured"}
	}
	a, err := t.Call(ctx, &k.c)
	return a, nil, err
}

// read counts a call's answer.
func (s *Stats) read(k *call, a *answerData) {
	if k.spared {
		k.spared = false
		s.Calls--
		s.Kept++
		return
	}
	s.Bytes += len(a.body)
}

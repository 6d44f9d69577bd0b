package composer

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"facet/fault"
	"facet/graph"
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
		for i := int32(0); i < n; i++ {
			x.gatherOne(st, state, u, i)
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
	if u.spec < 0 {
		o := x.subject(u.of, u.dom, i)
		if _, e = x.entityOf(o); e == noEntity {
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
	g := x.group(col, u.spec, u, i)
	for _, n := range u.needs {
		c := x.cell(n, u.dom, i)
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
	for k := range x.groups {
		if x.groups[k].col == col {
			return &x.groups[k]
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
		for _, a := range s.args {
			if a == none {
				g.args = append(g.args, nil)
				continue
			}
			g.args = append(g.args, x.raw(x.cell(a, u.dom, i)))
		}
		if s.window >= 0 {
			g.from, g.n = x.fetchBounds(s, u.dom, i)
		}
	}
	return g
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
		es := append([]int32(nil), g.es[from:end]...)
		if x.stats.Calls >= x.e.limits.Calls || x.entities > x.e.limits.Entities {
			what := "tier calls"
			if x.entities > x.e.limits.Entities {
				what = "entities"
			}
			bad := x.fail(&fault.Error{Kind: fault.Limit, Op: "answer", Message: "the answer needs too many " + what})
			for _, e := range es {
				*x.cols[g.col].at(e) = bad
			}
			continue
		}
		k := &call{x: x, step: int32(st.index), op: st.op, col: g.col, es: es, ans: x.reserve(st.op), from: g.from, n: g.n}
		k.c = tiers.Call{Operation: op, Args: g.args, Fields: st.op.fields, Headers: x.r.Asker.Headers}
		if per > 0 && len(op.Needs) > 0 {
			k.c.Needs = make([][]json.RawMessage, len(op.Needs))
			flat := make([]json.RawMessage, len(op.Needs)*len(es))
			for n := range op.Needs {
				col := flat[n*len(es) : (n+1)*len(es)]
				for j := range es {
					col[j] = x.raw(g.vals[(from+j)*per+n])
				}
				k.c.Needs[n] = col
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
		go k.run()
	}
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
}

var scanners = sync.Pool{New: func() any { return &scanner{} }}

// run makes the call, reads its answer and gives it to the entities. It is a goroutine of its own.
func (k *call) run() {
	x := k.x
	if pg := k.op.op.Page; pg != nil && pg.After && !pg.Offset {
		k.walk()
		return
	}
	s := scanners.Get().(*scanner)
	x.mu.Lock()
	a := x.ans[k.ans]
	x.mu.Unlock()
	err := x.fetch(k, &a, s, k.ans)
	x.mu.Lock()
	x.flying--
	if x.over || x.steps[k.step].done {
		x.mu.Unlock()
		if a.release != nil {
			a.release()
		}
		scanners.Put(s)
		return
	}
	x.stats.Bytes += len(a.body)
	x.ans[k.ans] = a
	if err != nil {
		x.refuse(k, err)
	} else {
		x.settle(k, &x.ans[k.ans])
	}
	x.landed(k.step)
	x.mu.Unlock()
	s.b = nil
	scanners.Put(s)
}

// fetch calls the tier and scans the answer; it runs without mu.
func (x *exec) fetch(k *call, a *answerData, s *scanner, ans uint16) (bad *fault.Error) {
	op := k.op.op
	defer func() {
		if r := recover(); r != nil { // a tier that panics fails its own call only
			bad = &fault.Error{Kind: fault.Internal, Op: "tier", Subject: op.ID, Message: "the tier's client failed", Err: fmt.Errorf("panic: %v", r)}
		}
	}()
	got, err := x.e.call(x.ctx, &k.c)
	if err != nil {
		return asFault(err, op)
	}
	a.body, a.release = got.Body, got.Release
	s.b, s.i, s.depth, s.ans = got.Body, 0, 0, ans
	s.cells, s.stack, s.tracks = a.cells[:0], s.stack[:0], a.tracks[:0]
	ok := len(got.Body) < maxBody && k.op.prog.run(s)
	a.cells, a.tracks = s.cells, s.tracks
	s.cells, s.tracks = nil, nil
	if !ok {
		a.tracks = a.tracks[:0]
		return &fault.Error{Kind: fault.BadAnswer, Op: "tier", Subject: op.ID, Message: "the tier's answer is not JSON that can be read"}
	}
	return nil
}

const maxBody = 1 << 30

// refuse gives a call's failure to its entities.
func (x *exec) refuse(k *call, err *fault.Error) {
	c := nullCell
	if err.Kind != fault.NotFound || k.op.op.Mutation {
		c = x.fail(err)
	}
	for _, e := range k.es {
		*x.cols[k.col].at(e) = c
	}
	x.broken(x.p.steps[k.step], c)
}

// settle gives an answer to the entities that were asked for.
func (x *exec) settle(k *call, a *answerData) {
	op := k.op
	x.identify(k, a)
	root := a.cells[rootValue]
	if op.op.Batch {
		x.settleRows(k, a, root)
		return
	}
	if root.kind == kMissing {
		root = nullCell
	}
	if op.loads != nil && root.kind == kObject && op.rows.space >= 0 {
		if h := &a.cells[root.off]; h.kind != kEntity {
			*h = cell{kind: kEntity, off: uint32(op.space), n: uint32(k.es[0])}
		}
	}
	*x.cols[k.col].at(k.es[0]) = root
	x.broken(x.p.steps[k.step], root)
	if op.op.Page != nil {
		total := int32(-1)
		if c := a.cells[rootTotal]; c.kind == kInt {
			total = int32(intOf(a.body[c.off : c.off+c.n]))
		}
		x.cols[k.col].page(k.es[0], int32(k.from), total)
	}
}

func (c *column) page(e, from, total int32) {
	for int(e) >= len(c.from) {
		c.from = append(c.from, 0)
		c.totals = append(c.totals, -1)
	}
	c.from[e], c.totals[e] = from, total
}

// identify gives every keyed record its entity, and entities their records.
func (x *exec) identify(k *call, a *answerData) {
	st := x.p.steps[k.step]
	order := uint32(st.level)<<16 | uint32(st.index&0xffff)
	var few [4]cell
	for _, t := range a.tracks {
		pl := x.p.places[t.place]
		parts := few[:0]
		for _, s := range pl.key {
			parts = append(parts, a.cells[t.off+uint32(s)])
		}
		e, ok := x.intern(pl.space, parts)
		if !ok {
			continue
		}
		a.cells[t.off] = cell{kind: kEntity, off: uint32(pl.space), n: uint32(e)}
		if pl.row {
			continue
		}
		col := &x.cols[pl.col]
		for int(e) >= len(col.order) {
			col.order = append(col.order, 0)
		}
		rec := col.at(e)
		if rec.kind == kMissing || order < col.order[e] {
			*rec = cell{kind: kObject, ans: k.ans, off: t.off, n: t.place}
			col.order[e] = order
		}
	}
}

func (x *exec) settleRows(k *call, a *answerData, root cell) {
	col := &x.cols[k.col]
	if root.kind == kError {
		for _, e := range k.es {
			*col.at(e) = root
		}
		return
	}
	if root.kind == kList {
		for _, r := range a.cells[root.off : root.off+root.n] {
			if r.kind != kObject {
				continue
			}
			h := a.cells[r.off]
			if h.kind != kEntity {
				continue
			}
			rec := col.at(int32(h.n))
			if rec.kind != kPending || int32(rec.off) != k.step { // extra, or a duplicate
				continue
			}
			if k.op.value >= 0 {
				c := a.cells[r.off+uint32(k.op.value)]
				if c.kind == kMissing {
					c = nullCell
				}
				*rec = c
				continue
			}
			*rec = r
		}
	}
	for _, e := range k.es {
		if rec := col.at(e); rec.kind == kPending {
			*rec = nullCell
		}
	}
}

func intOf(b []byte) int {
	n, neg := 0, false
	for i, c := range b {
		if i == 0 && c == '-' {
			neg = true
			continue
		}
		if c < '0' || c > '9' || n > 1<<40 {
			break
		}
		n = n*10 + int(c-'0')
	}
	if neg {
		return -n
	}
	return n
}

// maxWalk bounds the calls of one walk through a list by cursors.
const maxWalk = 50

// walk pages a list by cursors from its start until the window is there. Each page counts as a call.
func (k *call) walk() {
	x := k.x
	var items []cell
	var bad *fault.Error
	s := scanners.Get().(*scanner)
	defer scanners.Put(s)
	end := k.from + k.n
	ans := k.ans
	k.c.Page.Offset = 0
	for page := 0; ; page++ {
		k.c.Page.Limit = end - len(items)
		x.mu.Lock()
		if page > 0 {
			if x.over || x.steps[k.step].done || page >= maxWalk || x.stats.Calls >= x.e.limits.Calls {
				if !x.over && !x.steps[k.step].done {
					bad = &fault.Error{Kind: fault.Limit, Op: "answer", Message: "the answer needs too many tier calls"}
				}
				x.mu.Unlock()
				break
			}
			x.stats.Calls++
			ans = x.reserve(k.op)
		}
		a := x.ans[ans]
		x.mu.Unlock()
		bad = x.fetch(k, &a, s, ans)
		x.mu.Lock()
		x.stats.Bytes += len(a.body)
		if x.over || x.steps[k.step].done {
			x.mu.Unlock()
			if a.release != nil {
				a.release()
			}
			break
		}
		x.ans[ans] = a
		if bad == nil {
			k.ans = ans
			x.identify(k, &x.ans[ans])
		}
		x.mu.Unlock()
		if bad != nil {
			break
		}
		root, next := a.cells[rootValue], a.cells[rootNext]
		if root.kind == kError {
			bad = x.errorOf(root)
			break
		}
		if root.kind == kList {
			items = append(items, a.cells[root.off:root.off+root.n]...)
		}
		if root.kind != kList || root.n == 0 || next.kind == kNull || next.kind == kMissing || next.kind == kError || len(items) >= end {
			break
		}
		k.c.Page.After = json.RawMessage(a.body[next.off : next.off+next.n])
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.flying--
	if x.over || x.steps[k.step].done {
		return
	}
	if bad != nil {
		x.refuse(k, bad)
	} else {
		own := &x.ans[ansOwn]
		off := len(own.cells)
		own.cells = append(own.cells, items...)
		*x.cols[k.col].at(k.es[0]) = cell{kind: kList, off: uint32(off), n: uint32(len(items))}
		total := int32(-1)
		if c := x.ans[k.ans].cells[rootTotal]; c.kind == kInt {
			total = int32(intOf(x.ans[k.ans].body[c.off : c.off+c.n]))
		}
		x.cols[k.col].page(k.es[0], 0, total)
	}
	x.landed(k.step)
}

func asFault(err error, op *graph.Operation) *fault.Error {
	if e, ok := err.(*fault.Error); ok {
		return e
	}
	return &fault.Error{Kind: fault.KindOf(err), Op: "tier", Subject: op.ID, Message: "the tier failed", Err: err}
}

// call makes one tier call.
func (e *Engine) call(ctx context.Context, c *tiers.Call) (*tiers.Answer, error) {
	if e.loaders != nil {
		return e.loaders.Call(ctx, c)
	}
	t := e.tiers[c.Operation.Source.Name]
	if t == nil {
		return nil, &fault.Error{Kind: fault.Unavailable, Op: "tier", Subject: c.Operation.ID, Message: "the tier is not configured"}
	}
	return t.Call(ctx, c)
}

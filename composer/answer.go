package composer

import (
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"runtime/pprof"
	"slices"
	"sync"
	"time"

	"facet/asker"
	"facet/fault"
	"facet/tiers"
)

// Answer implements Answerer.
func (e *Engine) Answer(ctx context.Context, r *Request) iter.Seq[Part] {
	return func(yield func(Part) bool) {
		began := time.Now()
		req := *r
		if req.Asker == nil {
			req.Asker = &asker.Asker{}
		}
		var own tiers.Until
		own.End(ctx, e.time(req.Selection))
		defer own.Stop()
		ctx := context.Context(&own)
		var part Part
		if req.Selection.Mutation {
			part = e.mutate(ctx, &req)
		} else {
			part = e.query(ctx, &req)
		}
		part.Stats.Time = time.Since(began)
		part.Last = true
		if w := watcherOf(ctx); w != nil {
			w.Answered(part.Stats)
		}
		yield(part)
	}
}

func failedPart(err error) Part {
	f, ok := err.(*fault.Error)
	if !ok {
		f = &fault.Error{Kind: fault.KindOf(err), Message: fault.Public(err), Err: err}
	}
	return Part{Data: []byte("null"), Errors: []Error{{Kind: f.Kind, Message: f.Public(), Err: f}}}
}

// past is the refusal of an answer that is past a limit.
func (e *Engine) past(what string, limit int) *fault.Error {
	return &fault.Error{Kind: fault.Limit, Op: "answer", Message: fmt.Sprintf("the answer is past the limit of %d %s", limit, what), Hint: "ask for fewer fields, or for shorter lists"}
}

func (e *Engine) query(ctx context.Context, r *Request) Part { return e.queryOn(ctx, r, nil) }

// queryOn answers a query that is a part of a request, on what that one has taken so far; nil: it is the request.
func (e *Engine) queryOn(ctx context.Context, r *Request, spent *request) Part {
	began := time.Now()
	p, err := e.plan(r.Selection, r.Asker, -1)
	if err != nil {
		return failedPart(err)
	}
	p.relabel()
	defer pprof.SetGoroutineLabels(ctx)
	x := e.newExec(p, r)
	x.stats.Plan = time.Since(began)
	if spent != nil {
		spent.resume(x)
	}
	x.bind()
	x.begin(ctx)
	x.wait()
	x.tally()
	if spent != nil {
		spent.keep(x)
	}
	return x.part()
}

// execs and buffers serve all plans of all engines: an instance has tens of thousands of plans, most of which are used once between two
// collections, and what answers by them is large. reset leaves nothing of the request before.
var (
	execs       = sync.Pool{New: func() any { return &exec{dyn: map[string]int32{}} }}
	vast        sync.Pool // of *exec that have grown for thousands of rows or megabytes: for plans that make large answers
	buffers     sync.Pool // of *buffer
	vastBuffers sync.Pool // of *buffer that have grown for megabytes, likewise
)

// newExec takes an exec.
func (e *Engine) newExec(p *plan, r *Request) *exec {
	var x *exec
	if p.hint.Load() >= largeAnswer {
		x, _ = vast.Get().(*exec)
	}
	if x == nil {
		x = execs.Get().(*exec)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.turn++
	x.e, x.p, x.r = e, p, r
	x.reset()
	return x
}

func grow[T any](s []T, n int) []T {
	if cap(s) >= n {
		return s[:n]
	}
	return append(s[:cap(s)], make([]T, n-cap(s))...)
}

func (x *exec) reset() {
	p := x.p
	x.ans = grow(x.ans, ansTier)
	x.ans[ansOwn].body, x.ans[ansOwn].cells = x.ans[ansOwn].body[:0], x.ans[ansOwn].cells[:0]
	x.params, x.contexts, x.errs = x.params[:0], x.contexts[:0], x.errs[:0]
	x.invalid = grow(x.invalid, len(p.sel.Roots))
	clear(x.invalid)
	x.spaces = grow(x.spaces, len(p.spaces))
	for i := range x.spaces {
		x.spaces[i].reset()
	}
	x.cols = grow(x.cols, int(p.columns))
	for i := range x.cols {
		x.cols[i].reset()
	}
	clear(x.dyn)
	x.specs = grow(x.specs, len(p.specs))
	for i := range x.specs {
		x.specs[i] = -1
	}
	x.specOK = grow(x.specOK, len(p.specs))
	clear(x.specOK)
	for _, f := range p.fixed {
		x.specs[f.spec] = f.col
	}
	x.steps = grow(x.steps, len(p.steps))
	for i := range x.steps {
		s := &x.steps[i]
		*s = stepState{share: s.share[:0], sharing: s.sharing[:0], asked: s.asked[:0]}
	}
	x.doms = grow(x.doms, len(p.domains))
	for i := range x.doms {
		x.doms[i].ready = false
	}
	x.memo = grow(x.memo, int(p.memos))
	for i := range x.memo {
		x.memo[i] = x.memo[i][:0]
	}
	x.filled = grow(x.filled, int(p.memos))
	clear(x.filled)
	x.left, x.flying, x.limit, x.over, x.late, x.shaky, x.entities = 0, 0, 0, false, nil, false, 0
	x.items, x.swollen = 0, false
	x.stats = Stats{}
	x.trim, x.longest = trim{}, 0
	x.trims = grow(x.trims, len(p.roots))
	clear(x.trims)
	clear(x.sentRaw)
	x.sentTo, x.sentRaw = x.sentTo[:0], x.sentRaw[:0]
	x.spends = grow(x.spends, len(x.e.budgets))
	clear(x.spends)
	x.accounts = grow(x.accounts, len(x.e.cfg.Surface.Builds))
	for i := range x.accounts {
		x.accounts[i] = x.e.accountOf(i)
	}
	x.guards = grow(x.guards, len(p.guards))
	clear(x.guards)
	x.only, x.ran, x.handled = -1, nil, nullCell
	x.done = make(chan struct{})
	x.forget()
	n := &x.enc
	*n = encoder{path: n.path[:0]}
}

func (c *column) reset() {
	clear(c.recs)
	c.recs, c.order, c.totals, c.from = c.recs[:0], c.order[:0], c.totals[:0], c.from[:0]
}

// A buffer holds an answer that is written.
type buffer struct {
	b       []byte // the answer begins at frameRoom
	release func()
}

func (p *plan) buffer() *buffer {
	hint := int(p.hint.Load())
	var b *buffer
	if hint >= largeAnswer {
		b, _ = vastBuffers.Get().(*buffer)
	}
	if b == nil {
		b, _ = buffers.Get().(*buffer)
	}
	if b == nil {
		b = &buffer{}
		b.release = b.put
	}
	b.b = slices.Grow(b.b[:0], hint+2*frameRoom)
	return b
}

// kept is what was written with room on both sides, which a buffer that had to grow while it was written has not.
func (b *buffer) kept(out []byte) (framed []byte) {
	if whole := b.b[:cap(b.b)]; len(out) > 0 && &whole[frameRoom] == &out[0] {
		return whole[:frameRoom+len(out)]
	}
	b.b = out
	return nil
}

func (b *buffer) put() {
	if pool := b.pool(); pool != nil {
		pool.Put(b)
	}
}

// pool is where a buffer is kept; nil: nowhere. Were the large among the others, all of them would be large in time.
func (b *buffer) pool() *sync.Pool {
	switch n := cap(b.b); {
	case n > maxPooled:
		return nil
	case n > 2*largeAnswer:
		return &vastBuffers
	}
	return &buffers
}

// part writes the answer and gives the exec back.
func (x *exec) part() Part {
	buf := x.p.buffer()
	n := &x.enc
	n.buf = buf.b[frameRoom:frameRoom]
	switch {
	case x.swollen: // nothing of it would be sent
	case x.r.Format == FormatGraph:
		x.graph()
		if x.e.stated {
			x.graphFit()
		}
	default:
		x.tree()
	}
	p := Part{Errors: n.errors, Degraded: n.degraded, Shortened: n.shortened, NotFound: n.notFound, Whole: !n.gaps, Stats: x.stats}
	p.Cache = x.cacheState()
	p.Exposed = x.exposures()
	if x.r.Facts {
		p.Facts = x.facts()
	}
	size := len(n.buf)
	switch {
	case x.swollen:
		p = failedPart(x.e.past("items", x.e.limits.Items))
		p.Stats = x.stats
		buf.put()
	case n.tooLarge || size > x.e.limits.Bytes:
		p = failedPart(&fault.Error{Kind: fault.TooLarge, Op: "answer", Message: fmt.Sprintf("the answer is past the limit of %d bytes", x.e.limits.Bytes), Hint: "ask for fewer fields, or for shorter lists"})
		p.Stats = x.stats
		buf.put()
	case x.entities > x.e.limits.Entities:
		p = failedPart(x.e.past("entities", x.e.limits.Entities))
		p.Stats = x.stats
		buf.put()
	default:
		x.p.hint.Store(int64(size + size/8))
		p.Data, p.Release, p.framed = n.buf, buf.release, buf.kept(n.buf)
	}
	n.buf = nil
	x.free()
	return p
}

const (
	maxPooled   = 16 << 20 // bytes; what is larger is left to the collector
	vastRows    = 10_000   // entities or items of an exec that small answers would only clear
	vastCells   = 1 << 17  // of tiers' answers, in an exec: 1.5 MB
	largeAnswer = 1 << 20  // bytes of a plan's answers
)

// free gives the tiers' buffers and the exec back. While calls are in the air their keys lie in these buffers: then both
// are left to the garbage collector.
func (x *exec) free() {
	x.mu.Lock()
	flying := x.flying
	x.mu.Unlock()
	if flying > 0 {
		return
	}
	x.pool().Put(x)
}

// pool gives back what the exec holds of others, and is where it is kept.
func (x *exec) pool() *sync.Pool {
	cells := cap(x.ans[ansOwn].cells)
	for i := ansTier; i < len(x.ans); i++ {
		if r := x.ans[i].release; r != nil {
			r()
		}
		x.ans[i].body, x.ans[i].release = nil, nil
		cells += cap(x.ans[i].cells)
	}
	x.ans = x.ans[:ansTier]
	x.r, x.ctx, x.watch = nil, nil, nil
	if x.vast = x.vast || x.entities > vastRows || x.items > vastRows || cells > vastCells || cap(x.ans[ansOwn].body) > largeAnswer; x.vast {
		return &vast
	}
	return &execs
}

// cacheState says what may be done with the answer.
func (x *exec) cacheState() CacheState {
	n := &x.enc
	c := CacheState{Storable: len(n.errors) == 0 && len(n.degraded) == 0 && !x.shaky && x.late == nil, Reads: x.p.reads, Invalidatable: x.p.stale}
	public := true
	for _, r := range x.p.roots {
		if r.view == nil {
			public = false
			continue
		}
		k := r.view.Cache
		if k == nil || k.Scope != "public" {
			public = false
		}
		if k != nil && k.MaxAge > 0 && (c.MaxAge == 0 || k.MaxAge < c.MaxAge) {
			c.MaxAge = k.MaxAge
		}
		if x.e.views[r.view.Name] {
			c.Invalidatable = true
		}
	}
	for _, r := range x.p.reads {
		if r == "now" || r == "random" || len(r) > 6 && r[:6] == "viewer" { // a shared cache would hand one request's to another
			public = false
		}
	}
	c.Public = public && len(x.p.roots) > 0
	return c
}

// argument evaluates an argument of a field operation; the default of a non-null one stands for its null.
func (x *exec) argument(s *spec, n int, dom, i int32) cell {
	c := x.cell(s.args[n], dom, i)
	if c.kind == kNull || c.kind == kMissing {
		for _, t := range s.strict {
			if t.at == n && t.els != none {
				return x.cell(t.els, dom, i)
			}
		}
	}
	return c
}

// lacking finds a non-null argument that is null and has no default; null is kMissing if there is none.
func (x *exec) lacking(s *spec, dom, i int32) (name string, null cell) {
	for _, t := range s.strict {
		if t.els != none {
			continue
		}
		if c := x.cell(s.args[t.at], dom, i); c.kind == kNull || c.kind == kMissing {
			return s.op.op.Args[t.at], cell{kind: kNull, deg: c.deg}
		}
	}
	return "", cell{}
}

// specColumn finds the column of a field operation's arguments at an instance; bad is set if an argument failed, and null where a
// read is not to be made because a non-null argument is null.
func (x *exec) specColumn(id, dom, i int32) (int32, cell) {
	if c := x.specs[id]; c >= 0 {
		if x.specOK[id] {
			return c, cell{}
		}
		s := x.p.specs[id]
		for _, a := range s.args {
			if a == none {
				continue
			}
			if v := x.cell(a, dom, i); v.kind == kError || v.kind == kNotFound {
				return 0, v
			}
		}
		if s.effect < 0 {
			if _, v := x.lacking(s, dom, i); v.kind != kMissing {
				return 0, v
			}
		}
		x.specOK[id] = true
		return c, cell{}
	}
	s := x.p.specs[id]
	if s.effect < 0 {
		if _, v := x.lacking(s, dom, i); v.kind != kMissing {
			return 0, v
		}
	}
	k := binary.LittleEndian.AppendUint32(x.argKey[:0], uint32(s.op.index))
	for n, a := range s.args {
		k = append(k, 0)
		if a == none {
			continue
		}
		v := x.argument(s, n, dom, i)
		if v.kind == kError || v.kind == kNotFound {
			return 0, v
		}
		k = x.appendJSON(k, v)
	}
	if s.window >= 0 {
		from, n := x.fetchBounds(s, dom, i)
		k = binary.LittleEndian.AppendUint32(append(k, 1), uint32(from))
		k = binary.LittleEndian.AppendUint32(k, uint32(n))
	}
	x.argKey = k
	col, ok := x.dyn[string(k)]
	if !ok {
		col = int32(len(x.cols))
		x.cols = grow(x.cols, len(x.cols)+1)
		x.cols[col].reset()
		x.dyn[string(k)] = col
	}
	if s.fixed {
		x.specs[id] = col
	}
	return col, cell{}
}

package composer

import (
	"context"
	"fmt"
	"sync"

	"facet/fault"
	"facet/graph"
)

var scanners = sync.Pool{New: func() any { return &scanner{} }}

const maxStack = 1 << 18 // items of a list, in a scanner that is kept: 3 MB

// put gives a scanner back.
func (s *scanner) put() {
	if s.b = nil; cap(s.stack) <= maxStack {
		scanners.Put(s)
	}
}

// fetch calls the tier under ctx and scans the answer; it runs without mu.
func (x *exec) fetch(ctx context.Context, k *call, a *answerData, s *scanner, ans uint16) (bad *fault.Error) {
	op := k.op.op
	defer func() {
		r := recover()
		s.leave()
		if k.c.Intake = nil; r != nil { // a tier that panics fails its own call only
			bad = &fault.Error{Kind: fault.Internal, Op: "tier", Subject: op.ID, Message: "the tier's client failed", Err: fmt.Errorf("panic: %v", r)}
		}
	}()
	s.i, s.depth, s.ans, s.prog = 0, 0, ans, &k.op.prog
	s.cells, s.stack, s.tracks = a.cells[:0], s.stack[:0], a.tracks[:0]
	k.c.Intake = s
	got, kept, err := x.e.call(ctx, k)
	if err != nil {
		s.leave()
		s.cells, s.tracks = nil, nil
		return asFault(err, op)
	}
	a.body, a.release = got.Body, got.Release
	ok := len(got.Body) < maxBody && s.whole(got.Body)
	a.cells, a.tracks = s.cells, s.tracks
	s.cells, s.tracks = nil, nil
	if kept != nil {
		k.spared, k.lost = kept.spare, kept.lost
		if ok {
			kept.reap(got, a.cells)
		} else {
			kept.done()
		}
	}
	if !ok {
		a.tracks = a.tracks[:0]
		return unreadable(op)
	}
	return nil
}

func unreadable(op *graph.Operation) *fault.Error {
	return &fault.Error{Kind: fault.BadAnswer, Op: "tier", Subject: op.ID, Message: "the tier's answer is not JSON that can be read"}
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
		var e int32
		var ok bool
		if len(pl.key) == 1 {
			at := t.off + uint32(pl.key[0])
			if c := a.cells[at]; c.kind == kText && c.ans == k.ans { // as most are: it is compared where it lies
				e, ok = x.entity(pl.space, a.body[c.off+1:c.off+c.n-1], a.cells[at:at+1])
			} else {
				e, ok = x.intern(pl.space, a.cells[at:at+1])
			}
		} else {
			parts := few[:0]
			for _, s := range pl.key {
				parts = append(parts, a.cells[t.off+uint32(s)])
			}
			e, ok = x.intern(pl.space, parts)
		}
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
	if root.kind == kMissing { // not one row is missing, but the place where rows stand: {"error": "…"} is no answer
		root = x.fail(&fault.Error{Kind: fault.BadAnswer, Op: "tier", Subject: k.op.op.ID, Message: "the tier's answer has no rows where the selection takes them"})
	}
	if root.kind == kError {
		for _, e := range k.es {
			*col.at(e) = root
		}
		x.broken(x.p.steps[k.step], root)
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
	absent := nullCell
	if k.lost != nil { // some rows were kept, and the tier failed for the others
		absent = x.fail(k.lost)
	}
	for _, e := range k.es {
		if rec := col.at(e); rec.kind == kPending {
			*rec = absent
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

func asFault(err error, op *graph.Operation) *fault.Error {
	if e, ok := err.(*fault.Error); ok {
		return e
	}
	return &fault.Error{Kind: fault.KindOf(err), Op: "tier", Subject: op.ID, Message: "the tier failed", Err: err}
}

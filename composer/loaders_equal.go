package composer

import (
	"context"
	"sync"

	"facet/fault"
	"facet/tiers"
)

// A twin is a call that is under way, with those that are equal to it and wait for their turn: when it returns, they go as one.
// None of them is answered by a call that began before it did, so what was written before a request is in its answer.
type twin struct {
	busy    int
	waiting []*equalCall
}

// An equalCall is one request's share of a call that several make.
type equalCall struct {
	block
	out chan *shared
}

var keyBuffers = sync.Pool{New: func() any { return new([]byte) }}

// equal makes a call that is no batch. While k of them are in flight, others for which the tier sees the same gather.
func (l *Loaders) equal(ctx context.Context, t tiers.Tier, c *tiers.Call, tenant string) (*tiers.Answer, error) {
	buf := keyBuffers.Get().(*[]byte)
	key := wholeSeen(l.seen((*buf)[:0], c), c)
	l.twinMu.Lock()
	w := l.twins[string(key)]
	if w != nil && w.busy >= l.k && len(w.waiting) < maxGather {
		b := &equalCall{block: block{ctx: ctx, call: detach(c), tenant: tenant, ended: make(chan struct{})}, out: make(chan *shared, 1)}
		w.waiting = append(w.waiting, b)
		l.twinMu.Unlock()
		*buf = key
		keyBuffers.Put(buf)
		return b.wait()
	}
	name := string(key)
	if w == nil {
		w = &twin{}
		l.twins[name] = w
	}
	w.busy++
	l.twinMu.Unlock()
	*buf = key
	keyBuffers.Put(buf)
	defer l.returned(name, w, t)
	return t.Call(ctx, c)
}

// wait is for the call's result, under the request's own context.
func (b *equalCall) wait() (*tiers.Answer, error) {
	defer close(b.ended)
	select {
	case s := <-b.out:
		return s.answer, s.err
	case <-b.ctx.Done():
		return nil, tiers.ContextError(b.call.Operation, context.Cause(b.ctx))
	}
}

// returned sends those that gathered while a call was under way.
func (l *Loaders) returned(key string, w *twin, t tiers.Tier) {
	l.twinMu.Lock()
	defer l.twinMu.Unlock()
	w.busy--
	var stay []*equalCall
	for _, b := range w.waiting {
		select {
		case <-b.ended: // it left before the call
		default:
			stay = append(stay, b)
		}
	}
	w.waiting = nil
	if len(stay) > 0 {
		w.busy++
		go l.together(key, w, t, stay)
		return
	}
	if w.busy == 0 {
		delete(l.twins, key)
	}
}

// together makes one call for several requests, and gives each the whole answer.
func (l *Loaders) together(key string, w *twin, t tiers.Tier, calls []*equalCall) {
	defer l.returned(key, w, t)
	blocks, group := make([]*block, len(calls)), make([]int, len(calls))
	for i, b := range calls {
		blocks[i], group[i] = &b.block, i
	}
	ctx, cancel := shareContext(blocks)
	defer cancel()
	a, err := callTogether(ctx, t, blocks, group)
	if err != nil {
		for _, b := range calls {
			b.out <- &shared{err: err}
		}
		return
	}
	hold := &held{left: int32(len(calls)), release: a.Release}
	for _, b := range calls {
		b.out <- &shared{answer: &tiers.Answer{Body: a.Body, Release: hold.drop, Partial: a.Partial}}
	}
}

func callTogether(ctx context.Context, t tiers.Tier, blocks []*block, group []int) (a *tiers.Answer, err error) {
	op := blocks[0].call.Operation
	defer func() {
		if r := recover(); r != nil {
			a, err = nil, &fault.Error{Kind: fault.Internal, Op: "tier", Subject: op.ID, Message: "the tier's client failed"}
		}
	}()
	if len(group) == 1 {
		return t.Call(alone(ctx, blocks[0]), blocks[0].call)
	}
	watched, ended := together(ctx, blocks, group)
	a, err = t.Call(watched, blocks[0].call)
	if ended != nil {
		ended(err)
	}
	return a, err
}

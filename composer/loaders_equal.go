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
	waiting []*block
}

var keyBuffers = sync.Pool{New: func() any { return new([]byte) }}

// equal makes a call that is no batch. While k of them are in flight, others for which the tier sees the same gather.
func (l *Loaders) equal(ctx context.Context, t tiers.Tier, c *tiers.Call, tenant string) (*tiers.Answer, error) {
	buf := keyBuffers.Get().(*[]byte)
	key := wholeSeen(l.seen((*buf)[:0], c), c)
	l.twinMu.Lock()
	w := l.twins[string(key)]
	if w != nil && w.busy >= l.k && len(w.waiting) < maxGather {
		b := newBlock(ctx, c, tenant)
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

// returned sends those that gathered while a call was under way.
func (l *Loaders) returned(key string, w *twin, t tiers.Tier) {
	l.twinMu.Lock()
	defer l.twinMu.Unlock()
	w.busy--
	if len(w.waiting) > 0 {
		w.busy++
		go l.together(key, w, t, w.waiting)
		w.waiting = nil
		return
	}
	if w.busy == 0 {
		delete(l.twins, key)
	}
}

// together makes one call for several requests, and gives each the whole answer.
func (l *Loaders) together(key string, w *twin, t tiers.Tier, blocks []*block) {
	defer l.returned(key, w, t)
	j, blocks := embark(blocks)
	if len(blocks) == 0 {
		return
	}
	defer j.end()
	a, err := callTogether(j.ctx, t, blocks)
	if err != nil {
		giveAll(blocks, shared{err: err})
		return
	}
	hold := &held{release: a.Release}
	hold.left.Store(int32(len(blocks)))
	for _, b := range blocks {
		b.give(shared{answer: &tiers.Answer{Body: a.Body, Release: hold.drop, Partial: a.Partial}})
	}
}

func callTogether(ctx context.Context, t tiers.Tier, blocks []*block) (a *tiers.Answer, err error) {
	op := blocks[0].call.Operation
	defer func() {
		if r := recover(); r != nil {
			a, err = nil, &fault.Error{Kind: fault.Internal, Op: "tier", Subject: op.ID, Message: "the tier's client failed"}
		}
	}()
	if len(blocks) == 1 {
		return t.Call(alone(ctx, blocks[0]), blocks[0].call)
	}
	watched, ended := together(ctx, blocks)
	a, err = t.Call(watched, blocks[0].call)
	if ended != nil {
		ended(err)
	}
	return a, err
}

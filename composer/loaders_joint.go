package composer

import (
	"context"
	"sync/atomic"
	"time"

	"facet/tiers"
)

// newBlock makes a request's share of a call that it does not make itself.
func newBlock(ctx context.Context, c *tiers.Call, tenant string) *block {
	return &block{ctx: ctx, call: detach(c), tenant: tenant, out: make(chan shared, 1)}
}

// wait is for the block's result, under the request's own context.
func (b *block) wait() (*tiers.Answer, error) {
	select {
	case s := <-b.out:
		return s.answer, s.err
	case <-b.ctx.Done():
		if j := b.in.Swap(gone); j != nil { // it was on its way with others
			j.left()
		}
		return nil, tiers.ContextError(b.call.Operation, context.Cause(b.ctx))
	}
}

// give hands a block its result. Of two the first counts.
func (b *block) give(s shared) {
	select {
	case b.out <- s:
	default:
	}
}

func giveAll(blocks []*block, s shared) {
	for _, b := range blocks {
		b.give(s)
	}
}

// A joint is what the calls of several blocks go under: a context of its own, with the latest deadline of its members, that is cancelled
// when the last has left.
type joint struct {
	ctx    context.Context
	cancel context.CancelFunc
	aboard atomic.Int32
	until  tiers.Until
}

// gone is what a block is in that left before its call.
var gone = &joint{}

// embark makes the joint of the blocks that have not left, and gives those.
func embark(blocks []*block) (*joint, []*block) {
	j := &joint{}
	j.aboard.Store(1) // who makes it
	stay, bounded := blocks[:0], true
	var latest time.Time
	for _, b := range blocks {
		j.aboard.Add(1)
		if !b.in.CompareAndSwap(nil, j) {
			j.aboard.Add(-1)
			continue
		}
		stay = append(stay, b)
		end, ok := b.ctx.Deadline()
		bounded = bounded && ok
		if end.After(latest) {
			latest = end
		}
	}
	if len(stay) == 0 {
		return nil, nil
	}
	j.ctx, j.cancel = context.WithCancel(context.WithoutCancel(stay[0].ctx))
	if bounded {
		j.until.End(j.ctx, time.Until(latest))
		j.ctx = &j.until
	}
	j.left()
	return j, stay
}

// left counts one that waits no more.
func (j *joint) left() {
	if j.aboard.Add(-1) == 0 {
		j.cancel()
	}
}

// end gives back what the joint holds.
func (j *joint) end() {
	j.until.Stop()
	j.cancel()
}

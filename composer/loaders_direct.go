package composer

import (
	"context"
	"time"

	"facet/tiers"
)

// direct makes a call that nothing has to wait for, on the goroutine of its request: a block that would be a call of its own needs none
// of what gathers blocks. It is false where blocks gather.
func (ld *loader) direct(ctx context.Context, c *tiers.Call) (a *tiers.Answer, err error, ok bool) { //nolint:revive // ok tells whether there was a call at all
	ld.mu.Lock()
	if ld.waiting > 0 || ld.busy >= ld.owner.k {
		ld.mu.Unlock()
		return nil, nil, false
	}
	ld.busy++
	ld.mu.Unlock()
	defer ld.returned()
	if f := tiers.FlightOf(ctx); f != nil {
		f.Note(func(p *tiers.Passage) { p.Left, p.Requests = time.Now(), 1 })
	}
	a, err = ld.owner.tiers[c.Operation.Source.Name].Call(ctx, c)
	return a, err, true
}

// returned sends what has gathered while a call was in flight.
func (ld *loader) returned() {
	ld.mu.Lock()
	ld.busy--
	if ld.waiting > 0 && ld.busy < ld.owner.k {
		ld.flush()
	}
	ld.mu.Unlock()
}

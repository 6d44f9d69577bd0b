package fake

import (
	"context"
	"slices"
	"sync"

	"facet/fault"
)

// A Gate holds calls until it lets them go, in any order that a test chooses.
type Gate struct {
	mu      sync.Mutex
	open    bool
	waiting []*held
	arrived chan struct{} // replaced and closed at each arrival
}

type held struct {
	rec *Record
	out chan struct{}
}

// Hold makes calls under the pattern wait at the returned Gate, from now on.
func (t *Tier) Hold(pattern string) *Gate {
	t.mu.Lock()
	defer t.mu.Unlock()
	g := &Gate{arrived: make(chan struct{})}
	t.gates[pattern] = g
	return g
}

// Waiting lists the calls that stand at the gate, in the order of their arrival.
func (g *Gate) Waiting() []*Record {
	g.mu.Lock()
	defer g.mu.Unlock()
	recs := make([]*Record, len(g.waiting))
	for i, h := range g.waiting {
		recs[i] = h.rec
	}
	return recs
}

// Await returns when n calls stand at the gate, or a Timeout error when ctx ends first.
func (g *Gate) Await(ctx context.Context, n int) error {
	for {
		g.mu.Lock()
		have, arrived := len(g.waiting), g.arrived
		g.mu.Unlock()
		if have >= n {
			return nil
		}
		select {
		case <-arrived:
		case <-ctx.Done():
			return &fault.Error{Kind: fault.KindOf(ctx.Err()), Op: "fake gate", Message: "too few calls arrived", Err: ctx.Err()}
		}
	}
}

// Release lets the i-th waiting call go; false if there is none.
func (g *Gate) Release(i int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if i < 0 || i >= len(g.waiting) {
		return false
	}
	close(g.waiting[i].out)
	g.waiting = slices.Delete(g.waiting, i, i+1)
	return true
}

// ReleaseOperation lets the first waiting call of an operation go; false if there is none.
func (g *Gate) ReleaseOperation(id string) bool {
	g.mu.Lock()
	i := slices.IndexFunc(g.waiting, func(h *held) bool { return h.rec.Operation.ID == id })
	g.mu.Unlock()
	return g.Release(i)
}

// Open lets all waiting calls go, and all later ones pass.
func (g *Gate) Open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open = true
	for _, h := range g.waiting {
		close(h.out)
	}
	g.waiting = nil
}

func (g *Gate) pass(ctx context.Context, rec *Record) error {
	g.mu.Lock()
	if g.open {
		g.mu.Unlock()
		return nil
	}
	h := &held{rec: rec, out: make(chan struct{})}
	g.waiting = append(g.waiting, h)
	close(g.arrived)
	g.arrived = make(chan struct{})
	g.mu.Unlock()
	select {
	case <-h.out:
		return nil
	case <-ctx.Done():
		g.mu.Lock()
		g.waiting = slices.DeleteFunc(g.waiting, func(o *held) bool { return o == h })
		g.mu.Unlock()
		return ctx.Err()
	}
}

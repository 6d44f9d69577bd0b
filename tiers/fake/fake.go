// Package fake is a small real tier in memory: it answers operations from scripts and tables, keeps what mutations write,
// and can be slow, dead, lying or held at a gate, on request.
//
// Patterns name operations: an operation's id ("catalog.Title"), a source ("catalog") or "*". The most specific one that
// says anything counts. A Tier is safe for use by many goroutines and works inside a testing/synctest bubble.
package fake

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"facet/fault"
	"facet/graph"
	"facet/tiers"
)

// A Tier answers scripted operations. One Tier may stand for all sources of a graph.
type Tier struct {
	mu      sync.Mutex
	answers map[string]Func // by operation id
	manners map[string]*manner
	gates   map[string]*Gate
	log     []*Record
	flying  map[string]int // by operation id, source and "*"
	most    map[string]int
}

// A Func answers one call: json.RawMessage and []byte are sent as they are, anything else is marshalled.
// It may run on many goroutines at once; it must not block.
type Func func(r *Request) (any, error)

// New makes a Tier that knows no operation.
func New() *Tier {
	return &Tier{answers: map[string]Func{}, manners: map[string]*manner{}, gates: map[string]*Gate{}, flying: map[string]int{}, most: map[string]int{}}
}

// For gives this Tier for every source of g.
func (t *Tier) For(g *graph.Graph) map[string]tiers.Tier {
	m := make(map[string]tiers.Tier, len(g.Sources))
	for _, s := range g.Sources {
		m[s.Name] = t
	}
	return m
}

// Static answers every call of an operation with the same JSON text.
func (t *Tier) Static(operation, body string) *Tier {
	return t.Func(operation, func(*Request) (any, error) { return json.RawMessage(body), nil })
}

// Func answers an operation by a function.
func (t *Tier) Func(operation string, f Func) *Tier {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.answers[operation] = f
	return t
}

// Rows answers an operation from a table, in the form that the operation's selection reads:
// a batch by one row for each key that the table has, anything else by the one row, or NotFound.
func (t *Tier) Rows(operation string, table *Table) *Tier {
	return t.Func(operation, func(r *Request) (any, error) { return table.answer(r, t.lies(r.Operation)) })
}

// List answers a list operation by the items that f gives, in the form that the operation's selection reads, paged as
// it is paged. Items are objects by graph field names, or scalars.
func (t *Tier) List(operation string, f func(r *Request) ([]any, error)) *Tier {
	return t.Func(operation, func(r *Request) (any, error) {
		items, err := f(r)
		if err != nil {
			return nil, err
		}
		return page(r, items)
	})
}

// Call implements tiers.Tier.
func (t *Tier) Call(ctx context.Context, c *tiers.Call) (*tiers.Answer, error) {
	op := c.Operation
	r := request(c)
	rec, m, gate, answer := t.begin(r)
	body, err := t.run(ctx, r, rec, m, gate, answer)
	t.end(rec, op, err)
	if err != nil {
		return nil, err
	}
	return &tiers.Answer{Body: body}, nil
}

func (t *Tier) run(ctx context.Context, r *Request, rec *Record, m manner, gate *Gate, answer Func) ([]byte, error) {
	op := r.Operation
	if gate != nil {
		if err := gate.pass(ctx, rec); err != nil {
			return nil, tiers.ContextError(op, err)
		}
	}
	if m.delay > 0 {
		timer := time.NewTimer(m.delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return nil, tiers.ContextError(op, ctx.Err())
		}
	}
	if m.hang {
		<-ctx.Done()
	}
	if err := ctx.Err(); err != nil {
		return nil, tiers.ContextError(op, err)
	}
	if m.kind != "" {
		return nil, &fault.Error{Kind: m.kind, Op: "tier", Subject: op.ID, Message: "scripted failure"}
	}
	if answer == nil {
		return nil, &fault.Error{Kind: fault.Internal, Op: "fake", Subject: op.ID, Message: "nothing is scripted for this operation"}
	}
	v, err := answer(r)
	if err != nil {
		return nil, err
	}
	body, err := marshal(v)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "fake", op.ID, err)
	}
	if m.change != nil {
		body = m.change(body)
	}
	return body, nil
}

func marshal(v any) ([]byte, error) {
	switch v := v.(type) {
	case json.RawMessage:
		return append([]byte(nil), v...), nil
	case []byte:
		return append([]byte(nil), v...), nil
	}
	return json.Marshal(v)
}

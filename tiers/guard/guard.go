// Package guard keeps a failing tier from harming the rest: it gives every operation of a tier a deadline, retries with a
// budget, a circuit breaker, a concurrency limit with a bounded queue and, if wanted, hedging.
//
// A call goes through, from the outside in: deadline, retries, hedging, concurrency limit, breaker, tier. When nothing
// fails, a call takes two short locks (the breaker) and one channel operation (the limit).
package guard

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"facet/fault"
	"facet/graph"
	"facet/tiers"
)

// A Guard holds the state of an environment's operations by their ids, so that breakers and limits outlive a graph version.
type Guard struct {
	config Config
	mu     sync.Mutex
	states map[string]*state  // by operation id
	banks  map[string]*budget // by source
}

// New makes a Guard that has seen no call.
func New(c Config) *Guard {
	return &Guard{config: c, states: map[string]*state{}, banks: map[string]*budget{}}
}

// Wrap puts the guard before a tier. Several tiers may be wrapped, of one source or of many.
func (g *Guard) Wrap(t tiers.Tier) tiers.Tier { return &guarded{guard: g, tier: t} }

// A state is what is remembered of one operation.
type state struct {
	id       string
	settings Settings
	budget   *budget // of the source
	slots    bulkhead.Bulkhead[*tiers.Answer]
	breaker  circuitbreaker.CircuitBreaker[*tiers.Answer]
	retry    failsafe.Executor[*tiers.Answer] // nil: no retries
	hedge    failsafe.Executor[*tiers.Answer] // nil: no hedging
	flying   atomic.Int64
	queued   atomic.Int64
}

func (g *Guard) state(op *graph.Operation) *state {
	g.mu.Lock()
	defer g.mu.Unlock()
	if s := g.states[op.ID]; s != nil {
		return s
	}
	set := g.config.of(op)
	bank := g.banks[op.Source.Name]
	if bank == nil {
		bank = newBudget(set)
		g.banks[op.Source.Name] = bank
	}
	s := &state{id: op.ID, settings: set, budget: bank}
	s.slots = bulkhead.New[*tiers.Answer](uint(set.Concurrency))
	s.breaker = s.newBreaker(g.config.Meter)
	s.retry = s.newRetry()
	s.hedge = s.newHedge()
	g.states[op.ID] = s
	return s
}

// A guarded tier finds an operation's state by its address, once looked up by its id.
type guarded struct {
	guard *Guard
	tier  tiers.Tier
	seen  sync.Map // *graph.Operation -> *watched
}

// A watched operation is a state with the deadline that this graph version gives it.
type watched struct {
	*state
	timeout time.Duration
}

func (t *guarded) watch(op *graph.Operation) *watched {
	if w, ok := t.seen.Load(op); ok {
		return w.(*watched)
	}
	s := t.guard.state(op)
	w := &watched{state: s, timeout: s.settings.Timeout}
	switch {
	case op.Timeout > 0:
		w.timeout = op.Timeout
	case op.Source.Timeout > 0:
		w.timeout = op.Source.Timeout
	}
	actual, _ := t.seen.LoadOrStore(op, w)
	return actual.(*watched)
}

// Call implements tiers.Tier.
func (t *guarded) Call(ctx context.Context, c *tiers.Call) (*tiers.Answer, error) {
	w := t.watch(c.Operation)
	meter := t.guard.config.Meter
	var start time.Time
	if meter != nil {
		start = time.Now()
	}
	a := attempts{watched: w, tier: t.tier, caller: ctx, call: c, flight: tiers.FlightOf(ctx)}
	a.own.End(ctx, w.timeout)
	defer a.own.Stop()
	ans, err := a.run(&a.own)
	if a.flight != nil {
		a.flight.Note(func(p *tiers.Passage) {
			p.Attempts, p.Retries, p.Hedges = int(a.made.Load()), a.again, int(a.hedges.Load())
		})
	}
	if meter != nil {
		o := Outcome{Operation: c.Operation, Kind: fault.KindOf(err), Attempts: int(a.made.Load()), Retries: a.again, Hedges: int(a.hedges.Load()), Time: time.Since(start)}
		if len(c.Needs) > 0 {
			o.Keys = len(c.Needs[0])
		}
		if ans != nil {
			o.Bytes = len(ans.Body)
		}
		meter.Called(o)
	}
	return ans, err
}

package guard

import (
	"cmp"
	"slices"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"facet/fault"
	"facet/graph"
)

// A Meter is told what happens. Its methods are called on the calls' goroutines and must not block.
type Meter interface {
	// Called tells of a finished call.
	Called(Outcome)
	// Breaker tells that an operation's breaker changed.
	Breaker(operation string, b Breaker)
}

// An Outcome is how a call ended.
type Outcome struct {
	Operation *graph.Operation
	Kind      fault.Kind // "" if it was answered
	Attempts  int        // calls that reached the tier: 0 if none did
	Retries   int        // tries after a failure
	Hedges    int        // tries beside one that was late
	Keys      int        // that were asked for; 0 of an operation without needs
	Bytes     int        // of the answer
	Time      time.Duration
}

// A Breaker is the state of a circuit breaker.
type Breaker string

// The states of a breaker.
const (
	Closed   Breaker = "closed"    // calls pass
	Open     Breaker = "open"      // calls fail at once
	HalfOpen Breaker = "half_open" // single calls probe
)

func breaker(s circuitbreaker.State) Breaker {
	switch s {
	case circuitbreaker.OpenState:
		return Open
	case circuitbreaker.HalfOpenState:
		return HalfOpen
	}
	return Closed
}

// A Status is an operation's state now.
type Status struct {
	Operation string
	InFlight  int // attempts that the tier works on
	Queued    int // attempts that wait for a slot
	Breaker   Breaker
}

// Status lists every operation that was ever called, by id.
func (g *Guard) Status() []Status {
	g.mu.Lock()
	states := make([]*state, 0, len(g.states))
	for _, s := range g.states {
		states = append(states, s)
	}
	g.mu.Unlock()
	list := make([]Status, len(states))
	for i, s := range states {
		list[i] = Status{Operation: s.id, InFlight: int(s.flying.Load()), Queued: int(s.queued.Load()), Breaker: Closed}
		if s.breaker != nil {
			list[i].Breaker = breaker(s.breaker.State())
		}
	}
	slices.SortFunc(list, func(a, b Status) int { return cmp.Compare(a.Operation, b.Operation) })
	return list
}

package guard

import (
	"time"

	"facet/graph"
)

// Settings are the limits of one operation. A zero field takes the value of the next wider level, at last of Defaults.
type Settings struct {
	// Timeout bounds a call with its retries and its wait for a slot, where the graph states none.
	Timeout time.Duration

	Concurrency int // calls at once
	Queue       int // calls that wait for a slot; more fail with Limit. Below 0: none waits

	Retries       int           // of a read after Unavailable. Below 0: none
	RetryDelay    time.Duration // before the first retry; it doubles, and varies by half
	RetryMaxDelay time.Duration
	// A source's retries come from a budget: each first attempt adds BudgetRatio of a retry, up to BudgetBurst. It counts
	// calls, not time: a tier that is down gets BudgetRatio more calls, never Retries times as many.
	BudgetRatio float64
	BudgetBurst int

	// The breaker opens when BreakerFailures of the last BreakerOf calls failed (Unavailable, Timeout by the operation's own
	// deadline, BadAnswer). After BreakerOpen, varied by a quarter, it lets single calls through; BreakerProbes
	// good ones in a row close it. BreakerFailures below 0: no breaker.
	BreakerFailures int
	BreakerOf       int
	BreakerOpen     time.Duration
	BreakerProbes   int

	// Hedge sends a read a second time when the first has not been answered for so long; the first answer counts. 0: never.
	Hedge time.Duration
}

// Defaults are the settings where nothing is stated.
func Defaults() Settings {
	return Settings{
		Timeout: 500 * time.Millisecond, Concurrency: 128, Queue: 512,
		Retries: 1, RetryDelay: 5 * time.Millisecond, RetryMaxDelay: 50 * time.Millisecond, BudgetRatio: 0.1, BudgetBurst: 20,
		BreakerFailures: 20, BreakerOf: 40, BreakerOpen: 2 * time.Second, BreakerProbes: 3,
	}
}

// A Config is an environment's settings: for all operations, by source, by operation id.
type Config struct {
	Settings
	Sources    map[string]Settings
	Operations map[string]Settings
	Meter      Meter // may be nil: then no clock is read to measure
}

func (c Config) of(op *graph.Operation) Settings {
	s := c.Operations[op.ID]
	s.inherit(c.Sources[op.Source.Name])
	s.inherit(c.Settings)
	s.inherit(Defaults())
	return s
}

func (s *Settings) inherit(w Settings) {
	or(&s.Timeout, w.Timeout)
	or(&s.Concurrency, w.Concurrency)
	or(&s.Queue, w.Queue)
	or(&s.Retries, w.Retries)
	or(&s.RetryDelay, w.RetryDelay)
	or(&s.RetryMaxDelay, w.RetryMaxDelay)
	or(&s.BudgetRatio, w.BudgetRatio)
	or(&s.BudgetBurst, w.BudgetBurst)
	or(&s.BreakerFailures, w.BreakerFailures)
	or(&s.BreakerOf, w.BreakerOf)
	or(&s.BreakerOpen, w.BreakerOpen)
	or(&s.BreakerProbes, w.BreakerProbes)
	or(&s.Hedge, w.Hedge)
	s.BreakerOf = max(s.BreakerOf, s.BreakerFailures)
	s.RetryMaxDelay = max(s.RetryMaxDelay, s.RetryDelay+1)
}

func or[T int | float64 | time.Duration](v *T, wider T) {
	if *v == 0 {
		*v = wider
	}
}

package guard

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/hedgepolicy"
	"github.com/failsafe-go/failsafe-go/retrypolicy"

	"facet/fault"
	"facet/tiers"
)

// attempts are the tries of one call.
type attempts struct {
	*watched
	tier   tiers.Tier
	caller context.Context // without the operation's own deadline
	own    tiers.Until     // with it
	call   *tiers.Call
	made   atomic.Int32
	hedges atomic.Int32
	again  int           // attempts after a failure
	flight *tiers.Flight // nil: nobody watches the call
}

func (a *attempts) repeatable() bool {
	op := a.call.Operation
	return !op.Mutation || a.call.Idempotency != "" && op.IdempotencyHeader() != ""
}

func (a *attempts) run(ctx context.Context) (*tiers.Answer, error) {
	a.budget.earn()
	ans, err := a.hedged(ctx)
	if err == nil || a.retry == nil || !passing(err) || !a.repeatable() || !a.budget.take() {
		return ans, err
	}
	// From here on failsafe-go counts and waits; its first attempt is the one that has failed.
	tries := 0
	ans, retried := a.retry.WithContext(ctx).GetWithExecution(func(failsafe.Execution[*tiers.Answer]) (*tiers.Answer, error) {
		tries++
		if tries == 1 {
			return nil, err
		}
		a.again++
		ans, e := a.hedged(ctx)
		if e != nil && passing(e) {
			err = e
			if tries <= a.settings.Retries && !a.budget.take() {
				return nil, spent{e}
			}
		}
		return ans, e
	})
	if s, ok := retried.(spent); ok {
		return nil, s.error
	}
	if retried != nil && ctx.Err() != nil {
		// The deadline cut the wait for the next try short: the tier's failure says more than that.
		return nil, err
	}
	return ans, retried
}

// spent ends the tries: the budget is empty.
type spent struct{ error }

// passing says whether a failure may be gone at the next try.
func passing(err error) bool {
	return fault.KindOf(err) == fault.Unavailable && !errors.Is(err, circuitbreaker.ErrOpen)
}

func (a *attempts) hedged(ctx context.Context) (*tiers.Answer, error) {
	if a.hedge == nil || a.call.Operation.Mutation {
		return a.try(ctx, a.call)
	}
	c := clone(a.call) // the slower attempt may still read it when Call has returned
	ans, err := a.hedge.WithContext(ctx).GetWithExecution(func(e failsafe.Execution[*tiers.Answer]) (*tiers.Answer, error) {
		if e.IsHedge() {
			a.hedges.Add(1)
		}
		ans, err := a.try(e.Context(), c)
		if err == nil && e.IsCanceled() && ans.Release != nil {
			ans.Release()
			return nil, context.Canceled // nobody takes it
		}
		return ans, err
	})
	var own *fault.Error
	if err != nil && !errors.As(err, &own) && ctx.Err() != nil {
		return nil, tiers.ContextError(c.Operation, ctx.Err())
	}
	return ans, err
}

// try is one attempt: a slot, the breaker's leave, the tier.
func (a *attempts) try(ctx context.Context, c *tiers.Call) (*tiers.Answer, error) {
	if !a.slots.TryAcquirePermit() {
		if err := a.wait(ctx); err != nil {
			return nil, err
		}
	}
	defer a.slots.ReleasePermit()
	if a.breaker != nil && !a.breaker.TryAcquirePermit() {
		return nil, &fault.Error{Kind: fault.Unavailable, Op: "tier", Subject: a.id,
			Message: "the tier is not asked for now: it failed too often", Err: circuitbreaker.ErrOpen}
	}
	a.flying.Add(1)
	a.made.Add(1)
	ans, err := a.tier.Call(ctx, c)
	a.flying.Add(-1)
	if a.breaker != nil {
		a.record(ctx, err)
	}
	return ans, err
}

func (a *attempts) wait(ctx context.Context) error {
	if a.flight != nil {
		from := time.Now()
		defer a.flight.Note(func(p *tiers.Passage) { p.Queued += time.Since(from) })
	}
	if a.queued.Add(1) > int64(a.settings.Queue) {
		a.queued.Add(-1)
		return &fault.Error{Kind: fault.Limit, Op: "tier", Subject: a.id, Message: "too many calls wait for the tier", Err: bulkhead.ErrFull}
	}
	defer a.queued.Add(-1)
	if err := a.slots.AcquirePermit(ctx); err != nil {
		return tiers.ContextError(a.call.Operation, err)
	}
	return nil
}

// record tells the breaker. What the caller's own deadline or going away cut short says nothing about the tier; but a
// half-open breaker waits for an outcome of each probe, and there it counts as a failure.
func (a *attempts) record(ctx context.Context, err error) {
	switch fault.KindOf(err) {
	case fault.Timeout, fault.Canceled:
		if (a.caller.Err() != nil || errors.Is(ctx.Err(), context.Canceled)) && !a.breaker.IsHalfOpen() {
			return
		}
		a.breaker.RecordFailure()
	case fault.Unavailable, fault.BadAnswer:
		a.breaker.RecordFailure()
	default:
		a.breaker.RecordSuccess()
	}
}

func (s *state) newBreaker(m Meter) circuitbreaker.CircuitBreaker[*tiers.Answer] {
	set := s.settings
	if set.BreakerFailures < 0 {
		return nil
	}
	b := circuitbreaker.NewBuilder[*tiers.Answer]().
		WithFailureThresholdRatio(uint(set.BreakerFailures), uint(set.BreakerOf)).
		WithSuccessThreshold(uint(set.BreakerProbes)).
		WithDelay(set.BreakerOpen).WithJitterFactor(0.25)
	if m != nil {
		b = b.OnStateChanged(func(e circuitbreaker.StateChangedEvent) { m.Breaker(s.id, breaker(e.NewState)) })
	}
	return b.Build()
}

func (s *state) newRetry() failsafe.Executor[*tiers.Answer] {
	set := s.settings
	if set.Retries < 1 {
		return nil
	}
	return failsafe.With[*tiers.Answer](retrypolicy.NewBuilder[*tiers.Answer]().
		HandleIf(func(_ *tiers.Answer, err error) bool {
			_, end := err.(spent)
			return err != nil && !end && passing(err)
		}).
		WithMaxRetries(set.Retries).WithBackoff(set.RetryDelay, set.RetryMaxDelay).WithJitterFactor(0.5).
		ReturnLastFailure().Build())
}

func (s *state) newHedge() failsafe.Executor[*tiers.Answer] {
	if s.settings.Hedge <= 0 {
		return nil
	}
	return failsafe.With[*tiers.Answer](hedgepolicy.NewBuilderWithDelay[*tiers.Answer](s.settings.Hedge).Build())
}

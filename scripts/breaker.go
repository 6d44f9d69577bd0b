package scripts

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"facet/fault"
	"facet/view"
)

// QuarantineOptions say when a package's functions are not run any more.
type QuarantineOptions struct {
	Breaks int           // of limits, that put a package into quarantine; 0: 5, below 0: none does. Those within 20 ms of one another count once
	Within time.Duration // in which they must fall; 0: 2 s
	For    time.Duration // how long the first quarantine lasts; 0: 30 s. One that follows a failed trial lasts twice as long
	Most   time.Duration // how long any lasts; 0: 10 min
	// Changed is told when a quarantine begins, is prolonged and ends, one at a time. It must not call functions of the package. May be nil.
	Changed func(Quarantine)
}

// A Quarantine is a package whose functions are not run because they kept breaking limits.
type Quarantine struct {
	Package, Version string
	Since            time.Time // when it began
	Until            time.Time // of the next trial; the zero time: it is over
	Times            int       // how often it was prolonged, and once for its beginning
	Last             Break     // that brought it about
}

// A Breaker keeps the functions of one package from being run while the package is in quarantine. It stays when the package
// is opened anew. It is safe for concurrent use.
type Breaker struct {
	opts    QuarantineOptions
	breaker circuitbreaker.CircuitBreaker[any]
	shut    atomic.Bool  // not every call may run: in quarantine, or on trial after one
	until   atomic.Int64 // no trial before, in Unix nanoseconds
	counted atomic.Int64 // when the last break was counted, in Unix nanoseconds

	mu    sync.Mutex
	state Quarantine
	last  Break
}

const (
	burst  = 20 * time.Millisecond // breaks closer together are one: a page breaks a limit in many cells at once
	trials = 3                     // calls that must go well before all may run again
)

// NewBreaker makes the breaker of one version of a package.
func NewBreaker(name, version string, o QuarantineOptions) *Breaker {
	if o.Breaks == 0 {
		o.Breaks = 5
	}
	if o.Within <= 0 {
		o.Within = 2 * time.Second
	}
	if o.For <= 0 {
		o.For = 30 * time.Second
	}
	if o.Most <= 0 {
		o.Most = 10 * time.Minute
	}
	b := &Breaker{opts: o, state: Quarantine{Package: name, Version: version}}
	b.breaker = circuitbreaker.NewBuilder[any]().
		WithFailureThresholdPeriod(uint(max(1, o.Breaks)), o.Within).
		WithSuccessThreshold(trials).
		WithDelay(1). // until is looked at first: the library's delay cannot grow where outcomes are only recorded
		OnStateChanged(func(e circuitbreaker.StateChangedEvent) { b.changed(e.NewState) }).
		Build()
	return b
}

// term is how long a quarantine lasts that was prolonged some times.
func (b *Breaker) term(times int) time.Duration {
	for d := b.opts.For; ; times-- {
		if times <= 0 || d >= b.opts.Most {
			return min(d, b.opts.Most)
		}
		d *= 2
	}
}

func (b *Breaker) changed(to circuitbreaker.State) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	s := &b.state
	switch to {
	case circuitbreaker.OpenState:
		if s.Times == 0 {
			s.Since = now
		}
		s.Until = now.Add(b.term(s.Times))
		b.until.Store(s.Until.UnixNano())
		s.Times++
		s.Last = b.last
		b.shut.Store(true)
	case circuitbreaker.ClosedState:
		b.shut.Store(false)
		s.Until, s.Times = time.Time{}, 0
	default: // on trial: it is told when that is decided
		return
	}
	if b.opts.Changed != nil {
		b.opts.Changed(*s)
	}
}

// Broke counts a broken limit; it is what RunOptions.Broke takes.
func (b *Breaker) Broke(k Break) {
	b.mu.Lock()
	b.last = k
	b.mu.Unlock()
	if b.opts.Breaks < 0 || b.shut.Load() {
		return // trials are counted by their outcome
	}
	if k.Limit == LimitShare {
		return // it is paced already: many ask for it, or others need the machine
	}
	now := time.Now().UnixNano()
	if before := b.counted.Load(); now-before < int64(burst) || !b.counted.CompareAndSwap(before, now) {
		return
	}
	b.breaker.RecordFailure()
}

// Quarantine is the one that the package is in.
func (b *Breaker) Quarantine() (q Quarantine, in bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state, !b.state.Until.IsZero()
}

// allow says whether a call may run, and whether it is a trial whose outcome is to be told to tried.
func (b *Breaker) allow() (run, trial bool) {
	if !b.shut.Load() {
		return true, false
	}
	ok := time.Now().UnixNano() >= b.until.Load() && b.breaker.TryAcquirePermit()
	return ok, ok
}

// try makes a trial, whose outcome counts however it ends: a permit that is not given back would keep the package in quarantine.
func (b *Breaker) try(trial func() error) {
	ended := false
	defer func() {
		if !ended {
			b.breaker.RecordFailure()
		}
	}()
	err := trial()
	ended = true
	b.tried(err)
}

func (b *Breaker) tried(err error) {
	if brokeLimit(err) {
		b.breaker.RecordFailure()
		return
	}
	b.breaker.RecordSuccess()
}

// A waits is why a call was not run that itself broke nothing: the request's time, or the package's turn.
type waits struct{ error }

// brokeLimit says whether an error is a limit that a call broke.
func brokeLimit(err error) bool {
	if err == nil {
		return false
	}
	var w waits
	if errors.As(err, &w) {
		return false
	}
	k := fault.KindOf(err)
	return k == fault.Limit || k == fault.Timeout
}

// refusal is what a function gives instead of being run. Devices read its message: what went wrong is for the owner.
func (b *Breaker) refusal(fn string) error {
	q, _ := b.Quarantine()
	return &fault.Error{
		Kind: fault.Unavailable, Op: "computed", Subject: fn, Message: "the functions of " + q.Package + " are not run for now",
		Err: fmt.Errorf("%s@%s is in quarantine until %s: %s", q.Package, q.Version, q.Until.UTC().Format(time.TimeOnly), q.Last.Text),
	}
}

// Guarded are functions behind a breaker: while it holds them in quarantine every call fails at once with Unavailable.
func Guarded(c Callable, b *Breaker, names func(i int) string) Callable {
	return &guarded{Callable: c, breaker: b, names: names}
}

type guarded struct {
	Callable
	breaker *Breaker
	names   func(i int) string
}

func (g *guarded) Computes() []view.Compute {
	all := g.Callable.Computes()
	for i, f := range all {
		all[i] = func(a *view.Account, in [][]byte, dst []byte) (out []byte, err error) {
			run, trial := g.breaker.allow()
			if !run {
				return dst, g.breaker.refusal(g.names(i))
			}
			if !trial {
				return f(a, in, dst)
			}
			g.breaker.try(func() error {
				out, err = f(a, in, dst)
				return err
			})
			return out, err
		}
	}
	return all
}

func (g *guarded) Batches() []view.Batch {
	all := g.Callable.Batches()
	for i, f := range all {
		all[i] = func(a *view.Account, in [][][]byte, dst []byte, ends []int, errs []error) (out []byte) {
			run, trial := g.breaker.allow()
			if !run {
				no := g.breaker.refusal(g.names(i))
				for r := range in {
					ends[r], errs[r] = len(dst), no
				}
				return dst
			}
			if !trial {
				return f(a, in, dst, ends, errs)
			}
			g.breaker.try(func() (worst error) {
				out = f(a, in, dst, ends, errs)
				for _, err := range errs {
					if brokeLimit(err) {
						worst = err
					}
				}
				return worst
			})
			return out
		}
	}
	return all
}

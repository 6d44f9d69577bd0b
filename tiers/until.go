package tiers

import (
	"context"
	"sync"
	"time"
)

// An Until is a context that ends with another or after a time, whichever comes first, like those of context.WithTimeout; but it has a timer
// only once somebody waits for Done. Most calls wait for a connection instead, which has deadlines of its own. It is safe for use by many
// goroutines.
type Until struct {
	context.Context // the other
	at              time.Time
	outer           bool // the other ends first, or at the same time

	mu     sync.Mutex
	real   context.Context // nil: nobody has waited yet
	cancel context.CancelFunc
	over   bool
}

// End bounds ctx by a time from now; the zero Until becomes its context. Call Stop when it is not needed any more.
func (u *Until) End(ctx context.Context, after time.Duration) {
	u.Context, u.at = ctx, time.Now().Add(after)
	if end, ok := ctx.Deadline(); ok && !end.After(u.at) {
		u.at, u.outer = end, true
	}
}

// Deadline implements context.Context.
func (u *Until) Deadline() (time.Time, bool) { return u.at, true }

// Done implements context.Context.
func (u *Until) Done() <-chan struct{} { return u.started().Done() }

func (u *Until) started() context.Context {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.real == nil {
		if u.outer { // with a timer of its own it could end before the other, which then would seem to have had time left
			u.real, u.cancel = context.WithCancel(u.Context)
		} else {
			u.real, u.cancel = context.WithDeadline(u.Context, u.at)
		}
		if u.over {
			u.cancel()
		}
	}
	return u.real
}

// Value implements context.Context. Contexts that are made of this one find the one with the timer by it.
func (u *Until) Value(key any) any {
	u.mu.Lock()
	real := u.real
	u.mu.Unlock()
	if real != nil {
		return real.Value(key)
	}
	return u.Context.Value(key)
}

// Err implements context.Context.
func (u *Until) Err() error {
	u.mu.Lock()
	real, over := u.real, u.over
	u.mu.Unlock()
	if real != nil {
		if err := real.Err(); err != nil {
			return err
		}
	}
	if err := u.Context.Err(); err != nil {
		return err
	}
	switch {
	case !u.outer && !time.Now().Before(u.at):
		return context.DeadlineExceeded
	case over:
		return context.Canceled
	}
	return nil
}

// Stop ends the context.
func (u *Until) Stop() {
	u.mu.Lock()
	u.over = true
	cancel := u.cancel
	u.mu.Unlock()
	if cancel != nil {
		cancel()
	}
}

// Outer is the context whose end nobody but its owner knows: ctx, or what an Until at the outside of it bounds. Who keeps the deadline of ctx
// by other means waits for that one's Done.
func Outer(ctx context.Context) context.Context {
	if u, ok := ctx.(*Until); ok {
		return Outer(u.Context)
	}
	return ctx
}

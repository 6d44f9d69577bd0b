package tiers

import (
	"context"
	"iter"
	"sync"
	"time"
)

// A Flight is what is noted of one call by all that it passes on its way to the tier. It travels in the call's context; a call
// without one is watched by nobody, and no clock is read for it. A Flight is safe for use by many goroutines.
type Flight struct {
	mu      sync.Mutex
	carried [][2]string
	passage Passage
}

// A Passage is how a call went. Its zero value is a call that has not left.
type Passage struct {
	Left     time.Time     // when the call was made: one that is shared waits until others have returned
	Requests int           // that went in the call together; 1 if it is one request's alone
	Kept     int           // rows of a batch, or answers, that were kept and not asked for
	Attempts int           // that reached the tier: 0 if none did
	Retries  int           // attempts after a failure
	Hedges   int           // attempts beside one that was late
	Queued   time.Duration // how long its attempts waited for a slot, together
}

type flightKey struct{}

// WithFlight gives the context of a call its Flight; nil takes one away.
func WithFlight(ctx context.Context, f *Flight) context.Context {
	return context.WithValue(ctx, flightKey{}, f)
}

// FlightOf is the Flight of a call, or nil if nobody watches it.
func FlightOf(ctx context.Context) *Flight {
	f, _ := ctx.Value(flightKey{}).(*Flight)
	return f
}

// Note lets do change what is noted. Of a nil Flight nothing is.
func (f *Flight) Note(do func(*Passage)) {
	if f == nil {
		return
	}
	f.mu.Lock()
	do(&f.passage)
	f.mu.Unlock()
}

// Passage is what is noted so far.
func (f *Flight) Passage() Passage {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.passage
}

// Carry makes the call carry a header, or an entry of its metadata, besides those that its source lists: the context of a
// trace. It is called before the call leaves.
func (f *Flight) Carry(name, value string) {
	f.mu.Lock()
	f.carried = append(f.carried, [2]string{name, value})
	f.mu.Unlock()
}

// Carried yields what a call carries besides the headers that its source lists, as names in lower case and values that are
// legal in a header. Every kind of tier sends them with each attempt; the source's own header of such a name goes first.
func Carried(ctx context.Context) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		f := FlightOf(ctx)
		if f == nil {
			return
		}
		f.mu.Lock()
		list := f.carried
		f.mu.Unlock()
		for _, c := range list {
			if !yield(c[0], c[1]) {
				return
			}
		}
	}
}

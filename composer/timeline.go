package composer

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"facet/fault"
	"facet/graph"
	"facet/tiers"
)

// maxTimed bounds the operations of one Timeline; more are counted.
const maxTimed = 1_000

// A Timeline notes when the calls of a request left and ended. It is a Watcher: put it into the request's context. It holds
// counts and no keys, arguments or values, so that it may be shown to whoever may ask.
type Timeline struct {
	began time.Time

	mu      sync.Mutex
	calls   []*Timed
	spared  []Spared
	more    int
	stats   Stats
	answers int
}

// A Timed is a call on a Timeline. Times are since the Timeline's beginning.
type Timed struct {
	Operation *graph.Operation
	Level     int
	Keys      int
	Within    time.Duration // how long the answer waits for it; 0: for as long as it takes
	After     []string      // the operations that gave its keys
	Start     time.Duration
	Left      time.Duration // when the tier was called: after Start where it had to wait for others
	End       time.Duration // -1: it had not ended when the Timeline was read
	Late      bool          // the answer went on without it
	Bytes     int
	Kind      fault.Kind // "" if it was answered
	Message   string     // that a device may see
	tiers.Passage
}

// NewTimeline begins one now.
func NewTimeline() *Timeline { return &Timeline{began: time.Now()} }

// Sent implements Watcher.
func (t *Timeline) Sent(ctx context.Context, s Sent, f *tiers.Flight) (context.Context, func(Landed)) {
	c := &Timed{Operation: s.Operation, Level: s.Level, Keys: s.Keys, Within: s.Within, Start: time.Since(t.began), End: -1}
	for _, op := range s.After {
		if !slices.Contains(c.After, op.ID) {
			c.After = append(c.After, op.ID)
		}
	}
	t.mu.Lock()
	if len(t.calls) >= maxTimed {
		t.more++
		t.mu.Unlock()
		return ctx, nil
	}
	t.calls = append(t.calls, c)
	t.mu.Unlock()
	return ctx, func(l Landed) {
		end := time.Since(t.began)
		went := f.Passage()
		t.mu.Lock()
		defer t.mu.Unlock()
		c.End, c.Bytes, c.Late, c.Passage = end, l.Bytes, l.Late, went
		if l.Err != nil {
			c.Kind, c.Message = l.Err.Kind, l.Err.Public()
		}
	}
}

// Together implements Watcher: the members are on the time line, each of its own request.
func (t *Timeline) Together(ctx context.Context, _ *graph.Operation, _ []context.Context, _ *tiers.Flight) (context.Context, func(error)) {
	return ctx, nil
}

// Spared implements Watcher.
func (t *Timeline) Spared(s Spared) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.spared) < maxTimed {
		t.spared = append(t.spared, s)
	}
}

// Answered implements Watcher.
func (t *Timeline) Answered(s Stats) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.answers++
	t.stats.Calls += s.Calls
	t.stats.Kept += s.Kept
	t.stats.Levels = max(t.stats.Levels, s.Levels)
	t.stats.Bytes += s.Bytes
	t.stats.Plan += s.Plan
	t.stats.Time += s.Time
}

// Times is what a Timeline holds at one moment.
type Times struct {
	Calls   []Timed  // by start, then operation
	Spared  []Spared // operations that made no call
	More    int      // calls that were not noted
	Answers int      // that the request took: a JSON Graph set takes two
	Stats   Stats    // of all of them
	Whole   time.Duration
}

// Read gives what is noted so far.
func (t *Timeline) Read() Times {
	whole := time.Since(t.began)
	t.mu.Lock()
	defer t.mu.Unlock()
	out := Times{Spared: slices.Clone(t.spared), More: t.more, Answers: t.answers, Stats: t.stats, Whole: whole}
	for _, c := range t.calls {
		timed := *c
		if !c.Passage.Left.IsZero() {
			timed.Left = c.Passage.Left.Sub(t.began)
		}
		timed.Left = max(timed.Left, timed.Start)
		out.Calls = append(out.Calls, timed)
	}
	slices.SortStableFunc(out.Calls, func(a, b Timed) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.Level, b.Level), cmp.Compare(a.Operation.ID, b.Operation.ID))
	})
	return out
}

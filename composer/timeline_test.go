package composer_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"facet/composer"
	"facet/fault"
	"facet/graph"
	"facet/tiers"
	"facet/tiers/guard"
)

// line is a Timed in a word or two, without what varies.
func line(c composer.Timed) string {
	s := fmt.Sprintf("%d %s keys=%d %v-%v", c.Level, c.Operation.ID, c.Keys, c.Start, c.End.Round(time.Millisecond))
	if c.Left != c.Start {
		s += fmt.Sprint(" left ", c.Left)
	}
	if c.Requests > 1 {
		s += fmt.Sprint(" of ", c.Requests, " requests")
	}
	if c.Attempts > 1 {
		s += fmt.Sprintf(" %d attempts, %d retries, %d hedges", c.Attempts, c.Retries, c.Hedges)
	}
	if c.Late {
		s += " late"
	}
	if c.Kind != "" {
		s += " " + string(c.Kind)
	}
	if len(c.After) > 0 {
		s += " after " + strings.Join(c.After, " ")
	}
	return s
}

func lines(t *composer.Timeline) []string {
	var out []string
	for _, c := range t.Read().Calls {
		out = append(out, line(c))
	}
	return out
}

// TestTimelineOfSharedCalls: two calls go at once; the third waits until one returns, and takes what arrived meanwhile along.
func TestTimelineOfSharedCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := sharing(t)
		w.tier.Delay("catalog", 10*time.Millisecond)
		var wg sync.WaitGroup
		times := make([]*composer.Timeline, 4)
		for i := range times {
			times[i] = composer.NewTimeline()
			wg.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				askFilm(composer.WithWatcher(t.Context(), times[i]), w, w.asker, fmt.Sprint("t", i))
			})
		}
		wg.Wait()
		want := [][]string{
			{"1 catalog.Title keys=1 0s-10ms"},
			{"1 catalog.Title keys=1 1ms-11ms"},
			{"1 catalog.Title keys=1 2ms-20ms left 10ms of 2 requests"},
			{"1 catalog.Title keys=1 3ms-20ms left 10ms of 2 requests"},
		}
		for i, tl := range times {
			if d := cmp.Diff(want[i], lines(tl)); d != "" {
				t.Errorf("request %d: %s", i, d)
			}
			if s := tl.Read().Stats; s.Calls != 1 || s.Bytes == 0 {
				t.Errorf("request %d took %+v", i, s)
			}
		}
	})
}

// TestTimelineOfTries: what a guard does is on the time line too.
func TestTimelineOfTries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := filmWorld(t, false)
		w.tier.Delay("*", 10*time.Millisecond).FailFirst("catalog.Title", 1, fault.Unavailable)
		g := guard.New(guard.Config{Settings: guard.Settings{RetryDelay: time.Nanosecond, RetryMaxDelay: 2}})
		guarded := composer.TiersBySource{}
		for name, tier := range w.tier.For(w.g) {
			guarded[name] = g.Wrap(tier)
		}
		e, err := composer.NewEngine(composer.Config{Graph: w.g, Surface: w.engine.Surface(), Tiers: guarded})
		if err != nil {
			t.Fatal(err)
		}
		w.engine = e
		tl := composer.NewTimeline()
		askFilm(composer.WithWatcher(t.Context(), tl), w, w.asker, "t1")
		if d := cmp.Diff([]string{"1 catalog.Title keys=1 0s-20ms 2 attempts, 1 retries, 0 hedges"}, lines(tl)); d != "" {
			t.Error(d)
		}
	})
}

// A carrier is a Watcher that has calls carry something.
type carrier struct {
	composer.Watcher
	name string
	mu   sync.Mutex
	log  []string
}

func (c *carrier) Sent(ctx context.Context, s composer.Sent, f *tiers.Flight) (context.Context, func(composer.Landed)) {
	f.Carry("traceparent", c.name)
	return ctx, nil
}

func (c *carrier) Together(ctx context.Context, op *graph.Operation, members []context.Context, f *tiers.Flight) (context.Context, func(error)) {
	f.Carry("traceparent", "together")
	c.mu.Lock()
	c.log = append(c.log, fmt.Sprint(op.ID, " ", len(members)))
	c.mu.Unlock()
	return ctx, nil
}

func (*carrier) Spared(composer.Spared)  {}
func (*carrier) Answered(composer.Stats) {}

// TestWhatCallsCarry: each call carries what its own request's watcher says, a shared one what is said of it, and that of a request
// without a watcher nothing.
func TestWhatCallsCarry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := sharing(t)
		var mu sync.Mutex
		var carried []string
		spy := composer.TiersBySource{}
		for name, tier := range w.tier.For(w.g) {
			spy[name] = called(func(ctx context.Context, c *tiers.Call) (*tiers.Answer, error) {
				said := "nothing"
				for name, value := range tiers.Carried(ctx) {
					said = name + "=" + value
				}
				mu.Lock()
				carried = append(carried, said)
				mu.Unlock()
				time.Sleep(10 * time.Millisecond)
				return tier.Call(ctx, c)
			})
		}
		e, err := composer.NewEngine(composer.Config{Graph: w.g, Surface: w.engine.Surface(), Loaders: composer.NewLoaders(w.g, spy, 1)})
		if err != nil {
			t.Fatal(err)
		}
		w.engine = e
		watch := &carrier{name: "one"}
		var wg sync.WaitGroup
		for i, ctx := range []context.Context{
			composer.WithWatcher(t.Context(), watch), composer.WithWatcher(t.Context(), watch), t.Context(), // one alone, then two that share
		} {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				askFilm(ctx, w, w.asker, fmt.Sprint("t", i))
			})
		}
		wg.Wait()
		askFilm(t.Context(), w, w.asker, "t9")
		if d := cmp.Diff([]string{"traceparent=one", "traceparent=together", "nothing"}, carried); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([]string{"catalog.Title 2"}, watch.log); d != "" {
			t.Error(d)
		}
	})
}

type called func(context.Context, *tiers.Call) (*tiers.Answer, error)

func (f called) Call(ctx context.Context, c *tiers.Call) (*tiers.Answer, error) { return f(ctx, c) }

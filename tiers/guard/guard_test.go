package guard_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"facet/fault"
	"facet/graph"
	"facet/tiers"
	"facet/tiers/fake"
	"facet/tiers/guard"
	"facet/tiers/tiertest"
)

var (
	films = &graph.Source{Name: "films"}
	read  = &graph.Operation{ID: "films.read", Source: films}
	write = &graph.Operation{ID: "films.write", Source: films, Mutation: true, HTTP: &graph.HTTP{IdempotencyHeader: "Idempotency-Key"}}
	paint = &graph.Operation{ID: "films.paint", Source: films, Mutation: true, GRPC: &graph.GRPC{IdempotencyHeader: "idempotency-key"}}
	judge = &graph.Operation{ID: "films.judge", Source: films, Mutation: true, GraphQL: &graph.GraphQL{IdempotencyHeader: "Idempotency-Key"}}
	deaf  = &graph.Operation{ID: "films.deaf", Source: films, Mutation: true, GRPC: &graph.GRPC{}}
	other = &graph.Operation{ID: "films.other", Source: films}
)

func world() *fake.Tier {
	return fake.New().Static("films.read", `1`).Static("films.write", `2`).Static("films.other", `3`).Static("films.paint", `4`).Static("films.judge", `5`).Static("films.deaf", `6`)
}

func TestConformance(t *testing.T) {
	for name, set := range map[string]guard.Settings{
		"plain":  {Timeout: 10 * time.Second},
		"hedged": {Timeout: 10 * time.Second, Hedge: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			tiertest.Run(t, func(t *testing.T) *tiertest.Subject {
				s := tiertest.Fake()
				s.Tier = guard.New(guard.Config{Settings: set}).Wrap(s.Tier)
				return s
			})
		})
	}
}

func TestDeadline(t *testing.T) {
	for _, c := range []struct {
		name              string
		operation, source time.Duration
		want              time.Duration
	}{
		{"the operation's own", 30 * time.Millisecond, 150 * time.Millisecond, 30 * time.Millisecond},
		{"its source's", 0, 150 * time.Millisecond, 150 * time.Millisecond},
		{"the environment's", 0, 0, 400 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				op := &graph.Operation{ID: "films.read", Timeout: c.operation, Source: &graph.Source{Name: "films", Timeout: c.source}}
				g := guard.New(guard.Config{Settings: guard.Settings{Timeout: 400 * time.Millisecond}})
				start := time.Now()
				_, err := g.Wrap(world().Hang("*")).Call(t.Context(), &tiers.Call{Operation: op})
				if got := time.Since(start); got != c.want || fault.KindOf(err) != fault.Timeout {
					t.Errorf("got %v after %v, want a timeout after %v", err, got, c.want)
				}
			})
		})
	}
}

func TestRetries(t *testing.T) {
	for _, c := range []struct {
		name  string
		op    *graph.Operation
		key   string
		fails int
		kind  fault.Kind
		calls int
		want  fault.Kind
	}{
		{"a read that works at the third try", read, "", 2, fault.Unavailable, 3, ""},
		{"a read that fails for good", read, "", 9, fault.Unavailable, 3, fault.Unavailable},
		{"a failure that stays", read, "", 9, fault.Invalid, 1, fault.Invalid},
		{"nothing there", read, "", 9, fault.NotFound, 1, fault.NotFound},
		{"a mutation", write, "", 1, fault.Unavailable, 1, fault.Unavailable},
		{"a mutation with an idempotency key", write, "k", 1, fault.Unavailable, 2, ""},
		{"one over gRPC", paint, "k", 1, fault.Unavailable, 2, ""},
		{"one over GraphQL", judge, "k", 1, fault.Unavailable, 2, ""},
		{"a mutation whose connector has no place for the key", deaf, "k", 1, fault.Unavailable, 1, fault.Unavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := world().FailFirst("*", c.fails, c.kind)
				tier := guard.New(guard.Config{Settings: guard.Settings{Retries: 2}}).Wrap(f)
				_, err := tier.Call(t.Context(), &tiers.Call{Operation: c.op, Idempotency: c.key})
				if got := f.Count("*"); got != c.calls || fault.KindOf(err) != c.want {
					t.Errorf("got %d calls and %v, want %d and %q", got, err, c.calls, c.want)
				}
			})
		})
	}
}

func TestBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := world().Fail("*", fault.Unavailable)
		tier := guard.New(guard.Config{Settings: guard.Settings{Retries: 3, BudgetBurst: 5, BudgetRatio: 0.1, BreakerFailures: -1}}).Wrap(f)
		for i := range 100 { // two operations of one source share its budget
			op := read
			if i%2 == 1 {
				op = other
			}
			if _, err := tier.Call(t.Context(), &tiers.Call{Operation: op}); fault.KindOf(err) != fault.Unavailable {
				t.Fatal(err)
			}
		}
		if got := f.Count("*"); got < 110 || got > 116 {
			t.Errorf("got %d calls, want 100, 5 and a tenth", got)
		}
	})
}

func TestBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, m := world().Fail("films.read", fault.Unavailable), &meter{}
		g := guard.New(guard.Config{Settings: guard.Settings{Retries: -1, BreakerFailures: 4, BreakerOf: 4, BreakerOpen: time.Second, BreakerProbes: 1}, Meter: m})
		tier := g.Wrap(f)
		for range 10 {
			if _, err := tier.Call(t.Context(), &tiers.Call{Operation: read}); fault.KindOf(err) != fault.Unavailable {
				t.Fatal(err)
			}
		}
		if got := f.Count("films.read"); got != 4 {
			t.Errorf("got %d calls, want 4", got)
		}
		if _, err := tier.Call(t.Context(), &tiers.Call{Operation: other}); err != nil {
			t.Errorf("another operation of the source: %v", err)
		}
		// Another graph version's operation of the same id finds the breaker open.
		next := *read
		if _, err := g.Wrap(f).Call(t.Context(), &tiers.Call{Operation: &next}); fault.KindOf(err) != fault.Unavailable {
			t.Error(err)
		}
		time.Sleep(1300 * time.Millisecond)
		f.Heal("films.read")
		if _, err := tier.Call(t.Context(), &tiers.Call{Operation: read}); err != nil {
			t.Errorf("a probe: %v", err)
		}
		want := []guard.Breaker{guard.Open, guard.HalfOpen, guard.Closed}
		if d := cmp.Diff(want, m.breaker); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([]guard.Status{{Operation: "films.other", Breaker: guard.Closed}, {Operation: "films.read", Breaker: guard.Closed}}, g.Status()); d != "" {
			t.Error(d)
		}
	})
}

func TestWhatTheCallerCutShortOpensNoBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := world().Hang("*")
		tier := guard.New(guard.Config{Settings: guard.Settings{Timeout: time.Second, BreakerFailures: 2, BreakerOf: 2}}).Wrap(f)
		for range 5 {
			ctx, done := context.WithTimeout(t.Context(), 10*time.Millisecond)
			_, err := tier.Call(ctx, &tiers.Call{Operation: read})
			done()
			if fault.KindOf(err) != fault.Timeout {
				t.Fatal(err)
			}
		}
		if got := f.Count("*"); got != 5 {
			t.Errorf("got %d calls, want 5", got)
		}
	})
}

func TestConcurrencyLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := world()
		gate := f.Hold("*")
		g := guard.New(guard.Config{Settings: guard.Settings{Concurrency: 2, Queue: 3}})
		tier := g.Wrap(f)
		var mu sync.Mutex
		var kinds []fault.Kind
		for range 7 {
			go func() {
				_, err := tier.Call(t.Context(), &tiers.Call{Operation: read})
				mu.Lock()
				kinds = append(kinds, fault.KindOf(err))
				mu.Unlock()
			}()
		}
		synctest.Wait()
		if d := cmp.Diff([]guard.Status{{Operation: "films.read", InFlight: 2, Queued: 3, Breaker: guard.Closed}}, g.Status()); d != "" {
			t.Error(d)
		}
		gate.Open()
		synctest.Wait()
		slices.Sort(kinds)
		if d := cmp.Diff([]fault.Kind{"", "", "", "", "", fault.Limit, fault.Limit}, kinds); d != "" {
			t.Error(d)
		}
		if got := f.MaxConcurrent("*"); got != 2 {
			t.Errorf("got %d at once, want 2", got)
		}
	})
}

func TestQueueEndsAtTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tier := guard.New(guard.Config{Settings: guard.Settings{Concurrency: 1, Timeout: 100 * time.Millisecond}}).Wrap(world().Hang("*"))
		go func() { _, _ = tier.Call(t.Context(), &tiers.Call{Operation: read}) }()
		synctest.Wait()
		start := time.Now()
		_, err := tier.Call(t.Context(), &tiers.Call{Operation: read})
		if fault.KindOf(err) != fault.Timeout || time.Since(start) != 100*time.Millisecond {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
	})
}

func TestHedge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := world()
		gate := f.Hold("*")
		tier := guard.New(guard.Config{Operations: map[string]guard.Settings{"films.read": {Hedge: 20 * time.Millisecond}}}).Wrap(f)
		done := make(chan error, 2)
		start := time.Now()
		go func() { _, err := tier.Call(t.Context(), &tiers.Call{Operation: read}); done <- err }()
		if err := gate.Await(t.Context(), 2); err != nil {
			t.Fatal(err)
		}
		gate.Release(1) // the second one answers first
		if err := <-done; err != nil || time.Since(start) != 20*time.Millisecond {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
		synctest.Wait()
		if got := len(gate.Waiting()); got != 0 {
			t.Errorf("%d calls still wait: the slower one was not cancelled", got)
		}
		go func() { _, err := tier.Call(t.Context(), &tiers.Call{Operation: other}); done <- err }()
		time.Sleep(100 * time.Millisecond)
		if got := f.Count("films.other"); got != 1 {
			t.Errorf("got %d calls of an operation without hedging", got)
		}
		gate.Open()
		<-done
	})
}

func TestMeter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, m := world().Delay("*", 10*time.Millisecond).FailFirst("*", 1, fault.Unavailable), &meter{}
		tier := guard.New(guard.Config{Settings: guard.Settings{RetryDelay: time.Nanosecond, RetryMaxDelay: 2}, Meter: m}).Wrap(f)
		for range 2 {
			if _, err := tier.Call(t.Context(), &tiers.Call{Operation: read}); err != nil {
				t.Fatal(err)
			}
		}
		want := []guard.Outcome{{Operation: read, Attempts: 2, Retries: 1, Bytes: 1, Time: 20 * time.Millisecond}, {Operation: read, Attempts: 1, Bytes: 1, Time: 10 * time.Millisecond}}
		for i := range m.calls {
			m.calls[i].Time = m.calls[i].Time.Truncate(time.Millisecond)
		}
		if d := cmp.Diff(want, m.calls, cmp.Comparer(func(a, b *graph.Operation) bool { return a == b })); d != "" {
			t.Error(d)
		}
	})
}

type meter struct {
	mu      sync.Mutex
	calls   []guard.Outcome
	breaker []guard.Breaker
}

func (m *meter) Called(o guard.Outcome) { m.mu.Lock(); m.calls = append(m.calls, o); m.mu.Unlock() }
func (m *meter) Breaker(_ string, b guard.Breaker) {
	m.mu.Lock()
	m.breaker = append(m.breaker, b)
	m.mu.Unlock()
}

type free struct{}

func (free) Call(context.Context, *tiers.Call) (*tiers.Answer, error) { return &tiers.Answer{}, nil }

// BenchmarkCall is what the guard costs when nothing fails.
func BenchmarkCall(b *testing.B) {
	for name, set := range map[string]guard.Settings{"plain": {}, "hedged": {Hedge: time.Second}} {
		b.Run(name, func(b *testing.B) {
			tier := guard.New(guard.Config{Settings: set}).Wrap(free{})
			c := &tiers.Call{Operation: read}
			b.ReportAllocs()
			for b.Loop() {
				_, _ = tier.Call(b.Context(), c)
			}
		})
	}
}

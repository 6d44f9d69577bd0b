package scripts

import (
	"testing"
	"testing/synctest"
	"time"

	"facet/fault"
	"facet/view"
)

// A package that waits for its share, or whose request has no time left, broke nothing: it comes into no quarantine, and out of one.
func TestWaitingIsNoBreak(t *testing.T) {
	b := NewBreaker("@t/p", "1.0.0", QuarantineOptions{Breaks: 1, For: time.Millisecond})
	for range 10 {
		b.Broke(Break{Function: "f", Limit: LimitShare, Kind: fault.Limit})
		time.Sleep(burst / 4)
	}
	if _, in := b.Quarantine(); in {
		t.Fatal("its share put it into quarantine")
	}
	b.Broke(Break{Function: "f", Limit: LimitCPU, Kind: fault.Timeout})
	if _, in := b.Quarantine(); !in {
		t.Fatal("it is not in quarantine")
	}
	time.Sleep(5 * time.Millisecond)
	f, err := Open(build(fn("Int", `() => 1`)), RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c := Guarded(f, b, func(int) string { return "f" }).Computes()[0]
	for range trials {
		if _, err := c(&view.Account{}, nil, nil); fault.KindOf(err) != fault.Limit {
			t.Fatalf("got %v", err)
		}
	}
	if q, in := b.Quarantine(); in {
		t.Errorf("it is still in %+v", q)
	}
}

// A trial that ends in a panic gives its permit back.
func TestTrialPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBreaker("@t/p", "1.0.0", QuarantineOptions{Breaks: 1, For: time.Millisecond})
		b.Broke(Break{Function: "f", Limit: LimitCPU, Kind: fault.Timeout})
		for range 2 * trials {
			time.Sleep(20 * time.Millisecond)
			if run, trial := b.allow(); run && trial {
				func() {
					defer func() { _ = recover() }()
					b.try(func() error { panic("a defect") })
				}()
			}
			b.mu.Lock()
			b.until.Store(0)
			b.mu.Unlock()
		}
		time.Sleep(time.Millisecond)
		for range trials {
			run, trial := b.allow()
			if !run || !trial {
				t.Fatalf("no trial is left: %v, %v", run, trial)
			}
			b.try(func() error { return nil })
		}
		if _, in := b.Quarantine(); in {
			t.Error("three good trials did not end it")
		}
	})
}

package main

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"facet/fault"
)

// opens counts what a slot opened and closed.
type opens struct {
	opened, closed atomic.Int32
	takes          time.Duration
	err            error
}

func (o *opens) open() (*openEngine, error) {
	time.Sleep(o.takes)
	if o.err != nil {
		return nil, o.err
	}
	o.opened.Add(1)
	return &openEngine{engine: &counted{}, done: []func(){func() { o.closed.Add(1) }}}, nil
}

func TestSlotsOpenOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := &engineSlots{}
		slow, letGo := all.hold("slow")
		o := &opens{takes: time.Second}
		began := time.Now()
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				e, err := slow.take(t.Context(), o.open)
				if err != nil {
					t.Error(err)
					return
				}
				e.leave()
			})
		}
		quick, letGoQuick := all.hold("quick")
		if _, err := quick.take(t.Context(), (&opens{}).open); err != nil || time.Since(began) > 0 {
			t.Errorf("one opening waited for another: %v %v", err, time.Since(began))
		}
		wg.Wait()
		if o.opened.Load() != 1 || time.Since(began) != time.Second {
			t.Errorf("opened %d times in %v", o.opened.Load(), time.Since(began))
		}
		e, _ := slow.take(t.Context(), o.open)
		time.Sleep(defaultIdle + 2*defaultIdle/8 + time.Second) // the sweep comes by itself
		synctest.Wait()
		if all.count() != 0 || o.closed.Load() != 0 {
			t.Errorf("%d open, %d closed while one is in use", all.count(), o.closed.Load())
		}
		e.leave()
		if o.closed.Load() != 1 {
			t.Error("the last user did not close it")
		}
		letGo()
		letGoQuick()
		if len(all.slots) != 0 {
			t.Errorf("slots are left: %v", all.slots)
		}
	})
}

func TestSlotsInTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := &engineSlots{}
		s, letGo := all.hold("x")
		o := &opens{takes: time.Second, err: errors.New("no room")}
		if _, err := s.take(t.Context(), o.open); err == nil {
			t.Error("a failed opening gave an engine")
		}
		o.err = nil // an error is not kept
		limited, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if _, err := s.take(limited, o.open); fault.KindOf(err) != fault.Timeout {
			t.Errorf("who cannot wait: %v, want timeout", err)
		}
		began := time.Now()
		e, err := s.take(t.Context(), o.open)
		if err != nil || time.Since(began) != 900*time.Millisecond { // it went on opening
			t.Errorf("the next: %v after %v", err, time.Since(began))
		}
		e.leave()
		all.sweep(time.Now().Add(2 * defaultIdle))
		go func() { _, _ = s.take(limited, o.open) }()
		time.Sleep(time.Millisecond)
		letGo() // the release goes while it is opened for somebody who went, too
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if o.opened.Load() != o.closed.Load() || all.count() != 0 {
			t.Errorf("opened %d, closed %d, %d counted", o.opened.Load(), o.closed.Load(), all.count())
		}
	})
}

// TestChurn: opening again and again is told from opening for the first requests of all.
func TestChurn(t *testing.T) {
	all := &engineSlots{open: 100}
	for i, c := range []struct {
		openings uint64
		want     bool
	}{{0, false}, {25, false}, {26, true}, {0, false}, {400, true}} {
		all.openings.Add(c.openings)
		if got := all.churn(); got != c.want {
			t.Errorf("look %d after %d openings of 100: %v, want %v", i, c.openings, got, c.want)
		}
	}
}

// TestMemoryScarce: a process whose memory is full of what it would have to close fills its room before it collects; one with room to spare does not.
func TestMemoryScarce(t *testing.T) {
	defer scarce.Store(0)
	for _, c := range []struct {
		live  int64 // MiB, of a room of 300
		churn bool
		freed int64
		full  bool
	}{
		{50, false, 0, false},
		{160, false, 0, true},
		{200, false, 35, true},
		{100, true, 1, true},
		{50, true, 0, false},
	} {
		var freed int64
		m := &memoryAim{aim: 340 << 20, free: func(n int64) { freed = n >> 20 }, churn: func() bool { return c.churn }}
		m.adjust(c.live<<20, 40<<20)
		memoryLimit.hold(m, 0)
		if full := scarce.Load() != 0; freed != c.freed || full != c.full {
			t.Errorf("%d MiB live, churn %v: %d MiB are freed and the room is filled: %v; want %d and %v", c.live, c.churn, freed, full, c.freed, c.full)
		}
	}
}

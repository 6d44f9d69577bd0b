package tiers_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"facet/tiers"
)

func TestUntil(t *testing.T) {
	type key struct{}
	for _, waits := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			outer, cancel := context.WithCancelCause(context.WithValue(t.Context(), key{}, 1))
			defer cancel(nil)
			begin := func(after time.Duration) *tiers.Until {
				u := &tiers.Until{}
				u.End(outer, after)
				if waits {
					u.Done()
				}
				return u
			}
			u := begin(time.Second)
			if end, ok := u.Deadline(); !ok || time.Until(end) != time.Second || u.Err() != nil || u.Value(key{}) != 1 {
				t.Errorf("waits %v: %v, %v", waits, end, u.Err())
			}
			time.Sleep(time.Second)
			if !errors.Is(u.Err(), context.DeadlineExceeded) {
				t.Errorf("waits %v: %v after its time", waits, u.Err())
			}
			<-u.Done()
			u.Stop()

			stopped := begin(time.Second)
			stopped.Stop()
			if !errors.Is(stopped.Err(), context.Canceled) {
				t.Errorf("waits %v: %v after Stop", waits, stopped.Err())
			}
			<-stopped.Done()

			// One in another: the earlier time counts, and the outer's end.
			first := begin(time.Second)
			var second tiers.Until
			second.End(first, time.Minute)
			if end, _ := second.Deadline(); time.Until(end) != time.Second {
				t.Errorf("waits %v: the inner ends in %v", waits, time.Until(end))
			}
			if tiers.Outer(&second) != outer || tiers.Outer(outer) != outer {
				t.Error("the outer context is not found")
			}
			cancel(nil)
			if !errors.Is(second.Err(), context.Canceled) {
				t.Errorf("waits %v: %v after the outer's end", waits, second.Err())
			}
			<-second.Done()
			child, end := context.WithCancel(first)
			if child.Err() == nil || context.Cause(first) == nil {
				t.Error("a child lives on after its parent's end")
			}
			end()
			first.Stop()
			second.Stop()
		})
	}
}

package worker

import (
	"fmt"
	"os"
	"time"

	"facet/fault"
)

// The limits of a call are kept inside the engine. Where that fails, because something ran that cannot be interrupted, the
// child ends: its thread's time tells whose fault it is.
const (
	grace     = 25 * time.Millisecond // that a call may run past its bound, for the engine to stop it
	watchTick = 5 * time.Millisecond
	restAfter = 100 * time.Millisecond
)

// guard bounds what the lane does until its until is cleared; what is for the error.
func (l *lane) guard(what *string, bound time.Duration) {
	if bound <= 0 || bound > time.Minute {
		bound = time.Minute
	}
	l.what.Store(what)
	l.until.Store(int64(timeOf(l.clock) + bound + grace))
	now := time.Now().UnixNano()
	if now-l.child.active.Swap(now) > int64(restAfter)/2 {
		select {
		case l.child.woken <- struct{}{}:
		default:
		}
	}
}

// watch looks at the calls that run. It rests while nothing does.
func (w *child) watch() {
	for {
		busy := false
		w.mu.Lock()
		lanes := make([]*lane, 0, len(w.lanes))
		for _, l := range w.lanes {
			lanes = append(lanes, l)
		}
		w.mu.Unlock()
		for _, l := range lanes {
			until := l.until.Load()
			if until == 0 {
				continue
			}
			busy = true
			if int64(timeOf(l.clock)) > until && l.until.CompareAndSwap(until, 0) {
				w.over(l)
			}
		}
		if !busy && time.Now().UnixNano()-w.active.Load() > int64(restAfter) {
			<-w.woken
			continue
		}
		time.Sleep(watchTick)
	}
}

// over answers for a lane that cannot, and ends the process. The lane's own thread may be writing its answer at the same
// moment: then the parent reads nonsense, which is the end of this process to it as well.
func (w *child) over(l *lane) {
	what := *l.what.Load()
	c := &conn{rw: l.raw}
	_ = c.send(putError(c.begin(fFailed), &fault.Error{Kind: fault.Timeout, Op: "computed", Subject: what, Message: what + " took too long",
		Err: fmt.Errorf("%s could not be interrupted: its process was ended", what)}))
	fmt.Fprintln(w.stderr, what, "ran past its bound and could not be interrupted")
	os.Exit(exitOver)
}

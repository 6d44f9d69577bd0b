package catalog

import (
	"sync/atomic"
	"time"

	"facet/fault"
	"facet/release"
)

// A world is one opened release and who uses it. The catalog itself counts as
// a user until the swap.
type world[T any] struct {
	value   T
	digest  string
	since   time.Time
	users   atomic.Int64
	drained func()
}

// enter counts a user in; false means that the world is drained already.
func (w *world[T]) enter() bool {
	for {
		n := w.users.Load()
		if n == 0 {
			return false
		}
		if w.users.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

func (w *world[T]) leave() {
	if w.users.Add(-1) == 0 {
		w.drained()
	}
}

// Acquire pins what is served now: the value stays open until release is
// called, which must happen exactly once, even if another release is swapped in. ok is
// false, and nothing is to be released, if there is nothing to serve.
func (c *Catalog[T]) Acquire() (value T, release func(), ok bool) {
	for {
		w := c.current.Load()
		if w == nil {
			return value, nil, false
		}
		if w.enter() {
			return w.value, w.leave, true
		}
	}
}

// swap makes the world the one that is served, and lets the one before drain.
func (c *Catalog[T]) swap(w *world[T], p release.Pointer) {
	w.users.Store(1)
	w.drained = func() {
		c.drains.Go(func() {
			if c.cfg.Close != nil {
				c.cfg.Close(w.value)
			}
			c.mu.Lock()
			delete(c.open, w)
			c.mu.Unlock()
		})
	}
	c.mu.Lock()
	c.open[w] = true
	if c.refused != nil && (c.refused.Release == w.digest || c.refused.Release != p.Release) {
		c.refused = nil
	}
	ended := c.ended
	c.mu.Unlock()
	if ended { // Run is over: nobody would ever let go of it
		w.leave()
		return
	}
	old := c.current.Swap(w)
	c.Tell()
	c.report(Event{Phase: Active, Release: w.digest, Seq: p.Seq})
	if old != nil {
		old.leave()
	}
}

// end lets go of what is served and waits for its users, at most DrainFor.
func (c *Catalog[T]) end() {
	c.turn <- struct{}{} // a Refresh from outside may be on its way
	defer func() { <-c.turn }()
	c.mu.Lock()
	c.ended = true
	c.mu.Unlock()
	if w := c.current.Swap(nil); w != nil {
		w.leave()
	}
	deadline := time.NewTimer(c.cfg.DrainFor)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	if c.disk != nil {
		defer c.disk.close()
	}
	for {
		c.mu.Lock()
		n := len(c.open)
		c.mu.Unlock()
		if n == 0 {
			c.drains.Wait()
			return
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			return
		}
	}
}

// A Status is a picture of a catalog for operators.
type Status struct {
	Env, Region, Instance string

	Seq      int64            // of the last pointer that was accepted
	Release  string           // what is served; "" for nothing
	Since    time.Time        // since when
	Wanted   string           // what the pointer wants served now
	Planned  string           // what it wants served from ActivateAt on; "" if nothing is planned
	At       time.Time        // when Planned becomes active
	Refused  *release.Refusal // why Wanted is not served, if waiting does not help
	Trouble  error            // why it is not served, or not known, if waiting may help
	Looked   time.Time        // when the pointer was last read
	Uncopied error            // why the copy on disk is not of Release, if one is kept
	Copy     bool             // what is served is the copy on disk, not yet confirmed by the store
	Draining int              // replaced releases that requests still use
}

// Ready says whether there is something to serve.
func (s Status) Ready() bool { return s.Release != "" }

// Status is how things stand.
func (c *Catalog[T]) Status() Status {
	w := c.current.Load()
	now := c.cfg.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	s := Status{
		Env: c.cfg.Env, Region: c.cfg.Region, Instance: c.cfg.Instance,
		Seq: c.pointer.Seq, Wanted: c.pointer.Active(now), Refused: c.refused, Trouble: c.trouble,
		Looked: c.looked, Uncopied: c.uncopied, Copy: c.copied && w != nil, Draining: len(c.open),
	}
	if w != nil {
		s.Release, s.Since = w.digest, w.since
		s.Draining = max(0, s.Draining-1)
	}
	if s.Wanted != c.pointer.Release {
		s.Planned, s.At = c.pointer.Release, c.pointer.ActivateAt
	}
	return s
}

func refusal(r *release.Refusal) error {
	return &fault.Error{Kind: fault.Conflict, Op: "catalog", Subject: release.Short(r.Release), Message: "this release is refused: " + r.Reason}
}

package catalog

import (
	"cmp"
	"context"
	"errors"
	"runtime"
	"sync"
	"time"

	"facet/fault"
	"facet/release"
	"facet/storage"
)

// Run watches the pointer until ctx ends, then lets go of what is served and
// waits DrainFor at most for its users. It may be called once.
func (c *Catalog[T]) Run(ctx context.Context) error {
	var beats sync.WaitGroup
	beats.Go(func() { c.beat(ctx) })
	defer beats.Wait()
	defer c.end()
	c.first(ctx)
	timer := time.NewTimer(c.wait())
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		_ = c.Refresh(ctx) // it is in Status, and the next look is soon
		timer.Reset(c.wait())
	}
}

// first serves the region's release, or the copy on disk if the store does not answer in time.
func (c *Catalog[T]) first(ctx context.Context) {
	kept, seen, ok := release.Pointer{}, time.Time{}, false
	if c.disk != nil {
		kept, seen, ok = c.disk.newest(func(p release.Pointer) bool { return p.Verify(c.cfg.Keys, c.cfg.Env, c.cfg.Region) == nil })
	}
	if !ok {
		_ = c.Refresh(ctx)
		return
	}
	// What was served before the restart counts: an older pointer is a replay.
	c.mu.Lock()
	c.pointer, c.looked = kept, seen
	c.mu.Unlock()
	limited, cancel := context.WithTimeout(ctx, c.cfg.FirstFor)
	err := c.Refresh(limited)
	cancel()
	if err == nil || ctx.Err() != nil || c.current.Load() != nil {
		return
	}
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return
	}
	c.unconfirmed()
	if err := c.settle(ctx, c.disk); err != nil {
		c.fail(ctx, err)
	}
}

// unconfirmed notes that what is about to be served, if nothing is yet, comes from
// the disk alone.
func (c *Catalog[T]) unconfirmed() {
	if c.current.Load() == nil {
		c.mu.Lock()
		c.copied = true
		c.mu.Unlock()
	}
}

// wait is the time until the next look: the interval, or less if a release becomes active before.
func (c *Catalog[T]) wait() time.Duration {
	c.mu.Lock()
	at := c.pointer.ActivateAt
	c.mu.Unlock()
	if left := at.Sub(c.cfg.Now()); left > 0 && left < c.cfg.Interval {
		return left
	}
	return c.cfg.Interval
}

// Refresh looks at the pointer at once and returns when what it names is
// served, or why it is not. Nobody else looks at the same time.
func (c *Catalog[T]) Refresh(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.LookFor)
	defer cancel()
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return fault.Wrap(fault.KindOf(ctx.Err()), "catalog.refresh", "", ctx.Err())
	}
	seen := c.glance(ctx)
	if seen != nil {
		c.fail(ctx, seen)
		c.unconfirmed()
	}
	err := c.settle(ctx, c.source())
	c.fail(ctx, cmp.Or(seen, err))
	if now := c.cfg.Now(); seen == nil && c.disk != nil && now.Sub(c.noted) >= mendEvery {
		c.noted = now
		c.disk.seen(now)
	}
	return cmp.Or(err, seen)
}

// glance is look for a short time: a store that hangs must not hold up a
// release that is here already and becomes active meanwhile.
func (c *Catalog[T]) glance(ctx context.Context) error {
	most := 5 * time.Second
	c.mu.Lock()
	at := c.pointer.ActivateAt
	c.mu.Unlock()
	if left := at.Sub(c.cfg.Now()); left > 0 && c.ahead != nil {
		most = min(most, left)
	}
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	return c.look(ctx)
}

// look reads the pointer if it changed, and accepts it if it may follow the one before.
func (c *Catalog[T]) look(ctx context.Context) error {
	key := release.PointerKey(c.cfg.Env, c.cfg.Region)
	obj, err := c.cfg.Store.Get(ctx, key, storage.GetOptions{IfNoneMatch: c.etag, MaxBytes: release.MaxPointer})
	if err != nil {
		if fault.KindOf(err) == fault.NotFound {
			return &fault.Error{Kind: fault.NotFound, Op: "catalog.look", Subject: c.cfg.Env + "/" + c.cfg.Region, Message: "serves no release yet", Err: err}
		}
		return err
	}
	if !obj.Unchanged {
		p, err := release.DecodePointer(obj.Body)
		if err != nil {
			return err
		}
		if err := p.Verify(c.cfg.Keys, c.cfg.Env, c.cfg.Region); err != nil {
			return err
		}
		c.mu.Lock()
		before := c.pointer
		c.mu.Unlock()
		if before.Seq > 0 {
			if err := p.Follows(before); err != nil {
				return err
			}
		}
		c.etag = obj.ETag
		c.mu.Lock()
		c.pointer = p
		c.mu.Unlock()
		if p.Seq != before.Seq {
			c.report(Event{Phase: Seen, Release: p.Release, Seq: p.Seq})
		}
	}
	c.mu.Lock()
	c.looked, c.copied = c.cfg.Now(), false
	c.mu.Unlock()
	return nil
}

// settle serves what the pointer says, if it is not served yet.
func (c *Catalog[T]) settle(ctx context.Context, from source) error {
	c.mu.Lock()
	p, refused := c.pointer, c.refused
	c.mu.Unlock()
	target := p.Active(c.cfg.Now())
	now := c.current.Load()
	var err error
	switch {
	case target == "":
	case now != nil && now.digest == target:
		if refused != nil && refused.Release != p.Release {
			c.refuse(nil)
		}
		c.mend(ctx, p)
	case refused != nil && refused.Release == target:
		err = refusal(refused)
	default:
		err = c.serve(ctx, from, target, p)
	}
	switch {
	case c.current.Load() == nil && err != nil && p.Previous != "" && p.Previous != target:
		// A new instance has nothing to go on serving: what the region served before is better than nothing.
		if c.serve(ctx, from, p.Previous, p) != nil {
			return err
		}
	case err == nil && target != p.Release && (c.ahead == nil || c.ahead.Digest != p.Release):
		// Planned: fetch now what will be needed at once then.
		var ahead *Loaded
		if ahead, err = load(ctx, from, &c.larder, c.cfg.Env, p.Release, c.cfg.Downloads, c.decoders(), false); err == nil {
			ahead.fresh = nil // it may be long until then
			c.ahead = ahead
		}
	}
	return err
}

// decoders is how many builds are decoded at a time: devices that ask, or may, need a processor too.
func (c *Catalog[T]) decoders() int {
	n := runtime.GOMAXPROCS(0)
	if c.current.Load() != nil && (c.cfg.Asked == nil || c.cfg.Asked()) {
		n--
	}
	return max(1, n)
}

// serve loads, opens and warms a release, and swaps it in.
func (c *Catalog[T]) serve(ctx context.Context, from source, digest string, p release.Pointer) error {
	loaded, err := c.ahead, error(nil)
	if loaded == nil || loaded.Digest != digest {
		loaded, err = load(ctx, from, &c.larder, c.cfg.Env, digest, c.cfg.Downloads, c.decoders(), c.disk != nil && c.disk.proven(digest, c.cfg.Program))
	}
	if err != nil {
		if final(err) {
			c.refuse(&release.Refusal{Release: digest, Build: buildOf(err), Reason: err.Error(), At: c.cfg.Now()})
		}
		return err
	}
	var current *T
	if now := c.current.Load(); now != nil {
		current = &now.value
	}
	value, err := c.cfg.Open(ctx, loaded, current)
	loaded.fresh = nil
	if err != nil {
		switch fault.KindOf(err) {
		case fault.Unavailable, fault.Timeout, fault.Canceled:
		default:
			c.refuse(&release.Refusal{Release: digest, Build: buildOf(err), Reason: err.Error(), At: c.cfg.Now()})
		}
		return err
	}
	if c.cfg.Warm != nil {
		warm, cancel := context.WithTimeout(ctx, c.cfg.WarmFor)
		err := c.cfg.Warm(warm, value)
		cancel()
		if errors.Is(ctx.Err(), context.Canceled) {
			return fault.Wrap(fault.Canceled, "catalog.warm", digest, ctx.Err())
		}
		c.report(Event{Phase: Warmed, Release: digest, Seq: p.Seq, Err: err})
	}
	c.swap(&world[T]{value: value, digest: digest, since: c.cfg.Now()}, p)
	c.served = loaded
	if c.ahead == loaded {
		c.ahead = nil
	}
	c.larder.keep(c.served, c.ahead)
	c.copyOf(p)
	return nil
}

// copyOf notes on disk what is served.
func (c *Catalog[T]) copyOf(p release.Pointer) {
	if c.disk == nil {
		return
	}
	err := c.disk.keep(p, c.served.Digest, c.served.objects())
	if err == nil {
		c.disk.prove(c.served.Digest, c.cfg.Program)
	}
	c.mended, c.noted = c.cfg.Now(), time.Time{}
	c.mu.Lock()
	fresh := err != nil && (c.uncopied == nil || c.uncopied.Error() != err.Error())
	changed := (err == nil) != (c.uncopied == nil)
	c.uncopied = err
	c.mu.Unlock()
	if changed {
		c.Tell()
	}
	if fresh {
		c.report(Event{Phase: Trouble, Release: c.served.Digest, Seq: p.Seq, Err: err})
	}
}

// mendEvery is how often a copy that is not complete is tried again.
const mendEvery = 10 * time.Second

// mend completes the copy on disk, if the disk was full or gone when the release became active.
func (c *Catalog[T]) mend(ctx context.Context, p release.Pointer) {
	c.mu.Lock()
	err := c.uncopied
	c.mu.Unlock()
	if err == nil || c.served == nil || c.cfg.Now().Sub(c.mended) < mendEvery {
		return
	}
	from := cached{remote{c.cfg.Store}, c.disk}
	for _, o := range c.served.objects() {
		if _, err := from.get(ctx, o); err != nil {
			c.mended = c.cfg.Now()
			return
		}
	}
	c.copyOf(p)
}

// refuse notes that a release cannot be served (nil: that the one which could not is gone).
func (c *Catalog[T]) refuse(r *release.Refusal) {
	c.mu.Lock()
	c.refused = r
	seq := c.pointer.Seq
	c.mu.Unlock()
	c.Tell()
	if r != nil {
		c.larder.keep(c.served, c.ahead)
		c.report(Event{Phase: Refused, Release: r.Release, Seq: seq, Err: refusal(r)})
	}
}

// fail notes what is wrong now (nil: nothing), and reports it once. A refusal was reported as such. What somebody
// cancelled, by ending the process perhaps, says nothing.
func (c *Catalog[T]) fail(ctx context.Context, err error) {
	if err != nil && errors.Is(ctx.Err(), context.Canceled) {
		return
	}
	c.mu.Lock()
	turned := (err == nil) != (c.trouble == nil)
	fresh := err != nil && (turned || c.trouble.Error() != err.Error())
	c.trouble = err
	seq, refused := c.pointer.Seq, c.refused
	c.mu.Unlock()
	if turned { // what it says in detail is in the next heartbeat
		c.Tell()
	}
	if fresh && !told(refused, err) {
		c.report(Event{Phase: Trouble, Seq: seq, Err: err})
	}
}

// told says whether err is why the release was refused.
func told(r *release.Refusal, err error) bool {
	return r != nil && (err.Error() == r.Reason || err.Error() == refusal(r).Error())
}

func (c *Catalog[T]) report(e Event) {
	if c.cfg.Report != nil {
		e.At = c.cfg.Now()
		c.cfg.Report(e)
	}
}

func (c *Catalog[T]) source() source {
	if c.disk == nil {
		return remote{c.cfg.Store}
	}
	return cached{remote{c.cfg.Store}, c.disk}
}

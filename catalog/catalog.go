// Package catalog is what this instance serves now: it watches a region's pointer, loads and verifies the release, swaps it in whole, drains the old one and acknowledges.
package catalog

import (
	"cmp"
	"context"
	"sync"
	"sync/atomic"
	"time"

	"facet/fault"
	"facet/release"
	"facet/storage"
)

// A Config says what to watch and what to make of a release. T is what opening
// a release yields: whatever answers requests.
type Config[T any] struct {
	Store    storage.Reader
	Acks     storage.Writer // takes this instance's acknowledgements; nil writes none
	Env      string
	Region   string
	Instance string // this instance's name
	Dir      string // of the last-known-good copy, for this instance alone; "" keeps none

	// Open makes a release ready to answer. current is what is served now, or nil; it may be used
	// until Open returns, to take over what did not change. An error refuses the release, unless
	// it is Unavailable, Timeout or Canceled: then it is tried again. A *BuildError names the build at fault.
	Open func(ctx context.Context, next *Loaded, current *T) (T, error)
	// Warm makes calls before the swap, for at most WarmFor. Its error is reported and refuses nothing. May be nil.
	Warm func(ctx context.Context, next T) error
	// Close is called once, on a goroutine of its own, when a release is replaced and nobody uses it any more. May be nil.
	Close func(T)
	// Report is told of each step, in order, one at a time. May be nil. It must not call the catalog.
	Report func(Event)

	Interval  time.Duration // between looks at the pointer; 0 is 500 ms
	LookFor   time.Duration // how long one look and its loading may take; 0 is 30 s
	FirstFor  time.Duration // how long the first may take if there is a copy on disk; 0 is 3 s
	WarmFor   time.Duration // 0 is 1 s
	DrainFor  time.Duration // how long Run waits at its end for users of what it served; 0 is 10 s
	Now       func() time.Time
	Downloads int // at a time; 0 is 16
}

// A Phase is a step on a release's way into service.
type Phase string

// The phases.
const (
	Seen    Phase = "seen"    // a new pointer was accepted
	Active  Phase = "active"  // the release is served
	Refused Phase = "refused" // it cannot be, and waiting would not help
	Drained Phase = "drained" // the last request left it
	Trouble Phase = "trouble" // something failed that is tried again
	Warmed  Phase = "warmed"  // warm-ups ended; Err says if one failed
)

// An Event is one step.
type Event struct {
	Phase   Phase
	Release string // digest; may be empty for Trouble
	Seq     int64  // of the pointer
	At      time.Time
	Err     error
}

// A Catalog serves one region's release. Make it with New.
type Catalog[T any] struct {
	cfg     Config[T]
	disk    *disk
	current atomic.Pointer[world[T]]
	drains  sync.WaitGroup
	turn    chan struct{} // held by whoever looks at the pointer; capacity 1

	// Only the holder of turn uses these.
	etag   string
	builds buildCache
	ahead  *Loaded // what is planned

	mu      sync.Mutex // guards what Status reads, and unacked
	unacked bool
	pointer release.Pointer
	refused *release.Refusal
	trouble error
	looked  time.Time // when the pointer was last read
	copied  bool      // what is served came from the disk and was not confirmed since
	open    map[*world[T]]bool
	ended   bool
}

// New checks the configuration. Run makes the catalog work.
func New[T any](cfg Config[T]) (*Catalog[T], error) {
	for _, name := range []string{cfg.Env, cfg.Region, cfg.Instance} {
		if !release.ValidName(name) {
			return nil, fault.New(fault.Invalid, "%q can name no environment, region or instance", name)
		}
	}
	if cfg.Store == nil || cfg.Open == nil {
		return nil, fault.New(fault.Invalid, "a catalog needs a store and a function that opens releases")
	}
	cfg.Interval = cmp.Or(cfg.Interval, 500*time.Millisecond)
	cfg.LookFor = cmp.Or(cfg.LookFor, 30*time.Second)
	cfg.FirstFor = cmp.Or(cfg.FirstFor, 3*time.Second)
	cfg.WarmFor = cmp.Or(cfg.WarmFor, time.Second)
	cfg.DrainFor = cmp.Or(cfg.DrainFor, 10*time.Second)
	cfg.Downloads = cmp.Or(cfg.Downloads, 16)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	c := &Catalog[T]{cfg: cfg, turn: make(chan struct{}, 1), open: map[*world[T]]bool{}}
	if cfg.Dir != "" {
		d, err := openDisk(cfg.Dir, cfg.Env, cfg.Region)
		if err != nil {
			return nil, err
		}
		c.disk = d
	}
	return c, nil
}

// Run watches the pointer until ctx ends, then lets go of what is served and
// waits DrainFor at most for its users. It may be called once.
func (c *Catalog[T]) Run(ctx context.Context) error {
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
	kept, ok := release.Pointer{}, false
	if c.disk != nil {
		kept, ok = c.disk.pointer()
	}
	if ok {
		// What was served before the restart counts: an older pointer is a replay.
		c.mu.Lock()
		c.pointer = kept
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
			c.fail(err)
		}
		return
	}
	_ = c.Refresh(ctx)
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
		c.fail(seen)
		c.unconfirmed()
	}
	err := c.settle(ctx, c.source())
	if err == nil {
		err = seen
	}
	c.fail(err)
	c.acknowledge(ctx)
	return err
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
		if ahead, err = load(ctx, from, &c.builds, c.cfg.Env, p.Release, c.cfg.Downloads); err == nil {
			c.ahead = ahead
		}
	}
	return err
}

// serve loads, opens and warms a release, and swaps it in.
func (c *Catalog[T]) serve(ctx context.Context, from source, digest string, p release.Pointer) error {
	loaded, err := c.ahead, error(nil)
	if loaded == nil || loaded.Digest != digest {
		loaded, err = load(ctx, from, &c.builds, c.cfg.Env, digest, c.cfg.Downloads)
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
		c.report(Event{Phase: Warmed, Release: digest, Seq: p.Seq, Err: err})
	}
	c.swap(&world[T]{value: value, digest: digest, since: c.cfg.Now()}, p)
	if c.disk != nil {
		if err := c.disk.keep(p, digest, loaded.objects()); err != nil {
			c.report(Event{Phase: Trouble, Release: digest, Seq: p.Seq, Err: err})
		}
	}
	c.builds.keep(loaded)
	if c.ahead == loaded {
		c.ahead = nil
	}
	return nil
}

func (c *Catalog[T]) refuse(r *release.Refusal) {
	c.mu.Lock()
	c.refused, c.unacked = r, true
	seq := c.pointer.Seq
	c.mu.Unlock()
	if r != nil {
		c.report(Event{Phase: Refused, Release: r.Release, Seq: seq, Err: refusal(r)})
	}
}

// fail notes what is wrong now (nil: nothing), and reports it once.
func (c *Catalog[T]) fail(err error) {
	c.mu.Lock()
	fresh := err != nil && (c.trouble == nil || c.trouble.Error() != err.Error())
	c.trouble = err
	seq, refused := c.pointer.Seq, c.refused
	c.mu.Unlock()
	if fresh && refused == nil {
		c.report(Event{Phase: Trouble, Seq: seq, Err: err})
	}
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

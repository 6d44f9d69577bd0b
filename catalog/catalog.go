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
	Version  string // of the program, for the acknowledgement
	// Program identifies the program exactly: what it opened once it need not open again to know that it can, after a restart. "": it does.
	Program string
	Dir     string // of the last-known-good copy, for this instance alone, which Run's end lets go of; "" keeps none
	// Keys are those that pointers must be signed with; nil takes pointers without a signature.
	Keys release.Keys

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
	// Asked says whether devices ask now: then loading leaves them a processor. nil: they always may.
	Asked func() bool
	// Quarantined lists the packages whose functions are not run here for now, for the acknowledgement. May be nil.
	Quarantined func() []release.Quarantine
	// Mismatched lists the experiments whose arms are not as their weights say, for the acknowledgement. May be nil.
	Mismatched func() []release.Mismatch

	Interval  time.Duration // between looks at the pointer; 0 is 500 ms
	LookFor   time.Duration // how long one look and its loading may take; 0 is 30 s
	FirstFor  time.Duration // how long the first may take if there is a copy on disk; 0 is 3 s
	WarmFor   time.Duration // 0 is 1 s
	DrainFor  time.Duration // how long Run waits at its end for users of what it served; 0 is 10 s
	Heartbeat time.Duration // between acknowledgements when nothing changes, give or take a tenth; 0 is 10 s
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
	started time.Time
	current atomic.Pointer[world[T]]
	drains  sync.WaitGroup
	turn    chan struct{} // held by whoever looks at the pointer; capacity 1
	news    chan struct{} // there is something to acknowledge; capacity 1

	// Only the holder of turn uses these.
	etag   string
	larder larder
	served *Loaded
	ahead  *Loaded   // what is planned
	mended time.Time // when the copy on disk was last tried again
	noted  time.Time // when the copy on disk was last told that the store was there

	mu       sync.Mutex // guards what Status reads
	pointer  release.Pointer
	refused  *release.Refusal
	trouble  error
	uncopied error     // why the copy on disk is not of what is served
	looked   time.Time // when the pointer was last read
	copied   bool      // what is served came from the disk and was not confirmed since
	open     map[*world[T]]bool
	ended    bool
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
	cfg.Heartbeat = cmp.Or(cfg.Heartbeat, 10*time.Second)
	cfg.Downloads = cmp.Or(cfg.Downloads, 16)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	c := &Catalog[T]{cfg: cfg, turn: make(chan struct{}, 1), news: make(chan struct{}, 1), open: map[*world[T]]bool{}, started: cfg.Now()}
	if cfg.Dir != "" {
		d, err := openDisk(cfg.Dir, cfg.Env, cfg.Region)
		if err != nil {
			return nil, err
		}
		c.disk = d
	}
	return c, nil
}

package main

import (
	"container/list"
	"context"
	"math"
	"math/rand/v2"
	"net/http"
	"runtime"
	runtimemetrics "runtime/metrics"
	"sync"
	"time"

	"facet/fault"
)

// A shedder bounds the requests that are answered at once, so that those taken on stay fast when more are asked than can be
// answered. It acts only while goroutines that could run wait for a processor: that wait grows when this process is past
// what it can do, and not when a tier is slow. So a slow tier, which has guards of its own, never makes the edge refuse what does not need it.
//
// Then it looks for the least bound that costs no throughput: it lowers the bound, and if fewer requests are answered than
// before, takes that back and tries a higher one. So a machine that is busy with others, too, is not mistaken for one that
// shedding would help, and requests that mostly wait for tiers have as many places as they need.
//
// A request past the bound waits for a place, for MaxWait at most. The newest gets the next place: under a standing
// overload a queue that is fair makes everybody late, and this one only those it refuses anyway.
type shedder struct {
	c       shedConfig
	refused func(why string) // counts; may be nil
	waited  func() float64   // seconds that goroutines waited for a processor since it was asked last, see schedWait
	now     func() time.Time

	mu     sync.Mutex
	limit  float64
	flying int
	queue  *list.List // of chan struct{}, newest first

	// The window that is being measured, and the try that it measures.
	began      time.Time
	peak       int // the most that flew in it
	answered   int
	try        float64 // what the bound was multiplied by: below 1 lower, above 1 higher, 0 for no try
	before     float64 // the bound before the try
	throughput float64 // answers a second before it
}

// A window ends when enough requests were answered to tell throughputs apart, within these times.
const (
	shortWindow = 100 * time.Millisecond
	longWindow  = time.Second
	enough      = 40
)

// The tries: a little lower, by half where the wait is far above its target, a little higher.
const (
	lower    = 0.85
	halve    = 0.5
	higher   = 1.2
	farAbove = 8
)

// newShedder is nil where shedding is off.
func newShedder(c shedConfig, refused func(why string)) *shedder {
	if c.Off {
		return nil
	}
	if c.Min == 0 {
		c.Min = min(c.Max, 2*runtime.GOMAXPROCS(0))
	}
	return &shedder{c: c, refused: refused, waited: schedWait(), now: time.Now, limit: float64(c.Max), queue: list.New()}
}

// state is how many requests are taken on at once now, how many are being answered and how many wait.
func (s *shedder) state() (limit, flying, waiting int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return int(s.limit), s.flying, s.queue.Len()
}

// enter takes a place, or says why there is none: "queue full", "waited", or the context's end.
func (s *shedder) enter(ctx context.Context) (refusal string) {
	s.mu.Lock()
	s.adjust()
	if s.flying < int(s.limit) {
		s.fly()
		s.mu.Unlock()
		return ""
	}
	if s.queue.Len() >= s.c.Queue || s.c.MaxWait <= 0 {
		s.mu.Unlock()
		return "full"
	}
	turn := make(chan struct{})
	at := s.queue.PushFront(turn)
	s.mu.Unlock()

	patience := time.NewTimer(s.c.MaxWait)
	defer patience.Stop()
	select {
	case <-turn:
		return ""
	case <-patience.C:
		refusal = "late"
	case <-ctx.Done():
		refusal = "gone"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-turn: // it got its place in the same moment
		return ""
	default:
		s.queue.Remove(at)
		return refusal
	}
}

// fly counts a request that is being answered. The lock is held.
func (s *shedder) fly() {
	s.flying++
	s.peak = max(s.peak, s.flying)
}

// leave gives the place to the newest that waits.
func (s *shedder) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flying--
	s.answered++
	s.adjust()
	for s.flying < int(s.limit) && s.queue.Len() > 0 {
		turn, _ := s.queue.Remove(s.queue.Front()).(chan struct{})
		s.fly()
		close(turn)
	}
}

// adjust moves the bound at the end of a window. The lock is held.
func (s *shedder) adjust() {
	now := s.now()
	lasted := now.Sub(s.began)
	if lasted < shortWindow || s.answered < enough && lasted < longWindow {
		return
	}
	s.decide(s.waited(), float64(s.answered)/lasted.Seconds(), s.peak >= int(s.limit))
	s.began, s.answered, s.peak = now, 0, s.flying
}

// decide moves the bound after a window in which goroutines waited so long for a processor and so many requests a second
// were answered. held says whether the bound held any back.
func (s *shedder) decide(wait, throughput float64, held bool) {
	target := s.c.Target.Seconds()
	switch {
	case wait <= target:
		switch {
		case s.try != 0 && s.try < 1 && throughput < s.throughput*(1+s.try)/2: // lower was too low
			s.bound(s.before)
		case held:
			s.bound(s.limit + max(1, s.limit/10))
		}
		s.try = 0
	case !held: // a bound that is far above what flies would take long to matter
		s.bound(float64(s.peak))
		s.attempt(down(wait, target), throughput)
	case s.try == 0:
		s.attempt(lower, throughput)
	case s.limit == s.before: // there was no room for the try
		s.attempt(turned(s.try), throughput)
	case throughput >= s.throughput*(1+s.try)/2: // lower costs nothing, or higher brings something: further
		next := s.try
		if next == halve {
			next = down(wait, target)
		}
		s.attempt(next, throughput)
	default:
		s.bound(s.before)
		s.attempt(turned(s.try), s.throughput)
	}
}

func down(wait, target float64) float64 {
	if wait > farAbove*target {
		return halve
	}
	return lower
}

func turned(try float64) float64 {
	if try < 1 {
		return higher
	}
	return lower
}

// attempt tries another bound, to be judged by what was answered before.
func (s *shedder) attempt(try, throughput float64) {
	s.before, s.throughput, s.try = s.limit, throughput, try
	s.bound(s.limit * try)
}

func (s *shedder) bound(limit float64) {
	s.limit = min(float64(s.c.Max), max(float64(s.c.Min), limit))
}

// handler refuses what there is no place for with 503. Only requests of devices count: probes and metrics are never refused.
func (s *shedder) handler(h http.Handler) http.Handler {
	if s == nil {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		device, _, protocol := routeOf(r.URL.Path)
		if device == "" {
			h.ServeHTTP(w, r)
			return
		}
		if why := s.enter(r.Context()); why != "" {
			if s.refused != nil {
				s.refused(why)
			}
			seconds := int(math.Ceil(s.c.RetryAfter.Seconds() * (0.75 + rand.Float64()/2))) //nolint:gosec // spreads retries, guards nothing
			refuse(w, r, protocol, http.StatusServiceUnavailable, max(1, seconds), fault.New(fault.Unavailable, "this instance has too much to do").WithHint("ask again, or another instance"))
			return
		}
		defer s.leave()
		h.ServeHTTP(w, r)
	})
}

// schedMetric is a histogram of how long goroutines that could run have waited until they did.
const schedMetric = "/sched/latencies:seconds"

// schedWait gives the ninetieth percentile of the waits for a processor since it was last called. It is for one caller.
func schedWait() func() float64 {
	sample := []runtimemetrics.Sample{{Name: schedMetric}}
	var before []uint64
	return func() float64 {
		runtimemetrics.Read(sample)
		if sample[0].Value.Kind() != runtimemetrics.KindFloat64Histogram {
			return 0
		}
		h := sample[0].Value.Float64Histogram()
		total := uint64(0)
		counts := make([]uint64, len(h.Counts))
		for i, n := range h.Counts {
			counts[i] = n
			if before != nil {
				counts[i] -= before[i]
			}
			total += counts[i]
		}
		before = append(before[:0], h.Counts...)
		return quantile(counts, h.Buckets, total, 0.9)
	}
}

// quantile is the upper bound of the bucket that a quantile falls into; 0 of nothing.
func quantile(counts []uint64, bounds []float64, total uint64, q float64) float64 {
	if total == 0 {
		return 0
	}
	rank, seen := uint64(math.Ceil(q*float64(total))), uint64(0)
	for i, n := range counts {
		if seen += n; seen >= rank {
			if math.IsInf(bounds[i+1], 1) {
				return bounds[i]
			}
			return bounds[i+1]
		}
	}
	return 0
}

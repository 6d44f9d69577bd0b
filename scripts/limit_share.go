package scripts

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Shares divide the processors of one instance between its packages: one that runs alone may have them all; as soon as another
// ran within the last second, each has at most its part.
type Shares struct {
	part float64 // of all processors, for one package

	mu         sync.Mutex
	shares     map[string]*Share
	last, prev *Share // that ran last, and the last other one
	lastAt     int64
	prevAt     int64
}

// A Share is what one package may use of the processors while other packages run too: a bucket that fills with processor time.
// Its zero value bounds nothing.
type Share struct {
	pool    *Shares
	average atomic.Int64 // nanoseconds that its calls ran
	owing   atomic.Bool  // left may be below 0

	// Under the pool's mutex.
	left int64 // nanoseconds; below 0: used ahead
	at   int64 // when left was right
}

// company is how long ago another package must have run for a package to be alone.
const company = int64(time.Second)

// NewShares makes the shares of one instance; part is a package's, between 0 and 1 of all processors. 0: a quarter.
func NewShares(part float64) *Shares {
	if part <= 0 || part > 1 {
		part = 0.25
	}
	return &Shares{part: part, shares: map[string]*Share{}}
}

// Of is the share of a package, which all its versions have together.
func (p *Shares) Of(name string) *Share {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.shares[name]
	if s == nil {
		s = &Share{pool: p, at: clock(), left: p.most()}
		p.shares[name] = s
	}
	return s
}

// rate is the nanoseconds of processor time that a package has in one of the wall's.
func (p *Shares) rate() float64 { return p.part * float64(runtime.GOMAXPROCS(0)) }

// most is what a package may save up.
func (p *Shares) most() int64 { return int64(p.rate() * float64(200*time.Millisecond)) }

// take puts what a call used on the share.
func (s *Share) take(d time.Duration) {
	if s == nil || s.pool == nil {
		return
	}
	p := s.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	now := clock()
	s.fill(now)
	s.left -= int64(d)
	if s.left < 0 {
		s.owing.Store(true)
	}
	if p.last != s {
		p.prev, p.prevAt = p.last, p.lastAt
		p.last = s
	}
	p.lastAt = now
}

// fill adds what came in since.
func (s *Share) fill(now int64) {
	s.left = min(s.left+int64(float64(now-s.at)*s.pool.rate()), s.pool.most())
	s.at = now
}

// pause is how long the package has to wait before its next call; 0: not at all.
func (s *Share) pause() time.Duration {
	if s == nil || s.pool == nil {
		return 0
	}
	p := s.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	now := clock()
	s.fill(now)
	if s.left >= 0 {
		s.owing.Store(false)
		return 0
	}
	other := p.lastAt
	if p.last == s {
		other = p.prevAt
	}
	if other == 0 || now-other > company {
		s.left = 0 // alone: what it used was nobody else's
		s.owing.Store(false)
		return 0
	}
	return time.Duration(float64(-s.left) / p.rate())
}

// owes says whether a package may have to wait for its next call.
func (s *Share) owes() bool { return s != nil && s.owing.Load() }

// wait paces a package that is over its share. It is false if that would take longer than it may.
func (s *Share) wait(most time.Duration) bool {
	for until := time.Now().Add(most); ; {
		d := s.pause()
		if d == 0 {
			return true
		}
		if time.Now().Add(d).After(until) {
			return false
		}
		time.Sleep(d)
	}
}

package main

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"facet/composer"
	"facet/fault"
)

// How long an engine that nobody asks stays open, and how many are open at a time, where nothing else is configured. One that
// was asked takes some hundred kilobytes, mostly its plans and its decoded builds: cache.memory closes them earlier.
const (
	defaultIdle = 15 * time.Minute
	defaultOpen = 10_000
)

// engineSlots are the places of engines: an engine is opened when it is asked, and closed when it was not asked for a
// while or too many are open. No request waits for another's engine, or loses its own.
type engineSlots struct {
	idle time.Duration // 0 is defaultIdle
	most int           // 0 is defaultOpen

	openings atomic.Uint64 // how often an engine was opened
	looked   atomic.Uint64 // openings when churn looked last

	mu    sync.Mutex
	slots map[string]*engineSlot
	timer *time.Timer // of the next sweep; nil while nothing is open
	open  int
}

// An engineSlot is the place of the engine of one route for one set of picked builds. Releases that have both share it.
type engineSlot struct {
	all     *engineSlots
	key     string
	kept    composer.Kept // what its engines know of the schema, whichever is open
	asked   lastAsked
	holders int // releases; guarded by all.mu

	engine atomic.Pointer[openEngine] // nil: not open

	mu      sync.Mutex
	opening *openingEngine // nil: nobody opens it now
	dead    bool           // no release has it any more
}

// An openingEngine is waited for until done is closed.
type openingEngine struct {
	done chan struct{}
	err  error
}

// An openEngine answers for one set of picked builds. Its slot is a user of it, and each request.
type openEngine struct {
	engine *counted
	users  atomic.Int64
	done   []func() // called after the last user
	bytes  int64    // about what it takes without its plans
}

// size is about what would be free without it.
func (e *openEngine) size() int64 {
	if e.engine == nil {
		return e.bytes
	}
	return e.bytes + int64(e.engine.Size())
}

// enter counts a user in; false means that it is closed.
func (e *openEngine) enter() bool {
	for {
		n := e.users.Load()
		if n == 0 {
			return false
		}
		if e.users.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

func (e *openEngine) leave() {
	if e.users.Add(-1) == 0 {
		for _, done := range e.done {
			done()
		}
	}
}

// hold gives the slot under a key to a release, which lets go of it once.
func (all *engineSlots) hold(key string) (s *engineSlot, letGo func()) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if all.slots == nil {
		all.slots = map[string]*engineSlot{}
	}
	s = all.slots[key]
	if s == nil {
		s = &engineSlot{all: all, key: key}
		all.slots[key] = s
	}
	s.holders++
	return s, func() { all.drop(s) }
}

func (all *engineSlots) drop(s *engineSlot) {
	all.mu.Lock()
	s.holders--
	last := s.holders == 0
	if last {
		delete(all.slots, s.key)
	}
	all.mu.Unlock()
	if !last {
		return
	}
	s.mu.Lock()
	s.dead = true
	s.mu.Unlock()
	s.close()
}

// take gives the slot's engine, opened by open if it is not. Whoever took it leaves it. Waiting ends with ctx; the
// opening goes on for whoever asks next.
func (s *engineSlot) take(ctx context.Context, open func() (*openEngine, error)) (*openEngine, error) {
	s.asked.now()
	for {
		if e := s.engine.Load(); e != nil && e.enter() {
			return e, nil
		}
		o := s.start(open)
		if o == nil {
			continue
		}
		select {
		case <-o.done:
			if o.err != nil {
				return nil, o.err
			}
		case <-ctx.Done():
			return nil, fault.Wrap(fault.KindOf(ctx.Err()), "edge.open", s.key, ctx.Err())
		}
	}
}

// start opens the engine on a goroutine of its own, unless that is under way; nil says that it is open now.
func (s *engineSlot) start(open func() (*openEngine, error)) *openingEngine {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.engine.Load() != nil:
		return nil
	case s.opening != nil:
		return s.opening
	}
	o := &openingEngine{done: make(chan struct{}), err: errors.New("opening did not return")}
	s.opening = o
	go func() {
		defer close(o.done)
		e, err := open()
		if err == nil {
			e.users.Store(1)
		}
		s.mu.Lock()
		s.opening, o.err = nil, err
		dead := s.dead
		if err == nil && !dead {
			s.engine.Store(e)
		}
		s.mu.Unlock()
		switch {
		case err != nil:
		case dead:
			o.err = fault.New(fault.Unavailable, "the release is closed")
			e.leave()
		default:
			s.all.opened()
		}
	}()
	return o
}

// close empties the slot. Requests that are in the engine stay there.
func (s *engineSlot) close() {
	if e := s.engine.Swap(nil); e != nil {
		s.all.mu.Lock()
		s.all.open--
		s.all.mu.Unlock()
		e.leave()
	}
}

// opened counts an engine, and makes room if there are too many.
func (all *engineSlots) opened() {
	all.openings.Add(1)
	all.mu.Lock()
	all.open++
	crowded := all.open > cmp.Or(all.most, defaultOpen)
	if all.timer == nil {
		all.timer = time.AfterFunc(all.every(), func() { all.sweep(time.Now()) })
	}
	all.mu.Unlock()
	if crowded {
		all.crowd()
	}
}

func (all *engineSlots) every() time.Duration {
	return max(cmp.Or(all.idle, defaultIdle)/8, time.Millisecond)
}

// crowd closes those asked longest ago, an eighth more than it must.
func (all *engineSlots) crowd() {
	open := all.list()
	most := cmp.Or(all.most, defaultOpen)
	if len(open) <= most {
		return
	}
	oldestFirst(open)
	for _, s := range open[:len(open)-most+most/8] {
		s.close()
	}
}

func oldestFirst(open []*engineSlot) {
	slices.SortFunc(open, func(a, b *engineSlot) int { return cmp.Compare(a.asked.at.Load(), b.asked.at.Load()) })
}

// free closes those asked longest ago until about so many bytes are free, a sixteenth of what is open more. What was asked within the last
// second stays: it would be opened again at once.
func (all *engineSlots) free(bytes int64) {
	open := all.list()
	oldestFirst(open)
	var total int64
	sizes := make([]int64, len(open))
	for i, s := range open {
		if e := s.engine.Load(); e != nil {
			sizes[i] = e.size()
			total += sizes[i]
		}
	}
	bytes += total / 16
	now := time.Now().Unix()
	for i, s := range open {
		if bytes <= 0 || now-s.asked.at.Load() < 1 {
			return
		}
		bytes -= sizes[i]
		s.close()
	}
}

// churn says whether more than a quarter of the engines that are open were opened since it was asked last.
func (all *engineSlots) churn() bool {
	n := all.openings.Load()
	return 4*(n-all.looked.Swap(n)) > uint64(all.count())
}

// sweep closes what was not asked for a while, and comes again while anything is open.
func (all *engineSlots) sweep(now time.Time) {
	idle := cmp.Or(all.idle, defaultIdle)
	for _, s := range all.list() {
		if now.Sub(time.Unix(s.asked.at.Load(), 0)) > idle {
			s.close()
		}
	}
	all.mu.Lock()
	defer all.mu.Unlock()
	if all.open > 0 {
		all.timer = time.AfterFunc(all.every(), func() { all.sweep(time.Now()) })
	} else {
		all.timer = nil
	}
}

// closeAll closes all; what is asked is opened again.
func (all *engineSlots) closeAll() {
	for _, s := range all.list() {
		s.close()
	}
}

// list is every slot whose engine is open.
func (all *engineSlots) list() []*engineSlot {
	all.mu.Lock()
	defer all.mu.Unlock()
	var open []*engineSlot
	for _, s := range all.slots {
		if s.engine.Load() != nil {
			open = append(open, s)
		}
	}
	return open
}

// count says how many engines are open.
func (all *engineSlots) count() int {
	all.mu.Lock()
	defer all.mu.Unlock()
	return all.open
}

// room is how many more engines may be open.
func (all *engineSlots) room() int {
	return max(0, cmp.Or(all.most, defaultOpen)-all.count())
}

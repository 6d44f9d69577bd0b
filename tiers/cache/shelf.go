package cache

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
)

// A Shelf is a tenant's share of one tier.
type Shelf struct {
	cache   *Cache
	tier    *tier
	entries *otter.Cache[uint64, *entry]
	asked   atomic.Int64 // when it was found last, to the second of Cache.now
	gone    atomic.Bool
}

// An entry is one thing that a tier answered. It is never written again.
type entry struct {
	head  string // of the key: what the whole call has, shared by its rows
	row   string // the rest of the key
	body  []byte // JSON; nil: it does not exist
	at    time.Duration
	until time.Duration
	began uint64 // the number of the last write when its call began
	slot  uint32 // of the entity; noSlot: it is of none
}

const noSlot = 1 << 31

// overhead is about what an entry takes besides its bytes.
const overhead = 224

func (e *entry) weight() uint32 {
	return uint32(min(overhead+len(e.head)+len(e.row)+len(e.body), 1<<31))
}

func newShelf(c *Cache, t *tier) *Shelf {
	s := &Shelf{cache: c, tier: t}
	s.entries = otter.Must(&otter.Options[uint64, *entry]{
		MaximumWeight: 1, // until it is given its share
		Weigher:       func(_ uint64, e *entry) uint32 { return e.weight() },
		ExpiryCalculator: otter.ExpiryWritingFunc(func(e otter.Entry[uint64, *entry]) time.Duration {
			return e.Value.until - e.Value.at
		}),
		OnDeletion: func(e otter.DeletionEvent[uint64, *entry]) {
			if e.Cause == otter.CauseOverflow {
				t.evictions.Add(1)
			}
		},
	})
	return s
}

func (s *Shelf) bound(bytes int64) { s.entries.SetMaximum(uint64(max(bytes, 1))) }

func (s *Shelf) size() (bytes, bound int64) {
	s.entries.CleanUp()
	return int64(s.entries.WeightedSize()), int64(s.entries.GetMaximum())
}

func (s *Shelf) close() {
	s.gone.Store(true)
	s.entries.InvalidateAll()
	s.entries.StopAllGoroutines()
}

// A Lookup is one call's dealing with the Cache: what of it is kept, and what is to be. Its key so far is in Key: what the whole
// call has, up to Head, then the row's. It is of one goroutine.
type Lookup struct {
	Key  []byte
	Head int

	operation *Operation
	shelf     *Shelf
	now       time.Duration
	began     uint64
	policy    time.Duration
	head      string // of Key, made when it is first needed
}

// Begin makes a Lookup ready for a call that begins now. policy is the view's, 0 if it has none. It says false if nothing can be kept.
func (l *Lookup) Begin(o *Operation, tenant string, policy time.Duration) bool {
	c := o.version.cache
	s := c.shelf(o.source, tenant)
	if s == nil {
		return false
	}
	*l = Lookup{Key: l.Key[:0], operation: o, shelf: s, now: c.now(), began: c.writes.Load(), policy: policy}
	if at := int64(l.now); at-s.asked.Load() > int64(time.Second) {
		s.asked.Store(at)
	}
	l.Key = appendNumber(appendNumber(l.Key, o.version.id), o.index)
	return true
}

// HeadEnds says that what stands in Key is what all rows of the call have.
func (l *Lookup) HeadEnds() { l.Head = len(l.Key) }

// Row takes the last row's part off the Key.
func (l *Lookup) Row() { l.Key = l.Key[:l.Head] }

// Find looks for what stands under Key. body is nil if it is known that there is nothing. The bytes are the Cache's: they are read only.
func (l *Lookup) Find() (body []byte, ok bool) {
	e, ok := l.shelf.entries.GetIfPresent(l.shelf.cache.hash(l.Key))
	if !ok || e.head != string(l.Key[:l.Head]) || e.row != string(l.Key[l.Head:]) {
		return nil, false
	}
	if e.until <= l.now || l.policy > 0 && l.now-e.at > l.policy || !l.operation.fresh(e) {
		return nil, false
	}
	return e.body, true
}

// Count counts what was found and what was not.
func (l *Lookup) Count(hits, misses int) {
	if hits > 0 {
		l.shelf.tier.hits.Add(int64(hits))
	}
	if misses > 0 {
		l.shelf.tier.misses.Add(int64(misses))
	}
}

// Keep puts a copy of body under Key; nil: that there is nothing. entity are the framed texts of the key of the entity that it is
// of; nil: of no one entity. Where the graph does not have it kept, nothing is.
func (l *Lookup) Keep(body, entity []byte) {
	age := l.operation.policy.MaxAge
	if body == nil {
		age = l.operation.policy.Missing
	}
	if age <= 0 {
		return
	}
	if l.head == "" {
		l.head = string(l.Key[:l.Head])
	}
	e := &entry{head: l.head, row: string(l.Key[l.Head:]), at: l.now, until: l.now + age, began: l.began, slot: noSlot}
	if body != nil {
		e.body = slices.Clone(body)
	}
	if entity != nil {
		e.slot = l.operation.slot(entity)
	}
	if !l.operation.fresh(e) || l.shelf.gone.Load() {
		return // it was written to meanwhile
	}
	l.shelf.entries.Set(l.shelf.cache.hash(l.Key), e)
}

// Keys are where the needs of a call have the key of the entity that a row is about; none: it is about no one entity.
func (l *Lookup) Keys() []int { return l.operation.keys }

// Rows says that entries are rows, not whole answers.
func (l *Lookup) Rows() bool { return l.operation.Rows }

// Drop forgets what stands under Key.
func (l *Lookup) Drop() { l.shelf.entries.Invalidate(l.shelf.cache.hash(l.Key)) }

// Forget lets go of all but room.
func (l *Lookup) Forget() { *l = Lookup{Key: l.Key[:0]} }

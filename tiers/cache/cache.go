// Package cache keeps what tiers answered to reads, in memory and bounded by bytes, under everything that the tier could see.
//
// What is kept are entries: a row of a batch, or a whole answer. An entry is found by a hash and compared in full, so that two
// keys whose hashes are equal cost a call and never show one's answer to the other. Its bytes are written once.
//
// What a write makes old is told by Invalidate in words of the graph. Nothing is searched then: operations and entities have
// the number of the last write that touched them, and an entry has the number at which its call began. An answer that was on
// its way when the write came is therefore as old as one that was kept.
//
// Every tenant has a share of its own of each tier's bytes: what one fills, it takes from itself.
package cache

import (
	"hash/maphash"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"facet/graph"
)

// Settings bound a Cache.
type Settings struct {
	// Bytes are divided evenly among the tiers that are asked and have none of their own. 0: those keep nothing.
	Bytes int64
	// Sources have bytes of their own, by name. 0: it keeps nothing.
	Sources map[string]int64
}

// A Cache holds the entries of an environment, for all its graph versions. It is safe for use by many goroutines.
type Cache struct {
	settings Settings
	hash     func([]byte) uint64
	began    time.Time     // times are since then
	writes   atomic.Uint64 // the number of the last write
	versions atomic.Uint64

	mu      sync.Mutex
	open    map[*Version]bool
	tiers   map[string]*tier
	closed  bool
	changed atomic.Pointer[map[place]*Shelf] // what shelf reads without the lock
}

// A place is where a tenant's entries of a tier are.
type place struct{ source, tenant string }

// A tier is what is counted of a source.
type tier struct {
	shelves                 map[string]*Shelf // by tenant
	hits, misses, evictions atomic.Int64
}

// New makes an empty Cache. Close it: it has goroutines.
func New(s Settings) *Cache {
	seed := maphash.MakeSeed()
	c := &Cache{settings: s, began: time.Now(), open: map[*Version]bool{}, tiers: map[string]*tier{},
		hash: func(b []byte) uint64 { return maphash.Bytes(seed, b) }}
	c.changed.Store(&map[place]*Shelf{})
	return c
}

// Close forgets everything. Nothing is kept after it.
func (c *Cache) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for _, t := range c.tiers {
		for _, s := range t.shelves {
			s.close()
		}
		clear(t.shelves)
	}
	c.changed.Store(&map[place]*Shelf{})
}

// keeps says whether anything of a source may be kept.
func (c *Cache) keeps(source string) bool {
	if own, ok := c.settings.Sources[source]; ok {
		return own > 0
	}
	return c.settings.Bytes > 0
}

// now is the time since the Cache began.
func (c *Cache) now() time.Duration { return time.Since(c.began) }

// maxTenants bounds the shares of one tier; tenants past them have one together.
const maxTenants = 64

// idleShare is how long nobody asked for a share that is given up when another is wanted.
const idleShare = 10 * time.Minute

// shelf is a tenant's share of a tier; nil if nothing is kept.
func (c *Cache) shelf(source, tenant string) *Shelf {
	if s := (*c.changed.Load())[place{source, tenant}]; s != nil {
		return s
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || !c.keeps(source) {
		return nil
	}
	t := c.tiers[source]
	if t == nil {
		t = &tier{shelves: map[string]*Shelf{}}
		c.tiers[source] = t
	}
	now := c.now()
	for name, s := range t.shelves {
		if now-time.Duration(s.asked.Load()) > idleShare {
			s.close()
			delete(t.shelves, name)
		}
	}
	name := tenant
	if len(t.shelves) >= maxTenants && t.shelves[tenant] == nil {
		name = "" // no tenant is called so
	}
	s := t.shelves[name]
	if s == nil {
		s = newShelf(c, t)
		s.asked.Store(int64(now))
		t.shelves[name] = s
		c.divide()
	}
	all := maps.Clone(*c.changed.Load())
	maps.DeleteFunc(all, func(p place, s *Shelf) bool { return s.gone.Load() })
	if len(all) < 4*maxTenants*len(c.tiers) { // tenants without a share of their own are looked up under the lock
		all[place{source, tenant}] = s
	}
	c.changed.Store(&all)
	return s
}

// divide gives each share its bytes. c.mu is held.
func (c *Cache) divide() {
	common := int64(0)
	for name := range c.tiers {
		if _, ok := c.settings.Sources[name]; !ok {
			common++
		}
	}
	for name, t := range c.tiers {
		bytes, own := c.settings.Sources[name]
		if !own {
			bytes = c.settings.Bytes / common
		}
		for _, s := range t.shelves {
			s.bound(bytes / int64(len(t.shelves)))
		}
	}
}

// Stats are what happened at one tier.
type Stats struct {
	Source       string
	Hits, Misses int64 // rows of batches, or whole answers, that were looked for
	Evictions    int64 // entries that went because there was no room
	Bytes        int64 // that are taken now
	Bound        int64 // that may be taken
	Tenants      int   // that share it
}

// Stats lists the tiers that were asked, by name.
func (c *Cache) Stats() []Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := make([]Stats, 0, len(c.tiers))
	for _, name := range slices.Sorted(maps.Keys(c.tiers)) {
		t := c.tiers[name]
		s := Stats{Source: name, Hits: t.hits.Load(), Misses: t.misses.Load(), Evictions: t.evictions.Load(), Tenants: len(t.shelves)}
		for _, shelf := range t.shelves {
			bytes, bound := shelf.size()
			s.Bytes, s.Bound = s.Bytes+bytes, s.Bound+bound
		}
		list = append(list, s)
	}
	return list
}

// Version opens the Cache for the operations of a graph; nil if none of them is to be kept. What it keeps is found through it
// alone: another opening of the same graph begins empty.
func (c *Cache) Version(g *graph.Graph) *Version {
	v := newVersion(c, g)
	if v == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open[v] = true
	return v
}

// A Write is a field of the graph that changed.
type Write struct {
	Type, Field string
	Key         []string // the entity's key, part by part, as texts; none: any entity
}

// Invalidate makes old what holds one of the fields, in every graph version: what is kept, and what calls that are under way will
// answer. It holds when it returns.
func (c *Cache) Invalidate(writes []Write) {
	if len(writes) == 0 {
		return
	}
	n := c.writes.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	for v := range c.open {
		v.invalidate(writes, n)
	}
}

// Forget makes everything old, for whoever may have missed what was written.
func (c *Cache) Forget() {
	n := c.writes.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	for v := range c.open {
		v.forget(n)
	}
}

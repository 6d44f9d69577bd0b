package serve

import (
	"container/list"
	"sync"
)

// A Recent keeps values by text, the least recently used go first. It is bounded by the bytes of the texts and values.
type Recent[V any] struct {
	max int

	mu    sync.Mutex
	size  int
	order *list.List // of *kept[V], most recent first
	byKey map[string]*list.Element
}

type kept[V any] struct {
	key   string
	value V
	size  int
}

// NewRecent makes one of at most so many bytes.
func NewRecent[V any](max int) *Recent[V] {
	return &Recent[V]{max: max, order: list.New(), byKey: map[string]*list.Element{}}
}

// Get finds a value and makes it the most recent.
func (c *Recent[V]) Get(key string) (v V, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.byKey[key]
	if !ok {
		return v, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*kept[V]).value, true
}

// GetBytes is Get, of a key that need not be kept.
func (c *Recent[V]) GetBytes(key []byte) (v V, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.byKey[string(key)]
	if !ok {
		return v, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*kept[V]).value, true
}

// Add keeps a value of a size. What is larger than a quarter of the cache is not kept. A value that is there stays.
func (c *Recent[V]) Add(key string, v V, size int) {
	if size > c.max/4 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.byKey[key]; ok {
		c.order.MoveToFront(e)
		return
	}
	c.byKey[key] = c.order.PushFront(&kept[V]{key, v, size})
	for c.size += size; c.size > c.max; {
		last := c.order.Back()
		k := c.order.Remove(last).(*kept[V])
		delete(c.byKey, k.key)
		c.size -= k.size
	}
}

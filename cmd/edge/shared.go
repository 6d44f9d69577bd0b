package main

import "sync"

// A shared value is used by several releases at once: it is made for the first and closed after the last.
type shared[V any] struct {
	mu      sync.Mutex
	entries map[string]*sharedEntry[V]
	close   func(V)
}

type sharedEntry[V any] struct {
	users int
	once  sync.Once
	value V
	err   error
}

func newShared[V any](closing func(V)) *shared[V] {
	return &shared[V]{entries: map[string]*sharedEntry[V]{}, close: closing}
}

// take gives the value under key, made by build if nobody uses it yet. Whoever took it without an error calls done once.
// Others wait while it is being made; an error is not kept.
func (s *shared[V]) take(key string, build func() (V, error)) (value V, done func(), err error) {
	s.mu.Lock()
	e := s.entries[key]
	if e == nil {
		e = &sharedEntry[V]{}
		s.entries[key] = e
	}
	e.users++
	s.mu.Unlock()
	e.once.Do(func() { e.value, e.err = build() })
	if e.err != nil {
		s.leave(key, e)
		return value, nil, e.err
	}
	var once sync.Once
	return e.value, func() { once.Do(func() { s.leave(key, e) }) }, nil
}

func (s *shared[V]) leave(key string, e *sharedEntry[V]) {
	s.mu.Lock()
	e.users--
	last := e.users == 0
	if last && s.entries[key] == e {
		delete(s.entries, key)
	}
	s.mu.Unlock()
	if last && e.err == nil && s.close != nil {
		s.close(e.value)
	}
}

package graphql

import (
	"sync"
)

// maxQueries is how many cut-down queries of one operation are kept: as many as there are plans that differ in what they want.
const maxQueries = 512

// queries keeps the queries of an operation by the fields that are wanted.
type queries struct {
	of func(fields []string) *query

	mu   sync.RWMutex
	kept map[string]*query
}

// get finds the query for some fields, or makes it. One that finds no room is made again each time.
func (s *queries) get(fields []string) *query {
	var stack [512]byte
	key := stack[:0]
	for _, f := range fields {
		key = append(append(key, f...), ' ')
	}
	s.mu.RLock()
	q := s.kept[string(key)]
	s.mu.RUnlock()
	if q != nil {
		return q
	}
	q = s.of(fields)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept == nil {
		s.kept = map[string]*query{}
	}
	if len(s.kept) < maxQueries {
		s.kept[string(key)] = q
	}
	return q
}

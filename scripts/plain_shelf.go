package scripts

import (
	"strconv"
	"strings"
	"sync"

	"facet/scripts/plain"
)

// A compiledShelf has the closures of functions that were compiled lately, by all that they are compiled from. The versions of a package have most of
// their functions in common, and one that is closed and opened again finds its own. Functions change nothing that outlasts a call, so whoever
// has the same text may have the same closures.
type compiledShelf struct {
	mu         sync.Mutex
	young, old map[string]*plain.Function // nil functions need the engine
	bytes      int                        // of texts, in young
}

// What a shelf holds: closures take some ten times the room of their text.
const (
	shelfBytes = 128 << 10 // of texts in each half
	shelfText  = 1 << 10   // of one function: long ones are seldom the same
)

var closureShelf compiledShelf

// get gives a function, made by compile if it is not there. Two at once may both make it.
func (s *compiledShelf) get(key string, compile func() *plain.Function) *plain.Function {
	s.mu.Lock()
	p, ok := s.young[key]
	if !ok {
		if p, ok = s.old[key]; ok {
			s.put(key, p)
		}
	}
	s.mu.Unlock()
	if ok {
		return p
	}
	p = compile()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(key, p)
	return p
}

func (s *compiledShelf) put(key string, p *plain.Function) {
	if s.young == nil || s.bytes+len(key) > shelfBytes {
		s.young, s.old, s.bytes = map[string]*plain.Function{}, s.young, 0
	}
	if _, ok := s.young[key]; !ok {
		s.bytes += len(key)
	}
	s.young[key] = p
}

// shelved is what of a function the shelf may have: nothing that is the build's own, which would be kept with it. The key is "" where that
// cannot be: results of types that a package declares are made for it.
func (fn *function) shelved() (key string, names []string, k *plain.Kind) {
	if len(fn.Source) > shelfText {
		return "", nil, nil
	}
	b := make([]byte, 0, len(fn.Source)+64)
	text := func(s string) string {
		b = append(append(strconv.AppendInt(b, int64(len(s)), 10), ':'), s...)
		return strings.Clone(s)
	}
	var kindOf func(k *kind) (*plain.Kind, bool)
	kindOf = func(k *kind) (*plain.Kind, bool) {
		if k == nil {
			b = append(b, '.')
			return nil, true
		}
		if k.fields != nil || k.values != nil {
			return nil, false
		}
		b = strconv.AppendBool(b, k.nonNull)
		name := text(k.name)
		elem, ok := kindOf(k.elem)
		return &plain.Kind{Name: name, NonNull: k.nonNull, Elem: elem}, ok
	}
	k, ok := kindOf(fn.result)
	if !ok {
		return "", nil, nil
	}
	b = strconv.AppendBool(b, fn.locale >= 0)
	b = append(strconv.AppendInt(b, int64(len(fn.names)), 10), ' ')
	for _, n := range fn.names {
		names = append(names, text(n))
	}
	b = append(b, fn.Source...)
	return string(b), names, k
}

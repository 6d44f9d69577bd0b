package fake

import (
	"time"

	"facet/fault"
	"facet/graph"
)

// A manner is how an operation misbehaves.
type manner struct {
	delay  time.Duration
	kind   fault.Kind
	times  int // failures left; -1: for ever
	hang   bool
	change func([]byte) []byte
	lies   *Lies
}

// Lies are wrong rows that a table answers a batch with.
type Lies struct {
	Reverse bool              // rows stand in reverse order
	Repeat  bool              // each row stands twice; the second one has every other field null
	Extra   bool              // a row that nobody asked for stands first
	Drop    []string          // these keys' rows are missing
	Fields  map[string]string // graph fields that hold this JSON instead
}

func (t *Tier) set(pattern string, f func(*manner)) *Tier {
	t.mu.Lock()
	defer t.mu.Unlock()
	m := t.manners[pattern]
	if m == nil {
		m = &manner{}
		t.manners[pattern] = m
	}
	f(m)
	return t
}

// Delay makes calls take d before they are answered or fail.
func (t *Tier) Delay(pattern string, d time.Duration) *Tier {
	return t.set(pattern, func(m *manner) { m.delay = d })
}

// Fail makes calls fail until Heal.
func (t *Tier) Fail(pattern string, k fault.Kind) *Tier {
	return t.set(pattern, func(m *manner) { m.kind, m.times = k, -1 })
}

// FailFirst makes the next n calls fail.
func (t *Tier) FailFirst(pattern string, n int, k fault.Kind) *Tier {
	return t.set(pattern, func(m *manner) { m.kind, m.times = k, n })
}

// Hang makes calls wait until their context ends.
func (t *Tier) Hang(pattern string) *Tier { return t.set(pattern, func(m *manner) { m.hang = true }) }

// Garbage answers bytes that are no JSON.
func (t *Tier) Garbage(pattern string) *Tier {
	return t.Change(pattern, func([]byte) []byte { return []byte("<html>\xff not json {") })
}

// Truncate cuts answers in half.
func (t *Tier) Truncate(pattern string) *Tier {
	return t.Change(pattern, func(b []byte) []byte { return b[:len(b)/2] })
}

// Change alters the bytes of answers.
func (t *Tier) Change(pattern string, f func([]byte) []byte) *Tier {
	return t.set(pattern, func(m *manner) { m.change = f })
}

// Lie makes tables answer wrong rows.
func (t *Tier) Lie(pattern string, l Lies) *Tier {
	return t.set(pattern, func(m *manner) { m.lies = &l })
}

// Heal ends every misbehaviour under the pattern.
func (t *Tier) Heal(pattern string) *Tier {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.manners, pattern)
	return t
}

func patterns(op *graph.Operation) [3]string { return [3]string{op.ID, op.Source.Name, "*"} }

// manner merges what the patterns say, most specific first, and counts a limited failure down. The caller holds mu.
func (t *Tier) manner(op *graph.Operation) manner {
	var r manner
	for _, p := range patterns(op) {
		m := t.manners[p]
		if m == nil {
			continue
		}
		if r.delay == 0 {
			r.delay = m.delay
		}
		if r.kind == "" && m.kind != "" && m.times != 0 {
			r.kind = m.kind
			if m.times > 0 {
				m.times--
			}
		}
		r.hang = r.hang || m.hang
		if r.change == nil {
			r.change = m.change
		}
	}
	return r
}

func (t *Tier) lies(op *graph.Operation) Lies {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range patterns(op) {
		if m := t.manners[p]; m != nil && m.lies != nil {
			return *m.lies
		}
	}
	return Lies{}
}

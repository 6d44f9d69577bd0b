package fake

import (
	"time"

	"facet/fault"
	"facet/graph"
)

// A Record is one call in the log. It is complete once Ended is set; read it by Calls.
type Record struct {
	*Request
	N       int // the call's place in the order of starts, from 0
	Started time.Time
	Ended   time.Time  // zero while the call runs
	Kind    fault.Kind // of its failure; "" if it was answered
}

// Calls lists the calls under a pattern in the order of their starts, those still running included. The records are copies.
func (t *Tier) Calls(pattern string) []Record {
	t.mu.Lock()
	defer t.mu.Unlock()
	var recs []Record
	for _, r := range t.log {
		if matches(pattern, r.Operation) {
			recs = append(recs, *r)
		}
	}
	return recs
}

// Count is the number of calls that started under a pattern.
func (t *Tier) Count(pattern string) int { return len(t.Calls(pattern)) }

// MaxConcurrent is the most calls under a pattern that ran at once.
func (t *Tier) MaxConcurrent(pattern string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.most[pattern]
}

// Forget empties the log.
func (t *Tier) Forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.log = nil
	clear(t.most)
}

func matches(pattern string, op *graph.Operation) bool {
	return pattern == "*" || pattern == op.ID || pattern == op.Source.Name
}

func (t *Tier) begin(r *Request) (*Record, manner, *Gate, Func) {
	t.mu.Lock()
	defer t.mu.Unlock()
	rec := &Record{Request: r, N: len(t.log), Started: time.Now()}
	t.log = append(t.log, rec)
	var gate *Gate
	for _, p := range patterns(r.Operation) {
		t.flying[p]++
		t.most[p] = max(t.most[p], t.flying[p])
		if gate == nil {
			gate = t.gates[p]
		}
	}
	return rec, t.manner(r.Operation), gate, t.answers[r.Operation.ID]
}

func (t *Tier) end(rec *Record, op *graph.Operation, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	rec.Ended, rec.Kind = time.Now(), fault.KindOf(err)
	for _, p := range patterns(op) {
		t.flying[p]--
	}
}

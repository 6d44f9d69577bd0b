package composer

import (
	"sync"

	"facet/tiers"
)

// An arrival is a large answer that is scanned while its bytes come: the tier's goroutine reads them, another one scans them. The scanner
// waits where it needs more than there is. It looks for that at the items of lists and within what nobody reads; an answer that ends
// anywhere else in the middle is not scanned, and is scanned again when it is whole.
type arrival struct {
	bytes []byte // of the answer when it is whole
	least int    // bytes that there are at least, or all, before an item of a list is read

	mu      sync.Mutex
	changed sync.Cond
	came    int  // bytes that are there
	stopped bool // no more come, or nobody wants them

	ended chan struct{} // the scanner has returned
	ok    bool          // the answer is JSON; not known before ended
}

// lookahead is more than most items of lists have.
const lookahead = 4 << 10

// Begin implements tiers.Intake.
func (s *scanner) Begin(whole []byte) tiers.Arrival {
	if s.prog == nil || s.arrival != nil || len(whole) >= maxBody {
		return nil
	}
	return s.begin(whole, lookahead)
}

func (s *scanner) begin(whole []byte, least int) *arrival {
	a := &arrival{bytes: whole, least: least, ended: make(chan struct{})}
	a.changed.L = &a.mu
	s.arrival = a
	go a.scan(s)
	return a
}

func (a *arrival) scan(s *scanner) {
	defer close(a.ended)
	defer func() { _ = recover() }() // the same will happen where the answer is scanned whole
	s.b, s.from = a.bytes[:0], a
	a.ok = s.ahead() && s.prog.run(s) && len(s.b) == len(a.bytes)
}

// Came implements tiers.Arrival.
func (a *arrival) Came(n int) {
	a.mu.Lock()
	if n > len(a.bytes) {
		a.stopped = true
	} else {
		a.came = n
	}
	a.mu.Unlock()
	a.changed.Signal()
}

// Stop implements tiers.Arrival.
func (a *arrival) Stop() {
	a.mu.Lock()
	a.stopped = true
	a.mu.Unlock()
	a.changed.Signal()
	<-a.ended
	a.bytes = nil // its place is free: an answer that lies there next is another
}

// ahead waits until most items would be whole that begin here; false: no more will come.
func (s *scanner) ahead() bool {
	if s.from == nil || len(s.b)-s.i >= s.from.least {
		return true
	}
	return s.await(s.from.least)
}

// await waits until there are n bytes from here, or all; false: they will not come.
func (s *scanner) await(n int) bool {
	a := s.from
	want := min(s.i+n, len(a.bytes))
	a.mu.Lock()
	for a.came < want && !a.stopped {
		a.changed.Wait()
	}
	came, stopped := a.came, a.stopped
	a.mu.Unlock()
	s.b = a.bytes[:came]
	if came == len(a.bytes) || stopped {
		s.from = nil
	}
	return !stopped
}

// further waits for more bytes, of what begins here and did not end: for twice as many as there are of it, so that reading it again and
// again takes no more than twice as long as once.
func (s *scanner) further() bool { return s.await(max(2*(len(s.b)-s.i), s.from.least)) }

// A halt is where a scanner was, and what it had read.
type halt struct{ i, depth, cells, stack, tracks int }

// halt waits for the bytes that an item most probably has, and is where the scanner is then.
func (s *scanner) halt() halt {
	s.ahead()
	return halt{s.i, s.depth, len(s.cells), len(s.stack), len(s.tracks)}
}

// again goes back to a halt, to read on from there when more has come. It is false where nothing more comes.
func (s *scanner) again(p halt) bool {
	s.i, s.depth = p.i, p.depth
	s.cells, s.stack, s.tracks = s.cells[:p.cells], s.stack[:p.stack], s.tracks[:p.tracks]
	return s.further()
}

// whole reads an answer, of which it may have read much while it came. False: it is not JSON, or nests too deep.
func (s *scanner) whole(body []byte) bool {
	prog := s.prog
	if a := s.arrival; a != nil {
		same := len(body) == len(a.bytes) && len(body) > 0 && &body[0] == &a.bytes[0]
		if same {
			<-a.ended
		}
		s.leave()
		if same && a.ok {
			return true
		}
		s.i, s.depth = 0, 0
		s.cells, s.stack, s.tracks = s.cells[:0], s.stack[:0], s.tracks[:0]
	}
	s.b = body
	return prog.run(s)
}

// leave ends the reading of an answer under way, and lets no other begin.
func (s *scanner) leave() {
	s.prog = nil
	if a := s.arrival; a != nil {
		a.Stop()
		s.arrival, s.from = nil, nil
	}
}

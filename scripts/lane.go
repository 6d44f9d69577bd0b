package scripts

import (
	"runtime"
	"time"
)

// Packages whose calls are long go one behind another where the others pass them: a call of ten milliseconds on every processor at
// once would let all other requests of the instance wait for as long. The making of machines ahead is such work too.
const (
	longCalls = time.Millisecond     // on average: then a package's calls are long
	longest   = 8 * time.Millisecond // of one, as it counts: one that was interrupted says little of the others
	weightOf  = 16                   // one call counts for a sixteenth of the average
)

// lane has room for the long work of half of the processors. They are the process's, and so is it.
var lane = make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))

// took tells how long one call ran.
func (s *Share) took(d time.Duration) {
	if s != nil {
		was := s.average.Load()
		s.average.Store(was + (min(int64(d), int64(longest))-was)/weightOf) // a call that is lost to another one at the same time is no loss
	}
}

// enterLane waits until one more long call may run, if the package's calls are long. in says that leaveLane is to be called after
// it; ok is false if the wait would be too long.
func (s *Share) enterLane(most time.Duration) (in, ok bool) {
	if s == nil || s.pool == nil || s.average.Load() < int64(longCalls) {
		return false, true
	}
	select {
	case lane <- struct{}{}:
		return true, true
	default:
	}
	t := time.NewTimer(most)
	defer t.Stop()
	select {
	case lane <- struct{}{}:
		return true, true
	case <-t.C:
		return false, false
	}
}

func leaveLane() { <-lane }

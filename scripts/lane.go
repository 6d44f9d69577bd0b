package scripts

import (
	"runtime"
	"time"
)

// Packages whose calls are long go one behind another where the others pass them: a call of ten milliseconds on every processor at
// once would let all other requests of the instance wait for as long. The making of machines ahead is such work too.
const (
	longCall = 2 * time.Millisecond // of one call
	longFor  = 10 * time.Second     // after a long call its package is taken to have long ones
)

// lane has room for the long work of half of the processors. They are the process's, and so is it.
var lane = make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))

// took tells how long one call ran.
func (s *Share) took(d time.Duration) {
	if s != nil && d >= longCall {
		s.long.Store(clock() + int64(longFor))
	}
}

// enterLane waits until one more long call may run, if the package's calls are long. in says that leaveLane is to be called after
// it; ok is false if the wait would be too long.
func (s *Share) enterLane(most time.Duration) (in, ok bool) {
	if s == nil || s.pool == nil || s.long.Load() < clock() {
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

package scripts

import (
	"cmp"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"
)

// patience is how many budgets a call may last on the wall on a machine that is too busy to run it, and that is never short: a
// package is not to blame for what others do.
const (
	patience = 20
	starving = int64(2 * time.Second)
)

// Times of the watchdog.
const (
	tick     = 2 * time.Millisecond   // between its looks, while there are calls
	closer   = time.Millisecond       // where a call has run for longer than that
	idle     = 200 * time.Millisecond // without a call: then it sleeps until there is one
	resync   = 200 * time.Microsecond // a call that lasted longer has its processor time read, a shorter one is charged its wall
	maxBurst = 32 << 20               // bytes that the heap may grow by while a call runs for over a millisecond
	busiest  = 2 * time.Millisecond   // of the processor that a call must have had to have made them
	goesOn   = 500 * time.Microsecond // that a call must run on, once it was seen past its budget, to be ended
)

// A watch is what the watchdog knows of one machine. Its fields are the machine's, but for the atomic ones.
type watch struct {
	start  atomic.Int64 // nanoseconds on our clock of the call that runs, plus 1; 0: none; cut: it was ended
	thread atomic.Int64 // that runs it
	base   atomic.Int64 // processor time of that thread when the call began
	budget atomic.Int64 // of the call
	over   atomic.Bool  // it was ended: what looks between its steps stops
	why    atomic.Pointer[broken]
	end    func(why string, used time.Duration)
	burst  uint64 // bytes that the heap may grow by meanwhile; 0: maxBurst
	heap   uint64 // seen by the watchdog alone: of the process at its first look at this call, and which call that was
	seen   int64
	past   int64 // seen by it too: the call that was past its budget, and what it had used then
	pastAt int64
}

const cut = -1

// clock is the time since the process began, which is cheaper to compare than a time.
var epoch = time.Now()

func clock() int64 { return int64(time.Since(epoch)) + 1 }

// A watchdog ends calls that ran out of processor time. There is one in a process: a timer for each call would cost as much
// as the call.
type watchdog struct {
	mu      sync.Mutex
	watched []*watch
	asleep  atomic.Bool
	wake    chan struct{}
	begun   bool
}

var dog = watchdog{wake: make(chan struct{}, 1)}

func (d *watchdog) add(w *watch) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.watched = append(d.watched, w)
	if !d.begun {
		d.begun = true
		go d.run()
		go idlers.run()
	}
}

func (d *watchdog) remove(w *watch) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, x := range d.watched {
		if x == w {
			last := len(d.watched) - 1
			d.watched[i], d.watched[last] = d.watched[last], nil
			d.watched = d.watched[:last]
			return
		}
	}
}

// call says that a call begins.
func (d *watchdog) call() {
	if d.asleep.Load() && d.asleep.CompareAndSwap(true, false) {
		select {
		case d.wake <- struct{}{}:
		default:
		}
	}
}

func (d *watchdog) run() {
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	for last := clock(); ; {
		now := clock()
		running, longest := d.look(now, heap)
		if running {
			last = now
		}
		switch {
		case now-last > int64(idle):
			d.asleep.Store(true)
			if running, _ = d.look(clock(), heap); running && d.asleep.CompareAndSwap(true, false) {
				continue // it began before it could see that we sleep
			}
			<-d.wake
			last = clock()
			time.Sleep(tick)
		case longest > int64(closer):
			time.Sleep(closer)
		default:
			time.Sleep(tick)
		}
	}
}

// look ends the calls that had their budget, and says whether there are calls and how long the longest runs.
func (d *watchdog) look(now int64, heap []metrics.Sample) (running bool, longest int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var worst *watch
	var most, began int64
	read := false
	for _, w := range d.watched {
		s := w.start.Load()
		if s <= 0 {
			continue
		}
		running = true
		lasted := now - s
		longest = max(longest, lasted)
		if lasted < int64(closer) {
			continue
		}
		budget := w.budget.Load()
		used := int64(thread(w.thread.Load()).used()) - w.base.Load()
		if w.start.Load() != s { // another call runs by now
			continue
		}
		if used >= budget {
			// What a virtual machine's host took meanwhile is in a thread's time, and so is its turn at collecting garbage: a
			// call of microseconds may be seen here. It ends by itself; one that is to be ended runs on.
			if w.past != s {
				w.past, w.pastAt = s, used
			} else if used >= w.pastAt+int64(goesOn) {
				w.cut(s, LimitCPU, time.Duration(used))
			}
			continue
		}
		if lasted >= max(patience*budget, starving) {
			w.cut(s, "wall", time.Duration(lasted))
			continue
		}
		if !read {
			metrics.Read(heap)
			read = true
		}
		if w.seen != s {
			w.seen, w.heap = s, heap[0].Value.Uint64()
		}
		if heap[0].Value.Uint64() > w.heap+cmp.Or(w.burst, maxBurst) && used >= int64(busiest) && used > most {
			worst, most, began = w, used, s
		}
	}
	// Whose bytes they are nobody knows: they are taken for those of the call that ran most. The others begin anew.
	if worst != nil && worst.cut(began, LimitMemory, time.Duration(most)) {
		for _, w := range d.watched {
			w.seen = 0
		}
	}
	return running, longest
}

func (w *watch) cut(start int64, why string, used time.Duration) bool {
	if !w.start.CompareAndSwap(start, cut) {
		return false
	}
	w.end(why, used)
	w.over.Store(true)
	return true
}

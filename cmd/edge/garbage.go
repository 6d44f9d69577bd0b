package main

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
	runtimemetrics "runtime/metrics"
	"sync"
	"sync/atomic"
)

// normalGarbage is GOGC where nothing is set: the heap is collected when it has doubled.
const normalGarbage = 100

// A heapFloor lets a small heap grow before it is collected. An instance with 15 MB in use would otherwise collect each time that its
// requests made 15 MB, which under load is several times a second; and the more one tenant makes, the more often the requests of all
// others would pay for it.
type heapFloor struct {
	floor   int64        // bytes
	mu      sync.Mutex   // of adjusting and ending
	percent atomic.Int64 // GOGC that was set last; 0: this has ended
	settled int64        // bytes that stay in use, as far as the last collections tell
	capped  bool         // a memory limit holds as well: nobody else has it
}

// keepHeapFloor sets GOGC after each collection, so that the next one comes when what stays in use has doubled, and not before the heap
// has floor bytes. What is in use for a moment only (one tenant's large call) gets little room above it: it would else be doubled too,
// in the memory of all. Where GOGC is set, that stands.
//
// GOGC is a share of what the next collection finds, so it is wrong until it is set anew whenever that is more than the last one found:
// made for 5 MiB in use, it gives a heap of 1 GiB to 40 of them. So a memory limit stands beside it, which does not move with what is found.
// GOMEMLIMIT, and a lower limit of keepMemory's, hold as ever.
func keepHeapFloor(floor int64) (stop func()) {
	return (&heapFloor{floor: floor, capped: true}).keep()
}

func (h *heapFloor) keep() (stop func()) {
	if h.floor <= 0 || os.Getenv("GOGC") != "" {
		return func() {}
	}
	h.percent.Store(normalGarbage)
	h.settled = liveHeap()
	h.adjust(h.settled)
	h.watch()
	return h.end
}

func (h *heapFloor) end() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.percent.Swap(0) != normalGarbage {
		debug.SetGCPercent(normalGarbage)
	}
	memoryLimit.hold(h, 0)
}

// watch is told of the next collection by a thing that nobody has.
func (h *heapFloor) watch() {
	runtime.AddCleanup(new([16]byte), func(h *heapFloor) {
		if h.adjust(liveHeap()) {
			h.watch()
		}
	}, h)
}

// adjust does not follow each small move. It is false after the end.
func (h *heapFloor) adjust(live int64) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	was := h.percent.Load()
	if was == 0 {
		return false
	}
	if live < h.settled {
		h.settled = live
	} else {
		h.settled += (live - h.settled) / settles
	}
	goal := h.goal(live, h.settled)
	p := percentOf(goal, live, gauge("/gc/scan/stack:bytes")+gauge("/gc/scan/globals:bytes"))
	if p*32 < was*31 || p*32 > was*33 {
		h.percent.Store(p)
		debug.SetGCPercent(int(p))
	}
	if h.capped {
		memoryLimit.hold(h, besideHeap()+goal+goal/spare)
	}
	return true
}

const (
	// settles is how many collections it takes until most of what is in use counts as staying.
	settles = 8
	// spare is the part of the heap's goal that it may have more, of pages that are not full or were not given back yet, before the memory
	// limit makes it collect earlier: where nothing is out of the ordinary it never does.
	spare = 4
)

// goal is the size at which a heap with so many live bytes is collected: the floor, or twice what stays, and some room above what is live; all
// that there is where memory is scarce.
func (h *heapFloor) goal(live, settled int64) int64 {
	return max(h.floor, 2*settled, live+max(h.floor/4, live/4), scarce.Load())
}

// percentOf is the GOGC by which a heap is collected at a goal; at least 1, for by 0 it is collected all the time. The runtime takes it of what is
// live and of the roots: stacks and globals.
func percentOf(goal, live, roots int64) int64 {
	live = max(live, 1<<20)
	return max(1, (goal-live)*100/(live+roots))
}

// gauge is one of the runtime's own figures; 0 if it has none of that name.
func gauge(name string) int64 {
	s := []runtimemetrics.Sample{{Name: name}}
	runtimemetrics.Read(s)
	if s[0].Value.Kind() != runtimemetrics.KindUint64 {
		return 0
	}
	return int64(s[0].Value.Uint64())
}

// liveHeap is what the last collection left.
func liveHeap() int64 { return gauge("/gc/heap/live:bytes") }

// besideHeap is what the runtime has in memory for itself and for stacks.
func besideHeap() int64 {
	n := gauge("/memory/classes/total:bytes")
	for _, class := range []string{"objects", "unused", "free", "released"} {
		n -= gauge("/memory/classes/heap/" + class + ":bytes")
	}
	return max(0, n)
}

// A limits is the memory limit of a process of whose parts several say how much it should be: the least of that holds. GOMEMLIMIT stands
// instead where it is set.
type limits struct {
	mu     sync.Mutex
	of     map[any]int64
	set    int64 // now; 0: none of ours
	before int64
}

var memoryLimit = limits{of: map[any]int64{}}

// hold says how much memory the process should have at most, for one who says so; 0: he says nothing any more. It does not follow each
// small move.
func (l *limits) hold(who any, bytes int64) {
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if bytes > 0 {
		l.of[who] = bytes
	} else {
		delete(l.of, who)
	}
	least := int64(math.MaxInt64)
	for _, n := range l.of {
		least = min(least, n)
	}
	switch d := least - l.set; {
	case len(l.of) == 0 && l.set != 0:
		debug.SetMemoryLimit(l.before)
		l.set = 0
	case len(l.of) > 0 && (d > least/32 || -d > least/32):
		before := debug.SetMemoryLimit(least)
		if l.set == 0 {
			l.before = before
		}
		l.set = least
	}
}

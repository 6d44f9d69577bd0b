package main

import (
	"os"
	"runtime"
	"runtime/debug"
	runtimemetrics "runtime/metrics"
	"sync/atomic"
)

// normalGarbage is GOGC where nothing is set: the heap is collected when it has doubled.
const normalGarbage = 100

// A heapFloor lets a small heap grow before it is collected. An instance with 15 MB in use would otherwise collect each time that its
// requests made 15 MB, which under load is several times a second; and the more one tenant makes, the more often the requests of all
// others would pay for it.
type heapFloor struct {
	floor   int64        // bytes
	percent atomic.Int64 // GOGC that was set last; 0: this has ended
	settled int64        // bytes that stay in use, as far as the last collections tell
}

// keepHeapFloor sets GOGC after each collection, so that the next one comes when what stays in use has doubled, and not before the heap
// has floor bytes. What is in use for a moment only (one tenant's large call) gets little room above it: it would else be doubled too,
// in the memory of all. GOMEMLIMIT holds as ever. Where GOGC is set, that stands.
func keepHeapFloor(floor int64) (stop func()) {
	if floor <= 0 || os.Getenv("GOGC") != "" {
		return func() {}
	}
	h := &heapFloor{floor: floor}
	h.percent.Store(normalGarbage)
	h.settled = liveHeap()
	h.adjust(h.settled)
	h.watch()
	return func() {
		if h.percent.Swap(0) != normalGarbage {
			debug.SetGCPercent(normalGarbage)
		}
	}
}

// watch is told of the next collection by a thing that nobody has.
func (h *heapFloor) watch() {
	runtime.AddCleanup(new([16]byte), func(h *heapFloor) {
		if h.adjust(liveHeap()) {
			h.watch()
		}
	}, h)
}

// adjust stops the world for a moment, so it does not follow each small move. It is false after the end.
func (h *heapFloor) adjust(live int64) bool {
	if live < h.settled {
		h.settled = live
	} else {
		h.settled += (live - h.settled) / settles
	}
	p, was := h.of(live, h.settled), h.percent.Load()
	if was == 0 || p*8 >= was*7 && p*8 <= was*9 {
		return was != 0
	}
	if !h.percent.CompareAndSwap(was, p) {
		return false
	}
	debug.SetGCPercent(int(p))
	return true
}

// settles is how many collections it takes until most of what is in use counts as staying.
const settles = 8

// of is the GOGC by which a heap with so many live bytes is collected at its goal: the floor, or twice what stays, and some room above
// what is live.
func (h *heapFloor) of(live, settled int64) int64 {
	live = max(live, 1<<20)
	goal := max(h.floor, 2*settled, live+max(h.floor/4, live/4))
	return (goal - live) * 100 / live
}

// liveHeap is what the last collection left.
func liveHeap() int64 {
	s := []runtimemetrics.Sample{{Name: "/gc/heap/live:bytes"}}
	runtimemetrics.Read(s)
	if s[0].Value.Kind() != runtimemetrics.KindUint64 {
		return 0
	}
	return int64(s[0].Value.Uint64())
}

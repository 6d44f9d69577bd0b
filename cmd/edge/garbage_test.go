package main

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

func TestHeapFloor(t *testing.T) {
	h := &heapFloor{floor: 128 << 20}
	for _, c := range []struct {
		live, settled, roots, want int64
	}{
		{0, 0, 0, 12_700},
		{3 << 20, 3 << 20, 1 << 20, 3125},
		{16 << 20, 16 << 20, 0, 700},
		{64 << 20, 64 << 20, 0, 100},
		{100 << 20, 100 << 20, 0, 100},
		{1 << 30, 1 << 30, 0, 100},
		{100 << 20, 40 << 20, 0, 32},
		{1 << 30, 40 << 20, 0, 25},
		{16 << 20, 100 << 20, 0, 1150},
		{100 << 20, 100 << 20, 64 << 30, 1}, // 0 would be no rest, and be taken for the end
	} {
		if got := percentOf(h.goal(c.live, c.settled), c.live, c.roots); got != c.want {
			t.Errorf("of %d MiB, %d of them settled, beside %d of roots: %d, want %d", c.live>>20, c.settled>>20, c.roots>>20, got, c.want)
		}
	}
}

// TestHeapCap: GOGC that was made for a small heap is wrong for one that is larger at once; the memory stays where it should be all the same.
func TestHeapCap(t *testing.T) {
	t.Setenv("GOMEMLIMIT", "")
	const floor = 64 << 20
	defer debug.SetGCPercent(debug.SetGCPercent(normalGarbage))
	runtime.GC()
	h := &heapFloor{floor: floor, capped: true} // told of no collection but the first
	h.percent.Store(normalGarbage)
	h.settled = liveHeap()
	if !h.adjust(h.settled) {
		t.Fatal("it has ended")
	}
	defer memoryLimit.hold(h, 0)
	live := make([][]byte, 0, 96)
	for len(live) < cap(live) {
		live = append(live, make([]byte, 256<<10))
	}
	runtime.GC()
	if goal := liveHeap() * (100 + h.percent.Load()) / 100; goal < 3*floor {
		t.Fatalf("by GOGC=%d the heap is collected at %d MiB: nothing is tried", h.percent.Load(), goal>>20)
	}
	if goal := gauge("/gc/heap/goal:bytes"); goal > floor+floor/spare {
		t.Errorf("the heap is collected at %d MiB, want at most %d", goal>>20, (floor+floor/spare)>>20)
	}
	runtime.KeepAlive(live)
}

// TestEndWhileAdjusting: what ends while a collection is looked at leaves nothing behind.
func TestEndWhileAdjusting(t *testing.T) {
	t.Setenv("GOMEMLIMIT", "")
	defer debug.SetGCPercent(debug.SetGCPercent(normalGarbage))
	before := debug.SetMemoryLimit(-1)
	var m *memoryAim
	m = &memoryAim{aim: 1 << 30, free: func(int64) { m.end() }, churn: func() bool { return false }}
	if m.adjust(2<<30, 0) || scarce.Load() != 0 || debug.SetMemoryLimit(-1) != before {
		t.Errorf("an aim that has ended: %d bytes before a collection, a limit of %d", scarce.Load(), debug.SetMemoryLimit(-1))
	}
	for range 300 {
		h := &heapFloor{floor: 1 << 30, capped: true}
		h.percent.Store(normalGarbage)
		done := make(chan struct{})
		go func() { h.adjust(1 << 20); close(done) }()
		h.end()
		<-done
		if p := debug.SetGCPercent(normalGarbage); p != normalGarbage || debug.SetMemoryLimit(-1) != before {
			t.Fatalf("a floor that has ended: GOGC=%d, a limit of %d", p, debug.SetMemoryLimit(-1))
		}
	}
}

// TestMemoryLimit: of several who say how much memory there should be, the least counts; without any, what was before.
func TestMemoryLimit(t *testing.T) {
	t.Setenv("GOMEMLIMIT", "")
	before := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(before)
	l := limits{of: map[any]int64{}}
	for _, c := range []struct {
		who         string
		bytes, want int64
	}{
		{"a", 4 << 30, 4 << 30},
		{"b", 8 << 30, 4 << 30},
		{"b", 2 << 30, 2 << 30},
		{"b", 2<<30 + 1<<20, 2 << 30}, // a small move
		{"b", 0, 4 << 30},
		{"a", 0, before},
		{"a", 0, before},
	} {
		l.hold(c.who, c.bytes)
		if got := debug.SetMemoryLimit(-1); got != c.want {
			t.Errorf("%s says %d: %d, want %d", c.who, c.bytes, got, c.want)
		}
	}
	t.Setenv("GOMEMLIMIT", "1GiB")
	l.hold("a", 1<<30)
	if got := debug.SetMemoryLimit(-1); got != before {
		t.Errorf("beside GOMEMLIMIT the limit is %d, want %d", got, before)
	}
}

// TestHeapFloorSettles: what is in use for a moment is not doubled; what stays is.
func TestHeapFloorSettles(t *testing.T) {
	h := &heapFloor{floor: 128 << 20, settled: 40 << 20}
	h.percent.Store(normalGarbage)
	defer debug.SetGCPercent(debug.SetGCPercent(normalGarbage))
	h.adjust(120 << 20)
	if got := h.percent.Load(); got > 40 {
		t.Errorf("a heap that grew from 40 to 120 MiB at once is collected at GOGC=%d", got)
	}
	for range 5 * settles {
		h.adjust(120 << 20)
	}
	if got := h.percent.Load(); got < 80 {
		t.Errorf("a heap that stays at 120 MiB is collected at GOGC=%d", got)
	}
}

// TestHeapFloorHolds: what is made below the floor is not collected, and the rule comes back when the heap has changed.
func TestHeapFloorHolds(t *testing.T) {
	t.Setenv("GOGC", "")
	before := debug.SetGCPercent(normalGarbage)
	defer debug.SetGCPercent(before)
	keep := make([]byte, 4<<20)
	runtime.GC()
	defer keepHeapFloor(256 << 20)()
	if got := debug.SetGCPercent(-1); got <= normalGarbage {
		t.Fatalf("a small heap is collected at GOGC=%d", got)
	} else {
		debug.SetGCPercent(got)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	first := m.NumGC
	for range 64 {
		keep = append(keep[:0], make([]byte, 1<<20)...)
	}
	runtime.ReadMemStats(&m)
	if m.NumGC > first+1 {
		t.Errorf("%d collections while 64 MiB were made below a floor of 256", m.NumGC-first)
	}
	large := make([]byte, 200<<20)
	runtime.GC()
	for deadline := time.Now().Add(10 * time.Second); ; {
		got := debug.SetGCPercent(normalGarbage) // gives what was set
		debug.SetGCPercent(got)
		if got <= normalGarbage {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("a heap of 200 MiB is collected at GOGC=%d, the rule of a small one", got)
		}
		time.Sleep(time.Millisecond)
	}
	runtime.KeepAlive(large)
	runtime.KeepAlive(keep)
}

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
		live, settled, want int64
	}{
		{0, 0, 12_700},
		{16 << 20, 16 << 20, 700},
		{64 << 20, 64 << 20, 100},
		{100 << 20, 100 << 20, 100},
		{1 << 30, 1 << 30, 100},
		{100 << 20, 40 << 20, 32},
		{1 << 30, 40 << 20, 25},
		{16 << 20, 100 << 20, 1150},
	} {
		if got := h.of(c.live, c.settled); got != c.want {
			t.Errorf("of %d MiB, %d of them settled: %d, want %d", c.live>>20, c.settled>>20, got, c.want)
		}
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

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
		live int64
		want int64
	}{
		{0, 12_700},
		{16 << 20, 700},
		{64 << 20, 100},
		{100 << 20, 100},
		{1 << 30, 100},
	} {
		if got := h.of(c.live); got != c.want {
			t.Errorf("of %d MiB: %d, want %d", c.live>>20, got, c.want)
		}
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
		if got == normalGarbage {
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

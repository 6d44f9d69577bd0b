package main

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
)

// A memoryAim keeps a process near a size, as the system counts it: the collector gets what is left of it beside the program itself, and when
// more than a part of that stays in use, what was asked longest ago is closed. Where more is in use for good, the aim gives way: a
// collector that is short of room would take the processors.
//
// While anything has to be closed, memory is what is scarce: then all of the room is taken before a collection, and not only twice of what is
// in use.
type memoryAim struct {
	aim   int64
	free  func(bytes int64) // closes about so much
	churn func() bool       // whether much of what is open was opened since it was asked last
	mu    sync.Mutex        // of what is set, and of ending
	ended bool
}

// The part of the room that may stay in use, in hundredths: the rest is garbage until the next collection, which takes the less of the processors
// the seldomer it is. While much of what is open is closed and opened again between two collections, keeping it saves little, and more garbage is
// made: then it is less.
const (
	staysInUse   = 55
	staysInChurn = 33
)

// keepMemory aims at a size until it is stopped; 0 aims at nothing.
func keepMemory(aim int64, free func(int64), churn func() bool) (stop func()) {
	if aim <= 0 {
		return func() {}
	}
	m := &memoryAim{aim: aim, free: free, churn: churn}
	m.adjust(liveHeap(), outsideHeap())
	m.watch()
	return m.end
}

func (m *memoryAim) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ended = true
	scarce.Store(0)
	memoryLimit.hold(m, 0)
}

// scarce is the heap that a process may fill before it collects while its memory is full of what it would rather not close; 0: it is not. There is
// one collector in a process.
var scarce atomic.Int64

// watch is told of the next collection by a thing that nobody has.
func (m *memoryAim) watch() {
	runtime.AddCleanup(new([16]byte), func(m *memoryAim) {
		if m.adjust(liveHeap(), outsideHeap()) {
			m.watch()
		}
	}, m)
}

// adjust is false after the end.
func (m *memoryAim) adjust(live, outside int64) bool {
	room := max(m.aim-outside, m.aim/4)
	most := room * staysInUse / 100
	if m.churn() {
		most = room * staysInChurn / 100
	}
	if live > most {
		m.free(live - most)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ended {
		return false
	}
	if live > most*7/8 {
		scarce.Store(room)
	} else {
		scarce.Store(0)
	}
	memoryLimit.hold(m, max(room, besideHeap()+live+live/2))
	return true
}

// outsideHeap is what the process has in memory that Go's runtime has not: mostly the program. Where the system does not tell, it is a guess.
func outsideHeap() int64 {
	const guess = 48 << 20
	text, err := os.ReadFile("/proc/self/statm")
	fields := bytes.Fields(text)
	if err != nil || len(fields) < 2 {
		return guess
	}
	pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
	if err != nil {
		return guess
	}
	// What the runtime mapped and nobody touched yet is in its total, so this is rather too little: the program has at least so much.
	return max(guess/2, pages*int64(os.Getpagesize())-gauge("/memory/classes/total:bytes")+gauge("/memory/classes/heap/released:bytes"))
}

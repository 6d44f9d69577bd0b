package main

import (
	"bytes"
	"os"
	"runtime"
	runtimemetrics "runtime/metrics"
	"strconv"
	"sync/atomic"
)

// A memoryAim keeps a process near a size, as the system counts it: the collector gets what is left of it beside the program itself, and when
// more than a part of that stays in use, what was asked longest ago is closed. Where more is in use for good, the aim gives way: a
// collector that is short of room would take the processors.
type memoryAim struct {
	aim   int64
	free  func(bytes int64) // closes about so much
	ended atomic.Bool
}

// The part of the room that may stay in use, in hundredths: the rest is garbage until the next collection, which takes the less of the processors
// the seldomer it is.
const staysInUse = 55

// keepMemory aims at a size until it is stopped; 0 aims at nothing.
func keepMemory(aim int64, free func(int64)) (stop func()) {
	if aim <= 0 {
		return func() {}
	}
	m := &memoryAim{aim: aim, free: free}
	m.adjust(liveHeap(), outsideHeap())
	m.watch()
	return func() {
		m.ended.Store(true)
		memoryLimit.hold(m, 0)
	}
}

// watch is told of the next collection by a thing that nobody has.
func (m *memoryAim) watch() {
	runtime.AddCleanup(new([16]byte), func(m *memoryAim) {
		if !m.ended.Load() {
			m.adjust(liveHeap(), outsideHeap())
			m.watch()
			if m.ended.Load() {
				memoryLimit.hold(m, 0)
			}
		}
	}, m)
}

func (m *memoryAim) adjust(live, outside int64) {
	room := max(m.aim-outside, m.aim/4)
	if most := room * staysInUse / 100; live > most {
		m.free(live - most)
	}
	memoryLimit.hold(m, max(room, live+live/2))
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
	s := []runtimemetrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	runtimemetrics.Read(s)
	if s[0].Value.Kind() != runtimemetrics.KindUint64 || s[1].Value.Kind() != runtimemetrics.KindUint64 {
		return guess
	}
	// What the runtime mapped and nobody touched yet is in its total, so this is rather too little: the program has at least so much.
	return max(guess/2, pages*int64(os.Getpagesize())-int64(s[0].Value.Uint64()-s[1].Value.Uint64()))
}

//go:build !linux

package worker

import (
	"os/exec"
	"runtime/debug"
	"syscall"
	"time"
)

// confine bounds the stack; the rest is Linux.
func confine() error {
	debug.SetMaxStack(64 << 20)
	return nil
}

// limitMemory does what other systems have: the runtime's soft limit is all that holds where they ignore this one.
func limitMemory(n int64) (int64, error) {
	_ = syscall.Setrlimit(syscall.RLIMIT_DATA, &syscall.Rlimit{Cur: uint64(n), Max: uint64(n)})
	return n, nil
}

func threadClock() int32 { return 0 }

func processClock(int) int32 { return 0 }

// timeOf stands still without a clock for each thread: calls are then bounded by the parent's clock alone.
func timeOf(int32) time.Duration { return 0 }

func detach(*exec.Cmd) {}

func lower(int) {}

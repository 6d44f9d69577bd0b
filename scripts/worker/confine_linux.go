package worker

import (
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// confine takes from this process what a child has no use for: core dumps, files that grow, new privileges, many sockets. It
// runs before anything foreign is read.
func confine() error {
	debug.SetMaxStack(64 << 20)
	debug.SetTraceback("none") // a crash is told in one line
	for _, l := range []struct {
		which int
		most  uint64
	}{{unix.RLIMIT_CORE, 0}, {unix.RLIMIT_FSIZE, 0}, {unix.RLIMIT_NOFILE, 256}} {
		if err := unix.Setrlimit(l.which, &unix.Rlimit{Cur: l.most, Max: l.most}); err != nil {
			return fmt.Errorf("resource %d: %w", l.which, err)
		}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	return unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
}

// limitMemory bounds what the process may take besides what it has. RLIMIT_DATA counts private writable memory, which is what
// Go's heap and stacks are; RLIMIT_AS would count what the runtime only reserves, some hundred megabytes before the first object.
// It gives the whole, which the collector is told of as well.
func limitMemory(n int64) (int64, error) {
	if instrumented {
		return n, nil
	}
	has, err := dataSize()
	if err != nil {
		return 0, err
	}
	all := uint64(n) + has
	return int64(all), unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: all, Max: all})
}

// dataSize is what RLIMIT_DATA counts of this process: threads of a program that is linked with C have large stacks.
func dataSize() (uint64, error) {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	var size, resident, shared, code, lib, data uint64
	if _, err := fmt.Sscan(string(text), &size, &resident, &shared, &code, &lib, &data); err != nil {
		return 0, err
	}
	return data * uint64(os.Getpagesize()), nil
}

// threadClock is the clock of the calling thread's processor time, for any thread of this process: see clock_getcpuclockid(3).
func threadClock() int32 { return ^int32(unix.Gettid())<<3 | 6 }

// processClock is the clock of a process's processor time.
func processClock(pid int) int32 { return ^int32(pid)<<3 | 2 }

func timeOf(clock int32) time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(clock, &t) != nil {
		return 0 // the thread is gone
	}
	return time.Duration(t.Nano())
}

// detach makes a command die with its parent.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}

// lower makes the calling thread, and the processes that it starts, give way to others.
func lower(nice int) { _ = unix.Setpriority(unix.PRIO_PROCESS, 0, nice) }

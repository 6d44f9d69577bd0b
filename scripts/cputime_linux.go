package scripts

import (
	"runtime"
	"syscall"
	"time"
	"unsafe"
)

// A thread is the operating system's name of the thread that a goroutine is locked to.
type thread int64

// lockThread binds the goroutine to its thread until the thread is unlocked.
func lockThread() thread {
	runtime.LockOSThread()
	id, _, _ := syscall.RawSyscall(syscall.SYS_GETTID, 0, 0, 0)
	return thread(id)
}

func (thread) unlock() { runtime.UnlockOSThread() }

// used is the processor time of the thread since it began; any thread may ask. It is -1 if the thread is gone.
func (t thread) used() time.Duration {
	const perThread, scheduled = 4, 2 // of the kernel's names of clocks: that of a thread, of what it was scheduled for
	var ts syscall.Timespec
	clock := uintptr(^int(t)<<3 | perThread | scheduled)
	if _, _, e := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clock, uintptr(unsafe.Pointer(&ts)), 0); e != 0 {
		return -1
	}
	return time.Duration(ts.Nano())
}

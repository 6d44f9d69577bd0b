//go:build !linux

package scripts

import "time"

// A thread has no clock of its own here: the process's stands for it, which charges a call with what others did beside it.
type thread int64

func lockThread() thread { return 0 }

func (thread) unlock() {}

func (thread) used() time.Duration { return processorTime() }

//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package catalog

import (
	"errors"
	"os"
	"syscall"

	"facet/fault"
)

// lock takes a file for this catalog alone. The kernel lets go of it when the process ends, however it ends.
func lock(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "catalog", name, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, &fault.Error{Kind: fault.Conflict, Op: "catalog", Subject: name, Message: "another instance keeps its last-known-good copy here", Hint: "give every instance a folder of its own (cache.dir), or end the other one"}
		}
		return nil, fault.Wrap(fault.Invalid, "catalog", name, err)
	}
	return f, nil
}

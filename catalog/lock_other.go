//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package catalog

import (
	"os"

	"facet/fault"
)

// lock opens the file; this system has no lock that ends with its process, so two instances must be kept apart by who starts them.
func lock(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "catalog", name, err)
	}
	return f, nil
}

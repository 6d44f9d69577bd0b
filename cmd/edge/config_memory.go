package main

import (
	"bufio"
	"bytes"
	"io/fs"
	"math"
	"os"
	"path"
	"strconv"
	"strings"
)

// An aimSize is cache.memory as it is written: a size, 0 for no aim, or autoAim.
type aimSize string

// autoAim has the aim chosen by the machine.
const autoAim aimSize = "auto"

// leastAim is what an instance cannot do without.
const leastAim = 64 << 20

// bytes is the aim; 0: none.
func (a aimSize) bytes() (int64, error) {
	switch a {
	case "":
		return 0, nil
	case autoAim:
		return aimFor(memoryOf(os.DirFS("/"))), nil
	}
	n, err := parseSize(string(a))
	return int64(n), err
}

func checkAim(a aimSize, wrong complain) {
	switch n, err := a.bytes(); {
	case err != nil:
		wrong("cache.memory", "write auto, 0 or a size, such as 2GiB", "%q is no size", a)
	case n > 0 && n < leastAim:
		wrong("cache.memory", "", "cache.memory is auto, 0 or at least 64MiB")
	}
}

// The aim where nothing is said: a part of what the process may have, between bounds. Below the lower one an instance of a few hundred routes
// closes and opens them over and over; above the upper one more memory buys nothing but garbage that is collected later.
const (
	aimPart  = 4 // one in so many
	lowAim   = 512 << 20
	highAim  = 8 << 30
	aimRoom  = 3 // of four parts of a small machine, for there are others on it
	aimParts = 4
)

// aimFor is the aim on a machine, or in a container, that has so many bytes; 0: nobody knows.
func aimFor(memory int64) int64 {
	if memory <= 0 {
		return lowAim
	}
	aim := min(max(memory/aimPart, lowAim), highAim)
	return max(min(aim, memory/aimParts*aimRoom), leastAim)
}

// memoryOf is how many bytes this process may have: the machine's memory, or the lowest limit of the control groups that it is in. 0: the system
// does not tell.
func memoryOf(root fs.FS) int64 {
	memory := int64(math.MaxInt64)
	lower := func(n int64) {
		if n > 0 {
			memory = min(memory, n)
		}
	}
	if text, err := fs.ReadFile(root, "proc/meminfo"); err == nil {
		for line := range bytes.Lines(text) {
			if f := bytes.Fields(line); len(f) >= 2 && string(f[0]) == "MemTotal:" {
				kib, _ := strconv.ParseInt(string(f[1]), 10, 64) // 0 says nothing
				lower(kib << 10)
			}
		}
	}
	limit := func(file string) {
		text, err := fs.ReadFile(root, file)
		if err != nil {
			return
		}
		n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64) // "max" is none
		if err == nil {
			lower(n)
		}
	}
	limit("sys/fs/cgroup/memory.max")
	limit("sys/fs/cgroup/memory/memory.limit_in_bytes")
	groups, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		groups = nil
	}
	for lines := bufio.NewScanner(bytes.NewReader(groups)); lines.Scan(); {
		parts := strings.SplitN(lines.Text(), ":", 3)
		if len(parts) != 3 {
			continue
		}
		for at := path.Clean("/" + parts[2]); at != "/"; at = path.Dir(at) {
			switch {
			case parts[1] == "":
				limit("sys/fs/cgroup" + at + "/memory.max")
			case strings.Contains(","+parts[1]+",", ",memory,"):
				limit("sys/fs/cgroup/memory" + at + "/memory.limit_in_bytes")
			}
		}
	}
	if memory == math.MaxInt64 {
		return 0
	}
	return memory
}

package peers

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// ticks are the units of processor time in a second that /proc counts: Linux fixes them for programs.
const ticks = 100

// A usage is what a process and all processes below it have used.
type usage struct {
	cpu      float64 // seconds, user and system, with those of children that have ended
	resident int64   // bytes
}

// used reads /proc for a process and those below it; see proc(5).
func used(pid int) (usage, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil || len(files) == 0 {
		return usage{}, errors.Join(errors.New("processor time is read from /proc, which needs Linux"), err)
	}
	type stat struct {
		parent int
		usage
	}
	all := map[int]stat{}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		// "pid (name) state ppid …": the name may hold anything, brackets too.
		_, after, ok := cutLast(string(b), ") ")
		f := strings.Fields(after)
		if !ok || len(f) < 22 {
			continue
		}
		id, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		n := func(i int) int64 { v, _ := strconv.ParseInt(f[i], 10, 64); return v }
		all[id] = stat{int(n(1)), usage{float64(n(11)+n(12)+n(13)+n(14)) / ticks, n(21) * int64(os.Getpagesize())}}
	}
	if _, ok := all[pid]; !ok {
		return usage{}, fmt.Errorf("process %d has ended", pid)
	}
	var total usage
	for id, s := range all {
		for up := id; up > 1; up = all[up].parent {
			if up == pid {
				total.cpu += s.cpu
				total.resident += s.resident
				break
			}
		}
	}
	return total, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

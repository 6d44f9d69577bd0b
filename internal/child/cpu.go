package child

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of processor times in /proc: Linux fixes it at 100 a second for programs.
const tick = time.Second / 100

// CPU is the processor time, user and system, that a process has spent until now; see proc(5). It fails where there is no /proc.
func CPU(pid int) (time.Duration, error) {
	s, err := read(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("processor time is read from /proc, which needs Linux: %w", err)
	}
	return s.own, nil
}

// A Usage is what a process and all processes below it have used.
type Usage struct {
	CPU      time.Duration // user and system, with those of children that have ended
	Resident int64         // bytes
}

// Used is the usage of a process and those below it. It fails where there is no /proc, and for a process that has ended.
func Used(pid int) (Usage, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil || len(files) == 0 {
		return Usage{}, errors.Join(errors.New("processor time is read from /proc, which needs Linux"), err)
	}
	all := map[int]stat{}
	for _, name := range files {
		s, err := read(name)
		if err != nil {
			continue // it has ended
		}
		id, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		all[id] = s
	}
	if _, ok := all[pid]; !ok {
		return Usage{}, fmt.Errorf("process %d has ended", pid)
	}
	var total Usage
	for id, s := range all {
		for up := id; up > 1; up = all[up].parent {
			if up == pid {
				total.CPU += s.own + s.ended
				total.Resident += s.resident
				break
			}
		}
	}
	return total, nil
}

// A stat is what /proc/PID/stat says of a process.
type stat struct {
	parent     int
	own, ended time.Duration // user and system: its own, and those of children that have ended
	resident   int64         // bytes
}

func read(name string) (stat, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return stat{}, err
	}
	// "pid (name) state ppid …": the name may hold anything, brackets too.
	fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	if len(fields) < 22 {
		return stat{}, fmt.Errorf("%s is not of the known form", name)
	}
	var bad error
	number := func(i int) int64 {
		n, err := strconv.ParseInt(fields[i], 10, 64)
		if err != nil {
			bad = fmt.Errorf("%s is not of the known form: %w", name, err)
		}
		return n
	}
	s := stat{int(number(1)), time.Duration(number(11)+number(12)) * tick, time.Duration(number(13)+number(14)) * tick, number(21) * int64(os.Getpagesize())}
	return s, bad
}

package attack

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A usage is what a process and those it started have used.
type usage struct {
	cpu  time.Duration
	rss  int64 // bytes
	peak int64 // bytes, since the last resetPeak
}

// use reads the usage of a child and of what it started. A process that ended in between counts as nothing.
func (c *Child) use() usage {
	var u usage
	for _, pid := range family(c.PID()) {
		u.cpu += processorTime(pid)
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			continue
		}
		u.rss += field(status, "VmRSS:")
		u.peak += field(status, "VmHWM:")
	}
	return u
}

// resetPeak lets the peaks of memory begin anew.
func (c *Child) resetPeak() {
	for _, pid := range family(c.PID()) {
		_ = os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0) // where that is not allowed, peaks are of the whole life
	}
}

// RSS is the resident memory of a child and of what it started, in bytes, and the most it was since the start.
func (c *Child) RSS() (now, peak int64) {
	u := c.use()
	return u.rss, u.peak
}

// family is a process with all that it started.
func family(pid int) []int {
	all := []int{pid}
	for i := 0; i < len(all); i++ {
		files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", all[i])) // the pattern is right
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				continue
			}
			for _, f := range strings.Fields(string(text)) {
				if n, err := strconv.Atoi(f); err == nil {
					all = append(all, n)
				}
			}
		}
	}
	return all
}

// processorTime is what a process's threads have run, to the nanosecond.
func processorTime(pid int) time.Duration {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	var sum int64
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		ran, _, _ := strings.Cut(string(text), " ")
		n, _ := strconv.ParseInt(ran, 10, 64)
		sum += n
	}
	return time.Duration(sum)
}

// field is a line of /proc/PID/status in bytes.
func field(status []byte, name string) int64 {
	_, rest, _ := bytes.Cut(status, []byte(name))
	words := strings.Fields(string(rest[:min(len(rest), 40)]))
	if len(words) == 0 {
		return 0
	}
	n, _ := strconv.ParseInt(words[0], 10, 64)
	return n << 10
}

// Processors begins to measure who uses the machine. What it gives says how many processors were busy, since, with what is not of
// this process and what it started.
func Processors() func() float64 {
	all, own := busyTime(), map[int]time.Duration{}
	for _, pid := range family(os.Getpid()) {
		own[pid] = processorTime(pid)
	}
	began := time.Now()
	return func() float64 {
		took, rest := time.Since(began), busyTime()-all
		for _, p := range family(os.Getpid()) {
			rest -= processorTime(p) - own[p]
		}
		return max(0, rest.Seconds()/took.Seconds())
	}
}

// Stolen begins to measure what a virtual machine's host keeps for itself; what it gives says how many processors that was, since.
func Stolen() func() float64 {
	before, began := ticks(8), time.Now()
	return func() float64 { return (ticks(8) - before).Seconds() / time.Since(began).Seconds() }
}

// busyTime is what all processors of the machine have run, as far as the system tells: user, nice, system, and interrupts of both kinds.
func busyTime() time.Duration { return ticks(1, 2, 3, 6, 7) }

// ticks is the sum of some columns of the first line of /proc/stat.
func ticks(columns ...int) time.Duration {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(text), "\n")
	fields := strings.Fields(line)
	var sum int64
	for _, i := range columns {
		if i < len(fields) {
			n, _ := strconv.ParseInt(fields[i], 10, 64)
			sum += n
		}
	}
	return time.Duration(sum) * 10 * time.Millisecond
}

package packages

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of the processor times in /proc: Linux fixes it at 100 a second for programs.
const tick = time.Second / 100

// cpu is what the edge's process and its children have spent until now; 0 where there is no /proc.
func (e *edge) cpu() time.Duration {
	pid := strconv.Itoa(e.cmd.Process.Pid)
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0
	}
	total := time.Duration(0)
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		// "pid (name) state ppid …": the name may hold anything, brackets too.
		i := strings.LastIndexByte(string(b), ')')
		fields := strings.Fields(string(b)[i+1:])
		if i < 0 || len(fields) < 13 || fields[1] != pid && filepath.Base(filepath.Dir(name)) != pid {
			continue
		}
		user, _ := strconv.ParseInt(fields[11], 10, 64)
		system, _ := strconv.ParseInt(fields[12], 10, 64)
		total += time.Duration(user+system) * tick
	}
	return total
}

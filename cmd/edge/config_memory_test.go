package main

import (
	"os"
	"testing"
	"testing/fstest"
)

func TestAimFor(t *testing.T) {
	const mib, gib = 1 << 20, 1 << 30
	for memory, want := range map[int64]int64{
		0: 512 * mib, -1: 512 * mib, 40 * mib: 64 * mib, 256 * mib: 192 * mib, 512 * mib: 384 * mib, 1 * gib: 512 * mib, 2 * gib: 512 * mib, 4 * gib: 1 * gib, 16 * gib: 4 * gib, 64 * gib: 8 * gib,
	} {
		if got := aimFor(memory); got != want {
			t.Errorf("%d MiB: %d MiB, want %d", memory/mib, got/mib, want/mib)
		}
	}
}

func TestMemoryOf(t *testing.T) {
	const total = "MemFree: 1 kB\nMemTotal:       8388608 kB\n"
	for name, c := range map[string]struct {
		files map[string]string
		want  int64
	}{
		"nothing known":        {nil, 0},
		"a machine":            {map[string]string{"proc/meminfo": total}, 8 << 30},
		"a container":          {map[string]string{"proc/meminfo": total, "sys/fs/cgroup/memory.max": "1073741824\n"}, 1 << 30},
		"without a limit":      {map[string]string{"proc/meminfo": total, "sys/fs/cgroup/memory.max": "max\n"}, 8 << 30},
		"a unit":               {map[string]string{"proc/meminfo": total, "proc/self/cgroup": "0::/system.slice/edge.service\n", "sys/fs/cgroup/system.slice/edge.service/memory.max": "max", "sys/fs/cgroup/system.slice/memory.max": "2147483648"}, 2 << 30},
		"the first version":    {map[string]string{"proc/meminfo": total, "proc/self/cgroup": "4:cpu,memory:/edge\n3:pids:/other\nx\n", "sys/fs/cgroup/memory/edge/memory.limit_in_bytes": "1073741824"}, 1 << 30},
		"its sign of no limit": {map[string]string{"proc/meminfo": total, "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712"}, 8 << 30},
		"nonsense":             {map[string]string{"proc/meminfo": "MemTotal: much\nMemTotal:\n", "sys/fs/cgroup/memory.max": "-3"}, 0},
	} {
		fsys := fstest.MapFS{}
		for path, text := range c.files {
			fsys[path] = &fstest.MapFile{Data: []byte(text)}
		}
		if got := memoryOf(fsys); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
	if _, err := os.Stat("/proc/meminfo"); err == nil && memoryOf(os.DirFS("/")) <= 0 {
		t.Error("this machine does not tell its memory")
	}
}

func TestAimSize(t *testing.T) {
	for text, want := range map[aimSize]int64{"": 0, "0": 0, "1GiB": 1 << 30, "auto": aimFor(memoryOf(os.DirFS("/")))} {
		if got, err := text.bytes(); err != nil || got != want {
			t.Errorf("%q: %d, %v, want %d", text, got, err, want)
		}
	}
	for text, ok := range map[aimSize]bool{"auto": true, "0": true, "64MiB": true, "1MiB": false, "much": false, "-1": false} {
		said := false
		checkAim(text, func(string, string, string, ...any) { said = true })
		if said == ok {
			t.Errorf("%q is complained about: %t", text, said)
		}
	}
}

package attack

import (
	"bufio"
	"io"
	"strings"
	"sync"
	"syscall"
	"time"

	"facet/internal/child"
)

// A Child is a program of the fleet with the last lines that it wrote. It is started again when it is found dead.
type Child struct {
	child.Child
	log *tail
}

// kill ends a program that does not answer any more.
func (c *Child) kill() { _ = c.End(syscall.SIGKILL, patience) }

// A tail keeps the last lines that a program wrote, and finds the one of a request.
type tail struct {
	mu    sync.Mutex
	part  []byte
	lines []string
	file  io.Writer // gets everything; nil: nobody
}

const tailLines = 2000

// Write implements io.Writer.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.file != nil {
		_, _ = t.file.Write(b) // a log that cannot be kept fails no attack
	}
	t.part = append(t.part, b...)
	s := bufio.NewScanner(strings.NewReader(string(t.part)))
	s.Buffer(nil, 1<<20)
	end := strings.LastIndexByte(string(t.part), '\n') + 1
	for read := 0; s.Scan() && read < end; {
		t.lines = append(t.lines, s.Text())
		read += len(s.Text()) + 1
	}
	t.part = append([]byte(nil), t.part[end:]...)
	if n := len(t.lines) - tailLines; n > 0 {
		t.lines = append([]string(nil), t.lines[n:]...)
	}
	return len(b), nil
}

// find waits a little for a line that has two texts: lines come after answers.
func (t *tail) find(text, and string) string {
	for range 40 {
		t.mu.Lock()
		for i := len(t.lines) - 1; i >= 0; i-- {
			if strings.Contains(t.lines[i], text) && strings.Contains(t.lines[i], and) { // a handler's own line may come before that of the request
				line := t.lines[i]
				t.mu.Unlock()
				return line
			}
		}
		t.mu.Unlock()
		time.Sleep(5 * time.Millisecond)
	}
	return ""
}

// last are the last n lines.
func (t *tail) last(n int) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Join(t.lines[max(0, len(t.lines)-n):], "\n")
}

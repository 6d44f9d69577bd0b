package attack

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A Child is a program of the fleet. It is started again when it is found dead.
type Child struct {
	Name string
	args []string
	env  []string
	log  *tail

	mu   sync.Mutex
	cmd  *exec.Cmd
	done chan struct{}
}

// start starts the program.
func (c *Child) start() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	cmd := exec.Command(c.args[0], c.args[1:]...)
	cmd.Env = append(os.Environ(), c.env...)
	cmd.Stdout, cmd.Stderr = c.log, c.log
	if err := cmd.Start(); err != nil {
		return err
	}
	done := make(chan struct{})
	go func() { _ = cmd.Wait(); close(done) }()
	c.cmd, c.done = cmd, done
	return nil
}

// Alive says whether the program runs.
func (c *Child) Alive() bool {
	c.mu.Lock()
	done := c.done
	c.mu.Unlock()
	select {
	case <-done:
		return false
	default:
		return true
	}
}

// PID is the program's.
func (c *Child) PID() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cmd.Process.Pid
}

// kill ends a program that does not answer any more.
func (c *Child) kill() {
	c.mu.Lock()
	cmd, done := c.cmd, c.done
	c.mu.Unlock()
	_ = cmd.Process.Kill()
	<-done
}

// stop ends the program: by SIGTERM, and if that is not heeded within wait by SIGKILL.
func (c *Child) stop(wait time.Duration) {
	c.mu.Lock()
	cmd, done := c.cmd, c.done
	c.mu.Unlock()
	if cmd == nil {
		return
	}
	_ = cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-done:
	case <-time.After(wait):
		_ = cmd.Process.Kill()
		<-done
	}
}

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

// find waits a little for a line that has a text: lines come after answers.
func (t *tail) find(text string) string {
	for range 40 {
		t.mu.Lock()
		for i := len(t.lines) - 1; i >= 0; i-- {
			if strings.Contains(t.lines[i], text) {
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

// answers waits until an address answers with a status (0: any).
func answers(ctx context.Context, url string, status int) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var last error
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = resp.Body.Close()
			if status == 0 || resp.StatusCode == status {
				return nil
			}
			err = fmt.Errorf("%s answers %s", url, resp.Status)
		}
		last = err
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return errors.Join(ctx.Err(), last)
		}
	}
}

func freePorts(n int) ([]string, error) {
	var out []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer func() { _ = l.Close() }()
		out = append(out, l.Addr().String())
	}
	return out, nil
}

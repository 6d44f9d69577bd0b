// Package child runs programs as children, for load tests and for tests that kill what they test: built, started again under one name, waited for, ended.
package child

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// A Child is a program that can be started again. Its methods may be called from several goroutines.
type Child struct {
	Name   string
	Args   []string  // the program and its arguments
	Env    []string  // beside this process's own
	Output io.Writer // of standard output and error

	mu   sync.Mutex
	cmd  *exec.Cmd
	done chan struct{}
}

// Start starts the program.
func (c *Child) Start() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	cmd := exec.Command(c.Args[0], c.Args[1:]...)
	cmd.Env = append(os.Environ(), c.Env...)
	cmd.Stdout, cmd.Stderr = c.Output, c.Output
	if err := cmd.Start(); err != nil {
		return err
	}
	done := make(chan struct{})
	go func() { _ = cmd.Wait(); close(done) }()
	c.cmd, c.done = cmd, done
	return nil
}

// running is the program that was started last; nil if none was.
func (c *Child) running() (*exec.Cmd, chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cmd, c.done
}

// Alive says whether the program, which was started, runs.
func (c *Child) Alive() bool {
	_, done := c.running()
	select {
	case <-done:
		return false
	default:
		return true
	}
}

// PID is that of the program, which was started.
func (c *Child) PID() int {
	cmd, _ := c.running()
	return cmd.Process.Pid
}

// End sends a signal and waits; a signal that is not heeded in time is followed by SIGKILL and is an error. A program that was
// never started has ended.
func (c *Child) End(sig syscall.Signal, within time.Duration) error {
	cmd, done := c.running()
	if cmd == nil {
		return nil
	}
	_ = cmd.Process.Signal(sig)
	select {
	case <-done:
		return nil
	case <-time.After(within):
		_ = cmd.Process.Kill()
		<-done
		return fmt.Errorf("%s did not end within %v of %v", c.Name, within, sig)
	}
}

// Answers waits a minute at most until an address answers with a status (0: any).
func Answers(ctx context.Context, url string, status int) error {
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

// FreePorts are addresses on the loopback at which nobody listened a moment ago. They lie below those that the system gives to
// connections and to listeners of port 0: on a busy machine one of them would have such a port before the program that it is meant for.
func FreePorts(n int) ([]string, error) {
	var out []string
	for tries := 0; len(out) < n; tries++ {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 10_000+rand.IntN(20_000)))
		if err != nil {
			if tries > 1000 {
				return nil, err
			}
			continue
		}
		defer func() { _ = l.Close() }()
		out = append(out, l.Addr().String())
	}
	return out, nil
}

// Built names, in the environment, a folder of programs that are built already: Build takes those instead. `make test` sets it, so that
// many tests of edge link it once.
const Built = "BUILT_PROGRAMS"

// Build compiles a command of this module, "facet/cmd/edge", to a file. It is called from a folder of the module.
func Build(ctx context.Context, to, command string) error {
	if dir := os.Getenv(Built); dir != "" {
		program := filepath.Join(dir, path.Base(command))
		if _, err := os.Stat(program); err == nil {
			return os.Symlink(program, to)
		}
	}
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", to, command).CombinedOutput(); err != nil {
		return fmt.Errorf("build %s, from a folder of its module: %w\n%s", command, err, out)
	}
	return nil
}

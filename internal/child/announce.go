package child

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// An Announcer is a running program that printed NAME=URL lines and then "ready": `edge dev --announce`, and servers of load tests.
type Announcer struct {
	Said map[string]string // by name: "EDGE_URL" -> "http://127.0.0.1:40123"

	cmd *exec.Cmd
	in  io.Closer
}

// readyIn bounds the start: the first release builds every package.
const readyIn = 5 * time.Minute

// Announce starts a program and waits until it is ready. It gets env beside this process's own, and a standard input that ends with
// this process; what it prints on standard error goes to log. When ctx ends it is interrupted.
func Announce(ctx context.Context, env []string, log io.Writer, name string, args ...string) (*Announcer, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 20 * time.Second
	cmd.Stderr = log
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	a := &Announcer{Said: map[string]string{}, cmd: cmd, in: in}
	ready := make(chan bool, 1)
	go func() {
		lines, seen := bufio.NewScanner(out), false
		for !seen && lines.Scan() {
			line := strings.TrimSpace(lines.Text())
			if k, v, ok := strings.Cut(line, "="); ok {
				a.Said[k] = v
			}
			seen = line == "ready"
		}
		ready <- seen
		_, _ = io.Copy(io.Discard, out)
	}()
	timeout := time.NewTimer(readyIn)
	defer timeout.Stop()
	select {
	case ok := <-ready:
		if ok {
			return a, nil
		}
		err = errors.New("it ended before it was ready")
	case <-timeout.C:
		err = fmt.Errorf("it was not ready after %v", readyIn)
	case <-ctx.Done():
		err = ctx.Err()
	}
	a.Stop()
	return nil, fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
}

// PID is the program's process id.
func (a *Announcer) PID() int { return a.cmd.Process.Pid }

// Stop interrupts the program and waits for its end.
func (a *Announcer) Stop() {
	_ = a.in.Close()
	_ = a.cmd.Process.Signal(os.Interrupt)
	_ = a.cmd.Wait()
}

package packages

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// An edge is a running `edge dev`.
type edge struct {
	url string
	cmd *exec.Cmd

	mu   sync.Mutex
	seen strings.Builder // what it printed on standard error
}

// firstServe bounds the start: the first release builds every package.
const firstServe = 5 * time.Minute

// start runs a command line that announces itself, and waits until it is ready. What it prints goes to log.
func start(ctx context.Context, command, env []string, log io.Writer) (*edge, error) {
	e := &edge{cmd: exec.CommandContext(ctx, command[0], command[1:]...)}
	e.cmd.Env = append(os.Environ(), env...)
	e.cmd.Cancel = func() error { return e.cmd.Process.Signal(os.Interrupt) }
	e.cmd.WaitDelay = 20 * time.Second
	e.cmd.Stderr = &tee{e, log}
	out, err := e.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := e.cmd.Start(); err != nil {
		return nil, err
	}
	said := make(chan string, 1)
	go func() {
		lines, url := bufio.NewScanner(out), ""
		for lines.Scan() {
			if u, ok := strings.CutPrefix(lines.Text(), "EDGE_URL="); ok {
				url = u
			}
			if lines.Text() == "ready" {
				break
			}
		}
		said <- url
		_, _ = io.Copy(io.Discard, out)
	}()
	timeout := time.NewTimer(firstServe)
	defer timeout.Stop()
	select {
	case e.url = <-said:
		if e.url != "" {
			return e, nil
		}
		err = errors.New("it ended before it was ready")
	case <-timeout.C:
		err = fmt.Errorf("it was not ready after %v", firstServe)
	case <-ctx.Done():
		err = ctx.Err()
	}
	e.stop()
	return nil, fmt.Errorf("%s: %w", strings.Join(command, " "), err)
}

// stop interrupts the edge and waits for its end.
func (e *edge) stop() {
	_ = e.cmd.Process.Signal(os.Interrupt)
	_ = e.cmd.Wait()
}

// said waits until the edge has printed a text.
func (e *edge) said(ctx context.Context, text string) error {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	for {
		e.mu.Lock()
		found := strings.Contains(e.seen.String(), text)
		e.mu.Unlock()
		if found {
			return nil
		}
		select {
		case <-time.After(poll):
		case <-ctx.Done():
			return fmt.Errorf("the edge did not say %q within %v", text, longest)
		}
	}
}

// A tee keeps what is written and passes it on.
type tee struct {
	e   *edge
	log io.Writer
}

func (t *tee) Write(b []byte) (int, error) {
	t.e.mu.Lock()
	t.e.seen.Write(b)
	t.e.mu.Unlock()
	return t.log.Write(b)
}

package peers

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
	"syscall"
	"time"
)

// How long a server may take until it is there, and until it is gone.
const (
	arrival   = time.Minute
	departure = 5 * time.Second
)

// A process is a server that runs, with all processes that it starts.
type process struct {
	name string
	cmd  *exec.Cmd
	in   io.Closer
	done chan struct{} // closed when it has ended
	said *tail         // what it printed last
	env  map[string]string
}

// start starts a server in a process group of its own. If it announces itself, start returns when it is ready; env is what it announced.
func start(ctx context.Context, name string, s Server) (*process, error) {
	cmd := exec.Command(s.Args[0], s.Args[1:]...)
	cmd.Dir = s.Dir
	cmd.Env = append(append(os.Environ(), "GOGC=100", "NODE_ENV=production"), s.Env...) // Go's own pace of collecting, for all: `edge dev` would choose another
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p := &process{name: name, cmd: cmd, done: make(chan struct{}), said: &tail{}, env: map[string]string{}}
	cmd.Stderr = p.said
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	p.in = in
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ready := make(chan bool, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			line := strings.TrimSpace(lines.Text())
			if k, v, ok := strings.Cut(line, "="); ok && s.URL == "" {
				p.env[k] = v
			} else if line == "ready" && s.URL == "" {
				ready <- true
				break
			}
			_, _ = p.said.Write([]byte(line + "\n")) // a tail never fails
		}
		_, _ = io.Copy(p.said, out)
		_ = cmd.Wait() // how it ended is of no interest to those who end it
		close(p.done)
	}()
	if s.URL != "" {
		p.env["URL"] = s.URL
		return p, nil
	}
	select {
	case <-ready:
		return p, nil
	case <-p.done:
		return nil, fmt.Errorf("%s ended before it was ready%s", name, p.said)
	case <-time.After(arrival):
		err = fmt.Errorf("%s was not ready within %v%s", name, arrival, p.said)
	case <-ctx.Done():
		err = ctx.Err()
	}
	p.stop()
	return nil, err
}

// stop ends the process and what it started.
func (p *process) stop() {
	_ = p.in.Close()
	p.signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(departure):
	}
	p.signal(syscall.SIGKILL) // children that outlived it, or all of them
	<-p.done
}

// signal sends to the whole group; one that is gone is no error.
func (p *process) signal(s syscall.Signal) { _ = syscall.Kill(-p.cmd.Process.Pid, s) }

// url is where an announced server is: the one address that it named, or URL.
func (p *process) url() (string, error) {
	for _, name := range []string{"URL", "EDGE_URL"} {
		if u := p.env[name]; u != "" {
			return u, nil
		}
	}
	return "", fmt.Errorf("%s did not say where it is%s", p.name, p.said)
}

// until repeats f until it gives no error, the process has ended, or it takes too long.
func (p *process) until(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, arrival)
	defer cancel()
	for {
		err := f(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("%s has ended: %w%s", p.name, err, p.said)
		case <-ctx.Done():
			return fmt.Errorf("%s: %w%s", p.name, errors.Join(ctx.Err(), err), p.said)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// A tail keeps the end of what is written to it.
type tail struct {
	mu  sync.Mutex
	end []byte
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	const most = 4 << 10
	t.end = append(t.end, b...)
	t.end = t.end[max(0, len(t.end)-most):]
	return len(b), nil
}

// String is what was kept, on lines of its own, or nothing.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return end(t.end)
}

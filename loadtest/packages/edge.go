package packages

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"facet/internal/child"
)

// An edge is a running `edge dev`.
type edge struct {
	*child.Announcer
	url string

	mu   sync.Mutex
	seen strings.Builder // what it printed on standard error
}

// start runs a command line that announces itself, and waits until it is ready. What it prints goes to log.
func start(ctx context.Context, command, env []string, log io.Writer) (e *edge, err error) {
	e = &edge{}
	if e.Announcer, err = child.Announce(ctx, env, &tee{e, log}, command[0], command[1:]...); err != nil {
		return nil, err
	}
	if e.url = e.Said["EDGE_URL"]; e.url == "" {
		e.Stop()
		return nil, fmt.Errorf("%s did not say where it is", strings.Join(command, " "))
	}
	return e, nil
}

// cpu is what the edge's process and its children have spent until now; 0 where there is no /proc.
func (e *edge) cpu() time.Duration {
	u, _ := child.Used(e.PID())
	return u.CPU
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

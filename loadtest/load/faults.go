package load

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// A script does a scenario's faults.
type script struct {
	s      *Scenario
	began  time.Time
	client *http.Client
	env    func(string) string

	mu   sync.Mutex
	done []Happened
	open []*openFault // to be undone
	wg   sync.WaitGroup
}

type openFault struct {
	at   int // in done
	undo *Hook
}

func newScript(s *Scenario, began time.Time, env func(string) string) *script {
	if env == nil {
		env = os.Getenv
	}
	return &script{s: s, began: began, client: &http.Client{Timeout: 30 * time.Second}, env: env}
}

// hooks are what a fault does and what undoes it.
func (f *Fault) hooks(admin string) (do, undo *Hook) {
	if f.Tier == "" {
		return f.Do, f.Undo
	}
	at := strings.TrimSuffix(admin, "/") + "/_tier/" + f.Tier
	return &Hook{URL: at, Body: f.Trouble}, &Hook{Method: http.MethodDelete, URL: at}
}

// text is what a report calls a fault.
func (f *Fault) text() string {
	switch {
	case f.Note != "":
		return f.Note
	case f.Tier != "":
		return f.Tier + ": " + strings.NewReplacer(`"`, "", ":", " ", ",", ", ").Replace(strings.Trim(string(compact(f.Trouble)), "{}"))
	}
	return f.Do.method() + " " + f.Do.URL
}

// ready says whether every address is known.
func (x *script) ready() error {
	for i := range x.s.Faults {
		do, undo := x.s.Faults[i].hooks(x.s.Admin)
		for _, h := range []*Hook{do, undo} {
			if h == nil {
				continue
			}
			if _, err := h.address(x.env); err != nil {
				return fmt.Errorf("the fault %q: %w", x.s.Faults[i].text(), err)
			}
		}
	}
	return nil
}

// run does the faults at their times until ctx ends.
func (x *script) run(ctx context.Context) {
	for i := range x.s.Faults {
		f := &x.s.Faults[i]
		x.wg.Go(func() {
			if !sleep(ctx, time.Until(x.began.Add(time.Duration(f.At)))) {
				return
			}
			do, undo := f.hooks(x.s.Admin)
			h := Happened{Note: f.text(), At: time.Since(x.began).Seconds()}
			h.Status, h.Error = x.ask(ctx, do)
			x.mu.Lock()
			x.done = append(x.done, h)
			o := &openFault{len(x.done) - 1, undo}
			if undo != nil && h.Error == "" {
				x.open = append(x.open, o)
			}
			x.mu.Unlock()
			if f.For > 0 && undo != nil && sleep(ctx, time.Duration(f.For)) {
				x.undo(ctx, o)
			}
		})
	}
}

func (x *script) undo(ctx context.Context, o *openFault) {
	x.mu.Lock()
	i := slices.Index(x.open, o)
	if i >= 0 {
		x.open = slices.Delete(x.open, i, i+1)
	}
	x.mu.Unlock()
	if i < 0 {
		return
	}
	until := time.Since(x.began).Seconds()
	_, trouble := x.ask(ctx, o.undo)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.done[o.at].Until = until
	if trouble != "" {
		x.done[o.at].Error = "it was not undone: " + trouble
	}
}

// end waits for what is under way and undoes what is not undone, whatever ended the run. Call it after the run's context has ended.
func (x *script) end() []Happened {
	x.wg.Wait()
	over := time.Since(x.began).Seconds()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for len(x.open) > 0 { // nothing else runs any more
		x.undo(ctx, x.open[0])
	}
	for i := range x.done {
		if x.done[i].Until == 0 || x.done[i].Until > over {
			x.done[i].Until = over
		}
	}
	slices.SortFunc(x.done, func(a, b Happened) int { return cmp.Compare(a.At, b.At) })
	x.client.CloseIdleConnections()
	return x.done
}

// now lists what is done to the world at present.
func (x *script) now() []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	var out []string
	for _, o := range x.open {
		out = append(out, x.done[o.at].Note)
	}
	return out
}

// ask makes a hook's request and says what is wrong with its answer.
func (x *script) ask(ctx context.Context, h *Hook) (status int, trouble string) {
	at, err := h.address(x.env)
	if err != nil {
		return 0, err.Error()
	}
	var body io.Reader
	if h.Body != nil {
		text := []byte(h.Body)
		var plain string
		if json.Unmarshal(h.Body, &plain) == nil { // a string is sent as it is
			text = []byte(plain)
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, h.method(), at, body)
	if err != nil {
		return 0, err.Error()
	}
	if body != nil {
		req.Header.Set("Content-Type", mediaJSON)
	}
	for name, v := range h.Headers {
		req.Header.Set(name, os.Expand(v, x.env))
	}
	resp, err := x.client.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 500)) // for the message only
	_, _ = io.Copy(io.Discard, resp.Body)                 // so that the connection is kept
	if resp.StatusCode >= 300 {
		return resp.StatusCode, fmt.Sprintf("%s %s answers %s: %s", h.method(), at, resp.Status, bytes.TrimSpace(text))
	}
	return resp.StatusCode, ""
}

// address is the URL with the process's variables in it.
func (h *Hook) address(env func(string) string) (string, error) {
	missing := ""
	at := os.Expand(h.URL, func(name string) string {
		v := env(name)
		if v == "" {
			missing = name
		}
		return v
	})
	if missing != "" {
		return "", fmt.Errorf("$%s is not set", missing)
	}
	return at, nil
}

// sleep waits for a time and says whether ctx still goes on.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

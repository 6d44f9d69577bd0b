package packages

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"
)

// A Plan says how often files are saved.
type Plan struct {
	Packages int // saves of a package's file
	Modules  int // saves of the module
	Mistakes int // saves of a package's file with a mistake in it
}

// Figures are times from a save to its effect.
type Figures struct {
	N             int
	P50, P95, Max time.Duration
	// CPU is what the edge and its store spent for a save on average, the measuring requests included; 0 where it cannot be read.
	// It tells a slow edge from a busy machine.
	CPU time.Duration
}

// String is one line of a table.
func (f Figures) String() string {
	return fmt.Sprintf("%3d saves  p50 %5d ms  p95 %5d ms  max %5d ms  CPU %5d ms each", f.N, f.P50.Milliseconds(), f.P95.Milliseconds(), f.Max.Milliseconds(), f.CPU.Milliseconds())
}

// A Report is what was measured.
type Report struct {
	Start    time.Duration // until the first release was served
	Package  Figures       // until the package's own device got the new content
	Module   Figures       // until every device did
	Mistakes Figures       // until the diagnostics were printed
}

// longest is how long one save may take before measuring gives up.
const longest = 60 * time.Second

// poll is how often an edge is asked whether it serves a save; the figures are that coarse.
const poll = 10 * time.Millisecond

// Measure runs the program of an edge (its path and first arguments, to which `dev DIR …` is added) over the workspace, and saves files.
func Measure(ctx context.Context, w *World, p Plan, program []string, env []string, log io.Writer) (*Report, error) {
	began := time.Now()
	e, err := start(ctx, append(slices.Clone(program), "dev", w.Dir, "--listen", "127.0.0.1:0", "--announce", "--log", "off"), env, log)
	if err != nil {
		return nil, err
	}
	defer e.Stop()
	r := &Report{Start: time.Since(began)}
	took := make([]time.Duration, 0, p.Packages)
	spent := e.cpu()
	figures := func() Figures {
		f := figures(took)
		if f.N > 0 {
			f.CPU = (e.cpu() - spent) / time.Duration(f.N)
		}
		took, spent = took[:0], e.cpu()
		return f
	}
	for n := range p.Packages {
		i, mark := n*7%w.Packages, fmt.Sprintf("package-%d", n)
		at := time.Now()
		if err := w.SavePackage(i, mark); err != nil {
			return nil, err
		}
		if err := e.until(ctx, i, "mark", mark); err != nil {
			return nil, err
		}
		took = append(took, time.Since(at))
	}
	r.Package = figures()
	for n := range p.Modules {
		mark := fmt.Sprintf("module-%d", n)
		at := time.Now()
		if err := w.SaveModule(mark); err != nil {
			return nil, err
		}
		if err := e.until(ctx, 0, "shared", mark); err != nil {
			return nil, err
		}
		took = append(took, time.Since(at))
		for i := range w.Packages { // one release has it for all
			if got, err := e.ask(ctx, i, "shared"); err != nil || got != mark {
				return nil, fmt.Errorf("%s serves %q of the module, not %q (%w)", Device(i), got, mark, err)
			}
		}
	}
	r.Module = figures()
	for n := range p.Mistakes {
		i, field := n*7%w.Packages, fmt.Sprintf("mistake%d", n)
		at := time.Now()
		if err := w.SaveMistake(i, field); err != nil {
			return nil, err
		}
		if err := e.said(ctx, field); err != nil {
			return nil, err
		}
		took = append(took, time.Since(at))
		before, err := e.ask(ctx, i, "mark")
		if err != nil || before == "" {
			return nil, fmt.Errorf("%s does not serve its release before the mistake: %w", Device(i), err)
		}
		if err := w.SavePackage(i, field); err != nil {
			return nil, err
		}
		if err := e.until(ctx, i, "mark", field); err != nil {
			return nil, err
		}
	}
	r.Mistakes = figures()
	return r, nil
}

func figures(took []time.Duration) Figures {
	if len(took) == 0 {
		return Figures{}
	}
	s := slices.Sorted(slices.Values(took))
	at := func(share float64) time.Duration { return s[min(len(s)-1, int(share*float64(len(s))))] }
	return Figures{N: len(s), P50: at(0.50), P95: at(0.95), Max: s[len(s)-1]}
}

// until asks for a field of package i's view until it is what is wanted.
func (e *edge) until(ctx context.Context, i int, field, want string) error {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	for {
		got, err := e.ask(ctx, i, field)
		if err == nil && got == want {
			return nil
		}
		select {
		case <-time.After(poll):
		case <-ctx.Done():
			return fmt.Errorf("%s: %s is %q (%w), not %q after %v", Device(i), field, got, err, want, longest)
		}
	}
}

func (e *edge) ask(ctx context.Context, i int, field string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, e.url+"/"+Device(i)+"/v1/saved?fields="+field, nil)
	if err != nil {
		return "", err
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err != nil {
		return "", err
	}
	if res.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s", res.Status, raw)
	}
	var answer struct {
		Data map[string]any `json:"data"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return "", err
	}
	text, _ := answer.Data[field].(string)
	return text, nil
}

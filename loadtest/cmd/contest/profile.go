package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// profiled is for how long a profile samples.
const profiled = 8 * time.Second

// profiles writes what the edge does while it is asked as fast as it goes: <part>.cpu.pprof, and what it allocated since its start before
// and after that, <part>.allocs.0.pprof and .1.pprof, for go tool pprof -diff_base.
func (r *runner) profiles(ctx context.Context, part string, t *target) error {
	if err := os.MkdirAll(r.profile, 0o755); err != nil { //nolint:gosec // profiles are no secret
		return err
	}
	save := func(name, page string) error {
		b, err := t.fetch(ctx, page)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(r.profile, part+"."+name+".pprof"), b, 0o644) //nolint:gosec // profiles are no secret
	}
	if err := save("allocs.0", "/debug/pprof/allocs"); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for ctx.Err() == nil {
				if _, err := t.ask(ctx); err != nil {
					return
				}
			}
		})
	}
	err := save("cpu", fmt.Sprintf("/debug/profile?seconds=%d", int(profiled.Seconds())))
	cancel()
	wg.Wait()
	if err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	return save("allocs.1", "/debug/pprof/allocs")
}

func (t *target) fetch(ctx context.Context, page string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, t.at+page, nil)
	if err != nil {
		return nil, err
	}
	client := http.Client{Timeout: profiled + 20*time.Second}
	resp, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %.300s", page, resp.Status, b)
	}
	return b, err
}

// mallocs is how many objects the server has allocated since its start; 0 if it does not tell.
func (t *target) mallocs(ctx context.Context) float64 {
	if t.at == "" {
		return 0
	}
	b, err := t.fetch(ctx, "/metrics")
	if err != nil {
		return 0
	}
	lines := bufio.NewScanner(bytes.NewReader(b))
	for lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), "go_memstats_mallocs_total "); ok {
			n, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return 0
			}
			return n
		}
	}
	return 0
}

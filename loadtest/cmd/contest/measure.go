package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"sync"
	"time"

	"facet/internal/child"
)

// A target is a server that answers the page.
type target struct {
	name   string
	pid    int
	url    string
	body   []byte // nil: GET
	client *http.Client
	at     string // of an edge: where its metrics and profiles are; "" otherwise
}

func (t *target) ask(ctx context.Context) ([]byte, error) {
	method, body := http.MethodGet, io.Reader(nil)
	if t.body != nil {
		method, body = http.MethodPost, bytes.NewReader(t.body)
	}
	r, err := http.NewRequestWithContext(ctx, method, t.url, body)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := t.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %.300s", t.name, resp.Status, b)
	}
	return b, err
}

// sameAnswer refuses to measure servers that do not answer the same.
func sameAnswer(ctx context.Context, servers []*target) error {
	var first any
	for i, s := range servers {
		b, err := s.ask(ctx)
		if err != nil {
			return err
		}
		var v any
		if err := json.Unmarshal(b, &v); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		if i == 0 {
			first = v
		} else if !reflect.DeepEqual(first, v) {
			return fmt.Errorf("%s and %s answer different pages", servers[0].name, s.name)
		}
	}
	return nil
}

// load makes n requests over c connections; every is the time between starts (0: as fast as it goes). It returns the
// milliseconds from when a request was due to its last byte, so that waiting for a free connection counts.
func load(ctx context.Context, t *target, n, c int, every time.Duration) ([]float64, error) {
	times := make([]float64, n)
	errs := make(chan error, c)
	due := make(chan int, n)
	began := time.Now()
	for i := range n {
		due <- i
	}
	close(due)
	var wg sync.WaitGroup
	for range c {
		wg.Go(func() {
			for i := range due {
				at := began.Add(time.Duration(i) * every)
				if every > 0 {
					time.Sleep(time.Until(at))
				} else {
					at = time.Now()
				}
				if _, err := t.ask(ctx); err != nil {
					errs <- err
					return
				}
				times[i] = float64(time.Since(at).Microseconds()) / 1000
			}
		})
	}
	wg.Wait()
	select {
	case err := <-errs:
		return nil, err
	default:
		return times, nil
	}
}

// cpuOf is the CPU seconds, user and system, that a process used while f ran.
func cpuOf(pid int, f func() error) (float64, error) {
	before, err := child.CPU(pid)
	if err != nil {
		return 0, err
	}
	if err := f(); err != nil {
		return 0, err
	}
	after, err := child.CPU(pid)
	return (after - before).Seconds(), err
}

func median(v []float64) float64 { return at(v, 0.5) }

func at(v []float64, q float64) float64 {
	s := slices.Sorted(slices.Values(v))
	return s[min(len(s)-1, int(q*float64(len(s))))]
}

package peers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A target is a server that runs, asked in one way.
type target struct {
	peer    Peer
	process *process
	server  string // its address
	client  *http.Client
	size    int  // bytes of its answer
	late    bool // of a page that does without what is late
	asked   atomic.Int64
	other   atomic.Int64 // answers of another length, where they may be
}

func newTarget(p Peer, on *process, server string, late bool) *target {
	return &target{peer: p, process: on, server: server, late: late, client: &http.Client{
		Timeout:   30 * time.Second,
		Transport: &http.Transport{MaxIdleConns: 256, MaxIdleConnsPerHost: 256, IdleConnTimeout: 5 * time.Minute, DisableCompression: true},
	}}
}

// body is a request's body as an io.Reader whose length net/http knows.
func body(b []byte) io.Reader {
	if b == nil {
		return nil
	}
	return bytes.NewReader(b)
}

// ask asks once and reads the whole answer.
func (t *target) ask(ctx context.Context) ([]byte, error) {
	r, err := t.peer.Ask.request(ctx, t.server)
	if err != nil {
		return nil, err
	}
	resp, err := t.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %.300s", t.peer.Name, resp.Status, b)
	}
	return b, err
}

// check is ask, whose answer must have the known length: a cheap sign that a page under load is whole. Where a page does without
// what is late, answers that are not are counted instead.
func (t *target) check(ctx context.Context) error {
	b, err := t.ask(ctx)
	if err == nil && len(b) != t.size {
		err = fmt.Errorf("%s: an answer of %d bytes instead of %d: %.300s", t.peer.Name, len(b), t.size, b)
	}
	t.asked.Add(1)
	if err != nil && t.late && ctx.Err() == nil {
		t.other.Add(1)
		return nil
	}
	return err
}

// closed makes n requests over c connections, each after the one before, or as many as fit in a time if n is 0. It returns how many
// were made.
func (t *target) closed(ctx context.Context, n, c int, within time.Duration) (int, error) {
	var made atomic.Int64
	var left atomic.Int64
	left.Store(int64(n))
	until := time.Now().Add(within)
	var failed first
	var wg sync.WaitGroup
	for range c {
		wg.Go(func() {
			for failed.get() == nil && (n > 0 && left.Add(-1) >= 0 || n == 0 && time.Now().Before(until)) {
				if err := t.check(ctx); err != nil {
					failed.set(err)
					return
				}
				made.Add(1)
			}
		})
	}
	wg.Wait()
	return int(made.Load()), failed.get()
}

// mostOpen bounds the requests of an open loop that are under way at once: a server that is slower than the rate is not a server that
// answers late, it does not answer.
const mostOpen = 512

// open makes n requests at a rate a second, however late the answers are, and returns the milliseconds from when each was due to its
// last byte, sorted.
func (t *target) open(ctx context.Context, n int, rate float64) ([]float64, error) {
	times := make([]float64, n)
	var failed first
	slots := make(chan struct{}, mostOpen)
	began := time.Now()
	var wg sync.WaitGroup
	for i := range n {
		due := began.Add(time.Duration(float64(i) / rate * float64(time.Second)))
		time.Sleep(time.Until(due))
		if ctx.Err() != nil || failed.get() != nil {
			break
		}
		select {
		case slots <- struct{}{}:
		default:
			wg.Wait()
			return nil, fmt.Errorf("%s: %d requests under way at %.0f a second: it does not keep up", t.peer.Name, mostOpen, rate)
		}
		wg.Go(func() {
			defer func() { <-slots }()
			failed.set(t.check(ctx))
			times[i] = float64(time.Since(due).Microseconds()) / 1000
		})
	}
	wg.Wait()
	slices.Sort(times)
	return times, errors.Join(ctx.Err(), failed.get())
}

// A first is the first error of many goroutines.
type first struct {
	mu  sync.Mutex
	err error
}

func (f *first) set(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		f.err = err
	}
}

func (f *first) get() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// at is a quantile of sorted figures.
func at(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

func median(v []float64) float64 { return at(slices.Sorted(slices.Values(v)), 0.5) }

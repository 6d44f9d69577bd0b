package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"facet/fault"
	"facet/storage/memory"
)

// TestBareReady: a process with the control API alone is ready while its store answers, and asks it every two seconds at most.
func TestBareReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked, state atomic.Int32
		store := memory.New()
		store.Before = func(ctx context.Context, _ memory.Op, _ string) error {
			asked.Add(1)
			switch state.Load() {
			case 1:
				return fault.New(fault.Unavailable, "connection refused")
			case 2:
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		}
		probes, drain := bareProbes(store, "pointers/prod/eu.json")
		mux := http.NewServeMux()
		probes(mux)
		for _, c := range []struct {
			state int32
			code  int
			want  string
			took  time.Duration
		}{
			{0, 200, `{"ready":true}`, 0},
			{1, 503, `"trouble":"connection refused"`, 0},
			{2, 503, `"trouble":"the store does not answer within 2s`, 2 * time.Second},
			{0, 200, `{"ready":true}`, 0},
		} {
			state.Store(c.state)
			asked.Store(0)
			time.Sleep(storeFresh)
			began := time.Now()
			var all sync.WaitGroup
			for range 5 {
				all.Go(func() {
					ctx, cancel := context.WithCancel(t.Context())
					cancel() // the prober does not wait
					rec := httptest.NewRecorder()
					mux.ServeHTTP(rec, httptest.NewRequestWithContext(ctx, "GET", "/readyz", nil))
					if rec.Code != c.code || !strings.Contains(rec.Body.String(), c.want) {
						t.Errorf("state %d: %d %s", c.state, rec.Code, rec.Body)
					}
				})
			}
			all.Wait()
			if took := time.Since(began); took != c.took || asked.Load() != 1 {
				t.Errorf("state %d: took %v, asked %d times", c.state, took, asked.Load())
			}
		}
		drain()
		rec := httptest.NewRecorder()
		mux.ServeHTTP(rec, httptest.NewRequest("GET", "/readyz", nil))
		if rec.Code != 503 || !strings.Contains(rec.Body.String(), "draining") {
			t.Errorf("draining: %d %s", rec.Code, rec.Body)
		}
	})
}

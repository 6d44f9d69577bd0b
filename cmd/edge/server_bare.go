package main

import (
	"context"
	"encoding/json"
	"net/http"
	"sync/atomic"
	"time"

	"facet/fault"
	"facet/storage"
)

// storeWait is how long the store may take to answer a probe, and storeFresh how long its answer holds: probes come from everywhere.
const (
	storeWait  = 2 * time.Second
	storeFresh = 2 * time.Second
)

// A storeLook says whether a store answers. Those who ask at once share one question.
type storeLook struct {
	store storage.Store
	key   string        // that is asked for; it need not be there
	turn  chan struct{} // of one, whoever asks or reads what was answered
	at    time.Time
	wrong error
}

// trouble is why the store is no good; nil if it answers.
func (l *storeLook) trouble(ctx context.Context) error {
	l.turn <- struct{}{} // storeWait at most
	defer func() { <-l.turn }()
	if !l.at.IsZero() && time.Since(l.at) < storeFresh {
		return l.wrong
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeWait) // a prober that leaves says nothing about the store
	defer cancel()
	_, err := l.store.Head(ctx, l.key)
	switch {
	case fault.KindOf(err) == fault.NotFound:
		err = nil
	case err != nil && ctx.Err() != nil:
		err = &fault.Error{Kind: fault.Timeout, Message: "the store does not answer within " + storeWait.String(), Err: err}
	}
	l.at, l.wrong = time.Now(), err
	return err
}

// bareProbes are the probes of a process without an instance: it is ready while its store answers and it does not drain.
func bareProbes(store storage.Store, key string) (probes func(*http.ServeMux), draining func()) {
	var drains atomic.Bool
	look := &storeLook{store: store, key: key, turn: make(chan struct{}, 1)}
	return func(mux *http.ServeMux) {
		mux.HandleFunc("GET /healthz", healthy)
		mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
			if drains.Load() {
				drained(w, r)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Cache-Control", "no-store")
			answer := map[string]any{"ready": true}
			if err := look.trouble(r.Context()); err != nil {
				answer = map[string]any{"ready": false, "trouble": err.Error()}
				w.WriteHeader(http.StatusServiceUnavailable)
			}
			_ = json.NewEncoder(w).Encode(answer) // the prober may be gone
		})
	}, func() { drains.Store(true) }
}

package main

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"facet/serve"
	"facet/serve/feed"
	"facet/serve/graphql"
)

// A drainer has connections that outlive their request, and that http.Server.Shutdown knows nothing of.
type drainer interface {
	// Drain ends them within ctx, after what is under way on them.
	Drain(ctx context.Context) error
}

// devices is what a devices' listener answers with: GraphQL over WebSocket and event streams, each operation of which is a request of
// its own to the handler behind, and everything else.
func (f *front) devices() http.Handler {
	closed := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "edge_websockets_closed_total", Help: "WebSockets that ended, by the code of the end; 4xxx are GraphQL's."}, []string{"code"})
	compressed := func(h http.Handler) http.Handler { return f.compression.handler(h, true) }
	// Browsers cannot set a WebSocket's headers, so it says its token in connection_init; what is trusted of no header is trusted of none here.
	o := graphql.StreamOptions{Origins: f.gate.cors, TrustInit: f.ask.TrustHeaders || f.ask.Tokens != nil,
		Known:  f.known,
		Encode: compressed,
		Closed: func(_ *http.Request, c graphql.Closing) { closed.WithLabelValues(closeCode(c.Code)).Inc() },
		Panicked: func(r *http.Request, err error) {
			f.log.Error().Err(err).Str("path", r.URL.Path).Msg("an operation of a stream panicked")
		}}
	s := graphql.NewStreams(f.handler(), o)
	f.metrics.registry.MustRegister(closed, prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "edge_websockets_open", Help: "WebSockets of devices that are open."},
		func() float64 { return float64(s.Open()) }))
	d := &devicesDoor{streams: s, feed: f.feed()}
	mux := http.NewServeMux()
	// Outside of shedding and of the pinned release: a listener is no work until something happens, and may stay for an hour.
	mux.Handle("/{device}/{schema}/"+feedName, serve.CORS(f.gate.cors, f.gate.rates.handler(f.observed(d.feed))))
	mux.Handle("/", s)
	d.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, _, ok := graphqlAt(r.URL); ok {
			s.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
	return d
}

// A devicesDoor is all that a devices' listener answers.
type devicesDoor struct {
	http.Handler
	streams *graphql.Streams
	feed    *feed.Handler
}

// Drain implements drainer.
func (d *devicesDoor) Drain(ctx context.Context) error {
	d.feed.Close()
	return d.streams.Drain(ctx)
}

// closeCode is a label: clients choose codes too.
func closeCode(code int) string {
	switch code {
	case 1000, 1001, 1006, 1009, 1012, 4400, 4401, 4406, 4408, 4409, 4429:
		return strconv.Itoa(code)
	}
	return "other"
}

// drainStreams ends what of a door's handler outlives its requests, beside the shutdown of its server. What it had to cut is errCut.
func (d *door) drainStreams(ctx context.Context) error {
	if d.streams == nil {
		return nil
	}
	err := d.streams.Drain(ctx)
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return errCut
	}
	return err
}

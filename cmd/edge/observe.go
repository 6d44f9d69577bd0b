package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"facet/composer"
	"facet/serve"
)

// headerRequest carries a request's id: in, out, and to the tiers whose sources list it.
const headerRequest = "X-Request-Id"

// maxRequestID bounds a request id that a device or a proxy brings along.
const maxRequestID = 128

// An observing says how the requests of a front are watched. Its zero value logs all and traces none.
type observing struct {
	access  accessLog
	tracing *tracing // nil: no traces
	explain bool     // ?explain=1 is answered
}

// newObserving watches as it is told. Whoever has one stops its tracing at the end.
func newObserving(ctx context.Context, access accessLog, explain bool, t traceSettings) (observing, error) {
	tracing, err := newTracing(ctx, t)
	return observing{access: access, tracing: tracing, explain: explain}, err
}

// observed counts, logs and traces what h answers.
func (f *front) observed(h http.Handler) http.Handler {
	f.metrics.over(f)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := &exchange{ResponseWriter: w, status: http.StatusOK, began: time.Now(), method: r.Method}
		x.place(r.URL.Path, f.metrics, f.known)
		x.requestID(r)
		if r.ProtoMajor == 1 {
			x.conn, _ = r.Context().Value(wholeKey{}).(*wholeConn)
		}
		w.Header()[headerRequest] = x.ids[:]
		ctx := context.WithValue(r.Context(), exchangeKey{}, x)
		if f.tracing != nil {
			ctx = f.tracing.begin(ctx, x, r.Header)
		}
		f.metrics.inFlight.Inc()
		defer func() {
			f.metrics.inFlight.Dec()
			if p := recover(); p != nil {
				if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
					x.aborted = true
					f.told(x)
					panic(p)
				}
				f.log.Error().Str("request", x.id).Interface("panic", p).Stack().Msg("a handler panicked")
				if !x.wrote {
					http.Error(x, "internal error", http.StatusInternalServerError)
				}
			}
			f.told(x)
		}()
		h.ServeHTTP(x, r.WithContext(ctx))
	})
}

// told counts and logs what became of an exchange, and ends its trace.
func (f *front) told(x *exchange) {
	x.took = time.Since(x.began)
	f.metrics.answered(x)
	if f.tracing != nil {
		f.tracing.end(x)
	}
	f.access.write(f.log, x)
}

// requestID notes the id that a request brings, if it is legal, or a new one. The request has it from then on, for the tiers whose
// sources list the header.
func (x *exchange) requestID(r *http.Request) {
	if ids := r.Header[headerRequest]; len(ids) > 0 {
		x.id = ids[0]
	}
	if x.id == "" || len(x.id) > maxRequestID || strings.ContainsFunc(x.id, func(c rune) bool { return c < '!' || c > '~' }) {
		x.id = newRequestID()
		r.Header[headerRequest] = x.ids[:] // shared with the answer's: nobody writes into it
	}
	x.ids[0] = x.id
}

// newRequestID is a random UUID. It tells requests apart and guards nothing: it does not take the kernel's randomness.
func newRequestID() string {
	var u uuid.UUID
	binary.LittleEndian.PutUint64(u[:8], rand.Uint64()) //nolint:gosec // it guards nothing
	binary.LittleEndian.PutUint64(u[8:], rand.Uint64()) //nolint:gosec // it guards nothing
	u[6], u[8] = u[6]&0x0f|0x40, u[8]&0x3f|0x80         // version 4, variant 10
	return u.String()
}

// An exchange is one request on its way through the edge: what is known of it, noted by those that it passes. It is the writer of
// its answer, too.
type exchange struct {
	http.ResponseWriter
	began  time.Time
	id     string
	ids    [1]string // the same, as a header's values
	method string
	took   time.Duration
	conn   *wholeConn // of HTTP/1.1 in plain text

	// device, schema and protocol are bounded: what the release does not have is "other".
	device, schema, protocol string
	asked                    string // the path of what is not routed, cut short
	operator                 bool   // a page of the operators'

	series *routeSeries

	status  int
	bytes   int64
	wrote   bool
	aborted bool
	stream  bool // a WebSocket or a stream of events

	pinned  *served // what answers it; nil until it is known
	release string  // the digest
	outcome serve.Outcome
	trace   requestSpan
}

type exchangeKey struct{}

// exchangeOf is the exchange of a request; nil where nothing is observed.
func exchangeOf(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

// note keeps what a protocol says of an answer. It is every protocol's Done.
func note(r *http.Request, o serve.Outcome) {
	x := exchangeOf(r.Context())
	if x == nil {
		return
	}
	x.outcome = o
	if s := pin(r.Context()); s != nil {
		x.release = s.digest
	}
}

// place finds out which of the release's device schemas a path names.
func (x *exchange) place(path string, m *metrics, known func(device, schema string) bool) {
	device, schema, protocol := routeOf(path)
	key := routeKey{device, schema, protocol}
	if device == "" {
		x.operator = path == "/" || path == "/healthz" || path == "/readyz" || path == "/metrics"
		key.device, key.schema = other, other
	}
	var named routeKey
	x.series, named = m.route(key, known)
	x.device, x.schema, x.protocol = named.device, named.schema, protocol
	if x.device == other && !x.operator {
		device, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
		schema, _, _ := strings.Cut(rest, "/")
		x.asked = "/" + clip(device, maxAsked) + "/" + clip(schema, maxAsked)
	}
}

// routeOf splits the path of a device's request; device is "" if it is none.
func routeOf(path string) (device, schema, protocol string) {
	device, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	schema, rest, ok := strings.Cut(rest, "/")
	switch {
	case !ok || device == "":
		return "", "", "none"
	case rest == "graphql":
		protocol = "graphql"
	case rest == "model.json":
		protocol = "jsongraph"
	default:
		protocol = "rest"
	}
	return device, schema, protocol
}

// other stands in logs and metrics for every device, schema, method or reason that is not one of a known few.
const other = "other"

// maxAsked bounds a name of a path that is not routed, in bytes.
const maxAsked = 32

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n] + "…"
}

// WriteHeader notes the status.
func (x *exchange) WriteHeader(code int) {
	if !x.wrote && code >= 200 {
		x.status, x.wrote = code, true
		if typ := x.Header()["Content-Type"]; len(typ) > 0 {
			x.stream = strings.HasPrefix(typ[0], "text/event-stream")
		}
	}
	x.ResponseWriter.WriteHeader(code)
}

// Write counts the bytes.
func (x *exchange) Write(b []byte) (int, error) {
	x.wrote = true
	var n int
	var err error
	if x.conn != nil && len(b) >= wholeFrom {
		n, err = x.conn.whole(x.ResponseWriter, b)
	} else {
		n, err = x.ResponseWriter.Write(b)
	}
	x.bytes += int64(n)
	return n, err
}

// Flush sends what is written so far.
func (x *exchange) Flush() { _ = http.NewResponseController(x.ResponseWriter).Flush() } // an error is seen by the next Write

// Hijack takes the connection, for a WebSocket.
func (x *exchange) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, b, err := http.NewResponseController(x.ResponseWriter).Hijack()
	if err == nil {
		x.status, x.wrote, x.stream = http.StatusSwitchingProtocols, true, true
	}
	return c, b, err
}

// Unwrap lets http.ResponseController reach the connection.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// class is the status class as metrics and sampling name it.
func (x *exchange) class() int {
	if c := x.status / 100; c >= 1 && c <= 5 {
		return c
	}
	return 5
}

// failed says whether anything of the answer failed.
func (x *exchange) failed() bool {
	return x.status >= 500 || x.outcome.Failed != nil || len(x.outcome.Errors) > 0 || x.outcome.Degraded > 0 || x.aborted
}

// rootName is what an asked root is called in logs: a name of the device schema, never one of the device's.
func rootName(r *composer.Root) string {
	switch r.Kind {
	case composer.RootEntity:
		return "node"
	case composer.RootTypename:
		return ""
	}
	return r.Name
}

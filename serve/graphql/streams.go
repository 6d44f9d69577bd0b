package graphql

import (
	"context"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"facet/fault"
	"facet/serve"
)

// StreamOptions are what Streams are made of.
type StreamOptions struct {
	Limits StreamLimits
	// Origins are those of other sites that browsers may ask from, as serve.CORS takes them. A WebSocket of a page of "*" must carry
	// no cookies: they would let any page act for the viewer.
	Origins []string
	// TrustInit takes headers that say who asks (Authorization, Accept-Language, Facet-*) from connection_init's payload, or from its
	// member "headers". Without it the payload is ignored.
	TrustInit bool
	// Known says whether a device schema is served now; one that is not gets no WebSocket. nil: each may be.
	Known func(device, schema string) bool
	// Closed is told of every WebSocket's end, on its goroutine; nil: nobody is.
	Closed func(r *http.Request, c Closing)
	// Encode puts an encoder in front of event streams; nil: they are sent as they are.
	Encode func(http.Handler) http.Handler
	// Panicked is told of a panic of the handler behind, which costs its operation alone; nil: nobody is.
	Panicked func(r *http.Request, err error)
}

// StreamLimits bound WebSockets. Zero fields take the values of DefaultStreamLimits.
type StreamLimits struct {
	Connections int           // open at once
	Operations  int           // under way at once on one connection
	Message     int           // bytes of one message of a client
	Init        time.Duration // until connection_init
	Idle        time.Duration // without an operation, until the edge closes
	Ping        time.Duration // between pings of the edge; as long may a client take to answer one. Comments of an event stream too
	Write       time.Duration // for one message to be taken by the client
	Spread      time.Duration // over which connections are closed when the instance stops, at random, so that not all come back at once
}

// DefaultStreamLimits are the limits that stand where none are stated. Message is a POST's body with what a message has around it.
func DefaultStreamLimits() StreamLimits {
	return StreamLimits{Connections: 10_000, Operations: 32, Message: DefaultLimits().Body + 4<<10, Init: 10 * time.Second, Idle: 10 * time.Minute,
		Ping: 25 * time.Second, Write: 10 * time.Second, Spread: 4 * time.Second}
}

func (l StreamLimits) withDefaults() StreamLimits {
	d := DefaultStreamLimits()
	for _, f := range []struct{ have, def *int }{{&l.Connections, &d.Connections}, {&l.Operations, &d.Operations}, {&l.Message, &d.Message}} {
		if *f.have == 0 {
			*f.have = *f.def
		}
	}
	for _, f := range []struct{ have, def *time.Duration }{{&l.Init, &d.Init}, {&l.Idle, &d.Idle}, {&l.Ping, &d.Ping}, {&l.Write, &d.Write}, {&l.Spread, &d.Spread}} {
		if *f.have == 0 {
			*f.have = *f.def
		}
	}
	return l
}

// A Closing is how a WebSocket ended.
type Closing struct {
	Device, Schema string
	Code           int // of the protocol; 1006 if the client went without a word
	Reason         string
	Operations     int // that it carried in all
	For            time.Duration
}

// Streams answers GraphQL over WebSocket (the subprotocol graphql-transport-ws) and over server-sent events (one connection for an
// operation), and passes every other request on. Each operation becomes a POST of its own to the handler behind: it picks its release
// when it starts, and meets the same limits, rates and observers as any other. So nothing on a connection belongs to a release, and a
// swap closes none; Drain closes them when the instance stops.
type Streams struct {
	next    http.Handler
	options StreamOptions
	limits  StreamLimits
	events  http.Handler

	mu       sync.Mutex
	open     map[*socket]struct{}
	places   int           // taken, by connections that are being opened too
	draining bool          // no more are opened
	empty    chan struct{} // closed when draining and the last is gone
}

// NewStreams makes Streams in front of next, which answers POSTs of application/json at /{device}/{schema}/graphql.
func NewStreams(next http.Handler, o StreamOptions) *Streams {
	s := &Streams{next: next, options: o, limits: o.Limits.withDefaults(), open: map[*socket]struct{}{}, empty: make(chan struct{})}
	s.events = http.HandlerFunc(s.event)
	if o.Encode != nil {
		s.events = o.Encode(s.events)
	}
	s.events = serve.CORS(o.Origins, s.events)
	return s
}

// ServeHTTP answers streams and passes on what is none. A WebSocket is served until it ends.
func (s *Streams) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	device, schema, ok := route(r.URL.Path)
	switch {
	case ok && headerHas(r.Header, "Upgrade", "websocket"):
		s.accept(w, r, device, schema)
	case ok && (r.Method == http.MethodPost || r.Method == http.MethodGet) && wantsEvents(r.Header):
		s.events.ServeHTTP(w, r)
	default:
		s.next.ServeHTTP(w, r)
	}
}

// route takes the names out of /{device}/{schema}/graphql.
func route(path string) (device, schema string, ok bool) {
	path, ok = strings.CutSuffix(path, "/graphql")
	if !ok || path == "" || path[0] != '/' {
		return "", "", false
	}
	device, schema, ok = strings.Cut(path[1:], "/")
	if !ok || device == "" || schema == "" || strings.IndexByte(schema, '/') >= 0 {
		return "", "", false
	}
	return device, schema, true
}

// headerHas says whether a header's list has a word, in any case.
func headerHas(h http.Header, name, word string) bool {
	for _, line := range h.Values(name) {
		for item := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(item), word) {
				return true
			}
		}
	}
	return false
}

// Open is how many WebSockets are open.
func (s *Streams) Open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}

// refused says why no WebSocket is opened for a request; nil if one may be.
func (s *Streams) refused(r *http.Request, device, schema string) *fault.Error {
	switch {
	case !s.allowed(r):
		return fault.New(fault.Forbidden, "a page of this origin may not open a WebSocket here")
	case s.options.Known != nil && !s.options.Known(device, schema):
		return fault.New(fault.NotFound, "there is no schema %s of %s", clip(schema), clip(device))
	}
	return nil
}

// allowed says whether a request is of no browser, of a page of this host, or of a listed origin.
func (s *Streams) allowed(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || slices.Contains(s.options.Origins, origin) {
		return true
	}
	if u, err := url.Parse(origin); err == nil && strings.EqualFold(u.Host, r.Host) {
		return true
	}
	return slices.Contains(s.options.Origins, "*") && len(r.Header.Values("Cookie")) == 0
}

// take keeps a place for one more connection.
func (s *Streams) take() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining || s.places >= s.limits.Connections {
		return false
	}
	s.places++
	return true
}

// enter makes an open connection known; one that comes while the instance stops is drained like the others.
func (s *Streams) enter(c *socket) {
	s.mu.Lock()
	s.open[c] = struct{}{}
	late := s.draining
	s.mu.Unlock()
	if late {
		c.drain()
	}
}

// leave gives a place back; c is nil if no connection was made.
func (s *Streams) leave(c *socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, c)
	if s.places--; s.places == 0 && s.draining {
		close(s.empty)
	}
}

// manyConnections are so many that their coming back at once would be felt: fewer are closed within a part of the Spread.
const manyConnections = 100

// Drain opens no more WebSockets and closes those there are, with 1012 (service restart), which clients answer by connecting again: each
// at a random time within half of what ctx leaves and within the Spread, after the operations on it have ended. It returns when all
// are gone. When ctx ends first, the rest is cut, and the error is that of ctx. Event streams end with their operation: shutting the
// HTTP server down waits for them.
func (s *Streams) Drain(ctx context.Context) error {
	s.mu.Lock()
	if s.draining {
		s.mu.Unlock()
		return nil
	}
	s.draining = true
	var open []*socket
	for c := range s.open {
		open = append(open, c)
	}
	if s.places == 0 {
		close(s.empty)
	}
	s.mu.Unlock()
	spread := s.limits.Spread * time.Duration(min(len(open), manyConnections)) / manyConnections
	if end, ok := ctx.Deadline(); ok {
		spread = min(spread, time.Until(end)/2)
	}
	for _, c := range open {
		t := time.AfterFunc(time.Duration(rand.Int64N(max(int64(spread), 1))), c.drain)
		defer t.Stop()
	}
	select {
	case <-s.empty:
		return nil
	case <-ctx.Done():
	}
	select {
	case <-s.empty: // both at once: nothing was cut
		return nil
	default:
	}
	for _, c := range open {
		c.cut()
	}
	return context.Cause(ctx)
}

package feed

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"facet/asker"
	"facet/composer"
	"facet/fault"
	"facet/serve"
)

// A Reader tells what writes mean to an asker of one device schema. *composer.Engine is one.
type Reader interface {
	Stale(writes []composer.Write, a *asker.Asker) []composer.Invalidated
}

// Options are what a Handler is made of.
type Options struct {
	// Find gives the Reader of a device schema, and what to call when it was used. It is asked for each event, so that a stream
	// holds no release.
	Find func(ctx context.Context, device, schema string, a *asker.Asker) (Reader, func(), error)
	// Asker tells who listens.
	Asker func(r *http.Request, device string) (*asker.Asker, error)
	Bus   Bus

	Listeners int           // at once; 0 is 10,000
	Beat      time.Duration // between comments that keep the connection open; 0 is 15 s
	Write     time.Duration // how long one event may take to be written; 0 is 10 s
	Longest   time.Duration // after which a listener is asked to come again; 0 is an hour
}

// A Handler serves GET /{device}/{schema}/invalidated.sse: the two names are the request's path values.
//
// The stream has the events
//
//	event: ready        once, at the beginning
//	event: invalidated  data: [{"typename": "Card", "id": "Card:jaws", "field": "position", "path": ["Card", "jaws", "position"]}]
//	event: lost         events were lost: everything that is cached may be stale
//
// What an event names is what GraphQL's extensions.invalidated and JSON Graph's invalidated name: typename and field, with "Query" for a
// view, and the path, cut before the first key that is not known.
type Handler struct {
	o         Options
	listening atomic.Int64
	end       chan struct{}
	once      sync.Once
}

// New makes a Handler.
func New(o Options) *Handler {
	if o.Listeners == 0 {
		o.Listeners = 10_000
	}
	if o.Beat == 0 {
		o.Beat = 15 * time.Second
	}
	if o.Write == 0 {
		o.Write = 10 * time.Second
	}
	if o.Longest == 0 {
		o.Longest = time.Hour
	}
	return &Handler{o: o, end: make(chan struct{})}
}

// Close ends all streams: clients come again, to another instance. It may be called more than once.
func (h *Handler) Close() { h.once.Do(func() { close(h.end) }) }

// Listening is how many streams are open.
func (h *Handler) Listening() int { return int(h.listening.Load()) }

// stale is one entry of an event.
type stale struct {
	Typename string   `json:"typename"`
	ID       string   `json:"id,omitempty"`
	Field    string   `json:"field,omitempty"`
	Path     []string `json:"path"`
}

// ServeHTTP opens a stream.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		p := serve.ProblemOf(fault.New(fault.Invalid, "what became stale is asked by GET"))
		p.Status = http.StatusMethodNotAllowed
		p.Write(w)
		return
	}
	device, schema := r.PathValue("device"), r.PathValue("schema")
	who, err := h.o.Asker(r, device)
	if err == nil {
		err = h.known(r.Context(), device, schema, who)
	}
	if err == nil && r.Method == http.MethodHead { // nothing will be said: a place among the listeners is not for it
		headers(w.Header())
		return
	}
	if err == nil && h.listening.Add(1) > int64(h.o.Listeners) {
		h.listening.Add(-1)
		w.Header().Set("Retry-After", "30")
		err = fault.New(fault.Unavailable, "this instance has all the listeners that it takes")
	}
	if err != nil {
		serve.ProblemOf(err).Write(w)
		return
	}
	defer h.listening.Add(-1)
	select {
	case <-h.end:
		serve.ProblemOf(fault.New(fault.Unavailable, "this instance is about to end")).Write(w)
		return
	default:
	}
	events, stop := h.o.Bus.Subscribe()
	defer stop()
	headers(w.Header())
	s := &stream{w: w, c: http.NewResponseController(w), limit: h.o.Write}
	if s.send("retry: 2000\nevent: ready\ndata: {}\n\n") != nil {
		return
	}
	beat := time.NewTicker(h.o.Beat)
	defer beat.Stop()
	longest := time.NewTimer(h.longest(who))
	defer longest.Stop()
	for {
		var err error
		select {
		case e := <-events:
			err = h.tell(r.Context(), s, device, schema, who, e)
		case <-beat.C:
			err = s.send(": still here\n\n")
		case <-longest.C:
			return
		case <-h.end:
			return
		case <-r.Context().Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// longest is how long an asker may listen: no longer than what says who asks is good.
func (h *Handler) longest(who *asker.Asker) time.Duration {
	if who.Until.IsZero() {
		return h.o.Longest
	}
	return min(h.o.Longest, time.Until(who.Until))
}

func headers(h http.Header) {
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // nginx would hold events back
	serve.NoStore(h)
}

func (h *Handler) known(ctx context.Context, device, schema string, a *asker.Asker) error {
	_, done, err := h.o.Find(ctx, device, schema, a)
	if err == nil {
		done()
	}
	return err
}

// tell writes what an event means to the asker, if it means anything.
func (h *Handler) tell(ctx context.Context, s *stream, device, schema string, a *asker.Asker, e Event) error {
	if e.Lost {
		if err := s.send("event: lost\ndata: {}\n\n"); err != nil {
			return err
		}
	}
	reader, done, err := h.o.Find(ctx, device, schema, a)
	if err != nil {
		return err // the schema is gone, or nothing is served: the client comes again and is told
	}
	list := reader.Stale(e.Writes, a)
	done()
	if len(list) == 0 {
		return nil
	}
	out := make([]stale, len(list))
	for i, in := range list {
		out[i] = stale{Typename: in.Shape, ID: in.ID, Field: in.Field, Path: in.Path}
		if in.View != "" {
			out[i].Typename, out[i].Field = "Query", in.View
		}
	}
	raw, err := json.Marshal(out)
	if err != nil {
		return err
	}
	return s.send("event: invalidated\ndata: " + string(raw) + "\n\n")
}

// A stream writes events, each within a limit of its own: the server's bound on whole answers is not for it.
type stream struct {
	w     http.ResponseWriter
	c     *http.ResponseController
	limit time.Duration
}

func (s *stream) send(text string) error {
	if err := s.c.SetWriteDeadline(time.Now().Add(s.limit)); err != nil {
		return err
	}
	if _, err := s.w.Write([]byte(text)); err != nil {
		return err
	}
	return s.c.Flush()
}

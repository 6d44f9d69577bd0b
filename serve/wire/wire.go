// Package wire sends answers in the content coding that a request asks for: zstd, br or gzip, with the Vary, the ETag and the 304 that belong to it.
package wire

import (
	"net/http"
	"runtime"
	"slices"
	"sync"
)

// Min is how many bytes an answer has at least that is encoded: a smaller one goes in one packet either way.
const Min = 1400

// Options are what a Handler is made of.
type Options struct {
	// Codings are those that are offered, the first being taken where a request likes several alike. None: nothing is encoded.
	Codings []Coding
	// Min is Min if it is 0.
	Min int
	// Plain says that an answer is sent as it is, whatever the request asks for. It is asked when the first bytes of an answer
	// come; nil: none is.
	Plain func(r *http.Request) bool
	// Encoders is how many answers are encoded at once; more wait. As many more that are larger than a megabyte, or of no known
	// length, are encoded while they are written; others of those are sent as they are. 0: two for each processor.
	Encoders int
}

// A Handler encodes what the handler behind it answers.
//
// An answer below a megabyte whose length is known is encoded before its first byte is written, so that it has a Content-Length. Any other
// is written while it is encoded; what flushes it flushes the encoder too. Before its length reaches Min, nothing is decided: a stream
// that flushes less than that first is sent as it is to its end.
type Handler struct {
	next    http.Handler
	o       Options
	all     encoders
	whole   chan struct{} // places of those that are encoded before they are written: they end soon
	flowing chan struct{} // places of those that a slow device may hold
	writers sync.Pool     // of *writer
}

// New makes a Handler in front of next. It has no goroutines and nothing to close. Without codings it is next itself.
func New(next http.Handler, o Options) http.Handler {
	if len(o.Codings) == 0 {
		return next
	}
	if o.Min == 0 {
		o.Min = Min
	}
	if o.Encoders == 0 {
		o.Encoders = 2 * runtime.GOMAXPROCS(0)
	}
	o.Codings = slices.Clone(o.Codings)
	h := &Handler{next: next, o: o, all: newEncoders(), whole: make(chan struct{}, o.Encoders), flowing: make(chan struct{}, o.Encoders)}
	h.writers.New = func() any { return new(writer) }
	return h
}

// varies is the Vary of what could be encoded. It is shared: nobody writes into it, and adding to it copies it.
var varies = []string{"Accept-Encoding"}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead { // what caches keep
		if head := w.Header(); len(head["Vary"]) == 0 {
			head["Vary"] = varies[:1:1]
		} else {
			head.Add("Vary", varies[0])
		}
	}
	asked := r.Header["Accept-Encoding"]
	if len(asked) == 0 {
		h.next.ServeHTTP(w, r)
		return
	}
	wish := wanted(asked, h.o.Codings)
	if wish.best == "" {
		h.next.ServeHTTP(w, r)
		return
	}
	x := h.writers.Get().(*writer)
	*x = writer{ResponseWriter: w, h: h, r: r, wish: wish, held: x.held[:0]}
	defer x.drop()
	if lines := r.Header["If-None-Match"]; len(lines) > 0 {
		c, given := conditionOf(lines, &x.wish)
		if x.condition = c; len(c.tags) > 0 || given != nil {
			r.Header["If-None-Match"] = given
		}
	}
	h.next.ServeHTTP(x, r)
	x.end()
}

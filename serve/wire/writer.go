package wire

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// A stage is how far an answer has come.
type stage int8

const (
	begun   stage = iota // no status yet
	waiting              // the status came; whether it is encoded is open
	plain                // it is sent as it is
	whole                // it is encoded into held
	flowing              // it is encoded and written
)

// A writer takes one answer.
type writer struct {
	http.ResponseWriter
	h         *Handler
	r         *http.Request
	wish      wish
	condition condition

	stage  stage
	status int
	size   int    // of the answer as it is, by its header; -1: not known
	came   int    // bytes of it so far
	held   []byte // while waiting: what came; after that: what is encoded and not written
	enc    encoder
	from   *bench
	failed error // of the connection
}

// maxHeld bounds the buffer that a writer keeps for the next answer.
const maxHeld = 256 << 10

// drop gives back what the writer holds, however the answer ended.
func (x *writer) drop() {
	x.stop()
	h, held := x.h, x.held[:0]
	if cap(held) > maxHeld {
		held = nil
	}
	*x = writer{held: held}
	h.writers.Put(x)
}

// stop gives the encoder and its place back.
func (x *writer) stop() {
	if x.enc == nil {
		return
	}
	x.from.give(x.enc)
	x.enc = nil
	if x.stage == flowing {
		<-x.h.flowing
	} else {
		<-x.h.whole
	}
}

// WriteHeader takes the status. It is written when it is clear whether the answer is encoded.
func (x *writer) WriteHeader(status int) {
	if x.stage != begun {
		return
	}
	if status < 200 {
		x.ResponseWriter.WriteHeader(status)
		return
	}
	x.status = status
	head := x.Header()
	if status == http.StatusNotModified {
		if tag := head.Get("ETag"); tag != "" && len(x.condition.tags) > 0 {
			head.Set("ETag", x.condition.met(tag, x.wish.best))
		}
		x.asIs()
		return
	}
	x.size = -1
	if n, err := strconv.Atoi(head.Get("Content-Length")); err == nil {
		x.size = n
	}
	switch {
	case status == http.StatusNoContent, x.size >= 0 && x.size < x.h.o.Min && !x.wish.must, x.size == 0,
		len(head["Content-Encoding"]) > 0, len(head["Content-Range"]) > 0, !worth(head.Get("Content-Type")):
		x.asIs()
	default:
		x.stage = waiting
	}
}

// asIs begins an answer that is not encoded.
func (x *writer) asIs() {
	x.stage = plain
	x.ResponseWriter.WriteHeader(x.status)
}

// worth says whether a media type is one of texts.
func worth(media string) bool {
	media, _, _ = strings.Cut(media, ";")
	media = strings.TrimSpace(media)
	return strings.HasPrefix(media, "text/") || strings.HasPrefix(media, "application/") && (strings.HasSuffix(media, "json") ||
		strings.HasSuffix(media, "javascript") || strings.HasSuffix(media, "xml"))
}

// decide begins the answer, as it is or encoded.
func (x *writer) decide() {
	if x.h.o.Plain != nil && x.h.o.Plain(x.r) {
		x.letOut()
		return
	}
	if x.r.Method == http.MethodHead {
		x.mark()
		x.asIs()
		return
	}
	if x.size >= 0 && x.size < large {
		select {
		case x.h.whole <- struct{}{}:
		default:
			select {
			case x.h.whole <- struct{}{}:
			case <-x.r.Context().Done():
				x.letOut()
				return
			}
		}
		x.mark()
		x.stage = whole
	} else {
		select {
		case x.h.flowing <- struct{}{}:
		default: // a device that reads slowly must not make others wait
			x.letOut()
			return
		}
		x.mark()
		x.stage = flowing
		x.ResponseWriter.WriteHeader(x.status)
	}
	held := x.held
	if len(held) > 0 { // the encoder writes where they lie
		held = slices.Clone(held)
	}
	x.held = x.held[:0]
	x.from = x.h.all.of(x.wish.best, x.size)
	x.enc = x.from.take((*sink)(x))
	if len(held) > 0 {
		x.encode(held)
	}
}

// mark says in the header that the answer is encoded.
func (x *writer) mark() {
	head := x.Header()
	head.Set("Content-Encoding", string(x.wish.best))
	head.Del("Content-Length")
	if tag := head.Get("ETag"); tag != "" {
		head.Set("ETag", coded(tag, x.wish.best))
	}
}

// letOut begins an answer that is sent as it is, with what was held.
func (x *writer) letOut() {
	x.asIs()
	if len(x.held) > 0 {
		_, x.failed = x.ResponseWriter.Write(x.held)
		x.held = x.held[:0]
	}
}

// Write takes bytes of the answer.
func (x *writer) Write(p []byte) (int, error) {
	if x.stage == begun {
		x.WriteHeader(http.StatusOK)
	}
	if x.stage == waiting {
		x.came += len(p)
		if x.size < 0 && x.came < x.h.o.Min && x.r.Method != http.MethodHead {
			x.held = append(x.held, p...)
			return len(p), nil
		}
		x.came -= len(p)
		x.decide()
	}
	if x.failed != nil {
		return 0, x.failed
	}
	x.came += len(p)
	if x.enc == nil {
		return x.ResponseWriter.Write(p)
	}
	x.encode(p)
	return len(p), x.failed
}

// encode gives the encoder bytes, no more than a block of its own at a time: some copy what they are given.
func (x *writer) encode(p []byte) {
	const block = 64 << 10
	for len(p) > 0 && x.failed == nil {
		n := min(len(p), block)
		if _, err := x.enc.Write(p[:n]); err != nil && x.failed == nil {
			x.failed = err
		}
		p = p[n:]
	}
}

// A sink is a writer as its encoder sees it.
type sink writer

// outgoing is how many encoded bytes are gathered before they are written.
const outgoing = 16 << 10

// Write takes encoded bytes.
func (s *sink) Write(p []byte) (int, error) {
	s.held = append(s.held, p...)
	if s.stage == flowing && len(s.held) >= outgoing {
		(*writer)(s).send()
	}
	return len(p), s.failed
}

// send writes what is encoded.
func (x *writer) send() {
	if x.failed == nil && len(x.held) > 0 {
		_, x.failed = x.ResponseWriter.Write(x.held)
	}
	x.held = x.held[:0]
}

// errShort is a handler that wrote less than it said.
var errShort = errors.New("the answer is shorter than its Content-Length")

// end writes what is left of an answer whose handler has returned.
func (x *writer) end() {
	if x.stage == waiting {
		if x.r.Method == http.MethodHead && (x.size >= 0 || x.wish.must) || x.wish.must && x.came > 0 {
			x.decide()
		} else {
			x.letOut()
		}
	}
	if x.enc == nil || x.failed != nil {
		return
	}
	if x.size >= 0 && x.came < x.size { // as net/http does with what is not encoded
		x.failed = errShort
		panic(http.ErrAbortHandler)
	}
	if err := x.enc.Close(); err != nil && x.failed == nil {
		x.failed = err
	}
	if x.stage == whole && x.failed == nil {
		x.Header().Set("Content-Length", strconv.Itoa(len(x.held)))
		// The place is given back before a slow device is written to.
		x.stop()
		x.ResponseWriter.WriteHeader(x.status)
	}
	x.send()
}

// FlushError sends what came so far. An answer whose length is known is not flushed: it comes soon.
func (x *writer) FlushError() error {
	if x.stage == begun {
		x.WriteHeader(http.StatusOK)
	}
	switch x.stage {
	case waiting:
		if x.size >= 0 {
			return nil
		}
		if x.wish.must && x.r.Method != http.MethodHead {
			x.decide()
			return x.FlushError()
		}
		x.letOut()
	case whole:
		return nil
	case flowing:
		if x.enc != nil {
			if err := x.enc.Flush(); err != nil && x.failed == nil {
				x.failed = err
			}
			x.send()
		}
	}
	if x.failed != nil {
		return x.failed
	}
	return http.NewResponseController(x.ResponseWriter).Flush()
}

// Flush is FlushError for those who do not look.
func (x *writer) Flush() { _ = x.FlushError() }

// Unwrap lets http.ResponseController reach the connection.
func (x *writer) Unwrap() http.ResponseWriter { return x.ResponseWriter }

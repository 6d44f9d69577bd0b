package graphql

import (
	"bytes"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"facet/serve"
)

const mediaEvents = "text/event-stream"

// wantsEvents says whether an Accept header names event streams.
func wantsEvents(h http.Header) bool {
	for _, line := range h.Values("Accept") {
		for item := range strings.SplitSeq(line, ",") {
			if typ, params, err := mime.ParseMediaType(strings.TrimSpace(item)); err == nil && typ == mediaEvents && params["q"] != "0" {
				return true
			}
		}
	}
	return false
}

// event answers one operation as an event stream: a next, then a complete. What a client may ask again (429, 503) keeps its status:
// nothing was done then. Every other refusal is a next with errors, which clients do not repeat.
func (s *Streams) event(w http.ResponseWriter, r *http.Request) {
	done := make(chan *answer, 1)
	h := operationHeaders(r.Header)
	go func() { done <- s.post(r.Context(), r, h, nil) }()

	out := http.NewResponseController(w)
	write := func(parts ...[]byte) bool {
		_ = out.SetWriteDeadline(time.Now().Add(s.limits.Write)) // not every writer has one
		for _, p := range parts {
			if _, err := w.Write(p); err != nil {
				return false
			}
		}
		return out.Flush() == nil
	}
	begin := func() {
		head := w.Header()
		head.Set("Content-Type", mediaEvents+"; charset=utf-8")
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("X-Accel-Buffering", "no")
		serve.NoStore(head)
		w.WriteHeader(http.StatusOK)
	}
	begun := false
	ticker := time.NewTicker(s.limits.Ping)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if !begun {
				begin()
				begun = true
			}
			write([]byte(":\n\n"))
		case a := <-done:
			if !begun && (a.status == http.StatusTooManyRequests || a.status == http.StatusServiceUnavailable) {
				a.pass(w)
				return
			}
			if !begun {
				begin()
			}
			body := a.body.Bytes()
			if !a.ok() {
				body = append(append([]byte(`{"errors":`), a.errors()...), '}')
			}
			// A line break in JSON is white space: each line is data.
			write([]byte("event: next\ndata: "), bytes.ReplaceAll(body, []byte("\n"), []byte("\ndata: ")), []byte("\n\nevent: complete\ndata:\n\n"))
			return
		}
	}
}

// pass writes the answer as it is.
func (a *answer) pass(w http.ResponseWriter) {
	for _, name := range []string{"Content-Type", "Retry-After", "Cache-Control"} {
		if v := a.header.Get(name); v != "" {
			w.Header().Set(name, v)
		}
	}
	w.WriteHeader(a.status)
	_, _ = io.Copy(w, &a.body) // the device may be gone
}

package registry

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"facet/fault"
	"facet/serve"
)

// refuse answers an error. npm prints what stands under "error" after the status and the URL; it prints its own words instead if a 401 has WWW-Authenticate, so that has none.
func (s *server) refuse(q *request, err error) {
	kind := fault.KindOf(err)
	switch kind {
	case fault.Internal, fault.BadAnswer, fault.Unavailable:
		s.Log.Error().Err(err).Str("method", q.r.Method).Str("path", q.r.URL.Path).Msg("registry")
	}
	status := serve.Status(kind)
	var busy *busyError
	if errors.As(err, &busy) {
		status = http.StatusTooManyRequests
		q.w.Header().Set("Retry-After", "1")
	}
	var without *absentError
	if errors.As(err, &without) {
		status = http.StatusNotImplemented
	}
	q.w.Header().Set("Cache-Control", "no-store")
	q.w.Header().Del("ETag")
	s.settle(q)
	send(q, status, map[string]string{"error": told(err), "reason": string(kind)})
}

// How much of a refused body is still read, and for how long; of a stranger's the server reads little by itself.
const (
	settleBytes = 16 << 20
	settleTime  = 5 * time.Second
	strangeTime = 2 * time.Second
)

// settle reads what a known client is still sending: many look for an answer only when all is sent, and a connection that is closed before loses it.
func (s *server) settle(q *request) {
	left := settleTime
	if q.holder == nil {
		left = strangeTime
	}
	_ = http.NewResponseController(q.w).SetReadDeadline(time.Now().Add(left)) // a writer without deadlines is a test's
	if q.holder != nil {
		_, _ = io.CopyN(io.Discard, q.r.Body, settleBytes) // what fails is the client's loss
	}
}

// told is an error as a person at a terminal reads it: what, of what, and what to do.
func told(err error) string {
	text := fault.Public(err)
	var f *fault.Error
	if errors.As(err, &f) && f.Subject != "" && slices.Contains(named, f.Kind) {
		text = f.Subject + ": " + text
	}
	if hint := fault.HintOf(err); hint != "" {
		text += "\n" + hint
	}
	return text
}

// named are the kinds whose subject is what the asker named. That of others may be a key of the store.
var named = []fault.Kind{fault.Invalid, fault.NotFound, fault.Conflict, fault.TooLarge, fault.Limit}

// A busyError is a refusal that does not hold for long.
type busyError struct{ error }

func (e *busyError) Unwrap() error { return e.error }

// An absentError is a refusal of what this registry does not do. It is no 4xx where npm would take that for an invitation to ask for a password.
type absentError struct{ error }

func (e *absentError) Unwrap() error { return e.error }

func send(q *request, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil { // what is sent is made of strings and of JSON that was read before
		status, b = http.StatusInternalServerError, []byte(`{"error":"the answer cannot be written","reason":"internal"}`)
	}
	h := q.w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(b)))
	q.w.WriteHeader(status)
	_, _ = q.w.Write(b) // who is gone reads no error either
}

// done answers a change that was made.
func done(q *request, status int) error {
	send(q, status, map[string]bool{"ok": true})
	return nil
}

// worth is how many bytes a document has at least to be compressed.
const worth = 1 << 10

// show answers a document that may be asked for again: 304 if the asker has it.
func (s *server) show(q *request, mediaType string, b []byte) error {
	h := q.w.Header()
	sum := sha256.Sum256(b)
	tag := `W/"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
	h.Set("ETag", tag)
	h.Set("Cache-Control", s.cached("no-cache"))
	if slices.ContainsFunc(strings.Split(q.r.Header.Get("If-None-Match"), ","), func(have string) bool { return strings.TrimSpace(have) == tag }) {
		q.w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("Content-Type", mediaType)
	if len(b) >= worth && accepts(q.r, "gzip") {
		var z bytes.Buffer
		w := gzip.NewWriter(&z)
		_, err := w.Write(b)
		if err := errors.Join(err, w.Close()); err != nil {
			return fault.Wrap(fault.Internal, "registry", "gzip", err)
		}
		h.Set("Content-Encoding", "gzip")
		b = z.Bytes()
	}
	h.Set("Content-Length", strconv.Itoa(len(b)))
	_, _ = q.w.Write(b)
	return nil
}

// cached is a Cache-Control: what needs a token belongs to who has it.
func (s *server) cached(rule string) string {
	if s.Public {
		return "public, " + rule
	}
	return "private, " + rule
}

// accepts says whether the asker takes a content coding.
func accepts(r *http.Request, coding string) bool {
	for _, one := range strings.Split(r.Header.Get("Accept-Encoding"), ",") {
		name, q, _ := strings.Cut(one, ";")
		if strings.TrimSpace(name) == coding {
			return !strings.HasPrefix(strings.ReplaceAll(q, " ", ""), "q=0") || strings.Contains(q, "0.")
		}
	}
	return false
}

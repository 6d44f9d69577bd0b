// Package wire is how every tier of the demo world speaks: JSON in and out under limits, errors as JSON too, a server with time-outs.
package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// The limits of every tier.
const (
	MaxBody  = 1 << 20 // bytes of a request
	MaxBatch = 500     // keys of a batch call
	MaxID    = 128     // bytes of an id
	MaxPage  = 200     // items of one page
)

// Server is a server for a tier, with limits on how long and how much a caller may send. It speaks HTTP/1 and, to those who know, HTTP/2
// without TLS, which gRPC comes in.
func Server(h http.Handler) *http.Server {
	var speaks http.Protocols
	speaks.SetHTTP1(true)
	speaks.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler:           h,
		Protocols:         &speaks,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
}

// Mux makes a handler of routes ("POST /titles:batchGet"). It adds GET /healthz and answers unknown paths and methods in JSON.
func Mux(routes map[string]http.HandlerFunc) http.Handler {
	mux := http.NewServeMux()
	for pattern, h := range routes {
		mux.HandleFunc(pattern, h)
	}
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { Write(w, map[string]string{"status": "ok"}) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		refusal := refusal{header: w.Header(), status: http.StatusNotFound} // keeps the Allow header that the mux sets
		h.ServeHTTP(&refusal, r)
		Fail(w, refusal.status, "%s %s is not served here", r.Method, r.URL.Path)
	})
}

// A refusal keeps the status and the headers of the mux's own answer and drops its text.
type refusal struct {
	header http.Header
	status int
}

func (f *refusal) Header() http.Header         { return f.header }
func (f *refusal) WriteHeader(status int)      { f.status = status }
func (f *refusal) Write(p []byte) (int, error) { return len(p), nil }

// Body is the whole body, which Read may read after it. If it cannot be had, it answers 400 or 413 and says false.
func Body(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		Fail(w, http.StatusRequestEntityTooLarge, "the body is larger than %d bytes", MaxBody)
		return nil, false
	}
	if err != nil {
		Fail(w, http.StatusBadRequest, "the body did not arrive: %v", err)
		return nil, false
	}
	r.Body = io.NopCloser(bytes.NewReader(b))
	return b, true
}

// Read decodes the body, which must be one JSON value, into v. If it cannot, it answers 400 or 413 and says false.
func Read(w http.ResponseWriter, r *http.Request, v any) bool {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, MaxBody))
	err := d.Decode(v)
	if err == nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) {
			return true
		}
		err = errors.New("there is more than one JSON value")
	}
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		Fail(w, http.StatusRequestEntityTooLarge, "the body is larger than %d bytes", MaxBody)
		return false
	}
	Fail(w, http.StatusBadRequest, "the body is not the JSON that this call takes: %v", err)
	return false
}

// Batch checks the keys of a batch call. If there are too many or one is no id, it answers 400 and says false.
func Batch(w http.ResponseWriter, name string, ids []string) bool {
	if ids == nil {
		Fail(w, http.StatusBadRequest, "%q is missing: give a list of ids", name)
		return false
	}
	if err := CheckBatch(name, ids); err != nil {
		Fail(w, http.StatusBadRequest, "%v", err)
		return false
	}
	return true
}

// CheckBatch says what is wrong with the keys of a batch call.
func CheckBatch(name string, ids []string) error {
	if len(ids) > MaxBatch {
		return fmt.Errorf("%q has %d ids, at most %d are answered", name, len(ids), MaxBatch)
	}
	for _, id := range ids {
		if id == "" || len(id) > MaxID {
			return fmt.Errorf("%q has an id of %d bytes: 1 to %d are legal", name, len(id), MaxID)
		}
	}
	return nil
}

// Page reads offset (0 if not given) and limit (all that a page may hold). If they are no counts, it answers 400 and says false.
func Page(w http.ResponseWriter, r *http.Request) (offset, limit int, ok bool) {
	offset, ok = count(w, r, "offset", 0)
	if !ok {
		return 0, 0, false
	}
	limit, ok = count(w, r, "limit", MaxPage)
	return offset, min(limit, MaxPage), ok
}

func count(w http.ResponseWriter, r *http.Request, name string, otherwise int) (int, bool) {
	s := r.URL.Query().Get(name)
	if s == "" {
		return otherwise, true
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		Fail(w, http.StatusBadRequest, "%s is %q: a count is a number from 0", name, s)
		return 0, false
	}
	return n, true
}

// Cut is the page of a list that starts at offset, empty past the end.
func Cut[T any](list []T, offset, limit int) []T {
	from := min(offset, len(list))
	return list[from : from+min(limit, len(list)-from)]
}

// Write answers 200 with v as JSON.
func Write(w http.ResponseWriter, v any) { write(w, http.StatusOK, v) }

// WriteBytes answers 200 with JSON that is encoded already.
func WriteBytes(w http.ResponseWriter, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // the caller has left: there is nobody to tell
}

// Fail answers {"error": …} with a status.
func Fail(w http.ResponseWriter, status int, format string, args ...any) {
	write(w, status, map[string]string{"error": fmt.Sprintf(format, args...)})
}

func write(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"error":"the answer could not be encoded"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the caller has left: there is nobody to tell
}

// Join writes rows that are encoded already as {"name":[row,row]}. It is for answers too hot to encode again.
func Join(name string, rows [][]byte) []byte {
	size := len(name) + 8 + len(rows)
	for _, r := range rows {
		size += len(r)
	}
	b := make([]byte, 0, size)
	b = append(b, `{"`...)
	b = append(b, name...)
	b = append(b, `":[`...)
	for i, r := range rows {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, r...)
	}
	return append(b, "]}"...)
}

package resolvers

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"facet/fault"
)

// A reply holds an answer back until its status is known: whether a scope was missing turns out while fields are answered.
type reply struct {
	http.ResponseWriter
	ask    *ask
	status int
	text   bytes.Buffer
}

func newReply(w http.ResponseWriter, a *ask) *reply {
	return &reply{ResponseWriter: w, ask: a, status: http.StatusOK}
}

func (r *reply) WriteHeader(status int)      { r.status = status }
func (r *reply) Write(b []byte) (int, error) { return r.text.Write(b) }

// send writes the answer. The transports' own errors are given a kind here, as they go past the presenter.
func (r *reply) send() {
	body := r.text.Bytes()
	if r.status >= 400 || !bytes.HasPrefix(body, []byte(`{"data":`)) {
		body = kinds(body)
	}
	switch {
	case r.ask.refused && r.status == http.StatusOK:
		r.status = http.StatusForbidden
	case r.ask.unfit, !r.ask.started && r.status == http.StatusInternalServerError:
		r.status = http.StatusUnprocessableEntity
	}
	write(r.ResponseWriter, r.status, body)
}

// kinds gives a code to every error that has none: they are about the request's form.
func kinds(body []byte) []byte {
	var answer struct {
		Errors     gqlerror.List   `json:"errors"`
		Data       json.RawMessage `json:"data"`
		Extensions map[string]any  `json:"extensions,omitempty"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return body
	}
	for _, e := range answer.Errors {
		if code, _ := e.Extensions["code"].(string); !isKind(code) {
			e.Extensions = map[string]any{"code": string(fault.Invalid)}
		}
	}
	if b, err := json.Marshal(answer); err == nil {
		return b
	}
	return body
}

// refuse answers a request that is not executed.
func refuse(w http.ResponseWriter, status int, err error) {
	body, _ := json.Marshal(graphql.Response{Errors: gqlerror.List{told(err)}, Data: json.RawMessage("null")})
	write(w, status, body)
}

func write(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// bounded notes that a body was longer than its reader allows, as the multipart transport does not tell.
type bounded struct {
	io.ReadCloser
	over bool
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	var over *http.MaxBytesError
	b.over = b.over || errors.As(err, &over)
	return n, err
}

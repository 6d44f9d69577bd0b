// Package resolvers answers the control API: GraphQL over what control does, for holders of tokens.
package resolvers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/extension"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/google/uuid"
	"github.com/rs/zerolog"
	"github.com/vektah/gqlparser/v2/ast"

	"facet/control"
	"facet/fault"
	"facet/resolvers/internal/exec"
)

// Options are what a control API is made of.
type Options struct {
	Control *control.Control
	Tokens  Tokens
	Log     zerolog.Logger // a line for each mutation, and for each internal error with its cause
	Limits  Limits
	// Context ends every status stream, so that a server can stop; nil leaves them to their clients.
	Context context.Context
}

// Handler answers POST /graphql, with a bearer token, and GET /healthz.
//
// It answers 200 for what was executed, with an error or without; 401 without a known token, 403 if the token lacks a scope that the operation
// needs, 422 for a document that is not of the schema, 400 and 413 for a body that is no request or too large. Every error has extensions.code,
// a fault.Kind. Answers have an X-Request-Id: the request's own, if it is 1 to 128 printable letters.
func Handler(o Options) http.Handler {
	s := newServer(o)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /graphql", s.graphql)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, "ok\n")
	})
	return mux
}

type server struct {
	tokens   Tokens
	log      zerolog.Logger
	limits   Limits
	bodyWait time.Duration
	engine   *handler.Server
	uploads  chan struct{} // one for each multipart request
	streams  chan struct{} // one for each subscription
}

// cached is how many documents are kept parsed: a client has few, and brings its values as variables.
const cached = 100

func newServer(o Options) *server {
	l := o.Limits.orDefaults()
	s := &server{tokens: o.Tokens, log: o.Log, limits: l, bodyWait: jsonBody, uploads: make(chan struct{}, l.Uploads), streams: make(chan struct{}, l.Streams)}
	r := &root{control: o.Control, ending: o.Context, every: time.Second}
	if r.ending == nil {
		r.ending = context.Background()
	}
	s.engine = handler.New(exec.NewExecutableSchema(exec.Config{Resolvers: r, Complexity: complexity()}))
	s.engine.AddTransport(transport.SSE{KeepAlivePingInterval: 15 * time.Second})
	s.engine.AddTransport(transport.POST{ResponseHeaders: map[string][]string{"Content-Type": {"application/json"}}})
	s.engine.AddTransport(transport.MultipartForm{MaxUploadSize: l.Upload, MaxMemory: l.Memory})
	s.engine.SetQueryCache(lru.New[*ast.QueryDocument](cached))
	s.engine.SetParserTokenLimit(l.Tokens)
	s.engine.SetErrorPresenter(presenter(o.Log))
	s.engine.SetRecoverFunc(recovered(o.Log))
	s.engine.Use(shape{l})
	s.engine.Use(extension.FixedComplexityLimit(l.Complexity))
	s.engine.Use(extension.Introspection{})
	s.engine.AroundOperations(s.start)
	s.engine.AroundFields(s.note)
	return s
}

// complexity multiplies what stands in a list by how long it may be.
func complexity() exec.ComplexityRoot {
	var c exec.ComplexityRoot
	c.Query.Packages = func(child int, _ string, first int) int { return 1 + max(0, first)*child }
	c.Query.Releases = func(child int, _, _ string, first int) int { return 1 + max(0, first)*child }
	c.Package.Versions = func(child int, first int) int { return 1 + max(0, first)*child }
	return c
}

func (s *server) graphql(w http.ResponseWriter, r *http.Request) {
	a := &ask{id: requestID(r)}
	h := w.Header()
	h.Set("X-Request-Id", a.id)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if a.who = s.tokens.find(bearer(r)); a.who == nil {
		h.Set("WWW-Authenticate", `Bearer realm="facet control"`)
		// The server reads what is left of a small body before it answers: a stranger may not take minutes over that.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(strangersBody)) // a writer without deadlines is a test's
		sentence := "the token is not known here"
		if r.Header.Get("Authorization") == "" {
			sentence = "the control API needs a token"
		}
		refuse(w, http.StatusUnauthorized, fault.New(fault.Unauthorized, "%s", sentence).WithHint("send Authorization: Bearer <token>; the edge command reads FACET_TOKEN"))
		return
	}
	r = r.WithContext(context.WithValue(r.Context(), askKey{}, a))
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err == nil && media == "multipart/form-data":
		s.multipart(w, r, a)
	case err != nil || media != "application/json":
		refuse(w, http.StatusUnsupportedMediaType, fault.New(fault.Invalid, "the body is neither application/json nor multipart/form-data"))
	case strings.Contains(r.Header.Get("Accept"), "text/event-stream"):
		s.stream(w, r)
	default:
		s.json(w, r, a)
	}
}

// strangersBody is how long a caller without a token may take to send its body.
const strangersBody = 2 * time.Second

// json answers an operation without files.
func (s *server) json(w http.ResponseWriter, r *http.Request, a *ask) {
	if !s.body(w, r) {
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.limits.Time)
	defer cancel()
	out := newReply(w, a)
	s.engine.ServeHTTP(out, r.WithContext(ctx))
	out.send()
}

// multipart answers an operation with files. Each takes memory and a build, so that only so many are let in.
func (s *server) multipart(w http.ResponseWriter, r *http.Request, a *ask) {
	select {
	case s.uploads <- struct{}{}:
		defer func() { <-s.uploads }()
	default:
		w.Header().Set("Retry-After", "1")
		refuse(w, http.StatusTooManyRequests, fault.New(fault.Limit, "%d uploads are being worked on", s.limits.Uploads).WithHint("try again in a second"))
		return
	}
	if r.ContentLength > s.limits.Upload {
		refuse(w, http.StatusRequestEntityTooLarge, s.tooLarge(s.limits.Upload))
		return
	}
	if r.ContentLength < 0 {
		r.ContentLength = s.limits.Upload // so that what has no length is kept in files, not in memory
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.limits.Time)
	defer cancel()
	body := &bounded{ReadCloser: http.MaxBytesReader(w, r.Body, s.limits.Upload)}
	r = r.WithContext(ctx)
	r.Body = body
	out := newReply(w, a)
	s.engine.ServeHTTP(out, r)
	if body.over {
		refuse(w, http.StatusRequestEntityTooLarge, s.tooLarge(s.limits.Upload))
		return
	}
	out.send()
}

// stream answers a subscription, or anything else, as Server-Sent Events.
func (s *server) stream(w http.ResponseWriter, r *http.Request) {
	select {
	case s.streams <- struct{}{}:
		defer func() { <-s.streams }()
	default:
		refuse(w, http.StatusTooManyRequests, fault.New(fault.Limit, "%d streams are open", s.limits.Streams).WithHint("try again later, or ask the query status"))
		return
	}
	if !s.body(w, r) {
		return
	}
	// The deadline of a server for whole answers is none for a stream. A writer without deadlines needs none.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
	s.engine.ServeHTTP(w, r)
}

// jsonBody is how long a JSON body may take to arrive: what a server allows a form with files is minutes.
const jsonBody = 30 * time.Second

// body reads a JSON body within its bounds, so that what follows reads memory; false if it has answered.
func (s *server) body(w http.ResponseWriter, r *http.Request) bool {
	arriving := http.NewResponseController(w) // a writer without deadlines is a test's
	_ = arriving.SetReadDeadline(time.Now().Add(s.bodyWait))
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.limits.Body))
	var over *http.MaxBytesError
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		refuse(w, http.StatusRequestTimeout, fault.New(fault.Timeout, "the body did not arrive within %s", s.bodyWait))
		return false
	case errors.As(err, &over):
		refuse(w, http.StatusRequestEntityTooLarge, s.tooLarge(s.limits.Body))
		return false
	case err != nil:
		refuse(w, http.StatusBadRequest, fault.New(fault.Invalid, "the body could not be read"))
		return false
	}
	_ = arriving.SetReadDeadline(time.Time{}) // else the connection would be taken for lost while the answer is made
	var request struct {
		Query         *string         `json:"query"`
		OperationName *string         `json:"operationName"`
		Variables     map[string]any  `json:"variables"`
		Extensions    json.RawMessage `json:"extensions"`
	}
	if err := json.Unmarshal(b, &request); err != nil || request.Query == nil {
		refuse(w, http.StatusBadRequest, fault.New(fault.Invalid, `the body is no JSON object with a "query", and perhaps "variables" and "operationName"`))
		return false
	}
	r.Body = io.NopCloser(bytes.NewReader(b))
	return true
}

func (s *server) tooLarge(limit int64) error {
	return fault.New(fault.TooLarge, "the request has more than %d bytes", limit)
}

func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// requestID is the id that the request brings, if it is fit for logs, else a new one.
func requestID(r *http.Request) string {
	id := r.Header.Get("X-Request-Id")
	if id == "" || len(id) > 128 || strings.ContainsFunc(id, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return uuid.NewString()
	}
	return id
}

// Package jsongraph serves device schemas as JSON Graphs: the Falcor protocol's get, set and call become Selections, which a composer.Answerer answers.
package jsongraph

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"facet/asker"
	"facet/composer"
	"facet/fault"
	"facet/serve"
)

// Views finds what answers a device schema.
type Views interface {
	// Find gives the Answerer that serves an asker, and what to call when the request is done. It is a NotFound error if the
	// device or schema is not there.
	Find(ctx context.Context, device, schema string, a *asker.Asker) (composer.Answerer, func(), error)
	// Near lists at most 20 names like those of a device schema that is not there.
	Near(device, schema string) []string
}

// Options are what a Handler is made of.
type Options struct {
	Views Views
	// Asker tells who asks; an Invalid error of it is answered as one.
	Asker  func(r *http.Request, device string) (*asker.Asker, error)
	Limits Limits
	// Introspection lists near names where a device or schema is not found.
	Introspection bool
	// Done is told of every answer, before its bytes are written; nil: nobody is.
	Done func(r *http.Request, o serve.Outcome)
}

// A Handler serves /{device}/{schema}/model.json: the two names are the request's path values.
type Handler struct {
	o      Options
	limits Limits
}

// New makes a Handler. It has no goroutines and nothing to close.
func New(o Options) *Handler { return &Handler{o: o, limits: o.Limits.filled()} }

// maxIdempotency is how many bytes an Idempotency-Key may have.
const maxIdempotency = 255

// ServeHTTP answers one request. A failure of the request as a whole is a status with a line of plain text, which the
// stock client makes its error's message of; a failure of single values is an error sentinel in a 200.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{h: h, w: w, r: r}
	defer x.release()
	if err := x.serve(); err != nil {
		x.fail(err)
	}
}

// An exchange is one request on its way.
type exchange struct {
	h       *Handler
	w       http.ResponseWriter
	r       *http.Request
	params  params
	answers composer.Answerer
	asker   *asker.Asker
	parts   []*composer.Part // every answer of the request
	roots   []*composer.Root // what they were asked
	undo    []func()
}

func (x *exchange) release() {
	for _, p := range x.parts {
		if p.Release != nil {
			p.Release()
		}
	}
	for _, f := range x.undo {
		f()
	}
}

func (x *exchange) serve() error {
	device, schema := x.r.PathValue("device"), x.r.PathValue("schema")
	who, err := x.h.o.Asker(x.r, device)
	if err != nil {
		return err
	}
	x.asker = who
	a, done, err := x.h.o.Views.Find(x.r.Context(), device, schema, who)
	if err != nil {
		return x.near(device, schema, err)
	}
	x.undo = append(x.undo, done)
	x.answers = a
	if len(x.r.Header.Get("Idempotency-Key")) > maxIdempotency {
		return limit("the Idempotency-Key is past the limit of %d bytes", maxIdempotency)
	}
	if x.params, err = x.read(); err != nil {
		return err
	}
	switch x.params.method {
	case "get":
		return x.get()
	case "set":
		return x.set()
	case "call":
		return x.call()
	case "":
		return invalid("the request does not say its method: get, set or call")
	}
	return invalid("there is no method %s: it is get, set or call", clip(x.params.method))
}

func (x *exchange) near(device, schema string, err error) error {
	if !x.h.o.Introspection || fault.KindOf(err) != fault.NotFound {
		return err
	}
	names := x.h.o.Views.Near(device, schema)
	if len(names) == 0 {
		return err
	}
	return fault.New(fault.NotFound, "%s; there are %s", fault.Public(err), strings.Join(names[:min(len(names), 20)], ", "))
}

// errMethod is a method of the protocol over the wrong method of HTTP.
var errMethod = &fault.Error{Kind: fault.Invalid, Message: "set and call change something: they are sent by POST"}

// fail answers the request as a whole.
func (x *exchange) fail(err error) {
	h := x.w.Header()
	serve.NoStore(h)
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	status := serve.Status(fault.KindOf(err))
	if c := serve.Challenge(err); c != "" {
		h.Set("WWW-Authenticate", c)
	}
	if errors.Is(err, errMethod) || errors.Is(err, errVerb) {
		status = http.StatusMethodNotAllowed
		allow := "GET, HEAD, POST"
		if errors.Is(err, errMethod) {
			allow = "POST"
		}
		h.Set("Allow", allow)
	}
	if errors.Is(err, errMedia) {
		status = http.StatusUnsupportedMediaType
	}
	text := fault.Public(err)
	if hint := fault.HintOf(err); hint != "" && fault.KindOf(err) != fault.Internal {
		text += "; " + hint
	}
	h.Set("Content-Length", strconv.Itoa(len(text)))
	x.done(status, err)
	x.w.WriteHeader(status)
	if x.r.Method != http.MethodHead {
		_, _ = x.w.Write([]byte(text))
	}
}

func (x *exchange) done(status int, err error) {
	if x.h.o.Done == nil {
		return
	}
	o := serve.Outcome{Device: x.r.PathValue("device"), Schema: x.r.PathValue("schema"), Name: x.params.method, Status: status, Failed: err, Roots: x.roots}
	if x.answers != nil {
		o.Surface = x.answers.Surface()
	}
	for _, p := range x.parts {
		o.Errors = append(o.Errors, p.Errors...)
		o.Degraded += len(p.Degraded)
		o.Stats.Calls += p.Stats.Calls
		o.Stats.Levels += p.Stats.Levels
		o.Stats.Bytes += p.Stats.Bytes
		o.Stats.Plan += p.Stats.Plan
		o.Stats.Time += p.Stats.Time
	}
	x.h.o.Done(x.r, o)
}

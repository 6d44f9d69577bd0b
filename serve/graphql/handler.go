// Package graphql serves device schemas over GraphQL: requests over HTTP, WebSocket and event streams become Selections, which a composer.Answerer answers.
package graphql

import (
	"context"
	"errors"
	"net/http"

	"github.com/vektah/gqlparser/v2/gqlerror"

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
	// Introspection answers __schema and __type, and near names where something is not found.
	Introspection bool
	// Draft uses the status codes of before GraphQL over HTTP's edition of September 2026.
	Draft bool
	// Trusted finds a document of a device schema by its id, which for clients of persisted queries is the sha256 of its text in hex; nil:
	// there are none.
	Trusted func(device, schema, id string) (text string, ok bool)
	// TrustedOnly says that a device schema is asked nothing but trusted documents; nil: each may be asked any.
	TrustedOnly func(device, schema string) bool
	// Done is told of every answer, before its bytes are written; nil: nobody is.
	Done func(r *http.Request, o serve.Outcome)
}

// A Handler serves /{device}/{schema}/graphql: the two names are the request's path values.
type Handler struct {
	views         Views
	asker         func(r *http.Request, device string) (*asker.Asker, error)
	limits        Limits
	introspection bool
	draft         bool
	trusted       trusted
	trustedOnly   func(device, schema string) bool
	seen          func(r *http.Request, o serve.Outcome)
	known         *persisted
}

// New makes a Handler. It has no goroutines and nothing to close.
func New(o Options) *Handler {
	l := o.Limits.withDefaults()
	return &Handler{views: o.Views, asker: o.Asker, limits: l, introspection: o.Introspection, draft: o.Draft,
		trusted: o.Trusted, trustedOnly: o.TrustedOnly, seen: o.Done, known: newPersisted(l.Persisted)}
}

type trusted func(device, schema, id string) (string, bool)

func (t trusted) find(at routeName, id string) (string, bool) {
	if t == nil {
		return "", false
	}
	return t(at.device, at.schema, id)
}

// only says whether nothing but trusted documents is answered at a route.
func (h *Handler) only(at routeName) bool {
	return h.trustedOnly != nil && h.trustedOnly(at.device, at.schema)
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	device, schema := r.PathValue("device"), r.PathValue("schema")
	c := &call{route: routeName{device, schema}}
	who, err := h.asker(r, device)
	if err != nil {
		h.fail(w, r, c, err)
		return
	}
	a, done, err := h.views.Find(r.Context(), device, schema, who)
	if err != nil {
		if h.introspection && fault.KindOf(err) == fault.NotFound {
			c.near = h.views.Near(device, schema)
			c.near = c.near[:min(len(c.near), 20)]
		}
		h.fail(w, r, c, err)
		return
	}
	defer done()
	idempotency := r.Header.Get("Idempotency-Key")
	if len(idempotency) > maxIdempotency {
		h.fail(w, r, c, fault.New(fault.Limit, "the Idempotency-Key is past the limit of %d bytes", maxIdempotency))
		return
	}
	c.answerer = a
	c.ask = composer.Request{Asker: who, Format: composer.FormatTree, Idempotency: idempotency}
	h.engine(a).serve(w, r, c)
}

// maxIdempotency is how many bytes an Idempotency-Key may have.
const maxIdempotency = 255

// fail answers a request that does not reach an engine.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, c *call, err error) {
	re := &reply{h: h, w: w, r: r, c: c}
	if !re.accept() {
		return
	}
	var f *fault.Error
	if !errors.As(err, &f) {
		f = &fault.Error{Kind: fault.KindOf(err), Err: err}
	}
	c.failed = f
	if challenge := serve.Challenge(f); challenge != "" {
		w.Header().Set("WWW-Authenticate", challenge)
	}
	re.write(h.refusal(f, re.media), gqlerror.List{request(f)}, nil, re.near())
}

// done tells who wants to know.
func (re *reply) done(status int) {
	if re.h.seen == nil {
		return
	}
	o := serve.Outcome{Device: re.r.PathValue("device"), Schema: re.r.PathValue("schema"), Name: re.operation, Status: status}
	if re.c.answerer != nil {
		o.Surface = re.c.answerer.Surface()
	}
	if re.c.ask.Selection != nil {
		o.Roots = re.c.ask.Selection.Roots
	}
	if re.c.failed != nil {
		o.Failed = re.c.failed
	}
	if p := re.c.part; p != nil {
		o.Errors, o.Degraded, o.Stats = p.Errors, len(p.Degraded), p.Stats
	}
	re.h.seen(re.r, o)
}

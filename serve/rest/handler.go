// Package rest serves device schemas as resources: a view is a GET, a mutation a POST, each becomes a Selection that a composer.Answerer answers.
package rest

import (
	"context"
	"encoding/json"
	"mime"
	"net/http"
	"strings"

	"facet/asker"
	"facet/composer"
	"facet/fault"
	"facet/serve"
	"facet/view"
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
	// Introspection answers openapi.json, and near names where something is not found.
	Introspection bool
	// Done is told of every answer, before its bytes are written; nil: nobody is.
	Done func(r *http.Request, o serve.Outcome)
}

// Limits bound one request, before anything is answered. Zero fields take the values of DefaultLimits.
type Limits struct {
	Query      int // bytes of a URL's query
	Fields     int // names in `fields`
	Depth      int // parentheses in `fields`
	Nodes      int // fields that a selection answers, defaults filled in
	Body       int // bytes of a POST's body
	Selections int // that one engine keeps parsed
}

// DefaultLimits are the limits that stand where none are stated.
func DefaultLimits() Limits {
	return Limits{Query: 16 << 10, Fields: 800, Depth: 24, Nodes: 5_000, Body: 256 << 10, Selections: 1_000}
}

func (l Limits) filled() Limits {
	d := DefaultLimits()
	for _, f := range []struct {
		have *int
		def  int
	}{{&l.Query, d.Query}, {&l.Fields, d.Fields}, {&l.Depth, d.Depth}, {&l.Nodes, d.Nodes}, {&l.Body, d.Body}, {&l.Selections, d.Selections}} {
		if *f.have == 0 {
			*f.have = f.def
		}
	}
	return l
}

// A Handler serves /{device}/{schema}/…: the two names are the request's path values. What has no schema is refused: where it
// stands behind everything else, each address that nothing is at has a problem, with names that are there.
type Handler struct {
	o Options
	l Limits
}

// New makes a Handler. It has no goroutines and nothing to close.
func New(o Options) *Handler { return &Handler{o: o, l: o.Limits.filled()} }

// maxIdempotency is how many bytes an Idempotency-Key may have.
const maxIdempotency = 255

// ServeHTTP answers one request. A refusal is a problem (RFC 9457).
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{h: h, w: w, r: r}
	x.outcome.Device, x.outcome.Schema = r.PathValue("device"), r.PathValue("schema")
	if err := x.serve(); err != nil {
		x.refuse(err)
	}
}

// An exchange is one request on its way.
type exchange struct {
	h       *Handler
	w       http.ResponseWriter
	r       *http.Request
	outcome serve.Outcome
	surface *view.Surface
	asker   *asker.Asker
}

func (x *exchange) serve() error {
	device, schema := x.outcome.Device, x.outcome.Schema
	if schema == "" {
		return x.nowhere(device)
	}
	who, err := x.h.o.Asker(x.r, device)
	if err != nil {
		return err
	}
	x.asker = who
	a, done, err := x.h.o.Views.Find(x.r.Context(), device, schema, who)
	if err != nil {
		if fault.KindOf(err) == fault.NotFound {
			return x.missing(err, device, schema)
		}
		return err
	}
	defer done()
	x.surface = a.Surface()
	x.outcome.Surface = x.surface
	name := strings.TrimPrefix(strings.TrimPrefix(x.r.URL.Path, "/"+device+"/"+schema), "/")
	switch id, node := strings.CutPrefix(name, "node/"); {
	case node && id != "":
		return x.node(a, id)
	case name == "openapi.json" && x.h.o.Introspection:
		return x.openapi(a)
	}
	return x.root(a, name)
}

// nowhere is the refusal of an address that is no device schema's.
func (x *exchange) nowhere(device string) error {
	err := fault.New(fault.NotFound, "there is nothing at %q", clip(x.r.URL.Path)).WithHint("devices ask /{device}/{schema}/{view}")
	if path := strings.TrimPrefix(x.r.URL.Path, "/"); device == "" {
		device, _, _ = strings.Cut(path, "/")
	}
	return x.missing(err, device, "")
}

func (x *exchange) missing(err error, device, schema string) error {
	if !x.h.o.Introspection {
		return err
	}
	near := x.h.o.Views.Near(device, schema)
	return &missing{error: err, near: near[:min(len(near), maxNear)]}
}

// root answers a view or a mutation.
func (x *exchange) root(a composer.Answerer, name string) error {
	kind, method := composer.RootView, http.MethodGet
	f := find(x.surface.QueryFields(), name)
	if f != nil && (f.PageOf != "" || name == "node") {
		f = nil // a list's page is asked with it; node has its own place
	}
	if f == nil {
		if f = find(x.surface.MutationFields(), name); f != nil {
			kind, method = composer.RootMutation, http.MethodPost
		}
	}
	if f == nil {
		return x.unknown(name)
	}
	x.outcome.Name = f.Name
	if err := x.method(method); err != nil {
		return err
	}
	args := own(f.Args, f.Paged)
	inQuery := args
	if kind == composer.RootMutation {
		inQuery = nil
	}
	p, err := readQuery(x.r.URL.RawQuery, inQuery, x.h.l)
	if err != nil {
		return err
	}
	if kind == composer.RootMutation {
		if p.args, err = x.body(args); err != nil {
			return err
		}
	}
	sel, err := x.h.prepare(a, selectionKey{kind: kind, name: name, fields: p.fields, choose: p.choose}, func(c *chooser, fields []*asked) {
		c.out.root = newRoot(kind, name)
		c.root(f, fields)
	})
	if err != nil {
		return err
	}
	req := &composer.Request{Asker: x.asker, Format: composer.FormatTree}
	root := *sel.root
	root.Args, req.Values = bind(args, p.args)
	if req.Windows, err = p.windows(sel.windows); err != nil {
		return err
	}
	req.Selection = sel.with(root.Args, &root, kind == composer.RootMutation)
	if kind == composer.RootMutation {
		req.Idempotency = x.r.Header.Get("Idempotency-Key")
		if len(req.Idempotency) > maxIdempotency {
			return past("bytes of Idempotency-Key", maxIdempotency)
		}
	}
	return x.answer(a, req)
}

func find(list []*view.TypeField, name string) *view.TypeField {
	for _, f := range list {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// own are a root's arguments without those of its window.
func own(args []*view.Arg, paged bool) []*view.Arg {
	var out []*view.Arg
	for _, a := range args {
		if !paged || !view.ReservedArg(a.Name) {
			out = append(out, a)
		}
	}
	return out
}

// method checks the request's method; HEAD is GET without a body.
func (x *exchange) method(want string) error {
	if x.r.Method == want || want == http.MethodGet && x.r.Method == http.MethodHead {
		return nil
	}
	allow := want
	if want == http.MethodGet {
		allow = "GET, HEAD"
	}
	x.w.Header().Set("Allow", allow)
	return &misuse{status: http.StatusMethodNotAllowed, error: fault.New(fault.Invalid, "%s is asked by %s", x.outcome.Name, want)}
}

func (x *exchange) body(args []*view.Arg) (map[string]json.RawMessage, error) {
	data, err := serve.Body(x.w, x.r, x.h.l.Body)
	if err != nil {
		return nil, err
	}
	typ, _, err := mime.ParseMediaType(x.r.Header.Get("Content-Type"))
	if (err != nil || typ != "application/json") && (len(data) > 0 || serve.Forgeable(x.r)) {
		return nil, &misuse{status: http.StatusUnsupportedMediaType, error: fault.New(fault.Invalid, "a mutation's arguments are application/json").
			WithHint("send the header Content-Type: application/json")}
	}
	return readBody(data, args)
}

// node answers any entity by its opaque id.
func (x *exchange) node(a composer.Answerer, id string) error {
	x.outcome.Name = "node"
	if err := x.method(http.MethodGet); err != nil {
		return err
	}
	nobody := fault.New(fault.NotFound, "there is no node %q", clip(id))
	name, parts, key, ok := view.DecodeID(id)
	if !ok {
		return nobody
	}
	sh, ok := x.surface.Shape(name)
	t := x.surface.Type(name)
	if !ok || t == nil || !sh.Def.Loadable || len(parts) != len(sh.Def.Args) {
		return nobody
	}
	p, err := readQuery(x.r.URL.RawQuery, nil, x.h.l)
	if err != nil {
		return err
	}
	sel, err := x.h.prepare(a, selectionKey{kind: composer.RootEntity, name: name, fields: p.fields, choose: p.choose}, func(c *chooser, fields []*asked) {
		c.out.root = newRoot(composer.RootEntity, name)
		c.out.root.Sub = c.object(t, fields, "", map[string]bool{}, nil)
	})
	if err != nil {
		return err
	}
	req := &composer.Request{Asker: x.asker, Format: composer.FormatTree, Values: []json.RawMessage{quote(key)}}
	root := *sel.root
	for i, arg := range sh.Def.Args {
		v, err := scalar(arg, arg.Type.Named(), parts[i])
		if err != nil {
			return nobody
		}
		root.Args = append(root.Args, composer.Arg{Name: arg.Name, Value: len(req.Values)})
		req.Values = append(req.Values, v)
	}
	if req.Windows, err = p.windows(sel.windows); err != nil {
		return err
	}
	req.Selection = sel.with(root.Args, &root, false)
	return x.answer(a, req)
}

// unknown is the refusal of a name that the schema does not have.
func (x *exchange) unknown(name string) error {
	err := fault.New(fault.NotFound, "there is no view or mutation %q", clip(name))
	if name == "" {
		err = fault.New(fault.NotFound, "this is %s/%s: say which view or mutation", x.surface.Device, x.surface.Schema).WithHint("ask /%s/%s/{view}, or …/graphql, …/model.json", x.surface.Device, x.surface.Schema)
	}
	if !x.h.o.Introspection {
		return err
	}
	var names []string
	for _, f := range x.surface.QueryFields() {
		if f.PageOf == "" && f.Name != "node" {
			names = append(names, f.Name)
		}
	}
	for _, f := range x.surface.MutationFields() {
		names = append(names, f.Name)
	}
	near := nearest(name, names)
	if name == "" || len(near) == 0 && len(names) <= maxNear {
		near = names[:min(len(names), maxNear)]
	}
	return &missing{error: err, near: near}
}

package graph

import (
	"slices"
	"strings"

	"facet/fault"
)

// The kinds of sources: a source and its connectors name the same one.
const (
	KindHTTP    = "http"
	KindGRPC    = "grpc"
	KindGraphQL = "graphql"
)

var kinds = []string{KindHTTP, KindGRPC, KindGraphQL}

// GRPC is how an operation of a gRPC source is called: one unary call.
type GRPC struct {
	Method  string     // "package.Service/Method"
	Message *Selection // the request message as a mapping over variables, which gives proto3 JSON; nil: an empty message
	Headers []Header   // what gRPC calls metadata
	// IdempotencyHeader names the header that carries a mutation's idempotency key; "" if it has none.
	IdempotencyHeader string
}

// GraphQL is how an operation of a GraphQL source is called. Its answer is what the upstream has under "data".
type GraphQL struct {
	Query     *Document
	Variables *Selection // their values, one item per variable that the document declares; nil: none
	Headers   []Header
	// IdempotencyHeader names the header that carries a mutation's idempotency key; "" if it has none.
	IdempotencyHeader string
}

// Headers are the operation's own headers, whatever its kind.
func (op *Operation) Headers() []Header {
	switch {
	case op.HTTP != nil:
		return op.HTTP.Headers
	case op.GRPC != nil:
		return op.GRPC.Headers
	case op.GraphQL != nil:
		return op.GraphQL.Headers
	}
	return nil
}

// overrides says whether the operation has a header of its own in the place of its source's.
func (op *Operation) overrides(name string) bool {
	return slices.ContainsFunc(op.Headers(), func(h Header) bool { return strings.EqualFold(h.Name, name) })
}

// IdempotencyHeader names the header that carries a mutation's idempotency key; "" if the operation has none: then it is
// never repeated.
func (op *Operation) IdempotencyHeader() string {
	switch {
	case op.HTTP != nil:
		return op.HTTP.IdempotencyHeader
	case op.GRPC != nil:
		return op.GRPC.IdempotencyHeader
	case op.GraphQL != nil:
		return op.GraphQL.IdempotencyHeader
	}
	return ""
}

// Request is the mapping that makes what is sent: a body, a message, a document's variables. It is nil without one.
func (op *Operation) Request() *Selection {
	switch {
	case op.HTTP != nil:
		return op.HTTP.Body
	case op.GRPC != nil:
		return op.GRPC.Message
	case op.GraphQL != nil:
		return op.GraphQL.Variables
	}
	return nil
}

// templates are the templates of a call.
func (op *Operation) templates() (list []*Template) {
	if op.HTTP != nil {
		list = append(list, op.HTTP.Path)
	}
	for _, h := range op.Headers() {
		list = append(list, h.Value)
	}
	return list
}

// kind is the one kind that a directive names; "" if a diagnostic was added.
func (b *builder) kind(g bag, missing, fix string) string {
	kind := ""
	for _, k := range kinds {
		switch {
		case !g.has(k):
		case kind == "":
			kind = k
		default:
			b.add(g.posOf(k), "G050", "leave one of them", "%s is of one kind, this one names %s and %s", g.where, kind, k)
		}
	}
	if kind == "" {
		b.add(g.pos, "G003", fix, "%s", missing)
	}
	return kind
}

// address reads where a source is: http: { baseURL, headers }, grpc: { address, tls, descriptors, headers } or
// graphql: { url, headers }.
func (b *builder) address(s *Source, g bag) {
	s.Kind = b.kind(g, "the source "+s.Name+" does not say how it is called", `add http: { baseURL: "{$env.URL}" }, grpc: { address: "{$env.ADDRESS}" } or graphql: { url: "{$env.URL}" }`)
	var o bag
	var at string
	switch s.Kind {
	case KindHTTP:
		at, o = "baseURL", g.object(KindHTTP, "baseURL", "headers")
	case KindGRPC:
		at, o = "address", g.object(KindGRPC, "address", "tls", "descriptors", "headers")
		s.TLS = o.flag("tls")
		if text, ok := o.text("descriptors"); ok && text.val != "reflection" {
			s.Descriptors = b.configured(text, "descriptors")
		}
	case KindGraphQL:
		at, o = "url", g.object(KindGraphQL, "url", "headers")
	default:
		return
	}
	if text, ok := o.need(at); ok {
		s.BaseURL = b.configured(text, at)
	}
	s.Headers = b.headers(o)
	for _, hd := range s.Headers {
		b.metadata(s.Kind, hd.Name, o.pos)
		for _, e := range hd.Value.exprs() {
			b.fixed(e)
		}
	}
}

// configured reads a template that names environment configuration only.
func (b *builder) configured(text str, what string) *Template {
	t, good := readTemplate(text, b.out)
	article := "a "
	switch what {
	case "address":
		article = "an "
	case "descriptors":
		article = ""
	}
	for _, e := range t.exprs() {
		if good && e.Var != VarEnv && e.Var != VarConfig {
			b.add(e.pos, "G015", "only $env and $config are known before a request", "%s cannot stand in %s%s", e.Expr, article, what)
		}
	}
	return t
}

// metadata refuses header names that gRPC keeps to itself or sends as bytes.
func (b *builder) metadata(kind, name string, pos fault.Pos) {
	if kind != KindGRPC {
		return
	}
	switch n := strings.ToLower(name); {
	case strings.HasPrefix(n, "grpc-"):
		b.add(pos, "G003", "give it another name", "gRPC keeps the header %s to itself", name)
	case strings.HasSuffix(n, "-bin"):
		b.add(pos, "G003", "send text, under a name without -bin", "the header %s would carry bytes", name)
	}
}

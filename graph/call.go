package graph

import (
	"slices"
	"strings"
)

// httpMethods are those that @connect may name, exactly one.
var httpMethods = []string{"GET", "POST", "PUT", "PATCH", "DELETE"}

// call reads how @connect calls its tier: by the kind of its source.
func (b *builder) call(op *Operation, g bag) {
	kind := b.kind(g, "@connect does not say how the tier is called", callFix(op.Source.Kind))
	if op.Source.Kind != "" && kind != "" && kind != op.Source.Kind {
		b.add(g.posOf(kind), "G050", callFix(op.Source.Kind), "the source %s is called by %s, this connector says %s", op.Source.Name, op.Source.Kind, kind)
	}
	switch kind {
	case KindHTTP:
		b.http(op, g)
	case KindGRPC:
		b.grpc(op, g)
	case KindGraphQL:
		b.graphql(op, g)
	}
}

func callFix(kind string) string {
	switch kind {
	case KindGRPC:
		return `add grpc: { method: "package.Service/Method" }`
	case KindGraphQL:
		return `add graphql: { query: "{ … }" }`
	}
	return `add http: { GET: "/…" }`
}

// http reads http: { GET …, queryParams, body, headers, idempotencyHeader }.
func (b *builder) http(op *Operation, g bag) {
	h := g.object("http", append(slices.Clone(httpMethods), "headers", "body", "idempotencyHeader", "queryParams")...)
	op.HTTP = &HTTP{}
	var path str
	for _, m := range httpMethods {
		if !h.has(m) {
			continue
		}
		if op.HTTP.Method != "" {
			b.add(h.posOf(m), "G003", "leave one of them", "a connector has one method, this one has %s and %s", op.HTTP.Method, m)
			continue
		}
		op.HTTP.Method = m
		var ok bool
		if path, ok = h.text(m); !ok {
			continue
		}
		op.HTTP.Path, _ = readTemplate(path, b.out)
		if !strings.HasPrefix(path.val, "/") {
			b.add(path.pos(0), "G011", "begin it with /; the address is the source's baseURL", "the path %q does not begin with /", path.val)
		}
		b.use(op, op.HTTP.Path.exprs())
	}
	if op.HTTP.Method == "" {
		b.add(h.pos, "G003", "add one of "+strings.Join(httpMethods, ", "), "@connect http names no method")
		return
	}
	if op.Mutation && op.HTTP.Method == "GET" {
		b.warn(h.pos, "G040", "use POST, PUT, PATCH or DELETE", "the mutation %s is called by GET", op.Field.Name)
	}
	if q, ok := h.text("queryParams"); ok && op.HTTP.Path != nil {
		b.queryParams(op, q)
	}
	op.HTTP.Headers, op.HTTP.IdempotencyHeader = b.sent(op, h)
	body, ok := h.text("body")
	if !ok {
		return
	}
	if op.HTTP.Method == "GET" || op.HTTP.Method == "DELETE" {
		b.add(body.pos(0), "G003", "use POST", "a %s has no body", op.HTTP.Method)
	}
	op.HTTP.Body = b.body(op, body)
}

// grpc reads grpc: { method, message, headers, idempotencyHeader }.
func (b *builder) grpc(op *Operation, g bag) {
	h := g.object(KindGRPC, "method", "message", "headers", "idempotencyHeader")
	op.GRPC = &GRPC{}
	if m, ok := h.need("method"); ok {
		op.GRPC.Method = m.val
		if service, method, found := strings.Cut(m.val, "/"); !found || !isName(method) || !isDotted(service) {
			b.add(m.pos(0), "G003", `write "package.Service/Method"`, "%q names no gRPC method", m.val)
		}
	}
	if msg, ok := h.text("message"); ok {
		op.GRPC.Message = b.body(op, msg)
		if s := op.GRPC.Message; s != nil && s.Literal != nil {
			b.add(msg.pos(0), "G003", "name the message's fields: \"ids: $batch.id\"", "a message is an object")
		}
	}
	op.GRPC.Headers, op.GRPC.IdempotencyHeader = b.sent(op, h)
	for _, hd := range op.GRPC.Headers {
		b.metadata(KindGRPC, hd.Name, h.pos)
	}
	b.metadata(KindGRPC, op.GRPC.IdempotencyHeader, h.pos)
}

func isDotted(s string) bool {
	return !slices.ContainsFunc(strings.Split(s, "."), func(part string) bool { return !isName(part) })
}

// graphql reads graphql: { query, variables, headers, idempotencyHeader }.
func (b *builder) graphql(op *Operation, g bag) {
	h := g.object(KindGraphQL, "query", "variables", "headers", "idempotencyHeader")
	op.GraphQL = &GraphQL{}
	if q, ok := h.need("query"); ok {
		op.GraphQL.Query = b.document(op, q)
	}
	vars, given := h.text("variables")
	if given {
		op.GraphQL.Variables = b.body(op, vars)
	}
	op.GraphQL.Headers, op.GraphQL.IdempotencyHeader = b.sent(op, h)
	if op.GraphQL.Query == nil || given && op.GraphQL.Variables == nil {
		return
	}
	b.variables(op, h)
}

// variables compares the variables that a document declares with those that are given.
func (b *builder) variables(op *Operation, h bag) {
	doc, given := op.GraphQL.Query, op.GraphQL.Variables
	if given != nil && given.Items == nil {
		b.add(h.posOf("variables"), "G052", "name each: \"ids: $batch.id\"", "variables are named one by one")
		return
	}
	var names []string
	for _, v := range doc.Variables {
		names = append(names, v.Name)
		if given.Item(v.Name) == nil && v.Required {
			b.add(h.posOf("query"), "G052", "add "+v.Name+": … to the variables", "the query needs $%s: %s, which is not given", v.Name, v.Type)
		}
	}
	if given == nil {
		return
	}
	for _, it := range given.Items {
		if !slices.Contains(names, it.Field) {
			fix := meant(it.Field, names)
			if fix == "" {
				fix = "declare it: query($" + it.Field + ": …) { … }"
			}
			b.add(it.Pos, "G052", fix, "the query declares no $%s", it.Field)
		}
	}
}

// sent reads headers and idempotencyHeader of any kind.
func (b *builder) sent(op *Operation, h bag) (list []Header, idempotency string) {
	list = b.headers(h)
	for _, hd := range list {
		b.use(op, hd.Value.exprs())
	}
	ih, ok := h.text("idempotencyHeader")
	if !ok {
		return list, ""
	}
	if !isToken(ih.val) {
		b.add(ih.pos(0), "G003", "", "%q cannot name a header", ih.val)
	}
	if !op.Mutation {
		b.add(ih.pos(0), "G003", "leave it out: reads may be repeated anyway", "only a mutation has an idempotencyHeader")
	}
	return list, ih.val
}

// Package graphql calls tiers that are GraphQL servers: it sends a connector's query, cut down to what is wanted, over the same
// wire as HTTP tiers, and takes the data out of the answer.
package graphql

import (
	"context"
	"encoding/json"
	"slices"

	"facet/fault"
	"facet/graph"
	"facet/tiers"
	"facet/tiers/http"
	"facet/tiers/internal/request"
)

// Settings are the environment's side of GraphQL tiers: those of HTTP.
type Settings = http.Settings

// mediaType is what servers answer that tell failures by their status: https://graphql.github.io/graphql-over-http/draft/
const mediaType = "application/graphql-response+json"

// A Tier calls the operations of one GraphQL source.
type Tier struct {
	wire  *http.Wire
	calls map[*graph.Operation]*call
}

// A call is one operation, made ready.
type call struct {
	op        *graph.Operation
	post      *http.Post
	variables map[string]*request.Body // by name
	queries   queries
}

// New makes the tier of a source for its operations (others are skipped). The error is Invalid and lists all that is missing.
func New(source *graph.Source, operations []*graph.Operation, s Settings) (*Tier, error) {
	c := &request.Compiler{Env: s.Env, Config: s.Config}
	t := &Tier{wire: http.NewWire(s), calls: map[*graph.Operation]*call{}}
	for _, op := range operations {
		if op.Source != source || op.GraphQL == nil {
			continue
		}
		k := &call{op: op, post: t.wire.Post(c, op, "url", mediaType), variables: map[string]*request.Body{}}
		if op.GraphQL.Variables != nil {
			for _, it := range op.GraphQL.Variables.Items {
				k.variables[it.Field] = c.Body(op, it.Value)
			}
		}
		k.queries.of = k.prepare
		t.calls[op] = k
	}
	if err := c.Err(source); err != nil {
		return nil, err
	}
	return t, nil
}

// Close drops unused connections.
func (t *Tier) Close() { t.wire.Close() }

// A query is a document that was cut down to some fields, ready to be sent.
type query struct {
	head      string // the body up to the first variable's value
	variables []variable
}

type variable struct {
	before string // what stands before its value: `"ids":`
	value  *request.Body
}

// prepare cuts the operation's document down to the fields.
func (k *call) prepare(fields []string) *query {
	doc := k.op.Prune(fields)
	text, _ := json.Marshal(doc.String()) // a string always encodes
	q := &query{head: `{"query":` + string(text)}
	if doc.Name != "" {
		q.head += `,"operationName":"` + doc.Name + `"`
	}
	q.head += `,"variables":{`
	sep := ""
	for _, v := range doc.Variables {
		body := k.variables[v.Name]
		if body == nil {
			continue // its default is taken
		}
		q.variables = append(q.variables, variable{before: sep + `"` + v.Name + `":`, value: body})
		sep = ","
	}
	return q
}

// Append implements http.Body.
func (q *query) Append(buf []byte, c *tiers.Call) []byte {
	buf = append(buf, q.head...)
	for i := range q.variables {
		buf = append(buf, q.variables[i].before...)
		buf = q.variables[i].value.Append(buf, c)
	}
	return append(buf, '}', '}')
}

// Call implements tiers.Tier. The answer is what the server has under "data".
func (t *Tier) Call(ctx context.Context, c *tiers.Call) (*tiers.Answer, error) {
	k := t.calls[c.Operation]
	if k == nil {
		return nil, request.Refused(c, fault.Internal, "the tier was made without this operation")
	}
	q := k.queries.get(c.Fields)
	reply, err := k.post.Send(ctx, c, q)
	if err != nil {
		return nil, err
	}
	data, partial, err := k.data(reply, c)
	if err != nil {
		if reply.Release != nil {
			reply.Release()
		}
		return nil, err
	}
	return &tiers.Answer{Body: data, Release: reply.Release, Partial: partial}, nil
}

// codes are what GraphQL servers say by extensions.code, besides our own kinds.
var codes = map[string]fault.Kind{
	"UNAUTHENTICATED": fault.Unauthorized, "UNAUTHORIZED": fault.Unauthorized, "FORBIDDEN": fault.Forbidden, "PERMISSION_DENIED": fault.Forbidden,
	"NOT_FOUND": fault.NotFound, "BAD_USER_INPUT": fault.Invalid, "BAD_REQUEST": fault.Invalid, "INVALID_ARGUMENT": fault.Invalid, "INVALID": fault.Invalid,
	"CONFLICT": fault.Conflict, "TIMEOUT": fault.Timeout, "GATEWAY_TIMEOUT": fault.Timeout, "DEADLINE_EXCEEDED": fault.Timeout,
	"INTERNAL_SERVER_ERROR": fault.Unavailable, "SERVICE_UNAVAILABLE": fault.Unavailable, "UNAVAILABLE": fault.Unavailable, "INTERNAL": fault.Unavailable,
	"TOO_MANY_REQUESTS": fault.Unavailable, "RATE_LIMITED": fault.Unavailable, "RATE_LIMIT_EXCEEDED": fault.Unavailable, "LIMIT": fault.Unavailable,
	"GRAPHQL_PARSE_FAILED": fault.BadAnswer, "GRAPHQL_VALIDATION_FAILED": fault.BadAnswer, "BAD_ANSWER": fault.BadAnswer, "CANCELED": fault.Unavailable,
	"TOO_LARGE": fault.TooLarge,
}

// sentences are what people read of each kind.
var sentences = map[fault.Kind]string{
	fault.Unauthorized: "the tier wants to know who asks", fault.Forbidden: "the tier forbids it", fault.NotFound: "the tier has no such thing",
	fault.Invalid: "the tier finds the request invalid", fault.Conflict: "somebody else changed it first", fault.Timeout: "the tier gave up waiting",
	fault.Unavailable: "the tier failed", fault.BadAnswer: "the tier's answer breaks its contract", fault.TooLarge: "the tier finds the request too large",
}

// severity orders kinds: of several errors the one that says most about the tier is the call's.
var severity = []fault.Kind{fault.BadAnswer, fault.Unavailable, fault.Timeout, fault.Unauthorized, fault.Forbidden, fault.Invalid, fault.Conflict, fault.TooLarge, fault.NotFound}

func worse(a, b fault.Kind) bool { return slices.Index(severity, a) < slices.Index(severity, b) }

// Package tiers is the contract between the composer and the backends: one batched call of one operation.
package tiers

import (
	"context"
	"encoding/json"
	"net/http"

	"facet/graph"
)

// A Tier calls the operations of one source. Implementations are safe for use by many goroutines.
type Tier interface {
	// Call makes one call. It returns when the whole answer is read, or ctx ends. The errors are fault.Errors:
	//   - Timeout: the deadline of ctx or of the operation passed
	//   - Canceled: ctx was cancelled
	//   - Unavailable: no connection, a breaker is open, a 5xx, a 429, gRPC's UNAVAILABLE, INTERNAL, RESOURCE_EXHAUSTED
	//   - Limit: the concurrency limit's queue is full
	//   - NotFound: the tier says that the one entity asked for does not exist (HTTP 404, 410): data, not a failure, for reads
	//   - BadAnswer: not the media type that was agreed, a redirect, or more bytes than the tier may answer
	//   - Invalid, Unauthorized, Forbidden, Conflict, TooLarge (the request): the tier's own 4xx, or what its kind has for them
	// Call retains nothing of c after it returns. The answer's bytes belong to the caller until Release.
	Call(ctx context.Context, c *Call) (*Answer, error)
}

// A Call is {operation, keys, arguments, wanted fields, forwarded context}.
type Call struct {
	Operation *graph.Operation
	// Needs are the values of Operation.Needs, column by column: Needs[i][k] is the JSON value of Operation.Needs[i] of the
	// k-th parent, a scalar. Keys stand once, in first-seen order. An operation that is not batched has one row.
	Needs [][]json.RawMessage
	Args  []json.RawMessage // the values of Operation.Args, in that order; nil is null (not given)
	Page  Page              // of operations with Operation.Page
	// Context are the values of Operation.Context, in that order.
	Context []json.RawMessage
	// Headers are the device's request headers; only those that the source or the operation lists are sent.
	Headers http.Header
	// Fields are the wanted graph fields as dotted paths, sorted: GraphQL upstreams prune by them, the others ignore them.
	Fields []string
	// Idempotency is a mutation's idempotency key; "" if the asker gave none: then the call is never repeated.
	Idempotency string
	// Intake is told of a large answer while it comes; nil: nobody is. A tier may pass it over.
	Intake Intake
}

// A Page is the part of a list that a call asks for.
type Page struct {
	Offset, Limit int
	After         json.RawMessage // the previous answer's next; nil at the start
}

// An Answer is what a tier answered.
type Answer struct {
	// Body is JSON, not yet checked. Where a tier knows that a part of it failed, the part is no value of its place: see
	// graph.Selection.Misfit.
	Body []byte
	// Release gives Body back to the tier's pool; nil if there is nothing to give back. It is called at most once.
	Release func()
	// Partial says that the tier knows that a part of Body failed: it is not kept.
	Partial bool
}

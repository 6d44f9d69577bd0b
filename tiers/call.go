package tiers

import (
	"context"
	"errors"
	"iter"

	"facet/fault"
	"facet/graph"
)

// ContextError is the fault of a call of op that ended with its context: Timeout or Canceled.
func ContextError(op *graph.Operation, err error) *fault.Error {
	if errors.Is(err, context.Canceled) {
		return &fault.Error{Kind: fault.Canceled, Op: "tier", Subject: op.ID, Message: "the call was cancelled", Err: err}
	}
	return &fault.Error{Kind: fault.Timeout, Op: "tier", Subject: op.ID, Message: "the tier did not answer in time", Err: err}
}

// Forwarded yields the headers that a call of op sends on: the name they are sent under, and the name that the device's
// request has them under. An operation's own header takes the place of its source's.
func Forwarded(op *graph.Operation) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for h := range Headers(op) {
			if h.From != "" && !yield(h.Name, h.From) {
				return
			}
		}
	}
}

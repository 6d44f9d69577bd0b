package grpc

import (
	"context"
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"facet/fault"
	"facet/graph"
	"facet/tiers"
)

// said is what each status code stands for.
var said = map[codes.Code]struct {
	kind    fault.Kind
	message string
}{
	codes.Canceled:           {fault.Unavailable, "the tier gave up"}, // the caller's own cancelling is told before
	codes.Unknown:            {fault.Unavailable, "the tier failed"},
	codes.InvalidArgument:    {fault.Invalid, "the tier finds the request invalid"},
	codes.DeadlineExceeded:   {fault.Timeout, "the tier did not answer in time"},
	codes.NotFound:           {fault.NotFound, "the tier has no such thing"},
	codes.AlreadyExists:      {fault.Conflict, "the tier has it already"},
	codes.PermissionDenied:   {fault.Forbidden, "the tier forbids it"},
	codes.ResourceExhausted:  {fault.Unavailable, "the tier is asked too often"}, // by all devices together: none of them is past a limit
	codes.FailedPrecondition: {fault.Conflict, "the tier is not in the state that this needs"},
	codes.Aborted:            {fault.Conflict, "somebody else changed it first"},
	codes.OutOfRange:         {fault.Invalid, "the tier finds the request invalid"},
	codes.Unimplemented:      {fault.BadAnswer, "the tier does not have the method"},
	codes.Internal:           {fault.Unavailable, "the tier failed"},
	codes.Unavailable:        {fault.Unavailable, "the tier cannot be reached"},
	codes.DataLoss:           {fault.Unavailable, "the tier failed"},
	codes.Unauthenticated:    {fault.Unauthorized, "the tier wants to know who asks"},
}

// failed is the fault of a call of op that ended with a status.
func failed(ctx context.Context, op *graph.Operation, err error, limit int) error {
	if ctx.Err() != nil {
		return tiers.ContextError(op, ctx.Err())
	}
	st := status.Convert(err)
	if st.Code() == codes.ResourceExhausted && strings.HasPrefix(st.Message(), "grpc: received message") {
		return &fault.Error{Kind: fault.BadAnswer, Op: "tier", Subject: op.ID, Message: fmt.Sprintf("the tier's answer is larger than %d bytes", limit), Err: err}
	}
	as, ok := said[st.Code()]
	if !ok {
		as.kind, as.message = fault.BadAnswer, "the tier's answer breaks its contract"
	}
	return &fault.Error{Kind: as.kind, Op: "tier", Subject: op.ID, Message: as.message, Err: fmt.Errorf("%s: %.200q", st.Code(), st.Message())}
}

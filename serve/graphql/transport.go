package graphql

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"

	gqlgen "github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"facet/fault"
)

// A transport is GraphQL over HTTP with our own writing: gqlgen's would read and print the answer's bytes once more.
type transport struct{ e *engine }

// Supports takes every request: the methods are told apart in Do.
func (transport) Supports(*http.Request) bool { return true }

// Do answers one request.
func (t transport) Do(w http.ResponseWriter, r *http.Request, ex gqlgen.GraphExecutor) {
	h, ctx := t.e.h, r.Context()
	c := asked(ctx)
	re := c.reply
	re.w = w
	defer re.settle()
	p, id, m := h.params(r, c.body)
	if m != nil {
		re.misused(m)
		return
	}
	c.documentID = id
	p.Headers = r.Header
	oc, errs := ex.CreateOperationContext(ctx, p)
	if len(errs) > 0 {
		re.refused(h.presented(c, errs))
		return
	}
	re.operation = oc.Operation.Name
	if safe(r.Method) && oc.Operation.Operation != ast.Query {
		re.misused(&misuse{status: http.StatusMethodNotAllowed, err: fault.New(fault.Invalid, "a GET runs queries only; POST a %s", oc.Operation.Operation), allow: "POST"})
		return
	}
	next, ctx := ex.DispatchOperation(ctx, oc)
	resp := next(ctx)
	switch {
	case resp == nil && ctx.Err() != nil: // gqlgen gives nothing to a device that went away
		c.failed = &fault.Error{Kind: fault.Canceled, Err: context.Cause(ctx)}
		re.refused(gqlerror.List{request(c.failed)})
	case c.failed != nil:
		re.refused(resp.Errors)
	case resp == nil:
		c.failed = fault.New(fault.Internal, "gqlgen gave no response")
		re.refused(gqlerror.List{request(c.failed)})
	default:
		re.answered(resp)
	}
}

// settle ends a request, whatever became of it: it is deferred.
func (re *reply) settle() {
	p := recover()
	if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(p)
	}
	if p != nil { // what a part of ours did wrong ends here, and costs this request alone
		re.c.failed = fault.Wrap(fault.Internal, "graphql", "", fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		re.refused(gqlerror.List{request(re.c.failed)})
	}
	if part := re.c.part; part != nil && part.Release != nil {
		re.c.part = nil // whoever settles it again
		part.Release()
	}
}

// presented makes request errors of what gqlgen's executor found itself: variables that do not fit.
func (h *Handler) presented(c *call, errs gqlerror.List) gqlerror.List {
	switch {
	case len(c.invalid) > 0:
		return c.invalid
	case c.failed != nil:
		return errs
	}
	text := errs[0].Message
	if len(errs[0].Path) > 1 {
		text = strings.TrimPrefix(errs[0].Path.String(), "variable.") + ": " + text
	}
	c.failed = fault.New(fault.Invalid, "variable %s", clip200(text))
	return gqlerror.List{request(c.failed)}
}

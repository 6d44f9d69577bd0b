package grpc

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"

	"facet/fault"
	"facet/graph"
	"facet/tiers"
	"facet/tiers/internal/request"
)

// A method is one operation's, made ready against descriptors.
type method struct {
	path  string
	write *writer
	whole *request.Value // the value that is the message; nil: write makes it
	in    protoreflect.MessageDescriptor
	shape *shape
	types types
	err   error // what is wrong with it: then it cannot be called
}

// A compiler makes one operation ready and collects what is wrong with it.
type compiler struct {
	*request.Compiler
	problems []string
}

func (c *compiler) problem(format string, args ...any) {
	if p := fmt.Sprintf(format, args...); !slices.Contains(c.problems, p) {
		c.problems = append(c.problems, p)
	}
}

// compile makes an operation ready.
func compile(env *request.Compiler, op *graph.Operation, files *protoregistry.Files, ts *dynamicpb.Types) *method {
	c := &compiler{Compiler: env}
	m := &method{path: "/" + op.GRPC.Method, write: &writer{}, types: ts}
	md, err := methodOf(files, op.GRPC.Method)
	if err != nil {
		m.err = err
		return m
	}
	m.in = md.Input()
	switch s := op.GRPC.Message; {
	case s == nil:
	case s.Expr != nil && s.Items == nil:
		if special(m.in) {
			c.problem("the message %s is made of no fields", m.in.FullName())
		}
		m.whole = c.Value(op, s.Expr)
	default:
		m.write = c.writer(op, s, m.in)
	}
	m.shape = (&shapes{c: c, whole: map[protoreflect.FullName]*shape{}}).of(md.Output(), op.Reads(nil))
	if len(c.problems) > 0 {
		m.err = fmt.Errorf("%s", strings.Join(c.problems, "; "))
	}
	return m
}

// message writes the request.
func (m *method) message(b []byte, c *tiers.Call) (_ []byte, err error) {
	if m.whole == nil {
		b, err = m.write.append(b, c)
	} else if raw := m.whole.One(c); !request.IsNull(raw) {
		b, err = appendObject(b, m.in, raw)
	}
	if err != nil {
		return b, &fault.Error{Kind: fault.Invalid, Op: "tier", Subject: c.Operation.ID, Message: "a value does not fit the tier's message", Err: fmt.Errorf("%s: %w", m.in.FullName(), err)}
	}
	return b, nil
}

// hop are the headers that belong to the connection.
var hop = []string{"connection", "content-type", "content-length", "te", "transfer-encoding", "host", "user-agent"}

// outgoing gives a call its metadata.
func outgoing(ctx context.Context, c *tiers.Call, h *request.Headers) (context.Context, error) {
	md := make(metadata.MD, len(h.Fixed)+h.Len())
	for name, value := range h.Fixed {
		md[name] = []string{value}
	}
	if err := h.Set(ctx, c, md); err != nil {
		return ctx, err
	}
	for name, values := range md {
		if slices.ContainsFunc(values, func(v string) bool { return !printable(v) }) {
			return ctx, request.Refused(c, fault.Invalid, "a value is not legal in the header "+name)
		}
	}
	if len(md) == 0 {
		return ctx, nil
	}
	return metadata.NewOutgoingContext(ctx, md), nil
}

// printable says whether s may be a value of metadata: ASCII without control characters.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

package resolvers

import (
	"context"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"

	"facet/fault"
)

// Limits bound what one request may cost. A zero field takes the default's value.
type Limits struct {
	Body       int64         // bytes of a JSON request
	Upload     int64         // bytes of a multipart request
	Memory     int64         // bytes of a multipart request that are held in memory; a larger one goes to a temporary file
	Query      int           // bytes of a document
	Tokens     int           // lexical tokens of a document
	Depth      int           // fields in each other
	Fields     int           // fields of an operation, those of a fragment counted at each of its uses
	Roots      int           // fields of the operation itself: each is a walk through the store
	Complexity int           // fields times what their lists may hold
	Uploads    int           // multipart requests at a time; more are told to come back
	Time       time.Duration // of one request that is no subscription
	Streams    int           // subscriptions at a time
}

// DefaultLimits are generous for people and programs that deploy, and small for anything else.
func DefaultLimits() Limits {
	return Limits{Body: 1 << 20, Upload: 64 << 20, Memory: 8 << 20, Query: 64 << 10, Tokens: 4000, Depth: 20, Fields: 600, Roots: 10, Complexity: 200_000, Uploads: 8, Time: 2 * time.Minute, Streams: 100}
}

func (l Limits) orDefaults() Limits {
	d := DefaultLimits()
	orInt64(&l.Body, d.Body)
	orInt64(&l.Upload, d.Upload)
	orInt64(&l.Memory, d.Memory)
	orInt64(&l.Time, d.Time)
	orInt64(&l.Query, d.Query)
	orInt64(&l.Tokens, d.Tokens)
	orInt64(&l.Depth, d.Depth)
	orInt64(&l.Fields, d.Fields)
	orInt64(&l.Roots, d.Roots)
	orInt64(&l.Complexity, d.Complexity)
	orInt64(&l.Uploads, d.Uploads)
	orInt64(&l.Streams, d.Streams)
	return l
}

func orInt64[T ~int | ~int64](v *T, d T) {
	if *v == 0 {
		*v = d
	}
}

// shape is the extension that refuses documents by their shape. It runs before validation, which can cost much more than execution.
type shape struct{ limits Limits }

var _ interface {
	graphql.HandlerExtension
	graphql.OperationParameterMutator
} = shape{}

func (shape) ExtensionName() string                          { return "Shape" }
func (shape) Validate(schema graphql.ExecutableSchema) error { return nil }

func (s shape) MutateOperationParameters(ctx context.Context, p *graphql.RawParams) *gqlerror.Error {
	if len(p.Query) > s.limits.Query {
		asking(ctx).unfit = true
		return told(fault.New(fault.TooLarge, "the document has more than %d bytes", s.limits.Query).WithHint("send values as variables"))
	}
	doc, _ := parser.ParseQueryWithTokenLimit(&ast.Source{Input: p.Query}, s.limits.Tokens)
	if doc == nil {
		return nil // the executor says why it does not parse
	}
	c := counting{doc: doc, limits: s.limits, open: map[string]bool{}}
	for _, op := range doc.Operations {
		c.fields, c.roots = 0, 0
		c.walk(op.SelectionSet, 1)
	}
	if c.err != nil {
		asking(ctx).unfit = true
		return told(c.err)
	}
	return nil
}

// counting walks a document that is not validated yet: fragments may be missing or contain themselves.
type counting struct {
	doc           *ast.QueryDocument
	limits        Limits
	open          map[string]bool
	fields, roots int
	err           *fault.Error
}

func (c *counting) walk(set ast.SelectionSet, depth int) {
	for _, s := range set {
		if c.err != nil {
			return
		}
		switch s := s.(type) {
		case *ast.Field:
			if c.fields++; c.fields > c.limits.Fields {
				c.refuse("has more than %d fields", c.limits.Fields)
			}
			if depth == 1 {
				if c.roots++; c.roots > c.limits.Roots {
					c.refuse("has more than %d fields of its own", c.limits.Roots)
				}
			}
			if depth > c.limits.Depth {
				c.refuse("is more than %d fields deep", c.limits.Depth)
			}
			c.walk(s.SelectionSet, depth+1)
		case *ast.InlineFragment:
			c.fields++ // so that empty nests of fragments end as well
			c.walk(s.SelectionSet, depth)
		case *ast.FragmentSpread:
			f := c.doc.Fragments.ForName(s.Name)
			if c.fields++; f == nil || c.open[s.Name] {
				continue
			}
			if c.fields > c.limits.Fields {
				c.refuse("has more than %d fields", c.limits.Fields)
				return
			}
			c.open[s.Name] = true
			c.walk(f.SelectionSet, depth)
			delete(c.open, s.Name)
		}
	}
}

func (c *counting) refuse(format string, args ...any) {
	if c.err == nil {
		c.err = fault.New(fault.Limit, "the operation "+format, args...).WithHint("ask for it in several requests")
	}
}

package graphql

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"

	gqlgen "github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"facet/composer"
	"facet/fault"
)

// exec answers an operation: the composer what it can, the edge itself introspection.
func (e *engine) exec(ctx context.Context, c *call, p *program, vars map[string]any) *gqlgen.Response {
	fail := func(f *fault.Error) *gqlgen.Response {
		c.failed = f
		return &gqlgen.Response{Errors: gqlerror.List{request(f)}}
	}
	if p == nil {
		return fail(fault.New(fault.Internal, "an operation without a program"))
	}
	comp, targets, f := p.compile(vars)
	if f != nil {
		return fail(f)
	}
	if f := comp.fill(e, &c.ask, vars, targets); f != nil {
		return fail(f)
	}
	resp := &gqlgen.Response{Data: []byte("{}")}
	if len(comp.selection.Roots) > 0 {
		for part := range c.answerer.Answer(ctx, &c.ask) {
			c.part = &part
			if part.Last {
				break
			}
		}
		if c.part == nil {
			return fail(fault.New(fault.Internal, "the composer gave no answer"))
		}
		resp.Data = c.part.Data
		for i := range c.part.Errors {
			resp.Errors = append(resp.Errors, field(&c.part.Errors[i]))
		}
		if f := refused(c.part); f != nil {
			c.failed = f
			return &gqlgen.Response{Errors: resp.Errors}
		}
	}
	if comp.keys != nil {
		data, f := e.own(p, comp, vars, resp.Data)
		if f != nil {
			return fail(f)
		}
		resp.Data = data
	}
	return resp
}

// refused is the reason if a part says that its request cannot be answered at all.
func refused(p *composer.Part) *fault.Error {
	if string(bytes.TrimSpace(p.Data)) != "null" || len(p.Errors) == 0 {
		return nil
	}
	for _, err := range p.Errors {
		if len(err.Path) == 0 {
			return &fault.Error{Kind: err.Kind, Message: err.Message, Err: err.Err}
		}
	}
	return nil
}

// own puts the roots that the edge itself answers among those of the composer, in the order of the document.
func (e *engine) own(p *program, comp *compiled, vars map[string]any, data []byte) ([]byte, *fault.Error) {
	var have map[string]json.RawMessage
	if err := json.Unmarshal(data, &have); err != nil {
		return nil, fault.Wrap(fault.Internal, "graphql.own", "", err)
	}
	for _, o := range comp.own {
		have[o.key] = []byte("null")
		if o.fields == nil {
			continue
		}
		schema, err := e.whole()
		if err != nil {
			return nil, &fault.Error{Kind: fault.Internal, Err: err}
		}
		in := &introspection{schema: schema, b: &builder{p: p, e: e, vars: vars}, left: maxIntrospection}
		out := in.root(o.fields)
		if in.left < 0 {
			return nil, fault.New(fault.Limit, "the introspection is past the limit of %d values", maxIntrospection)
		}
		have[o.key] = out
	}
	var buf bytes.Buffer
	buf.WriteByte('{')
	for i, k := range comp.keys {
		if i > 0 {
			buf.WriteByte(',')
		}
		buf.Write(quoted(k))
		buf.WriteByte(':')
		buf.Write(have[k])
	}
	buf.WriteByte('}')
	return buf.Bytes(), nil
}

// request is a request error: it has no path.
func request(f *fault.Error) *gqlerror.Error {
	code := any(string(f.Kind))
	if f == errNotPersisted {
		code = "PERSISTED_QUERY_NOT_FOUND"
	}
	return &gqlerror.Error{Err: f, Message: f.Public(), Extensions: map[string]any{"code": code}}
}

// located gives an error the places that the parser or the validator found.
func located(e *gqlerror.Error, from error) *gqlerror.Error {
	var g *gqlerror.Error
	if errors.As(from, &g) {
		e.Locations = g.Locations
	}
	return e
}

// plain is a parser's message without its file and line, which stand in locations.
func plain(err error) string {
	var g *gqlerror.Error
	if errors.As(err, &g) {
		return clip200(g.Message)
	}
	return clip200(err.Error())
}

func clip200(s string) string {
	if len(s) > 200 {
		return s[:200] + "…"
	}
	return s
}

// field is a field error: a failure at a path of the answer.
func field(err *composer.Error) *gqlerror.Error {
	g := &gqlerror.Error{Err: err.Err, Message: err.Message, Extensions: map[string]any{"code": string(err.Kind)}}
	if err.Kind == fault.Internal || g.Message == "" {
		g.Message = (&fault.Error{Kind: err.Kind}).Public()
	}
	for _, step := range err.Path {
		switch s := step.(type) {
		case string:
			g.Path = append(g.Path, ast.PathName(s))
		case int:
			g.Path = append(g.Path, ast.PathIndex(s))
		}
	}
	return g
}

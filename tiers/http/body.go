package http

import (
	"encoding/json"
	"io"
	"sync"
	"sync/atomic"

	"facet/graph"
	"facet/tiers"
)

// A body is a request body's mapping, compiled to a list of steps that append.
type body struct {
	steps []step
}

// A step appends literal JSON, or a value, or a value's projection.
type step struct {
	text  string
	value *value
	pick  *graph.Selection // what is taken of the value's objects; nil: all
}

func (c *compiler) body(op *graph.Operation, s *graph.Selection) *body {
	b := &body{}
	c.mapping(op, b, s)
	return b
}

func (b *body) lit(s string) {
	if n := len(b.steps); n > 0 && b.steps[n-1].value == nil {
		b.steps[n-1].text += s
		return
	}
	b.steps = append(b.steps, step{text: s})
}

func (c *compiler) mapping(op *graph.Operation, b *body, s *graph.Selection) {
	switch {
	case s == nil:
		b.lit("null")
	case s.Literal != nil:
		if !json.Valid(s.Literal) {
			c.problem(op, "the body has a constant that is no JSON")
			return
		}
		b.lit(string(s.Literal))
	case s.Expr != nil:
		v := c.value(op, s.Expr)
		if v == nil {
			return
		}
		if v.from == fixed && s.Items == nil {
			b.lit(string(v.fixed))
			return
		}
		st := step{value: v}
		if s.Items != nil || len(s.Path.Steps) > 0 {
			st.pick = s
		}
		b.steps = append(b.steps, st)
	case s.Items != nil:
		b.lit("{")
		for i, it := range s.Items {
			name, _ := json.Marshal(it.Field)
			if i > 0 {
				b.lit(",")
			}
			b.lit(string(name) + ":")
			c.mapping(op, b, it.Value)
		}
		b.lit("}")
	default:
		c.problem(op, "the body maps a path without a variable: begin it with $args, $batch, $this or $context")
	}
}

// render writes the body in one pass, copying the values' JSON.
func (b *body) render(c *tiers.Call) (*payload, error) {
	p := payloads.Get().(*payload)
	p.refs.Store(1)
	buf := p.buf[:0]
	for i := range b.steps {
		st := &b.steps[i]
		if st.value == nil {
			buf = append(buf, st.text...)
			continue
		}
		buf = st.append(buf, c)
	}
	p.buf = buf
	return p, nil
}

func (st *step) append(buf []byte, c *tiers.Call) []byte {
	v := st.value
	switch v.from {
	case column:
		return appendList(buf, c.Needs[v.index])
	case rows:
		buf = append(buf, '[')
		for k := range length(c) {
			if k > 0 {
				buf = append(buf, ',')
			}
			buf = appendRow(buf, c, k, st.pick)
		}
		return append(buf, ']')
	}
	raw := v.one(c)
	if st.pick == nil {
		return append(buf, raw...)
	}
	return project(buf, st.pick, raw)
}

func length(c *tiers.Call) int {
	if len(c.Needs) == 0 {
		return 0
	}
	return len(c.Needs[0])
}

func appendList(buf []byte, items []json.RawMessage) []byte {
	buf = append(buf, '[')
	for i, it := range items {
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = append(buf, orNull(it)...)
	}
	return append(buf, ']')
}

// appendRow writes the k-th parent as an object: of the picked columns, or of all.
func appendRow(buf []byte, c *tiers.Call, k int, pick *graph.Selection) []byte {
	buf = append(buf, '{')
	put := func(first bool, name, column string) []byte {
		if !first {
			buf = append(buf, ',')
		}
		buf = appendString(buf, name)
		buf = append(buf, ':')
		for i, n := range c.Operation.Needs {
			if n == column && i < len(c.Needs) {
				return append(buf, orNull(c.Needs[i][k])...)
			}
		}
		return append(buf, "null"...)
	}
	if pick == nil || pick.Items == nil {
		for i, n := range c.Operation.Needs {
			buf = put(i == 0, n, n)
		}
		return append(buf, '}')
	}
	for i, it := range pick.Items {
		column := it.Field
		if it.Value != nil && len(it.Value.Path.Steps) == 1 {
			column = it.Value.Path.Steps[0]
		}
		buf = put(i == 0, it.Field, column)
	}
	return append(buf, '}')
}

// project takes a selection of a JSON value: of an object, of each object of a list.
func project(buf []byte, s *graph.Selection, raw json.RawMessage) []byte {
	for _, key := range s.Path.Steps {
		raw = child(raw, key)
	}
	raw = orNull(raw)
	if s.Items == nil {
		return append(buf, raw...)
	}
	if items, ok := list(raw); ok {
		buf = append(buf, '[')
		for i, it := range items {
			if i > 0 {
				buf = append(buf, ',')
			}
			buf = object(buf, s.Items, it)
		}
		return append(buf, ']')
	}
	return object(buf, s.Items, raw)
}

func object(buf []byte, items []*graph.SelectionItem, raw json.RawMessage) []byte {
	if isNull(raw) || raw[0] != '{' {
		return append(buf, "null"...)
	}
	buf = append(buf, '{')
	for i, it := range items {
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = appendString(buf, it.Field)
		buf = append(buf, ':')
		switch {
		case it.Value == nil:
			buf = append(buf, orNull(child(raw, it.Field))...)
		case it.Value.Literal != nil:
			buf = append(buf, it.Value.Literal...)
		default:
			buf = project(buf, it.Value, raw)
		}
	}
	return append(buf, '}')
}

func appendString(buf []byte, s string) []byte {
	b, _ := json.Marshal(s)
	return append(buf, b...)
}

// A payload is a rendered body. Its buffer goes back to the pool when the call and every reader that the transport has
// taken are done with it: the transport may read on after it has answered.
type payload struct {
	buf  []byte
	refs atomic.Int32
}

var payloads = sync.Pool{New: func() any { return &payload{} }}

const keepPayload = 256 << 10

func (p *payload) drop() {
	if p == nil || p.refs.Add(-1) != 0 {
		return
	}
	if cap(p.buf) <= keepPayload {
		payloads.Put(p)
	}
}

func (p *payload) reader() io.ReadCloser {
	p.refs.Add(1)
	return &reader{p: p}
}

// again serves net/http's GetBody, which it calls while it holds the first reader or the call runs.
func (p *payload) again() (io.ReadCloser, error) { return p.reader(), nil }

type reader struct {
	mu sync.Mutex // the transport may close while it reads
	p  *payload   // nil once closed
	n  int
}

func (r *reader) Read(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.p == nil || r.n >= len(r.p.buf) {
		return 0, io.EOF
	}
	n := copy(b, r.p.buf[r.n:])
	r.n += n
	return n, nil
}

func (r *reader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.p.drop()
	r.p = nil
	return nil
}

package request

import (
	"encoding/json"

	"facet/graph"
	"facet/tiers"
)

// A Body is a request body's mapping, compiled to a list of steps that append.
type Body struct {
	steps []step
}

// A step appends literal JSON, or a value, or a value's projection.
type step struct {
	text  string
	value *Value
	pick  *graph.Selection // what is taken of the value's objects; nil: all
}

// Body compiles a mapping of op over variables.
func (c *Compiler) Body(op *graph.Operation, s *graph.Selection) *Body {
	b := &Body{}
	c.mapping(op, b, s)
	return b
}

func (b *Body) lit(s string) {
	if n := len(b.steps); n > 0 && b.steps[n-1].value == nil {
		b.steps[n-1].text += s
		return
	}
	b.steps = append(b.steps, step{text: s})
}

func (c *Compiler) mapping(op *graph.Operation, b *Body, s *graph.Selection) {
	switch {
	case s == nil:
		b.lit("null")
	case s.Literal != nil:
		if !json.Valid(s.Literal) {
			c.Problem(op, "the body has a constant that is no JSON")
			return
		}
		b.lit(string(s.Literal))
	case s.Expr != nil:
		v := c.Value(op, s.Expr)
		if v == nil {
			return
		}
		if v.From == Fixed && s.Items == nil {
			b.lit(string(v.Known))
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
		c.Problem(op, "the body maps a path without a variable: begin it with $args, $batch, $this or $context")
	}
}

// Append writes the JSON in one pass, copying the values' JSON.
func (b *Body) Append(buf []byte, c *tiers.Call) []byte {
	for i := range b.steps {
		st := &b.steps[i]
		if st.value == nil {
			buf = append(buf, st.text...)
			continue
		}
		buf = st.append(buf, c)
	}
	return buf
}

func (st *step) append(buf []byte, c *tiers.Call) []byte {
	v := st.value
	switch v.From {
	case Column:
		return appendList(buf, v.Items(c))
	case Rows:
		buf = append(buf, '[')
		for k := range length(c) {
			if k > 0 {
				buf = append(buf, ',')
			}
			buf = appendRow(buf, c, k, st.pick)
		}
		return append(buf, ']')
	}
	raw := v.One(c)
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
	if items, ok := List(raw); ok {
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
	if IsNull(raw) || raw[0] != '{' {
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

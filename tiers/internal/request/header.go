package request

import (
	"context"
	nethttp "net/http"
	"slices"

	"facet/fault"
	"facet/graph"
	"facet/tiers"
)

// Headers are what the calls of an operation send beside their body.
type Headers struct {
	Fixed       map[string]string // the same for every call
	each        []header
	idempotency string
	name        func(string) string // how the kind spells names
}

// A header is forwarded from the device's request, or made of a template.
type header struct {
	name   string
	from   string
	pieces []piece
}

// A piece is text, or a value.
type piece struct {
	text  string
	value *Value
}

// Headers compiles the headers of op: its source's, its own, and the one of its idempotency key, with names as the kind spells
// them. Those in own belong to the connection.
func (c *Compiler) Headers(op *graph.Operation, spell func(string) string, own []string) Headers {
	h := Headers{Fixed: map[string]string{}, name: spell}
	if name := op.IdempotencyHeader(); name != "" {
		h.idempotency = spell(name)
	}
	for sh := range tiers.Headers(op) {
		name := spell(sh.Name)
		switch {
		case slices.Contains(own, name):
			c.Problem(op, "the header %s belongs to the connection", name)
		case sh.From != "":
			h.each = append(h.each, header{name: name, from: nethttp.CanonicalHeaderKey(sh.From)})
		case sh.Value != nil:
			c.header(op, &h, name, sh.Value)
		}
	}
	return h
}

func (c *Compiler) header(op *graph.Operation, h *Headers, name string, t *graph.Template) {
	hd := header{name: name}
	fixed := true
	var known []byte
	for _, p := range t.Parts {
		if p.Expr == nil {
			hd.pieces = append(hd.pieces, piece{text: p.Text})
			known = append(known, p.Text...)
			continue
		}
		v := c.Value(op, p.Expr)
		switch {
		case v == nil:
			return
		case v.From == Rows || v.From == Column:
			c.Problem(op, "%s is a list and cannot stand in the header %s", v.Name, name)
			return
		case v.From == Fixed:
			known = append(known, Text(v.Known)...)
		default:
			fixed = false
		}
		hd.pieces = append(hd.pieces, piece{value: v})
	}
	switch {
	case !fixed:
		h.each = append(h.each, hd)
	case !legal(string(known)):
		c.Problem(op, "the header %s has a value that is not legal in a header", name)
	case len(known) > 0:
		h.Fixed[name] = string(known)
	}
}

// Len is how many headers Set sets at most, but for what a Flight carries.
func (h *Headers) Len() int { return len(h.each) + 1 }

// Set sets what one call sends besides Fixed: forwarded headers, those made of its values, its idempotency key, and what its
// Flight carries. A value that is not legal in a header is an Invalid error.
func (h *Headers) Set(ctx context.Context, c *tiers.Call, into map[string][]string) error {
	for i := range h.each {
		hd := &h.each[i]
		if hd.from != "" {
			if vs := c.Headers[hd.from]; len(vs) > 0 {
				into[hd.name] = vs
			}
			continue
		}
		value, ok := hd.value(c)
		if !legal(value) {
			return Refused(c, fault.Invalid, "a value is not legal in the header "+hd.name)
		}
		if ok {
			into[hd.name] = []string{value}
		}
	}
	if h.idempotency != "" && c.Idempotency != "" {
		if !legal(c.Idempotency) {
			return Refused(c, fault.Invalid, "the idempotency key is no legal header value")
		}
		into[h.idempotency] = []string{c.Idempotency}
	}
	for name, value := range tiers.Carried(ctx) {
		if name = h.name(name); !h.names(name) {
			into[name] = []string{value}
		}
	}
	return nil
}

// Sets says whether a call may have a header of that name beside Fixed.
func (h *Headers) Sets(name string) bool {
	return h.idempotency == name || slices.ContainsFunc(h.each, func(hd header) bool { return hd.name == name })
}

// Append appends what Set sets, as lines of HTTP/1.1. A value that is not legal in a header is an Invalid error.
func (h *Headers) Append(ctx context.Context, c *tiers.Call, buf []byte) ([]byte, error) {
	put := func(name, value string) {
		buf = append(append(append(append(buf, name...), ": "...), value...), "\r\n"...)
	}
	for i := range h.each {
		hd := &h.each[i]
		if hd.from != "" {
			for _, v := range c.Headers[hd.from] {
				if !legal(v) {
					return buf, Refused(c, fault.Invalid, "a value is not legal in the header "+hd.name)
				}
				put(hd.name, v)
			}
			continue
		}
		value, ok := hd.value(c)
		if !legal(value) {
			return buf, Refused(c, fault.Invalid, "a value is not legal in the header "+hd.name)
		}
		if ok {
			put(hd.name, value)
		}
	}
	if h.idempotency != "" && c.Idempotency != "" {
		if !legal(c.Idempotency) {
			return buf, Refused(c, fault.Invalid, "the idempotency key is no legal header value")
		}
		put(h.idempotency, c.Idempotency)
	}
	for name, value := range tiers.Carried(ctx) {
		if name = h.name(name); !h.names(name) {
			put(name, value)
		}
	}
	return buf, nil
}

// names says whether the operation or its source has a header of that name: it goes before what a Flight carries.
func (h *Headers) names(name string) bool {
	_, ok := h.Fixed[name]
	return ok || slices.ContainsFunc(h.each, func(hd header) bool { return hd.name == name })
}

// value is the header's text; ok is false where its only value is null: it is left out then.
func (hd *header) value(c *tiers.Call) (text string, ok bool) {
	var buf []byte
	for _, p := range hd.pieces {
		if p.value == nil {
			buf = append(buf, p.text...)
			continue
		}
		raw := p.value.One(c)
		if !IsNull(raw) {
			buf = append(buf, Text(raw)...)
		} else if len(hd.pieces) == 1 {
			return "", false
		}
	}
	return string(buf), true
}

// legal says whether s may be a header's value: no control characters but tabs.
func legal(s string) bool {
	for i := range len(s) {
		if b := s[i]; b < ' ' && b != '\t' || b == 0x7f {
			return false
		}
	}
	return true
}

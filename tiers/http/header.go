package http

import (
	nethttp "net/http"

	"facet/fault"
	"facet/graph"
	"facet/tiers"
)

// A header is forwarded from the device's request, or made of a template.
type header struct {
	name   string
	from   string
	pieces []piece
	fixed  string // the whole value, where it is known at construction
}

// header compiles one; perCall is false if it is the same for every call.
func (c *compiler) header(op *graph.Operation, name string, h graph.Header) (hd header, perCall bool) {
	hd.name = name
	if h.From != "" {
		hd.from = nethttp.CanonicalHeaderKey(h.From)
		return hd, true
	}
	if h.Value == nil {
		return hd, false
	}
	fixedOnly := true
	var known []byte
	for _, p := range h.Value.Parts {
		if p.Expr == nil {
			hd.pieces = append(hd.pieces, piece{text: p.Text})
			known = append(known, p.Text...)
			continue
		}
		v := c.value(op, p.Expr)
		if v == nil {
			return hd, false
		}
		if v.from == rows || v.from == column {
			c.problem(op, "%s is a list and cannot stand in the header %s", v.name, name)
			return hd, false
		}
		if v.from == fixed {
			known = append(known, text(v.fixed)...)
		} else {
			fixedOnly = false
		}
		hd.pieces = append(hd.pieces, piece{value: v})
	}
	if !fixedOnly {
		return hd, true
	}
	hd.fixed = string(known)
	if !valid(hd.fixed) {
		c.problem(op, "the header %s has a value that is not legal in a header", name)
	}
	return hd, false
}

// set writes the header; one whose only value is null is left out.
func (hd *header) set(h nethttp.Header, c *tiers.Call) error {
	if hd.from != "" {
		if vs := c.Headers[hd.from]; len(vs) > 0 {
			h[hd.name] = vs
		}
		return nil
	}
	var buf []byte
	for _, p := range hd.pieces {
		if p.value == nil {
			buf = append(buf, p.text...)
			continue
		}
		raw := p.value.one(c)
		if isNull(raw) {
			if len(hd.pieces) == 1 {
				return nil
			}
			continue
		}
		buf = append(buf, text(raw)...)
	}
	if !valid(string(buf)) {
		return refused(c, fault.Invalid, "a value is not legal in the header "+hd.name)
	}
	h[hd.name] = []string{string(buf)}
	return nil
}

// valid says whether s may be a header's value: no control characters but tabs.
func valid(s string) bool {
	for i := range len(s) {
		if b := s[i]; b < ' ' && b != '\t' || b == 0x7f {
			return false
		}
	}
	return true
}

package pack

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"facet/fault"
)

// A node is a JSON value that remembers where it stands.
type node struct {
	value  any // string, json.Number, bool, nil; or the markers object and array
	off    int // byte offset of its first character
	end    int // one past its last
	fields []field
	items  []*node
}

type field struct {
	name  string
	off   int
	value *node
}

type marker byte

const (
	object marker = '{'
	array  marker = '['
)

// get is the value of a field, the last one if it is written twice, or nil.
func (n *node) get(name string) *node {
	if n == nil {
		return nil
	}
	for i := len(n.fields) - 1; i >= 0; i-- {
		if n.fields[i].name == name {
			return n.fields[i].value
		}
	}
	return nil
}

// key is the offset of a field's name, or of the object if it has no such field.
func (n *node) key(name string) int {
	for _, f := range n.fields {
		if f.name == name {
			return f.off
		}
	}
	return n.off
}

func (n *node) is(m marker) bool { return n != nil && n.value == m }

// parseJSON reads one JSON value. On a mistake it gives the offset and a sentence.
func parseJSON(src []byte) (*node, int, error) {
	var raw json.RawMessage
	if err := json.Unmarshal(src, &raw); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return nil, max(0, min(int(syntax.Offset)-1, len(src))), err
		}
		return nil, 0, err
	}
	r := reader{src: src, dec: json.NewDecoder(bytes.NewReader(src))}
	r.dec.UseNumber()
	n, err := r.value()
	return n, 0, err
}

type reader struct {
	src []byte
	dec *json.Decoder
}

// token is the next token and the offset where it begins.
func (r *reader) token() (json.Token, int, error) {
	off := int(r.dec.InputOffset())
	for off < len(r.src) && strings.IndexByte(" \t\r\n,:", r.src[off]) >= 0 {
		off++
	}
	t, err := r.dec.Token()
	return t, off, err
}

func (r *reader) value() (*node, error) {
	t, off, err := r.token()
	if err != nil {
		return nil, err
	}
	n := &node{value: t, off: off}
	switch t {
	case json.Delim('{'):
		n.value = object
		for r.dec.More() {
			name, at, err := r.token()
			if err != nil {
				return nil, err
			}
			v, err := r.value()
			if err != nil {
				return nil, err
			}
			n.fields = append(n.fields, field{name.(string), at, v})
		}
		_, _, err = r.token()
	case json.Delim('['):
		n.value = array
		for r.dec.More() {
			v, err := r.value()
			if err != nil {
				return nil, err
			}
			n.items = append(n.items, v)
		}
		_, _, err = r.token()
	}
	n.end = int(r.dec.InputOffset())
	return n, err
}

// posAt turns a byte offset into a line and a column in UTF-16 units.
func posAt(file string, src []byte, off int) fault.Pos {
	before := src[:min(off, len(src))]
	line := bytes.LastIndexByte(before, '\n') + 1
	col := 1
	for rest := before[line:]; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		col += utf16.RuneLen(r)
		rest = rest[size:]
	}
	return fault.Pos{File: file, Line: bytes.Count(before, []byte("\n")) + 1, Col: col}
}

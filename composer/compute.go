package composer

import (
	"bytes"
	"encoding/json"
	"fmt"

	"facet/fault"
	"facet/view"
)

// bytes are a cell's bytes as its answer has them.
func (x *exec) bytes(c cell) []byte { return x.body(c.ans)[c.off : c.off+c.n] }

func (x *exec) body(ans uint16) []byte {
	if ans == ansConst {
		return x.p.consts
	}
	return x.ans[ans].body
}

// keep puts bytes into the exec's own answer.
func (x *exec) keep(k kind, b []byte) cell {
	own := &x.ans[ansOwn]
	off := len(own.body)
	own.body = append(own.body, b...)
	return cell{kind: k, off: uint32(off), n: uint32(len(b))}
}

// text is a scalar's text: a string's characters, a number's digits.
func (x *exec) text(c cell) []byte {
	b := x.bytes(c)
	switch {
	case c.kind == kText:
		return b[1 : len(b)-1]
	case len(b) > 1 && b[0] == '"':
		return unquote(b)
	}
	return b
}

func (x *exec) appendText(dst []byte, c cell) []byte { return append(dst, x.text(c)...) }

// appendJSON appends any value but an object of the graph; lists item by item. Failed items are null.
func (x *exec) appendJSON(dst []byte, c cell) []byte {
	switch c.kind {
	case kText, kEscaped, kBool, kInt, kFloat, kRaw:
		return append(dst, x.bytes(c)...)
	case kDigits:
		return append(append(append(dst, '"'), x.bytes(c)...), '"')
	case kList:
		dst = append(dst, '[')
		for k, it := range x.ans[c.ans].cells[c.off : c.off+c.n] {
			if k > 0 {
				dst = append(dst, ',')
			}
			dst = x.appendJSON(dst, it)
		}
		return append(dst, ']')
	}
	return append(dst, "null"...)
}

// raw is a value as JSON for a call; nil is null.
func (x *exec) raw(c cell) json.RawMessage {
	switch c.kind {
	case kText, kEscaped, kBool, kInt, kFloat, kRaw:
		return x.bytes(c)
	case kDigits, kList:
		own := &x.ans[ansOwn]
		from := len(own.body)
		own.body = x.appendJSON(own.body, c)
		return own.body[from:len(own.body):len(own.body)]
	}
	return nil
}

// same compares a value with a literal; an ID given as a number equals its string.
func (x *exec) same(c, lit cell) bool {
	switch lit.kind {
	case kNull:
		return c.kind == kNull
	case kText, kEscaped:
		switch c.kind {
		case kText, kEscaped, kDigits:
			return string(x.text(c)) == string(x.text(lit))
		}
		return false
	case kBool:
		return c.kind == kBool && c.n == lit.n
	case kInt, kFloat:
		if c.kind != kInt && c.kind != kFloat {
			return false
		}
		a, b := x.bytes(c), x.bytes(lit)
		if string(a) == string(b) {
			return true
		}
		var m, n float64
		return json.Unmarshal(a, &m) == nil && json.Unmarshal(b, &n) == nil && m == n
	case kRaw:
		return c.kind == kRaw && string(x.bytes(c)) == string(x.bytes(lit))
	}
	return false
}

func (x *exec) context(path string) cell {
	for i := range x.contexts {
		if x.contexts[i].path == path {
			return x.contexts[i].cell
		}
	}
	b, ok := x.r.Asker.Value(path)
	c := nullCell
	if ok {
		c = x.keep(0, b)
		k := literalCell(ansOwn, int(c.off), b)
		c = k
	}
	x.contexts = append(x.contexts, contextCell{path, c})
	return c
}

type contextCell struct {
	path string
	cell cell
}

// inputs evaluates the arguments of a function; bad is set if one failed.
func (x *exec) inputs(args []vid, dom, i int32) (in [][]byte, deg uint8, bad cell) {
	in = make([][]byte, len(args))
	for k, a := range args {
		c := x.cell(a, dom, i)
		switch c.kind {
		case kError, kNotFound:
			return nil, 0, c
		}
		if c.deg != 0 {
			deg = c.deg
		}
		in[k] = x.raw(c)
	}
	return in, deg, cell{}
}

func (x *exec) format(v *pval, dom, i int32) cell {
	in, deg, bad := x.inputs(v.args, dom, i)
	if bad.kind != kMissing {
		return bad
	}
	if x.e.format == nil {
		return x.fail(fault.New(fault.Internal, "no format functions"))
	}
	last := len(in) - 1
	if in[0] == nil {
		return cell{kind: kNull, deg: deg}
	}
	var locale string
	if in[last] != nil {
		locale = string(unquote(in[last]))
	}
	return x.result(func(dst []byte) ([]byte, error) { return x.e.format(v.name, locale, in[:last], dst) }, deg)
}

// result keeps what a function appends.
func (x *exec) result(f func(dst []byte) ([]byte, error), deg uint8) (c cell) {
	own := &x.ans[ansOwn]
	from := len(own.body)
	defer func() {
		if r := recover(); r != nil {
			x.ans[ansOwn].body = x.ans[ansOwn].body[:from]
			c = x.fail(&fault.Error{Kind: fault.Internal, Op: "computed", Err: fmt.Errorf("panic: %v", r)})
		}
	}()
	out, err := f(own.body)
	if err != nil {
		return x.fail(computeError(err))
	}
	if len(out) < from {
		return x.fail(fault.New(fault.Internal, "a function cut its buffer"))
	}
	own.body = out
	c = literalCell(ansOwn, from, out[from:])
	if len(out) == from {
		c = nullCell
	}
	c.deg = deg
	return c
}

// built makes the JSON of an input object or a list.
func (x *exec) built(v *pval, dom, i int32) cell {
	in, deg, bad := x.inputs(v.args, dom, i)
	if bad.kind != kMissing {
		return bad
	}
	own := &x.ans[ansOwn]
	from := len(own.body)
	b := own.body
	end := byte(']')
	if v.op == vInput {
		b, end = append(b, '{'), '}'
	} else {
		b = append(b, '[')
	}
	for k, j := range in {
		if k > 0 {
			b = append(b, ',')
		}
		if v.op == vInput {
			b = append(appendQuoted(b, v.names[k]), ':')
		}
		if j == nil {
			b = append(b, "null"...)
			continue
		}
		b = append(b, j...)
	}
	own.body = append(b, end)
	return cell{kind: kRaw, off: uint32(from), n: uint32(len(own.body) - from), deg: deg}
}

// split takes part of a composite key apart.
func (x *exec) split(v *pval, o cell) cell {
	if o.kind != kText && o.kind != kEscaped && o.kind != kDigits {
		return lost(o)
	}
	parts, ok := view.DecodeKey(string(x.text(o)), int(v.build))
	if !ok || int(v.idx) >= len(parts) {
		return nullCell
	}
	b := appendQuoted(nil, parts[v.idx])
	c := x.keep(kText, b)
	if bytes.IndexByte(b, '\\') >= 0 {
		c.kind = kEscaped
	}
	return c
}

package http

import (
	"bytes"
	"encoding/json"
	"strings"

	"facet/fault"
	"facet/graph"
	"facet/tiers"
	"facet/tiers/internal/request"
)

// A target is a request's path and query, split where values go in.
type target struct {
	base  string // the base URL's path, escaped, without a "/" at the end
	path  []piece
	query []param
	fixed string // the path, where no value goes into it and there is no query; else ""
}

// A piece is text that is already escaped, or a value.
type piece struct {
	text  string
	value *request.Value
}

// A param is one query parameter. One whose whole value is an expression is left out if it is null and repeated if it is a list.
type param struct {
	name   string // with "="; "" if there is none
	pieces []piece
}

// render gives the escaped path and the raw query.
func (t *target) render(c *tiers.Call) (path, query string, err error) {
	if t.fixed != "" {
		return t.fixed, "", nil
	}
	var stack [256]byte
	buf := append(stack[:0], t.base...)
	from := len(buf)
	for _, p := range t.path {
		if p.value == nil {
			buf = append(buf, p.text...)
			continue
		}
		raw := p.value.One(c)
		switch {
		case request.IsNull(raw):
			return "", "", request.Refused(c, fault.Invalid, p.value.Name+" is null, and the path needs it")
		case raw[0] == '[' || raw[0] == '{':
			return "", "", request.Refused(c, fault.Invalid, p.value.Name+" is no scalar, and stands in the path")
		case len(raw) == 2 && raw[0] == '"':
			return "", "", unreachable(c, p.value.Name)
		}
		buf = escape(buf, request.Text(raw))
	}
	if dots(buf[from:]) {
		return "", "", unreachable(c, "the path")
	}
	path = string(buf)
	buf = buf[:0]
	for i := range t.query {
		if buf, err = t.query[i].render(buf, c); err != nil {
			return "", "", err
		}
	}
	return path, string(buf), nil
}

// unreachable says that no resource can stand under an empty segment, "." or "..": nothing is asked, so that a value never
// leads to another resource than its own.
func unreachable(c *tiers.Call, what string) error {
	kind := fault.NotFound
	if c.Operation.Mutation {
		kind = fault.Invalid
	}
	return request.Refused(c, kind, what+" names no resource")
}

// dots says whether a segment of an escaped path is "." or "..".
func dots(path []byte) bool {
	for len(path) > 0 {
		seg := path
		if i := bytes.IndexByte(path, '/'); i >= 0 {
			seg, path = path[:i], path[i+1:]
		} else {
			path = nil
		}
		if s := string(seg); s == "." || s == ".." {
			return true
		}
	}
	return false
}

func (p *param) render(buf []byte, c *tiers.Call) ([]byte, error) {
	if len(p.pieces) == 1 && p.pieces[0].value != nil && p.name != "" {
		return p.whole(buf, c, p.pieces[0].value), nil
	}
	if len(buf) > 0 {
		buf = append(buf, '&')
	}
	buf = append(buf, p.name...)
	for _, pc := range p.pieces {
		if pc.value == nil {
			buf = append(buf, pc.text...)
			continue
		}
		if raw := pc.value.One(c); !request.IsNull(raw) {
			buf = escape(buf, request.Text(raw))
		}
	}
	return buf, nil
}

func (p *param) whole(buf []byte, c *tiers.Call, v *request.Value) []byte {
	var items []json.RawMessage
	var single [1]json.RawMessage
	if v.From == request.Column {
		items = v.Items(c)
	} else {
		raw := v.One(c)
		l, ok := request.List(raw)
		if ok {
			items = l
		} else {
			single[0] = raw
			items = single[:]
		}
	}
	for _, it := range items {
		if request.IsNull(it) {
			continue
		}
		if len(buf) > 0 {
			buf = append(buf, '&')
		}
		buf = append(buf, p.name...)
		buf = escape(buf, request.Text(it))
	}
	return buf
}

const hexDigits = "0123456789ABCDEF"

// escape percent-encodes all bytes but RFC 3986's unreserved ones: right in a path segment and in a query value.
func escape(dst, s []byte) []byte {
	for _, b := range s {
		if unreserved(b) {
			dst = append(dst, b)
		} else {
			dst = append(dst, '%', hexDigits[b>>4], hexDigits[b&15])
		}
	}
	return dst
}

func unreserved(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || b == '-' || b == '.' || b == '_' || b == '~'
}

// target compiles an operation's path template.
func (c *compiler) target(op *graph.Operation, base string) target {
	t := target{base: base}
	var parts []graph.TemplatePart
	if op.HTTP.Path != nil {
		parts = op.HTTP.Path.Parts
	}
	if len(parts) == 0 || parts[0].Expr != nil || !strings.HasPrefix(parts[0].Text, "/") {
		c.Problem(op, "the path must begin with /")
		return t
	}
	inQuery, open := false, param{}
	end := func() {
		if open.name != "" || len(open.pieces) > 0 {
			t.query = append(t.query, open)
		}
		open = param{}
	}
	for _, p := range parts {
		if p.Expr != nil {
			v := c.Value(op, p.Expr)
			if v == nil {
				continue
			}
			if v.From == request.Rows || v.From == request.Column && !inQuery {
				c.Problem(op, "%s is a list and cannot stand in the path", v.Name)
				continue
			}
			if inQuery {
				open.pieces = append(open.pieces, piece{value: v})
			} else {
				t.path = append(t.path, piece{value: v})
			}
			continue
		}
		text := c.literal(op, p.Text)
		if !inQuery {
			path, query, found := strings.Cut(text, "?")
			if path != "" {
				t.path = append(t.path, piece{text: path})
			}
			if !found {
				continue
			}
			inQuery, text = true, query
		}
		for i, chunk := range strings.Split(text, "&") {
			if i > 0 {
				end()
			}
			if name, rest, ok := strings.Cut(chunk, "="); ok && open.name == "" && len(open.pieces) == 0 {
				open.name, chunk = name+"=", rest
			}
			if chunk != "" {
				open.pieces = append(open.pieces, piece{text: chunk})
			}
		}
	}
	end()
	if len(t.path) == 1 && t.path[0].value == nil && len(t.query) == 0 && !dots([]byte(t.path[0].text)) {
		t.fixed = base + t.path[0].text
	}
	for _, p := range t.query {
		for _, pc := range p.pieces {
			if pc.value != nil && pc.value.From == request.Column && (len(p.pieces) > 1 || p.name == "") {
				c.Problem(op, "%s is a list: it must be the whole value of a query parameter", pc.value.Name)
			}
		}
	}
	return t
}

// literal checks and escapes a template's own text, which may hold escapes already.
func (c *compiler) literal(op *graph.Operation, s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch ch := s[i]; {
		case ch == '#':
			c.Problem(op, "a path cannot have a fragment (#)")
		case ch <= ' ' || ch >= 0x7f || ch == '"' || ch == '<' || ch == '>' || ch == '\\' || ch == '^' || ch == '`' || ch == '{' || ch == '|' || ch == '}':
			b.Write(escape(nil, []byte{ch}))
		default:
			b.WriteByte(ch)
		}
	}
	return b.String()
}

package fake

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"facet/graph"
	"facet/tiers"
)

// A Request is a call as scripts and the log see it: a copy.
type Request struct {
	Operation   *graph.Operation
	Needs       [][]json.RawMessage // as in tiers.Call
	Args        map[string]json.RawMessage
	Context     map[string]json.RawMessage
	Page        tiers.Page
	Headers     http.Header // the listed ones only
	Fields      []string
	Idempotency string
}

// Len is the number of parents that the call is for.
func (r *Request) Len() int {
	if len(r.Needs) == 0 {
		return 1
	}
	return len(r.Needs[0])
}

// Keys are the keys of the call's rows: the texts of their needs, joined by "~".
func (r *Request) Keys() []string {
	if len(r.Needs) == 0 {
		return nil
	}
	keys := make([]string, r.Len())
	for k := range keys {
		parts := make([]string, len(r.Needs))
		for i := range r.Needs {
			parts[i] = Text(r.Needs[i][k])
		}
		keys[k] = strings.Join(parts, "~")
	}
	return keys
}

// Arg is the text of an argument: a string's content, else its JSON; "" for null.
func (r *Request) Arg(name string) string { return Text(r.Args[name]) }

// Int is an argument's number, 0 if it is none.
func (r *Request) Int(name string) int {
	var n float64
	_ = json.Unmarshal(r.Args[name], &n)
	return int(n)
}

// Text is the content of a JSON string, "" for null or nothing, else the JSON itself.
func Text(v json.RawMessage) string {
	if len(v) == 0 || string(v) == "null" {
		return ""
	}
	if v[0] == '"' {
		var s string
		if json.Unmarshal(v, &s) == nil {
			return s
		}
	}
	return string(v)
}

// copied are values in one buffer of their own.
func copied(col []json.RawMessage) []json.RawMessage {
	size := 0
	for _, v := range col {
		size += len(v)
	}
	buf, out := make([]byte, 0, size), make([]json.RawMessage, len(col))
	for k, v := range col {
		if v != nil {
			from := len(buf)
			buf = append(buf, v...)
			out[k] = buf[from:len(buf):len(buf)]
		}
	}
	return out
}

func request(c *tiers.Call) *Request {
	op := c.Operation
	r := &Request{
		Operation: op, Page: c.Page, Fields: slices.Clone(c.Fields), Idempotency: c.Idempotency,
		Args: named(op.Args, c.Args), Context: named(op.Context, c.Context), Headers: http.Header{},
		Needs: make([][]json.RawMessage, len(c.Needs)),
	}
	r.Page.After = slices.Clone(c.Page.After)
	for i, col := range c.Needs {
		r.Needs[i] = copied(col)
	}
	for name, from := range tiers.Forwarded(op) {
		if vs := c.Headers.Values(from); len(vs) > 0 {
			r.Headers[http.CanonicalHeaderKey(name)] = slices.Clone(vs)
		}
	}
	return r
}

func named(names []string, values []json.RawMessage) map[string]json.RawMessage {
	m := make(map[string]json.RawMessage, len(names))
	for i, n := range names {
		if i < len(values) {
			m[n] = slices.Clone(values[i])
		}
	}
	return m
}

// Answer puts a value by graph field names (an object or a list of them) into the form that the operation's selection reads.
func Answer(r *Request, v any) any { return unselect(r.Operation.Selection, v) }

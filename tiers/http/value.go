package http

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"facet/graph"
	"facet/tiers"
)

// A value finds one expression's value in a call, without reflection: an index into one of the call's columns, and a path below it.
type value struct {
	from  origin
	index int
	below []string        // object keys below the column's value
	fixed json.RawMessage // of $config and $env
	name  string          // for messages: "$args.id"
}

type origin uint8

const (
	fixed    origin = iota // known at construction
	argument               // Call.Args[index]
	need                   // Call.Needs[index][0]
	column                 // Call.Needs[index], a list
	rows                   // every column of Call.Needs: a list of objects
	asking                 // Call.Context[index]
	offset
	limit
	after
	requested // Call.Headers, name in below[0]
)

var null = json.RawMessage("null")

// one is the value where the expression has a single one (not column, not rows); null if there is none.
func (v *value) one(c *tiers.Call) json.RawMessage {
	var raw json.RawMessage
	switch v.from {
	case fixed:
		raw = v.fixed
	case argument:
		raw = at(c.Args, v.index)
	case need:
		if v.index < len(c.Needs) {
			raw = at(c.Needs[v.index], 0)
		}
	case asking:
		raw = at(c.Context, v.index)
	case offset:
		return strconv.AppendInt(nil, int64(c.Page.Offset), 10)
	case limit:
		return strconv.AppendInt(nil, int64(c.Page.Limit), 10)
	case after:
		raw = c.Page.After
	case requested:
		if vs := c.Headers.Values(v.below[0]); len(vs) > 0 {
			raw, _ = json.Marshal(vs[0])
		}
		return orNull(raw)
	}
	for _, key := range v.below {
		raw = child(raw, key)
	}
	return orNull(raw)
}

func at(list []json.RawMessage, i int) json.RawMessage {
	if i < len(list) {
		return list[i]
	}
	return nil
}

func orNull(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return null
	}
	return raw
}

func isNull(raw json.RawMessage) bool { return len(raw) == 0 || raw[0] == 'n' }

// child is the value of an object's key, nil if raw is no object or has no such key.
func child(raw json.RawMessage, key string) json.RawMessage {
	raw = bytes.TrimLeft(raw, " \t\r\n")
	if len(raw) == 0 || raw[0] != '{' {
		return nil
	}
	var m map[string]json.RawMessage
	if json.Unmarshal(raw, &m) != nil {
		return nil
	}
	return m[key]
}

// text is the content of a JSON string, or the JSON of any other value.
func text(raw json.RawMessage) []byte {
	if len(raw) < 2 || raw[0] != '"' {
		return raw
	}
	if inner := raw[1 : len(raw)-1]; bytes.IndexByte(inner, '\\') < 0 {
		return inner
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return raw
	}
	return []byte(s)
}

// list gives the items of a JSON array; ok is false if raw is none.
func list(raw json.RawMessage) (items []json.RawMessage, ok bool) {
	if len(raw) == 0 || raw[0] != '[' {
		return nil, false
	}
	return items, json.Unmarshal(raw, &items) == nil
}

// value compiles an expression of op; it reports a problem and returns nil if op does not carry the value.
func (c *compiler) value(op *graph.Operation, e *graph.Expr) *value {
	v := &value{name: string(e.Var)}
	if len(e.Path) > 0 {
		v.name += "." + strings.Join(e.Path, ".")
	}
	find := func(from origin, names []string) *value {
		v.from = from
		// A name may itself be dotted ("viewer.id"): the longest one that fits counts, the rest lies below it.
		for n := len(e.Path); n > 0; n-- {
			if i := slices.Index(names, strings.Join(e.Path[:n], ".")); i >= 0 {
				v.index, v.below = i, e.Path[n:]
				return v
			}
		}
		c.problem(op, "%s is not among what the operation takes", v.name)
		return nil
	}
	switch e.Var {
	case graph.VarEnv, graph.VarConfig:
		raw, ok := c.lookup(e)
		if !ok {
			c.problem(op, "%s is not set", v.name)
			return nil
		}
		v.fixed = raw
		return v
	case graph.VarArgs:
		return find(argument, op.Args)
	case graph.VarThis:
		return find(need, op.Needs)
	case graph.VarContext:
		return find(asking, op.Context)
	case graph.VarBatch:
		if len(e.Path) == 0 {
			v.from = rows
			return v
		}
		return find(column, op.Needs)
	case graph.VarPage:
		if len(e.Path) == 1 {
			switch e.Path[0] {
			case "offset":
				v.from = offset
				return v
			case "limit":
				v.from = limit
				return v
			case "after":
				v.from = after
				return v
			}
		}
	case graph.VarRequest:
		return c.requestHeader(op, e, v)
	}
	c.problem(op, "%s is not known", v.name)
	return nil
}

func (c *compiler) requestHeader(op *graph.Operation, e *graph.Expr, v *value) *value {
	if len(e.Path) != 2 || e.Path[0] != "headers" {
		c.problem(op, "%s is not known: write $request.headers.<name>", v.name)
		return nil
	}
	for _, from := range tiers.Forwarded(op) {
		if strings.EqualFold(from, e.Path[1]) {
			v.from, v.below = requested, []string{from}
			return v
		}
	}
	c.problem(op, "%s is not among the request headers that the source lists", v.name)
	return nil
}

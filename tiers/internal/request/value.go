package request

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"facet/graph"
	"facet/tiers"
)

// A Value finds one expression's value in a call, without reflection: an index into one of the call's columns, and a path below it.
type Value struct {
	From  Origin
	Name  string          // for messages: "$args.id"
	Known json.RawMessage // of $config and $env
	index int
	below []string // object keys below the column's value
}

// An Origin is where a value comes from.
type Origin uint8

// The origins that a kind of tier may have to tell apart.
const (
	Fixed    Origin = iota // known at construction
	argument               // Call.Args[index]
	need                   // Call.Needs[index][0]
	Column                 // Call.Needs[index], a list
	Rows                   // every column of Call.Needs: a list of objects
	asking                 // Call.Context[index]
	offset
	limit
	after
	requested // Call.Headers, name in below[0]
)

var null = json.RawMessage("null")

// One is the value where the expression has a single one (not Column, not Rows); null if there is none.
func (v *Value) One(c *tiers.Call) json.RawMessage {
	var raw json.RawMessage
	switch v.From {
	case Fixed:
		raw = v.Known
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

// Items are the values of a Column.
func (v *Value) Items(c *tiers.Call) []json.RawMessage { return c.Needs[v.index] }

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

// IsNull says whether raw is null or missing.
func IsNull(raw json.RawMessage) bool { return len(raw) == 0 || raw[0] == 'n' }

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

// Text is the content of a JSON string, or the JSON of any other value.
func Text(raw json.RawMessage) []byte {
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

// List gives the items of a JSON array; ok is false if raw is none.
func List(raw json.RawMessage) (items []json.RawMessage, ok bool) {
	if len(raw) == 0 || raw[0] != '[' {
		return nil, false
	}
	return items, json.Unmarshal(raw, &items) == nil
}

// Value compiles an expression of op; it reports a problem and returns nil if op does not carry the value.
func (c *Compiler) Value(op *graph.Operation, e *graph.Expr) *Value {
	v := &Value{Name: string(e.Var)}
	if len(e.Path) > 0 {
		v.Name += "." + strings.Join(e.Path, ".")
	}
	find := func(from Origin, names []string) *Value {
		v.From = from
		// A name may itself be dotted ("viewer.id"): the longest one that fits counts, the rest lies below it.
		for n := len(e.Path); n > 0; n-- {
			if i := slices.Index(names, strings.Join(e.Path[:n], ".")); i >= 0 {
				v.index, v.below = i, e.Path[n:]
				return v
			}
		}
		c.Problem(op, "%s is not among what the operation takes", v.Name)
		return nil
	}
	switch e.Var {
	case graph.VarEnv, graph.VarConfig:
		raw, ok := c.lookup(e)
		if !ok {
			c.Problem(op, "%s is not set", v.Name)
			return nil
		}
		v.Known = raw
		return v
	case graph.VarArgs:
		return find(argument, op.Args)
	case graph.VarThis:
		return find(need, op.Needs)
	case graph.VarContext:
		return find(asking, op.Context)
	case graph.VarBatch:
		if len(e.Path) == 0 {
			v.From = Rows
			return v
		}
		return find(Column, op.Needs)
	case graph.VarPage:
		if len(e.Path) == 1 {
			switch e.Path[0] {
			case "offset":
				v.From = offset
				return v
			case "limit":
				v.From = limit
				return v
			case "after":
				v.From = after
				return v
			}
		}
	case graph.VarRequest:
		return c.requestHeader(op, e, v)
	}
	c.Problem(op, "%s is not known", v.Name)
	return nil
}

func (c *Compiler) requestHeader(op *graph.Operation, e *graph.Expr, v *Value) *Value {
	if len(e.Path) != 2 || e.Path[0] != "headers" {
		c.Problem(op, "%s is not known: write $request.headers.<name>", v.Name)
		return nil
	}
	for _, from := range tiers.Forwarded(op) {
		if strings.EqualFold(from, e.Path[1]) {
			v.From, v.below = requested, []string{from}
			return v
		}
	}
	c.Problem(op, "%s is not among the request headers that the source lists", v.Name)
	return nil
}

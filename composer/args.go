package composer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"facet/fault"
	"facet/graph"
	"facet/view"
)

// maxString bounds a string argument that declares no bound, in UTF-16 units.
const maxString = 10_000

// bind checks the request's values against their declarations and makes the params.
func (x *exec) bind() {
	for i := range x.p.params {
		pa := &x.p.params[i]
		c, err := x.param(pa)
		if err != nil {
			if x.invalid[pa.root] == nil {
				x.invalid[pa.root] = err
			}
			c = x.fail(err)
		}
		x.params = append(x.params, c)
	}
}

func (x *exec) param(pa *param) (cell, *fault.Error) {
	var raw json.RawMessage
	if pa.value >= 0 && pa.value < len(x.r.Values) {
		raw = bytes.TrimSpace(x.r.Values[pa.value])
	}
	if pa.entity {
		return x.keys(raw, pa)
	}
	if len(raw) == 0 {
		switch {
		case pa.arg.Default != nil:
			raw = pa.arg.Default
		case pa.arg.Type.NonNull:
			return cell{}, fault.New(fault.Invalid, "argument %q is missing", pa.arg.Name)
		default:
			return nullCell, nil
		}
	}
	own := &x.ans[ansOwn]
	from := len(own.body)
	if t := &pa.arg.Type; t.Elem == nil && (t.Name == "ID" || t.Name == "String") && simpleText(raw) && fitsText(raw, pa.arg) {
		own.body = append(own.body, raw...)
		return cell{kind: kText, ans: ansOwn, off: uint32(from), n: uint32(len(raw))}, nil
	}
	out, err := checker{x.e.cfg.Surface}.check(own.body, raw, pa.arg.Type, pa.arg, "argument \""+pa.arg.Name+"\"", 0)
	if err != nil {
		return cell{}, err
	}
	own.body = out
	return literalCell(ansOwn, from, out[from:]), nil
}

// keys makes a param of an entity's key, or of a list of them.
func (x *exec) keys(raw json.RawMessage, pa *param) (cell, *fault.Error) {
	one := func(raw json.RawMessage) (cell, *fault.Error) {
		var s string
		if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &s) != nil || !utf8.Valid(raw) {
			return cell{}, fault.New(fault.Invalid, "a key is a string")
		}
		b := appendQuoted(nil, s)
		c := x.keep(0, b)
		return literalCell(ansOwn, int(c.off), b), nil
	}
	if !pa.many {
		return one(raw)
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		return cell{}, fault.New(fault.Invalid, "keys are a list of strings")
	}
	cells := make([]cell, len(list))
	for i, r := range list {
		c, err := one(bytes.TrimSpace(r))
		if err != nil {
			return cell{}, err
		}
		cells[i] = c
	}
	own := &x.ans[ansOwn]
	off := len(own.cells)
	own.cells = append(own.cells, cells...)
	return cell{kind: kList, off: uint32(off), n: uint32(len(cells))}, nil
}

// A checker checks input values against the types of a device schema and writes them in canonical form: compact,
// IDs as strings, defaults of input objects filled in.
type checker struct{ s *view.Surface }

func (k checker) check(dst []byte, raw json.RawMessage, t graph.TypeRef, a *view.Arg, where string, depth int) ([]byte, *fault.Error) {
	bad := func(format string, args ...any) ([]byte, *fault.Error) {
		return nil, fault.New(fault.Invalid, "%s %s", where, fmt.Sprintf(format, args...))
	}
	raw = bytes.TrimSpace(raw)
	if depth > 32 {
		return bad("nests too deep")
	}
	if len(raw) == 0 || string(raw) == "null" {
		if t.NonNull {
			return bad("must not be null")
		}
		return append(dst, "null"...), nil
	}
	if t.Elem != nil {
		var list []json.RawMessage
		if raw[0] != '[' {
			list = []json.RawMessage{raw} // GraphQL: one value is a list of one
		} else if json.Unmarshal(raw, &list) != nil {
			return bad("is not JSON")
		}
		dst = append(dst, '[')
		for i, r := range list {
			if i > 0 {
				dst = append(dst, ',')
			}
			var err *fault.Error
			if dst, err = k.check(dst, r, *t.Elem, a, where+"["+strconv.Itoa(i)+"]", depth+1); err != nil {
				return nil, err
			}
		}
		return append(dst, ']'), nil
	}
	if in, ok := k.s.Input(t.Name); ok {
		return k.input(dst, raw, in, where, depth)
	}
	if e, ok := k.s.Enum(t.Name); ok {
		var s string
		if raw[0] != '"' || json.Unmarshal(raw, &s) != nil || !slices.Contains(e.Values, s) {
			return bad("is not a member of %s", t.Name)
		}
		return appendQuoted(dst, s), nil
	}
	switch t.Name {
	case "Int":
		n, err := strconv.ParseInt(string(raw), 10, 32)
		if err != nil {
			f, ferr := strconv.ParseFloat(string(raw), 64)
			if ferr != nil || raw[0] == '"' || f != float64(int32(f)) {
				return bad("is not a 32-bit integer")
			}
			n = int64(f)
		}
		if why := outside(a, float64(n)); why != "" {
			return bad("%s", why)
		}
		return strconv.AppendInt(dst, n, 10), nil
	case "Float":
		f, err := strconv.ParseFloat(string(raw), 64)
		if err != nil || !json.Valid(raw) {
			return bad("is not a number")
		}
		if why := outside(a, f); why != "" {
			return bad("%s", why)
		}
		return append(dst, raw...), nil
	case "Boolean":
		if s := string(raw); s != "true" && s != "false" {
			return bad("is not true or false")
		}
		return append(dst, raw...), nil
	case "String", "ID":
		var s string
		switch {
		case raw[0] == '"':
			if json.Unmarshal(raw, &s) != nil {
				return bad("is not a string")
			}
		case t.Name == "ID" && isInt(raw):
			s = string(raw)
		default:
			return bad("is not a string")
		}
		most := maxString
		if a != nil && a.MaxLength > 0 {
			most = a.MaxLength
		}
		if len(s) > most && units(s) > most {
			return bad("is longer than %d characters", most)
		}
		return appendQuoted(dst, s), nil
	}
	if !json.Valid(raw) || !utf8.Valid(raw) {
		return bad("is not JSON")
	}
	var buf bytes.Buffer
	if json.Compact(&buf, raw) != nil {
		return bad("is not JSON")
	}
	return append(dst, buf.Bytes()...), nil
}

// simpleText says whether a value is a string of ASCII in which nothing is escaped: it is its own canonical form.
func simpleText(raw []byte) bool {
	n := len(raw)
	if n < 2 || raw[0] != '"' || raw[n-1] != '"' {
		return false
	}
	for _, c := range raw[1 : n-1] {
		if c < ' ' || c >= 0x80 || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// fitsText says whether a simple text is no longer than an argument may be.
func fitsText(raw []byte, a *view.Arg) bool {
	most := maxString
	if a.MaxLength > 0 {
		most = a.MaxLength
	}
	return len(raw)-2 <= most
}

func units(s string) int {
	n := 0
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}

func outside(a *view.Arg, f float64) string {
	if a == nil {
		return ""
	}
	if a.Min != nil && f < *a.Min {
		return "is less than " + strconv.FormatFloat(*a.Min, 'g', -1, 64)
	}
	if a.Max != nil && f > *a.Max {
		return "is more than " + strconv.FormatFloat(*a.Max, 'g', -1, 64)
	}
	return ""
}

func (k checker) input(dst []byte, raw json.RawMessage, in *view.Input, where string, depth int) ([]byte, *fault.Error) {
	var m map[string]json.RawMessage
	if raw[0] != '{' || json.Unmarshal(raw, &m) != nil {
		return nil, fault.New(fault.Invalid, "%s is not an object", where)
	}
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if !slices.ContainsFunc(in.Fields, func(f *view.Arg) bool { return f.Name == name }) {
			return nil, fault.New(fault.Invalid, "%s has no field %q in %s", where, name, in.Name)
		}
	}
	dst = append(dst, '{')
	some := false
	for _, f := range in.Fields {
		v, ok := m[f.Name]
		if !ok {
			if f.Default == nil {
				if f.Type.NonNull {
					return nil, fault.New(fault.Invalid, "%s.%s is missing", where, f.Name)
				}
				continue
			}
			v = f.Default
		}
		if some {
			dst = append(dst, ',')
		}
		some = true
		dst = append(appendQuoted(dst, f.Name), ':')
		var err *fault.Error
		if dst, err = k.check(dst, v, f.Type, f, where+"."+f.Name, depth+1); err != nil {
			return nil, err
		}
	}
	return append(dst, '}'), nil
}

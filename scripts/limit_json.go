package scripts

import (
	"math"
	"slices"

	"github.com/dop251/goja"

	"facet/scripts/span"
)

// boundJSON replaces JSON's functions. The language's own stringify cannot be stopped, and a value of thirty objects can be a text
// of a billion; its parse dies of deep text.
func (m *machine) boundJSON() {
	json := m.global("JSON")
	parse := member(json, "parse")
	m.put(json, "parse", func(c goja.FunctionCall) goja.Value {
		if codeOf(c.Argument(1)) != nil {
			panic(m.vm.NewTypeError("JSON.parse takes no function here: change the value after it"))
		}
		s := text16(c.Argument(0))
		if s.Length() > maxParse {
			m.exceed(LimitString, "a text of %d units was read as JSON", s.Length())
		}
		m.charge(int64(s.Length()) * 8)
		if nestOf(s.String()) > maxNest {
			m.exceed(LimitDepth, "JSON nested deeper than %d", maxNest)
		}
		return parse(goja.FunctionCall{This: c.This, Arguments: []goja.Value{s}})
	})
	m.put(json, "stringify", func(c goja.FunctionCall) goja.Value { return m.stringify(c) })
}

// nestOf is how deep the brackets of a JSON text nest.
func nestOf(s string) (most int) {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			for i++; i < len(s) && s[i] != '"'; i++ {
				if s[i] == '\\' {
					i++
				}
			}
		case '[', '{':
			depth++
			most = max(most, depth)
		case ']', '}':
			depth--
		}
	}
	return most
}

// A jsonText writes a value as JSON.stringify does (ECMAScript 2025, 25.5.2).
type jsonText struct {
	m       *machine
	b       goja.StringBuilder
	total   int64
	replace native
	only    []string // the names that are written, where the replacer is a list
	gap     goja.String
	indent  int
	inside  []*goja.Object
	most    int64 // units
	nest    int
}

func (m *machine) stringify(c goja.FunctionCall) goja.Value {
	return m.stringifyTo(c, maxText, maxNest)
}

// stringifyTo is stringify with bounds of the text's units and levels.
func (m *machine) stringifyTo(c goja.FunctionCall, most int64, nest int) goja.Value {
	w := &jsonText{m: m, most: most, nest: nest}
	if o, ok := c.Argument(1).(*goja.Object); ok {
		if w.replace = codeOf(o); w.replace == nil && o.ClassName() == "Array" {
			w.only = []string{}
			for _, v := range m.values(o) {
				if v, ok := v.(goja.Value); ok && v != nil && (goja.IsString(v) || goja.IsNumber(v)) && !slices.Contains(w.only, v.String()) {
					w.only = append(w.only, v.String())
				}
			}
		}
	}
	switch space := c.Argument(2); {
	case goja.IsNumber(space):
		n := int(min(10, max(0, space.ToFloat())))
		w.gap = m.vm.ToValue("          "[:n]).(goja.String)
	case goja.IsString(space):
		s := text16(space)
		w.gap = s.Substring(0, min(10, s.Length()))
	}
	v := c.Argument(0)
	var holder *goja.Object
	if w.replace != nil {
		holder = m.vm.NewObject()
		_ = holder.Set("", v)
	}
	if v = w.ready(holder, "", v); v == nil {
		return goja.Undefined()
	}
	w.value(v)
	m.charge(w.total)
	return w.b.String()
}

// ready is what is written for a value; nil: it is left out.
func (w *jsonText) ready(holder *goja.Object, key string, v goja.Value) goja.Value {
	w.m.charge(0)
	if o, ok := v.(*goja.Object); ok {
		if to := codeOf(o.Get("toJSON")); to != nil {
			v = to(goja.FunctionCall{This: v, Arguments: []goja.Value{w.m.vm.ToValue(key)}})
		}
	}
	if w.replace != nil {
		v = w.replace(goja.FunctionCall{This: holder, Arguments: []goja.Value{w.m.vm.ToValue(key), v}})
	}
	if o, ok := v.(*goja.Object); ok {
		if _, callable := goja.AssertFunction(o); callable {
			return nil
		}
		switch class := o.ClassName(); class {
		case "Number", "String", "Boolean":
			return unbox(o, class)
		}
		return o
	}
	if _, symbol := v.(*goja.Symbol); symbol || v == nil || goja.IsUndefined(v) {
		return nil
	}
	return v
}

func (w *jsonText) ascii(s string) {
	if w.total += int64(len(s)); w.total > w.most {
		w.m.exceed(LimitString, "a text of more than %d units", w.most)
	}
	w.b.WriteUTF8String(s)
}

func (w *jsonText) value(v goja.Value) {
	switch x := v.(type) {
	case *goja.Object:
		w.object(x)
		return
	case goja.String:
		w.text(x)
		return
	}
	if goja.IsNumber(v) {
		if f := v.ToFloat(); math.IsNaN(f) || math.IsInf(f, 0) {
			w.ascii("null")
			return
		}
	}
	w.ascii(v.String()) // null, true, false, a number
}

func (w *jsonText) object(o *goja.Object) {
	if slices.Contains(w.inside, o) {
		panic(w.m.vm.NewTypeError("Converting circular structure to JSON"))
	}
	if len(w.inside) >= w.nest {
		w.m.exceed(LimitDepth, "JSON nested deeper than %d", w.nest)
	}
	w.inside = append(w.inside, o)
	w.indent++
	some := false
	before := func() {
		if some {
			w.ascii(",")
		}
		some = true
		w.line()
	}
	closing := "}"
	if o.ClassName() == "Array" {
		closing = "]"
		w.ascii("[")
		for i := range w.m.items(o) {
			before()
			if v := w.ready(o, indexName(i), at(o, i)); v != nil {
				w.value(v)
			} else {
				w.ascii("null")
			}
		}
	} else {
		w.ascii("{")
		names := w.only
		if names == nil {
			w.m.members(o)
			names = o.Keys()
		}
		for _, name := range names {
			v := o.Get(name)
			if v == nil {
				v = goja.Undefined()
			}
			if v = w.ready(o, name, v); v == nil {
				continue
			}
			before()
			w.text(w.m.vm.ToValue(name).(goja.String))
			w.ascii(":")
			if w.gap != nil && w.gap.Length() > 0 {
				w.ascii(" ")
			}
			w.value(v)
		}
	}
	w.indent--
	if some {
		w.line()
	}
	w.ascii(closing)
	w.inside = w.inside[:len(w.inside)-1]
}

func (w *jsonText) line() {
	if w.gap == nil || w.gap.Length() == 0 {
		return
	}
	w.ascii("\n")
	for range w.indent {
		if w.total += int64(w.gap.Length()); w.total > w.most {
			w.m.exceed(LimitString, "a text of more than %d units", w.most)
		}
		w.b.WriteString(w.gap)
	}
}

// text writes a string between quotes; a lone surrogate is escaped.
func (w *jsonText) text(s goja.String) {
	n := s.Length()
	if w.total += int64(n) + 2; w.total > w.most {
		w.m.exceed(LimitString, "a text of more than %d units", w.most)
	}
	w.b.WriteRune('"')
	from := 0
	for i := range n {
		c := s.CharAt(i)
		var escape string
		switch {
		case c == '"' || c == '\\':
			escape = `\` + string(rune(c))
		case c >= ' ' && c < 0xd800 || c > 0xdfff:
			continue
		case c == '\b':
			escape = `\b`
		case c == '\t':
			escape = `\t`
		case c == '\n':
			escape = `\n`
		case c == '\f':
			escape = `\f`
		case c == '\r':
			escape = `\r`
		case c < 0xdc00 && c >= 0xd800 && i+1 < n && low(s.CharAt(i+1)), low(c) && i > 0 && high(s.CharAt(i-1)):
			continue
		default:
			escape = `\u` + string([]byte{span.Hex[c>>12], span.Hex[c>>8&15], span.Hex[c>>4&15], span.Hex[c&15]})
		}
		w.b.WriteString(s.Substring(from, i))
		w.ascii(escape)
		from = i + 1
	}
	w.b.WriteString(s.Substring(from, n))
	w.b.WriteRune('"')
}

func high(c uint16) bool { return c >= 0xd800 && c < 0xdc00 }
func low(c uint16) bool  { return c >= 0xdc00 && c < 0xe000 }

package scripts

import (
	"math"

	"github.com/dop251/goja"
)

// patternOf is the pattern of a regular expression; nil if the value is something else.
func (m *machine) patternOf(v goja.Value) (*goja.Object, *pattern) {
	o, ok := v.(*goja.Object)
	if !ok || m.recording {
		return nil, nil
	}
	if p := m.known[o]; p != nil {
		return o, p
	}
	if o.ClassName() == "RegExp" {
		m.exceed(LimitRegex, "a regular expression that is no literal of the function")
	}
	return nil, nil
}

// noPattern refuses a regular expression where a method takes text alone.
func (m *machine) noPattern(v goja.Value) goja.Value {
	if _, p := m.patternOf(v); p != nil {
		panic(m.vm.NewTypeError("this takes a text, not a regular expression"))
	}
	return v
}

// onlyPattern is the pattern that a method was given. A text would be made into one, which is code made of text.
func (m *machine) onlyPattern(v goja.Value, method string) (*goja.Object, *pattern) {
	o, p := m.patternOf(v)
	if p == nil {
		panic(m.vm.NewTypeError(method + " takes a regular expression as a literal: /…/"))
	}
	return o, p
}

// matchers replaces all that matches regular expressions by methods over patterns.
func (m *machine) matchers() {
	m.known = map[*goja.Object]*pattern{}
	regex := m.prototype("RegExp")
	this := func(c goja.FunctionCall) (*goja.Object, *pattern) {
		o, p := m.patternOf(c.This)
		if p == nil {
			panic(m.vm.NewTypeError("this is no regular expression"))
		}
		return o, p
	}
	m.put(regex, "exec", func(c goja.FunctionCall) goja.Value {
		o, p := this(c)
		s := text16(c.Argument(0))
		return m.result(p, s, m.exec(o, p, s))
	})
	m.put(regex, "test", func(c goja.FunctionCall) goja.Value {
		o, p := this(c)
		return m.vm.ToValue(m.exec(o, p, text16(c.Argument(0))) != nil)
	})
	for _, sym := range []*goja.Symbol{goja.SymMatch, goja.SymMatchAll, goja.SymReplace, goja.SymSearch, goja.SymSplit} {
		_ = regex.DeleteSymbol(sym)
	}
	_ = regex.Delete("compile")

	text := m.prototype("String")
	m.put(text, "match", m.match)
	m.put(text, "matchAll", m.matchAll)
	m.put(text, "search", func(c goja.FunctionCall) goja.Value {
		s := m.subject(&c)
		_, p := m.onlyPattern(c.Argument(0), "search")
		at := m.find(p, s, 0, p.sticky)
		if at == nil {
			return m.vm.ToValue(-1)
		}
		return m.vm.ToValue(at[0])
	})
	m.put(text, "replace", func(c goja.FunctionCall) goja.Value { return m.replace(c, false) })
	m.put(text, "replaceAll", func(c goja.FunctionCall) goja.Value { return m.replace(c, true) })
	split := member(text, "split")
	m.indexOf = member(text, "indexOf")
	m.put(text, "split", func(c goja.FunctionCall) goja.Value { return m.split(c, split) })
}

func (m *machine) match(c goja.FunctionCall) goja.Value {
	s := m.subject(&c)
	o, p := m.onlyPattern(c.Argument(0), "match")
	if !p.global {
		return m.result(p, s, m.exec(o, p, s))
	}
	m.lastIndex(o, 0)
	var out []any
	m.each(p, s, 0, func(at []int) bool {
		m.room(len(out))
		m.charge(int64(at[1]-at[0]) + 2*sizeOfItem)
		out = append(out, s.Substring(at[0], at[1]))
		return true
	})
	if out == nil {
		return goja.Null()
	}
	return m.vm.NewArray(out...)
}

func (m *machine) matchAll(c goja.FunctionCall) goja.Value {
	s := m.subject(&c)
	o, p := m.onlyPattern(c.Argument(0), "matchAll")
	if !p.global {
		panic(m.vm.NewTypeError("matchAll takes a regular expression with the flag g"))
	}
	var out []any
	if from := o.Get("lastIndex").ToFloat(); from <= float64(s.Length()) {
		m.each(p, s, max(0, int(from)), func(at []int) bool {
			m.room(len(out))
			out = append(out, m.result(p, s, at))
			return true
		})
	}
	a := m.vm.NewArray(out...)
	return member(a, "values")(goja.FunctionCall{This: a})
}

func (m *machine) room(n int) {
	if n >= maxItems {
		m.exceed(LimitArray, "more than %d matches", maxItems)
	}
}

func (m *machine) replace(c goja.FunctionCall, all bool) goja.Value {
	s := m.subject(&c)
	o, p := m.patternOf(c.Argument(0))
	if p != nil && all && !p.global {
		panic(m.vm.NewTypeError("replaceAll takes a regular expression with the flag g"))
	}
	with := codeOf(c.Argument(1))
	var to goja.String
	var what goja.String
	if p == nil {
		what = text16(c.Argument(0))
	}
	if with == nil {
		to = text16(c.Argument(1))
	}
	var b goja.StringBuilder
	total, end := 0, 0
	add := func(t goja.String) {
		if total += t.Length(); total > maxText {
			m.exceed(LimitString, "a text of more than %d units", maxText)
		}
		b.WriteString(t)
	}
	one := func(at []int) bool {
		m.charge(0)
		add(s.Substring(end, at[0]))
		end = at[1]
		values := m.captures(s, at)
		var named goja.Value = goja.Undefined()
		if p != nil {
			named = m.groups(p, values)
		}
		if with == nil {
			m.substitute(s, at, values, named, to, add)
			return true
		}
		args := append(values, m.vm.ToValue(at[0]), s)
		if !goja.IsUndefined(named) {
			args = append(args, named)
		}
		add(text16(with(goja.FunctionCall{This: goja.Undefined(), Arguments: args})))
		return true
	}
	switch {
	case p == nil:
		m.occurrences(s, what, all, one)
	case p.global:
		m.lastIndex(o, 0)
		var found [][]int
		m.each(p, s, 0, func(at []int) bool { // before the first function is called: it could use the expression itself
			m.room(len(found))
			m.charge(64)
			found = append(found, at)
			return true
		})
		for _, at := range found {
			one(at)
		}
	default:
		if at := m.exec(o, p, s); at != nil {
			one(at)
		}
	}
	if end == 0 && total == 0 {
		return s
	}
	add(s.Substring(end, s.Length()))
	m.long(int64(total))
	return b.String()
}

// occurrences gives each place of a text in another one.
func (m *machine) occurrences(s, what goja.String, all bool, one func([]int) bool) {
	m.search(s, what)
	n, k := s.Length(), what.Length()
	for from := 0; from <= n; {
		m.charge(0)
		i := int(m.indexOf(goja.FunctionCall{This: s, Arguments: []goja.Value{what, m.vm.ToValue(from)}}).ToInteger())
		if i < 0 || i < from {
			return
		}
		one([]int{i, i + k})
		if !all {
			return
		}
		from = i + max(1, k)
	}
}

// substitute writes a replacement with its $-patterns (ECMAScript 2025, 22.1.3.19.1).
func (m *machine) substitute(s goja.String, at []int, values []goja.Value, named goja.Value, to goja.String, add func(goja.String)) {
	n, from := to.Length(), 0
	put := func(i, skip int, t goja.Value) int {
		add(to.Substring(from, i))
		if t != nil && !goja.IsUndefined(t) {
			add(text16(t))
		}
		from = i + skip
		return from - 1
	}
	for i := 0; i+1 < n; i++ {
		if to.CharAt(i) != '$' {
			continue
		}
		switch c := to.CharAt(i + 1); {
		case c == '$':
			i = put(i, 2, to.Substring(i, i+1))
		case c == '&':
			i = put(i, 2, values[0])
		case c == '`':
			i = put(i, 2, s.Substring(0, at[0]))
		case c == '\'':
			i = put(i, 2, s.Substring(min(at[1], s.Length()), s.Length()))
		case c >= '0' && c <= '9':
			d, skip := int(c-'0'), 2
			if i+2 < n {
				if e := to.CharAt(i + 2); e >= '0' && e <= '9' && d*10+int(e-'0') < len(values) && d*10+int(e-'0') > 0 {
					d, skip = d*10+int(e-'0'), 3
				}
			}
			if d > 0 && d < len(values) {
				i = put(i, skip, values[d])
			}
		case c == '<' && !goja.IsUndefined(named):
			for j := i + 2; j < n; j++ {
				if to.CharAt(j) == '>' {
					i = put(i, j+1-i, named.(*goja.Object).Get(to.Substring(i+2, j).String()))
					break
				}
			}
		}
	}
	add(to.Substring(from, n))
}

func (m *machine) split(c goja.FunctionCall, native native) goja.Value {
	s := m.subject(&c)
	limit := uint32(math.MaxUint32)
	if l := c.Argument(1); !goja.IsUndefined(l) {
		limit = uint32(int64(math.Mod(math.Trunc(finite(l.ToFloat())), 1<<32)))
	}
	_, p := m.patternOf(c.Argument(0))
	n := s.Length()
	if p == nil {
		if goja.IsUndefined(c.Argument(0)) {
			return native(c)
		}
		sep := text16(c.Argument(0))
		m.search(s, sep)
		parts := n / max(1, sep.Length())
		if parts > 4096 { // count them
			parts = 0
			if sep.Length() == 0 {
				parts = n
			} else {
				m.occurrences(s, sep, true, func([]int) bool { parts++; return true })
			}
		}
		parts = int(min(int64(parts), int64(limit)))
		if parts >= maxItems {
			m.exceed(LimitArray, "a list of %d items", parts)
		}
		m.charge(int64(n) + int64(parts+1)*2*sizeOfItem)
		return native(goja.FunctionCall{This: s, Arguments: []goja.Value{sep, c.Argument(1)}})
	}
	var out []any
	add := func(v goja.Value) bool {
		m.room(len(out))
		m.charge(2 * sizeOfItem)
		out = append(out, v)
		return uint32(len(out)) < limit
	}
	switch {
	case limit == 0:
	case n == 0:
		if m.find(p, s, 0, true) == nil {
			add(s)
		}
	default:
		begin, from := 0, 0
		for from < n {
			at := m.find(p, s, from, false)
			if at == nil || at[0] >= n {
				break
			}
			if at[1] == begin {
				from = p.advance(s, max(from, at[0]))
				continue
			}
			if !add(s.Substring(begin, at[0])) {
				return m.vm.NewArray(out...)
			}
			for _, v := range m.captures(s, at)[1:] {
				if !add(v) {
					return m.vm.NewArray(out...)
				}
			}
			begin, from = at[1], at[1]
		}
		m.charge(int64(n))
		add(s.Substring(begin, n))
	}
	return m.vm.NewArray(out...)
}

func finite(x float64) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	return x
}

// instruments are what instrumented code calls.
func (m *machine) instruments() {
	set := func(name string, f native) { _ = m.vm.Set(name, f) }
	set(keptName, func(c goja.FunctionCall) goja.Value {
		v := c.Arguments[0]
		if s, ok := v.(goja.String); ok {
			m.long(int64(s.Length()))
		}
		return v
	})
	set(listName, func(c goja.FunctionCall) goja.Value { return m.vm.NewArray(m.list(c.Arguments[0], maxItems)...) })
	set(argsName, func(c goja.FunctionCall) goja.Value { return m.vm.NewArray(m.list(c.Arguments[0], maxArgs)...) })
	set(ownName, func(c goja.FunctionCall) goja.Value {
		m.charge(int64(m.members(c.Arguments[0])) * sizeOfItem)
		return c.Arguments[0]
	})
	set(regexName, func(c goja.FunctionCall) goja.Value {
		o := c.Arguments[0].(*goja.Object)
		m.charge(512)
		m.known[o] = m.patterns[c.Arguments[1].ToInteger()]
		return o
	})
}

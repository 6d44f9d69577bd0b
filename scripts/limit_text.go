package scripts

import (
	"github.com/dop251/goja"
)

// boundText guards the methods of strings, and the functions that read or write strings.
func (m *machine) boundText() {
	proto := m.prototype("String")
	m.guard(proto, func(c *goja.FunctionCall) {
		m.charge(0)
		n := c.Argument(0).ToFloat()
		m.long(int64(min(max(n, 0), 1<<40)) * int64(m.subject(c).Length()))
	}, "repeat")
	m.guard(proto, func(c *goja.FunctionCall) {
		m.charge(0)
		s := m.subject(c)
		c.Arguments = []goja.Value{c.Argument(0).ToNumber(), filler(c.Argument(1))}
		m.long(max(int64(min(c.Arguments[0].ToFloat(), 1<<40)), int64(s.Length())))
	}, "padStart", "padEnd")
	m.guard(proto, func(c *goja.FunctionCall) {
		n := int64(m.subject(c).Length())
		args := make([]goja.Value, len(c.Arguments))
		for i, v := range c.Arguments {
			args[i] = text16(v)
			if n += int64(args[i].(goja.String).Length()); n > maxText {
				break
			}
		}
		c.Arguments = args
		m.long(n)
	}, "concat")
	m.guard(proto, func(c *goja.FunctionCall) { m.long(int64(m.subject(c).Length())) },
		"slice", "substring", "substr", "trim", "trimStart", "trimEnd", "trimLeft", "trimRight",
		"toWellFormed")
	m.guard(proto, func(c *goja.FunctionCall) {
		s := m.subject(c)
		if n := s.Length(); n > maxText/8 && !ascii(s) {
			m.exceed(LimitString, "a text of %d units that are not all ASCII", n)
		}
		m.long(int64(s.Length()))
	}, "toLowerCase", "toUpperCase", "toLocaleLowerCase", "toLocaleUpperCase")
	m.guard(proto, func(c *goja.FunctionCall) {
		m.charge(0)
		s := m.subject(c)
		if len(c.Arguments) > 0 {
			c.Arguments[0] = m.noPattern(c.Arguments[0])
			m.search(s, text16(c.Arguments[0]))
		}
	}, "indexOf", "lastIndexOf", "includes", "startsWith", "endsWith")
	m.guard(proto, func(c *goja.FunctionCall) {
		m.charge(0)
		n := m.subject(c).Length()
		if n > maxText/128 {
			m.exceed(LimitString, "a text of %d units is too long to be normalized", n)
		}
		m.charge(int64(n) * 4)
	}, "normalize")
	m.guard(proto, func(c *goja.FunctionCall) {
		m.charge(0)
		other := text16(c.Argument(0))
		c.Arguments = []goja.Value{other}
		if n := m.subject(c).Length() + other.Length(); n > maxText/64 {
			m.exceed(LimitString, "texts of %d units are too long to be compared", n)
		}
	}, "localeCompare")
	world := m.vm.GlobalObject()
	m.guard(world, func(c *goja.FunctionCall) {
		s := text16(c.Argument(0))
		c.Arguments = append([]goja.Value{s}, c.Arguments[min(1, len(c.Arguments)):]...)
		m.long(int64(s.Length()) * 3)
		if s.Length() > maxText/8 {
			m.exceed(LimitString, "a text of %d units", s.Length())
		}
	}, "encodeURIComponent", "decodeURIComponent")
	number := func(c *goja.FunctionCall) {
		m.charge(0)
		if s, ok := c.Argument(0).(goja.String); ok && s.Length() > 4096 {
			m.exceed(LimitString, "a text of %d units is no number", s.Length())
		}
	}
	m.guard(world, number, "parseInt", "parseFloat", "isNaN", "isFinite")
	m.guard(m.global("Number"), number, "parseInt", "parseFloat")
}

// ascii says whether a text has no other characters.
func ascii(s goja.String) bool {
	for i := range s.Length() {
		if s.CharAt(i) > 0x7f {
			return false
		}
	}
	return true
}

func filler(v goja.Value) goja.Value {
	if goja.IsUndefined(v) {
		return v
	}
	return text16(v)
}

// search bounds the comparisons that a search for a string makes.
func (m *machine) search(s, what goja.String) {
	n, k := int64(s.Length()), int64(what.Length())
	if k > 1 && k < n && (n-k)*k > maxSteps {
		m.exceed(LimitString, "a text of %d units was looked for in one of %d", k, n)
	}
}

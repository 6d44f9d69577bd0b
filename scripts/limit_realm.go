package scripts

import (
	"github.com/dop251/goja"
)

// What packages reach while they are recorded, beside what computed functions do: symbols, constructors without bounds, Reflect. Two
// things must not be: functions of the language that come back to each other without a script in between, which would end the
// process by its stack, and iterators whose next is such a function, which no interrupt would end. So each of them that asks its this
// for anything, or gives an object to one who gives it nothing, is counted and gives way to the watchdog.

// boundRealm guards those.
func (m *machine) boundRealm() {
	m.iterator = m.prototype("Array").GetSymbol(goja.SymIterator)
	nothing := func(*goja.FunctionCall) {}
	for name, methods := range map[string][]string{
		"Object":  {"toString", "valueOf"},
		"Array":   {"toLocaleString"},
		"Map":     {"get", "entries", "keys", "values"},
		"Set":     {"entries", "keys", "values"},
		"WeakMap": {"get", "set"},
		"WeakSet": {"add"},
		"Symbol":  {"toString", "valueOf"},
	} {
		m.guard(m.prototype(name), nothing, methods...)
	}
	m.guard(m.prototype("Function"), nothing, "call")
	m.guard(m.global("Reflect"), func(c *goja.FunctionCall) { m.charge(int64(m.members(c.Argument(0))) * sizeOfItem) },
		"get", "set", "has", "ownKeys", "getPrototypeOf", "setPrototypeOf", "getOwnPropertyDescriptor", "defineProperty", "deleteProperty")
	m.guard(m.global("Promise"), func(c *goja.FunctionCall) {
		if len(c.Arguments) > 0 {
			c.Arguments[0] = m.iterated(c.Arguments[0])
		}
	}, "all", "allSettled", "any", "race")

	lists := m.vm.NewArray()
	its := member(lists, "values")(goja.FunctionCall{This: lists}).ToObject(m.vm).Prototype() // %ArrayIteratorPrototype%
	_ = its.DefineDataProperty("next", its.Get("next"), goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE)
	m.symbolic(its.Prototype(), goja.SymIterator)
	m.symbolic(m.prototype("String"), goja.SymIterator)

	m.boundConstructors()
	m.boundExpressions()
	m.getter(m.prototype("Object"), "__proto__")
	for _, name := range []string{"Promise", "RegExp", "Map", "Set", "Array"} { // gives its this
		_ = m.global(name).DeleteSymbol(goja.SymSpecies)
	}
}

// symbolic guards a method whose name is a symbol.
func (m *machine) symbolic(of *goja.Object, name *goja.Symbol) {
	old, ok := of.GetSymbol(name).(*goja.Object)
	if !ok || codeOf(old) == nil {
		return
	}
	f := m.vm.ToValue(m.deeper(codeOf(old))).(*goja.Object)
	_ = f.DefineDataProperty("name", old.Get("name"), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	_ = of.DefineDataPropertySymbol(name, f, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
}

// getter guards a property that is asked for by a function.
func (m *machine) getter(of *goja.Object, name string) {
	describe := member(m.global("Object"), "getOwnPropertyDescriptor")
	d, _ := describe(goja.FunctionCall{Arguments: []goja.Value{of, m.vm.ToValue(name)}}).(*goja.Object)
	if d == nil || codeOf(d.Get("get")) == nil {
		return
	}
	_ = of.DefineAccessorProperty(name, m.vm.ToValue(m.deeper(codeOf(d.Get("get")))), d.Get("set"), goja.FLAG_TRUE, goja.FLAG_FALSE)
}

// boundConstructors guards what can be called as a function too, and what takes anything that can be iterated.
func (m *machine) boundConstructors() {
	pass := func(args []goja.Value) []goja.Value {
		m.charge(64)
		return args
	}
	m.construct("Object", pass)
	m.construct("Error", pass)
	parent := m.global("Error")
	for _, name := range []string{"EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError", "URIError"} {
		m.construct(name, pass)
		_ = m.global(name).SetPrototype(parent)
	}
	first := func(args []goja.Value) []goja.Value {
		m.charge(256)
		if len(args) > 0 && !goja.IsUndefined(args[0]) && !goja.IsNull(args[0]) {
			args[0] = m.vm.NewArray(m.list(args[0], maxItems/4)...)
		}
		return args
	}
	for _, name := range []string{"AggregateError", "WeakMap", "WeakSet"} {
		m.construct(name, first)
	}
	_ = m.global("AggregateError").SetPrototype(parent)
}

// iterated is what is spread: a list whose iterator is the language's as it is, anything else as a list of what it gave.
func (m *machine) iterated(v goja.Value) goja.Value {
	o, ok := v.(*goja.Object)
	if !ok {
		return v
	}
	if o.ClassName() == "Array" && o.GetSymbol(goja.SymIterator) == m.iterator {
		return v
	}
	return m.vm.NewArray(m.list(v, maxItems)...)
}

// expression says whether a value is a regular expression of the engine's.
func expression(v goja.Value) bool {
	o, ok := v.(*goja.Object)
	return ok && o.ClassName() == "RegExp"
}

// syntax refuses a pattern that the engine's parser would go too deep into.
func (m *machine) syntax(s goja.String) {
	if s.Length() > maxSyntax {
		m.exceed(LimitRegex, "a pattern of %d units", s.Length())
	}
	depth, most := 0, 0
	for i := range s.Length() {
		switch s.CharAt(i) {
		case '(':
			depth++
			most = max(most, depth)
		case ')':
			depth--
		}
	}
	if most > maxGroups {
		m.exceed(LimitRegex, "a pattern of %d groups inside each other", most)
	}
	m.charge(int64(s.Length()) + 512)
}

// boundExpressions keeps expressions the engine's: what a package could put in the place of exec might never say that there is no
// more, and the functions that ask it are none that can be interrupted.
func (m *machine) boundExpressions() {
	m.construct("RegExp", func(args []goja.Value) []goja.Value {
		m.charge(512)
		if len(args) > 0 && !goja.IsUndefined(args[0]) && !expression(args[0]) {
			s := text16(args[0])
			m.syntax(s)
			args[0] = s
		}
		return args
	})
	proto := m.prototype("RegExp")
	for _, name := range []string{"exec", "constructor"} {
		_ = proto.DefineDataProperty(name, proto.Get(name), goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE)
	}
	for _, name := range []string{"flags", "global", "ignoreCase", "multiline", "dotAll", "unicode", "sticky", "source"} {
		m.getter(proto, name)
	}
	for _, name := range []*goja.Symbol{goja.SymMatch, goja.SymMatchAll, goja.SymReplace, goja.SymSearch, goja.SymSplit} {
		old := codeOf(proto.GetSymbol(name))
		if old == nil {
			continue
		}
		f := m.vm.ToValue(m.deeper(func(c goja.FunctionCall) goja.Value {
			o, ok := c.This.(*goja.Object)
			if !ok || o.ClassName() != "RegExp" || o.Prototype() != proto {
				panic(m.vm.NewTypeError("this is no regular expression of the language's own"))
			}
			if names := o.GetOwnPropertyNames(); len(names) != 1 || len(o.Symbols()) > 0 { // lastIndex
				panic(m.vm.NewTypeError("a regular expression has properties of its own"))
			}
			return old(c)
		}))
		_ = proto.DefineDataPropertySymbol(name, f, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	}
}

package scripts

import (
	"reflect"
	"sync"

	"github.com/dop251/goja"
)

// Natives that call natives: the engine counts the calls of a script alone. A list whose getter is `at`, an object whose toString is
// `trim`, an Error that is its own name have no script in between, and the process dies of its stack.

// deeper is a function of the language that counts how many of them are inside each other, and gives way to the watchdog.
func (m *machine) deeper(f native) native {
	return func(c goja.FunctionCall) goja.Value {
		if m.inside++; m.inside > maxChain {
			m.exceed(LimitStack, "more than %d functions of the language inside each other", maxChain)
		}
		defer func() { m.inside-- }()
		m.charge(0)
		return f(c)
	}
}

// scripted are the code pointers of functions that are written in JavaScript: the engine looks at its interrupt inside them.
var scripted = sync.OnceValue(func() map[uintptr]bool {
	out := map[uintptr]bool{}
	vm := goja.New()
	for _, source := range []string{"(function () {})", "() => 1", "({ m() {} }).m", "({ get m() {} }, (class { static m() {} }).m)"} {
		if v, err := vm.RunString(source); err == nil {
			out[reflect.ValueOf(v.Export()).Pointer()] = true
		}
	}
	return out
})

// steady is a function that is about to be called many times: one of the language is counted and gives way each time.
func (m *machine) steady(v goja.Value) goja.Value {
	f := codeOf(v)
	if f == nil || scripted()[reflect.ValueOf(f).Pointer()] {
		return v
	}
	return m.vm.ToValue(m.deeper(f))
}

// eachOf guards methods that call their first argument for each element.
func (m *machine) eachOf(of *goja.Object, names ...string) {
	m.guard(of, func(c *goja.FunctionCall) {
		if len(c.Arguments) > 0 && codeOf(c.Arguments[0]) != nil { // texts are not to be compared: the engine's own are of a type that cannot
			if f := m.steady(c.Arguments[0]); f != c.Arguments[0] {
				c.Arguments = append([]goja.Value{f}, c.Arguments[1:]...)
			}
		}
	}, names...)
}

// boundCircles guards the functions through which a value can come back to itself: all that can ask their this for a property, or
// for its text, if only for the message of an error.
func (m *machine) boundCircles() {
	nothing := func(*goja.FunctionCall) {}
	for name, methods := range map[string][]string{
		"Object":  {"toLocaleString"},
		"Error":   {"toString"},
		"RegExp":  {"toString"},
		"String":  {"at", "charAt", "charCodeAt", "codePointAt", "toString", "valueOf"},
		"Promise": {"then", "catch", "finally"},
	} {
		m.guard(m.prototype(name), nothing, methods...)
	}
	m.guard(m.prototype("Number"), func(c *goja.FunctionCall) { m.boxed(c.This, "Number", goja.IsNumber(c.This)) },
		"toString", "toFixed", "toExponential", "toPrecision", "toLocaleString", "valueOf")
	m.guard(m.prototype("Boolean"), func(c *goja.FunctionCall) {
		_, object := c.This.(*goja.Object)
		m.boxed(c.This, "Boolean", !object)
	}, "toString", "valueOf")
	m.guard(m.prototype("Function"), nothing, "toString")
	m.guard(m.global("Promise"), nothing, "all", "allSettled", "any", "race", "resolve", "reject")
	list := m.vm.NewArray()
	iterators := []goja.Value{member(list, "values")(goja.FunctionCall{This: list})}
	for _, name := range []string{"Map", "Set"} {
		if o, err := m.vm.New(m.global(name)); err == nil {
			iterators = append(iterators, member(o, "values")(goja.FunctionCall{This: o}))
		}
	}
	for _, v := range iterators {
		m.guard(v.ToObject(m.vm).Prototype(), nothing, "next")
	}
	m.eachOf(m.prototype("Array"), "forEach", "map", "filter", "some", "every", "find", "findIndex", "findLast", "findLastIndex", "reduce", "reduceRight")
	m.eachOf(m.prototype("Map"), "forEach")
	m.eachOf(m.prototype("Set"), "forEach")
}

// boxed refuses a method of another kind of value. The engine would put the value's text into its error: a text that fails goes through
// the printer of every such error that is under way, and each walks the whole stack again.
func (m *machine) boxed(v goja.Value, class string, is bool) {
	if o, ok := v.(*goja.Object); !is && (!ok || o.ClassName() != class) {
		panic(m.vm.NewTypeError("this is no " + class))
	}
}

// maxDigits is how much text the functions of numbers may be given, together: to read a number takes time.
const maxDigits = 64 << 10

// boundNumbers guards functions that read any number of numbers.
func (m *machine) boundNumbers() {
	digits := func(c *goja.FunctionCall) {
		n := 0
		for _, v := range c.Arguments {
			if o, ok := v.(*goja.Object); ok && o.ClassName() == "String" {
				v = text16(o)
			}
			if s, ok := v.(goja.String); ok {
				if n += s.Length(); n > maxDigits {
					m.exceed(LimitString, "texts of %d units were read as numbers", n)
				}
			}
		}
	}
	m.guard(m.global("Math"), digits, "max", "min", "hypot")
	m.guard(m.global("String"), digits, "fromCharCode", "fromCodePoint")
}

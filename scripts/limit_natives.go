package scripts

import (
	"github.com/dop251/goja"
)

// Bounds of what one native call may make or walk: goja does not look at its interrupt inside one. Each native that can walk or
// make more than it is given is guarded here, done anew, or gone; TestNatives holds the list of all that can be reached.
const (
	maxText     = 1 << 20 // UTF-16 units of one string
	maxItems    = 50_000  // elements of one list
	maxArgs     = 10_000  // arguments of one call
	maxParse    = 64 << 10
	maxSteps    = 1 << 23 // comparisons that one search may make
	maxCompared = 1 << 25 // units of texts that a search in a list may compare
	maxNest     = 64      // of text read or written as JSON
	maxChain    = 256     // natives inside natives
)

type native = func(goja.FunctionCall) goja.Value

// member is a native function of an object; nil if it has none of that name.
func member(of *goja.Object, name string) native {
	return codeOf(of.Get(name))
}

// codeOf is a function's own code: to call it costs no wrapper, and what it throws goes on to the script. It is nil of what is no
// function, which must not be exported: a list would be copied whole, holes and all.
func codeOf(v goja.Value) native {
	o, ok := v.(*goja.Object)
	if !ok || o.ClassName() != "Function" {
		return nil
	}
	f, _ := o.Export().(func(goja.FunctionCall) goja.Value)
	return f
}

// put replaces a function of an object. It has the name and the length of the one that it replaces.
func (m *machine) put(of *goja.Object, name string, f native) {
	fn := m.vm.ToValue(m.deeper(f)).(*goja.Object)
	_ = fn.DefineDataProperty("name", m.vm.ToValue(name), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	if old, ok := of.Get(name).(*goja.Object); ok {
		_ = fn.DefineDataProperty("length", old.Get("length"), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	}
	_ = of.DefineDataProperty(name, fn, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
}

// guard puts a function before natives, which refuses what is too much for them and may replace their arguments.
func (m *machine) guard(of *goja.Object, check func(c *goja.FunctionCall), names ...string) {
	for _, name := range names {
		old := member(of, name)
		if old == nil {
			continue
		}
		m.put(of, name, func(c goja.FunctionCall) goja.Value {
			check(&c)
			return old(c)
		})
	}
}

func (m *machine) global(name string) *goja.Object { return m.vm.Get(name).ToObject(m.vm) }

func (m *machine) prototype(name string) *goja.Object {
	return m.global(name).Get("prototype").ToObject(m.vm)
}

// bound replaces the natives whose work grows faster than their script.
func (m *machine) bound() {
	m.boundText()
	m.boundLists()
	m.boundObjects()
	m.boundJSON()
	m.boundFunctions()
	m.boundCollections()
	m.boundCircles()
	m.boundNumbers()
}

// items is the length of a list, which it must really be: what else has a length can have another one when it is asked again.
func (m *machine) items(v goja.Value) int {
	switch x := v.(type) {
	case goja.String:
		if x.Length() > maxItems {
			m.exceed(LimitArray, "a text of %d units was taken for a list", x.Length())
		}
		return x.Length()
	case *goja.Object:
		if x.ClassName() == "Array" {
			n := x.Get("length").ToInteger()
			if n > maxItems {
				m.exceed(LimitArray, "a list of %d items", n)
			}
			return int(n)
		}
		if m.recording {
			return m.lengthOf(x)
		}
	}
	if m.recording {
		return 0
	}
	panic(m.vm.NewTypeError("this is no list: write [...value]"))
}

// lengthOf is the length that something else than a list says it has.
func (m *machine) lengthOf(o *goja.Object) int {
	if o.ClassName() == "Function" { // a symbolic value: to read of it means something
		return 0
	}
	n := o.Get("length")
	if n == nil || !goja.IsNumber(n) {
		return 0
	}
	if n.ToFloat() > maxItems {
		m.exceed(LimitArray, "a list of %.0f items", n.ToFloat())
	}
	return int(max(0, n.ToInteger()))
}

// list is the values of anything that can be iterated. It stops where there are too many.
func (m *machine) list(v goja.Value, most int) []any {
	var out []any
	if s, ok := v.(goja.String); ok && s.Length() > most {
		m.exceed(LimitArray, "a text of %d units was taken for a list", s.Length())
	}
	m.vm.ForOf(v, func(v goja.Value) bool {
		if len(out) >= most {
			m.exceed(LimitArray, "a list of more than %d items", most)
		}
		if len(out)&255 == 0 {
			m.charge(256 * sizeOfItem)
		}
		out = append(out, v)
		return true
	})
	return out
}

// text16 is a value's string, as the language makes it.
func text16(v goja.Value) goja.String {
	if o, ok := v.(*goja.Object); ok {
		v = o.ToString()
	}
	if s, ok := v.(goja.String); ok {
		return s
	}
	var b goja.StringBuilder
	b.WriteUTF8String(v.String()) // a number, a boolean, null, undefined
	return b.String()
}

// subject is the string that a method is called on.
func (m *machine) subject(c *goja.FunctionCall) goja.String {
	if s, ok := c.This.(goja.String); ok {
		return s
	}
	if goja.IsUndefined(c.This) || goja.IsNull(c.This) {
		panic(m.vm.NewTypeError("null and undefined have no text"))
	}
	s := text16(c.This)
	c.This = s
	return s
}

// long counts a string that is about to be made.
func (m *machine) long(units int64) {
	if units > maxText {
		m.exceed(LimitString, "a text of %d units", units)
	}
	if units > 64 {
		m.charge(units)
	}
}

func (m *machine) boundFunctions() {
	proto := m.prototype("Function")
	apply := member(proto, "apply")
	m.put(proto, "apply", func(c goja.FunctionCall) goja.Value {
		args := c.Argument(1)
		if goja.IsUndefined(args) || goja.IsNull(args) {
			return apply(c)
		}
		o, ok := args.(*goja.Object)
		if !ok {
			panic(m.vm.NewTypeError("apply takes a list of arguments"))
		}
		n := o.Get("length").ToInteger()
		if n > maxArgs {
			m.exceed(LimitArray, "%d arguments", n)
		}
		list := make([]goja.Value, max(n, 0))
		for i := range list {
			list[i] = at(o, i)
		}
		f := codeOf(c.This)
		if f == nil {
			return apply(c)
		}
		m.charge(int64(len(list)) * sizeOfItem)
		return f(goja.FunctionCall{This: c.Argument(0), Arguments: list})
	})
	call := member(proto, "call")
	m.put(proto, "call", func(c goja.FunctionCall) goja.Value {
		f := codeOf(c.This)
		if f == nil {
			return call(c)
		}
		var args []goja.Value
		if len(c.Arguments) > 1 {
			args = c.Arguments[1:]
		}
		return f(goja.FunctionCall{This: c.Argument(0), Arguments: args})
	})
	m.put(proto, "bind", func(c goja.FunctionCall) goja.Value {
		f := codeOf(c.This)
		if f == nil {
			panic(m.vm.NewTypeError("bind of something that is no function"))
		}
		this := c.Argument(0)
		var first []goja.Value
		if len(c.Arguments) > 1 {
			first = append(first, c.Arguments[1:]...)
		}
		m.charge(256 + int64(len(first))*sizeOfItem)
		bound := m.vm.ToValue(m.deeper(func(c goja.FunctionCall) goja.Value {
			return f(goja.FunctionCall{This: this, Arguments: append(first[:len(first):len(first)], c.Arguments...)})
		})).(*goja.Object)
		_ = bound.DefineDataProperty("name", m.vm.ToValue("bound"), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE)
		return bound
	})
}

// at is an element of an object, undefined where there is none.
func at(o *goja.Object, i int) goja.Value {
	if v := o.Get(indexName(i)); v != nil {
		return v
	}
	return goja.Undefined()
}

package scripts

import (
	"github.com/dop251/goja"
)

// boundObjects guards Object's functions, which walk what they are given.
func (m *machine) boundObjects() {
	object := m.global("Object")
	m.guard(object, func(c *goja.FunctionCall) {
		m.charge(0)
		for _, v := range c.Arguments {
			m.charge(int64(m.members(v)) * sizeOfItem)
		}
	}, "assign", "keys", "values", "entries", "getOwnPropertyNames", "getOwnPropertyDescriptors", "defineProperties", "freeze", "seal", "isFrozen", "isSealed", "create",
		"preventExtensions")
	assign := member(object, "assign")
	m.put(object, "assign", func(c goja.FunctionCall) goja.Value { // one at a time: together they have no end
		to := assign(goja.FunctionCall{This: c.This, Arguments: c.Arguments[:min(1, len(c.Arguments))]})
		for i := 1; i < len(c.Arguments); i++ {
			m.charge(0)
			assign(goja.FunctionCall{This: c.This, Arguments: []goja.Value{to, c.Arguments[i]}})
		}
		return to
	})
	fromEntries := member(object, "fromEntries")
	m.put(object, "fromEntries", func(c goja.FunctionCall) goja.Value {
		list := m.list(c.Argument(0), maxItems/4)
		m.charge(int64(len(list)) * sizeOfMember)
		m.pairs(list)
		return fromEntries(goja.FunctionCall{This: c.This, Arguments: []goja.Value{m.vm.NewArray(list...)}})
	})
}

// pairs makes what stands for a key and a value have both: the engine takes them as they are.
func (m *machine) pairs(list []any) {
	for i, v := range list {
		o, ok := v.(*goja.Object)
		if !ok || o.ClassName() == "Array" && o.Get("0") != nil && o.Get("1") != nil {
			continue
		}
		list[i] = m.vm.NewArray(at(o, 0), at(o, 1))
	}
}

// members is how many properties a value has at least, where that can be more than its script made: of a text or a list.
func (m *machine) members(v goja.Value) int {
	switch x := v.(type) {
	case goja.String:
		return m.items(x)
	case *goja.Object:
		switch x.ClassName() {
		case "Array":
			return m.items(x)
		case "String":
			return m.items(text16(x))
		}
	}
	return 0
}

// boundCollections replaces the constructors that take anything that can be iterated, and guards what asks another set.
func (m *machine) boundCollections() {
	m.construct("Array", func(args []goja.Value) []goja.Value {
		n := int64(len(args))
		if n == 1 && goja.IsNumber(args[0]) {
			if f := args[0].ToFloat(); f > maxItems {
				m.exceed(LimitArray, "a list of %.0f items", f)
			}
			n = args[0].ToInteger()
		}
		m.charge(n * sizeOfItem)
		return args
	})
	for _, name := range []string{"Map", "Set"} {
		m.construct(name, func(args []goja.Value) []goja.Value {
			if len(args) == 0 || goja.IsUndefined(args[0]) || goja.IsNull(args[0]) {
				m.charge(256)
				return nil
			}
			list := m.list(args[0], maxItems/4)
			m.charge(256 + int64(len(list))*sizeOfMember)
			if name == "Map" {
				m.pairs(list)
			}
			return []goja.Value{m.vm.NewArray(list...)}
		})
	}
	m.guard(m.prototype("Map"), func(*goja.FunctionCall) { m.charge(sizeOfMember) }, "set")
	m.guard(m.prototype("Set"), func(*goja.FunctionCall) { m.charge(sizeOfMember) }, "add")
	m.guard(m.prototype("Set"), func(c *goja.FunctionCall) {
		o, ok := c.Argument(0).(*goja.Object)
		if !ok || exotic(o.ExportType()) != "a Set" {
			panic(m.vm.NewTypeError("this takes a Set"))
		}
		size := func(v goja.Value) int64 {
			if o, ok := v.(*goja.Object); ok && o.Get("size") != nil {
				return o.Get("size").ToInteger()
			}
			return 0
		}
		m.charge((size(o) + size(c.This)) * sizeOfMember)
	}, "difference", "intersection", "isDisjointFrom", "isSubsetOf", "isSupersetOf", "symmetricDifference", "union")
}

// construct puts a function before a constructor, which may replace its arguments.
func (m *machine) construct(name string, check func([]goja.Value) []goja.Value) {
	old := m.global(name)
	make_, ok := goja.AssertConstructor(old)
	if !ok {
		return
	}
	ctor := m.vm.ToValue(func(c goja.ConstructorCall) *goja.Object {
		target := c.NewTarget
		if target == nil {
			target = old
		}
		o, err := make_(target, check(c.Arguments)...)
		if err != nil {
			panic(err)
		}
		return o
	}).(*goja.Object)
	proto := old.Get("prototype").ToObject(m.vm)
	for _, key := range old.GetOwnPropertyNames() {
		if key != "prototype" && key != "name" && key != "length" {
			_ = ctor.DefineDataProperty(key, old.Get(key), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
		}
	}
	_ = ctor.DefineDataProperty("name", m.vm.ToValue(name), goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE)
	_ = ctor.DefineDataProperty("prototype", proto, goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE)
	_ = proto.DefineDataProperty("constructor", ctor, goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE)
	_ = m.vm.GlobalObject().DefineDataProperty(name, ctor, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
}

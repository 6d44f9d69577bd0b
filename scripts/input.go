package scripts

import (
	"strconv"

	"github.com/dop251/goja"

	"facet/scripts/span"
)

// inputs are the arguments of one call: a read-only object whose properties are made from JSON when they are read.
type inputs struct {
	vm    *goja.Runtime
	names []string
	raw   [][]byte
	vals  []goja.Value // nil: not read yet
}

func newInputs(vm *goja.Runtime, names []string) *inputs {
	return &inputs{vm: vm, names: names, vals: make([]goja.Value, len(names))}
}

// set replaces what the object reads. raw must not change before the next set.
func (in *inputs) set(raw [][]byte) {
	in.raw = raw
	clear(in.vals)
}

// Get implements goja.DynamicObject.
func (in *inputs) Get(key string) goja.Value {
	for i, n := range in.names {
		if n == key {
			if in.vals[i] == nil {
				in.vals[i] = value(in.vm, in.raw[i])
			}
			return in.vals[i]
		}
	}
	return nil
}

// Set implements goja.DynamicObject: a script may not.
func (*inputs) Set(string, goja.Value) bool { return false }

// Has implements goja.DynamicObject.
func (in *inputs) Has(key string) bool {
	for _, n := range in.names {
		if n == key {
			return true
		}
	}
	return false
}

// Delete implements goja.DynamicObject: a script may not.
func (in *inputs) Delete(string) bool { return false }

// Keys implements goja.DynamicObject.
func (in *inputs) Keys() []string { return in.names }

// value makes a JavaScript value of a JSON span: scalars become primitives, arrays and objects read-only values whose
// parts are made when they are read. What is no JSON is null.
func value(vm *goja.Runtime, raw []byte) goja.Value {
	raw = span.Trim(raw)
	if len(raw) == 0 {
		return goja.Null()
	}
	switch raw[0] {
	case '"':
		s, ok := span.Text(raw)
		if !ok {
			return goja.Null()
		}
		return vm.ToValue(s)
	case 't':
		return vm.ToValue(true)
	case 'f':
		return vm.ToValue(false)
	case 'n':
		return goja.Null()
	case '[':
		return vm.NewDynamicArray(newItems(vm, raw))
	case '{':
		return vm.NewDynamicObject(newMembers(vm, raw))
	}
	if len(raw) < 16 { // every integer of so few digits is exact
		if n, err := strconv.ParseInt(string(raw), 10, 64); err == nil && (n != 0 || raw[0] != '-') {
			return vm.ToValue(n)
		}
	}
	x, err := strconv.ParseFloat(string(raw), 64)
	if err != nil {
		return goja.Null()
	}
	return vm.ToValue(x)
}

// items are an array's elements.
type items struct {
	vm   *goja.Runtime
	raw  [][]byte
	vals []goja.Value
}

func newItems(vm *goja.Runtime, raw []byte) *items {
	a := &items{vm: vm}
	span.Split(raw, func(_, v []byte) { a.raw = append(a.raw, v) })
	a.vals = make([]goja.Value, len(a.raw))
	return a
}

// Len implements goja.DynamicArray.
func (a *items) Len() int { return len(a.raw) }

// Get implements goja.DynamicArray.
func (a *items) Get(i int) goja.Value {
	if i < 0 || i >= len(a.raw) {
		return nil
	}
	if a.vals[i] == nil {
		a.vals[i] = value(a.vm, a.raw[i])
	}
	return a.vals[i]
}

// Set implements goja.DynamicArray: a script may not.
func (*items) Set(int, goja.Value) bool { return false }

// SetLen implements goja.DynamicArray: a script may not.
func (*items) SetLen(int) bool { return false }

// members are an object's properties, the last of equal names, in the order of their first.
type members struct {
	inputs
}

func newMembers(vm *goja.Runtime, raw []byte) *members {
	o := &members{inputs{vm: vm}}
	span.Split(raw, func(k, v []byte) {
		name, ok := span.Text(k)
		if !ok {
			return
		}
		for i, n := range o.names {
			if n == name {
				o.raw[i] = v
				return
			}
		}
		o.names, o.raw = append(o.names, name), append(o.raw, v)
	})
	o.vals = make([]goja.Value, len(o.names))
	return o
}

package scripts

import (
	_ "embed"
	"fmt"
	"sync"

	"github.com/dop251/goja"
	"github.com/dop251/goja/parser"
)

// Bounds of what one native call may make or walk: goja does not look at its interrupt inside one.
const (
	maxText  = 1 << 20 // UTF-16 units of a string that one call makes
	maxItems = 100_000 // elements of an array that one call walks
	maxParse = 64 << 10
)

//go:embed machine.js
var machineSource string

// furniture is the compiled machine.js, which closes a new runtime.
var furniture = sync.OnceValues(func() (*goja.Program, error) {
	ast, err := goja.Parse("machine.js", machineSource, parser.WithDisableSourceMaps)
	if err != nil {
		return nil, err
	}
	return goja.CompileAST(ast, true)
})

// hidden are the globals that computed functions do not see. Their programs shadow the names: to delete the properties
// would make each of them first. machine.js deletes eval, which cannot be shadowed.
const hidden = "Function,Date,RegExp,Promise,Proxy,Reflect,Symbol,WeakMap,WeakSet,WeakRef,ArrayBuffer,SharedArrayBuffer,Atomics," +
	"DataView,BigInt,BigInt64Array,BigUint64Array,Int8Array,Uint8Array,Uint8ClampedArray,Int16Array,Uint16Array,Int32Array," +
	"Uint32Array,Float32Array,Float64Array,Error,AggregateError,EvalError,RangeError,ReferenceError,SyntaxError,TypeError," +
	"URIError,GoError,escape,unescape,encodeURI,decodeURI,console,globalThis"

// enclosed is the text of a program whose value is the function of a source.
func enclosed(source string) string {
	return "(function(" + hidden + "){return (\n" + source + "\n)})()"
}

// furnish leaves the globals that computed functions see and nothing that makes code, tells time or outlives a call.
func (m *machine) furnish() error {
	program, err := furniture()
	if err != nil {
		return err
	}
	m.bound()
	if err := m.vm.Set("format", m.formats()); err != nil {
		return err
	}
	_, err = m.vm.RunProgram(program)
	return err
}

// bound replaces the natives whose work grows faster than their script by ones that refuse too much of it.
func (m *machine) bound() {
	text := m.vm.Get("String").ToObject(m.vm).Get("prototype").ToObject(m.vm)
	array := m.vm.Get("Array").ToObject(m.vm)
	items := array.Get("prototype").ToObject(m.vm)
	m.guard(text, "repeat", func(c goja.FunctionCall) bool {
		return c.Argument(0).ToFloat()*float64(len(c.This.String())) <= maxText
	})
	for _, name := range []string{"padStart", "padEnd"} {
		m.guard(text, name, func(c goja.FunctionCall) bool { return c.Argument(0).ToFloat() <= maxText })
	}
	for _, name := range []string{"replace", "replaceAll"} {
		m.guard(text, name, func(c goja.FunctionCall) bool {
			if with := c.Argument(1); goja.IsString(with) {
				return len(c.This.String())*max(1, len(with.String())) <= 16*maxText
			}
			return true
		})
	}
	for _, name := range []string{"fill", "join", "toString", "toLocaleString", "indexOf", "lastIndexOf", "includes", "reverse", "sort", "toSorted", "toReversed",
		"toSpliced", "with", "unshift", "shift", "splice", "slice", "concat", "copyWithin", "flat", "flatMap", "keys", "values", "entries",
		"map", "filter", "forEach", "some", "every", "find", "findIndex", "findLast", "findLastIndex", "reduce", "reduceRight"} {
		m.guard(items, name, func(c goja.FunctionCall) bool { return counted(c.This) })
	}
	m.guard(array, "from", func(c goja.FunctionCall) bool { return counted(c.Argument(0)) })
	m.guard(m.vm.Get("JSON").ToObject(m.vm), "parse", func(c goja.FunctionCall) bool { return len(c.Argument(0).String()) <= maxParse })
	call := m.vm.Get("Function").ToObject(m.vm).Get("prototype").ToObject(m.vm)
	m.guard(call, "apply", func(c goja.FunctionCall) bool { return counted(c.Argument(1)) })
}

func counted(v goja.Value) bool {
	o, ok := v.(*goja.Object)
	if !ok {
		return true
	}
	n := o.Get("length")
	return n == nil || n.ToFloat() <= maxItems || !goja.IsNumber(n)
}

// guard puts a function before a native that throws a RangeError where fits says no.
func (m *machine) guard(of *goja.Object, name string, fits func(goja.FunctionCall) bool) {
	native, ok := goja.AssertFunction(of.Get(name))
	if !ok {
		return
	}
	guarded := m.vm.ToValue(func(c goja.FunctionCall) goja.Value {
		if !fits(c) {
			panic(m.vm.NewTypeError(fmt.Sprintf("%s of too much: a computed function is for one field", name)))
		}
		v, err := native(c.This, c.Arguments...)
		if err != nil {
			panic(err)
		}
		return v
	})
	_ = of.DefineDataProperty(name, guarded, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
}

package scripts

import (
	_ "embed"
	"sync"

	"github.com/dop251/goja"
	"github.com/dop251/goja/parser"
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
	m.instruments()
	m.matchers()
	if !m.opts.Unlimited {
		m.bound()
	}
	if err := m.vm.Set("format", m.formats()); err != nil {
		return err
	}
	v, err := m.vm.RunProgram(program)
	if err != nil {
		return err
	}
	furnish, _ := goja.AssertFunction(v)
	freeze, _ := goja.AssertFunction(m.global("Object").Get("freeze"))
	describe := member(m.global("Object"), "getOwnPropertyDescriptor")
	_, err = furnish(goja.Undefined(), m.vm.ToValue(func(c goja.FunctionCall) goja.Value {
		of := c.Argument(0).ToObject(m.vm)
		names := of.GetOwnPropertyNames()
		asked := getters(int(c.Argument(1).ToInteger()), func() map[string]bool {
			list := map[string]bool{}
			for _, name := range names {
				if d, _ := describe(goja.FunctionCall{Arguments: []goja.Value{of, m.vm.ToValue(name)}}).(*goja.Object); d != nil && d.Get("get") != nil {
					list[name] = true
				}
			}
			return list
		})
		frozen := func(v goja.Value) {
			if f, ok := v.(*goja.Object); ok && codeOf(f) != nil {
				_, _ = freeze(goja.Undefined(), f)
			}
		}
		for _, name := range names {
			if !asked[name] {
				frozen(of.Get(name))
				continue
			}
			if d, _ := describe(goja.FunctionCall{Arguments: []goja.Value{of, m.vm.ToValue(name)}}).(*goja.Object); d != nil {
				frozen(d.Get("get"))
				frozen(d.Get("set"))
			}
		}
		return goja.Undefined()
	}))
	return err
}

var gettersOf sync.Map // by the object's place in machine.js

// getters are the properties of an object of the furniture that have a getter or a setter: they are the same in every machine, and to
// ask for each property's description would be a fifth of what a machine costs.
func getters(object int, find func() map[string]bool) map[string]bool {
	if of, ok := gettersOf.Load(object); ok {
		return of.(map[string]bool)
	}
	of := find()
	gettersOf.Store(object, of)
	return of
}

package scripts

import (
	_ "embed"
	"slices"
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
	_, err = furnish(goja.Undefined(), m.vm.ToValue(func(c goja.FunctionCall) goja.Value {
		m.freezeFunctions(c.Argument(0).ToObject(m.vm), drawerName{int(c.Argument(1).ToInteger()), m.opts.Unlimited})
		return goja.Undefined()
	}))
	return err
}

// A drawer is one object of the furniture: the names of its functions. It is the same in every machine with the same limits, and to
// ask each machine again would be a quarter of what a machine makes.
type drawer struct {
	plain  []string // with a name and a length, and no more
	others []string
	asked  []string // that have a getter or a setter
}

type drawerName struct {
	at        int // the object's place in machine.js
	unlimited bool
}

var drawers sync.Map // by drawerName

// freezeFunctions freezes what an object's properties hold: what is kept on a function would be there for the next call.
func (m *machine) freezeFunctions(of *goja.Object, name drawerName) {
	object := m.global("Object")
	describe := member(object, "getOwnPropertyDescriptor")
	ask := func(key string) *goja.Object {
		d, _ := describe(goja.FunctionCall{Arguments: []goja.Value{of, m.vm.ToValue(key)}}).(*goja.Object)
		return d
	}
	var s *drawer
	if known, ok := drawers.Load(name); ok {
		s = known.(*drawer)
	} else {
		s = newDrawer(of, ask)
		drawers.Store(name, s)
	}
	shut, freeze := member(object, "preventExtensions"), member(object, "freeze")
	args := make([]goja.Value, 1)
	frozen := func(v goja.Value) {
		if f, ok := v.(*goja.Object); ok && codeOf(f) != nil {
			args[0] = f
			freeze(goja.FunctionCall{Arguments: args})
		}
	}
	for _, key := range s.plain {
		f, ok := of.Get(key).(*goja.Object)
		if !ok {
			continue
		}
		_ = f.DefineDataProperty("name", nil, goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_NOT_SET)
		_ = f.DefineDataProperty("length", nil, goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_NOT_SET)
		args[0] = f
		shut(goja.FunctionCall{Arguments: args})
	}
	for _, key := range s.others {
		frozen(of.Get(key))
	}
	for _, key := range s.asked {
		if d := ask(key); d != nil {
			frozen(d.Get("get"))
			frozen(d.Get("set"))
		}
	}
}

func newDrawer(of *goja.Object, ask func(string) *goja.Object) *drawer {
	s := &drawer{}
	for _, key := range of.GetOwnPropertyNames() {
		if d := ask(key); d != nil && d.Get("get") != nil {
			s.asked = append(s.asked, key)
			continue
		}
		f, ok := of.Get(key).(*goja.Object)
		if !ok || codeOf(f) == nil {
			continue
		}
		if own := f.GetOwnPropertyNames(); len(own) == 2 && slices.Contains(own, "name") && slices.Contains(own, "length") && len(f.Symbols()) == 0 {
			s.plain = append(s.plain, key)
		} else {
			s.others = append(s.others, key)
		}
	}
	return s
}

package scripts

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dop251/goja"

	"facet/view"
)

// Bounds of one line of ctx.log.
const (
	maxLine   = 1000
	maxFields = 4 << 10
)

// sizeOfJSON is about how many bytes a byte of JSON takes inside the engine.
const sizeOfJSON = 6

func contextCause(ctx context.Context) error { return context.Cause(ctx) }

// environment is the ctx that the function is called with: who asks, and what it may do.
func (x *handling) environment() (*goja.Object, error) {
	vm := x.m.vm
	v, err := jsonValue(vm, x.c.Context)
	if err != nil {
		return nil, err
	}
	env, ok := v.(*goja.Object)
	if !ok {
		return nil, errors.New("its context is no object")
	}
	if l := env.Get("locale"); l != nil && goja.IsString(l) {
		x.m.locale = l.String()
	}
	graph := vm.NewObject()
	for _, v := range x.code.Views {
		x.offer(graph, v.Name, false)
	}
	for _, m := range x.code.Mutations {
		x.offer(graph, m.Name, true)
	}
	log := vm.NewObject()
	for _, level := range []string{"debug", "info", "warn", "error"} {
		set(log, level, vm.ToValue(func(c goja.FunctionCall) goja.Value {
			x.log(level, c.Argument(0), c.Argument(1))
			return goja.Undefined()
		}))
	}
	metrics := vm.NewObject()
	set(metrics, "count", vm.ToValue(func(c goja.FunctionCall) goja.Value {
		x.move(view.Counter, c.Argument(0), 1, c.Argument(1))
		return goja.Undefined()
	}))
	set(metrics, "observe", vm.ToValue(func(c goja.FunctionCall) goja.Value {
		n := c.Argument(1).ToFloat()
		if math.IsNaN(n) || math.IsInf(n, 0) {
			panic(vm.NewTypeError("observe wants a number"))
		}
		x.move(view.Histogram, c.Argument(0), n, c.Argument(2))
		return goja.Undefined()
	}))
	set(env, "graph", graph)
	set(env, "log", log)
	set(env, "metrics", metrics)
	set(env, "fail", vm.ToValue(x.say))
	set(env, "now", vm.ToValue(func(goja.FunctionCall) goja.Value { return vm.ToValue(x.c.Now.UnixMilli()) }))
	set(env, "random", vm.ToValue(func(goja.FunctionCall) goja.Value {
		x.random += 0x9e3779b97f4a7c15
		return vm.ToValue(unit(splitmix(x.random)))
	}))
	return env, nil
}

func set(o *goja.Object, name string, v goja.Value) {
	_ = o.DefineDataProperty(name, v, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE)
}

// splitmix and unit make the numbers of ctx.random(): the same ones of the same seed.
func splitmix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func unit(z uint64) float64 { return float64(z>>11) / (1 << 53) }

// offer puts a load or a mutation on ctx.graph. A call of it waits its turn; its promise is settled between turns.
func (x *handling) offer(graph *goja.Object, full string, change bool) {
	vm := x.m.vm
	name := strings.TrimPrefix(full, x.code.Name+".")
	set(graph, name, vm.ToValue(func(c goja.FunctionCall) goja.Value {
		if change {
			if x.changes++; x.changes > x.quota.Mutations {
				x.m.exceed(LimitMutations, "more than %d calls of mutations", x.quota.Mutations)
			}
		} else if x.loads++; x.loads > x.quota.Loads {
			x.m.exceed(LimitLoads, "more than %d loads", x.quota.Loads)
		}
		args := json.RawMessage("{}")
		if a := c.Argument(0); !goja.IsUndefined(a) && !goja.IsNull(a) {
			o, ok := a.(*goja.Object)
			if !ok {
				panic(vm.NewTypeError(name + " takes its arguments as an object"))
			}
			args = x.json(o)
		}
		p, resolve, reject := vm.NewPromise()
		x.queue = append(x.queue, pending{call: view.LoadCall{Name: name, Args: args}, change: change, resolve: resolve, reject: reject})
		return vm.ToValue(p)
	}))
}

// json is a value as JSON of any shape, under the bounds of results.
func (x *handling) json(o *goja.Object) json.RawMessage {
	w := writer{vm: x.m.vm, most: x.code.opts.Output}
	if err := w.object(o, anything, 0); err != nil {
		panic(x.m.vm.NewTypeError(err.Error()))
	}
	return w.dst
}

// log keeps a line, or counts it where there are too many.
func (x *handling) log(level string, text, fields goja.Value) {
	if x.quiet && (level == "debug" || level == "info") {
		return
	}
	if len(x.did.Log) >= x.quota.Lines {
		x.did.Dropped++
		return
	}
	l := view.LogLine{Level: level, Text: clip(text.String(), maxLine), At: time.Since(x.began)}
	if o, ok := fields.(*goja.Object); ok {
		l.Fields = x.json(o)
		if len(l.Fields) > maxFields || l.Fields[0] != '{' {
			l.Fields = json.RawMessage(`{"fields":"left out: they are no object, or too large"}`)
		}
	}
	x.did.Log = append(x.did.Log, l)
}

// drop says that a handler that declares no result gave one: once, as it does so every time.
func (x *handling) drop(v goja.Value) {
	if v == nil || goja.IsUndefined(v) || goja.IsNull(v) || !x.code.dropped.CompareAndSwap(false, true) {
		return
	}
	x.did.Log = append(x.did.Log, view.LogLine{Level: "warn", Text: x.code.Name + " returned a value, and declares no returns: it is dropped, which is said once", At: time.Since(x.began)})
	if n := x.quota.Lines; len(x.did.Log) > n {
		x.did.Log = x.did.Log[len(x.did.Log)-n:]
		x.did.Dropped++
	}
}

func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most] + "…"
}

// move keeps what a metric was moved by. A label's value that was not declared is "other".
func (x *handling) move(kind view.MetricKind, name goja.Value, by float64, labels goja.Value) {
	vm := x.m.vm
	d := x.code.metrics[name.String()]
	if d == nil || d.Kind != kind {
		panic(vm.NewTypeError(fmt.Sprintf("no %s %q is declared", kind, clip(name.String(), 60))))
	}
	if x.counts++; x.counts > x.quota.Counts {
		x.did.Dropped++
		return
	}
	moved := view.Moved{Name: d.Name, Value: by}
	o, _ := labels.(*goja.Object)
	if o != nil {
		for _, k := range o.Keys() {
			if !slices.ContainsFunc(d.Labels, func(l view.MetricLabel) bool { return l.Name == k }) {
				panic(vm.NewTypeError(fmt.Sprintf("%s has no label %q", d.Name, clip(k, 60))))
			}
		}
	}
	for _, l := range d.Labels {
		value := view.Other
		if o != nil {
			if v := o.Get(l.Name); v != nil && !goja.IsUndefined(v) && !goja.IsNull(v) {
				value = v.String()
			}
		}
		if !slices.Contains(l.Values, value) {
			value = view.Other
			moved.Folded = append(moved.Folded, l.Name)
		}
		moved.Labels = append(moved.Labels, value)
	}
	x.did.Metrics = append(x.did.Metrics, moved)
}

// A jsonReader makes values of JSON that the composer wrote, or that it checked.
type jsonReader struct {
	vm  *goja.Runtime
	dec *json.Decoder
}

func newDecoder(text json.RawMessage) *json.Decoder {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return d
}

const maxJSONDepth = 200

func (r *jsonReader) value(depth int) (goja.Value, error) {
	if depth > maxJSONDepth {
		return nil, errors.New("it nests too deep")
	}
	t, err := r.dec.Token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case nil:
		return goja.Null(), nil
	case bool, string:
		return r.vm.ToValue(t), nil
	case json.Number:
		if i, err := t.Int64(); err == nil {
			return r.vm.ToValue(i), nil
		}
		f, err := t.Float64()
		return r.vm.ToValue(f), err
	case json.Delim:
		if t == '[' {
			var items []any
			for r.dec.More() {
				v, err := r.value(depth + 1)
				if err != nil {
					return nil, err
				}
				items = append(items, v)
			}
			_, err := r.dec.Token()
			return r.vm.NewArray(items...), err
		}
		o := r.vm.NewObject()
		for r.dec.More() {
			k, err := r.dec.Token()
			if err != nil {
				return nil, err
			}
			name, _ := k.(string)
			v, err := r.value(depth + 1)
			if err != nil {
				return nil, err
			}
			if err := o.DefineDataProperty(name, v, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE); err != nil {
				return nil, err
			}
		}
		_, err := r.dec.Token()
		return o, err
	}
	return nil, fmt.Errorf("unexpected %v", t)
}

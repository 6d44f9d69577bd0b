package scripts

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"facet/fault"
	"facet/view"
)

// circles come back to themselves through functions of the language alone: the engine's own count of calls never sees them.
var circles = []struct{ name, source string }{
	{"Map.forEach of itself", `() => { const m = new Map(), f = m.forEach; m.set(m, f); m.forEach(f, m); return 1 }`},
	{"toLocaleString", `() => { const o = {}; o.toString = o.toLocaleString; return "" + o }`},
	{"an Error its own name", `() => { try { null.x } catch (e) { e.name = e; return "" + e } }`},
	{"an Error its own message, thrown", `() => { try { null.x } catch (e) { e.message = e; throw e } }`},
	{"a regular expression its own source", `() => { const o = { toString: /x/.toString }; o.source = o; return "" + o }`},
	{"trim as toString", `() => { const o = { toString: "".trim }; return "" + o }`},
	{"charAt as toString", `() => { const o = { toString: "".charAt }; return "" + o }`},
	{"toFixed as toString", `() => { const o = { toString: (1).toFixed }; return "" + o }`},
	{"at as a getter", `() => { const a = [1]; Object.defineProperty(a, 0, { get: a.at }); return a[0] }`},
	{"pop as a getter", `() => { const a = [1]; Object.defineProperty(a, 0, { get: a.pop }); return a[0] }`},
	{"slice as a getter", `() => { const a = [1]; Object.defineProperty(a, 0, { get: a.slice }); return a[0] }`},
	{"fill as a setter", `() => { const a = [1]; Object.defineProperty(a, 0, { set: a.fill }); a[0] = 1; return 1 }`},
	{"toString of Boolean", `() => { const o = { toString: true.toString, valueOf: null }; return "" + o }`},
}

// TestCircles says that each is an error, not the end of the process.
func TestCircles(t *testing.T) {
	for _, tt := range circles {
		t.Run(tt.name, func(t *testing.T) {
			_, err := open(t, RunOptions{CPU: 50 * time.Millisecond}, fn("JSON", tt.source, "a"))[0](nil, in("1"), nil)
			if k := fault.KindOf(err); k != fault.Limit && k != fault.Internal {
				t.Errorf("got %v", err)
			}
		})
	}
}

// Promises have circles of their own.
func TestHandlerCircles(t *testing.T) {
	for name, source := range map[string]string{
		"catch":        `async () => { const p = (async () => {})(); const o = { then: p.catch }; return o.then() }`,
		"finally":      `async () => { const p = (async () => {})(); const o = { then: p.finally }; return o.then() }`,
		"awaited":      `async () => { const p = (async () => {})(); return await { then: p.catch } }`,
		"all":          `async () => { class C { constructor(f) { f(() => 1, () => 1) } } C.resolve = Promise.all; return await Promise.all.call(C, ["ab"]) }`,
		"resolved":     `async () => { const o = {}; o.then = [].forEach.bind([o]); return await o }`,
		"all the time": `async () => { const o = {}; o.then = Function.prototype.call.bind((f) => f(o)); return await o }`,
	} {
		t.Run(name, func(t *testing.T) {
			b := build()
			b.Handlers = []*view.Handler{{Name: "h", Result: fn("JSON", "").Result, Source: source, Pos: fault.Pos{File: "src/h.ts", Line: 1, Col: 1}, Quota: view.HandlerQuota{Deadline: 2 * time.Second, CPU: 50 * time.Millisecond}}}
			h, err := OpenHandlers(b, RunOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer h.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			began := time.Now()
			if _, _, err = h.Run(ctx, &HandlerCall{Args: []byte("{}"), Context: []byte("{}")}, nil); err == nil || errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 4*time.Second {
				t.Errorf("got %v after %v", err, time.Since(began))
			}
			t.Log(strings.SplitN(err.Error(), "\n", 2)[0])
		})
	}
}

package scripts

import (
	"strings"
	"testing"
	"time"
)

// endless is an iterable whose next is a function of the language: no script runs between two items.
func endless(next string) string { return `({ [Symbol.iterator]: () => (` + next + `) } as any)` }

// realm are modules that come at the recording's own process: by its stack, or by a loop inside the engine. want is the code that each
// is told; "" where it may be built.
var realm = []struct{ name, source, want string }{
	{"a Proxy", `export const n = new Proxy({}, {});`, "F195"},
	{"a Proxy that can be revoked", `export const n = Proxy.revocable({}, {});`, "F195"},
	{"a Proxy asked for", `export const n = typeof Proxy;`, ""},
	{"a symbolic value its own prototype", `export const w = view({ build: () => { const p: any = graph.profile({ id: "1" }); Object.setPrototypeOf(p, p); return { n: p instanceof Map ? 1 : 2 }; } });`, "F100"},
	{"a trap from Object.prototype", `(Object.prototype as any).getPrototypeOf = Object.bind(null, graph); export const n = (graph as any) instanceof Map;`, ""},
	{"a trap of keys from Object.prototype", `(Object.prototype as any).ownKeys = Object.prototype.valueOf; export const n = Object.keys(graph as any);`, "F103"},
	{"a bound getter", `const o: any = {}; const f = Reflect.get.bind(null, o, "a"); Object.defineProperty(o, "a", { get: f }); export const n = o.a;`, "F197"},
	{"bound to itself", `const o: any = {}; o.f = Reflect.apply.bind(null, Reflect.get, null, [o, "g"]); Object.defineProperty(o, "g", { get: o.f }); export const n = o.g;`, "F197"},
	{"toLocaleString of a list", `const o: any = { length: 1, toLocaleString: Array.prototype.toLocaleString }; o[0] = o; export const n = o.toLocaleString();`, ""},
	{"flags", `const o: any = {}; const f = Object.getOwnPropertyDescriptor(RegExp.prototype, "flags")!.get!; Object.defineProperty(o, "global", { get: f }); export const n = f.call(o);`, "F209"},
	{"Symbol.match", `const o: any = {}; const f = (RegExp.prototype as any)[Symbol.match]; for (const k of ["flags", "global", "exec"]) Object.defineProperty(o, k, { get: f }); export const n = f.call(o);`, "F100"},
	{"Symbol.split", `const o: any = {}; const f = (RegExp.prototype as any)[Symbol.split]; for (const k of ["flags", "constructor", "exec"]) Object.defineProperty(o, k, { get: f }); export const n = f.call(o);`, "F100"},
	{"Symbol.toStringTag", `const o: any = {}; Object.defineProperty(o, Symbol.toStringTag, { get: Object.prototype.toString }); export const n = o.toString();`, "F209"},
	{"the iterator of texts", `const o: any = { toString: String.prototype[Symbol.iterator] }; export const n = o.toString();`, "F209"},
	{"thrown, its own text", `throw { toString: Object.prototype.toLocaleString };`, "F209"},
	{"thrown, without a text", `throw { toString() { throw 1 } };`, "F100"},
	{"thrown, a getter that does not end", `const e: any = new Error("x"); Object.defineProperty(e, "message", { get() { for (;;) {} } }); throw e;`, "F196"},
	{"thrown, a code that does not end", `throw { get code() { for (;;) {} } };`, "F196"},
	{"a list of an endless one", `export const n = [...` + endless(`{ next: Object }`) + `].length;`, "F209"},
	{"arguments of an endless one", `export const n = Math.max(...` + endless(`{ next: Object }`) + `);`, "F209"},
	{"the rest of an endless one", `const [...r] = ` + endless(`{ next: Object }`) + `; export const n = r.length;`, "F209"},
	{"a parameter of Object", `const f = ([...r]: any) => r.length; export const n = f(` + endless(`{ next: Object }`) + `);`, "F196 F209"},
	{"a parameter of Error", `const f = ([...r]: any) => r.length; export const n = f(` + endless(`{ next: Error }`) + `);`, "F196 F209"},
	{"a parameter of what errors inherit", `const f = ([...r]: any) => r.length; export const n = f(` + endless(`{ next: Object.getPrototypeOf(TypeError) }`) + `);`, "F196 F209"},
	{"a parameter of itself", `const f = ([...r]: any) => r.length; export const n = f(` + endless(`{ next: Object.prototype.valueOf }`) + `);`, "F196 F209"},
	{"a parameter of a Map's value", `const f = ([...r]: any) => r.length; const m: any = new Map([[undefined, {}]]); m.next = m.get; export const n = f(` + endless(`m`) + `);`, "F196 F209"},
	{"a parameter of RegExp", `const f = ([...r]: any) => r.length; export const n = f(` + endless(`{ next: RegExp }`) + `);`, "F196 F209"},
	{"a list by its own iterator", `const a: any = [1]; Object.defineProperty(a, Symbol.iterator, { value: () => ({ next: Object }) }); export const n = [...a].length;`, "F209"},
	{"a WeakSet of an endless one", `export const n = new WeakSet(` + endless(`{ next: Object.prototype.valueOf, value: {} }`) + `) ? 1 : 2;`, "F209"},
	{"Promise.all of an endless one", `export const n = Promise.all(` + endless(`{ next: Object }`) + `) ? 1 : 2;`, "F209"},
	{"errors of an endless one", `export const n = new AggregateError(` + endless(`{ next: Object }`) + `) ? 1 : 2;`, "F209"},
	{"next of lists", `(Object.getPrototypeOf([].values()) as any).next = Object; export const n = [...[1]].length;`, "F100"},
	{"exec, assigned", `const r: any = /x/g; r.exec = Object; export const n = "a".match(r)!.length;`, "F100"},
	{"exec, defined", `const r: any = /x/g; Object.defineProperty(r, "exec", { value: Object }); export const n = "a".replace(r, "b");`, "F100"},
	{"exec, inherited", `class R extends RegExp {} ; Object.defineProperty(R.prototype, "exec", { value: Object }); export const n = "aaa".split(new R("x")).length;`, "F100"},
	{"a pattern of parentheses", `export const n = new RegExp("(".repeat(1e6)).test("aaa");`, "F209"},
	{"a pattern of groups", `export const n = new RegExp("(?=".repeat(3e3) + ")".repeat(3e3)).test("aaa");`, "F209"},
	{"a pattern of a text", `export const n = "a".match("(".repeat(1e6));`, "F209"},
	{"a class of a pattern", `export const n = new RegExp("[" + "a-z".repeat(3e5) + "]").test("aaa");`, "F209"},
	{"names of a long text", `export const n = Reflect.ownKeys(new String("x".repeat(1e6))).length;`, "F209"},
	{"a symbol's text", `export const n = Symbol("x".repeat(1 << 20)).toString() + String(Symbol("y".repeat(1 << 20)));`, "F209"},
	{"as the language has it", `class E extends TypeError { constructor(m: string) { super(m); } }
const e: any = new E("a"); function F(this: any, a: number, b: number) { this.s = a + b } const B: any = (F as any).bind(null, 1);
const got = [e instanceof E, e instanceof TypeError, e instanceof Error, e.message, String(e), TypeError("x").message, new AggregateError([1], "m").errors.length,
  (() => { try { (null as any).x } catch (x) { return x instanceof TypeError } })(), Object(1) + 1, new Object({ a: 1 }).constructor === Object, new RegExp("a", "g").flags, RegExp(/x/y).sticky,
  "aXbX".replace(/x/gi, "-"), [..."aXbX".matchAll(/x/gi)].length, "a,b".split(/,/).length, "ab".search(/b/), "ab".match("b")!.index, (function (this: any, a: any, b: any) { return this.q + a + b }).bind({ q: 1 }, 2)(3),
  new B(2).s, new B(2) instanceof (F as any), new WeakMap([[e, 1]]).get(e), new WeakSet([e]).has(e), [...new Set([1, 2])].length, [..."äb"].length, Math.max(...new Set([1, 2])), Object.prototype.toString.call([]),
  (([a, ...r]: any) => r.length)(new Set([1, 2, 3])), Reflect.ownKeys({ a: 1 }).length, Symbol("q").toString()].join();
const want = "true,true,true,a,TypeError: a,x,1,true,2,true,g,true,a-b-,2,2,1,1,6,3,true,1,true,2,2,2,[object Array],2,1,Symbol(q)";
if (got !== want) throw new Error(got);`, ""},
}

// TestRealm says that each is a diagnostic, soon, and not the end of the process.
func TestRealm(t *testing.T) {
	var list []hostile
	for _, tt := range realm {
		list = append(list, hostile{name: tt.name, source: tt.source, record: true})
	}
	for i, got := range series(t, "realm", list) {
		t.Run(realm[i].name, func(t *testing.T) {
			code := ""
			if _, rest, found := strings.Cut(got.Err, "error "); found {
				code = rest[:4]
			}
			want := realm[i].want
			switch {
			case got.Died != "":
				t.Errorf("the process died: %s", got.Died)
			case (want == "") != (got.Err == "") || !strings.Contains(want, code) && (slowdown == 1 || code != "F196"):
				t.Errorf("got %s, want %s", got.Err, want)
			case strings.Contains(got.Err, "runtime error") || strings.Contains(got.Err, "panic"):
				t.Errorf("it is told of the inside: %s", got.Err)
			case got.CPU > 2*time.Second*slowdown || got.Grown > 64<<20*slowdown:
				t.Errorf("it took %v and %d MiB", got.CPU, got.Grown>>20)
			}
		})
	}
}

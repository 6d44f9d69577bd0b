package scripts

import (
	"fmt"
	"testing"
)

// TestNothingCrosses says that no request sees anything of another one: each trick tries to keep the secret of the call before, over
// two functions that share a machine, and what the second call gives must be what it gives on a machine that knows no secret.
func TestNothingCrosses(t *testing.T) {
	for _, tt := range []struct{ name, source string }{
		{"a property of a native", `({ a }) => { const f = [].map; try { f.leak = f.leak || a } catch (e) {} return f.leak === undefined ? "none" : f.leak }`},
		{"the name of a native", `({ a }) => { try { Object.defineProperty("".at, "name", { value: a }) } catch (e) {} return "".at.name }`},
		{"a method of Object.prototype", `({ a }) => { const f = ({}).toString; try { f.leak = f.leak || a } catch (e) {} return String(f.leak) }`},
		{"a getter of Object.prototype", `({ a }) => { const f = Object.getOwnPropertyDescriptor(Object.prototype, "toString").get; try { f.leak = f.leak || a } catch (e) {} return String(f.leak) }`},
		{"the getter of size", `({ a }) => { const f = Object.getOwnPropertyDescriptor(Map.prototype, "size").get; try { f.leak = f.leak || a } catch (e) {} return String(f.leak) }`},
		{"exec of a pattern", `({ a }) => { const f = /x/.exec; try { f.leak = f.leak || a } catch (e) {} return String(f.leak) }`},
		{"next of an iterator", `({ a }) => { const f = [].values().next; try { f.leak = f.leak || a } catch (e) {} return String(f.leak) }`},
		{"next of a map", `({ a }) => { const f = new Map().keys().next; try { f.leak = f.leak || a } catch (e) {} return String(f.leak) }`},
		{"call", `({ a }) => { const f = (() => 1).call; try { f.leak = f.leak || a } catch (e) {} return String(f.leak) }`},
		{"a thrower", `({ a }) => { const f = (function () { return Object.getOwnPropertyDescriptor(arguments, "callee").get })(); try { f.leak = f.leak || a } catch (e) {} return String(f.leak) }`},
		{"the text of an error", `({ a }) => { try { null.x } catch (e) { const f = e.toString; try { f.leak = f.leak || a } catch (e) {} return String(f.leak) } }`},
		{"format", `({ a }) => { try { format.leak = format.leak || a; format.date.leak = a } catch (e) {} return String(format.leak) + format.date.leak }`},
		{"Math", `({ a }) => { try { Math.leak = a } catch (e) {} try { Math.max.leak = a } catch (e) {} return String(Math.leak) + Math.max.leak }`},
		{"a constructor", `({ a }) => { try { Map.leak = a } catch (e) {} try { [].constructor.leak = a } catch (e) {} return String(Map.leak) + [].constructor.leak }`},
		{"a prototype", `({ a }) => { try { Array.prototype[5] = a } catch (e) {} try { Object.prototype.leak = a } catch (e) {} return String(Array(9)[5]) + ({}).leak }`},
		{"holes through prototypes", `({ a }) => { const o = Object.create(Array.prototype); try { o[0] = a; Array.prototype.push.call(Array.prototype, a) } catch (e) {} return String([, 1][0]) }`},
		{"a set constant", "(() => {\nvar seen = new Set();\nreturn ({ a }) => { seen.add(a); return seen.size };\n})()"},
		{"a map constant", "(() => {\nvar seen = new Map();\nreturn ({ a }) => { const b = seen.get(1); seen.set(1, a); return String(b) };\n})()"},
		{"a list constant", "(() => {\nvar seen = [];\nreturn ({ a }) => { seen.push(a); return seen.length };\n})()"},
		{"a constant in an object", "(() => {\nvar t = { x: { y: [] } };\nreturn ({ a }) => { t.x.y.push(a); return t.x.y.length };\n})()"},
		{"a closure", "(() => {\nvar keep = (() => { let last; return (v) => { const l = last; last = v; return l } })();\nreturn ({ a }) => String(keep(a));\n})()"},
		{"a pattern constant", "(() => {\nvar re = /./g;\nreturn ({ a }) => { re.test(a); return re.lastIndex };\n})()"},
		{"a pattern", "({ a }) => { const re = /./g; const l = re.lastIndex; re.test(a); re.leak = a; return l }"},
		{"a property of itself", `function f({ a }) { const l = f.leak; f.leak = a; return String(l) }`},
		{"a helper's property", "(() => {\nfunction h(v) { const l = h.leak; h.leak = v; return l }\nreturn ({ a }) => String(h(a));\n})()"},
		{"a helper's property by another name", "(() => {\nfunction h(v) { return v }\nreturn ({ a }) => { const o = { h }; const l = o.h.leak; o.h.leak = a; return String(l) };\n})()"},
		{"a default that remembers", "(() => {\nvar memo = {};\nfunction h(v, m = memo) { const l = m.v; m.v = v; return l }\nreturn ({ a }) => String(h(a));\n})()"},
		{"a static field", "(() => {\nclass C { static last }\nreturn ({ a }) => { const l = C.last; C.last = a; return String(l) };\n})()"},
		{"a private field", "(() => {\nclass C { static #l; static swap(v) { const l = C.#l; C.#l = v; return l } }\nreturn ({ a }) => String(C.swap(a));\n})()"},
		{"a prototype of a class", "(() => {\nclass C {}\nreturn ({ a }) => { const l = C.prototype.l; C.prototype.l = a; return String(l) };\n})()"},
		{"a template's parts", "({ a }) => { const tag = (s) => s; const f = () => tag`x${1}y`; const s = f(); try { s.leak = s.leak || a } catch (e) {} try { s.raw.leak = s.raw.leak || a } catch (e) {} return String(s.leak) + s.raw.leak }"},
		{"a template's identity", "({ a }) => { const tag = (s) => s; const f = () => tag`x`; const s = f(); try { Object.defineProperty(s, 'leak', { value: a }) } catch (e) {} return String(f().leak) }"},
		{"a getter of the inputs", `(o) => { try { Object.defineProperty(o, "b", { get() { return o.a } }) } catch (e) {} try { o.leak = o.a } catch (e) {} return String(o.b) + o.leak }`},
		{"the prototype of the inputs", `(o) => { const l = o.keep; try { Object.prototype.keep = o.a } catch (e) {} return String(l) }`},
		{"a list of the inputs", `({ l, a }) => { try { l[0] = a } catch (e) {} try { l.leak = a } catch (e) {} return String(l[0]) + l.leak }`},
		{"the stack of an error", `({ a }) => { const f = (n) => { if (n) return f(n - 1); null.x }; try { f(3) } catch (e) { return String(e.stack).indexOf(a) < 0 ? "none" : e.stack } }`},
		{"the limit of stacks", `({ a }) => { try { null.x } catch (e) { const c = e.constructor; return String(c) } }`},
		{"the texts of functions", `({ a }) => String(JSON.stringify) + String([].map).length`},
		{"the order of numbers", `({ a }) => { const o = {}; o[a] = 1; return Object.keys({ b: 1, ...{ c: 2 } }).join() }`},
		{"an iterator that stays open", `({ a }) => { const i = [a, a].values(); i.next(); return typeof i.leak }`},
		{"join of a list inside itself", `({ a }) => { const l = [a]; l.push({ toString() { throw new Map() } }); try { String(l) } catch (e) {} return [1, [2]].join() }`},
		{"what a limit left", `({ a }) => { try { return [[1]].join() } finally { } }`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			first, err := open(t, RunOptions{Machines: 1}, fn("JSON", tt.source, "a", "l"))[0](nil, in(`"other"`, `[1]`), nil)
			if err != nil {
				t.Fatal(err)
			}
			c := open(t, RunOptions{Machines: 1}, fn("JSON", tt.source, "a", "l"), fn("JSON", tt.source, "a", "l"))
			for i := range 6 {
				secret := fmt.Sprintf("%q", []string{"secret", "other"}[i%2])
				got, err := c[i/2%2](nil, in(secret, `[1]`), nil)
				if err != nil {
					t.Fatal(err)
				}
				if i%2 == 1 && string(got) != string(first) {
					t.Fatalf("alone it gives %s, after another one %s", first, got)
				}
			}
		})
	}
}

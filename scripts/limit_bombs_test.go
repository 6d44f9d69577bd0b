package scripts

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"facet/fault"
)

// bombs are functions that run or grow without end on a bare engine. want is the limit that ends each; "" where it only has to end.
var bombs = []struct{ name, source, want string }{
	{"loop", `() => { for (;;) {} }`, LimitCPU},
	{"loop that catches", `() => { for (;;) { try { for (;;) {} } catch (e) {} finally { } } }`, LimitCPU},
	{"finally", `() => { try { for (;;) {} } finally { for (;;) {} } }`, LimitCPU},
	{"recursion", `() => { const f = () => f() + 1; return f() }`, LimitStack},
	{"recursion that catches", `() => { const f = () => { try { return f() + 1 } catch (e) { return f() } }; return f() }`, ""},
	{"repeat", `() => "x".repeat(2 ** 40)`, LimitString},
	{"repeat often", `() => { const a = []; for (;;) a.push("x".repeat(1e6)) }`, LimitMemory},
	{"repeat, put together once", `() => { const s = "x".repeat(1 << 20); return s + s + s + s + s + s }`, LimitString},
	{"repeat, two and two", `() => { const s = "x".repeat(1e6); const a = s + s, b = s + s; return a.length + b.length }`, LimitString},
	{"pad, put together by template", "() => { const s = 'x'.padEnd(1 << 20); return `${s}${s}${s}` }", LimitString},
	{"repeat, caught", `() => { try { "x".repeat(2 ** 40) } catch (e) {} return 1 }`, LimitString},
	{"double", `() => { let s = "xxxxxxxx"; for (;;) s += s }`, LimitString},
	{"double, caught", `() => { let s = "xxxxxxxx"; for (;;) try { s += s } catch (e) {} }`, LimitString},
	{"double by template", "() => { let s = 'xxxxxxxx'; for (;;) s = `${s}${s}${s}${s}${s}${s}${s}${s}${s}${s}` }", LimitString},
	{"double in a straight line", `({ a }) => { let s = "xxxxxxxxxxxxxxxx"; ` + strings.Repeat("s += s; ", 40) + `return s.length }`, LimitString},
	{"double by properties", `() => { const o = { s: "xxxxxxxx" }; for (let i = 0; i < 60; i++) o.s = o.s + o.s; return 1 }`, LimitString},
	{"double by recursion", `() => { const f = (s, n) => n ? f(s + s, n - 1) : s; return f("xxxxxxxx", 60) }`, LimitString},
	{"double by callback", `() => Array(60).fill(0).reduce((s) => s + s, "xxxxxxxx").length`, LimitString},
	{"double by helpers", "(() => {\nvar d = (s) => s + s, e = (s) => d(d(d(d(s)))), f = (s) => e(e(e(e(s))));\nreturn ({ a }) => f(f(\"xxxxxxxx\")).length;\n})()", LimitString},
	{"double by method", `() => { const o = { s: "xxxxxxxx", d() { this.s = this.s + this.s } }; for (let i = 0; i < 60; i++) o.d(); return 1 }`, LimitString},
	{"double by getter", `() => { let s = "xxxxxxxx"; const o = { get d() { return s = s + s } }; ` + strings.Repeat("o.d; ", 60) + `return 1 }`, LimitString},
	{"double by concat", `() => { let s = "xxxxxxxx"; for (;;) s = s.concat(s, s) }`, LimitString},
	{"double by join", `() => { let s = "xxxxxxxx"; for (;;) s = [s, s].join("") }`, LimitString},
	{"double by replace", `() => { let s = "xxxxxxxx"; for (;;) s = s.replace(/x/g, "xx") }`, ""},
	{"double by $&", "() => { let s = 'xxxxxxxx'; for (;;) s = s.replace('x', '$&$`$\\'$&$`$\\'') }", LimitString},
	{"keep copies", `() => { const a = [], s = "x".repeat(1e6); for (;;) a.push(s.slice(1) + "y") }`, LimitMemory},
	{"keep copies of units", `() => { const a = [], s = "ä".repeat(5e5); for (;;) a.push(s.slice(1)) }`, LimitMemory},
	{"keep objects", `() => { const a = []; for (;;) a.push({ a: 1, b: [1, 2, 3], c: { d: 1 } }) }`, ""},
	{"keep lists", `() => { const a = []; for (;;) a.push(Array(100).fill(0)) }`, ""},
	{"keep spread lists", `() => { const a = [], b = Array(1000).fill(0); for (;;) a.push([...b]) }`, ""},
	{"keep maps", `() => { const a = []; for (;;) a.push(new Map([[1, 2]])) }`, ""},
	{"fill a map", `() => { const m = new Map(); for (let i = 0; ; i++) m.set(i, i) }`, ""},
	{"fill an object", `() => { const o = {}; for (let i = 0; ; i++) o["k" + i] = i }`, ""},
	{"closures", `() => { const a = []; for (;;) { const n = a.length; a.push(() => n) } }`, ""},
	{"big array", `() => Array(2e9).fill(0)`, LimitArray},
	{"big array, new", `() => new Array(2e9)`, LimitArray},
	{"big array by length", `() => { const a = []; a.length = 4e9; return a.join() }`, LimitArray},
	{"big array, spread", `() => { const a = []; a.length = 4e9; return [...a].length }`, LimitArray},
	{"big array, spread call", `() => { const a = []; a.length = 3e7; return Math.max(...a) }`, LimitArray},
	{"big array, spread new", `() => { const a = []; a.length = 3e7; return new Set(...a) }`, LimitArray},
	{"big array, taken apart", `() => { const a = []; a.length = 4e9; const [x, ...r] = a; return r.length }`, LimitArray},
	{"big array, assigned", `() => { const a = []; let x, r; a.length = 4e9; [x, ...r] = a; return r.length }`, LimitArray},
	{"big array, apply", `() => { const a = []; a.length = 3e7; return Math.max.apply(null, a) }`, LimitArray},
	{"array-like apply", `() => Math.max.apply(null, { length: 3e7 })`, LimitArray},
	{"sparse sort", `() => { const a = []; a[3e8] = 1; a.sort(); return 1 }`, LimitArray},
	{"sparse join", `() => { const a = []; a[4e9] = 1; return a.join("x").length }`, LimitArray},
	{"sparse text", `() => { const a = []; a[4e9] = 1; return (a + "").length }`, LimitArray},
	{"sparse by getter", `() => { const a = [1], b = []; Object.defineProperty(a, 0, { get() { b.length = 4e9; return 1 } }); return a.concat(b).length }`, LimitArray},
	{"spread that grows", `() => { const a = [1, 2]; Object.defineProperty(a, 0, { get() { a.length = 4e9; return 1 } }); return [...a].length }`, LimitArray},
	{"inherited list", `() => { const a = Object.create([].constructor.prototype, { length: { value: 2 ** 53 - 1 } }); return [...a].length }`, LimitArray},
	{"flatMap", `() => [1].flatMap(() => { const a = []; a.length = 4e9; return a }).length`, LimitArray},
	{"flat", `() => { let a = [1]; for (let i = 0; i < 40; i++) a = [a, a]; return a.flat(Infinity).length }`, LimitArray},
	{"deep list as text", `() => { let a = [1]; for (let i = 0; i < 5000; i++) a = [a]; return String(a).length }`, LimitDepth},
	{"list of itself", `() => { const a = []; a.push(a, a); return String(a).length }`, "no"},
	{"lists of lists as text", `() => { let a = [1, 1]; for (let i = 0; i < 40; i++) a = [a, a]; return String(a).length }`, ""},
	{"indexOf", `() => Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)`, "no"},
	{"lastIndexOf", `() => [].lastIndexOf.call({ length: 2 ** 53 - 1 }, 1)`, "no"},
	{"reverse", `() => [].reverse.call({ length: 2 ** 53 - 1 })`, "no"},
	{"unshift", `() => [].unshift.call({ length: 2 ** 53 - 2 }, 1)`, "no"},
	{"map over a length", `() => [].map.call({ get length() { return 2 ** 53 - 1 } }, Boolean)`, "no"},
	{"from", `() => Array.from({ length: 1e9 })`, LimitArray},
	{"from a getter", `() => { let n = 0; return Array.from({ get length() { return n++ ? 1e9 : 1 } }).length }`, "no"},
	{"from with a native", `() => Array.from(Array(5e4).fill("x".repeat(5e4)), "".toUpperCase.call.bind("".toUpperCase)).length`, ""},
	{"map with a native", `() => Array(5e4).fill(0).map("".toUpperCase, "x".repeat(1e6)).length`, ""},
	{"sort with a native", `() => Array(5e4).fill(0).map((x, i) => i * 7919 % 5e4).sort(Math.max).length`, ""},
	{"sort texts", `() => Array(9e4).fill("x".repeat(5e4)).sort().length`, ""},
	{"flatMap with a native", `() => Array(5e4).fill(0).flatMap([].slice.bind(Array(5e4).fill(0))).length`, ""},
	{"stringify a graph", `() => { let x = {}; for (let i = 0; i < 30; i++) x = [x, x]; return JSON.stringify(x).length }`, ""},
	{"stringify deep", `() => { let x = {}; for (let i = 0; i < 5000; i++) x = [x]; return JSON.stringify(x).length }`, LimitDepth},
	{"stringify toJSON", `() => { const x = { toJSON() { return { x } } }; return JSON.stringify(x).length }`, LimitDepth},
	{"stringify getters", `() => { const x = { get x() { return x } }; return JSON.stringify({ get a() { return { get b() { for (;;) {} } } } }).length }`, LimitCPU},
	{"stringify with a function", `() => JSON.stringify({ a: 1 }, (k, v) => ({ a: v, b: v })).length`, ""},
	{"stringify sparse", `() => { const a = []; a.length = 4e9; return JSON.stringify(a).length }`, LimitArray},
	{"parse deep", `() => JSON.parse("[".repeat(3e4) + "]".repeat(3e4)).length`, LimitDepth},
	{"parse much", `() => JSON.parse("[" + "1,".repeat(3e6) + "1]").length`, ""},
	{"pad", `() => "x".padStart(1 << 30).length`, LimitString},
	{"pad with a changing object", `() => { let n = 0; return "x".padEnd({ valueOf() { return n++ ? 1 << 30 : 5 } }).length }`, "no"},
	{"normalize", `() => "\ufdfa".repeat(60000).normalize("NFKD").length`, ""},
	{"localeCompare", `() => { const s = "ä".repeat(9e5); for (;;) s.localeCompare(s + "x") }`, LimitString},
	{"localeCompare often", `() => { const s = "ä".repeat(8000); for (;;) s.localeCompare(s) }`, LimitCPU},
	{"split", `() => "x".repeat(1e6).split("").length`, LimitArray},
	{"split often", `() => { const a = [], s = "x,".repeat(4e4); for (;;) a.push(s.split(",")) }`, LimitMemory},
	{"search", `() => { const s = "ä" + "a".repeat(5e5), t = "a".repeat(2e5) + "b"; return s.indexOf(t) + s.lastIndexOf(t) + s.split(t).length }`, LimitString},
	{"replaceAll with text", `() => "x".repeat(1 << 20).replace(/x/g, "y".repeat(4096)).length`, ""},
	{"replaceAll with a function", `() => "x".repeat(1e4).replaceAll("x", () => "y".repeat(5e4)).length`, LimitString},
	{"replace $", "() => { const s = 'x'.repeat(1000); return s.replaceAll('x', '$`'.repeat(1000)).length }", LimitString},
	{"toUpperCase", `() => { const s = "ß".repeat(1e6); for (;;) s.toUpperCase() }`, ""},
	{"parse a long number", `() => parseInt("9".repeat(1e6))`, LimitString},
	{"make a long number", `() => (+("9".repeat(1e6)), 1)`, ""},
	{"make a long number of hex", `() => (Number("0x" + "9".repeat(1e6)), 1)`, ""},
	{"compare as numbers", `() => { const s = "9".repeat(1e6); let n = 0; for (;;) n += s - 1 }`, ""},
	{"encode", `() => { for (;;) encodeURIComponent("\u20ac".repeat(5e4)) }`, ""},
	{"keys of a text", `() => Object.keys("x".repeat(1e6)).length`, LimitArray},
	{"keys of a text object", `() => Object.keys(new String("x".repeat(1e6))).length`, LimitArray},
	{"spread a text", `() => Object.keys({ ..."x".repeat(1e6) }).length`, LimitArray},
	{"names of a text", `() => { for (const k in "x".repeat(1e6)) return k }`, LimitArray},
	{"rest of a text", `() => { const { a, ...r } = "x".repeat(1e6); return 1 }`, LimitArray},
	{"iterate natively", `() => new Set().union({ size: 1, has() {}, keys() { return { next: Array } } }).size`, "no"},
	{"entries", `() => Object.fromEntries(Array(5e4).fill([1, 2])).x`, ""},
	{"set of a text", `() => new Set("x".repeat(1e6)).size`, LimitArray},
	{"hypot", `() => { const a = Array(9000).fill(1); for (;;) Math.hypot(...a) }`, ""},
	{"arguments inside arguments", `() => { const a = Array(9000).fill(1); const f = (...x) => f(...x); return f(...a) }`, ""},
	{"bind chain", `() => { let f = () => 1; for (let i = 0; i < 5000; i++) f = f.bind(null); return f() }`, LimitStack},
	{"call chain", `() => Function.prototype`, "no"},
	{"toString chain", `() => { const x = { toString() { return "" + x } }; return "" + x }`, LimitStack},
	{"valueOf loop", `() => { const x = { valueOf() { for (;;) {} } }; return x + 1 }`, LimitCPU},
	{"sort recursion", `() => { const f = () => [2, 1].sort(f).length; return f() }`, LimitStack},
	{"map recursion", `() => { const f = () => [1].map(f); return f() }`, LimitStack},
	{"replace recursion", `() => { const f = () => "x".replace("x", f); return f() }`, LimitStack},
	{"getter recursion", `() => { const o = { get x() { return o.x } }; return o.x }`, LimitStack},
	{"constructor recursion", `() => { class A { constructor() { this.x = new A() } } return new A() }`, LimitStack},
	{"prototype chain", `() => { let o = {}; for (;;) o = Object.create(o) }`, ""},
	{"prototype lookup", `() => { let o = {}; for (let i = 0; i < 5000; i++) o = Object.create(o); for (;;) o.nothing }`, LimitCPU},
	{"nested result", `() => { let o = {}; for (let i = 0; i < 5000; i++) o = { o }; return o }`, LimitDepth},
	{"big result", `() => Array(40000).fill("xxxx")`, LimitOutput},
	{"result of shared lists", `() => { let o = ["x"]; for (let i = 0; i < 25; i++) o = [o, o]; return o }`, LimitOutput},
	{"result getter", `() => ({ get x() { for (;;) {} } })`, LimitCPU},
	{"regex, long text", `() => /^(a+)+$/.test("a".repeat(1e6) + "b")`, LimitRegex},
	{"regex, many", `() => { const s = "a".repeat(5000); for (;;) s.replace(/a*?b|a/g, "x") }`, ""},
	{"regex, loop", `() => { const r = /x*/g; while (r.exec("xxx")) {} }`, LimitCPU},
	{"regex of text", `() => "aaaa".match("(a*)*b")`, "no"},
	{"error messages", `() => { const a = []; for (;;) try { null["x".repeat(5e4)] } catch (e) { a.push(e) } }`, LimitMemory},
}

// TestBombs says that each is over by its budget and 25 ms of processor time, holds little, and is told apart.
func TestBombs(t *testing.T) {
	for _, tt := range bombs {
		t.Run(tt.name, func(t *testing.T) {
			var broke []Break
			o := RunOptions{CPU: 10 * time.Millisecond, Broke: func(b Break) { broke = append(broke, b) }}
			f, err := Open(build(fn("JSON", tt.source, "a")), o)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			call := f.Computes()[0]
			runtime.GC()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			began, used := time.Now(), cpuOfThread()
			_, err = call(nil, in("1"), nil)
			spent := cpuOfThread() - used
			runtime.ReadMemStats(&after)
			var e *fault.Error
			switch {
			case tt.want == "no" && len(broke) > 0:
				t.Errorf("it broke %v", broke)
			case tt.want == "no" || tt.want == "" && err == nil:
			case !errors.As(err, &e):
				t.Fatalf("got %v", err)
			case len(broke) != 1 || tt.want != "" && broke[0].Limit != tt.want && broke[0].Limit != LimitCPU: // a busy machine may need all the time before
				t.Errorf("got %v of %v", broke, err)
			}
			for again := 0; spent > 35*time.Millisecond*slowdown && again < 3; again++ { // others' garbage is collected on this thread, too
				began, used = time.Now(), cpuOfThread()
				_, err = call(nil, in("1"), nil)
				spent = cpuOfThread() - used
			}
			if spent > 35*time.Millisecond*slowdown {
				t.Errorf("it had %v of the processor (%v on the wall): %v", spent, time.Since(began), err)
			}
			if made := after.TotalAlloc - before.TotalAlloc; made > 64<<20 {
				t.Errorf("it made %d MiB", made>>20)
			}
		})
	}
}

// cpuOfThread is what the test's thread had so far.
func cpuOfThread() time.Duration {
	t := lockThread()
	return t.used()
}

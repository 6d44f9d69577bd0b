package scripts

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"facet/fault"
	"facet/graph"
	"facet/view"
)

// ref reads a type as SDL writes it: "[Int!]!".
func ref(s string) graph.TypeRef {
	t := graph.TypeRef{}
	if strings.HasSuffix(s, "!") {
		t.NonNull, s = true, s[:len(s)-1]
	}
	if strings.HasPrefix(s, "[") {
		e := ref(s[1 : len(s)-1])
		t.Elem = &e
		return t
	}
	t.Name = s
	return t
}

func fn(result, source string, inputs ...string) *view.Func {
	f := &view.Func{Name: "Card.test", Source: source, Result: ref(result), Pos: fault.Pos{File: "src/card.ts", Line: 7, Col: 3}}
	for _, n := range inputs {
		f.Inputs = append(f.Inputs, view.FuncInput{Name: n, Type: ref("JSON")})
		f.Format = f.Format || n == localeInput
	}
	return f
}

func build(funcs ...*view.Func) *view.Build {
	return &view.Build{
		Format: view.Format, Package: "@t/p", Version: "1.0.0", Funcs: funcs,
		Objects: []*view.Object{
			{Name: "Progress", Fields: []*view.ObjectField{{Name: "percent", Type: ref("Float!")}, {Name: "label", Type: ref("String")}, {Name: "kind", Type: ref("Kind")}, {Name: "parts", Type: ref("[Part!]")}}},
			{Name: "Part", Fields: []*view.ObjectField{{Name: "n", Type: ref("Int!")}}},
		},
		Enums: []*view.Enum{{Name: "Kind", Values: []string{"MOVIE", "SHOW"}}},
	}
}

func open(t testing.TB, o RunOptions, funcs ...*view.Func) []view.Compute {
	t.Helper()
	f, err := Open(build(funcs...), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f.Computes()
}

func in(values ...string) [][]byte {
	out := make([][]byte, len(values))
	for i, v := range values {
		if v != "" {
			out[i] = []byte(v)
		}
	}
	return out
}

func TestResults(t *testing.T) {
	for _, tt := range []struct {
		result, source, a, want string
	}{
		{"Int", `({ a }) => a + 1`, `41`, `42`},
		{"Int", `({ a }) => a`, ``, `null`},
		{"Int", `function ({ a }) { }`, `1`, `null`},
		{"Int", `({ a }) => -0`, `1`, `0`},
		{"Float", `({ a }) => a / 3`, `1`, `0.3333333333333333`},
		{"Float", `({ a }) => a`, `1e300`, `1e+300`},
		{"Float", `({ a }) => a`, `12345678901234567890`, `12345678901234567000`},
		{"ID", `({ a }) => a`, `7`, `"7"`},
		{"ID", `({ a }) => "x" + a`, `7`, `"x7"`},
		{"Boolean", `({ a }) => a === null`, ``, `true`},
		{"String", `({ a }) => a`, `"Ä\u00e4 \ud83d\ude00 \"\\\n\u0001"`, `"Ää 😀 \"\\\n\u0001"`},
		{"String", `({ a }) => a[0]`, `"\ud83d\ude00"`, `"` + "\ufffd" + `"`},
		{"String", `({ a }) => a.toUpperCase().padStart(6, "-")`, `"abc"`, `"---ABC"`},
		{"String", `({ a }) => Object.keys(a).join() + a.y.z`, `{"x": 1, "y": {"z": "q"}}`, `"x,yq"`},
		{"String", `({ a }) => { const { x, ...rest } = a; return JSON.stringify(rest) }`, `{"x":1,"y":[1,{"k":null}]}`, `"{\"y\":[1,{\"k\":null}]}"`},
		{"String", `({ a }) => String(a.toString) + ("x" in a) + a.nothing`, `{"toString":1,"x":2}`, `"1trueundefined"`},
		{"[Int!]", `({ a }) => a.map((x) => x * 2).filter((x) => x > 2)`, `[1, 2,3 ]`, `[4,6]`},
		{"[Int!]", `({ a }) => [...a].sort((x, y) => x - y)`, `[3,1,2]`, `[1,2,3]`},
		{"[Int!]", `({ a }) => a.slice().reverse()`, `[3,1,2]`, `[2,1,3]`},
		{"Int", `({ a }) => a.length + a.reduce((s, x) => s + x.n, 0)`, `[{"n":1},{"n":2}]`, `5`},
		{"Boolean", `({ a }) => Array.isArray(a) && a.includes("y")`, `["x","y"]`, `true`},
		{"[Int]", `({ a }) => a`, `[1,null]`, `[1,null]`},
		{"Kind", `({ a }) => a ? "MOVIE" : "SHOW"`, `true`, `"MOVIE"`},
		{"Progress", `({ a }) => ({ percent: a, label: undefined, kind: "SHOW", parts: [{ n: 1, more: 2 }] })`, `0.5`, `{"percent":0.5,"label":null,"kind":"SHOW","parts":[{"n":1}]}`},
		{"JSON", `({ a }) => ({ a, b: [undefined, 1.5], c: undefined, "é\"": null })`, `{"k":[true]}`, `{"a":{"k":[true]},"b":[null,1.5],"é\"":null}`},
		{"JSON", `({ a }) => JSON.parse(a)`, `"[1,{\"x\":2}]"`, `[1,{"x":2}]`},
		{"Int", `({ a }) => new Map([[1, a]]).get(1) + new Set(["q"]).size`, `1`, `2`},
		{"Int", `({ a }) => { const counts = {}; counts["constructor"] = a; counts.toString = 1; return counts.constructor + counts.toString }`, `4`, `5`},
		{"String", `({ a }) => [typeof Date, typeof eval, typeof Function, typeof Promise, typeof globalThis, typeof Math.random, typeof setTimeout, typeof RegExp].join()`, `1`,
			`"undefined,undefined,undefined,undefined,undefined,undefined,undefined,undefined"`},
		{"String", `({ a }) => String((() => 1).constructor)`, `1`, `"undefined"`},
		{"String", `({ a }) => { try { nothing() } catch (e) { return [e, /x/].map((v) => typeof v.constructor).join() } }`, `1`, `"undefined,undefined"`},
		{"String", `({ a }) => typeof Object.getOwnPropertySymbols`, `1`, `"undefined"`},
		{"String", `({ a }) => [typeof Object.getPrototypeOf, typeof ({}).__proto__, typeof (class extends Array {}).__proto__].join()`, `1`, `"undefined,undefined,undefined"`},
		{"String", `({ a }) => encodeURIComponent(a)`, `"a b/é"`, `"a%20b%2F%C3%A9"`},
		{"Boolean", `({ a }) => /^a+$/.test(a)`, `"aaa"`, `true`},
		{"String", `({ a }) => a.replace(/b/g, "x").split("x").join("|")`, `"abcb"`, `"a|c|"`},
		{"Int", `({ a }) => { try { throw new Map() } catch (e) { return a } }`, `3`, `3`},
	} {
		t.Run(tt.source, func(t *testing.T) {
			here, engine := open(t, RunOptions{}, fn(tt.result, tt.source, "a"))[0], open(t, RunOptions{EngineOnly: true}, fn(tt.result, tt.source, "a"))[0]
			for _, c := range []view.Compute{here, engine, here, engine} { // the second call meets a used machine
				got, err := c(nil, in(tt.a), []byte("before"))
				if err != nil {
					t.Fatalf("%v", err)
				}
				if d := cmp.Diff("before"+tt.want, string(got)); d != "" {
					t.Error(d)
				}
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	for _, tt := range []struct {
		result, source string
		kind           fault.Kind
		message        string
	}{
		{"Int", `() => 1.5`, fault.BadAnswer, "Card.test gave 1.5 instead of an Int"},
		{"Int", `() => 2147483648`, fault.BadAnswer, "Card.test gave 2147483648 instead of an Int"},
		{"Int!", `() => null`, fault.BadAnswer, "Card.test gave null instead of an Int"},
		{"Int", `() => "1"`, fault.BadAnswer, "Card.test gave a string instead of an Int"},
		{"Float", `() => 0 / 0`, fault.BadAnswer, "Card.test gave NaN instead of a Float"},
		{"String", `() => true`, fault.BadAnswer, "Card.test gave a boolean instead of a String"},
		{"String", `() => () => 1`, fault.BadAnswer, "Card.test gave a function instead of a String"},
		{"Boolean", `() => 1`, fault.BadAnswer, "Card.test gave a number instead of a Boolean"},
		{"ID", `() => 1.5`, fault.BadAnswer, "Card.test gave 1.5 instead of an ID"},
		{"Kind", `() => "BOOK"`, fault.BadAnswer, `Card.test gave "BOOK" instead of a Kind`},
		{"[Int!]", `() => [1, null]`, fault.BadAnswer, "Card.test gave null at [1] instead of an Int"},
		{"[Int!]", `() => 1`, fault.BadAnswer, "Card.test gave a number instead of [Int!]"},
		{"Progress", `() => ({ percent: 1, parts: [{ n: 1 }, { n: "x" }] })`, fault.BadAnswer, "Card.test gave a string at .parts[1].n instead of an Int"},
		{"Progress", `() => [1]`, fault.BadAnswer, "Card.test gave a list instead of a Progress"},
		{"JSON", `() => new Map()`, fault.BadAnswer, "Card.test gave a Map instead of a JSON"},
		{"JSON", `() => { const a = {}; a.a = a; return a }`, fault.Limit, "deeper than 32"},
		{"JSON", `() => Array(40000)`, fault.Limit, "Card.test gave more than 65536 bytes"},
		{"String", `() => "x".repeat(70000)`, fault.Limit, "Card.test gave more than 65536 bytes"},
		{"Int", `() => nothing`, fault.Internal, "Card.test failed"},
		{"Int", `() => { let x = {}; for (let i = 0; i < 30; i++) x = [x, x]; return JSON.stringify(x).length }`, fault.Limit, "Card.test made"},
		{"Int", `() => { throw "x" }`, fault.Internal, "Card.test failed"},
		{"Int", `(o) => { o.a = 1 }`, fault.Internal, "Card.test failed"},
		{"Int", `({ a }) => { a.push(1) }`, fault.Internal, "Card.test failed"},
		{"Int", `() => { Math.x = 1 }`, fault.Internal, "Card.test failed"},
		{"Int", `() => { Array.prototype.map = 1 }`, fault.Internal, "Card.test failed"},
		{"Int", `() => { Object.prototype.x = 1 }`, fault.Internal, "Card.test failed"},
		{"Int", `() => { Object.prototype.toString = 1 }`, fault.Internal, "Card.test failed"},
		{"Int", `() => { const f = () => f() + 1; return f() }`, fault.Limit, "Card.test calls itself too deeply"},
		{"Int", `() => { for (;;) {} }`, fault.Timeout, "Card.test took too long"},
		{"Int", `() => { try { for (;;) {} } finally { return 1 } }`, fault.Timeout, "Card.test took too long"},
		{"JSON", `() => ({ get x() { for (;;) {} } })`, fault.Timeout, "Card.test took too long"},
		{"JSON", `() => ({ get x() { throw 1 } })`, fault.Internal, "Card.test failed"},
		{"String", `() => "x".repeat(2 ** 40)`, fault.Limit, "Card.test made a text that is too long"},
		{"JSON", `() => Array(2e9).fill(0)`, fault.Limit, "Card.test made a list that is too long"},
		{"JSON", `() => JSON.parse("[".repeat(1e6))`, fault.Limit, "Card.test made a text that is too long"},
		{"JSON", `() => Array.from({ length: 1e9 })`, fault.Limit, "Card.test made a list that is too long"},
		{"Int", `7`, fault.Internal, "Card.test failed"},
	} {
		t.Run(tt.source, func(t *testing.T) {
			deadline := 2 * time.Second // on a busy computer a refusal takes its time
			if tt.kind == fault.Timeout {
				deadline = 30 * time.Millisecond
			}
			c := open(t, RunOptions{CPU: deadline}, fn(tt.result, tt.source, "a"))[0]
			began := time.Now()
			out, err := c(nil, in(`[1]`), []byte("before"))
			var e *fault.Error
			if !errors.As(err, &e) {
				t.Fatalf("got %s, %v", out, err)
			}
			if e.Kind != tt.kind || !strings.Contains(e.Message, tt.message) {
				t.Errorf("got %s: %s, want %s: %s", e.Kind, e.Message, tt.kind, tt.message)
			}
			if !strings.Contains(err.Error(), "src/card.ts:7:3") {
				t.Errorf("%v names no place", err)
			}
			if string(out) != "before" {
				t.Errorf("it left %q", out)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// Open refuses what it would not run, and says where.
func TestOpenRefuses(t *testing.T) {
	for _, tt := range []struct{ source, want string }{
		{"() => (", "cannot be compiled"},
		{"() => 5n", "no BigInt"},
		{"async () => 1", "synchronous"},
		{"() => [1].map(async (x) => x)", "synchronous"},
		{"() => { function* f() {} return f }", "synchronous"},
		{"() => { debugger; }", "debugger"},
		{`({ a }) => /(?=a)b/.test(a)`, "looks ahead"},
		{`({ a }) => /(a)\1/.test(a)`, "refers back"},
		{`({ a }) => /\p{L}/u.test(a)`, "property of Unicode"},
		{`({ a }) => /(a*)*/.test(a)`, "match nothing"},
		{`({ a }) => /(?:(a)|b)*/.test(a)`, "not every turn"},
		{`({ a }) => /a{500}{500}/.test(a)`, "nothing to repeat"},
		{`({ a }) => /(?:a{900}){900}/.test(a)`, "repeats too much"},
		{`({ a: [x, ...y] }) => x`, "rest of a list"},
		{"() => " + strings.Repeat("[", 1e5), "nest deeper"},
		{"() => " + strings.Repeat("!", 1e5) + "1", "operators"},
	} {
		t.Run(short(tt.source), func(t *testing.T) {
			_, err := Open(build(fn("Int", tt.source, "a")), RunOptions{})
			if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "src/card.ts:7:3") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestUndeclaredResult(t *testing.T) {
	_, err := Open(build(fn("Nowhere", `() => 1`)), RunOptions{})
	if fault.KindOf(err) != fault.Invalid {
		t.Errorf("got %v", err)
	}
}

// A machine that ran a deadline out, or 1,000 calls, is replaced; the others answer as before.
func TestMachinesAreReplaced(t *testing.T) {
	c := open(t, RunOptions{CPU: 150 * time.Millisecond, Machines: 2, Wait: 10 * time.Second, EngineOnly: true},
		fn("Int", `({ a }) => { while (a > 5) {} return a }`, "a"), fn("Int", `({ a }) => a * 2`, "a"))
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 600 {
				if g == 0 && i%300 == 0 {
					if _, err := c[0](nil, in("9"), nil); fault.KindOf(err) != fault.Timeout {
						t.Errorf("got %v", err)
					}
				}
				got, err := c[1](nil, in("21"), nil)
				if err != nil || string(got) != "42" {
					t.Errorf("got %s, %v", got, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestClosed(t *testing.T) {
	f, err := Open(build(fn("Int", `() => 1`)), RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if _, err := f.Computes()[0](nil, nil, nil); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("got %v", err)
	}
}

func FuzzInput(f *testing.F) {
	for _, s := range []string{`null`, `"a\u00e9"`, `-1.5e3`, `[1,[2,{"a":[]}]]`, `{"a":{"b":"}"},"c":"\""}`, `[`, `{"a"`, `{:1}`, `"\`, `]`} {
		f.Add(s)
	}
	funcs, err := Open(build(fn("JSON", `({ a }) => a`, "a")), RunOptions{})
	if err != nil {
		f.Fatal(err)
	}
	c := funcs.Computes()[0]
	f.Fuzz(func(t *testing.T, s string) {
		out, err := c(nil, in(s), nil)
		if err != nil && fault.KindOf(err) != fault.BadAnswer {
			t.Fatalf("%q: %v", s, err)
		}
		if err == nil && !validJSON(out) {
			t.Fatalf("%q gave %q", s, out)
		}
	})
}

func BenchmarkComputed(b *testing.B) {
	c := open(b, RunOptions{}, fn("Int", `({ a, b }) => a`, "a", "b"), fn("Progress", `({ a, b }) => ({ percent: a / b, label: a + " of " + b, kind: null, parts: null })`, "a", "b"))
	args, dst := in(`3`, `4`), make([]byte, 0, 4096)
	b.Run("no-op", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := c[0](nil, args, dst); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("40 cards x 2", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for range 40 {
				_, _ = c[0](nil, args, dst)
				_, _ = c[1](nil, args, dst)
			}
		}
	})
	b.Run("a machine", func(b *testing.B) {
		o := RunOptions{}.filled()
		for b.Loop() {
			if _, err := newMachine(2, &o); err != nil {
				b.Fatal(err)
			}
		}
	})
}

package scripts

import (
	"context"
	"strings"
	"testing"

	"github.com/dop251/goja"
	"github.com/google/go-cmp/cmp"

	"facet/fault"
	"facet/pack"
)

// onePackage is a package with one file, src/index.ts.
func onePackage(t *testing.T, source string) *pack.Package {
	t.Helper()
	manifest := `{"name":"@t/p","version":"1.0.0","type":"module","exports":"./src/index.ts","edge":{"device":["tv"],"schema":"v1"}}`
	m, ds := pack.ParseManifest([]byte(manifest))
	if ds.Failed() {
		t.Fatal(ds.Err())
	}
	return &pack.Package{Manifest: m, Files: map[string][]byte{"package.json": []byte(manifest), "src/index.ts": []byte(source)}}
}

func prepareOne(t *testing.T, source string) *module {
	t.Helper()
	m, ds := prepare(context.Background(), onePackage(t, source), &pack.Lock{}, nil)
	if ds.Failed() {
		t.Fatal(ds.Err())
	}
	return m
}

// runOne runs a module in a runtime in which every wrapping call notes what it was given and where.
func runOne(t *testing.T, m *module) (calls []string, exports *goja.Object) {
	t.Helper()
	vm := goja.New()
	note := func(name string) func(goja.FunctionCall) goja.Value {
		return func(c goja.FunctionCall) goja.Value {
			for _, f := range vm.CaptureCallStack(0, nil) {
				p := f.Position()
				if p.Filename == bundleFile {
					pos, _ := m.Places.at(p.Line, p.Column)
					calls = append(calls, name+" "+c.Argument(0).String()+" at "+pos.String())
					break
				}
			}
			return c.Argument(0)
		}
	}
	for _, name := range []string{"__t", "__c", "__k"} {
		if err := vm.Set(name, note(name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := vm.Set("__f", func(c goja.FunctionCall) goja.Value { return c.Argument(1) }); err != nil {
		t.Fatal(err)
	}
	if err := vm.Set("__sdk", map[string]any{}); err != nil {
		t.Fatal(err)
	}
	p, err := m.program(false)
	if err != nil {
		t.Fatalf("%v in\n%s", err, m.Text)
	}
	if _, err := vm.RunProgram(p); err != nil {
		t.Fatalf("%v in\n%s", err, m.Text)
	}
	return calls, vm.Get("m").ToObject(vm)
}

func TestRewriteWrapsWhatNoProxyCanTrap(t *testing.T) {
	tests := []struct {
		name, source string
		want         []string
	}{
		{"if", "const a: any = 1;\nif (a) { }\nexport const x = 1;", []string{"__t 1 at src/index.ts:2:5"}},
		{"conditional", "const a: any = 1;\nexport const x = a ? 1 : 2;", []string{"__t 1 at src/index.ts:2:18"}},
		{"and", "const a: any = 1;\nexport const x = a && 2;", []string{"__t 1 at src/index.ts:2:18"}},
		{"nullish", "const a: any = 1;\nexport const x = a ?? 2;", []string{"__c 1 at src/index.ts:2:18", "__t true at src/index.ts:2:18"}},
		{"chain", "const a: any = { b: 3 };\nexport const x = a?.b;", []string{"__c [object Object] at src/index.ts:2:18", "__t false at src/index.ts:2:18"}},
		{"equal", "const a: any = 1;\nexport const x = a === 2;", []string{"__c 1 at src/index.ts:2:18"}},
		{"greater, with parentheses", "const a: any = 1, b: any = 5;\nexport const x = (a || b).y > (b);", []string{"__t 1 at src/index.ts:2:19", "__c undefined at src/index.ts:2:19", "__c 5 at src/index.ts:2:32"}},
		{"switch", "const a: any = 1;\nswitch (a) { case 1: }\nexport const x = 1;", []string{"__c 1 at src/index.ts:2:9"}},
		{"not", "const a: any = 1;\nexport const x = !a;", []string{"__t 1 at src/index.ts:2:19"}},
		{"typeof", "const a: any = 1;\nexport const x = typeof a;", []string{"__c 1 at src/index.ts:2:25"}},
		{"typeof of what may not exist", "declare const window: any;\nexport const x = typeof window;", nil},
		{"key", "const a: any = 'k', o: any = {};\nexport const x = o[a];", []string{"__k k at src/index.ts:2:20"}},
		{"in", "const a: any = 'k', o: any = {};\nexport const x = a in o;", []string{"__k k at src/index.ts:2:18"}},
		{"while and for", "let n: any = 0;\nwhile (n) { }\nfor (; n; ) { }\nexport const x = 1;", []string{"__t 0 at src/index.ts:2:8", "__t 0 at src/index.ts:3:8"}},
		{"new without arguments", "class A { y = 0 }\nconst f = () => new A(), g = () => 1 || new A();\nexport const x = f() === new A() ? [1].map(() => !new A()) : g();", []string{"__c [object Object] at src/index.ts:3:18", "__c [object Object] at src/index.ts:3:26", "__t false at src/index.ts:3:18"}},
		{"after text that is not ASCII", "const a: any = 1;\nexport const x = { é: \"日本\", y: a ? 1 : 2 };", []string{"__t 1 at src/index.ts:2:32"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := prepareOne(t, tt.source)
			got, _ := runOne(t, m)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s\n%s", diff, m.Text)
			}
		})
	}
}

func TestBundleMistakes(t *testing.T) {
	tests := []struct{ name, source, want string }{
		{"no such file", "import \"./card\";\nexport const x = 1;", "src/index.ts:1:8: error F010: src/index.ts imports \"./card\", and there is no such file. Check the path; file names are compared with case"},
		{"no such package", "import x from \"dayjs\";\nexport { x };", "src/index.ts:1:15: error F010: src/index.ts imports \"dayjs\", which the package neither links nor bundles. npm install dayjs, and name it under \"dependencies\""},
		{"Node's", "import fs from \"node:fs\";\nexport { fs };", "src/index.ts:1:16: error F014: \"node:fs\" is Node's: a package's code has no files, network or processes. Give the data through the graph: a tier, or a module's constants"},
		{"tests", "import \"@facet/sdk/test\";\nexport const x = 1;", "src/index.ts:1:8: error F015: \"@facet/sdk/test\" is for tests. Import it from a *.test.ts file only"},
		{"dynamic", "export const x = import(\"./a\");", "src/index.ts:1:25: error F011: import(\"./a\") happens while code runs, and no view's code runs then. Import it at the top of the file"},
		{"SDK name", "import { veiw } from \"@facet/sdk\";\nexport const x = veiw;", "src/index.ts:1:10: error F005: @facet/sdk exports no \"veiw\". Did you mean \"view\"?"},
		{"syntax", "export const x = ;", "src/index.ts:1:18: error F002: Unexpected \";\". Mend the syntax or the import"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, ds := prepare(context.Background(), onePackage(t, tt.source), &pack.Lock{}, nil)
			if len(ds) == 0 {
				t.Fatal("no diagnostic")
			}
			if diff := cmp.Diff(tt.want, ds[0].String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLift(t *testing.T) {
	head := "import { format, shape } from \"@facet/sdk\";\ndeclare const pick: any;\n"
	tests := []struct {
		name, source string
		want         string // of calling the lifted function with 4; or the diagnostic
	}{
		{"closed", "export const x = pick((n: number) => n + 1);", "5"},
		{"an object in parentheses", "export const x = pick((n: number) => ({ valueOf: () => (n) }) as any);", "[object Object]"},
		{"parentheses of a module's constants", "const O = (n: number) => ({ v: n }), N = (o: any) => (void 0, (o.v)), S = () => new Set();\nexport const x = pick((n: number) => (S(), N(O(n)) + 1));", "5"},
		{"new without arguments", "export const x = pick((n: number) => n === 4 && new Set());", "[object Set]"},
		{"a module's constant", "const ONE = 1;\nexport const x = pick((n: number) => n + ONE);", "5"},
		{"functions that call each other", "export const x = pick((n: number) => twice(n));\nfunction twice(n: number): number { return plus(n, n); }\nconst plus = (a: number, b: number) => a + b;", "8"},
		{"a table that is filled", "const LABELS: any = {};\nLABELS.four = 44;\nexport const x = pick((n: number) => LABELS.four);", "44"},
		{"a table that a loop fills", "const LABELS: any = {};\nfor (const k of [\"3\", \"4\"]) LABELS[k] = k + k;\nexport const x = pick((n: number) => LABELS[n]);", "44"},
		{"a table that a function fills", "const LABELS: any = {}, MORE = { four: 44 };\nObject.assign(LABELS, MORE);\nexport const x = pick((n: number) => LABELS.four);", "44"},
		{"a table that is shown to the SDK", "const LABELS: any = { four: 44 };\nshape(LABELS as any, null as any, null as any);\nexport const x = pick((n: number) => LABELS.four);", "44"},
		{"a table that holds what is recorded", "const S = shape(\"S\", null as any, () => ({}));\nconst LABELS: any = { four: 44 };\nLABELS.shape = S;\nexport const x = pick((n: number) => LABELS.four);", "src/index.ts:3:11: error F166: a computed function cannot use shape: it runs when a request comes. Use it while recording, and pass the values that the function needs as inputs"},
		{"a block", "const LABELS: any = {};\nif (LABELS) { LABELS.four = 44; } else { LABELS.four = 0; }\nexport const x = pick((n: number) => LABELS.four);", "44"},
		{"newer syntax in a constant", "const config: any = { max: 5 };\nconst limit = config?.max ?? 10;\nexport const x = pick((n: number) => n + limit);", "9"},
		{"an enum", "enum Kind { Old = 1, New = 4 }\nexport const x = pick((n: number) => Kind[n]);", "New"},
		{"a declared function", "function next(n: number) { return n + 1; }\nexport const x = pick(next);", "5"},
		{"recursion", "function fact(n: number): number { return n < 2 ? 1 : n * fact(n - 1); }\nexport const x = pick(fact);", "24"},
		{"a host function", "export const x = pick((n: number) => format.number(n));", "formatted 4"},
		{"destructuring and defaults", "export const x = pick((n: number) => { const { a = n, ...rest } = { b: 2 } as any; const [c] = [a]; return c + rest.b; });", "6"},
		{"a local", "export const x = ((limit: number) => pick((n: number) => n + limit))(3);", "src/index.ts:3:62: error F164: \"limit\" is a variable around the computed function, which runs alone when a request comes. Pass it as an input: computed.…({ limit, … }, ({ limit }) => …), or make it a constant of the module"},
		{"a shape", "const S = shape(\"S\", null as any, () => ({}));\nexport const x = pick((n: number) => shape);", "src/index.ts:4:38: error F166: a computed function cannot use shape: it runs when a request comes. Use it while recording, and pass the values that the function needs as inputs"},
		{"time", "export const x = pick((n: number) => Date.now());", "src/index.ts:3:38: error F165: a computed function has no Date. Pass times as inputs: from the graph, as numbers or text; format.date writes them"},
		{"a random number", "export const x = pick((n: number) => n + Math.floor(Math.random() * 4));", "src/index.ts:3:53: error F165: a computed function has no Math.random. Pass a number as an input: a computed function gives the same result for the same inputs"},
		{"a random number in a function of the module", "const dice = () => Math[\"random\"]();\nexport const x = pick((n: number) => dice());", "src/index.ts:3:20: error F165: a computed function has no Math.random. Pass a number as an input: a computed function gives the same result for the same inputs"},
		{"a Math of its own", "export const x = pick((n: number) => { const Math = { random: () => n }; return Math.random(); });", "4"},
		{"a thrown error", "export const x = pick((n: number) => { if (n > 3) throw new Error(\"no\"); return n; });", "src/index.ts:3:61: error F165: a computed function has no Error. Return null where there is no result: the field is null then"},
		{"a part of an address", "export const x = pick((n: number) => encodeURIComponent(\"a b\" + n));", "a%20b4"},
		{"state", "let seen = 0;\nexport const x = pick((n: number) => ++seen);", "src/index.ts:4:40: error F167: \"seen\" is changed after it is declared, and a computed function sees only constants. Make it a constant: declare it once and never assign to it"},
		{"async", "export const x = pick(async (n: number) => n);", "src/index.ts:3:23: error F160: a computed function is synchronous. Remove async or *: all that it needs is in its inputs"},
		{"eval", "export const x = pick((n: number) => eval(\"n\"));", "src/index.ts:3:38: error F165: eval makes code while the program runs, which is not allowed. Write the code itself"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := prepareOne(t, head+tt.source)
			if got := liftOne(t, m); got != tt.want {
				t.Errorf("got  %s\nwant %s\n%s", got, tt.want, m.Text)
			}
		})
	}
}

// liftOne lifts the function that pick is given and calls it with 4.
func liftOne(t *testing.T, m *module) string {
	t.Helper()
	vm := goja.New()
	ids := map[*goja.Object]int{}
	picked := -1
	same := func(c goja.FunctionCall) goja.Value { return c.Argument(0) }
	set := func(name string, v any) {
		if err := vm.Set(name, v); err != nil {
			t.Fatal(err)
		}
	}
	set("__t", same)
	set("__c", same)
	set("__k", same)
	set("__a", same)
	set("__f", func(c goja.FunctionCall) goja.Value {
		ids[c.Argument(1).ToObject(vm)] = int(c.Argument(0).ToInteger())
		return c.Argument(1)
	})
	set("pick", func(c goja.FunctionCall) goja.Value {
		if id, ok := ids[c.Argument(0).ToObject(vm)]; ok {
			picked = id
		}
		return goja.Undefined()
	})
	set("__sdk", map[string]any{"shape": same, "format": map[string]any{}})
	p, err := m.program(false)
	if err != nil {
		t.Fatalf("%v in\n%s", err, m.Text)
	}
	if _, err := vm.RunProgram(p); err != nil {
		t.Fatalf("%v in\n%s", err, m.Text)
	}
	l, ds := m.lift(picked, fault.Pos{File: "src/index.ts"})
	if ds.Failed() {
		return ds[0].String()
	}
	if strings.Contains(l.Source, "__t(") || strings.Contains(l.Source, "__f(") {
		t.Errorf("the lifted source is rewritten:\n%s", l.Source)
	}
	run := goja.New()
	if err := run.Set("format", map[string]any{"number": func(n int) string { return "formatted " + goja.New().ToValue(n).String() }}); err != nil {
		t.Fatal(err)
	}
	fn, err := run.RunString(l.Source)
	if err != nil {
		t.Fatalf("%v in\n%s", err, l.Source)
	}
	call, ok := goja.AssertFunction(fn)
	if !ok {
		t.Fatalf("not a function:\n%s", l.Source)
	}
	v, err := call(goja.Undefined(), run.ToValue(4))
	if err != nil {
		t.Fatalf("%v in\n%s", err, l.Source)
	}
	return v.String()
}

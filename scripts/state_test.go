package scripts

import (
	"testing"

	"github.com/dop251/goja"
	"github.com/dop251/goja/parser"
)

// TestNothingStays says that no call sees what another left behind: every program gives the same result for the same input, and
// those that hold nothing are not run anew.
func TestNothingStays(t *testing.T) {
	for _, tt := range []struct {
		name, source string
		stateless    bool
	}{
		{"an arrow", `(({ a }) => a)`, true},
		{"a function", `(function ({ a }) { return a })`, true},
		{"a function that calls itself", `(function f({ a }) { return a ? 1 : f({ a: 1 }) })`, true},
		{"a function that keeps", `(function f({ a }) { f.n = (f.n || 0) + 1; return f.n })`, false},
		{"constants", "(() => {\nvar x = 60, y = -1, z = `k`, n = null;\nreturn ({ a }) => a + x + y;\n})()", true},
		{"helpers", "(() => {\nfunction half(n) { return n / 2; }\nvar twice = (n) => half(n) * 4;\nreturn ({ a }) => twice(a);\n})()", true},
		{"a named function", "(() => {\nfunction f({ a }) { return a; }\nreturn f;\n})()", true},
		{"a helper that keeps", "(() => {\nfunction next() { next.n = (next.n || 0) + 1; return next.n; }\nreturn ({ a }) => next();\n})()", false},
		{"a helper that is handed on", "(() => {\nfunction next() { return 1; }\nreturn ({ a }) => [next].map((f) => (f.n = (f.n || 0) + 1))[0];\n})()", false},
		{"a host function", "(() => {\nvar number = format;\nreturn ({ a }) => a;\n})()", true},
		{"a table", "(() => {\nvar t = { one: 7, two: \"x\" };\nreturn ({ a }) => t.one + t[\"o\" + \"ne\"] + Object.keys(t).length + Object.values(t).length;\n})()", true},
		{"a deep table", "(() => {\nvar t = { one: { n: [7, 8] } };\nreturn ({ a }) => t.one.n[a];\n})()", true},
		{"a list that is read", "(() => {\nvar t = [1, 2];\nreturn ({ a }) => { let n = 0; for (const x of t) n += x; return n + t.indexOf(2) + [...t].length; };\n})()", true},
		{"a table that is changed", "(() => {\nvar t = { n: 1 };\nreturn ({ a }) => (t.n = t.n + 1);\n})()", false},
		{"a table that counts", "(() => {\nvar t = { n: 1 };\nreturn ({ a }) => ++t.n;\n})()", false},
		{"a table that loses", "(() => {\nvar t = { n: 1 };\nreturn ({ a }) => { const n = t.n || 0; delete t.n; return n; };\n})()", false},
		{"a table that is assigned to in a pattern", "(() => {\nvar t = { n: 1 };\nreturn ({ a }) => { const n = t.n; [t.n] = [n + 1]; return n; };\n})()", false},
		{"a part of a table that is changed", "(() => {\nvar t = { one: { n: 1 } };\nreturn ({ a }) => { const x = t.one; return ++x.n; };\n})()", false},
		{"a table that is handed on", "(() => {\nvar t = { n: 1 };\nfunction inc(x) { return ++x.n; }\nreturn ({ a }) => inc(t);\n})()", false},
		{"a list that is sorted", "(() => {\nvar t = [3, 1, 2];\nreturn ({ a }) => { const n = t[0]; t.sort(); return n; };\n})()", false},
		{"a value of a deep table", "(() => {\nvar t = { one: { n: 1 } };\nreturn ({ a }) => { for (const x of Object.values(t)) return ++x.n; };\n})()", false},
		{"a deep list that is read", "(() => {\nvar t = { one: [1, 2] };\nreturn ({ a }) => t.one.includes(a) ? Number(t.one[0].toFixed()) : 0;\n})()", true},
		{"a deep list that grows", "(() => {\nvar t = { one: [1, 2] };\nreturn ({ a }) => t.one.push(a);\n})()", false},
		{"a method by its key", "(() => {\nvar t = [1];\nreturn ({ a }) => t[\"push\"](a);\n})()", false},
		{"a list", "(() => {\nvar seen = [];\nreturn ({ a }) => seen.push(a);\n})()", false},
		{"a map", "(() => {\nvar seen = new Map();\nreturn ({ a }) => { seen.set(seen.size, a); return seen.size; };\n})()", false},
		{"a counter", "(() => {\nvar next = (() => { let n = 0; return () => ++n; })();\nreturn ({ a }) => next();\n})()", false},
		{"a match's place", "(() => {\nvar re = /1/g;\nreturn ({ a }) => re.test(String(a)) ? 1 : 2;\n})()", false},
		{"a class", "(() => {\nclass C { static n = 0; }\nreturn ({ a }) => ++C.n;\n})()", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			prog, err := goja.Parse("f.js", enclosed(tt.source), parser.WithDisableSourceMaps)
			if err != nil {
				t.Fatal(err)
			}
			if got := stateless(prog); got != tt.stateless {
				t.Errorf("stateless: got %v", got)
			}
			c := open(t, RunOptions{Machines: 1}, fn("Float", tt.source, "a"))[0]
			first, err := c(nil, in("1"), nil)
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				again, err := c(nil, in("1"), nil)
				if err != nil {
					t.Fatal(err)
				}
				if string(again) != string(first) {
					t.Errorf("got %s, then %s", first, again)
				}
			}
		})
	}
}

func BenchmarkComputedOverTable(b *testing.B) {
	c := open(b, RunOptions{}, fn("String", "(() => {\nvar labels = { de: \"Neu\", en: \"New\", fr: \"Nouveau\", es: \"Nuevo\", it: \"Nuovo\", nl: \"Nieuw\", pl: \"Nowe\", sv: \"Nytt\" };\nreturn ({ a }) => labels[a] || labels.en;\n})()", "a"))[0]
	args, dst := in(`"de"`), make([]byte, 0, 64)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c(nil, args, dst); err != nil {
			b.Fatal(err)
		}
	}
}

// TestGlobals says that computed functions meet the globals that lifting lets them name, and none of those that it refuses.
func TestGlobals(t *testing.T) {
	there := func(name string) string {
		c := open(t, RunOptions{}, fn("String", "({ a }) => typeof "+name, "a"))[0]
		got, err := c(nil, in("1"), nil)
		if err != nil {
			t.Fatal(err)
		}
		return string(got)
	}
	for name := range computedGlobals {
		if there(name) == `"undefined"` && name != "undefined" {
			t.Errorf("%s is missing", name)
		}
	}
	for name := range missingGlobals {
		if got := there(name); got != `"undefined"` {
			t.Errorf("%s is %s", name, got)
		}
	}
}

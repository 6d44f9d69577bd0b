package scripts

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"facet/fault"
)

// hostFunc answers renders by a function.
type hostFunc func(*RenderRequest) (*RenderResult, error)

func (f hostFunc) Render(_ context.Context, r *RenderRequest) (*RenderResult, error) { return f(r) }

// echo answers what it was asked.
var echo = hostFunc(func(r *RenderRequest) (*RenderResult, error) {
	if r.Fields == "wrong" {
		return nil, fault.New(fault.Invalid, "there is no such field").WithHint("choose another")
	}
	b, err := json.Marshal(r)
	return &RenderResult{Data: b, Calls: 7, Levels: 2, Degraded: []RenderedReason{{Path: []any{"a", 1}, Code: fault.Timeout}}}, err
})

const testHead = `import { describe, expect, render, test, tiers } from "@facet/sdk/test";
import { home, setBookmark } from "./src/index";
import { twice } from "./helper";
const none = tiers.of({});
`

// runTests runs a test file of the televisions' package.
func runTests(t *testing.T, text string, change func(*TestSetup)) (*TestReport, fault.Diagnostics) {
	t.Helper()
	g := films(t)
	dir := "../examples/films/packages/tv-home"
	pkg, lock := load(t, dir)
	b, ds := Build(t.Context(), pkg, lock, g, Options{})
	if ds.Failed() {
		t.Fatal(ds)
	}
	s := TestSetup{
		Package: pkg, Lock: lock, Graph: g, Build: b, File: "one.test.ts",
		Sources: map[string]string{"one.test.ts": testHead + text, "helper.ts": "export function twice(n: number): number {\n  return n.toFixed(0).length * 2;\n}\n"},
		Read:    func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(dir, name)) },
		Host:    echo,
	}
	if change != nil {
		change(&s)
	}
	return RunTests(t.Context(), s)
}

// outcomes prints a report: a test a line, with the line in the file and the failure.
func outcomes(r *TestReport) string {
	var b strings.Builder
	for _, one := range r.Tests {
		fmt.Fprintf(&b, "%s:%d %s", one.Pos.File, one.Pos.Line-strings.Count(testHead, "\n"), one.Name)
		if one.Failure != "" {
			fmt.Fprintf(&b, ": %s", one.Failure)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestTests(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"passing and failing", `test("a", () => { expect(1).toBe(1); });
describe("group", () => {
  test("b", () => { expect({ a: [1, { b: 2 }] }).toEqual({ a: [1, { b: 3 }] }); });
});
test("c", async () => { await Promise.resolve(); throw new TypeError("odd"); });
test("d", () => { twice(undefined as any); });
`, `one.test.ts:1 a
one.test.ts:3 group > b: at a[1].b: got 2, want 3
one.test.ts:5 c: TypeError: odd
one.test.ts:6 d: TypeError: Cannot read property 'toFixed' of undefined or null
`},
		{"matchers", `test("all", () => {
  expect([1, 2]).toContain(2); expect("abc").toContain("b"); expect([1]).toHaveLength(1); expect(null).toBeNull(); expect("x").toBeTruthy();
  expect(2).toBeGreaterThan(1); expect(1).toBeLessThanOrEqual(1); expect({ a: 1, b: { c: 2, d: 3 } }).toMatchObject({ b: { c: 2 } });
  expect([1]).not.toEqual([2]); expect(1).not.toBe(2); expect(0).not.toBeTruthy(); expect({ a: undefined }).toEqual({});
});
test("contain", () => { expect([1]).toContain(2); });
test("length", () => { expect(null).toHaveLength(2); });
test("object", () => { expect({ a: 1 }).toMatchObject({ a: 1, b: 2 }); });
test("more", () => { expect({ a: 1, b: 2 }).toEqual({ a: 1 }); });
test("longer", () => { expect([1, 2]).toEqual([1]); });
test("greater", () => { expect("3").toBeGreaterThan(2); });
test("not", () => { expect(1).not.toBe(1); });
`, `one.test.ts:1 all
one.test.ts:6 contain: [1] does not contain 2
one.test.ts:7 length: got the length null, want 2: null
one.test.ts:8 object: at b: got undefined, want 2
one.test.ts:9 more: at b: got 2, want undefined
one.test.ts:10 longer: at length: got 2, want 1
one.test.ts:11 greater: toBeGreaterThan compares numbers; got "3"
one.test.ts:12 not: got 1, which was not to be so
`},
		{"rendering", `test("a view", async () => {
  const changed = none.answer("catalog.Title", { titles: [] }).fail("bookmarks", "timeout").delay("rows", "5ms");
  const r = await render(home, { viewer: "demo", cells: { dense: "b" }, fields: "rows(name)", tiers: changed });
  expect(r).toMatchObject({ calls: 7, levels: 2, errors: [], degraded: [{ path: ["a", 1], code: "timeout" }] });
  expect(r.data).toMatchObject({ mutation: false, name: "home", viewer: { id: "demo" }, cells: { dense: "b" }, fields: "rows(name)" });
  expect(r.data.tiers).toMatchObject({ answers: { "catalog.Title": { titles: [] } }, fails: { bookmarks: "timeout" }, delays: { rows: "5ms" } });
  expect((await render(home, { tiers: none })).data.tiers.fails).toEqual({});
});
test("a mutation", async () => {
  const r = await render(setBookmark, { tiers: none, args: { title: "x", positionSeconds: 3 } });
  expect(r.data).toMatchObject({ mutation: true, name: "setBookmark", args: { positionSeconds: 3 }, viewer: null });
});
test("a warm-up", async () => { expect((await render(home.with({}), { tiers: none })).data.name).toBe("home"); });
test("a fixture", async () => {
  const r = await render(home, { tiers: tiers.from("./fixtures/demo.json") });
  expect(r.data.tiers.file).toBe("fixtures/demo.json");
  expect(Object.keys(r.data.tiers.answers)).toContain("catalog.Title");
});
test("refused", async () => { await render(home, { tiers: none, fields: "wrong" }); });
test("no view", () => render({} as any, { tiers: none }));
test("no tiers", () => render(home, {} as any));
test("no operation", () => { none.fail("catalog.Titel"); });
test("outside", () => { tiers.from("../../package.json"); });
test("no file", () => { tiers.from("./fixtures/nothing.json"); });
`, `one.test.ts:1 a view
one.test.ts:9 a mutation
one.test.ts:13 a warm-up
one.test.ts:14 a fixture
one.test.ts:19 refused: there is no such field (choose another)
one.test.ts:20 no view: render() takes a view, a mutation or view.with({ … })
one.test.ts:21 no tiers: render() needs tiers: tiers.from("./fixtures/x.json") or tiers.of({ … })
one.test.ts:22 no operation: the graph has no operation or source "catalog.Titel"; did you mean "catalog.Title"?
one.test.ts:23 outside: "../../package.json" lies outside the package
one.test.ts:24 no file: fixtures/nothing.json cannot be read: internal error
`},
		{"time", `test("for ever", () => { for (;;) {} });
test("never", () => new Promise<void>(() => {}));
test("after", () => {});
`, `one.test.ts:1 for ever: the test took longer than 200ms
one.test.ts:2 never: it waits for something that never comes: only render() takes time here
one.test.ts:3 after
`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, ds := runTests(t, tt.text, func(s *TestSetup) {
				if tt.name == "time" {
					s.Wall = 200e6
				}
			})
			if ds.Failed() {
				t.Fatal(ds)
			}
			if d := cmp.Diff(tt.want, outcomes(r)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestTestFilesThatCannotRun(t *testing.T) {
	for text, want := range map[string]string{
		"test(":                          "one.test.ts:5:6: error F002",
		`import "./nowhere";`:            "one.test.ts:5:8: error F010",
		`throw new Error("no");`:         "one.test.ts:5:7: error F211: the tests cannot be loaded: no",
		`describe("x", async () => {});`: "is asynchronous",
	} {
		_, ds := runTests(t, text, nil)
		if !ds.Failed() || !strings.Contains(ds[0].String(), want) {
			t.Errorf("%s: got %v, want %s", text, ds, want)
		}
	}
}

func TestSnapshots(t *testing.T) {
	text := `test("one", () => { expect({ a: 1 }).toMatchSnapshot(); expect(2).toMatchSnapshot("named"); });
test("other", () => { expect("x").toMatchSnapshot(); });
`
	run := func(text string, kept []byte, update bool, only string) *TestReport {
		t.Helper()
		r, ds := runTests(t, text, func(s *TestSetup) {
			s.Snapshots, s.Update = kept, update
			if only != "" {
				s.Only = regexp.MustCompile(only)
			}
		})
		if ds.Failed() {
			t.Fatal(ds)
		}
		return r
	}
	first := run(text, nil, false, "")
	var got map[string]any
	if err := json.Unmarshal(first.Snapshots, &got); err != nil || !first.Changed || first.Failed() {
		t.Fatalf("%s, %v", outcomes(first), err)
	}
	want := map[string]any{"one": map[string]any{"a": 1.0}, "one: named": 2.0, "other": "x"}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatal(d)
	}
	if again := run(text, first.Snapshots, false, ""); again.Changed || again.Failed() {
		t.Errorf("the same again: %s", outcomes(again))
	}
	changed := strings.Replace(text, "a: 1", "a: 3", 1)
	if r := run(changed, first.Snapshots, false, ""); r.Changed || !strings.Contains(outcomes(r), "the snapshot differs: at a: got 3, want 1") {
		t.Errorf("got %v, %s", r.Changed, outcomes(r))
	}
	updated := run(changed, first.Snapshots, true, "one")
	if !updated.Changed || updated.Failed() || !strings.Contains(string(updated.Snapshots), `"a": 3`) || !strings.Contains(string(updated.Snapshots), `"other": "x"`) {
		t.Errorf("an update of one test: %s", updated.Snapshots)
	}
	if r := run(`test("one", () => {});`, first.Snapshots, true, ""); r.Snapshots != nil || !r.Changed {
		t.Errorf("an update without snapshots keeps %s", r.Snapshots)
	}
}

package pack

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func exportsOf(t testing.TB, files map[string]string) []Export {
	t.Helper()
	p := &Package{Files: map[string][]byte{File: []byte(`{"name": "@a/b", "version": "1.0.0", "exports": "./index.ts", "edge": {}}`)}}
	for name, text := range files {
		p.Files[name] = []byte(text)
	}
	out, err := Exports(p)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestExports(t *testing.T) {
	got := exportsOf(t, map[string]string{
		"index.ts": "import { shape, type Value } from \"@facet/sdk\";\nimport { inner } from \"./more\";\n" +
			"// export const gone = 1;\nconst SOURCE = `a ${{ b: \"}\" }.b} export const no = 1`;\nconst half = /[/\"]export const nope/.test(SOURCE);\n" +
			"/** A badge. */\nexport const badge = (t: { source: Value<string>, year?: number }, size = 3): string | null => (t ? SOURCE : null);\n" +
			"export const Card = shape(\"Card\", graph.Title, (t) => ({ title: t.title }))\n" +
			"export async function rows<T>({ a, b }: Pair, ...rest: T[]): Promise<{ x: T }> { return { x: a } }\n" +
			"export const limit: number = 3, other = 4;\nexport type Size =\n  | \"s\"\n  | \"l\";\nexport interface Box<T> extends Base { w: number; h?: T }\n" +
			"export { half as third, inner };\nexport * from \"./more\";\nexport { format as fmt } from \"@facet/sdk\";\nexport default function () {}\n",
		"more.ts": "export const inner = x => x;\nexport enum Kind { A }\nexport class Thing {}\n",
	})
	var lines []string
	for _, x := range got {
		lines = append(lines, fmt.Sprintf("%s %s (%s) %s %s:%d", x.Name, x.Kind, strings.Join(x.Params, ", "), x.Type, x.Pos.File, x.Pos.Line))
	}
	want := []string{
		"Box interface () { w: number; h?: T } index.ts:14",
		"Card shape ()  index.ts:8",
		"Kind enum ()  more.ts:2",
		"Size type () \"s\" | \"l\" index.ts:11",
		"Thing class ()  more.ts:3",
		"badge function (t: { source: Value<string>, year?: number }, size = 3) string | null index.ts:7",
		"default function ()  index.ts:18",
		"fmt ? ()  index.ts:17",
		"inner function (x)  more.ts:1",
		"limit value () number index.ts:10",
		"other value ()  index.ts:10",
		"rows function ({ a, b }: Pair, ... rest: T[]) Promise<{ x: T }> index.ts:9",
		"third value ()  index.ts:5",
	}
	if d := cmp.Diff(want, lines); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestBreaks(t *testing.T) {
	for _, c := range []struct{ before, after, want string }{
		{`export const a = 1;`, `export const a = 2; export const b = 1;`, ""},
		{`export const a = 1;`, `export const b = 1;`, "a is not exported any more"},
		{`export const a = (x: string) => x;`, `export const a = (y: string) => y;`, ""},
		{`export const a = (x: string) => x;`, `export const a = (x: string, y: number) => y;`, "a needs the parameter y, which it did not have"},
		{`export const a = (x: string) => x;`, `export const a = (x: string, y?: number) => y;`, ""},
		{`export const a = (x: string) => x;`, `export const a = (x: string, y = 3) => y;`, ""},
		{`export const a = (x: string) => x;`, `export const a = (x: number) => x;`, "a the parameter x took string and takes number"},
		{`export const a = (x: string) => x;`, `export const a = (x: string | number) => x;`, ""},
		{`export const a = (x: string) => x;`, `export const a = () => 1;`, "a does not take the parameter x any more"},
		{`export const a = (x?: string) => x;`, `export const a = (x: string) => x;`, "a the parameter x was optional and is needed"},
		{`export const a = (t: { s: V }) => t;`, "export const a = (t: {\n  s: V; // more\n}) => t;", ""},
		{`export const a = (t: { s: V }) => t;`, `export const a = (t: { s: V, y: V }) => t;`, "a the parameter t needs y, which it did not"},
		{`export const a = (t: { s: V; y: V }) => t;`, `export const a = (t: { s: V }) => t;`, ""},
		{`export const a = (): string => "";`, `export const a = (): string | null => "";`, "a its result was string and is string | null"},
		{`export function a(): { x: 1; y: 2 } {}`, `export function a(): { x: 1 } {}`, "a has no y any more"},
		{`export function a(): { x: 1 } {}`, `export function a(): { x: 1; y: 2 } {}`, ""},
		{`export type A = { x: 1 };`, `export interface A { x: 1; y?: 2 }`, ""},
		{`export type A = { x: 1 };`, `export type A = { x: 1; y: 2 };`, "A needs y, which it did not"},
		{`export type A = "a" | "b";`, `export type A = "a" | "c";`, `A its type was "a" | "b" and is "a" | "c"`},
		{`export const A = shape("A", graph.Title, f);`, `export const A = (x) => x;`, "A was a shape and is a function"},
		{`export const a = make();`, `export const a = (x) => x;`, ""}, // what make gives is not known
	} {
		var got []string
		for _, b := range Breaks(exportsOf(t, map[string]string{"index.ts": c.before}), exportsOf(t, map[string]string{"index.ts": c.after})) {
			got = append(got, b.Name+" "+b.Text)
		}
		if d := cmp.Diff(c.want, strings.Join(got, "; ")); d != "" {
			t.Errorf("%s\n-> %s (-want +got):\n%s", c.before, c.after, d)
		}
	}
}

// Whatever the text, reading it ends, and what is found stands in it.
func FuzzExports(f *testing.F) {
	for _, seed := range []string{"export const a = (x: { y: `${z}` }) => /a/;", "export { a as b } from './c'; export *", "export type A<T> = [", "import type { x } from 'y'; export default", "export async", "export const enum", "/*", "`${`", "export function f(: {", "const {a}=b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		out := exportsOf(t, map[string]string{"index.ts": text})
		for _, x := range out {
			if x.Pos.Line < 0 || x.Pos.Line > strings.Count(text, "\n")+1 {
				t.Errorf("%+v", x)
			}
		}
		if b := Breaks(out, out); len(b) > 0 {
			t.Errorf("it breaks itself: %+v", b)
		}
	})
}

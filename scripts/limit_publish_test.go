package scripts

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"facet/fault"
)

// times is a piece of text n times, each with its number for "%d".
func times(piece string, n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(piece, "%d", fmt.Sprint(i)))
	}
	return b.String()
}

// TestPublishGrowth has packages that a bundler or the recording would make much of, the code that each is told, and that it is told so soon.
func TestPublishGrowth(t *testing.T) {
	g := films(t)
	ok := imports + `export const v = view({ build: () => ({ n: graph.profile({ id: "1" }).name }) });` + "\n"
	long := strings.Repeat("x", 900)
	top := func(code string) string { return ok + code + "\n" }
	for _, tt := range []struct{ name, text, want string }{
		{"enum of sums", top(`enum E { a = "xxxxxxxx", b = a + a }`), "F212"},
		{"enum of templates", top("enum E { a = \"xxxxxxxx\", b = `${a}${a}` }"), "F212"},
		{"const enum", top(`const enum E { a = "xxxxxxxx", b = E.a + E["a"] }`), "F212"},
		{"declared enum", top(`declare enum E { a = "xxxxxxxx", b = a + a }`), "F212"},
		{"enum between comments", top("enum/* { */E // {\n\u00a0{ /* } */ a /*=*/ = /*,*/ \"}\", b // ,\n= a\n+ a }"), "F212"},
		{"enum behind a pattern", top("type A = string\n/`/.test(\"\");\nenum E { a = \"x\", b = a + a }\n/`/.test(\"\");"), "F212 F204"},
		{"enum behind a division", top("const q = {}/1;enum E/**/\n{ a = \"x\", b = a + a }"), "F212 F204"},
		{"enum in a namespace", top(`namespace N { export enum E { a = "x", b = (a) + a } }`), "F212"},
		{"enum with a regular expression", top(`enum E { a = "x", b = /,b=1}/ + a + a }`), "F212"},
		{"enum with an escape in it", top(`enum E { \u0061 = "x", b = a + a }`), "F212"},
		{"enum by an escape", top(`\u0065num E { a = "x", b = a + a }`), "F002"},
		{"long text of an enum", top(`enum E { a = "` + long + `" }`), "F212"},
		{"text of an enum, used", top(`enum E { a = "` + long[:250] + `" }; export const z = [` + strings.Repeat("E.a,", 45_000) + `[` + strings.Repeat("E.a,", 45_000) + `], [` + strings.Repeat("E.a,", 45_000) + `], [` + strings.Repeat("E.a,", 45_000) + `], [` + strings.Repeat("E.a,", 45_000) + `], [` + strings.Repeat("E.a,", 45_000) + `]]`), "F213"},
		{"long name of a namespace", top(`namespace n` + long + ` { export let a = 1; export const z = [` + strings.Repeat("a,", 49_000) + `[` + strings.Repeat("a,", 49_000) + `],[` + strings.Repeat("a,", 49_000) + `],[` + strings.Repeat("a,", 49_000) + `]] }`), "F213"},
		{"longer name", top(`namespace n` + long + long + ` { export let a = 1 }`), "F213"},
		{"plain enums", top(`enum A { a, b = 2, c = -3, d = 1 << 4, e = b | c, "f-g" = 'x', h = "y", i = ` + "`z`" + `, j = (~b & 7) } // enum of {things} we like
			const enum B { x = "enum", y = A.h } export const z = [A.a, A["f-g"], B.x, B.y];`), ""},
		{"word enum", top(`const o: any = { enum: { a: 1 + 1 } }; const s = "an enum is no { object"; export const z = [o.enum, s];`), ""},
		{"numbers", top("export const t = [" + strings.Repeat("1,", 1_000_000) + "];"), "F206"},
		{"numbers in many lists", top("export const t = [" + strings.Repeat("["+strings.Repeat("1,", 40_000)+"],", 24) + "];"), "F206"},
		{"shapes", top(times("export const S%d = shape(\"S%d\", graph.Profile, (x) => ({ title: x.name }));\n", 15_000)), "F207"},
		{"exports", top("export let z = 0" + times(",a%d=0", 100_000) + ";"), "F206"},
		{"exports, one in a statement", top(times("export let z%d=0;", 60_000)), "F207 F206"},
		{"holes in a Set", top(`export const n = new Set(new Array(2 ** 32 - 1)).size;`), "F209"},
		{"holes in a Map", top(`const a: any[] = []; a.length = 2 ** 32 - 1; export const n = new Map(a).size;`), "F209"},
		{"arguments", top(`const a: any[] = []; a.length = 2 ** 32 - 1; export const n = Math.max.apply(null, a);`), "F209"},
		{"toJSON", top(`export const n = JSON.stringify({ toJSON: () => new Array(2 ** 32 - 1) });`), "F209"},
		{"a getter in JSON", top(`export const n = JSON.stringify({ get a() { const b: any[] = []; b.length = 4e9; return b } });`), "F209"},
		{"what is before", top("export const n = 'x'.repeat(1 << 17).replace(/x/g, '$`');"), "F209"},
		{"what is behind", top("export const n = 'x'.repeat(1 << 17).replaceAll('x', \"$'\");"), "F209"},
		{"a function for each match", top("const big = 'y'.repeat(1 << 20); export const n = 'x'.repeat(1 << 10).replace(/x/g, () => big);"), "F209"},
		{"bound again and again", top(`let f: any = () => 1; for (let i = 0; i < 1e7; i++) f = f.bind(null); f();`), "F209"},
		{"a match that goes back", top(`export const n = /^(?:x(?=x|$))*y/.test("x".repeat(400_000)) ? 1 : 2;`), "F209"},
		{"a match from the middle", top(`const r = /(x+x+)+y/g; r.lastIndex = 1; export const n = r.test("x".repeat(60)) ? 1 : 2;`), "F209"},
		{"a match in the source of which is much", top(`export const n = new RegExp("x{1000}".repeat(1000)).test("x".repeat(1 << 20));`), "F209 F100"},
		{"matches", top("const t = 'a-b_c'; const bad: any[] = [t.replace(/([a-z])-(?<n>[a-z])/, '$2$1$$$&$<n>'), t.replace('b', () => 'x'), t.replace(/(?=b)/g, '$`'), t.split(/[-_]/).join(), /z(?=a)/.test(t), t.match(/[a-z]/g)!.length];\nif (bad.join('|') !== 'ba$a-bb_c|a-x_c|a-a-b_c|a,b,c|false|3') throw new Error(bad.join('|'));"), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			spent := processorTime()
			b, ds := buildText(t, g, tt.text)
			if spent = processorTime() - spent; spent > 3*time.Second*slowdown {
				t.Errorf("it took %v", spent)
			}
			if tt.want == "" {
				if b == nil {
					t.Errorf("got %v", ds)
				}
				return
			}
			found := false
			for _, d := range ds {
				found = found || strings.Contains(tt.want, d.Code) && d.Pos != (fault.Pos{}) || slowdown > 1 && d.Code == "F196" // out of time first
			}
			if b != nil || !found {
				t.Errorf("built: %v, and got %.500v", b != nil, ds.Err())
			}
		})
	}
}

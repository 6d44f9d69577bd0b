package scripts

import (
	"fmt"
	"strings"
	"testing"

	"facet/fault"
)

// TestPublishBombs has packages that would take the builder with them, and the code that each is told.
func TestPublishBombs(t *testing.T) {
	g := films(t)
	view := func(body string) string {
		return imports + `export const v = view({ build: () => { ` + body + ` return { n: graph.profile({ id: "1" }).name }; } });`
	}
	computed := func(fn string) string {
		return imports + `export const v = view({ build: () => ({ n: computed.string({ a: graph.profile({ id: "1" }).name }, ` + fn + `) }) });`
	}
	var exports strings.Builder
	for i := range 3_000 {
		fmt.Fprintf(&exports, "export const a%d = %d;\n", i, i)
	}
	for _, tt := range []struct{ name, text, want string }{
		{"brackets", imports + "export const a = " + strings.Repeat("[", 1e5), "F204"},
		{"parentheses", imports + "export const a = " + strings.Repeat("(", 1e5), "F204"},
		{"parentheses with comments", imports + "export const a = " + strings.Repeat("(/*)*/", 1e5), "F204"},
		{"parentheses behind a pattern", imports + "if (x) /`/.test(1); export const a = " + strings.Repeat("(", 1e5) + "; /`/", "F204"},
		{"not", imports + "export const a = " + strings.Repeat("!", 1e5) + "1;", "F204"},
		{"arrows", imports + "export const a = " + strings.Repeat("a=>", 1e5) + "1;", "F204"},
		{"templates", imports + "export const a = " + strings.Repeat("`${", 1e5), "F204"},
		{"else", imports + "if (a) b;" + strings.Repeat("else if (a) b;", 2e4), "F204"},
		{"a huge file", imports + "export const a = \"" + strings.Repeat("x", 3<<20) + "\";", "F206"},
		{"exports", imports + exports.String(), "F207"},
		{"double a text", view(`let s = "xxxxxxxx"; for (;;) s += s;`), "F209"},
		{"double a text, caught", view(`let s = "xxxxxxxx"; for (;;) try { s += s } catch {}`), "F209"},
		{"keep texts", view(`const a = []; for (;;) a.push("x".repeat(1e6));`), "F209 F196"},
		{"spread a sparse list", view(`const a = []; a.length = 4e9; Math.max(...a);`), "F209"},
		{"flat of a graph", view(`let a = [1]; for (let i = 0; i < 40; i++) a = [a, a]; a.flat(Infinity);`), "F209"},
		{"big numbers", view(`BigInt(2) ** BigInt(2) ** BigInt(40);`), "F100"},
		{"a pattern that looks ahead", computed(`({ a }) => (/(?=a)b/.test(a!) ? "x" : "y")`), "F202"},
		{"a property of Unicode", computed(`({ a }) => (/\p{L}/u.test(a!) ? "x" : "y")`), "F202"},
		{"a named group", computed(`({ a }) => (/(?<n>x).y/s.test(a!) ? "x" : "y")`), ""},
		{"random taken apart", computed(`({ a }) => { const { random } = Math; return a + String(random()); }`), "F165"},
		{"random by another name", computed(`({ a }) => { const m = Math; return a + String(m.random()); }`), "F165"},
		{"a letter in a pattern", computed(`({ a }) => (/[éß]+x/i.test(a!) ? "x" : "y")`), ""},
		{"division", computed("({ a }) => { const n = a!.length; const o = { x: 4 }; return `${o.x / n}` + (n) / 2 + \"/\" + [1][0] / n; }"), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b, ds := buildText(t, g, tt.text)
			if tt.want == "" {
				if b == nil {
					t.Fatalf("got %v", ds)
				}
				if _, err := Open(b, RunOptions{}); err != nil {
					t.Error(err)
				}
				return
			}
			found := false
			for _, d := range ds {
				found = found || strings.Contains(tt.want, d.Code) && (d.Fix != "" || d.Code == "F100") && d.Pos != (fault.Pos{})
			}
			if b != nil || !found {
				t.Errorf("got %s", short(ds.Err().Error()))
			}
		})
	}
}

// An error names the line that threw, not the declaration.
func TestThrowingLine(t *testing.T) {
	b, ds := buildText(t, films(t), imports+`const deep = (x: any) => {
  const y = x.nothing;
  return y.more;
};
export const v = view({ build: () => ({ n: computed.string({ a: graph.profile({ id: "1" }).name }, ({ a }) => {
  return deep({ a });
}) }) });`)
	if b == nil {
		t.Fatal(ds)
	}
	f, err := Open(b, RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err = f.Computes()[0](nil, in(`"x"`), nil); err == nil || !strings.Contains(err.Error(), "index.ts:4:") {
		t.Errorf("got %v", err)
	}
}

package scripts

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"facet/scripts/plain"
)

var plainInputs = flag.Int("plain.inputs", 120, "random inputs for each function that runs in Go")

// plainSources are functions of all kinds that authors write.
var plainSources = []string{
	`({ a, b }) => a + b`,
	`({ a, b }) => a - b`,
	`({ a, b }) => a * b / 7`,
	`({ a, b }) => a % b`,
	`({ a, b }) => a ** b`,
	`({ a }) => Math.round(a)`,
	`({ a }) => Math.floor(a / 60) + "h " + (a % 60) + "m"`,
	"({ a, b }) => `${a}: ${b}`",
	`({ a, b }) => a === b`,
	`({ a, b }) => a == b`,
	`({ a, b }) => a < b`,
	`({ a, b }) => [a < b, a <= b, a > b, a >= b]`,
	`({ a }) => typeof a`,
	`({ a }) => !a`,
	`({ a, b }) => a || b`,
	`({ a, b }) => a && b`,
	`({ a, b }) => { var _a; return (_a = a) != null ? _a : b; }`,
	`({ a }) => { var _a, _b; return (_b = (_a = a) == null ? void 0 : _a.x) != null ? _b : "none"; }`,
	`({ a }) => a.length`,
	`({ a }) => a[0]`,
	`({ a, b }) => a[b]`,
	`({ a }) => a.x`,
	`({ a }) => a.slice(1)`,
	`({ a }) => a.slice(-3, -1)`,
	`({ a }) => a.slice(0, 5)`,
	`({ a }) => a.toUpperCase()`,
	`({ a }) => a.trim().toLowerCase()`,
	`({ a, b }) => a.includes(b)`,
	`({ a, b }) => a.indexOf(b)`,
	`({ a, b }) => a.lastIndexOf(b)`,
	`({ a, b }) => a.startsWith(b) ? 1 : a.endsWith(b) ? 2 : 3`,
	`({ a }) => a.split(",")`,
	`({ a }) => a.split("")`,
	`({ a }) => a.padStart(8, "0")`,
	`({ a }) => a.padEnd(8)`,
	`({ a }) => a.repeat(3)`,
	`({ a, b }) => a.replace(b, "-")`,
	`({ a, b }) => a.replaceAll(b, "-")`,
	`({ a }) => a.charAt(1) + a.charCodeAt(0)`,
	`({ a }) => a.at(-1)`,
	`({ a }) => a.substring(3, 1)`,
	`({ a }) => a.toFixed(2)`,
	`({ a }) => a.toString()`,
	`({ a }) => String(a)`,
	`({ a }) => Number(a)`,
	`({ a }) => parseInt(a, 10)`,
	`({ a }) => Boolean(a)`,
	`({ a }) => Number.isInteger(a)`,
	`({ a, b }) => Math.max(a, b) - Math.min(a, b)`,
	`({ a }) => [Math.abs(a), Math.ceil(a), Math.trunc(a), Math.sign(a), Math.sqrt(a)]`,
	`({ a }) => a.map((x) => x + 1)`,
	`({ a }) => a.map((x, i) => i + ":" + x).join(" ")`,
	`({ a }) => a.filter((x) => x)`,
	`({ a }) => a.filter(Boolean)`,
	`({ a }) => a.map(String)`,
	`({ a, b }) => a.some((x) => x === b) + "/" + a.every((x) => x === b)`,
	`({ a, b }) => a.find((x) => x === b)`,
	`({ a, b }) => a.findIndex((x) => x === b)`,
	`({ a }) => a.flatMap((x) => [x, x])`,
	`({ a }) => a.join()`,
	`({ a, b }) => a.concat(b)`,
	`({ a, b }) => [...a, b]`,
	`({ a }) => Array.isArray(a)`,
	`({ a }) => Object.keys(a)`,
	`({ a }) => Object.entries(a)`,
	`({ a, b }) => ({ x: a, y: b, z: undefined })`,
	`({ a: { x, y = 2 } }) => [x, y]`,
	`({ a: [x, , y = 3] }) => [x, y]`,
	`({ a }) => { switch (a) { case 1: return "one"; case "x": case true: return "two"; default: return "other"; } }`,
	`({ a }) => { let n = 0; for (const x of a) { if (x === null) continue; if (n > 50) break; n += 3; } return n; }`,
	`({ a }) => { let s = ""; for (let i = 0; i < 5; i++) s += i; return s + a; }`,
	`({ a }) => { const d = (x) => x * 2; return d(d(a)); }`,
	`({ a }) => { function f(n) { return n <= 1 ? 1 : n * f(n - 1); } return f(a); }`,
	`({ a }) => { for (;;) {} }`,
	`({ a, b }) => [a & b, a | b, a ^ b, ~a, a << b, a >> b, a >>> b]`,
	`({ a }) => -a`,
	`({ a }) => +a`,
	`({ a, b }) => (a, b)`,
	"(() => {\nconst names = { en: \"Hello\", de: \"Hallo\" };\nfunction hello(l) { return names[l]; }\nreturn ({ a }) => hello(a) || \"Hi\";\n})()",
	"(() => {\nvar HOURS = 60;\nvar two = (n) => n < 10 ? \"0\" + n : \"\" + n;\nreturn ({ a }) => `${Math.floor(a / HOURS)}:${two(a % HOURS)}`;\n})()",
}

// TestPlainAsEngine: what runs in Go gives what the engine gives, for values of every kind; what the engine refuses is left to it.
func TestPlainAsEngine(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 1))
	k := &kind{name: "JSON"}
	left := 0
	for i, source := range plainSources {
		p, err := plain.Compile(source, []string{"a", "b"}, plainKind(k), nil)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		f, err := Open(build(fn("JSON", source, "a", "b")), RunOptions{EngineOnly: true})
		if err != nil {
			t.Fatalf("%s: %v", source, err)
		}
		engine := f.Computes()[0]
		n := *plainInputs
		if strings.Contains(source, "for (;;)") {
			n = 2
		}
		ran, run := 0, p.Take()
		for range n {
			row := [][]byte{randomJSON(rnd, 0), randomJSON(rnd, 0)}
			got, _, ok := run.Run(row, nil, 64<<10)
			if !ok {
				left++
				continue
			}
			ran++
			want, err := engine(nil, row, nil)
			if err != nil {
				t.Errorf("%d: %s of %s, %s: %s in Go, the engine says %v", i, source, row[0], row[1], got, err)
			} else if string(got) != string(want) {
				t.Errorf("%d: %s of %s, %s: %s in Go, %s in the engine", i, source, row[0], row[1], got, want)
			}
		}
		if ran == 0 && n > 2 {
			t.Errorf("%s: no input ran in Go", source)
		}
		run.Give()
		f.Close()
	}
	if n := plain.Defects.Load(); n > 0 {
		t.Errorf("%d defects", n)
	}
	t.Logf("%d functions, %d calls were left to the engine", len(plainSources), left)
}

func randomJSON(rnd *rand.Rand, depth int) []byte {
	pick := rnd.IntN(14)
	if depth > 2 {
		pick = rnd.IntN(11)
	}
	texts := []string{"", "a", "x", "0", "12", "-3.5", " 7 ", "jaws", "Über", "日本", "😀b", "a,b,,c", "constructor", "en", "10", "1e3"}
	switch pick {
	case 0:
		return []byte("null")
	case 1:
		return []byte("true")
	case 2:
		return []byte("false")
	case 3, 4:
		return fmt.Appendf(nil, "%d", rnd.IntN(200)-50)
	case 5:
		return fmt.Appendf(nil, "%g", rnd.NormFloat64()*100)
	case 6:
		return []byte([]string{"0", "-0", "0.5", "-0.5", "1.5", "2.5", "1e21", "1e-7", "9007199254740993", "123456789012345", "0.1", "1e300", "-1"}[rnd.IntN(13)])
	case 7, 8, 9, 10:
		b, _ := json.Marshal(texts[rnd.IntN(len(texts))])
		return b
	case 11, 12:
		b := []byte("[")
		for i := range rnd.IntN(5) {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, randomJSON(rnd, depth+1)...)
		}
		return append(b, ']')
	}
	b := []byte("{")
	for i, k := range []string{"x", "y", "a", "7"} {
		if rnd.IntN(2) == 0 {
			continue
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		_ = i
		b = fmt.Appendf(b, "%q:%s", k, randomJSON(rnd, depth+1))
	}
	return append(b, '}')
}

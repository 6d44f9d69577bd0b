package scripts

import (
	"strings"
	"testing"
	"time"

	"facet/scripts/plain"
)

// TestPlainBound: no call in Go lasts long, whatever it does: nothing watches it.
func TestPlainBound(t *testing.T) {
	long := `"` + strings.Repeat("é", 30_000) + `"`
	list := "[" + strings.Repeat("0.1,", 9_000) + "1e-7]"
	keys := "{"
	for i := range 300 {
		keys += `"k` + strings.Repeat("x", i) + `":1,`
	}
	keys += `"z":1}`
	for _, source := range []string{
		`({ a }) => { for (;;) {} }`,
		`({ a }) => { let s = ""; for (;;) s = "" + 1.2345678e-300 / 3; }`,
		`({ a }) => { let s = 0; for (;;) s += Number("0.1234567890123456789"); }`,
		`({ a }) => { for (;;) (1 / 3).toFixed(100); }`,
		`({ a }) => { for (;;) a.at(-1); }`,
		`({ a }) => { for (;;) a.length; }`,
		`({ a }) => { for (;;) a.indexOf("q"); }`,
		`({ a }) => { for (;;) a.padStart(100000).length; }`,
		`({ a }) => { for (;;) a === a + "" ; }`,
		`({ a }) => { for (;;) a.slice(1).slice(1); }`,
		`({ a }) => { for (;;) a.split("").length; }`,
		`({ a }) => { for (;;) a.toLowerCase(); }`,
		`({ a }) => { for (;;) a.charCodeAt(7); }`,
		`({ b }) => { for (;;) b.map((x) => b.map((y) => x + "" + y)); }`,
		`({ b }) => { for (;;) b.includes(7); }`,
		`({ b }) => { for (;;) b.join("-"); }`,
		`({ b }) => { for (;;) [...b, ...b, ...b, ...b]; }`,
		`({ b }) => { for (;;) Math.max(...b, ...b, ...b); }`,
		`({ c }) => { for (;;) ({ ...c }); }`,
		`({ c }) => { for (;;) c.zz; }`,
		`({ c }) => { const o = {}; for (const k in c) for (const l in c) o[k + l] = 1; return o; }`,
		`({ a }) => { const f = (n) => f(n - 1) + f(n - 2); return f(40); }`,
		`({ a }) => { for (;;) ` + strings.Repeat("-", 1) + strings.Repeat("(1 + ", 200) + "1 % 0.1" + strings.Repeat(")", 200) + `; }`,
		`({ a }) => { for (;;) 2.5 ** 1.7 % 0.3; }`,
	} {
		p, err := plain.Compile(source, []string{"a", "b", "c"}, plainKind(anything), nil)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		th := lockThread()
		best := time.Hour
		for range 5 {
			run := p.Take()
			began := th.used()
			_, _, ok := run.Run(in(long, list, keys), nil, 64<<10)
			best = min(best, th.used()-began)
			run.Give()
			if ok && !strings.Contains(source, "o[k + l]") {
				t.Errorf("%s ended", source)
			}
		}
		th.unlock()
		if best > 4*time.Millisecond*slowdown {
			t.Errorf("%.60s lasts %v", source, best)
		}
		t.Logf("%8v %.70s", best.Round(time.Microsecond), source)
	}
	if n := plain.Defects.Load(); n > 0 {
		t.Errorf("%d defects", n)
	}
}

package scripts

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"facet/fault"

	"facet/graph"
	"facet/pack"
	"facet/view"
)

func films(t testing.TB) *graph.Graph { return graphOf(t, "../examples/films/graph.graphqls") }

func graphOf(t testing.TB, file string) *graph.Graph {
	t.Helper()
	sdl, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	g, ds := graph.Parse("graph.graphqls", sdl)
	if err := ds.Err(); err != nil {
		t.Fatal(err)
	}
	return g
}

func load(t testing.TB, dir string) (*pack.Package, *pack.Lock) {
	t.Helper()
	p, ds := pack.FromDir(dir, pack.DefaultLimits())
	if err := ds.Err(); err != nil {
		t.Fatal(err)
	}
	l, ds := pack.LockFromDir(dir, pack.DefaultLimits())
	if err := ds.Err(); err != nil {
		t.Fatal(err)
	}
	return p, l
}

// TestExamples builds every package of the repository without a finding.
func TestExamples(t *testing.T) {
	for file, dirs := range map[string][]string{
		"../examples/films/graph.graphqls":    {"../examples/films/packages/tv-home", "../examples/films/packages/tv-home-v1", "../examples/films/packages/tv-player", "../examples/films/packages/phone-home", "../examples/films/packages/originals-rows"},
		"../loadtest/contest/graph.graphqls":  {"../loadtest/contest/packages/contest-home"},
		"../cmd/edge/template/graph.graphqls": {"../cmd/edge/template/packages/web-home"},
	} {
		g := graphOf(t, file)
		for _, dir := range dirs {
			t.Run(filepath.Base(dir), func(t *testing.T) {
				p, l := load(t, dir)
				b, ds := Build(t.Context(), p, l, g, Options{})
				for _, d := range ds {
					t.Error(d)
				}
				if b == nil {
					t.Fatal("no build")
				}
				if _, err := view.Decode(encoded(t, b)); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// TestNames compares what the SDK declares, what package code may import, and what the runtime offers.
func TestNames(t *testing.T) {
	text, err := os.ReadFile("../sdk/index.d.ts")
	if err != nil {
		t.Fatal(err)
	}
	var declared []string
	for _, m := range regexp.MustCompile(`(?m)^export (?:declare )?(?:const|function) (\w+)`).FindAllSubmatch(text, -1) {
		declared = append(declared, string(m[1]))
	}
	slices.Sort(declared)
	declared = slices.Compact(declared)
	if d := cmp.Diff(declared, Names()); d != "" {
		t.Errorf("-declared +exported:\n%s", d)
	}
	if d := cmp.Diff(strings.Join(declared, ","), runtimeNames(t)); d != "" {
		t.Errorf("-declared +in the runtime:\n%s", d)
	}
}

func runtimeNames(t *testing.T) string {
	t.Helper()
	m, ds := prepare(t.Context(), source(t, "export {};"), nil, nil)
	if err := ds.Err(); err != nil {
		t.Fatal(err)
	}
	r := newRecorder(m, films(t), Options{}.filled(), nil)
	if _, err := r.record(t.Context(), 256); err != nil {
		t.Fatal(err)
	}
	v, err := r.call("names")
	if err != nil {
		t.Fatal(err)
	}
	names := strings.Split(v.String(), ",")
	slices.Sort(names)
	return strings.Join(names, ",")
}

// TestEndless says that a package that does not end costs its time and no more.
func TestEndless(t *testing.T) {
	g := films(t)
	p := source(t, imports+`export const v = view({ build: () => { for (;;) {} } });`)
	begin := time.Now()
	_, ds := Build(t.Context(), p, nil, g, Options{Wall: 100 * time.Millisecond})
	if len(ds) != 1 || ds[0].Code != "F196" || ds[0].Pos.Line != 2 {
		t.Errorf("got %v", ds)
	}
	if d := time.Since(begin); d > 20*time.Second {
		t.Errorf("it took %v", d)
	}
	wide := source(t, imports+`export const v = view({ build: () => { let x: any = { a: 1 }; for (let i = 0; i < 30; i++) x = { a: x, b: x }; return x; } });`)
	if _, ds := Build(t.Context(), wide, nil, g, Options{Wall: 100 * time.Millisecond}); len(ds) != 1 || ds[0].Code != "F196" || ds[0].Pos.String() != "index.ts:2:18" {
		t.Errorf("a result without end: got %v", ds)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, ds := Build(ctx, p, nil, g, Options{}); len(ds) != 1 || ds[0].Code != "F196" {
		t.Errorf("under a deadline: got %v", ds)
	}
}

// TestEndlessMatch says that a regular expression, inside which the engine cannot be interrupted, ends too, and that what it
// then says is not believed.
func TestEndlessMatch(t *testing.T) {
	t.Parallel()
	_, ds := buildText(t, films(t), imports+`export const v = view({ build: () => ({ n: /(a*)*\1b/.test("a".repeat(60)) ? 1 : 2 }) });`)
	if len(ds) != 1 || ds[0].Code != "F209" {
		t.Errorf("got %v", ds)
	}
}

// TestAll says that one mistake hides no other.
func TestAll(t *testing.T) {
	_, ds := buildText(t, films(t), imports+`
const A = shape("A", graph.Title, (t) => ({ x: t.tittle }));
const B = shape("B", graph.Title, (t) => ({ x: t.yearr, a: A(t) }));
export const one = view({ build: () => ({ b: B(graph.title({ id: "1" })) }) });
export const two = view({ build: () => ({ x: graph.titel }) });
export const three = mutation({ run: () => { graph.ping(); } });
`)
	var got []string
	for _, d := range ds {
		got = append(got, d.Pos.String()+" "+d.Code)
	}
	want := []string{"index.ts:3:50 F111", "index.ts:4:50 F111", "index.ts:6:52 F111", "index.ts:7:46 F111"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s\n%v", d, ds)
	}
}

// TestModulePosition says that a mistake with a module is the author's own line, and names the module's.
func TestModulePosition(t *testing.T) {
	p, l := load(t, "../examples/films/packages/tv-home")
	_, ds := buildWith(t.Context(), p, l, films(t), Options{}, map[string]string{"src/index.ts": `import { originalsBadge } from "@originals/rows";
import { graph, view } from "@facet/sdk";
export const v = view({ build: () => ({
  badge: originalsBadge(graph.series({ id: "1" })),
}) });`})
	want := fault.Diagnostics{{Pos: fault.Pos{File: "src/index.ts", Line: 4, Col: 10}, Severity: fault.Err, Code: "F111",
		Text: `Series has no field "source"`, Fix: "There are: id, title, seasonCount, firstYear, lastYear, titles, artwork",
		Notes: []fault.Note{{Pos: fault.Pos{File: "@originals/rows/src/index.ts", Line: 7, Col: 31}, Text: "in this module"}}}}
	if d := cmp.Diff(want, ds); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func BenchmarkBuild(b *testing.B) {
	g := films(b)
	p, l := load(b, "../examples/films/packages/tv-home")
	for b.Loop() {
		if got, ds := Build(b.Context(), p, l, g, Options{}); got == nil {
			b.Fatal(ds)
		}
	}
}

package edgetest

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"facet/fault"
	"facet/pack"
	"facet/scripts"
)

// editor makes a copy of a workspace's packages as an author has them: with the graph's types, and with the modules linked.
func editor(t *testing.T, workspace string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "packages"), os.DirFS(filepath.Join(workspace, "packages"))); err != nil {
		t.Fatal(err)
	}
	config, err := os.ReadFile(filepath.Join(FilmsDir(), "tsconfig.json"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "tsconfig.json"), config)
	write(t, filepath.Join(dir, "graph.d.ts"), scripts.Declare(Parse(t, workspace)))
	if err := os.CopyFS(filepath.Join(dir, "node_modules", "@facet", "sdk"), os.DirFS(filepath.Join(Root(), "sdk"))); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "node_modules", "@originals"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "packages", "originals-rows"), filepath.Join(dir, "node_modules", "@originals", "rows")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func write(t *testing.T, name string, text []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

// tsc checks the folder as its tsconfig.json says and returns what it has to say.
func tsc(t *testing.T, dir string) string {
	t.Helper()
	out, err := node(t, dir, filepath.Join(npm(t), "node_modules", "typescript", "bin", "tsc"), "--strict", "--pretty", "false", "-p", ".")
	if err != nil && out == "" {
		t.Fatal(err)
	}
	return out
}

// TestTypesOfTheExamples: what is written here passes tsc --strict with the types that `edge types` writes. The films do in
// TestTypesFlagMisuse.
func TestTypesOfTheExamples(t *testing.T) {
	for _, workspace := range []string{"cmd/edge/template", "internal/edgetest/testdata/marks"} {
		if out := tsc(t, editor(t, filepath.Join(Root(), workspace))); out != "" {
			t.Errorf("%s:\n%s", workspace, out)
		}
	}
}

// TestTypesOfTheHelpers: what the SDK gives to clients has types that fit theirs.
func TestTypesOfTheHelpers(t *testing.T) {
	out, _ := node(t, npm(t), "node_modules/typescript/bin/tsc", "--noEmit", "--strict", "--skipLibCheck", "--pretty", "false", "--target", "es2022",
		"--module", "esnext", "--moduleResolution", "bundler", "helpers.ts")
	text, err := os.ReadFile(filepath.Join(clients, "helpers.ts"))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(flagged(string(text), "// flagged"), linesOf(out, "helpers.ts")); d != "" {
		t.Errorf("-want +flagged:\n%s\n%s", d, out)
	}
}

// flagged are the numbers of the lines that end in one of the marks.
func flagged(text string, marks ...string) (lines []string) {
	n := 0
	for line := range strings.Lines(text) {
		n++
		if slices.ContainsFunc(marks, func(mark string) bool { return strings.HasSuffix(strings.TrimSpace(line), mark) }) {
			lines = append(lines, fmt.Sprint(n))
		}
	}
	return lines
}

// linesOf are the lines of a file that the compiler has something to say about.
func linesOf(out, file string) (lines []string) {
	for _, m := range regexp.MustCompile(`(?m)^([^\s(]+)\((\d+),\d+\): error TS`).FindAllStringSubmatch(out, -1) {
		if m[1] != file {
			lines = append(lines, m[0])
		} else if !slices.Contains(lines, m[2]) {
			lines = append(lines, m[2])
		}
	}
	return lines
}

// TestTypesFlagMisuse: beside the packages of the films, which pass tsc --strict, the compiler flags every line of misuse, and no other.
func TestTypesFlagMisuse(t *testing.T) {
	text, err := os.ReadFile("testdata/misuse.ts")
	if err != nil {
		t.Fatal(err)
	}
	dir := editor(t, FilmsDir())
	write(t, filepath.Join(dir, "packages", "tv-home", "src", "misuse.ts"), text)
	want := flagged(string(text), "// flagged", "// flagged by types")
	if len(want) < 40 {
		t.Fatalf("%d misuses", len(want))
	}
	out := tsc(t, dir)
	if d := cmp.Diff(want, linesOf(out, "packages/tv-home/src/misuse.ts")); d != "" {
		t.Errorf("lines of testdata/misuse.ts, -want +flagged:\n%s\n%s", d, out)
	}
}

// TestRecordingRefusesWhatTheCompilerFlags: a misuse that gets past the editor is a diagnostic at the same line.
func TestRecordingRefusesWhatTheCompilerFlags(t *testing.T) {
	text, err := os.ReadFile("testdata/misuse.ts")
	if err != nil {
		t.Fatal(err)
	}
	g := Parse(t, FilmsDir())
	lines := strings.SplitAfter(string(text), "\n")
	head := "" // imports and declarations: each export is built with them, alone, because the first mistake of a module may end it
	var end int
	for n := 0; n < len(lines); n = end {
		for end = n + 1; end < len(lines) && (strings.HasPrefix(lines[end], " ") || strings.HasPrefix(lines[end], "}")); end++ {
		}
		statement := strings.Join(lines[n:end], "")
		if !strings.HasPrefix(statement, "export") {
			head += statement
			continue
		}
		dir := t.TempDir()
		write(t, filepath.Join(dir, "src", "index.ts"), []byte(head+statement))
		write(t, filepath.Join(dir, "package.json"), []byte(`{"name":"@tv/misuse","version":"1.0.0","type":"module","exports":"./src/index.ts","files":["src"],`+
			`"edge":{"device":["tv"],"schema":"v9","graph":"^1"}}`))
		space, ds := pack.OpenWorkspace(dir, pack.DefaultLimits())
		if ds.Failed() {
			t.Fatal(ds.Err())
		}
		pkg, lock, ds := space.Load(dir)
		if ds.Failed() {
			t.Fatal(ds.Err())
		}
		_, ds = scripts.Build(t.Context(), pkg, lock, g, scripts.Options{})
		var got []string
		for _, d := range ds {
			if line := fmt.Sprint(d.Pos.Line); d.Severity == fault.Err && !slices.Contains(got, line) {
				got = append(got, line)
			}
		}
		want := flagged(head+statement, "// flagged")
		if d := cmp.Diff(want, got); d != "" && (len(want) > 0 || !strings.Contains(statement, "by types")) {
			t.Errorf("%s-want +refused:\n%s\n%v", statement, d, ds)
		}
	}
}

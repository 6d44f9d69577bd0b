package edgetest

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"testing"

	"facet/graph"
	"facet/pack"
	"facet/scripts"
	"facet/view"
)

// Root is the folder of the module.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(filepath.Dir(filepath.Dir(file)))
}

// Parse reads the graph of a workspace folder: its graph.graphqls.
func Parse(t testing.TB, dir string) *graph.Graph {
	t.Helper()
	name := filepath.Join(dir, "graph.graphqls")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	g, ds := graph.Parse(name, text)
	if ds.Failed() {
		t.Fatal(ds.Err())
	}
	return g
}

// Build builds packages of a workspace folder, by the names of their folders below packages/; diagnostics that are errors fail the test.
func Build(t testing.TB, dir string, g *graph.Graph, packages ...string) []*view.Build {
	t.Helper()
	var builds []*view.Build
	for _, name := range packages {
		at := filepath.Join(dir, "packages", name)
		space, ds := pack.OpenWorkspace(at, pack.DefaultLimits())
		if ds.Failed() {
			t.Fatalf("%s: %v", at, ds.Err())
		}
		pkg, lock, ds := space.Load(at)
		if ds.Failed() {
			t.Fatalf("%s: %v", at, ds.Err())
		}
		b, ds := scripts.Build(context.WithoutCancel(t.Context()), pkg, lock, g, scripts.Options{})
		if ds.Failed() {
			t.Fatalf("%s: %v", at, ds.Err())
		}
		builds = append(builds, b)
	}
	return builds
}

// waits are the durations that a test on a busy machine may miss: budgets in packages, timeouts in graphs.
var waits = regexp.MustCompile(`((?:within|timeout):\s*)"\d+ms"`)

// Patient is a copy of a workspace folder in which every budget and timeout is half a minute: for tests of what is answered, not when.
func Patient(t testing.TB, dir string) string {
	t.Helper()
	return Eased(t, dir, "30s")
}

// Eased is a copy of a workspace folder in which every budget and timeout is the one given.
func Eased(t testing.TB, dir, wait string) string {
	t.Helper()
	to := t.TempDir()
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		switch {
		case d.IsDir() && (d.Name() == "node_modules" || rel == "data" || rel == "tiers" || rel == "cmd"):
			return filepath.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, rel), 0o755)
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), waits.ReplaceAll(text, []byte(`$1"`+wait+`"`)), 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	return to
}

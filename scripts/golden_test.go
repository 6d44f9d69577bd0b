package scripts

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"facet/graph"
	"facet/pack"
	"facet/view"
)

var update = flag.Bool("update", false, "rewrite golden files")

// TestGolden builds the package of each archive in testdata/build: graph.graphqls, package.json and sources in; build.txt and
// schema.graphqls, or diagnostics.txt, out. Modules stand below modules/<name>/.
func TestGolden(t *testing.T) {
	paths, err := filepath.Glob("testdata/build/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no archives", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			in := &txtar.Archive{Comment: a.Comment}
			for _, f := range a.Files {
				switch f.Name {
				case "build.txt", "schema.graphqls", "diagnostics.txt":
				default:
					in.Files = append(in.Files, f)
				}
			}
			g, pkg, lock := world(t, in)
			b, ds := Build(t.Context(), pkg, lock, g, Options{})
			if len(ds) > 0 {
				var lines strings.Builder
				for _, d := range ds {
					lines.WriteString(d.String() + "\n")
				}
				in.Files = append(in.Files, txtar.File{Name: "diagnostics.txt", Data: []byte(lines.String())})
			}
			if b != nil {
				again, _ := Build(t.Context(), pkg, lock, g, Options{})
				first := encoded(t, b)
				if !bytes.Equal(first, encoded(t, again)) {
					t.Error("two recordings of one package differ")
				}
				if _, err := view.Decode(first); err != nil {
					t.Error(err)
				}
				s, clashes := view.NewSurface("tv", b.Schema, b)
				if s == nil {
					t.Fatal(clashes)
				}
				in.Files = append(in.Files, txtar.File{Name: "build.txt", Data: []byte(b.String())}, txtar.File{Name: "schema.graphqls", Data: []byte(s.SDL())})
			}
			got := txtar.Format(in)
			if *update {
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(string(txtar.Format(a)), string(got)); d != "" {
				t.Errorf("-update rewrites it, -want +got:\n%s", d)
			}
		})
	}
}

func encoded(t testing.TB, b *view.Build) []byte {
	t.Helper()
	data, err := b.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// world reads an archive's graph, package and modules.
func world(t testing.TB, a *txtar.Archive) (*graph.Graph, *pack.Package, *pack.Lock) {
	t.Helper()
	var g *graph.Graph
	files := map[string]map[string][]byte{"": {}}
	for _, f := range a.Files {
		if f.Name == "graph.graphqls" {
			var err error
			parsed, ds := graph.Parse(f.Name, f.Data)
			if err = ds.Err(); err != nil {
				t.Fatal(err)
			}
			g = parsed
			continue
		}
		owner, name := "", f.Name
		if rest, ok := strings.CutPrefix(f.Name, "modules/"); ok {
			owner, name, _ = strings.Cut(rest, "/")
		}
		if files[owner] == nil {
			files[owner] = map[string][]byte{}
		}
		files[owner][name] = f.Data
	}
	if g == nil {
		g = films(t)
	}
	lock := &pack.Lock{Modules: map[string]*pack.Package{}, Uses: map[string]map[string]string{}}
	open := func(files map[string][]byte) *pack.Package {
		m, ds := pack.ParseManifest(files["package.json"])
		if err := ds.Err(); err != nil {
			t.Fatal(err)
		}
		return &pack.Package{Manifest: m, Files: files}
	}
	pkg := open(files[""])
	lock.Uses[pkg.ID()] = map[string]string{}
	for owner, f := range files {
		if owner == "" {
			continue
		}
		m := open(f)
		lock.Modules[m.ID()] = m
		lock.Uses[pkg.ID()][m.Manifest.Name] = m.ID()
	}
	return g, pkg, lock
}

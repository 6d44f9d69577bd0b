package graph

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write golden files anew")

// TestGolden parses the first file of every archive in testdata. "graph" is what it prints, "diagnostics" what is wrong
// with it; an archive with errors has no graph.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden files", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			in := ar.Files[0]
			g, ds := Parse(in.Name, in.Data)
			got := &txtar.Archive{Comment: ar.Comment, Files: []txtar.File{in}}
			var lines strings.Builder
			for _, d := range ds {
				lines.WriteString(d.String() + "\n")
			}
			if lines.Len() > 0 {
				got.Files = append(got.Files, txtar.File{Name: "diagnostics", Data: []byte(lines.String())})
			}
			if g != nil && !ds.Failed() {
				got.Files = append(got.Files, txtar.File{Name: "graph", Data: []byte(g.String())})
			}
			if *update {
				if err := os.WriteFile(file, txtar.Format(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(string(txtar.Format(ar)), string(txtar.Format(got))); d != "" {
				t.Errorf("want -, got + (run with -update to accept)\n%s", d)
			}
		})
	}
}

// TestFilms holds the example graph: it parses without a word.
func TestFilms(t *testing.T) {
	sdl, err := os.ReadFile("../examples/films/graph.graphqls")
	if err != nil {
		t.Fatal(err)
	}
	g, ds := Parse("graph.graphqls", sdl)
	if len(ds) > 0 {
		t.Fatal(ds)
	}
	again, _ := Parse("graph.graphqls", sdl)
	if d := cmp.Diff(g.String(), again.String()); d != "" {
		t.Error(d)
	}
	if got := g.Query().Field("title"); !got.Reference {
		t.Error("Query.title is no reference")
	}
}

package view_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"facet/view"
	"facet/view/viewtest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "rewrite golden files")

// golden compares files with testdata/name.txtar, or rewrites it.
func golden(t *testing.T, name string, files ...txtar.File) {
	t.Helper()
	path := filepath.Join("testdata", name+".txtar")
	got := txtar.Format(&txtar.Archive{Files: files})
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not up to date (-update rewrites it), -want +got:\n%s", path, cmp.Diff(string(want), string(got)))
	}
}

func surface(t *testing.T, builds ...*view.Build) *view.Surface {
	t.Helper()
	s, diags := view.NewSurface("tv", "v3", builds...)
	if diags.Failed() {
		t.Fatal(diags.Err())
	}
	return s
}

func TestGolden(t *testing.T) {
	b := viewtest.Home()
	s := surface(t, b)
	api, err := s.OpenAPI(view.API{Title: "tv v3", Servers: []string{"/tv/v3"}})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "home",
		txtar.File{Name: "build.txt", Data: []byte(b.String())},
		txtar.File{Name: "schema.graphqls", Data: []byte(s.SDL())},
		txtar.File{Name: "paths.txt", Data: []byte(s.Paths().String())},
		txtar.File{Name: "openapi.json", Data: append(api, '\n')})
}

package archtest

import (
	"go/ast"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/rogpeppe/go-internal/txtar"
)

// TestHouse checks the whole tree.
func TestHouse(t *testing.T) {
	found, err := Check(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		t.Error(f)
	}
}

func TestIdle(t *testing.T) {
	sources, _, err := read(fstest.MapFS{
		"composer/a.go":       {Data: []byte("package composer\n\nimport \"github.com/graph-gophers/dataloader/v7\"\n")},
		"scripts/a_test.go":   {Data: []byte("package scripts\n\nimport \"github.com/dop251/goja\"\n")},
		"storage/s3/b/a.go":   {Data: []byte("package b\n\nimport \"github.com/minio/minio-go/v7/pkg/credentials\"\n")},
		"storage/embedded.go": {Data: []byte("package storage\n\nimport \"github.com/minio/minio-go/v7\"\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(idle(sources), "\n")
	for text, want := range map[string]bool{"graph-gophers": false, "scripts: does not import github.com/dop251/goja": true, "storage/s3: ": false, "storage/embedded: does not import github.com/versity/versitygw": true} {
		if strings.Contains(all, text) != want {
			t.Errorf("%q: want %v in\n%s", text, want, all)
		}
	}
}

// TestTable holds the table itself together: no row twice, every folder that a row may import has a row above it,
// so that the order is the import order and no circle can be written.
func TestTable(t *testing.T) {
	above := map[string]bool{}
	for _, r := range table {
		if above[r.folder] {
			t.Errorf("%s has two rows", r.folder)
		}
		for _, m := range r.may {
			top, _, _ := strings.Cut(m, "/")
			if m != "*" && !above[m] && !above[top] {
				t.Errorf("%s may import %s, which is not above it", r.folder, m)
			}
		}
		above[r.folder] = true
	}
	for _, l := range libraries {
		for _, in := range append(l.in, l.open...) {
			if rowOf(in) == nil {
				t.Errorf("%s may be imported in %s, which has no row", l.path, in)
			}
		}
	}
}

// TestArchitecturePage holds the page and the table to the same folders in the same order.
func TestArchitecturePage(t *testing.T) {
	page, err := os.ReadFile("../../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for line := range strings.Lines(string(page)) {
		if name, ok := strings.CutPrefix(line, "| `"); ok {
			name, _, _ = strings.Cut(name, "/`")
			if !strings.Contains(name, "/") {
				got = append(got, name)
			}
		}
	}
	for _, r := range table {
		if !strings.Contains(r.folder, "/") {
			want = append(want, r.folder)
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("table -, ARCHITECTURE.md +\n%s", d)
	}
}

// TestCheck shows that each rule can fail. Every world is a few files; a clean one finds nothing.
func TestCheck(t *testing.T) {
	long := strings.Repeat("// line\n", longest)
	for _, c := range []struct {
		name, files string
		want        []string
	}{
		{"clean", "-- graph/a.go --\n// Package graph is data.\npackage graph\n\nimport \"facet/fault\"\n-- fault/a.go --\n// Package fault is words.\npackage fault\n", nil},
		{"import up", "-- graph/a.go --\n// Package graph is data.\npackage graph\n\nimport \"facet/view\"\n", []string{"graph/a.go:4: graph may not import view: the table allows fault"}},
		{"import across", "-- serve/rest/a.go --\n// Package rest answers.\npackage rest\n\nimport _ \"facet/control\"\n", []string{"serve/rest/a.go:4: serve may not import control: the table allows fault, composer, view, graph, asker"}},
		{"import below a row", "-- loadtest/a.go --\n// Package loadtest loads.\npackage loadtest\n\nimport (\n\t\"facet/tiers/fake\"\n\t\"facet/tiers/http\"\n)\n", []string{"loadtest/a.go:6: loadtest may not import tiers/http: the table allows fault, tiers/fake, scripts/attack, internal/child"}},
		{"a row of its own", "-- internal/edgetest/a.go --\n// Package edgetest runs.\npackage edgetest\n\nimport \"facet/catalog\"\n-- internal/other/a.go --\n// Package other runs.\npackage other\n\nimport \"facet/catalog\"\n", []string{"internal/other/a.go:4: internal may not import catalog: the table allows fault"}},
		{"a longer name is another folder", "-- view/a.go --\n// Package view is data.\npackage view\n\nimport \"facet/graphs\"\n", []string{"view/a.go:4: view may not import graphs: the table allows fault, graph"}},
		{"tests may", "-- graph/a_test.go --\npackage graph\n\nimport (\n\t\"facet/view\"\n\t\"github.com/dop251/goja\"\n)\n", nil},
		{"but not programs", "-- graph/a_test.go --\npackage graph\n\nimport \"facet/cmd/edge\"\n", []string{"graph/a_test.go:3: imports the program cmd/edge: move what is needed into a package"}},
		{"packages for tests", "-- tiers/a.go --\n// Package tiers calls.\npackage tiers\n\nimport \"facet/tiers/tiertest\"\n-- tiers/tiertest/a.go --\n// Package tiertest tests.\npackage tiertest\n\nimport \"testing\"\n", []string{"tiers/a.go:4: imports tiers/tiertest, which is for tests only"}},
		{"testing", "-- tiers/a.go --\n// Package tiers calls.\npackage tiers\n\nimport \"testing\"\n", []string{"tiers/a.go:4: only tests and packages for tests import testing"}},
		{"library", "-- composer/a.go --\n// Package composer answers.\npackage composer\n\nimport \"github.com/dop251/goja/parser\"\n-- scripts/a.go --\n// Package scripts builds.\npackage scripts\n\nimport \"github.com/dop251/goja\"\n", []string{"composer/a.go:4: github.com/dop251/goja belongs to scripts alone: ask that package for what you need"}},
		{"a module of its own", "-- loadtest/peers/other/go.mod --\nmodule other\n-- loadtest/peers/other/a.go --\npackage other\n\nimport \"github.com/dop251/goja\"\n", nil},
		{"another library", "-- composer/a.go --\n// Package composer answers.\npackage composer\n\nimport \"github.com/dop251/goja2\"\n", nil},
		{"sealed", "-- scripts/a.go --\n// Package scripts builds.\npackage scripts\n\nimport \"github.com/dop251/goja\"\n\ntype Open struct {\n\trt *goja.Runtime\n\tRt *goja.Runtime\n}\n\ntype closed struct{ Rt *goja.Runtime }\n\nfunc (o *Open) Run(f func(goja.Value)) {}\nfunc (c *closed) Run() goja.Value { return nil }\nfunc run() goja.Value { return nil }\nfunc Run() int { var v goja.Value; _ = v; return 0 }\n\nvar V goja.Value\n",
			[]string{"scripts/a.go:13: exports goja.Value: no type of github.com/dop251/goja crosses the package's boundary", "scripts/a.go:18: exports goja.Value: no type of github.com/dop251/goja crosses the package's boundary", "scripts/a.go:8: exports goja.Runtime: no type of github.com/dop251/goja crosses the package's boundary"}},
		{"sealed but open", "-- scripts/api/a.go --\n// Package api is called.\npackage api\n\nimport \"github.com/dop251/goja\"\n\nfunc F(v goja.Value) {}\n", nil},
		{"sealed under another name", "-- storage/s3/a.go --\n// Package s3 stores.\npackage s3\n\nimport (\n\tm \"github.com/minio/minio-go/v7\"\n\t\"github.com/minio/minio-go/v7/pkg/credentials\"\n)\n\nfunc F(*m.Client, credentials.Value) {}\n",
			[]string{"storage/s3/a.go:9: exports credentials.Value: no type of github.com/minio/minio-go crosses the package's boundary", "storage/s3/a.go:9: exports m.Client: no type of github.com/minio/minio-go crosses the package's boundary"}},
		{"pure", "-- release/a.go --\n// Package release is data.\npackage release\n\nimport (\n\t\"net/http\"\n\t\"time\"\n)\n\nvar a = time.Now\nvar b = time.Second\nvar c http.Handler\n", []string{"release/a.go:5: release is pure and imports net/http: take what it gives as an argument", "release/a.go:9: release is pure and uses time.Now: take the time as an argument"}},
		{"pure but reading", "-- pack/a.go --\n// Package pack packs.\npackage pack\n\nimport (\n\t\"net\"\n\t\"os\"\n)\n", []string{"pack/a.go:5: pack is pure and imports net: take what it gives as an argument"}},
		{"unknown folder", "-- plugins/a.go --\n// Package plugins plugs.\npackage plugins\n", []string{"plugins: the folder is not in the table of internal/archtest: give it a row with one sentence in ARCHITECTURE.md, or put it below one that is"}},
		{"unknown folder without Go", "-- plugins/a.txt --\n", []string{"plugins: the folder is not in the table of internal/archtest: give it a row with one sentence in ARCHITECTURE.md, or put it below one that is"}},
		{"hidden folders", "-- .ci/a.go --\nbroken\n-- node_modules/a.go --\nbroken\n-- graph/testdata/a.go --\nbroken\n", nil},
		{"no sentence", "-- graph/a.go --\npackage graph\n-- graph/b_test.go --\n// Package graph is data.\npackage graph\n", []string{"graph: the package graph has no sentence that says what it is"}},
		{"another sentence", "-- graph/a.go --\n// The graph.\npackage graph\n", []string{`graph/a.go: the package's sentence does not begin with "Package graph"`}},
		{"half a sentence", "-- graph/a.go --\n// Package graph is\npackage graph\n", []string{"graph/a.go: the package's sentence has no end"}},
		{"two sentences in two files", "-- graph/a.go --\n// Package graph is data.\npackage graph\n-- graph/b.go --\n// Package graph is more.\npackage graph\n", []string{"graph/b.go: the package graph is described a second time; the first is in graph/a.go"}},
		{"a program's sentence", "-- cmd/edge/a.go --\n// Edge runs.\npackage main\n", nil},
		{"vague package", "-- graph/util/a.go --\n// Package util helps.\npackage util\n", []string{"graph/util/a.go: the package util says nothing by its name: name it for what it holds"}},
		{"vague file", "-- graph/helpers.go --\n// Package graph is data.\npackage graph\n-- graph/common_test.go --\npackage graph\n-- graph/types.go --\npackage graph\n", []string{"graph/common_test.go: the file says nothing by its name: name it for what it holds", "graph/helpers.go: the file says nothing by its name: name it for what it holds"}},
		{"long", "-- graph/a.go --\n// Package graph is data.\npackage graph\n\n" + long, []string{`graph/a.go: has 603 lines: split it, or say why in a comment line that begins with "// Long because "`}},
		{"long with a reason", "-- graph/a.go --\n// Package graph is data.\npackage graph\n\n// Long because the table is one.\n\n" + long, nil},
		{"long and generated", "-- graph/a.generated.go --\n// Code generated by x. DO NOT EDIT.\n\npackage graph\n\n" + long, nil},
		{"generated", "-- graph/a.go --\n// Package graph is data.\npackage graph\n-- graph/b.go --\n// Code generated by x. DO NOT EDIT.\n\npackage graph\n-- graph/c.generated.go --\npackage graph\n", []string{"graph/b.go: generated files, and no others, are named *.generated.go", "graph/c.generated.go: generated files, and no others, are named *.generated.go"}},
		{"init", "-- graph/a.go --\n// Package graph is data.\npackage graph\n\nfunc init() {}\n\ntype t struct{}\n\nfunc (t) init() {}\n", []string{"graph/a.go:4: has a func init: wire it where the program is put together"}},
		{"skip", "-- graph/a_test.go --\npackage graph\n\nimport \"testing\"\n\nfunc TestA(t *testing.T) { t.Skip() }\n", []string{"graph/a_test.go:5: skips a test: make it run, or leave it out"}},
		{"later", "-- graph/a.go --\n// Package graph is data.\npackage graph\n\n// TO" + "DO: more\n-- sdk/a.ts --\n\n// FIX" + "ME\n", []string{"graph/a.go: line 4 says TO" + "DO: do it, or write an issue", "sdk/a.ts: line 2 says FIX" + "ME: do it, or write an issue"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			world := fstest.MapFS{}
			for _, f := range txtar.Parse([]byte(c.files)).Files {
				world[f.Name] = &fstest.MapFile{Data: f.Data}
			}
			sources, top, err := read(world)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, check(sources, top), cmpopts.EquateEmpty()); d != "" {
				t.Errorf("want -, got +\n%s", d)
			}
		})
	}
	if _, err := Check(fstest.MapFS{"graph/a.go": {Data: []byte("package")}}); err == nil {
		t.Error("a file that does not parse passed")
	}
}

func TestImportName(t *testing.T) {
	for in, want := range map[string]string{
		`"github.com/dop251/goja"`: "goja", `"github.com/minio/minio-go/v7"`: "minio", `"github.com/graph-gophers/dataloader/v7"`: "dataloader", `"github.com/failsafe-go/failsafe-go"`: "failsafe", `"a/go-b"`: "b",
	} {
		if got := importName(&ast.ImportSpec{Path: &ast.BasicLit{Value: in}}); got != want {
			t.Errorf("%s is called %s, want %s", in, got, want)
		}
	}
}

package pack

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"
)

// TestLoad packs and locks the package in the folder "home" of each world. Files named "link:path" are links
// whose content is the target.
func TestLoad(t *testing.T) {
	golden(t, "testdata/load/*.txtar", func(t *testing.T, in map[string][]byte) []txtar.File {
		w, ds := newWorkspace("/", world(in), Limits{})
		var out []txtar.File
		if !ds.Failed() {
			var p *Package
			var l *Lock
			p, l, ds = w.load("home")
			if p != nil {
				out = append(out, txtar.File{Name: "files", Data: []byte(strings.Join(p.Paths(), "\n") + "\n")})
			}
			out = append(out, txtar.File{Name: "lock", Data: []byte(short(l.String()))})
		}
		return append(out, txtar.File{Name: "diagnostics", Data: lines(ds)})
	})
}

// short cuts digests: they are tested elsewhere, and would make every golden file long.
func short(lock string) string {
	var b strings.Builder
	for line := range strings.Lines(lock) {
		if before, _, ok := strings.Cut(line, " sha256:"); ok {
			line = before + "\n"
		}
		b.WriteString(line)
	}
	return b.String()
}

func world(in map[string][]byte) fs.FS {
	m := fstest.MapFS{}
	for name, data := range in {
		if at, ok := strings.CutPrefix(name, "link:"); ok {
			m[at] = &fstest.MapFile{Mode: fs.ModeSymlink | 0o777, Data: []byte(strings.TrimSpace(string(data)))}
			continue
		}
		m[name] = &fstest.MapFile{Mode: 0o644, Data: data}
	}
	return m
}

// TestFromDisk goes the way that the commands go: real folders, a link made by npm install, a change after which a folder is forgotten.
func TestFromDisk(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		at := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("package.json", `{ "private": true, "workspaces": { "packages": ["views/**", "!views/old"] } }`)
	write("views/tv/home/package.json", `{ "name": "@tv/home", "version": "1.0.0", "exports": "./index.ts", "dependencies": { "rows": "^2.0.0" }, "edge": { "device": ["tv"], "schema": "v1", "bindings": { "rows": "live" } } }`)
	write("views/tv/home/index.ts", "export {}")
	write("views/rows/package.json", `{ "name": "rows", "version": "2.1.0", "exports": "./index.ts", "edge": {} }`)
	write("views/rows/index.ts", "export const a = 1")
	write("views/old/package.json", `{ "name": "rows", "version": "1.0.0" }`)
	if err := os.Mkdir(filepath.Join(root, "node_modules"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../views/rows", filepath.Join(root, "node_modules", "rows")); err != nil {
		t.Fatal(err)
	}
	home := filepath.Join(root, "views/tv/home")
	l, ds := LockFromDir(home, Limits{})
	if l == nil {
		t.Fatal(ds)
	}
	m, ok := l.Dep("@tv/home@1.0.0", "rows")
	if !ok || m.ID() != "rows@2.1.0" {
		t.Fatalf("the lock has %v:\n%s", m, l)
	}
	if _, ok := l.Dep("@tv/home@1.0.0", "cols"); ok {
		t.Error("the lock has a module that nobody asked for")
	}

	w, ds := OpenWorkspace(home, Limits{})
	if ds.Failed() {
		t.Fatal(ds)
	}
	if got, want := fmt.Sprint(w.Members()), "[{@tv/home views/tv/home device} {rows views/rows module}]"; got != want {
		t.Errorf("members %s, want %s", got, want)
	}
	_, before, _ := w.Load(home)
	write("views/rows/index.ts", "export const a = 2")
	if _, cached, _ := w.Load(home); cached.Digest() != before.Digest() {
		t.Error("a package was read again without being forgotten")
	}
	w.Forget(filepath.Join(root, "views/rows"))
	if _, after, ds := w.Load(home); after == nil || after.Digest() == before.Digest() {
		t.Errorf("a package was not read again after being forgotten: %v", ds)
	}
	if _, ds := w.Pack(t.TempDir()); !ds.Failed() {
		t.Error("packed a folder outside the workspace")
	}
	if _, ds := FromDir(filepath.Join(root, "nowhere"), Limits{}); !ds.Failed() {
		t.Error("packed a folder that is not there")
	}
}

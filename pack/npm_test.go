package pack

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// TestNpmPack packs every tree below testdata/npm as we do and as the installed npm does.
func TestNpmPack(t *testing.T) {
	paths, err := filepath.Glob("testdata/npm/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no trees", err)
	}
	for _, p := range paths {
		t.Run(filepath.Base(p), func(t *testing.T) {
			t.Parallel()
			ar, err := txtar.ParseFile(p)
			if err != nil {
				t.Fatal(err)
			}
			root := t.TempDir()
			for _, f := range ar.Files {
				at := filepath.Join(root, filepath.FromSlash(f.Name))
				if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(at, f.Data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			dir := root
			if _, err := os.Stat(filepath.Join(root, "packages/home")); err == nil {
				dir = filepath.Join(root, "packages/home")
			}
			if err := os.Symlink("package.json", filepath.Join(dir, "link.json")); err != nil {
				t.Fatal(err)
			}
			ours, ds := FromDir(dir, Limits{})
			if ours == nil {
				t.Fatal(ds)
			}
			if d := cmp.Diff(npmFiles(t, dir), ours.Paths()); d != "" {
				t.Errorf("npm -, ours +\n%s", d)
			}
		})
	}
}

// npmFiles lists what the real npm packs.
func npmFiles(t *testing.T, dir string) []string {
	t.Helper()
	cmd := exec.Command("npm", "pack", "--dry-run", "--json", "--ignore-scripts", "--offline", "--loglevel=error")
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("npm pack: %v\n%s", err, out)
	}
	var packs []struct {
		Files []struct{ Path string }
	}
	if err := json.Unmarshal(out, &packs); err != nil || len(packs) != 1 {
		t.Fatalf("npm pack answered %v: %s", err, out)
	}
	var names []string
	for _, f := range packs[0].Files {
		names = append(names, f.Path)
	}
	slices.Sort(names)
	return names
}

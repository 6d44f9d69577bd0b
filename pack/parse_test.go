package pack

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"facet/fault"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden runs fn on every archive that the pattern names and compares the files that fn returns with those
// in the archive; with -update it writes them there.
func golden(t *testing.T, pattern string, fn func(t *testing.T, in map[string][]byte) []txtar.File) {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s names no file: %v", pattern, err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			in, want := map[string][]byte{}, map[string]string{}
			kept := ar.Files[:0:0]
			for _, f := range ar.Files {
				if strings.HasPrefix(f.Name, "want/") {
					want[f.Name] = string(f.Data)
					continue
				}
				in[f.Name] = f.Data
				kept = append(kept, f)
			}
			got := map[string]string{}
			for _, f := range fn(t, in) {
				if len(f.Data) == 0 {
					continue
				}
				f.Name = "want/" + f.Name
				got[f.Name] = string(f.Data)
				kept = append(kept, f)
			}
			if *update {
				ar.Files = kept
				if err := os.WriteFile(path, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("golden -, got +\n%s", d)
			}
		})
	}
}

func lines(ds fault.Diagnostics) []byte {
	var b strings.Builder
	for _, d := range ds {
		b.WriteString(d.String() + "\n")
	}
	return []byte(b.String())
}

func TestManifest(t *testing.T) {
	golden(t, "testdata/manifest/*.txtar", func(t *testing.T, in map[string][]byte) []txtar.File {
		m, ds := ParseManifest(in[File])
		out, err := json.MarshalIndent(m, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, "\n"+string(m.Kind())+"\n"...)
		if ds.Failed() {
			out = nil
		}
		return []txtar.File{{Name: "manifest", Data: out}, {Name: "diagnostics", Data: lines(ds)}}
	})
}

func TestManifestText(t *testing.T) {
	for _, c := range []struct{ name, src, want string }{
		{"empty", "", "package.json:1:1: error P001: the manifest is no JSON: unexpected end of JSON input. Write it as npm reads it: double quotes, no comments, no comma after the last entry"},
		{"not UTF-8", "{ \"name\": \"\xff\" }", "package.json:1:12: error P001: the manifest is not UTF-8. Save the file as UTF-8"},
		{"too long", strings.Repeat(" ", maxManifest+1), "package.json: error P001: the manifest is longer than 1048576 bytes. Move what is not for npm into a file of its own"},
	} {
		_, ds := ParseManifest([]byte(c.src))
		if d := cmp.Diff(c.want+"\n", string(lines(ds))); d != "" {
			t.Errorf("%s: want -, got +\n%s", c.name, d)
		}
	}
}

func TestPosIn(t *testing.T) {
	src := []byte("{\n  \"edge\": {\n    \"graph\": \"^1\" }\n}")
	for _, c := range []struct {
		path []string
		want string
	}{
		{[]string{"edge", "graph"}, "package.json:3:14"}, {[]string{"edge", "schema"}, "package.json:2:11"}, {nil, "package.json:1:1"},
	} {
		if got := PosIn(src, c.path...).String(); got != c.want {
			t.Errorf("PosIn(%v) = %s, want %s", c.path, got, c.want)
		}
	}
	if got := PosIn([]byte("{"), "edge").String(); got != "package.json" {
		t.Errorf("in no JSON: %s", got)
	}
}

// FuzzManifest holds that a manifest of any bytes is read without a panic, that every diagnostic points
// into the text, and that what passes is what npm would call a package.
func FuzzManifest(f *testing.F) {
	paths, err := filepath.Glob("testdata/manifest/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		ar, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(ar.Files[0].Data)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		m, ds := ParseManifest(src)
		height := strings.Count(string(src), "\n") + 1
		for _, d := range ds {
			if d.Pos.File != File || d.Pos.Line > height || d.Code == "" || d.Fix == "" || strings.Contains(d.Text, "\n") {
				t.Fatalf("a diagnostic that helps nobody: %+v", d)
			}
		}
		if ds.Failed() {
			return
		}
		if _, err := ParseVersion(m.Version); err != nil || !ValidName(m.Name) {
			t.Fatalf("passed as %q %q", m.Name, m.Version)
		}
		if m.Edge != nil && (m.Kind() == Device) != ValidSchema(m.Edge.Schema) {
			t.Fatalf("device and schema disagree: %+v", m.Edge)
		}
	})
}

// TestManyDevices says that one package cannot take all routes of a release.
func TestManyDevices(t *testing.T) {
	for n, want := range map[int]string{maxDevices: "", maxDevices + 1: "P011"} {
		var devices []string
		for i := range n {
			devices = append(devices, fmt.Sprintf("tv%d", i))
		}
		text, err := json.Marshal(map[string]any{"name": "@a/b", "version": "1.0.0", "exports": "./index.ts", "edge": map[string]any{"device": devices, "schema": "v1"}})
		if err != nil {
			t.Fatal(err)
		}
		_, ds := ParseManifest(text)
		got := ""
		for _, d := range ds {
			got += d.Code
		}
		if got != want {
			t.Errorf("%d devices: got %v, want %q", n, ds, want)
		}
	}
}

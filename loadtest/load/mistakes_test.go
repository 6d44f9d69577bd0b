package load_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"facet/loadtest/load"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestMistakes reads scenarios that are wrong, in JSON and YAML, and holds what is said of them against what stands behind them.
func TestMistakes(t *testing.T) {
	const at = "testdata/mistakes.txtar"
	a, err := txtar.ParseFile(at)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	said := func(name string, text []byte) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := load.Read(file)
		if err == nil {
			return "nothing is wrong\n"
		}
		return strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), "") + "\n"
	}
	for i := 0; i+1 < len(a.Files); i += 2 {
		text, want := a.Files[i], &a.Files[i+1]
		got := said(text.Name, text.Data)
		if *update {
			want.Data = []byte(got)
			continue
		}
		if d := cmp.Diff(string(want.Data), got); d != "" {
			t.Errorf("%s: want -, got + (-update rewrites it)\n%s", text.Name, d)
		}
	}
	if *update {
		if err := os.WriteFile(at, txtar.Format(a), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestScenarios: those that are shipped are right.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("../scenarios/*.[jy]*")
	if err != nil || len(files) < 4 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		s, err := load.Read(f)
		if err != nil {
			t.Error(err)
			continue
		}
		if _, err := load.Describe(s); err != nil {
			t.Errorf("%s: %v", f, err)
		}
	}
}

// FuzzScenario: no text makes the reader fall over, and what it takes can be described.
func FuzzScenario(f *testing.F) {
	for _, name := range []string{"films.json", "evening.yaml", "faults.yaml", "streams.yaml"} {
		raw, err := os.ReadFile(filepath.Join("../scenarios", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw, strings.HasSuffix(name, ".yaml"))
	}
	f.Fuzz(func(t *testing.T, raw []byte, isYAML bool) {
		parse := load.Parse
		if isYAML {
			parse = load.ParseYAML
		}
		if s, err := parse(raw); err == nil {
			_, _ = load.Describe(s) // it may still name what cannot be sent
		}
	})
}

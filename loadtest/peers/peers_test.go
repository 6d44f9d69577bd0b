package peers

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The test's own program is the one that has `serve`.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "serve" {
		if err := Serve(context.Background(), os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// The edge and what needs no installing make the same pages, are measured, and leave nothing behind.
func TestPagesAreTheSame(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for page, only := range map[string]string{"contest": "spliced", "home": "encoding/json"} {
		t.Run(page, func(t *testing.T) {
			p, err := PageNamed(page)
			if err != nil {
				t.Fatal(err)
			}
			var log bytes.Buffer
			r, err := Run(t.Context(), p, Options{
				Root: root, Self: []string{self}, Only: []string{only}, Rounds: 1, Requests: 10, Abreast: 2, Warm: 50 * time.Millisecond,
				Late: 3, Rate: 30, Delay: time.Millisecond, Saturate: 50 * time.Millisecond, Log: &log,
			})
			if err != nil {
				t.Fatalf("%v\n%s", err, &log)
			}
			for _, row := range r.Rows {
				if row.Missing != "" || row.Bytes < 50_000 || row.PerSecond == 0 || row.P50 < 1 || row.MiB == 0 {
					t.Errorf("%s has no figures: %+v", row.Peer, row)
				}
				if row.Calls != 5 && page == "contest" { // the home tries again what is late on a busy machine
					t.Errorf("%s makes %v tier calls for a page, want 5", row.Peer, row.Calls)
				}
			}
			var table bytes.Buffer
			r.Print(&table)
			if !strings.Contains(table.String(), only) {
				t.Errorf("the table does not name %s:\n%s", only, &table)
			}
		})
	}
}

func TestMistakes(t *testing.T) {
	if _, err := PageNamed("none"); err == nil || !strings.Contains(err.Error(), "contest, home") {
		t.Errorf("an unknown page: %v", err)
	}
	if _, err := chosen(contestPage(), []string{"none"}); err == nil {
		t.Error("an unknown peer is no mistake")
	}
	for _, p := range Pages() {
		names := map[string]bool{}
		for _, x := range p.Peers {
			if names[x.Name] || x.Of != "" && !names[x.Of] || x.Against != "" && !names[x.Against] || (x.Serve == nil) == (x.Of == "") {
				t.Errorf("%s: %s is there twice, or is not after what it needs", p.Name, x.Name)
			}
			names[x.Name] = true
		}
	}
}

// A peer that cannot be had stands in the table with why; the others are measured.
func TestStepsThatFail(t *testing.T) {
	w := &World{Root: t.TempDir(), Bin: "bin"}
	for name, c := range map[string]struct {
		step Step
		want string
	}{
		"no program": {Step{Args: []string{"no-such-program"}}, "no-such-program is missing on this machine"},
		"it fails":   {Step{Args: []string{"sh", "-c", "echo why >&2; exit 3"}}, "why"},
		"no product": {Step{Args: []string{"true"}, Makes: "product"}, "product"},
	} {
		err := c.step.Do(t.Context(), w, &bytes.Buffer{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	done := Step{Args: []string{"sh", "-c", "echo once >> product"}, Makes: "product"}
	for range 2 {
		if err := done.Do(t.Context(), w, &bytes.Buffer{}); err != nil {
			t.Fatal(err)
		}
	}
	if b, err := os.ReadFile(filepath.Join(w.Root, "product")); err != nil || string(b) != "once\n" {
		t.Errorf("done twice: %q %v", b, err)
	}
}

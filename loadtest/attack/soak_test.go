package attack_test

import (
	"bytes"
	"flag"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"facet/internal/child"
	"facet/loadtest/attack"
)

var edge = flag.String("edge", "", "the program to run; empty: facet/cmd/edge is built")

// TestSmoke is a short run of what cmd/attack does at length: deaths, wrong bytes and memory are judged. Times, and what an instance
// refuses because it is busy, are only told: the machine has other tests to run.
func TestSmoke(t *testing.T) {
	t.Setenv("FACET_LIMITS_HEAP_FLOOR", "1MiB") // there is no time to fill a heap before
	dir, program := t.TempDir(), *edge
	if program == "" {
		program = filepath.Join(dir, "edge")
		if err := child.Build(t.Context(), program, "facet/cmd/edge"); err != nil {
			t.Fatal(err)
		}
	}
	res, err := attack.Run(t.Context(), attack.Plan{Edge: program, Dir: dir, Modes: attack.Modes(), Alone: time.Second, Both: 4 * time.Second, Rounds: 2, Films: 100, Bad: 30, Every: 4, Seed: 5, Log: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := res.Print(&b); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", &b)
	for _, s := range res.Modes {
		for _, v := range s.Verdicts {
			if timed := strings.Contains(v.What, "p99") || strings.Contains(v.What, "budget") || v.What == "errors of B"; !v.OK && !timed && (v.What != "resident memory more" || s.RSSPeak-s.RSSBefore > 128<<20) {
				t.Errorf("%s: %s is %s; the bar is %s", s.Mode, v.What, v.Got, v.Bar)
			}
		}
		if s.Packages < 30 || s.Mixed.Count == 0 || s.Turns.Count == 0 || s.Beside.Count == 0 {
			t.Errorf("%s: %d packages, %d and %d requests: too little happened", s.Mode, s.Packages, s.Mixed.Count+s.Turns.Count, s.Beside.Count)
		}
	}
}

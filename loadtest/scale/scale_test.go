package scale_test

import (
	"bytes"
	"flag"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"facet/internal/child"
	"facet/loadtest/scale"
)

var (
	edge     = flag.String("edge", "", "the program to run; empty: facet/cmd/edge is built")
	versions = flag.Int("versions", 60, "of the smoke run")
)

func TestVersionsAreTheSameEachTime(t *testing.T) {
	one, two := scale.World{Versions: 50, Seed: 3, Script: 10}, scale.World{Versions: 10, Seed: 3, Script: 10}
	seen := map[string]int{}
	for i := range 10 {
		if diff := cmp.Diff(one.Version(i), two.Version(i)); diff != "" {
			t.Fatal(diff)
		}
		other := scale.World{Seed: 4, Script: 10}.Version(i)
		if other.Source == one.Version(i).Source {
			t.Errorf("version %d is the same with another seed", i)
		}
	}
	for i := range 1000 {
		v := one.Version(i)
		if at, twice := seen[v.Source]; twice {
			t.Fatalf("versions %d and %d are equal", at, i)
		}
		seen[v.Source] = i
	}
}

// TestSmoke is a short run of what cmd/scale does at length. Times are only told: the machine has other tests to run.
func TestSmoke(t *testing.T) {
	dir, program := t.TempDir(), *edge
	if program == "" {
		program = filepath.Join(dir, "edge")
		if err := child.Build(t.Context(), program, "facet/cmd/edge"); err != nil {
			t.Fatal(err)
		}
	}
	say := func(format string, args ...any) { t.Logf(format, args...) }
	world, err := scale.Prepare(t.Context(), program, dir, scale.World{Versions: *versions, Seed: 1}, say)
	if err != nil {
		t.Fatal(err)
	}
	again, err := scale.Prepare(t.Context(), program, dir, scale.World{Versions: *versions, Seed: 1}, say)
	if err != nil || again.Fresh || !world.Fresh {
		t.Fatalf("it is made twice: %v", err)
	}
	r, err := world.Measure(t.Context(), scale.Plan{Edge: program, Rate: 60, For: 2 * time.Second, Memory: "256MiB", PageOut: "64MiB", Config: "scripts: { cpu: 1s, requestCPU: 5s }\n"}, say)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := r.Print(&b); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", &b)
	if r.First.Count != *versions || r.Open != float64(*versions) || r.Peak == 0 || r.Ratio == 0 {
		t.Errorf("%d of %d were asked, %.0f are open, %d bytes at the most", r.First.Count, *versions, r.Open, r.Peak)
	}
	if r.Peak > 400<<20 {
		t.Errorf("%d MB are resident", r.Peak>>20)
	}
}

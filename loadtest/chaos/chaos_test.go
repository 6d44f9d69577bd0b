package chaos_test

import (
	"bytes"
	"path/filepath"
	"testing"
	"time"

	"facet/internal/child"
	"facet/loadtest/chaos"
)

// TestSmoke is a short run of what cmd/chaos does at length: no request may fail that no SIGKILL took along, no answer may mix two releases.
func TestSmoke(t *testing.T) {
	dir := t.TempDir()
	edge := filepath.Join(dir, "edge")
	if err := child.Build(t.Context(), edge, "facet/cmd/edge"); err != nil {
		t.Fatal(err)
	}
	res, err := chaos.Run(t.Context(), chaos.Plan{
		Edge: edge, Dir: dir, Instances: 3, Rounds: 10, Rollbacks: 2, Rate: 30, Fail: 0.05, EndEvery: 600 * time.Millisecond, Seed: 7, Busy: true, Log: t.Output(),
	})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := res.Print(&b); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", &b)
	if err := res.Err(); err != nil {
		t.Error(err)
	}
	if res.Published != 12*chaos.Packages || res.Rollbacks != 2 || res.Terms == 0 || len(res.Faults) == 0 || res.ServedMarks < 3 {
		t.Errorf("%d published, %d rolled back, %d terms, faults %v, %d releases served: too little happened", res.Published, res.Rollbacks, res.Terms, res.Faults, res.ServedMarks)
	}
}

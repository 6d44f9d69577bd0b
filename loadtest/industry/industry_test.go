package industry_test

import (
	"flag"
	"path/filepath"
	"testing"
	"time"

	"facet/internal/child"
	"facet/loadtest/industry"
)

var edge = flag.String("edge", "", "the program to run; empty: facet/cmd/edge is built")

// TestQuery publishes the graph and the package, asks, and holds the answers against a naive resolver's: one identity for each entity
// makes it five calls in two levels, and eight in four where a review names a product that nothing else does.
func TestQuery(t *testing.T) {
	program := *edge
	if program == "" {
		program = filepath.Join(t.TempDir(), "edge")
		if err := child.Build(t.Context(), program, "facet/cmd/edge"); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name          string
		shop          *industry.Shop
		calls, levels int
	}{{"standard", industry.Standard(), 5, 2}, {"stranger", industry.Stranger(), 8, 4}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, err := industry.Run(t.Context(), industry.Plan{Edge: program, Dir: ".", Shop: tt.shop, Hold: 4 * time.Millisecond, Log: t.Output()})
			if err != nil {
				t.Fatal(err)
			}
			if r.Calls != tt.calls || r.TierCalls != tt.calls || r.GraphCalls != tt.calls || r.Levels != tt.levels {
				t.Errorf("%d calls (%d seen by the tiers, %d of the JSON Graph) in %d levels, want %d in %d", r.Calls, r.TierCalls, r.GraphCalls, r.Levels, tt.calls, tt.levels)
			}
			if r.Bytes < 80_000 || r.Bytes > 96_000 {
				t.Errorf("the answer has %d bytes, want about 88 KB", r.Bytes)
			}
			if r.Share > 0.25 {
				t.Errorf("the JSON Graph has %d bytes of %d, %.3f; want at most a quarter", r.GraphBytes, r.Bytes, r.Share)
			}
			t.Logf("%+v", *r)
		})
	}
}

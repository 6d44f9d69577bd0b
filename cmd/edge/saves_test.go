package main

import (
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"facet/loadtest/packages"
)

// Saves of packages and of the module that all of them import are live, and mistakes are said. The figures at 200 packages
// are `go run ./loadtest/cmd/saves`; here only the order of magnitude is held, as the machine may be busy with other tests.
func TestSavesAreLive(t *testing.T) {
	tiers := httptest.NewServer(packages.Tiers())
	defer tiers.Close()
	w := &packages.World{Dir: t.TempDir(), Graph: "../../examples/films/graph.graphqls", Packages: 5, Env: map[string]string{}}
	for _, name := range packages.TierNames {
		w.Env[name] = tiers.URL
	}
	if err := w.Write(); err != nil {
		t.Fatal(err)
	}
	program, err := exec.LookPath("edge")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var log strings.Builder
	r, err := packages.Measure(ctx, w, packages.Plan{Packages: 4, Modules: 2, Mistakes: 2}, []string{program}, os.Environ(), &log)
	if err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	t.Logf("package %v; module %v; mistake %v", r.Package, r.Module, r.Mistakes)
	for name, f := range map[string]packages.Figures{"package": r.Package, "module": r.Module, "mistake": r.Mistakes} {
		if f.P50 > 4*time.Second {
			t.Errorf("saving a %s takes %v", name, f.P50)
		}
	}
}

package main

import (
	"testing"

	"facet/control"
	"facet/release"
	"facet/storage/memory"
)

// What the control plane says that a view of the films costs is what its plan has, and a release's diff shows it.
func TestCostsOfRoutes(t *testing.T) {
	w, err := openWorkspace("../../examples/films")
	if err != nil {
		t.Fatal(err)
	}
	c := newControl(memory.New(), release.Signer{}, nil)
	if c.Check == nil || c.Explain == nil {
		t.Fatal("the control plane is not given what checks and explains")
	}
	p := newPublisher(w, c, "dev")
	out, err := p.all(t.Context())
	if err != nil || out.Result == nil || out.Diagnostics.Failed() {
		t.Fatalf("%v: %v", err, out)
	}
	d, err := c.Release(t.Context(), control.Request{Env: "other", Deploy: out.Published, DryRun: true})
	if err != nil {
		t.Fatal(err)
	}
	views := 0
	for _, r := range d.Diff.Routes {
		for _, v := range r.Views {
			views++
			if v.To == nil || v.To.Calls == 0 && v.To.Levels > 0 || len(v.To.Operations) != v.To.Calls {
				t.Errorf("%s %s: %+v", r.Route, v.View, v.To)
			}
		}
	}
	if views < 5 {
		t.Errorf("%d views have a cost", views)
	}
}

package view_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"facet/view"
	"facet/view/viewtest"
)

// TestOpenSurface: a surface that is opened again says of everything what the first one said, whatever is asked first.
func TestOpenSurface(t *testing.T) {
	builds := []*view.Build{viewtest.Home()}
	for seed := range uint64(100) {
		builds = append(builds, synthetic(seed))
	}
	checked := 0
	for i, b := range builds {
		of := []*view.Build{b}
		if i%2 == 1 { // one that another package brings as well
			of = append(of, b)
		}
		want, ds := view.NewSurface("phone", "v1", of...)
		if ds.Failed() {
			continue
		}
		checked++
		got := view.OpenSurface("phone", "v1", of...)
		for _, name := range append(want.TypeNames(), "String", "ID", "Nobody", view.NodeType) {
			if diff := cmp.Diff(want.Type(name), got.Type(name), cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("build %d: type %s (-new +opened):\n%s", i, name, diff)
			}
		}
		if diff := cmp.Diff(want.QueryFields(), got.QueryFields()); diff != "" {
			t.Fatalf("build %d: Query (-new +opened):\n%s", i, diff)
		}
		if diff := cmp.Diff(want.MutationFields(), got.MutationFields()); diff != "" {
			t.Fatalf("build %d: Mutation (-new +opened):\n%s", i, diff)
		}
		for _, text := range []func(*view.Surface) string{(*view.Surface).SDL, (*view.Surface).InputSDL} {
			if diff := cmp.Diff(text(want), text(view.OpenSurface("phone", "v1", of...))); diff != "" {
				t.Fatalf("build %d (-new +opened):\n%s", i, diff)
			}
		}
		for _, list := range []func(*view.Surface) []string{(*view.Surface).Views, (*view.Surface).Shapes, (*view.Surface).Mutations, (*view.Surface).TypeNames} {
			if diff := cmp.Diff(list(want), list(got)); diff != "" {
				t.Fatalf("build %d (-new +opened):\n%s", i, diff)
			}
		}
		if change := view.Diff(want, got); len(change) > 0 {
			t.Fatalf("build %d: %v", i, change)
		}
	}
	if checked < len(builds)/2 {
		t.Fatalf("%d of %d builds have a surface", checked, len(builds))
	}
}

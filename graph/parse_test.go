package graph

import (
	"os"
	"testing"
)

func TestFilms(t *testing.T) {
	sdl, err := os.ReadFile("../examples/films/graph.graphqls")
	if err != nil {
		t.Fatal(err)
	}
	g, ds := Parse("graph.graphqls", sdl)
	for _, d := range ds {
		t.Log(d)
	}
	if g == nil || ds.Failed() {
		t.Fatal("the example graph has errors")
	}
	for _, op := range g.Operations {
		t.Logf("%s needs %v args %v gives %v", op.ID, op.Needs, op.Args, op.Gives())
	}
}

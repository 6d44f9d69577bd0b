package scripts

import (
	"os"
	"testing"

	"facet/graph"
	"facet/pack"
)

func films(t testing.TB) *graph.Graph {
	t.Helper()
	sdl, err := os.ReadFile("../examples/films/graph.graphqls")
	if err != nil {
		t.Fatal(err)
	}
	g, ds := graph.Parse("graph.graphqls", sdl)
	if err := ds.Err(); err != nil {
		t.Fatal(err)
	}
	return g
}

func load(t testing.TB, dir string) (*pack.Package, *pack.Lock) {
	t.Helper()
	p, ds := pack.FromDir(dir, pack.DefaultLimits())
	if err := ds.Err(); err != nil {
		t.Fatal(err)
	}
	l, ds := pack.LockFromDir(dir, pack.DefaultLimits())
	if err := ds.Err(); err != nil {
		t.Fatal(err)
	}
	return p, l
}

func TestExamples(t *testing.T) {
	g := films(t)
	for _, name := range []string{"tv-home", "tv-home-v1", "tv-player", "phone-home", "originals-rows"} {
		t.Run(name, func(t *testing.T) {
			p, l := load(t, "../examples/films/packages/"+name)
			b, ds := Build(t.Context(), p, l, g, Options{})
			for _, d := range ds {
				t.Error(d)
			}
			if b == nil {
				t.Fatal("no build")
			}
			t.Log(b.String())
		})
	}
}

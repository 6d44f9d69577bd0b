package edgetest

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"facet/asker"
	"facet/composer"
	"facet/examples/films"
	"facet/graph"
	"facet/scripts"
	"facet/tiers"
	tiergraphql "facet/tiers/graphql"
	tiergrpc "facet/tiers/grpc"
	"facet/tiers/guard"
	tierhttp "facet/tiers/http"
)

// FilmsDir is the folder of examples/films.
func FilmsDir() string { return filepath.Join(Root(), "examples", "films") }

// Films is the world of examples/films with packages of it, by folder, made patient: its real tiers listen in this process, each
// behind the guard. The demo viewer asks where headers name nobody.
func Films(t testing.TB, packages ...string) World {
	t.Helper()
	dir := Patient(t, FilmsDir())
	g := Parse(t, dir)
	env := RunTiers(t).Env()
	return World{Graph: g, Builds: Build(t, dir, g, packages...), Tiers: Dial(t, g, env), Asker: Demo(),
		Limits: composer.Limits{Time: time.Minute}, Run: scripts.RunOptions{CPU: 30 * time.Second, Wait: 30 * time.Second}}
}

// RunTiers runs the films' tiers until the test ends, each at a port of its own. Posters are at http://posters.test.
func RunTiers(t testing.TB) *films.World {
	t.Helper()
	w, err := films.Start("127.0.0.1:0", films.Options{Public: "http://posters.test", Data: t.TempDir()}, films.Tiers()...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := w.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return w
}

// Demo lets headers say who asks; without them it is the viewer demo.
func Demo() asker.Settings {
	return asker.Settings{TrustHeaders: true, Default: asker.Viewer{ID: "demo", Profile: "demo", Profiles: []string{"demo", "kids"}, SignedIn: true}}
}

// Dial makes the tiers of a graph, of every kind, each behind a guard as it comes. env has the values of $env.
func Dial(t testing.TB, g *graph.Graph, env map[string]string) map[string]tiers.Tier {
	t.Helper()
	return DialWith(t, g, env, guard.Settings{})
}

// DialWith is Dial with a guard of other settings.
func DialWith(t testing.TB, g *graph.Graph, env map[string]string, set guard.Settings) map[string]tiers.Tier {
	t.Helper()
	guarded := guard.New(guard.Config{Settings: set})
	lookup := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	out := map[string]tiers.Tier{}
	for _, s := range g.Sources {
		var tier interface {
			tiers.Tier
			Close()
		}
		var err error
		switch s.Kind {
		case graph.KindHTTP:
			tier, err = tierhttp.New(s, g.Operations, tierhttp.Settings{Env: lookup})
		case graph.KindGRPC:
			tier, err = tiergrpc.New(s, g.Operations, tiergrpc.Settings{Env: lookup})
		case graph.KindGraphQL:
			tier, err = tiergraphql.New(s, g.Operations, tiergraphql.Settings{Env: lookup})
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(tier.Close)
		out[s.Name] = guarded.Wrap(tier)
	}
	return out
}

package edgetest

import (
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"facet/asker"
	"facet/composer"
	"facet/examples/films"
	"facet/graph"
	"facet/scripts"
	"facet/tiers"
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
	env := map[string]string{}
	for _, tier := range films.Tiers() {
		srv := httptest.NewServer(tier.Handler(films.Options{Public: "http://posters.test"}))
		t.Cleanup(srv.Close)
		env[tier.Env] = srv.URL
	}
	return World{Graph: g, Builds: Build(t, dir, g, packages...), Tiers: Dial(t, g, env), Asker: Demo(),
		Limits: composer.Limits{Time: time.Minute}, Run: scripts.RunOptions{Deadline: 30 * time.Second, Wait: 30 * time.Second}}
}

// Demo lets headers say who asks; without them it is the viewer demo.
func Demo() asker.Settings {
	return asker.Settings{TrustHeaders: true, Default: asker.Viewer{ID: "demo", Profile: "demo", Profiles: []string{"demo", "kids"}, SignedIn: true}}
}

// Dial makes the HTTP tiers of a graph, each behind a guard. env has the values of $env.
func Dial(t testing.TB, g *graph.Graph, env map[string]string) map[string]tiers.Tier {
	t.Helper()
	guarded := guard.New(guard.Config{})
	out := map[string]tiers.Tier{}
	for _, s := range g.Sources {
		tier, err := tierhttp.New(s, g.Operations, tierhttp.Settings{Env: func(name string) (string, bool) { v, ok := env[name]; return v, ok }})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(tier.Close)
		out[s.Name] = guarded.Wrap(tier)
	}
	return out
}

package edgetest

import (
	"path/filepath"
	"strings"
	"testing"

	"facet/composer"
	"facet/tiers/fake"
)

// TestClients runs stock clients, as they come from npm, against a whole edge: scripts of testdata/clients.
func TestClients(t *testing.T) {
	dir := npm(t)
	films := func(t *testing.T) World { return Films(t, "tv-home", "tv-player", "tv-home-v1", "phone-home") }
	for name, world := range map[string]func(*testing.T) World{
		"falcor": films, "node": films, "apollo": films, "urql": films, "relay": films, "codegen": films, "persisted": films, "feed": films,
		"marks": func(t *testing.T) World { w, _ := marks(t); return w },
	} {
		t.Run(name, func(t *testing.T) {
			url := Open(t, world(t)).Serve(t)
			out, err := node(t, dir, name+".mjs", url)
			if err != nil || strings.Contains(out, "FAIL") {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

type row = map[string]any

// marks is the small world of testdata/marks: episodes, whose key has two parts, and how far profiles got in them.
func marks(t *testing.T) (World, *fake.Tier) {
	t.Helper()
	dir := filepath.Join("testdata", "marks")
	g := Parse(t, dir)
	episodes, episode := row{}, func(series string, number int, title string) row {
		return row{"series": series, "number": number, "title": title}
	}
	for n, title := range []string{"Pilot, part 1", "Pilot, part 2", "Tabula Rasa"} {
		episodes[fake.Key("lost", string(rune('1'+n)))] = episode("lost", n+1, title)
	}
	episodes[fake.Key("a~b/c%20:ü", "7")] = episode("a~b/c%20:ü", 7, "Odd")
	seen := fake.NewTable(row{
		fake.Key("lost", "1", "demo"): row{"seconds": 11},
		fake.Key("lost", "2", "demo"): row{"seconds": 12},
		fake.Key("lost", "1", "kids"): row{"seconds": 21},
		fake.Key("lost", "3", "kids"): row{"seconds": 23},
	}).Keyed("series", "number", "profile")
	tier := fake.New().
		Rows("shows.Episode", fake.NewTable(episodes)).
		Rows("shows.Show", fake.NewTable(row{"lost": row{"id": "lost", "title": "Lost", "episodes": []any{
			row{"series": "lost", "number": 1}, row{"series": "lost", "number": 2}, row{"series": "lost", "number": 3}}}})).
		Rows("marks.Episode.seconds", seen).
		Func("marks.Mutation.mark", func(r *fake.Request) (any, error) {
			seen.Put(fake.Key(r.Arg("series"), r.Arg("number"), r.Arg("profile")), row{"seconds": r.Int("seconds")})
			return fake.Answer(r, row{"episode": row{"series": r.Arg("series"), "number": r.Int("number")}, "seconds": r.Int("seconds")}), nil
		})
	return World{Graph: g, Builds: Build(t, dir, g, "marks"), Tiers: tier.For(g), Asker: Demo(), Limits: composer.Limits{}}, tier
}

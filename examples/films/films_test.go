package films

import (
	"encoding/json"
	"io/fs"
	"net/http/httptest"
	"path"
	"strings"
	"testing"
)

func TestTiersAnswer(t *testing.T) {
	asks := map[string][2]string{
		"catalog":   {"POST /titles:batchGet", `{"ids":["jaws-1975"]}`},
		"profiles":  {"GET /profiles/demo", ""},
		"rows":      {"GET /profiles/demo/rows?limit=1", ""},
		"bookmarks": {"POST /bookmarks:batchGet", `{"profile":"demo","titles":["jaws-1975"]}`},
		"artwork":   {"GET /healthz", ""},
		"search":    {"GET /search?text=jaws", ""},
		"reviews":   {"POST /graphql", `{"query":"{ film(id: \"jaws-1975\") { verdict } }"}`},
	}
	for _, tier := range Tiers() {
		ask, ok := asks[tier.Name]
		if !ok {
			t.Errorf("nobody asks %s", tier.Name)
			continue
		}
		method, target, _ := strings.Cut(ask[0], " ")
		backend, err := tier.Open(Options{})
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		backend.ServeHTTP(w, httptest.NewRequest(method, target, strings.NewReader(ask[1])))
		if w.Code != 200 || !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s: %d %s", tier.Name, w.Code, w.Body)
		}
		if err := backend.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestGraphNamesTheTiers holds the graph's sources and the tiers together.
func TestGraphNamesTheTiers(t *testing.T) {
	sdl := string(Graph())
	for _, tier := range Tiers() {
		if _, source, _ := strings.Cut(sdl, `@source(name: "`+tier.Name+`", `); !strings.Contains(strings.SplitN(source, "\n", 2)[0], `"{$env.`+tier.Env+`}`) {
			t.Errorf("the graph has no source %s at %s", tier.Name, tier.Env)
		}
	}
	if got, want := strings.Count(sdl, "@source(name:"), len(Tiers()); got != want {
		t.Errorf("%d sources, %d tiers", got, want)
	}
}

func TestPackages(t *testing.T) {
	want := map[string]string{
		"glasses-home": "@glasses/home", "originals-rows": "@originals/rows", "phone-home": "@phone/home", "tv-home": "@tv/home",
		"tv-home-v1": "@tv/home", "tv-player": "@tv/player", "web-browse": "@web/browse",
	}
	files, err := fs.Glob(Packages(), "*/package.json")
	if err != nil || len(files) != len(want) {
		t.Fatalf("packages are %v, %v", files, err)
	}
	for _, f := range files {
		b, err := fs.ReadFile(Packages(), f)
		if err != nil {
			t.Fatal(err)
		}
		var m struct{ Name, Version, Exports string }
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		if dir := path.Dir(f); m.Name != want[dir] || m.Version == "" {
			t.Errorf("%s is %s %s", dir, m.Name, m.Version)
		}
		if _, err := fs.Stat(Packages(), path.Join(path.Dir(f), m.Exports)); err != nil {
			t.Errorf("%s exports what is not there: %v", f, err)
		}
	}
	err = fs.WalkDir(Packages(), ".", func(p string, _ fs.DirEntry, err error) error {
		if strings.Contains(p, "node_modules") {
			t.Errorf("%s is embedded", p)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestViewers(t *testing.T) {
	if v := Viewers(); v[0].ID != "demo" || len(v[0].Profiles) != 2 {
		t.Errorf("the first viewer is %+v", v[0])
	}
}

// BenchmarkStart is what a start costs: every tier's handler. The library, which is loaded once per process, has a benchmark of its own.
func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		for _, tier := range Tiers() {
			backend, err := tier.Open(Options{})
			if err != nil {
				b.Fatal(err)
			}
			backend.Close()
		}
	}
}

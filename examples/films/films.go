// Package films is a whole world to run: the graph, the packages and the tiers of a demo over 3,200 real films.
package films

import (
	"embed"
	"io/fs"
	"net/http"
	"slices"
	"time"

	"facet/examples/films/data"
	"facet/examples/films/tiers/artwork"
	"facet/examples/films/tiers/bookmarks"
	"facet/examples/films/tiers/catalog"
	"facet/examples/films/tiers/profiles"
	"facet/examples/films/tiers/rows"
	"facet/examples/films/tiers/wire"
)

//go:embed graph.graphqls
var graph []byte

// Files are named by kind, so that node_modules never gets in.
//
//go:embed packages/*/package.json packages/*/README.md packages/*/src packages/*/*.test.ts packages/*/fixtures
var packages embed.FS

// Graph is the SDL of the world's graph. The caller owns the bytes.
func Graph() []byte { return slices.Clone(graph) }

// Packages has a folder for each of the world's packages: originals-rows, phone-home, tv-home, tv-home-v1, tv-player.
func Packages() fs.FS {
	sub, err := fs.Sub(packages, "packages")
	if err != nil {
		panic(err) // "packages" is a legal path
	}
	return sub
}

// A Tier is one backend of the world.
type Tier struct {
	Name    string // "catalog": the graph's @source name
	Env     string // "CATALOG_URL": the environment variable that the graph reads its address from
	About   string // one line for people
	Handler func(Options) http.Handler
}

// Options say how a tier runs. The zero Options are good.
type Options struct {
	Now    func() time.Time // the clock of what is saved; nil: time.Now
	Public string           // the address that devices reach posters at; "": the one that the edge reaches the tier at
	Lag    time.Duration    // every answer waits for this long
}

// Tiers are all backends, in the order that the graph names them. Each may run in a process of its own; state is per Handler.
func Tiers() []Tier {
	return []Tier{
		{"catalog", "CATALOG_URL", "titles and series by id, and titles by what they are", lagged(func(Options) http.Handler {
			return catalog.Handler(data.Load())
		})},
		{"profiles", "PROFILES_URL", "viewers, their profiles, and what those looked for", lagged(func(Options) http.Handler {
			return profiles.Handler()
		})},
		{"rows", "ROWS_URL", "what a profile's home shows, and in which order", lagged(func(Options) http.Handler {
			return rows.Handler(data.Load())
		})},
		{"bookmarks", "BOOKMARKS_URL", "how far a profile got in a film, and what is on its list", lagged(func(o Options) http.Handler {
			now := o.Now
			if now == nil {
				now = time.Now
			}
			return bookmarks.Handler(data.Load(), now)
		})},
		{"artwork", "ARTWORK_URL", "posters", lagged(func(o Options) http.Handler {
			return artwork.Handler(data.Load(), o.Public)
		})},
	}
}

func lagged(h func(Options) http.Handler) func(Options) http.Handler {
	return func(o Options) http.Handler { return wire.Lag(h(o), o.Lag) }
}

// Server is a server for a tier's handler, with limits on how long and how much a caller may send.
func Server(h http.Handler) *http.Server { return wire.Server(h) }

// A Viewer is somebody to ask as.
type Viewer struct {
	ID       string
	Name     string
	Profiles []string // ids; the first is the one that the viewer starts with
}

// Viewers are the demo's accounts, "demo" first.
func Viewers() []Viewer {
	var out []Viewer
	for _, v := range data.Viewers() {
		out = append(out, Viewer{ID: v.ID, Name: v.Name, Profiles: slices.Clone(v.Profiles)})
	}
	return out
}

// Package films is a whole world to run: the graph, the packages and the tiers of a demo over 3,200 real films.
package films

import (
	"embed"
	"io/fs"
	"net/http"
	"slices"

	"facet/examples/films/data"
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

// Packages has a folder for each of the world's packages: originals-rows, tv-home, tv-home-v1, tv-player, phone-home, …
func Packages() fs.FS {
	sub, err := fs.Sub(packages, "packages")
	if err != nil {
		panic(err) // "packages" is a legal path
	}
	return sub
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

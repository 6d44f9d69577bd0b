// Package scale makes thousands of package versions of varied content, publishes them as authors would, and measures an edge that serves them all.
package scale

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"strings"
)

// A World is what is generated: equal worlds give equal bytes.
type World struct {
	Versions int    `json:"versions"`
	Seed     uint64 `json:"seed"`
	// Script is how many of a hundred versions have one function that only the JavaScript engine can run.
	Script int `json:"script"`
}

// made is raised when the generator makes other bytes of the same world: what is on disk is made anew then.
const made = 1

// sizes are the titles on a version's page, by its number modulo their count: ten versions in a row have what ten thousand have.
var sizes = [...]int{1, 3, 6, 10, 15, 20, 30, 40, 60, 100}

// A Version is one generated package version, on a route of a device of its own.
type Version struct {
	Number int
	Name   string // "@scale/p00007"
	Device string // "d00007"; the schema is v1
	Source string // of src/index.ts
	Asks   []Ask
}

// ID is "name@version".
func (v *Version) ID() string { return v.Name + "@1.0.0" }

// An Ask is a known request: what the version's own app sends, always in the same words.
type Ask struct {
	Name   string // "page", "film" or "rest"
	Method string
	Path   string
	Body   string // JSON; "" for a GET
	Films  int    // that films a variable is chosen from; 0: there is none
}

// Request gives the path and body of the ask; film picks its variable.
func (a *Ask) Request(film int) (path, body string) {
	if a.Films == 0 {
		return a.Path, a.Body
	}
	return a.Path, strings.Replace(a.Body, "FILM", filmID(film%a.Films), 1)
}

// weights say how often a version's asks are chosen, of a hundred.
var weights = map[string]int{"page": 50, "film": 30, "rest": 20}

// Choose picks one of the version's asks.
func (v *Version) Choose(rnd *rand.Rand) *Ask {
	n := rnd.IntN(100)
	for i := range v.Asks {
		if n -= weights[v.Asks[i].Name]; n < 0 {
			return &v.Asks[i]
		}
	}
	return &v.Asks[0]
}

// words are what names are made of.
var words = strings.Fields(`amber anchor arrow atlas beacon birch bridge candle canyon cedar cobalt coral cotton crystal delta dune ember falcon
fern flint forest garnet glacier harbor hazel indigo island ivory jade juniper lagoon lantern maple marble meadow mirror nectar north ocean olive
onyx opal orchid pebble pepper pine prairie quartz raven reef ripple river saffron sage shadow silver spruce stone summit timber topaz valley velvet
willow winter zephyr`)

// A writer makes one version.
type writer struct {
	rnd  *rand.Rand
	used map[string]bool
}

func (w *writer) word() string { return words[w.rnd.IntN(len(words))] }

// name is a fresh "amberFalcon".
func (w *writer) name() string {
	for {
		s := w.word() + title(w.word())
		if !w.used[s] {
			w.used[s] = true
			return s
		}
	}
}

func (w *writer) typeName() string { return title(w.name()) }

func title(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// Version makes version number i, the same each time.
func (w World) Version(i int) *Version {
	x := &writer{rnd: rand.New(rand.NewPCG(w.Seed, uint64(i)+1)), used: map[string]bool{}}
	v := &Version{Number: i, Name: fmt.Sprintf("@scale/p%05d", i), Device: fmt.Sprintf("d%05d", i)}
	p := x.page(sizes[i%len(sizes)], (i*37+int(w.Seed))%100 < w.Script)
	v.Source = p.source
	v.Asks = []Ask{
		{Name: "page", Method: "POST", Path: "/" + v.Device + "/v1/graphql", Body: p.document},
		{Name: "film", Method: "POST", Path: "/" + v.Device + "/v1/graphql", Body: p.film, Films: films},
		{Name: "rest", Method: "GET", Path: "/" + v.Device + "/v1/" + p.view},
	}
	return v
}

// manifest is the package.json of a version.
func (v *Version) manifest() string {
	return fmt.Sprintf(`{"name": %q, "version": "1.0.0", "type": "module", "exports": "./src/index.ts", "edge": {"device": [%q], "schema": "v1", "graph": "^1"}}`, v.Name, v.Device)
}

// Files are what is packed of a version.
func (v *Version) Files() map[string][]byte {
	return map[string][]byte{"package.json": []byte(v.manifest()), "src/index.ts": []byte(v.Source)}
}

// Graph is the graph that all versions are written over; its sources are at SHELVES_URL, CATALOG_URL and ARTWORK_URL.
func Graph() string { return graphText }

// key names what is on disk of a world.
func (w World) key() string {
	return fmt.Sprintf("%d-%d-%d-%d", cmp.Or(w.Versions, 1), w.Seed, w.Script, made)
}

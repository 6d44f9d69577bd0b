// Package control publishes packages and graphs, and makes the releases that instances serve.
package control

import (
	"context"
	"maps"
	"runtime"
	"slices"
	"sync"
	"time"

	"facet/fault"
	"facet/graph"
	"facet/pack"
	"facet/release"
	"facet/storage"
	"facet/view"
)

// A Control changes what is stored. All its state is in the Store: any number
// of them may work on one, and their writes are conditional. Its methods may be
// called from several goroutines; set the fields before the first call.
type Control struct {
	Store storage.Store

	// Build records a package against its locked modules and a graph. Equal input must
	// give equal bytes. What the author can mend are diagnostics; an error is anything else.
	Build func(ctx context.Context, in Input) (*view.Build, fault.Diagnostics, error)
	// Builder names the program that Build is, with its version: another one builds anew.
	Builder string
	// Check says what is wrong with builds that one route shall mount together; nil asks view.NewSurface.
	Check func(device, schema string, g *graph.Graph, builds []*view.Build) fault.Diagnostics
	// Explain is what each view of builds that stand together on a route costs, by the view's name; nil leaves costs out.
	Explain func(device, schema string, g *graph.Graph, builds []*view.Build) (map[string]Cost, error)

	// Render answers the warm-ups of a build under the tier answers that its package ships; nil compares no outputs.
	Render func(ctx context.Context, in Rendering) ([]Golden, error)

	// Prove is what each view and mutation of a build takes at the most; nil leaves it out.
	Prove func(b *view.Build, g *graph.Graph) ([]ViewBudget, error)

	Signer release.Signer // signs pointers and releases; the zero Signer signs none
	Keys   release.Keys   // whose pointers are built on; nil takes any

	Limits  pack.Limits      // of tarballs; zero fields have pack's defaults
	Workers int              // builds at a time; 0 is two per processor, as half of a build is waiting for the store
	Shards  int              // of a release; 0 is one for some 500 builds
	Now     func() time.Time // nil is time.Now

	cache cache
}

// An Input is what one build is made of.
type Input struct {
	Package *pack.Package
	Lock    *pack.Lock // never nil
	Graph   *graph.Graph
}

func (c *Control) now() time.Time {
	if c.Now != nil {
		return c.Now()
	}
	return time.Now()
}

func (c *Control) workers() int {
	if c.Workers > 0 {
		return c.Workers
	}
	return 2 * runtime.GOMAXPROCS(0)
}

// A cache keeps immutable things that were read before. When it is full it
// forgets one for each that comes, whichever: what is still needed is read again.
type cache struct {
	mu       sync.Mutex
	packages map[string]*pack.Package    // by name@version
	builds   map[string]*view.Build      // by digest
	inputs   map[string]string           // input digest -> build digest
	graphs   map[string]*graph.Graph     // by version
	releases map[string]*release.Release // by environment and digest
	acks     map[string]ack              // by key
	heads    map[string]GraphVersion     // by version
}

// What a cache holds at most of one kind.
const (
	cacheEntries  = 2000
	cacheReleases = 32 // each may have thousands of routes
)

func remember[V any](c *cache, m *map[string]V, key string, v V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	most := cacheEntries
	if _, large := any(v).(*release.Release); large {
		most = cacheReleases
	}
	if *m == nil {
		*m = map[string]V{}
	}
	if _, known := (*m)[key]; !known && len(*m) >= most {
		for other := range *m {
			delete(*m, other)
			break
		}
	}
	(*m)[key] = v
}

func recall[V any](c *cache, m *map[string]V, key string) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok := (*m)[key]
	return v, ok
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

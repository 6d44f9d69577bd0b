package composer

import (
	"context"
	"iter"
	"sync"
	"time"

	"facet/graph"
	"facet/tiers"
	"facet/view"
)

// A Config is what an Engine is made of.
type Config struct {
	Graph   *graph.Graph
	Surface *view.Surface
	// Computes are the computed functions of the surface's builds: Computes[b][f] runs Surface.Builds[b].Funcs[f].
	Computes [][]view.Compute
	// Format runs a host function of view.OpFormat: name, locale, JSON arguments by position.
	Format func(name, locale string, in [][]byte, dst []byte) ([]byte, error)
	Tiers  TiersBySource
	Limits Limits
}

// Limits bound one answer. Zero fields take Defaults.
type Limits struct {
	Time     time.Duration // of the whole answer; a part that is late is an error at its path
	Calls    int           // tier calls
	Entities int           // entities that one answer may hold
	Bytes    int           // of the answer written
	Plans    int           // cached plans
}

// Defaults are the limits that stand where none are stated.
func Defaults() Limits {
	return Limits{Time: 2 * time.Second, Calls: 200, Entities: 50_000, Bytes: 16 << 20, Plans: 2_000}
}

// Attached holds what protocols keep for as long as an Engine lives: a handler, parsed documents, an OpenAPI text.
type Attached struct{ m sync.Map }

// Get returns the value under key, made once by build. Keys are unexported types of the caller's package.
func (a *Attached) Get(key any, build func() any) any {
	if v, ok := a.m.Load(key); ok {
		return v.(func() any)()
	}
	v, _ := a.m.LoadOrStore(key, sync.OnceValue(build))
	return v.(func() any)()
}

// Answerer is what protocols ask. *Engine is the one that answers from tiers.
type Answerer interface {
	// Answer answers a request. The sequence has at least one Part, the last of which says so; it ends early when the
	// caller stops. Failures of single values are in the Part; a request that cannot be answered at all (unknown names,
	// arguments of a wrong type, a limit) is one Part with Data "null" and an error without a path.
	Answer(ctx context.Context, r *Request) iter.Seq[Part]
	Surface() *view.Surface
	Attached() *Attached
}

// TiersBySource are the tiers of an environment by the source's name in the graph.
type TiersBySource map[string]tiers.Tier

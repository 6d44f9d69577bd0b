package main

import (
	"facet/fault"
	"facet/graph"
	"facet/tiers"
	"facet/tiers/cache"
	tiergraphql "facet/tiers/graphql"
	tiergrpc "facet/tiers/grpc"
	"facet/tiers/guard"
	tierhttp "facet/tiers/http"
)

// A tierKind makes the tier of a source. The kinds that there are stand in tierKinds.
type tierKind func(source *graph.Source, g *graph.Graph, e *environment) (t tiers.Tier, closing func(), err error)

var tierKinds = map[string]tierKind{
	"http": func(source *graph.Source, g *graph.Graph, e *environment) (tiers.Tier, func(), error) {
		t, err := tierhttp.New(source, g.Operations, tierhttp.Settings{Env: e.lookup, Config: e.Config})
		if err != nil {
			return nil, nil, err
		}
		return t, t.Close, nil
	},
	"graphql": func(source *graph.Source, g *graph.Graph, e *environment) (tiers.Tier, func(), error) {
		t, err := tiergraphql.New(source, g.Operations, tiergraphql.Settings{Env: e.lookup, Config: e.Config})
		if err != nil {
			return nil, nil, err
		}
		return t, t.Close, nil
	},
	"grpc": func(source *graph.Source, g *graph.Graph, e *environment) (tiers.Tier, func(), error) {
		t, err := tiergrpc.New(source, g.Operations, tiergrpc.Settings{Env: e.lookup, Config: e.Config})
		if err != nil {
			return nil, nil, err
		}
		return t, t.Close, nil
	},
}

// An environment is what an edge is told beside the graph: where tiers are, and how they are guarded.
type environment struct {
	Env    map[string]string // over the process's own
	Getenv func(string) (string, bool)
	Config map[string]any
	Guard  *guard.Guard
	Cache  *cache.Cache // what is kept of answers; nil: nothing is
	Apart  []string     // sources whose calls each request makes for itself
}

func (e *environment) lookup(name string) (string, bool) {
	if e.Getenv != nil {
		if v, ok := e.Getenv(name); ok { // who starts the edge has the last word
			return v, true
		}
	}
	v, ok := e.Env[name]
	return v, ok
}

// tiers makes every tier of a graph, each behind the guard.
func (e *environment) tiers(g *graph.Graph) (bySource map[string]tiers.Tier, closing func(), err error) {
	var closers []func()
	closing = func() {
		for _, c := range closers {
			c()
		}
	}
	bySource = make(map[string]tiers.Tier, len(g.Sources))
	for _, s := range g.Sources {
		kind, ok := tierKinds[s.Kind]
		if !ok {
			closing()
			return nil, nil, fault.New(fault.Invalid, "source %q is of kind %q, which this edge does not have", s.Name, s.Kind)
		}
		t, c, err := kind(s, g, e)
		if err != nil {
			closing()
			return nil, nil, err
		}
		closers = append(closers, c)
		bySource[s.Name] = e.Guard.Wrap(t)
	}
	return bySource, closing, nil
}

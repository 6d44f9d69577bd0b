package peers

import (
	"context"
	"encoding/json"
	"path/filepath"
)

// contestQuery is how each GraphQL server is asked. The edge has the page as a view; the others have the graph.
const (
	contestQuery = `{home{name recent rows{name items{id title year runtimeMinutes rating synopsis art at}}}}`
	graphQuery   = `{home:profile(id:"p1"){name recent:recentSearches(first:3) rows{name items(first:20){id title year runtimeMinutes rating synopsis art at}}}}`
)

var first20 = map[string]any{"from": 0, "to": 19}

// edgePaths and routerPaths are the page in JSON Graph: a view of the edge, and a graph as falcor-router has one.
var (
	edgePaths = []any{
		[]any{"home", []any{"name", "recent"}},
		[]any{"home", "rows", first20, "name"},
		[]any{"home", "rows", first20, "items", first20, []any{"id", "title", "year", "runtimeMinutes", "rating", "synopsis", "art", "at"}},
	}
	routerPaths = []any{
		[]any{"profilesById", "p1", "name"},
		[]any{"profilesById", "p1", "recent", map[string]any{"from": 0, "to": 2}},
		[]any{"profilesById", "p1", "rows", first20, "name"},
		[]any{"profilesById", "p1", "rows", first20, "items", first20, []any{"id", "title", "year", "runtimeMinutes", "rating", "synopsis", "art", "at"}},
	}
)

func contestPage() Page {
	return Page{
		Name: "contest", About: "20 rows of 20 titles over five HTTP tiers, no computed fields", Tiers: "contest-tiers",
		Peers: []Peer{
			{Name: "edge", About: "the edge, asked over GraphQL", Needs: []Step{build(".", "./cmd/edge", "edge")}, Serve: edge("loadtest/contest"), Ask: query("/tv/v1/graphql", contestQuery), Read: graphql},
			{Name: "encoding/json", About: "a handler in Go: structs, encoding/json, a call a tier", Serve: own("contest-byhand"), Ask: Request{Path: "/"}, Read: graphql, Bar: 0.30},
			{Name: "spliced", About: "a handler in Go that copies the tiers' bytes, net/http", Serve: own("contest-spliced"), Ask: Request{Path: "/"}, Read: graphql, Bar: 1.3},
			{Name: "gqlgen", About: "gqlgen with dataloader/v7, as their documentation shows", Version: gqlgenVersion, Needs: gqlgenSteps(), Serve: gqlgenServer, Ask: query("/query", graphQuery), Read: graphql, Bar: 0.05},
			{Name: "edge-jsongraph", About: "the edge, asked over JSON Graph", Of: "edge", Ask: asJSONGraph("/tv/v1/model.json", edgePaths), Read: fromJSONGraph(edgePaths, "home")},
			{Name: "falcor-router", About: "falcor-router on Node, asked over JSON Graph", Version: falcorVersion, Needs: []Step{install("loadtest/peers/falcor")}, Serve: falcorServer, Ask: asJSONGraph("/model.json", routerPaths), Read: fromJSONGraph(routerPaths, "profilesById", "p1"), Client: falcorClient, Bar: 0.08, Against: "edge-jsongraph"},
			{Name: "hive", About: "Hive Gateway on Node, its Rust planner", Version: hiveVersion, Needs: []Step{install("loadtest/peers/hive")}, Serve: hiveServer(true), Ask: query("/graphql", graphQuery), Read: graphql},
			{Name: "hive-js", About: "Hive Gateway on Node, its JavaScript planner", Version: hiveVersion, Needs: []Step{install("loadtest/peers/hive")}, Serve: hiveServer(false), Ask: query("/graphql", graphQuery), Read: graphql},
			{Name: "grafbase", About: "Grafbase's gateway, Rust", Version: grafbaseVersion, Needs: []Step{install("loadtest/peers/grafbase")}, Serve: grafbaseServer, Ask: query("/graphql", graphQuery), Read: graphql, Bar: 0.4},
			{Name: "cosmo", About: "Cosmo Router, Go", Version: cosmoVersion, Needs: cosmoSteps(), Serve: cosmoServer, Ask: query("/graphql", graphQuery), Read: graphql, Bar: 0.15},
		},
	}
}

// query asks over GraphQL.
func query(path, text string) Request {
	b, err := json.Marshal(map[string]string{"query": text})
	if err != nil {
		panic(err) // a string always encodes
	}
	return Request{Path: path, Body: b}
}

func gqlgenSteps() []Step {
	const dir = "loadtest/peers/gqlgen"
	return []Step{
		{Dir: dir, Args: []string{"go", "tool", "gqlgen", "generate"}, Makes: "graph/exec.generated.go", From: []string{"graph/schema.graphqls", "gqlgen.yml", "go.mod"}},
		build(dir, ".", "peer-gqlgen"),
	}
}

func gqlgenServer(_ context.Context, w *World) (Server, error) {
	return Server{Args: []string{filepath.Join(w.Bin, "peer-gqlgen")}, Env: w.Env()}, nil
}

func falcorServer(_ context.Context, w *World) (Server, error) {
	return Server{Args: []string{"node", filepath.Join(w.dir("falcor"), "server.mjs")}, Env: w.Env()}, nil
}

func falcorClient(w *World, url string) []string {
	return []string{"node", filepath.Join(w.dir("falcor"), "client.mjs"), url + "/model.json"}
}

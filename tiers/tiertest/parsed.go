package tiertest

import (
	"strings"

	"facet/graph"
)

// parsed gives the world's operations over a source of another kind, from the text of connectors on: call is what a connector
// says of each, by id.
func parsed(source string, call map[string]string, below map[string]string) (*graph.Source, map[string]*graph.Operation) {
	at := func(id, rest string) string {
		path := "$."
		if below[id] != "" {
			path += below[id] + "."
		}
		return call[id] + `, selection: "` + path + rest
	}
	sdl := `extend schema @source(name: "films", ` + source + `)
scalar JSON
type Query {
  title(id: ID!, lang: String, tags: [String!]): JSON @connect(source: "films", ` + call[Title] + `, selection: "$")
  list: [Int!] @connect(source: "films", ` + at(List, `items"`) + `, page: { total: "$.` + prefix(below[List]) + `total" })
  walk: [Int!] @connect(source: "films", ` + at(Walk, `items"`) + `, page: { next: "$.` + prefix(below[Walk]) + `next" })
}
type Mutation {
  rate(id: ID!, stars: Int!): Boolean @writes(nothing: true) @connect(source: "films", ` + at(Rate, `again"`) + `)
}
type Named { title: String lang: String }
type Title @key(fields: "id") @connect(source: "films", ` + strings.ReplaceAll(call[Titles], " lang: $args.lang", "") + `, selection: "$.titles { id lang }") {
  id: ID!
  lang: String
  named(lang: String): Named @connect(source: "films", ` + call[Titles] + `, selection: "$.titles { id named: { title lang } }")
}
`
	g, ds := graph.Parse("films.graphqls", []byte(sdl))
	if ds.Failed() {
		panic(ds.Err())
	}
	byID := map[string]*graph.Operation{}
	for _, op := range g.Operations {
		switch op.ID {
		case Titles: // the one under an argument is meant
			continue
		case Titles + ".named":
			op.ID = Titles
		}
		byID[op.ID] = op
	}
	return g.Sources[0], byID
}

func prefix(s string) string {
	if s == "" {
		return ""
	}
	return s + "."
}

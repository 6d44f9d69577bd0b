package http_test

import (
	"encoding/json"
	"io"
	nethttp "net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"facet/graph"
	"facet/tiers"
	"facet/tiers/http"
)

// Every operation of the films' graph, as graph.Parse gives it, can be made ready.
func TestFilmsGraph(t *testing.T) {
	text, err := os.ReadFile("../../examples/films/graph.graphqls")
	if err != nil {
		t.Fatal(err)
	}
	g, ds := graph.Parse("graph.graphqls", text)
	if ds.Failed() {
		t.Fatal(ds.Err())
	}
	for _, s := range g.Sources {
		set := http.Settings{Env: func(name string) (string, bool) { return "http://" + strings.ToLower(name), true }}
		if _, err := http.New(s, g.Operations, set); err != nil {
			t.Error(err)
		}
	}
}

// TestParsed sends what connectors say, from their text on.
func TestParsed(t *testing.T) {
	const sdl = `
extend schema
  @link(url: "https://specs.apollo.dev/connect/v0.4", import: ["@source", "@connect"])
  @source(name: "films", http: { baseURL: "{$env.FILMS}/api/", headers: [{ name: "X-Key", value: "{$env.KEY}" }, { name: "X-Lang", from: "Accept-Language" }] })
type Query {
  film(id: ID!): Film
  find(filter: Filter!, lang: String): [Film!]! @connect(source: "films", http: { POST: "/find?lang={$args.lang}", body: "filter: $args.filter offset: $page.offset limit: $page.limit" }, selection: "$.films { id }", page: { total: "$.total" })
}
type Mutation {
  rate(id: ID!, stars: Int!): Rated @writes(field: "Film.title", key: "$args.id") @connect(source: "films", http: { PUT: "/films/{$args.id}/rating", body: "stars: $args.stars" }, selection: "stars")
}
type Rated { stars: Int }
input Filter { text: String }
type Film @key(fields: "id") @connect(source: "films", http: { POST: "/films:batchGet", body: "ids: $batch.id" }, batch: { maxSize: 5 }, selection: "$.films { id title }") {
  id: ID!
  title: String
  mark(profile: ID!): Mark @connect(source: "films", http: { POST: "/marks", body: "profile: $args.profile films: $batch.id" }, selection: "$.marks { id: film mark: { at } }")
  art(width: Int!): Art @connect(source: "films", http: { GET: "/films/{$this.id}/art?w={$args.width}" }, selection: "url")
}
type Mark { at: Int }
type Art { url: String }
`
	g, ds := graph.Parse("films.graphqls", []byte(sdl))
	if ds.Failed() {
		t.Fatal(ds.Err())
	}
	var got string
	var header nethttp.Header
	tier, err := http.New(g.Sources[0], g.Operations, http.Settings{
		Env: env(map[string]string{"FILMS": "http://films:81", "KEY": "k"}),
		Transport: trip(func(r *nethttp.Request) {
			var body []byte
			if r.Body != nil {
				body, _ = io.ReadAll(r.Body)
				_ = r.Body.Close()
			}
			got, header = strings.TrimSpace(r.Method+" "+r.URL.Host+r.URL.RequestURI()+" "+string(body)), r.Header
		})})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		id   string
		call tiers.Call
		want string
	}{
		{"films.Film", tiers.Call{Needs: [][]json.RawMessage{raw(`"a b"`, `"c"`)}}, `POST films:81/api/films:batchGet {"ids":["a b","c"]}`},
		{"films.Film.mark", tiers.Call{Needs: [][]json.RawMessage{raw(`"a"`)}, Args: raw(`"p/1"`)}, `POST films:81/api/marks {"profile":"p/1","films":["a"]}`},
		{"films.Film.art", tiers.Call{Needs: [][]json.RawMessage{raw(`"a/b"`)}, Args: raw(`342`)}, `GET films:81/api/films/a%2Fb/art?w=342`},
		{"films.Query.find", tiers.Call{Args: raw(`null`, `{"text":"x"}`), Page: tiers.Page{Offset: 5, Limit: 10}}, `POST films:81/api/find {"filter":{"text":"x"},"offset":5,"limit":10}`},
		{"films.Mutation.rate", tiers.Call{Args: raw(`"a"`, `5`)}, `PUT films:81/api/films/a/rating {"stars":5}`},
	} {
		var op *graph.Operation
		for _, o := range g.Operations {
			if o.ID == c.id {
				op = o
			}
		}
		if op == nil {
			t.Errorf("there is no operation %s", c.id)
			continue
		}
		c.call.Operation = op
		c.call.Headers = nethttp.Header{"Accept-Language": {"de"}, "Cookie": {"secret"}}
		_, _ = tier.Call(t.Context(), &c.call)
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s (takes %v, %v): %s", c.id, op.Args, op.Needs, d)
		}
		if header.Get("X-Key") != "k" || header.Get("X-Lang") != "de" || header.Get("Cookie") != "" {
			t.Errorf("%s: headers %v", c.id, header)
		}
	}
}

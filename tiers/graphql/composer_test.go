package graphql_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"facet/asker"
	"facet/composer"
	"facet/graph"
	"facet/tiers"
	"facet/tiers/graphql"
	"facet/tiers/grpc"
	"facet/tiers/guard"
	"facet/tiers/tiertest"
	"facet/view"
	vt "facet/view/viewtest"
)

const both = `extend schema
  @source(name: "reviews", graphql: { url: "{$env.REVIEWS}" })
  @source(name: "films", grpc: { address: "{$env.FILMS}" })
type Query { all: [Film!]! @connect(source: "reviews", graphql: { query: "{ all { id secret } }" }, selection: "$.all { id }") }
type Film @key(fields: "id")
  @connect(source: "reviews", graphql: { query: "query($ids: [ID!]!) { films(ids: $ids) { id score blurb } }", variables: "ids: $batch.id" }, selection: "$.films { id score blurb }") {
  id: ID!
  score: Float
  blurb: String
  named: Named @connect(source: "films", grpc: { method: "films.v1.Films/Titles", message: "ids: $batch.id" }, selection: "$.titles { id named: { title } }")
}
type Named { title: String }
`

// TestAnswered answers a view from both kinds: only what the view shows is asked, one row that fails costs itself.
func TestAnswered(t *testing.T) {
	g, ds := graph.Parse("g", []byte(both))
	if ds.Failed() {
		t.Fatal(ds)
	}
	service, err := (&tiertest.Handler{World: &tiertest.World{}}).Service(true)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = service.Serve(l) }()
	t.Cleanup(service.Stop)
	asked := make(chan string, 10)
	reviews := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		asked <- string(b)
		w.Header().Set("Content-Type", "application/graphql-response+json")
		if strings.Contains(string(b), "all") {
			fmt.Fprint(w, `{"data":{"all":[{"id":"a"},{"id":"b"},{"id":"c"},{"id":"d"}]}}`)
			return
		}
		fmt.Fprint(w, `{"data":{"films":[{"id":"a","score":1.5},null,{"id":"c","score":null},null]},
			"errors":[{"message":"x","path":["films",1]},{"message":"x","path":["films",2,"score"]},{"message":"x","path":["films",3],"extensions":{"code":"NOT_FOUND"}}]}`)
	}))
	t.Cleanup(reviews.Close)
	places := env(map[string]string{"REVIEWS": reviews.URL, "FILMS": l.Addr().String()})
	one, err := graphql.New(g.Sources[0], g.Operations, graphql.Settings{Env: places})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(one.Close)
	other, err := grpc.New(g.Sources[1], g.Operations, grpc.Settings{Env: places})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(other.Close)

	r := &vt.Recorder{}
	list := r.Query("all", "[Film!]!")
	it := r.Item(list, "Film!")
	named := r.Field(it, "named", "Named")
	out := vt.Tree("V", view.None, true, vt.Field("list", vt.Many(list, it, false, true, vt.Tree("VList", it, true,
		vt.Field("id", vt.Leaf(r.Field(it, "id", "ID!"), "ID!")), vt.Field("score", vt.Leaf(r.Field(it, "score", "Float"), "Float")),
		vt.Field("title", vt.Leaf(r.Field(named, "title", "String"), "String"))))))
	s, ds := view.NewSurface("tv", "v1", &view.Build{Format: view.Format, Package: "@tv/v", Version: "1.0.0", Devices: []string{"tv"}, Schema: "v1", Graph: g.Digest,
		Views: []*view.View{{Name: "v", Scope: r.Scope, Output: out}}})
	if ds.Failed() {
		t.Fatal(ds)
	}
	before := guard.New(guard.Config{})
	e, err := composer.NewEngine(composer.Config{Graph: g, Surface: s, Tiers: map[string]tiers.Tier{"reviews": before.Wrap(one), "films": before.Wrap(other)}})
	if err != nil {
		t.Fatal(err)
	}
	node := func(name string, sub ...*composer.Node) *composer.Node {
		return &composer.Node{Key: name, Name: name, Sub: sub, Window: -1}
	}
	sel := &composer.Selection{Roots: []*composer.Root{{Kind: composer.RootView, Key: "v", Name: "v", Window: -1,
		Sub: []*composer.Node{node("list", node("id"), node("score"), node("title"))}}}}
	for p := range e.Answer(context.Background(), &composer.Request{Selection: sel, Asker: &asker.Asker{}}) {
		want := `{"v":{"list":[{"id":"a","score":1.5,"title":"title of a"},{"id":"b","score":null,"title":"title of b"},{"id":"c","score":null,"title":"title of c"},{"id":"d","score":null,"title":"title of d"}]}}`
		if d := cmp.Diff(want, string(p.Data)); d != "" {
			t.Error(d)
		}
		var errs []string
		for _, e := range p.Errors {
			errs = append(errs, fmt.Sprint(e.Kind, " ", e.Path))
		}
		if d := cmp.Diff([]string{"bad_answer [v list 1 score]", "bad_answer [v list 2 score]"}, errs); d != "" {
			t.Error(d)
		}
	}
	close(asked)
	var queries []string
	for q := range asked {
		var body struct{ Query string }
		_ = json.Unmarshal([]byte(q), &body)
		queries = append(queries, body.Query)
	}
	slices.Sort(queries)
	if d := cmp.Diff([]string{"query($ids:[ID!]!){films(ids:$ids){id score}}", "query{all{id}}"}, queries); d != "" {
		t.Error(d)
	}
}

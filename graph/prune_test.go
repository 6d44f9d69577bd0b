package graph

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

func goodKinds(t *testing.T) map[string]*Operation {
	t.Helper()
	text, err := os.ReadFile("testdata/good_kinds.txtar")
	if err != nil {
		t.Fatal(err)
	}
	g, ds := Parse("graph.graphqls", txtar.Parse(text).Files[0].Data)
	if ds.Failed() {
		t.Fatal(ds)
	}
	ops := map[string]*Operation{}
	for _, op := range g.Operations {
		ops[op.ID] = op
	}
	return ops
}

func TestPrune(t *testing.T) {
	const critics = `critics(first:$n,offset:$from,where:{kind:$kind,tags:["a\"b\u2028",ETE],score:{min:1.5,max:null}})`
	head := `query Critics($film:ID!,$n:Int=20,$from:Int,$kind:Kind,$deep:Boolean!){film(id:$film) @include(if:$deep){` + critics
	for _, c := range []struct{ op, fields, want string }{
		{"reviews.Title", "", `query($ids:[ID!]!){films(ids:$ids){id score details}}`},
		{"reviews.Title", "id score", `query($ids:[ID!]!){films(ids:$ids){id score}}`},
		{"reviews.Title", "year", `query($ids:[ID!]!){films(ids:$ids){id details}}`},
		{"reviews.Query.critics", "", head + `{total list{... on Critic{__typename id name{full}} since:joined(format:ISO) ... on Star{stars}}}}}`},
		{"reviews.Query.critics", "id", head + `{total list{... on Critic{__typename id}}}}}`},
		{"reviews.Query.critics", "stars", head + `{total list{... on Critic{__typename} ... on Star{stars}}}}}`},
		{"reviews.Mutation.rate", "stars", `mutation($id:ID!,$stars:Int!){rate(film:$id,stars:$stars){stars} log}`},
		{"reviews.Mutation.rate", "nothing", `mutation($id:ID!,$stars:Int!){rate(film:$id,stars:$stars){__typename} log}`},
	} {
		op := goodKinds(t)[c.op]
		whole := op.GraphQL.Query.String()
		if d := cmp.Diff(c.want, op.Prune(strings.Fields(c.fields)).String()); d != "" {
			t.Errorf("%s for %q: %s", c.op, c.fields, d)
		}
		if got := op.GraphQL.Query.String(); got != whole {
			t.Errorf("pruning changed the query to %s", got)
		}
	}
}

func TestPruneDropsVariables(t *testing.T) {
	g, ds := Parse("g", []byte(`extend schema @source(name: "s", graphql: { url: "x" })
type Query { film(id: ID!, w: Int): Film @connect(source: "s", graphql: {
  query: "query($id: ID!, $w: Int, $on: Boolean!) { film(id: $id) { title art(w: $w) { url } more @include(if: $on) { list { x } } } }"
  variables: "id: $args.id w: $args.w on: true" }, selection: "$.film { title art { url } more: more.list { x } }") }
type Film { title: String art: Art more: [More] }
type Art { url: String }
type More { x: Int }`))
	if ds.Failed() {
		t.Fatal(ds)
	}
	op := g.Operations[0]
	for fields, want := range map[string]string{
		"title":                `query($id:ID!){film(id:$id){title}}`,
		"art.url":              `query($id:ID!,$w:Int){film(id:$id){art(w:$w){url}}}`,
		"more":                 `query($id:ID!,$on:Boolean!){film(id:$id){more @include(if:$on){list{__typename}}}}`,
		"more.x titles":        `query($id:ID!,$on:Boolean!){film(id:$id){more @include(if:$on){list{x}}}}`,
		"art.url more.x title": `query($id:ID!,$w:Int,$on:Boolean!){film(id:$id){title art(w:$w){url} more @include(if:$on){list{x}}}}`,
	} {
		if d := cmp.Diff(want, op.Prune(strings.Fields(fields)).String()); d != "" {
			t.Errorf("%q: %s", fields, d)
		}
	}
}

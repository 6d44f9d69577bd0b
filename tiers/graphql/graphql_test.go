package graphql_test

import (
	"net/http/httptest"
	"testing"

	"facet/graph"
	"facet/tiers/graphql"
	"facet/tiers/tiertest"
)

func env(m map[string]string) func(string) (string, bool) {
	return func(n string) (string, bool) { v, ok := m[n]; return v, ok }
}

func operations(m map[string]*graph.Operation) (ops []*graph.Operation) {
	for _, op := range m {
		ops = append(ops, op)
	}
	return ops
}

func TestConformance(t *testing.T) {
	tiertest.Run(t, func(t *testing.T) *tiertest.Subject {
		h := &tiertest.Handler{World: &tiertest.World{}}
		srv := httptest.NewServer(h.GraphQLServer())
		t.Cleanup(srv.Close)
		src, ops, below := tiertest.GraphQL()
		tier, err := graphql.New(src, operations(ops), graphql.Settings{MaxBody: tiertest.Large,
			Env: env(map[string]string{"FILMS_URL": srv.URL, "FILMS_SECRET": "s3"})})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(tier.Close)
		return &tiertest.Subject{Tier: tier, Operations: ops, Break: h.Break, Slow: h.Slow, Below: below}
	})
}

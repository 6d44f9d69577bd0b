package grpc_test

import (
	"net"
	"testing"

	ggrpc "google.golang.org/grpc"

	"facet/graph"
	"facet/tiers/grpc"
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

// serve serves at a free port until the test is over.
func serve(t testing.TB, s *ggrpc.Server) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(s.Stop)
	return l.Addr().String()
}

func TestConformance(t *testing.T) {
	tiertest.Run(t, func(t *testing.T) *tiertest.Subject {
		h := &tiertest.Handler{World: &tiertest.World{}}
		s, err := h.Service(true)
		if err != nil {
			t.Fatal(err)
		}
		src, ops := tiertest.GRPC("")
		tier, err := grpc.New(src, operations(ops), grpc.Settings{MaxBody: tiertest.Large,
			Env: env(map[string]string{"FILMS_ADDRESS": serve(t, s), "FILMS_SECRET": "s3"})})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(tier.Close)
		return &tiertest.Subject{Tier: tier, Operations: ops, Break: h.Break, Slow: h.Slow}
	})
}

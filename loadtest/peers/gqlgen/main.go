// Command peer-gqlgen serves the contest page by gqlgen and dataloader/v7, put together as their documentation shows.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/vektah/gqlparser/v2/ast"

	"peer-gqlgen/graph"
	"peer-gqlgen/loaders"
	"peer-gqlgen/tiers"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "peer-gqlgen:", err)
		os.Exit(1)
	}
}

func run() error {
	backs := tiers.New()
	srv := handler.New(graph.NewExecutableSchema(graph.Config{Resolvers: &graph.Resolver{Tiers: backs}}))
	srv.AddTransport(transport.POST{})
	srv.SetQueryCache(lru.New[*ast.QueryDocument](1000))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/query", loaders.Middleware(backs, srv))
	fmt.Printf("URL=http://%s\nready\n", l.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // an error is an end too
		os.Exit(0)
	}()
	return (&http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}).Serve(l)
}

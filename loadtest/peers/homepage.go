package peers

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"

	"facet/examples/films"
	"facet/loadtest/peers/home"
)

// homeQuery is the TV home as a client shows it: 26 rows with 417 films on them, each with two computed fields, and 26 series.
const homeQuery = `{home{name recent rows(first:26){name items{__typename ... on Card{id title art badge score position progress{minutesLeft state}} ... on SeriesCard{id title seasons}}}}}`

func homePage() Page {
	return Page{
		Name: "home", About: "the TV home of the films world: HTTP, gRPC and GraphQL tiers, bookmarks in SQLite, 834 computed values", Tiers: "home-tiers", Late: true,
		Peers: []Peer{
			{Name: "edge", About: "the edge, asked over GraphQL", Needs: []Step{build(".", "./cmd/edge", "edge")}, Serve: filmsEdge, Ask: query("/tv/v2/graphql", homeQuery), Read: graphql},
			{Name: "encoding/json", About: "a handler in Go that computes the same: structs, encoding/json, generated gRPC code", Serve: own("home-byhand"), Ask: Request{Path: "/"}, Read: graphql, Bar: 0.6},
		},
	}
}

// filmsEdge is `edge dev` over the TV's package and the module that it imports, alone: the tiers run already.
func filmsEdge(_ context.Context, w *World) (Server, error) {
	dir := filepath.Join(w.Temp, "films")
	for _, name := range []string{"tv-home", "originals-rows"} {
		sub, err := fs.Sub(films.Packages(), name)
		if err != nil {
			return Server{}, err
		}
		if err := os.CopyFS(filepath.Join(dir, "packages", name), sub); err != nil {
			return Server{}, err
		}
	}
	files := map[string][]byte{"graph.graphqls": films.Graph(), "edge.json": []byte(`{"viewer": {"id": "demo", "profile": "demo"}}`)}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return Server{}, err
		}
	}
	return edgeOver(w, dir), nil
}

// homeTiers are the films world's tiers.
func homeTiers(ctx context.Context) error {
	d := &door{}
	all := films.Tiers()
	for i, t := range all {
		all[i].Open = func(o films.Options) (films.Backend, error) {
			b, err := t.Open(o)
			if err != nil {
				return nil, err
			}
			return counted{b, d.wrap(b)}, nil
		}
	}
	world, err := films.Start("127.0.0.1:0", films.Options{}, all...)
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), departure)
		defer cancel()
		_ = world.Stop(ctx) // the process ends
	}()
	for _, t := range world.Tiers {
		if _, err := fmt.Printf("%s=%s\n", t.Env, t.URL()); err != nil {
			return err
		}
	}
	if err := announce("CONTROL_URL", d); err != nil {
		return err
	}
	return ready(ctx)
}

// counted is a tier behind the door.
type counted struct {
	films.Backend
	http.Handler
}

// ServeHTTP goes through the door.
func (c counted) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.Handler.ServeHTTP(w, r) }

// homeByHand is the TV home by hand.
func homeByHand(ctx context.Context) error {
	addresses := map[string]string{}
	for _, t := range films.Tiers() {
		addresses[t.Env] = os.Getenv(t.Env)
	}
	h, err := home.New(addresses)
	if err != nil {
		return err
	}
	if err := announce("URL", h); err != nil {
		return errors.Join(err, h.Close())
	}
	return errors.Join(ready(ctx), h.Close())
}

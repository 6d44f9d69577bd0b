// Package reviews is the tier that judges: scores and short quotes over GraphQL, all of them facts of package data put into words.
package reviews

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"time"

	"github.com/graph-gophers/graphql-go"
	"github.com/graph-gophers/graphql-go/errors"

	"facet/examples/films/data"
	"facet/examples/films/tiers/wire"
)

//go:embed reviews.graphqls
var sdl string

// The limits of a query.
const (
	mostDepth  = 8
	mostLength = 16 << 10 // bytes
	patience   = 5 * time.Second
)

// Handler serves the tier:
//
//	POST /graphql {"query", "variables", "operationName"}  -> {"data"} or {"errors"}, after reviews.graphqls
//	GET  /schema.graphqls                                  -> the SDL
//
// It is an ordinary GraphQL server: it introspects, validates, and answers what is asked for only.
func Handler(l *data.Library) http.Handler {
	schema := graphql.MustParseSchema(sdl, &query{l}, graphql.UseFieldResolvers(), graphql.MaxDepth(mostDepth), graphql.MaxQueryLength(mostLength))
	return wire.Mux(map[string]http.HandlerFunc{
		"POST /graphql": func(w http.ResponseWriter, r *http.Request) {
			var in struct {
				Query         string         `json:"query"`
				OperationName string         `json:"operationName"`
				Variables     map[string]any `json:"variables"`
			}
			if !wire.Read(w, r, &in) {
				return
			}
			ctx, cancel := context.WithTimeout(r.Context(), patience)
			defer cancel()
			wire.Write(w, schema.Exec(ctx, in.Query, in.OperationName, in.Variables))
		},
		"GET /schema.graphqls": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			fmt.Fprint(w, sdl)
		},
	})
}

type query struct{ films *data.Library }

// Films is Query.films.
func (q *query) Films(in struct{ IDs []graphql.ID }) ([]*film, error) {
	ids := make([]string, len(in.IDs))
	for i, id := range in.IDs {
		ids[i] = string(id)
	}
	if err := wire.CheckBatch("ids", ids); err != nil {
		return nil, refused(err)
	}
	out := make([]*film, 0, len(ids))
	for _, id := range ids {
		if t := q.films.Title(id); t != nil {
			out = append(out, &film{t})
		}
	}
	return out, nil
}

// Film is Query.film.
func (q *query) Film(in struct{ ID graphql.ID }) *film {
	if t := q.films.Title(string(in.ID)); t != nil {
		return &film{t}
	}
	return nil
}

func refused(err error) error {
	return &errors.QueryError{Message: err.Error(), Extensions: map[string]any{"code": "BAD_USER_INPUT"}}
}

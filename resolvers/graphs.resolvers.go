package resolvers

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"facet/control"
	"facet/resolvers/internal/model"
)

func (r *mutationRoot) PublishGraph(ctx context.Context, file *graphql.Upload, sdl *string, version string) (*model.PublishGraphPayload, error) {
	if err := may(ctx, graphing, ""); err != nil {
		return nil, err
	}
	return r.publishGraph(ctx, file, sdl, version)
}

func (r *queryRoot) Graphs(ctx context.Context) ([]control.GraphVersion, error) {
	return r.control.Graphs(ctx)
}

func (r *queryRoot) Graph(ctx context.Context, version string) (*model.GraphText, error) {
	return r.graph(ctx, version)
}

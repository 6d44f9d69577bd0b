package resolvers

import (
	"context"

	"facet/control"
	"facet/resolvers/internal/model"
)

func (r *queryRoot) Environments(ctx context.Context) ([]model.Environment, error) {
	return r.environments(ctx)
}

func (r *queryRoot) Status(ctx context.Context, env string) (*control.Status, error) {
	return r.control.Status(ctx, env)
}

func (r *subscriptionRoot) Status(ctx context.Context, env string) (<-chan *control.Status, error) {
	return r.watch(ctx, env)
}

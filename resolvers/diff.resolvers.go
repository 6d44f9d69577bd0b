package resolvers

import (
	"context"

	"facet/control"
)

func (r *queryRoot) Diff(ctx context.Context, env string, from string, to string) (*control.Diff, error) {
	if from == "" {
		from = to + "~1"
	}
	return r.control.Diff(ctx, env, from, to)
}

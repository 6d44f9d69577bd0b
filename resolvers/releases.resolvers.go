package resolvers

import (
	"context"

	"facet/control"
	"facet/fault"
	"facet/resolvers/internal/exec"
	"facet/resolvers/internal/model"
)

func (r *failureRoot) Diagnostics(ctx context.Context, obj *control.Failure) ([]fault.Diagnostic, error) {
	return obj.Diagnostics, nil
}

func (r *mutationRoot) Release(ctx context.Context, input model.ReleaseInput) (*model.ReleasePayload, error) {
	req, err := r.request(ctx, input)
	if err != nil {
		return nil, err
	}
	return released(r.control.Release(ctx, req))
}

func (r *mutationRoot) Rollback(ctx context.Context, input model.RollbackInput) (*model.ReleasePayload, error) {
	req, err := r.request(ctx, model.ReleaseInput{Env: input.Env, Regions: input.Regions, Why: input.Why, Author: input.Author, IfRevision: input.IfRevision})
	if err != nil {
		return nil, err
	}
	return released(r.control.Rollback(ctx, req, input.To))
}

func (r *queryRoot) Releases(ctx context.Context, env string, from string, first int) ([]control.Entry, error) {
	if err := page(first); err != nil {
		return nil, err
	}
	return r.control.Releases(ctx, env, from, first)
}

func (r *queryRoot) Release(ctx context.Context, env string, ref string) (*control.Entry, error) {
	return only(r.control.Releases(ctx, env, ref, 1))
}

func (r *queryRoot) Contents(ctx context.Context, env string, ref string) (*model.Contents, error) {
	return r.contents(ctx, env, ref)
}

func (r *root) Failure() exec.FailureResolver { return &failureRoot{r} }

type failureRoot struct{ *root }

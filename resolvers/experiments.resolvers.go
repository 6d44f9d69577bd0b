package resolvers

import (
	"context"

	"facet/release"
	"facet/resolvers/internal/model"
)

func (r *mutationRoot) SetExperiment(ctx context.Context, input model.SetExperimentInput) (*model.ReleasePayload, error) {
	req, err := r.request(ctx, model.ReleaseInput{Env: input.Env, Regions: input.Regions, Why: input.Why, Author: input.Author, IfRevision: input.IfRevision, DryRun: input.DryRun})
	if err != nil {
		return nil, err
	}
	return released(r.control.SetExperiment(ctx, req, release.Experiment{
		Name: input.Name, Salt: input.Salt, Arms: input.Arms, Unit: input.Unit, Field: input.Field, Default: input.Default}))
}

func (r *mutationRoot) EndExperiment(ctx context.Context, input model.EndExperimentInput) (*model.ReleasePayload, error) {
	req, err := r.request(ctx, model.ReleaseInput{Env: input.Env, Regions: input.Regions, Why: input.Why, Author: input.Author, IfRevision: input.IfRevision, DryRun: input.DryRun})
	if err != nil {
		return nil, err
	}
	return released(r.control.EndExperiment(ctx, req, input.Name))
}

func (r *queryRoot) Experiments(ctx context.Context, env string, ref string) ([]release.Experiment, error) {
	return r.control.Experiments(ctx, env, ref)
}

package resolvers

import (
	"context"

	"facet/control"
	"facet/fault"
	"facet/resolvers/internal/exec"
	"facet/resolvers/internal/model"
)

func (r *depsRoot) Diagnostics(ctx context.Context, obj *control.Deps) ([]fault.Diagnostic, error) {
	return obj.Diagnostics, nil
}

func (r *mutationRoot) Yank(ctx context.Context, packageArg string, versions string, why string) (*model.Package, error) {
	if err := may(ctx, publishing, packageArg); err != nil {
		return nil, err
	}
	return model.Known(r.control.Yank(ctx, packageArg, versions, why))
}

func (r *mutationRoot) Unpublish(ctx context.Context, packageArg string, version string) (*model.Package, error) {
	if err := may(ctx, publishing, packageArg); err != nil {
		return nil, err
	}
	return model.Known(r.control.Unpublish(ctx, packageArg, version))
}

func (r *queryRoot) Deps(ctx context.Context, env string, subject string) (*control.Deps, error) {
	return r.control.Deps(ctx, env, subject)
}

func (r *root) Deps() exec.DepsResolver { return &depsRoot{r} }

type depsRoot struct{ *root }

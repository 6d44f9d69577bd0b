package resolvers

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"facet/control"
	"facet/fault"
	"facet/resolvers/internal/exec"
	"facet/resolvers/internal/model"
)

func (r *mutationRoot) Publish(ctx context.Context, tarball graphql.Upload, tag string, suffix string, env string, graph string) (*model.PublishPayload, error) {
	return r.publish(ctx, tarball, control.Publication{Tag: tag, Suffix: suffix, Against: &control.Against{Env: env, Graph: graph}})
}

func (r *mutationRoot) SetTag(ctx context.Context, packageArg string, tag string, version string) (*model.Package, error) {
	if err := may(ctx, publishing, packageArg); err != nil {
		return nil, err
	}
	return model.Known(r.control.SetTag(ctx, packageArg, tag, version))
}

func (r *mutationRoot) RemoveTag(ctx context.Context, packageArg string, tag string) (*model.Package, error) {
	if err := may(ctx, publishing, packageArg); err != nil {
		return nil, err
	}
	return model.Known(r.control.RemoveTag(ctx, packageArg, tag))
}

func (r *mutationRoot) Deprecate(ctx context.Context, packageArg string, versions string, message string) (*model.Package, error) {
	if err := may(ctx, publishing, packageArg); err != nil {
		return nil, err
	}
	return model.Known(r.control.Deprecate(ctx, packageArg, versions, message))
}

func (r *packageRoot) Tags(ctx context.Context, obj *model.Package) ([]model.Tag, error) {
	return tags(obj.Index(ctx))
}

func (r *packageRoot) Versions(ctx context.Context, obj *model.Package, first int) ([]model.Version, error) {
	return versions(ctx, obj, first)
}

func (r *queryRoot) Packages(ctx context.Context, after string, first int) ([]model.Package, error) {
	return r.packages(ctx, after, first)
}

func (r *queryRoot) Package(ctx context.Context, name string) (*model.Package, error) {
	return model.Known(r.control.Index(ctx, name))
}

func (r *queryRoot) Resolve(ctx context.Context, env string, packageArg string) (*control.Resolution, error) {
	return r.control.Resolve(ctx, env, packageArg)
}

func (r *resolutionRoot) Diagnostics(ctx context.Context, obj *control.Resolution) ([]fault.Diagnostic, error) {
	return obj.Diagnostics, nil
}

func (r *root) Package() exec.PackageResolver { return &packageRoot{r} }

func (r *root) Resolution() exec.ResolutionResolver { return &resolutionRoot{r} }

type (
	packageRoot    struct{ *root }
	resolutionRoot struct{ *root }
)

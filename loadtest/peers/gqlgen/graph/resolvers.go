// Package graph resolves the contest's graph: what gqlgen generates, and the resolvers that it asks for.
package graph

import (
	"context"
	"errors"

	"peer-gqlgen/loaders"
	"peer-gqlgen/model"
	"peer-gqlgen/tiers"
)

// A Resolver is the root of all.
type Resolver struct{ Tiers *tiers.Tiers }

type (
	query   struct{ *Resolver }
	profile struct{ *Resolver }
	row     struct{ *Resolver }
	title   struct{ *Resolver }
)

// Query resolves Query's fields.
func (r *Resolver) Query() QueryResolver { return query{r} }

// Profile resolves what calls are needed for.
func (r *Resolver) Profile() ProfileResolver { return profile{r} }

// Row resolves a row's titles.
func (r *Resolver) Row() RowResolver { return row{r} }

// Title resolves what other tiers know of a title.
func (r *Resolver) Title() TitleResolver { return title{r} }

func (q query) Profile(ctx context.Context, id string) (*model.Profile, error) {
	return q.Tiers.Profile(ctx, id)
}

func (profile) RecentSearches(_ context.Context, p *model.Profile, first *int) ([]string, error) {
	return cut(p.Searches, first), nil
}

func (r profile) Rows(ctx context.Context, p *model.Profile) ([]*model.Row, error) {
	return r.Tiers.Rows(ctx, p.ID)
}

func (row) Items(ctx context.Context, r *model.Row, first *int) ([]*model.Title, error) {
	titles, errs := loaders.For(ctx).Titles.LoadMany(ctx, cut(r.IDs, first))()
	return titles, errors.Join(errs...)
}

func (title) Art(ctx context.Context, t *model.Title) (string, error) {
	return loaders.For(ctx).Artwork.Load(ctx, t.ID)()
}

func (title) At(ctx context.Context, t *model.Title) (*int, error) {
	return loaders.For(ctx).Bookmarks.Load(ctx, t.ID)()
}

func cut(list []string, first *int) []string {
	if first == nil {
		return list
	}
	return list[:max(0, min(*first, len(list)))]
}

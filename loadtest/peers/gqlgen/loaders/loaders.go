// Package loaders has one dataloader for each tier that answers batches, made anew for each request.
package loaders

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/graph-gophers/dataloader/v7"

	"peer-gqlgen/model"
	"peer-gqlgen/tiers"
)

// wait is how long a batch is open, as gqlgen's documentation has it; the library's own default is 16 ms.
const wait = time.Millisecond

// Loaders are those of one request.
type Loaders struct {
	Titles    *dataloader.Loader[string, *model.Title]
	Artwork   *dataloader.Loader[string, string]
	Bookmarks *dataloader.Loader[string, *int]
}

type key struct{}

// Middleware gives each request its loaders.
func Middleware(t *tiers.Tiers, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l := &Loaders{
			Titles:    dataloader.NewBatchedLoader(batch(t.Titles), dataloader.WithWait[string, *model.Title](wait)),
			Artwork:   dataloader.NewBatchedLoader(batch(t.Artwork), dataloader.WithWait[string, string](wait)),
			Bookmarks: dataloader.NewBatchedLoader(batch(t.Bookmarks), dataloader.WithWait[string, *int](wait)),
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), key{}, l)))
	})
}

// For are the loaders of a request.
func For(ctx context.Context) *Loaders { return ctx.Value(key{}).(*Loaders) }

// batch makes a batch function of one that gives what it finds by id. A bookmark may be missing; what else is missing has no title.
func batch[V any](get func(context.Context, []string) (map[string]V, error)) dataloader.BatchFunc[string, V] {
	return func(ctx context.Context, ids []string) []*dataloader.Result[V] {
		out := make([]*dataloader.Result[V], len(ids))
		found, err := get(ctx, ids)
		for i, id := range ids {
			if err != nil {
				out[i] = &dataloader.Result[V]{Error: fmt.Errorf("%s: %w", id, err)}
			} else {
				out[i] = &dataloader.Result[V]{Data: found[id]}
			}
		}
		return out
	}
}

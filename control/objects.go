package control

import (
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"time"

	"golang.org/x/sync/errgroup"

	"facet/fault"
	"facet/storage"
)

// A patient store reads again when the store does not answer or asks for it:
// a request of many reads should not fail for one of them. Writes are repeated by what makes them.
type patient struct{ storage.Store }

const readTries = 5

func (p patient) Get(ctx context.Context, key string, opts storage.GetOptions) (storage.Object, error) {
	return tries(ctx, func() (storage.Object, error) { return p.Store.Get(ctx, key, opts) })
}

func (p patient) Head(ctx context.Context, key string) (storage.Info, error) {
	return tries(ctx, func() (storage.Info, error) { return p.Store.Head(ctx, key) })
}

// List starts again as long as it has yielded nothing.
func (p patient) List(ctx context.Context, prefix string) iter.Seq2[storage.Info, error] {
	return func(yield func(storage.Info, error) bool) {
		_, err := tries(ctx, func() (struct{}, error) {
			begun := false
			for info, err := range p.Store.List(ctx, prefix) {
				if err != nil && !begun {
					return struct{}{}, err
				}
				begun = true
				if !yield(info, err) {
					break
				}
			}
			return struct{}{}, nil
		})
		if err != nil {
			yield(storage.Info{}, err)
		}
	}
}

// tries calls f until it answers, at most readTries times, with random pauses of 20, 40, 80 and 160 ms at most.
func tries[T any](ctx context.Context, f func() (T, error)) (T, error) {
	for try := 1; ; try++ {
		v, err := f()
		k := fault.KindOf(err)
		if k != fault.Unavailable && k != fault.Timeout && !errors.Is(err, storage.ErrRetry) || try == readTries || ctx.Err() != nil {
			return v, err
		}
		t := time.NewTimer(rand.N(10 * time.Millisecond << try))
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return v, err
		}
	}
}

func (c *Control) objects() storage.Store { return patient{c.Store} }

// readers is how many objects are read at a time.
const readers = 32

// each calls f for every item, some at a time; its error is the first.
func each[T any](ctx context.Context, atOnce int, items []T, f func(ctx context.Context, i int, item T) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i, item := range items {
		group.Go(func() error { return f(ctx, i, item) })
	}
	return group.Wait()
}

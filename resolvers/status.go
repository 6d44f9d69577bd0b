package resolvers

import (
	"context"
	"reflect"
	"slices"
	"time"

	"facet/control"
	"facet/fault"
	"facet/resolvers/internal/model"
)

func (r *root) environments(ctx context.Context) ([]model.Environment, error) {
	names, err := r.control.Environments(ctx)
	if err != nil {
		return nil, err
	}
	var out []model.Environment
	for _, name := range names {
		regions, err := r.control.Regions(ctx, name)
		if err != nil {
			return nil, err
		}
		out = append(out, model.Environment{Name: name, Regions: regions})
	}
	return out, nil
}

// watch is a stream of an environment's status: at once, then whenever it is another. It ends with the asker, or when the API does.
func (r *root) watch(ctx context.Context, env string) (<-chan *control.Status, error) {
	now, err := r.control.Status(ctx, env)
	if err != nil {
		return nil, err
	}
	out := make(chan *control.Status)
	go func() {
		defer close(out)
		tick := time.NewTicker(r.every)
		defer tick.Stop()
		for {
			select {
			case out <- now:
			case <-ctx.Done():
				return
			case <-r.ending.Done():
				return
			}
			for before := now; ; {
				select {
				case <-tick.C:
				case <-ctx.Done():
					return
				case <-r.ending.Done():
					return
				}
				if now, err = r.control.Status(ctx, env); err == nil && !same(before, now) {
					break
				} else if fault.KindOf(err) == fault.NotFound {
					return
				}
			}
		}
	}()
	return out, nil
}

// same compares two looks without the times that each heartbeat brings.
func same(a, b *control.Status) bool { return reflect.DeepEqual(still(a), still(b)) }

func still(s *control.Status) control.Status {
	out := control.Status{Env: s.Env, Regions: slices.Clone(s.Regions)}
	for i := range out.Regions {
		instances := slices.Clone(out.Regions[i].Instances)
		for j := range instances {
			instances[j].Seen, instances[j].Looked = time.Time{}, time.Time{}
		}
		out.Regions[i].Instances = instances
	}
	return out
}

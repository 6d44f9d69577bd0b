package scripts

import "facet/view"

// invalidations derives what each mutation makes stale in its own package.
func (r *recorder) invalidations(b *view.Build) {
	for _, m := range b.Mutations {
		view.NameWrites(r.graph, m)
		m.Invalidates = view.Invalidations(r.graph, m, b)
	}
}

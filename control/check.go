package control

import (
	"context"
	"slices"

	"facet/fault"
	"facet/graph"
	"facet/release"
	"facet/view"
)

// An altered route mounts something else in the second release than in the first.
type altered struct {
	device, schema string
	before, after  release.Route // without mounts: the route is not there
	fresh          bool          // the first release does not have it
	mover          string        // the package that moves, if it is known

	wrong   fault.Diagnostics      // what does not fit together
	changes []view.Change          // what apps see; nil for a fresh one
	was, is map[string]*view.Build // of the stable tracks, by package
	owners  map[string]string      // of what changed: the package that had it, by the path's first name
}

func (a *altered) name() string { return a.device + "/" + a.schema }

// alteredRoutes are the routes that differ between two releases.
func alteredRoutes(from, to *release.Release) []*altered {
	var out []*altered
	byName := map[string]*altered{}
	for _, m := range release.Moves(from, to) {
		if byName[m.Route()] != nil {
			continue
		}
		a := &altered{device: m.Device, schema: m.Schema}
		var had bool
		a.before, had = from.Route(m.Device, m.Schema)
		a.after, _ = to.Route(m.Device, m.Schema)
		a.fresh = !had
		byName[m.Route()] = a
		out = append(out, a)
	}
	return out
}

// stable are the builds of a route's stable tracks, in mount order, without some packages.
func stable(r release.Route, without map[release.Place]bool) []string {
	var out []string
	for _, m := range r.Mounts {
		if t, ok := m.Track(release.Stable); ok && !without[release.Place{Device: r.Device, Schema: r.Schema, Package: m.Package}] {
			out = append(out, t.Build)
		}
	}
	return out
}

// everyTrack adds the builds of all tracks of a route.
func everyTrack(into map[string]bool, r release.Route) {
	for _, m := range r.Mounts {
		for _, t := range m.Tracks {
			into[t.Build] = true
		}
	}
}

// inspect looks at every route that differs between two releases: whether its mounts fit together
// now, and what apps see differently. What retired lists is as if it had not been there before.
func (c *Control) inspect(ctx context.Context, from, to *release.Release, retired map[release.Place]bool) ([]*altered, error) {
	routes := alteredRoutes(from, to)
	times, shared := map[string]int{}, map[string]bool{}
	for _, a := range routes {
		here := map[string]bool{}
		everyTrack(here, a.after)
		for _, d := range stable(a.before, retired) {
			here[d] = true
		}
		for d := range here {
			if times[d]++; times[d] > 1 {
				shared[d] = true
			}
		}
	}
	// What one route alone has is read when its turn comes: a release may alter thousands.
	builds, err := c.builds(ctx, shared)
	if err != nil {
		return nil, err
	}
	return routes, each(ctx, readers, routes, func(ctx context.Context, _ int, a *altered) error {
		pick := c.picker(builds)
		for _, set := range picks(a.after) {
			picked, err := pick(ctx, set)
			if err != nil {
				return err
			}
			ds, err := c.fits(ctx, to, a, picked)
			if err != nil {
				return err
			}
			a.wrong = append(a.wrong, ds...)
		}
		if a.fresh || a.wrong.Failed() {
			return nil
		}
		before, err := pick(ctx, stable(a.before, retired))
		if err != nil {
			return err
		}
		after, err := pick(ctx, stable(a.after, nil))
		if err != nil {
			return err
		}
		a.compare(before, after)
		return nil
	})
}

// picker gives builds by their digests: of those that are there, or read once.
func (c *Control) picker(there map[string]*view.Build) func(ctx context.Context, digests []string) ([]*view.Build, error) {
	own := map[string]*view.Build{}
	return func(ctx context.Context, digests []string) ([]*view.Build, error) {
		for _, d := range digests {
			if there[d] != nil {
				own[d] = there[d]
			} else if own[d] == nil {
				b, err := c.glimpse(ctx, d)
				if err != nil {
					return nil, err
				}
				own[d] = b
			}
		}
		return pickBuilds(own, digests), nil
	}
}

// picks are the sets of builds that a route's tracks can stand together in: the stable ones, and each
// other track with the stable ones of the other mounts.
func picks(r release.Route) [][]string {
	if len(r.Mounts) == 0 {
		return nil
	}
	first := stable(r, nil)
	sets := [][]string{first}
	for i, m := range r.Mounts {
		for _, t := range m.Tracks {
			if t.Name != release.Stable {
				set := slices.Clone(first)
				set[i] = t.Build
				sets = append(sets, set)
			}
		}
	}
	return sets
}

func pickBuilds(from map[string]*view.Build, digests []string) []*view.Build {
	out := make([]*view.Build, len(digests))
	for i, d := range digests {
		out[i] = from[d]
	}
	return out
}

// fits says what is wrong with builds that stand together on a route.
func (c *Control) fits(ctx context.Context, r *release.Release, a *altered, builds []*view.Build) (fault.Diagnostics, error) {
	if c.Check == nil {
		_, ds := view.NewSurface(a.device, a.schema, builds...)
		return ds, nil
	}
	g, err := c.graphOf(ctx, r, builds[0].Graph)
	if err != nil {
		return nil, err
	}
	return c.Check(a.device, a.schema, g, builds), nil
}

// graphOf is the graph of a release that has the digest.
func (c *Control) graphOf(ctx context.Context, r *release.Release, digest string) (*graph.Graph, error) {
	for _, named := range r.Graphs() {
		if named.Digest == digest {
			return c.Graph(ctx, named.Version)
		}
	}
	return nil, fault.New(fault.NotFound, "the release has no graph %s", release.Short(digest))
}

// compare notes what apps see differently.
func (a *altered) compare(before, after []*view.Build) {
	was, ds := view.NewSurface(a.device, a.schema, alike(before)...)
	if ds.Failed() {
		return // what is served does not fit together: nothing can be promised about it
	}
	is, ds := view.NewSurface(a.device, a.schema, alike(after)...)
	if ds.Failed() {
		return
	}
	a.changes = view.Diff(was, is)
	a.was, a.is = byPackage(before), byPackage(after)
	a.owners = map[string]string{}
	for _, x := range a.changes {
		if !x.Breaking {
			continue
		}
		name := subject(x.Path)
		for _, list := range [][]*view.Build{before, after} {
			for _, b := range list {
				if a.owners[name] == "" && defines(b, name) {
					a.owners[name] = b.Package
				}
			}
		}
	}
}

func byPackage(builds []*view.Build) map[string]*view.Build {
	out := make(map[string]*view.Build, len(builds))
	for _, b := range builds {
		out[b.Package] = b
	}
	return out
}

// alike makes builds look as if they stood on one graph version: names and types are compared, not graphs.
func alike(builds []*view.Build) []*view.Build {
	if len(builds) == 0 {
		return nil
	}
	return alikeTo(builds, builds[0].Graph)
}

func alikeTo(builds []*view.Build, graphDigest string) []*view.Build {
	out := make([]*view.Build, len(builds))
	for i, b := range builds {
		c := *b
		c.Graph = graphDigest
		out[i] = &c
	}
	return out
}

package control

import (
	"context"
	"slices"

	"facet/fault"
	"facet/graph"
	"facet/release"
	"facet/view"
)

// check refuses a release in which the mounts of a changed route do not fit together.
// Each track is looked at with the stable tracks of the other mounts.
func (c *Control) check(ctx context.Context, parent, next *release.Release) error {
	for _, route := range next.Routes {
		if old, ok := parent.Route(route.Device, route.Schema); ok && slices.EqualFunc(old.Mounts, route.Mounts, func(a, b release.Mount) bool {
			return a.Package == b.Package && slices.Equal(a.Tracks, b.Tracks)
		}) {
			continue
		}
		stable := make([]string, len(route.Mounts))
		for i, m := range route.Mounts {
			t, _ := m.Track(release.Stable)
			stable[i] = t.Build
		}
		sets := [][]string{stable}
		for i, m := range route.Mounts {
			for _, t := range m.Tracks {
				if t.Name != release.Stable {
					set := slices.Clone(stable)
					set[i] = t.Build
					sets = append(sets, set)
				}
			}
		}
		for _, set := range sets {
			if err := c.fits(ctx, next, route, set); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Control) fits(ctx context.Context, next *release.Release, route release.Route, digests []string) error {
	builds := make([]*view.Build, len(digests))
	for i, d := range digests {
		var err error
		if builds[i], err = c.build(ctx, d); err != nil {
			return err
		}
	}
	var ds fault.Diagnostics
	if c.Check == nil {
		_, ds = view.NewSurface(route.Device, route.Schema, builds...)
	} else {
		var g *graph.Graph
		for _, named := range next.Graphs() {
			if named.Digest == next.Builds[digests[0]].Graph {
				var err error
				if g, err = c.Graph(ctx, named.Version); err != nil {
					return err
				}
			}
		}
		ds = c.Check(route.Device, route.Schema, g, builds)
	}
	if err := ds.Err(); err != nil {
		return &fault.Error{Kind: fault.Invalid, Op: "control.release", Subject: route.Name(), Message: fault.Public(err)}
	}
	return nil
}

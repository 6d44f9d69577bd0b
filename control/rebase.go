package control

import (
	"context"
	"fmt"
	"slices"

	"facet/fault"
	"facet/release"
)

// overlap looks at what others released since this request began, or since the revision that its asker saw (then stated is
// set): where it is what this request moves too, that is a Conflict if stated, else noted as replaced.
func (c *Control) overlap(ctx context.Context, m *mover, parent *release.Release, digest string, next *release.Release, stated bool, res *Result) error {
	conflict := func(what, was, is string, same func(a, b *release.Release) bool) error {
		by, err := c.since(ctx, m.req.Env, digest, m.first, same)
		if err != nil {
			return err
		}
		return &fault.Error{
			Kind: fault.Conflict, Op: "control." + m.verb, Subject: m.req.Env,
			Message: fmt.Sprintf("%s went from %s to %s since the release %s that you saw: the release %s did that", what, orNothing(was), orNothing(is), release.Short(m.first), by),
			Hint:    "look at what changed, then ask again with the revision " + digest,
		}
	}
	if stated && (m.whole || m.req.Graph != "") && m.seen.Graph != parent.Graph {
		return conflict("the graph", m.seen.Graph.Version, parent.Graph.Version, func(a, b *release.Release) bool { return a.Graph == b.Graph })
	}
	if stated {
		for _, line := range sorted(parent.Modules) {
			if (m.whole || m.try.modules[line]) && m.seen.Modules[line] != parent.Modules[line] {
				return conflict("the module "+line, m.seen.Modules[line], parent.Modules[line], func(a, b *release.Release) bool { return a.Modules[line] == b.Modules[line] })
			}
		}
	}
	for _, move := range release.Moves(m.seen, parent) {
		if !m.whole && !m.try.places[move.Place] {
			continue
		}
		was, is := version(m.seen, move.From), version(parent, move.To)
		if stated {
			return conflict(move.Route()+" "+move.Package, was, is, func(a, b *release.Release) bool {
				return slices.Equal(mountAt(a, move.Place).Tracks, mountAt(b, move.Place).Tracks)
			})
		}
		if slices.Equal(mountAt(parent, move.Place).Tracks, mountAt(next, move.Place).Tracks) {
			continue // they did the same
		}
		res.Replaced = append(res.Replaced, Replaced{Route: move.Route(), Package: move.Package, From: is, To: version(next, mountAt(next, move.Place)), Release: digest})
	}
	return nil
}

// since names, for people, the last release from digest back to stop that is not the same as its parent in some respect.
func (c *Control) since(ctx context.Context, env, digest, stop string, same func(a, b *release.Release) bool) (string, error) {
	for at := digest; at != stop; {
		r, err := c.Load(ctx, env, at)
		if err != nil {
			return "", err
		}
		if r.Parent == "" {
			break
		}
		parent, err := c.Load(ctx, env, r.Parent)
		if fault.KindOf(err) == fault.NotFound {
			break
		}
		if err != nil {
			return "", err
		}
		if !same(parent, r) {
			text := release.Short(at)
			if r.Author != "" {
				text += " of " + r.Author
			}
			return text, nil
		}
		at = r.Parent
	}
	return release.Short(digest) + " or one before it", nil
}

func mountAt(r *release.Release, p release.Place) release.Mount {
	route, _ := r.Route(p.Device, p.Schema)
	m, _ := route.Mount(p.Package)
	return m
}

// version is that of a mount's stable track; "" without one.
func version(r *release.Release, m release.Mount) string {
	t, ok := m.Track(release.Stable)
	if !ok {
		return ""
	}
	return r.Builds[t.Build].Version
}

func orNothing(version string) string {
	if version == "" {
		return "nothing"
	}
	return version
}

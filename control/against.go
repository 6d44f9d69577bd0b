package control

import (
	"context"
	"slices"
	"strings"

	"facet/fault"
	"facet/graph"
	"facet/pack"
	"facet/release"
	"facet/view"
)

// against builds a package that is not published yet as a release of an environment would, and checks it with what the
// environment mounts beside it; r says what else is not published. Its error is Invalid if a diagnostic is an error. It stores nothing.
func (c *Control) against(ctx context.Context, r *resolver, a *Against, out *Published) (*job, error) {
	served, err := c.served(ctx, a.Env, a.Graph)
	if err != nil {
		return nil, err
	}
	version := a.Graph
	if version == "" {
		version = served.release.Graph.Version
	}
	g, err := c.Graph(ctx, version)
	if err != nil {
		return nil, err
	}
	if r.extra[out.Package.ID()] == nil {
		r.extra[out.Package.ID()] = out.Package
		if err := r.list(out.Package); err != nil {
			return nil, err
		}
	}
	j := &job{id: out.Package.ID(), pkg: out.Package, asked: true}
	on := &ground{graph: g, version: version, modules: served.release.Modules}
	if _, err := c.one(ctx, r, j, on); err != nil {
		return nil, err
	}
	for _, d := range append(j.failed, j.warnings...) {
		if d.Pos.File == out.Package.Manifest.Name+"/"+pack.File {
			d.Pos = out.Package.Pos(about(d.Code)...)
		}
		out.Diagnostics = append(out.Diagnostics, d)
	}
	if out.Diagnostics.Failed() {
		return nil, refused(out)
	}
	old, err := deprecated(r, out.Package, j.lock)
	if err != nil {
		return nil, err
	}
	for _, d := range old {
		d.Pos = out.Package.Pos("dependencies")
		out.Diagnostics = append(out.Diagnostics, d)
	}
	if j.build == nil { // it was built before
		if j.build, err = c.build(ctx, j.digest); err != nil {
			return nil, err
		}
	}
	out.Budgets = c.budgets(j.build, g)
	out.Build, out.Digest, out.Changes = j.build, j.digest, map[string][]view.Change{}
	if err := c.compatible(ctx, r, out, j, on); err != nil {
		return nil, err
	}
	for _, at := range places(&out.Package.Manifest) {
		if err := c.beside(ctx, served.release, at, j.build, g, out); err != nil {
			return nil, err
		}
	}
	if out.Diagnostics.Failed() {
		out.Build, out.Digest = nil, ""
		return nil, refused(out)
	}
	return j, nil
}

// about is what a diagnostic of binding is about in a manifest.
func about(code string) []string {
	if code == codeGraph {
		return []string{"edge", "graph"}
	}
	return []string{"dependencies"}
}

func refused(out *Published) error {
	var lines []string
	hint := ""
	for _, d := range out.Diagnostics {
		if d.Severity == fault.Warn {
			continue
		}
		if lines = append(lines, d.String()); hint == "" {
			hint = d.Fix
		}
	}
	if len(lines) > listed {
		lines = append(lines[:listed], "and more")
	}
	return &fault.Error{Kind: fault.Invalid, Op: "control.publish", Subject: out.ID(), Message: strings.Join(lines, "\n"), Hint: hint}
}

// beside checks a build with what a route mounts beside its package, and what apps of the route would see differently.
func (c *Control) beside(ctx context.Context, r *release.Release, at release.Place, b *view.Build, g *graph.Graph, out *Published) error {
	a := &altered{device: at.Device, schema: at.Schema, mover: b.Package}
	var had bool
	a.before, had = r.Route(at.Device, at.Schema)
	a.fresh = !had
	digests := map[string]bool{}
	for _, d := range stable(a.before, nil) {
		digests[d] = true
	}
	builds, err := c.builds(ctx, digests)
	if err != nil {
		return err
	}
	after := pickBuilds(builds, stable(a.before, map[release.Place]bool{at: true}))
	i, _ := slices.BinarySearchFunc(after, b.Package, func(b *view.Build, name string) int { return strings.Compare(b.Package, name) })
	after = alikeTo(slices.Insert(after, i, b), b.Graph)
	_, ds := view.NewSurface(at.Device, at.Schema, after...)
	if c.Check != nil {
		ds = c.Check(at.Device, at.Schema, g, after)
	}
	out.Diagnostics = append(out.Diagnostics, ds...)
	if a.fresh || ds.Failed() {
		return nil
	}
	a.compare(pickBuilds(builds, stable(a.before, nil)), after)
	if len(a.changes) > 0 {
		out.Changes[a.name()] = a.changes
	}
	ds, _, _ = a.breaks(&Request{}, "")
	for i := range ds {
		if strings.HasPrefix(ds[i].Pos.File, b.Package+"/") || ds[i].Pos.File == "" {
			ds[i].Pos = out.Package.Pos("edge", "schema")
		}
	}
	out.Diagnostics = append(out.Diagnostics, ds...)
	return nil
}

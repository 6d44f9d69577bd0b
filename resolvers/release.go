package resolvers

import (
	"context"
	"maps"
	"slices"

	"facet/control"
	"facet/fault"
	"facet/release"
	"facet/resolvers/internal/model"
	"facet/view"
)

// request is what an input asks control for, after a look at the token's scopes.
func (r *root) request(ctx context.Context, in model.ReleaseInput) (control.Request, error) {
	if in.Env == "" {
		return control.Request{}, fault.New(fault.Invalid, "env is empty")
	}
	if err := may(ctx, deploying, in.Env); err != nil {
		return control.Request{}, err
	}
	req := control.Request{
		Env: in.Env, Regions: in.Regions, Deploy: in.Deploy, Remove: in.Remove, Graph: in.Graph, IfRevision: in.IfRevision,
		Retire: in.Retire, DryRun: in.DryRun, Diff: in.Diff,
		Note: release.Note{Why: in.Why, Author: author(ctx, in.Author), SourceRevision: in.SourceRevision},
	}
	for _, one := range in.Unpublished {
		b, err := r.tarball(ctx, one.Tarball)
		if err != nil {
			return control.Request{}, err
		}
		req.Unpublished = append(req.Unpublished, control.Publication{Tarball: b, Tag: one.Tag, Suffix: one.Suffix})
	}
	if in.ActivateAt != nil {
		req.ActivateAt = in.ActivateAt.UTC()
	}
	if len(req.Regions) == 0 {
		var err error
		if req.Regions, err = r.control.Targets(ctx, in.Env); err != nil && fault.KindOf(err) != fault.NotFound {
			return control.Request{}, err
		}
	}
	return req, nil
}

// released is the payload of a release. What did not build, or would break a contract, is in it.
func released(res *control.Result, err error) (*model.ReleasePayload, error) {
	if res == nil || err != nil && !refused(res) {
		return nil, orInternal(err)
	}
	out := &model.ReleasePayload{
		Ok: err == nil, Release: res.Digest, Unchanged: res.Unchanged, Made: res.Made, Reused: res.Reused, Failures: res.Failures, Outputs: res.Outputs,
		Changed: res.Changed, Changes: changes(res.Changes), Replaced: res.Replaced, Diagnostics: res.Diagnostics, Diff: res.Diff, Unaudited: res.Unaudited,
	}
	for _, d := range res.Drafts {
		out.Drafts = append(out.Drafts, *publication(d, !d.Diagnostics.Failed()))
	}
	for _, region := range slices.Sorted(maps.Keys(res.Pointers)) {
		p := res.Pointers[region]
		out.Pointers = append(out.Pointers, model.RegionPointer{Region: region, Pointer: &p})
	}
	return out, nil
}

// refused says whether a result tells why there is no release.
func refused(res *control.Result) bool {
	return res.Diagnostics.Failed() || slices.ContainsFunc(res.Drafts, func(d *control.Published) bool { return d.Diagnostics.Failed() }) ||
		slices.ContainsFunc(res.Failures, func(f control.Failure) bool { return f.Asked })
}

// orInternal is for results without a value: they have an error, or control is at fault.
func orInternal(err error) error {
	if err == nil {
		return fault.New(fault.Internal, "control answered nothing")
	}
	return err
}

func changes(by map[string][]view.Change) []model.RouteChanges {
	var out []model.RouteChanges
	for _, route := range slices.Sorted(maps.Keys(by)) {
		out = append(out, model.RouteChanges{Route: route, Changes: by[route]})
	}
	return out
}

// only is the first of a list that was asked for one.
func only(list []control.Entry, err error) (*control.Entry, error) {
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fault.New(fault.NotFound, "there is no such release")
	}
	return &list[0], nil
}

// page bounds what one list may be asked for.
func page(first int) error {
	if first < 1 || first > 1000 {
		return fault.New(fault.Invalid, "first is %d, it may be 1 to 1000", first)
	}
	return nil
}

// contents is a release document as rows.
func (r *root) contents(ctx context.Context, env, ref string) (*model.Contents, error) {
	digest, err := r.control.Find(ctx, env, ref)
	if err != nil {
		return nil, err
	}
	rel, err := r.control.Load(ctx, env, digest)
	if err != nil {
		return nil, err
	}
	out := &model.Contents{Digest: digest, Env: rel.Env, Graph: rel.Graph.Version}
	graphs := map[string]string{}
	for _, g := range rel.Graphs() {
		graphs[g.Digest] = g.Version
	}
	for _, g := range rel.Older {
		out.OlderGraphs = append(out.OlderGraphs, g.Version)
	}
	for _, line := range slices.Sorted(maps.Keys(rel.Modules)) {
		out.Modules = append(out.Modules, model.Module{Line: line, Version: rel.Modules[line]})
	}
	for _, name := range slices.Sorted(maps.Keys(rel.Switches)) {
		if rel.Switches[name] {
			out.Switches = append(out.Switches, name)
		}
	}
	for _, route := range rel.Routes {
		for _, m := range route.Mounts {
			for _, t := range m.Tracks {
				b := rel.Builds[t.Build]
				out.Mounts = append(out.Mounts, model.Mount{
					Route: route.Name(), Package: b.Package, Version: b.Version, Track: t.Name, Weight: t.Weight,
					Build: t.Build, Bytes: b.Bytes, Graph: graphs[b.Graph], Locks: linked(rel.Locks[t.Build]),
				})
			}
		}
	}
	return out, nil
}

// linked are the modules of a lock, sorted.
func linked(l release.Lock) []string {
	seen := map[string]bool{}
	for _, uses := range l {
		for _, id := range uses {
			seen[id] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

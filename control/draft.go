package control

import (
	"context"
	"slices"

	"facet/fault"
	"facet/pack"
)

// maxDrafts is how many unpublished packages a dry run takes: all of them are in memory.
const maxDrafts = 200

// drafts opens and checks the unpublished packages of a dry run as Publish would, each as if the others were published, and makes the
// resolver answer so. They are added to what the request deploys. Nothing is stored but builds. Its error is Invalid if a diagnostic of any is an error.
func (c *Control) drafts(ctx context.Context, r *resolver, req *Request) ([]*Published, error) {
	if len(req.Unpublished) == 0 {
		return nil, nil
	}
	if !req.DryRun {
		return nil, fault.New(fault.Invalid, "a release is made of what is published; only a dry run takes unpublished packages").WithHint("publish them first")
	}
	if len(req.Unpublished) > maxDrafts {
		return nil, fault.New(fault.Limit, "a request brings %d unpublished packages, and %d is the most", len(req.Unpublished), maxDrafts)
	}
	if err := req.check(); err != nil {
		return nil, err
	}
	out, there := make([]*Published, len(req.Unpublished)), make([]bool, len(req.Unpublished))
	if err := each(ctx, c.workers(), req.Unpublished, func(ctx context.Context, i int, p Publication) (err error) {
		if out[i], err = c.open(&p); err != nil {
			return err
		}
		there[i], err = c.stored(ctx, out[i].Package)
		if fault.KindOf(err) == fault.Conflict {
			out[i].Diagnostics = fault.Diagnostics{{Pos: out[i].Package.Pos("version"), Severity: fault.Err, Code: codeTaken, Fix: fault.HintOf(err), Text: fault.Public(err)}}
			err = nil
		}
		return err
	}); err != nil {
		return nil, err
	}
	for i, d := range out {
		if r.extra[d.Package.ID()] != nil {
			return nil, fault.New(fault.Invalid, "%s is brought twice", d.ID())
		}
		r.extra[d.Package.ID()] = d.Package
		if err := r.draft(d, &req.Unpublished[i]); err != nil {
			return nil, err
		}
	}
	err := each(ctx, c.workers(), out, func(ctx context.Context, i int, d *Published) error {
		if there[i] || d.Diagnostics.Failed() {
			return nil
		}
		d.New = true
		checked, err := c.against(ctx, r, &Against{Env: req.Env, Graph: req.Graph}, d)
		if d.Diagnostics.Failed() {
			return nil // told below, with the others'
		}
		if err == nil && checked.raw != nil {
			_, err = c.save(ctx, checked)
			d.Digest = checked.digest
		}
		return err
	})
	if err != nil {
		return out, err
	}
	for _, d := range out {
		if d.Diagnostics.Failed() {
			return out, refused(d)
		}
	}
	req.Deploy = slices.Clone(req.Deploy)
	for _, d := range out {
		req.Deploy = append(req.Deploy, d.ID())
	}
	return out, nil
}

// draft lists a package in the resolver's copy of its index.
func (r *resolver) draft(d *Published, p *Publication) error {
	name := d.Package.Manifest.Name
	in, err := r.index(name)
	if fault.KindOf(err) == fault.NotFound {
		in, err = decodeIndex(name, nil)
	}
	if err != nil {
		return err
	}
	d.list(&in, p)
	r.indexes[name] = in
	return nil
}

// list notes a publication in an index, and settles which tag means it.
func (p *Published) list(in *pack.Index, asked *Publication) {
	m := &p.Package.Manifest
	before, listed := in.Versions[m.Version]
	entry := pack.Published{Digest: p.Package.Digest, Bytes: int64(len(asked.Tarball)), Deprecated: before.Deprecated, Yanked: before.Yanked, Latest: before.Latest}
	if before.Digest == entry.Digest {
		entry.Bytes = before.Bytes
	}
	in.Versions[m.Version] = entry
	// What was listed before leaves the tags alone: else an old version that is published again would be the latest.
	if listed && asked.Tag == "" && asked.Suffix == "" {
		return
	}
	if asked.Tag == "" && p.Tag != "" && higher(in.Tags[p.Tag], m.Version) {
		p.Tag = "" // a repair of an older line
	}
	if p.Tag != "" {
		in.Tags[p.Tag] = m.Version
	}
}

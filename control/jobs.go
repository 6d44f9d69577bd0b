package control

import (
	"facet/fault"
	"facet/pack"
	"facet/release"
	"facet/storage"
)

// A job is one build that the next release may need.
type job struct {
	id     string // "name@version"
	pkg    *pack.Package
	old    release.Lock
	before string // the digest of the build that it takes the place of; "" for a package that is deployed
	asked  bool
	at     []spot // where it goes

	lock   release.Lock
	input  string
	digest string
	bytes  int64
	failed fault.Diagnostics
}

// A spot is a track of a mount; "" is the stable one.
type spot struct {
	release.Place
	track  string
	weight int // 0 leaves it as it is
}

// jobs are the packages that are deployed, and the builds that follow what is.
func (c *Control) jobs(r *resolver, req Request, parent *release.Release, change *release.Change) ([]*job, error) {
	var jobs []*job
	modules, taken, routes := map[string]bool{}, map[release.Place]bool{}, map[string]bool{}
	for _, want := range req.Deploy {
		name, rng := pack.SplitID(want)
		if rng == "" {
			rng = "latest"
		}
		in, err := r.index(name)
		if err != nil {
			return nil, err
		}
		v, err := pack.Resolve(rng, in)
		if err != nil {
			return nil, err
		}
		pkg, err := c.Package(r.ctx, name, v.String())
		if err != nil {
			return nil, err
		}
		if in.Versions[v.String()].Digest != pkg.Digest {
			return nil, &fault.Error{Kind: fault.BadAnswer, Op: "control.release", Subject: pkg.ID(), Message: "the index and the tarball disagree", Err: storage.ErrDigest}
		}
		if pkg.Manifest.Kind() == pack.Module {
			change.Modules[release.Line(name, v.String())] = v.String()
			modules[name] = true
			continue
		}
		j := &job{id: pkg.ID(), pkg: pkg, asked: true}
		for _, at := range places(&pkg.Manifest) {
			if taken[at] {
				return nil, fault.New(fault.Invalid, "%s is deployed twice to %s/%s", name, at.Device, at.Schema)
			}
			taken[at], routes[at.Device+"/"+at.Schema] = true, true
			j.at = append(j.at, spot{Place: at})
		}
		for _, digest := range parent.BuildDigests() {
			if b := parent.Builds[digest]; b.Package+"@"+b.Version == j.id {
				j.old = parent.Locks[digest] // what a locked binding keeps
			}
		}
		jobs = append(jobs, j)
	}
	removed := map[release.Place]bool{}
	for _, at := range req.Remove {
		removed[at] = true
	}
	newGraph, where := parent.Graph.Digest != change.Graph.Digest, tracks(parent)
	for _, digest := range parent.BuildDigests() {
		b := parent.Builds[digest]
		j := &job{old: parent.Locks[digest], before: digest}
		beside := false
		for _, at := range where[digest] {
			if !removed[at.Place] && (at.track != release.Stable || !taken[at.Place]) {
				j.at = append(j.at, at)
			}
			beside = beside || routes[at.Device+"/"+at.Schema]
		}
		// A route stands on one graph version, so what is beside a deployed package comes along.
		old := b.Graph != change.Graph.Digest && (newGraph || beside)
		if len(j.at) == 0 || !old && !j.old.Uses(modules) {
			continue
		}
		var err error
		if j.pkg, err = c.Package(r.ctx, b.Package, b.Version); err != nil {
			return nil, err
		}
		j.id = j.pkg.ID()
		jobs = append(jobs, j)
	}
	return jobs, nil
}

// tracks lists for every build of a release where it stands.
func tracks(r *release.Release) map[string][]spot {
	out := map[string][]spot{}
	for _, route := range r.Routes {
		for _, m := range route.Mounts {
			for _, t := range m.Tracks {
				out[t.Build] = append(out[t.Build], spot{release.Place{Device: route.Device, Schema: route.Schema, Package: m.Package}, t.Name, t.Weight})
			}
		}
	}
	return out
}

// places are where a package is mounted when it is deployed.
func places(m *pack.Manifest) []release.Place {
	out := make([]release.Place, len(m.Edge.Device))
	for i, device := range m.Edge.Device {
		out[i] = release.Place{Device: device, Schema: m.Edge.Schema, Package: m.Name}
	}
	return out
}

package control

import (
	"context"

	"facet/fault"
	"facet/pack"
	"facet/release"
	"facet/storage"
	"facet/view"
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

	build    *view.Build // if it had to be made
	raw      []byte
	warnings fault.Diagnostics
}

// A spot is a track of a mount; "" is the stable one.
type spot struct {
	release.Place
	track  string
	weight int // 0 leaves it as it is
}

// deployed are the packages that a request names, in its order.
func (c *Control) deployed(ctx context.Context, r *resolver, req *Request) ([]*pack.Package, error) {
	out := make([]*pack.Package, len(req.Deploy))
	return out, each(ctx, readers, req.Deploy, func(ctx context.Context, i int, want string) error {
		name, rng := pack.SplitID(want)
		if rng == "" {
			rng = "latest"
		}
		in, err := r.index(name)
		if err != nil {
			return err
		}
		v, err := pack.Resolve(rng, in)
		if err != nil {
			return err
		}
		pkg, err := r.pkg(name + "@" + v.String())
		if err != nil {
			return err
		}
		if in.Versions[v.String()].Digest != pkg.Digest {
			return &fault.Error{Kind: fault.BadAnswer, Op: "control.release", Subject: pkg.ID(), Message: "the index and the tarball disagree", Err: storage.ErrDigest}
		}
		out[i] = pkg
		return nil
	})
}

// jobs are the packages that are deployed, and the builds that follow what is.
func (c *Control) jobs(ctx context.Context, try *attempt, parent *release.Release, change *release.Change) ([]*job, error) {
	req := try.req
	packages, err := c.deployed(ctx, try.resolver, req)
	if err != nil {
		return nil, err
	}
	try.named = packages
	served := map[string]release.Lock{} // by name@version
	for _, digest := range parent.BuildDigests() {
		b := parent.Builds[digest]
		served[b.Package+"@"+b.Version] = parent.Locks[digest]
	}
	var jobs []*job
	modules, taken, routes := map[string]bool{}, map[release.Place]bool{}, map[string]bool{}
	try.places, try.modules = map[release.Place]bool{}, map[string]bool{}
	for _, pkg := range packages {
		name := pkg.Manifest.Name
		if pkg.Manifest.Kind() == pack.Module {
			line := release.Line(name, pkg.Manifest.Version)
			if _, twice := change.Modules[line]; twice {
				return nil, fault.New(fault.Invalid, "the module %s is deployed twice", line)
			}
			change.Modules[line] = pkg.Manifest.Version
			modules[name], try.modules[line] = true, true
			continue
		}
		j := &job{id: pkg.ID(), pkg: pkg, asked: true, old: served[pkg.ID()]} // what a locked binding keeps
		for _, at := range places(&pkg.Manifest) {
			if taken[at] {
				return nil, fault.New(fault.Invalid, "%s is deployed twice to %s/%s", name, at.Device, at.Schema)
			}
			taken[at], routes[at.Device+"/"+at.Schema], try.places[at] = true, true, true
			j.at = append(j.at, spot{Place: at})
		}
		jobs = append(jobs, j)
	}
	removed := map[release.Place]bool{}
	for _, at := range req.Remove {
		if taken[at] {
			return nil, fault.New(fault.Invalid, "%s is deployed to %s and removed from it", at.Package, at.Route())
		}
		removed[at], try.places[at] = true, true
	}
	try.names = modules
	var followers []*job
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
		followers = append(followers, j)
	}
	if err := each(ctx, readers, followers, func(ctx context.Context, _ int, j *job) (err error) {
		b := parent.Builds[j.before]
		j.pkg, err = c.Package(ctx, b.Package, b.Version)
		return err
	}); err != nil {
		return nil, err
	}
	for _, j := range followers {
		j.id = j.pkg.ID()
	}
	return append(jobs, followers...), nil
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

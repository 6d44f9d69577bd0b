package control

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"facet/fault"
	"facet/graph"
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
}

// A spot is a track of a mount; "" is the stable one.
type spot struct {
	release.Place
	track  string
	weight int // 0 leaves it as it is
}

// next is the release that a request makes of its parent (nil for the first).
func (c *Control) next(ctx context.Context, req Request, parent *release.Release, parentDigest string, res *Result) (*release.Release, error) {
	version := req.Graph
	if version == "" && parent != nil {
		version = parent.Graph.Version
	} else if version == "" {
		var err error
		if version, err = c.latestGraph(ctx); err != nil {
			return nil, err
		}
	}
	g, err := c.Graph(ctx, version)
	if err != nil {
		return nil, err
	}
	named := release.Graph{Version: version, Digest: g.Digest}
	if parent == nil {
		parent = release.First(req.Env, named)
	}
	r := &resolver{ctx: ctx, c: c, indexes: map[string]pack.Index{}}
	change := release.Change{Graph: &named, Modules: map[string]string{}, Remove: req.Remove}
	jobs, err := c.jobs(r, req, parent, &change)
	if err != nil {
		return nil, err
	}
	modules := map[string]string{}
	for _, from := range []map[string]string{parent.Modules, change.Modules} {
		for line, v := range from {
			modules[line] = v
		}
	}
	if err := c.run(ctx, r, jobs, modules, g, version, parent, res); err != nil {
		return nil, err
	}
	keepRoutes(parent, jobs, named.Digest)
	for _, j := range jobs {
		if j.failed != nil {
			continue
		}
		build := release.Build{Package: j.pkg.Manifest.Name, Version: j.pkg.Manifest.Version, Graph: g.Digest, Input: j.input, Bytes: j.bytes}
		for _, at := range j.at {
			change.Put = append(change.Put, release.Placed{Device: at.Device, Schema: at.Schema, Track: at.track, Weight: at.weight, Digest: j.digest, Build: build, Lock: j.lock})
		}
	}
	next, err := parent.Next(parentDigest, change, req.Note, c.now())
	if err != nil {
		return nil, err
	}
	return next, c.check(ctx, parent, next)
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
		for digest, b := range parent.Builds {
			if b.Package+"@"+b.Version == j.id {
				j.old = parent.Locks[digest] // what a locked binding keeps
			}
		}
		jobs = append(jobs, j)
	}
	for _, at := range req.Remove {
		taken[at] = true
	}
	newGraph := parent.Graph.Digest != change.Graph.Digest
	for _, digest := range parent.BuildDigests() {
		b := parent.Builds[digest]
		stays, beside := false, false
		mounted(parent, digest, func(at release.Place, t release.Track) {
			stays = stays || !taken[at] || t.Name != release.Stable && !slices.Contains(req.Remove, at)
			beside = beside || routes[at.Device+"/"+at.Schema]
		})
		// A route stands on one graph version, so what is beside a deployed package comes along.
		old := b.Graph != change.Graph.Digest && (newGraph || beside)
		if !stays || !old && !parent.Locks[digest].Uses(modules) {
			continue
		}
		pkg, err := c.Package(r.ctx, b.Package, b.Version)
		if err != nil {
			return nil, err
		}
		j := &job{id: pkg.ID(), pkg: pkg, old: parent.Locks[digest], before: digest}
		mounted(parent, digest, func(at release.Place, t release.Track) {
			if !taken[at] || t.Name != release.Stable && !slices.Contains(req.Remove, at) {
				j.at = append(j.at, spot{at, t.Name, t.Weight})
			}
		})
		jobs = append(jobs, j)
	}
	return jobs, nil
}

// mounted calls f for every track that the build is on.
func mounted(r *release.Release, digest string, f func(at release.Place, t release.Track)) {
	for _, route := range r.Routes {
		for _, m := range route.Mounts {
			for _, t := range m.Tracks {
				if t.Build == digest {
					f(release.Place{Device: route.Device, Schema: route.Schema, Package: m.Package}, t)
				}
			}
		}
	}
}

// places are where a package is mounted when it is deployed.
func places(m *pack.Manifest) []release.Place {
	out := make([]release.Place, len(m.Edge.Device))
	for i, device := range m.Edge.Device {
		out[i] = release.Place{Device: device, Schema: m.Edge.Schema, Package: m.Name}
	}
	return out
}

// run binds and builds, several at a time. Its error is of the first package that could not be
// tried; mistakes in packages are in the jobs and in res.
func (c *Control) run(ctx context.Context, r *resolver, jobs []*job, modules map[string]string, g *graph.Graph, version string, parent *release.Release, res *Result) error {
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(c.workers())
	for _, j := range jobs {
		group.Go(func() error {
			made, err := c.one(ctx, r, j, modules, g, version)
			if err != nil {
				return fmt.Errorf("%s: %w", j.id, err)
			}
			mu.Lock()
			defer mu.Unlock()
			switch {
			case j.failed != nil:
				res.Failures = append(res.Failures, Failure{Package: j.id, Asked: j.asked, Diagnostics: j.failed})
			case made:
				res.Made = append(res.Made, j.id)
			case j.digest != j.before:
				res.Reused = append(res.Reused, j.id)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	res.sort()
	var wrong []string
	for _, f := range res.Failures {
		if f.Asked {
			wrong = append(wrong, f.Diagnostics.Err().Error())
		}
	}
	if len(wrong) > 0 {
		return &fault.Error{Kind: fault.Invalid, Op: "control.release", Subject: parent.Env, Message: strings.Join(wrong, "\n")}
	}
	return nil
}

// one binds and builds one package, and says whether the build had to be made.
func (c *Control) one(ctx context.Context, r *resolver, j *job, modules map[string]string, g *graph.Graph, version string) (made bool, err error) {
	fail := func(code, fix, text string) {
		j.failed.Add(fault.Pos{File: j.pkg.Manifest.Name + "/" + pack.File}, code, fix, "%s", text)
	}
	rng, err := pack.ParseRange(j.pkg.Manifest.Edge.Graph)
	if err != nil {
		return false, err
	}
	if v, err := pack.ParseVersion(version); err != nil || !rng.Contains(v) {
		fail("C001", "Widen edge.graph, or release the graph version that it asks for", fmt.Sprintf("%s asks for the graph %s, and the release has %s", j.id, rng, version))
		return false, nil
	}
	j.lock, err = release.Bind(j.id, j.old, modules, release.Known{Dependencies: r.dependencies, Pick: r.pick})
	if k := fault.KindOf(err); k == fault.NotFound || k == fault.Invalid {
		fail("C002", fault.HintOf(err), err.Error())
		return false, nil
	}
	if err != nil {
		return false, err
	}
	lock, err := r.lock(j.lock)
	if fault.KindOf(err) == fault.Invalid {
		fail("C003", fault.HintOf(err), err.Error())
		return false, nil
	}
	if err != nil {
		return false, err
	}
	j.input = inputDigest(c.Builder, j.pkg, lock, g.Digest)
	if done, err := c.reuse(ctx, j); done || err != nil {
		return false, err
	}
	build, ds, err := c.Build(ctx, Input{Package: j.pkg, Lock: lock, Graph: g})
	if err != nil {
		return false, err
	}
	if ds.Failed() {
		j.failed = ds
		return false, nil
	}
	raw, err := build.Encode()
	if err != nil {
		return false, err
	}
	j.digest, j.bytes = release.Digest(raw), int64(len(raw))
	if _, err := storage.PutImmutable(ctx, c.Store, release.BuildKey(j.digest), raw, storage.PutOptions{ContentType: "application/json"}); err != nil {
		return false, err
	}
	_, err = storage.PutImmutable(ctx, c.Store, release.InputKey(j.input), []byte(j.digest), storage.PutOptions{ContentType: "text/plain"})
	if fault.KindOf(err) == fault.Conflict {
		// Somebody built the same input at the same time and got other bytes: theirs was first.
		_, err = c.reuse(ctx, j)
	}
	if err != nil {
		return false, err
	}
	remember(&c.cache, &c.cache.inputs, j.input, j.digest)
	return true, nil
}

// reuse finds the build that was made of the same input before.
func (c *Control) reuse(ctx context.Context, j *job) (bool, error) {
	digest, ok := recall(&c.cache, &c.cache.inputs, j.input)
	if !ok {
		obj, err := c.Store.Get(ctx, release.InputKey(j.input), storage.GetOptions{MaxBytes: 100})
		if fault.KindOf(err) == fault.NotFound {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		digest = string(obj.Body)
	}
	head, err := c.Store.Head(ctx, release.BuildKey(digest))
	if fault.KindOf(err) == fault.NotFound { // swept: it is made again, to the same bytes
		return false, nil
	}
	if err != nil {
		return false, err
	}
	remember(&c.cache, &c.cache.inputs, j.input, digest)
	j.digest, j.bytes = digest, head.Size
	return true, nil
}

// keepRoutes leaves a whole route on its older graph version if one of its
// packages does not build on the new one: a route stands on one graph version.
func keepRoutes(parent *release.Release, jobs []*job, graphDigest string) {
	byBuild := map[string]*job{}
	for _, j := range jobs {
		byBuild[j.before] = j
	}
	for again := true; again; {
		again = false
		for _, route := range parent.Routes {
			stays, mine := false, []*job{}
			for _, m := range route.Mounts {
				for _, t := range m.Tracks {
					j := byBuild[t.Build]
					if j == nil {
						continue
					}
					mine = append(mine, j)
					stays = stays || j.failed != nil && parent.Builds[t.Build].Graph != graphDigest
				}
			}
			for _, j := range mine {
				if stays && j.failed == nil {
					j.failed, again = fault.Diagnostics{}, true
				}
			}
		}
	}
}

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

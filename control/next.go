package control

import (
	"context"
	"fmt"
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
	if err := follow(r, jobs, modules, change.Modules); err != nil {
		return nil, err
	}
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

// follow notes for each line of modules that live bindings met for the first time which version they got:
// from now on they follow the environment's releases of it, not what is published.
func follow(r *resolver, jobs []*job, known, add map[string]string) error {
	for _, j := range jobs {
		for importer, uses := range j.lock {
			if j.failed != nil {
				continue
			}
			deps, err := r.dependencies(importer)
			if err != nil {
				return err
			}
			for _, d := range deps {
				name, version := pack.SplitID(uses[d.Name])
				line := release.Line(name, version)
				if _, ok := known[line]; ok || !d.Live {
					continue
				}
				v, err := pack.ParseVersion(version)
				if err != nil {
					return err
				}
				if other, err := pack.ParseVersion(add[line]); err != nil || v.Compare(other) > 0 {
					add[line] = version
				}
			}
		}
	}
	return nil
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
	v, err := pack.ParseVersion(version)
	if err != nil {
		return false, err
	}
	if !rng.Contains(v) {
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
	if build, err = view.Decode(raw); err != nil { // as instances will
		return false, err
	}
	j.digest, j.bytes = release.Digest(raw), int64(len(raw))
	remember(&c.cache, &c.cache.builds, j.digest, build)
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

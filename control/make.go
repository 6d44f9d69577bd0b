package control

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"facet/fault"
	"facet/graph"
	"facet/pack"
	"facet/release"
	"facet/storage"
	"facet/view"
)

// A ground is what packages are bound to and built on.
type ground struct {
	graph   *graph.Graph
	version string
	modules map[string]string // by line
	keep    bool              // store what was built
}

// run binds and builds, several at a time. Its error is of the first package that could not be
// tried; mistakes in packages are in the jobs and in res.
func (c *Control) run(ctx context.Context, r *resolver, jobs []*job, on *ground, res *Result) error {
	var mu sync.Mutex
	err := each(ctx, c.workers(), jobs, func(ctx context.Context, _ int, j *job) error {
		made, err := c.one(ctx, r, j, on)
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
	if err != nil {
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
		return &fault.Error{Kind: fault.Invalid, Op: "control.release", Message: strings.Join(wrong, "\n")}
	}
	return nil
}

// unbound says for people why a package's modules cannot be bound: who asks, if it is a module on the way, for what, and what is there.
func unbound(id string, err error) string {
	text := fault.Public(err)
	var f *fault.Error
	if !errors.As(err, &f) || f.Err == nil {
		return text
	}
	if f.Subject != "" && f.Subject != id {
		text = f.Subject + " " + text
	}
	return text + ": " + fault.Public(f.Err)
}

// one binds and builds one package, and says whether the build had to be made.
func (c *Control) one(ctx context.Context, r *resolver, j *job, on *ground) (made bool, err error) {
	fail := func(code, fix, text string) {
		j.failed.Add(fault.Pos{File: j.pkg.Manifest.Name + "/" + pack.File}, code, fix, "%s", text)
	}
	rng, err := pack.ParseRange(j.pkg.Manifest.Edge.Graph)
	if err != nil {
		return false, err
	}
	v, err := pack.ParseVersion(on.version)
	if err != nil {
		return false, err
	}
	if !rng.Contains(v) {
		fail(codeGraph, "Widen edge.graph, or release the graph version that it asks for", fmt.Sprintf("%s asks for the graph %s, and the release has %s", j.id, rng, on.version))
		return false, nil
	}
	j.lock, err = release.Bind(j.id, j.old, on.modules, r.known())
	if k := fault.KindOf(err); k == fault.NotFound || k == fault.Invalid {
		fail(codeResolve, fault.HintOf(err), unbound(j.id, err))
		return false, nil
	}
	if err != nil {
		return false, err
	}
	lock, err := r.lock(j.lock)
	if fault.KindOf(err) == fault.Invalid {
		fail(codeModule, fault.HintOf(err), err.Error())
		return false, nil
	}
	if err != nil {
		return false, err
	}
	j.input = inputDigest(c.Builder, j.pkg, lock, on.graph.Digest)
	if done, err := c.reuse(ctx, j); done || err != nil {
		return false, err
	}
	build, ds, err := c.Build(ctx, Input{Package: j.pkg, Lock: lock, Graph: on.graph})
	if err != nil {
		return false, err
	}
	if ds.Failed() {
		j.failed = ds
		return false, nil
	}
	j.warnings = ds
	raw, err := build.Encode()
	if err != nil {
		return false, err
	}
	if j.build, err = view.Decode(raw); err != nil { // as instances will
		return false, err
	}
	j.raw, j.digest, j.bytes = raw, release.Digest(raw), int64(len(raw))
	if !on.keep {
		return true, nil
	}
	return c.save(ctx, j)
}

// save stores what one built, and says whether it was first.
func (c *Control) save(ctx context.Context, j *job) (bool, error) {
	remember(&c.cache, &c.cache.builds, j.digest, j.build)
	if _, err := storage.PutImmutable(ctx, c.objects(), release.BuildKey(j.digest), j.raw, storage.PutOptions{ContentType: "application/json"}); err != nil {
		return false, err
	}
	_, err := storage.PutImmutable(ctx, c.objects(), release.InputKey(j.input), []byte(j.digest), storage.PutOptions{ContentType: "text/plain"})
	if fault.KindOf(err) == fault.Conflict {
		// Somebody built the same input at the same time and got other bytes: theirs was first.
		_, err = c.reuse(ctx, j)
		return false, err
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
		obj, err := c.objects().Get(ctx, release.InputKey(j.input), storage.GetOptions{MaxBytes: 100})
		if fault.KindOf(err) == fault.NotFound {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if digest = string(obj.Body); !release.ValidDigest(digest) {
			return false, &fault.Error{Kind: fault.BadAnswer, Op: "control.build", Subject: j.id, Message: "what is noted for the build's input is no digest"}
		}
	}
	head, err := c.objects().Head(ctx, release.BuildKey(digest))
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

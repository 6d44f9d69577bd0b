package control

import (
	"context"
	"strings"
	"sync"
	"time"

	"facet/fault"
	"facet/graph"
	"facet/pack"
	"facet/release"
	"facet/storage"
	"facet/view"
)

// Package reads a published version and verifies its digest.
func (c *Control) Package(ctx context.Context, name, version string) (*pack.Package, error) {
	id := name + "@" + version
	if p, ok := recall(&c.cache, &c.cache.packages, id); ok {
		return p, nil
	}
	obj, err := c.objects().Get(ctx, release.TarballKey(name, version), storage.GetOptions{})
	if fault.KindOf(err) == fault.NotFound {
		return nil, &fault.Error{Kind: fault.NotFound, Op: "control.package", Subject: id, Message: "is not published", Err: err, Hint: "edge publish makes it known"}
	}
	if err != nil {
		return nil, err
	}
	if err := storage.Verify(id, obj.Body, obj.Metadata[storage.DigestName]); err != nil {
		return nil, err
	}
	p, err := pack.Open(strings.NewReader(string(obj.Body)), c.Limits)
	if err != nil {
		return nil, &fault.Error{Kind: fault.KindOf(err), Op: "control.package", Subject: id, Message: "the tarball cannot be read", Err: err}
	}
	if want := obj.Metadata[packageDigest]; want != "" && want != p.Digest {
		return nil, &fault.Error{Kind: fault.BadAnswer, Op: "control.package", Subject: id, Message: "the files do not have the digest they were published with", Err: storage.ErrDigest}
	}
	if p.Manifest.Name != name {
		return nil, &fault.Error{Kind: fault.BadAnswer, Op: "control.package", Subject: id, Message: "the tarball is of " + p.Manifest.Name}
	}
	p.Manifest.Version = version // with the suffix that it was published under
	remember(&c.cache, &c.cache.packages, id, p)
	return p, nil
}

// Graph reads a published graph version.
func (c *Control) Graph(ctx context.Context, version string) (*graph.Graph, error) {
	if g, ok := recall(&c.cache, &c.cache.graphs, version); ok {
		return g, nil
	}
	key := release.GraphKey(version)
	obj, err := c.objects().Get(ctx, key, storage.GetOptions{})
	if fault.KindOf(err) == fault.NotFound {
		return nil, &fault.Error{Kind: fault.NotFound, Op: "control.graph", Subject: version, Message: "this graph version is not published", Err: err, Hint: "edge publish --graph FILE --version " + version + " makes it known"}
	}
	if err != nil {
		return nil, err
	}
	if err := storage.Verify(key, obj.Body, obj.Metadata[storage.DigestName]); err != nil {
		return nil, err
	}
	g, ds := graph.Parse(key, obj.Body)
	if err := ds.Err(); err != nil {
		return nil, err
	}
	remember(&c.cache, &c.cache.graphs, version, g)
	return g, nil
}

// build reads a build by its digest.
func (c *Control) build(ctx context.Context, digest string) (*view.Build, error) {
	b, err := c.glimpse(ctx, digest)
	if err == nil {
		remember(&c.cache, &c.cache.builds, digest, b)
	}
	return b, err
}

// glimpse is build for what is looked at once: it pushes nothing out of the cache.
func (c *Control) glimpse(ctx context.Context, digest string) (*view.Build, error) {
	if b, ok := recall(&c.cache, &c.cache.builds, digest); ok {
		return b, nil
	}
	obj, err := storage.GetVerified(ctx, c.objects(), release.BuildKey(digest), digest, view.MaxEncoded)
	if err != nil {
		return nil, err
	}
	return view.Decode(obj.Body)
}

// builds reads builds by their digests, each once.
func (c *Control) builds(ctx context.Context, digests map[string]bool) (map[string]*view.Build, error) {
	var mu sync.Mutex
	out := make(map[string]*view.Build, len(digests))
	return out, each(ctx, readers, sorted(digests), func(ctx context.Context, _ int, digest string) error {
		b, err := c.build(ctx, digest)
		mu.Lock()
		defer mu.Unlock()
		out[digest] = b
		return err
	})
}

// Load reads a release of an environment and verifies its digests. The release is shared: it is not to be changed.
func (c *Control) Load(ctx context.Context, env, digest string) (*release.Release, error) {
	id := env + " " + digest
	if r, ok := recall(&c.cache, &c.cache.releases, id); ok {
		return r, nil
	}
	head, err := c.header(ctx, env, digest)
	if err != nil {
		return nil, err
	}
	names, err := release.ShardsOf(head)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	shards := map[string][]byte{}
	if err := each(ctx, readers, names, func(ctx context.Context, _ int, name string) error {
		s, err := storage.GetVerified(ctx, c.objects(), release.ShardKey(name), name, release.MaxShard)
		mu.Lock()
		defer mu.Unlock()
		shards[name] = s.Body
		return err
	}); err != nil {
		return nil, err
	}
	r, err := release.Decode(head, shards)
	if err != nil {
		return nil, err
	}
	if r.Env != env {
		return nil, &fault.Error{Kind: fault.BadAnswer, Op: "control.load", Subject: release.Short(digest), Message: "this release belongs to " + r.Env + ", not to " + env}
	}
	remember(&c.cache, &c.cache.releases, id, r)
	return r, nil
}

func (c *Control) header(ctx context.Context, env, digest string) ([]byte, error) {
	if !release.ValidDigest(digest) || !release.ValidName(env) {
		return nil, fault.New(fault.NotFound, "%q is no release of %q", digest, env)
	}
	obj, err := storage.GetVerified(ctx, c.objects(), release.Key(env, digest), digest, release.MaxHeader)
	if fault.KindOf(err) == fault.NotFound {
		return nil, &fault.Error{Kind: fault.NotFound, Op: "control.load", Subject: env, Message: "there is no release " + release.Short(digest), Err: err}
	}
	return obj.Body, err
}

// lineage is the parent of a release ("" for the first) and when it was made.
func (c *Control) lineage(ctx context.Context, env, digest string) (parent string, made time.Time, err error) {
	if r, ok := recall(&c.cache, &c.cache.releases, env+" "+digest); ok {
		return r.Parent, r.Made, nil
	}
	head, err := c.header(ctx, env, digest)
	if err != nil {
		return "", time.Time{}, err
	}
	return release.Lineage(head)
}

// ancestry is how far back a release is looked for among the parents of another; skew is how much
// the clocks of those who make releases may differ.
const (
	ancestry = 200
	skew     = time.Hour
)

// comesFrom is the first of the wanted releases among a release and its parents; "" if there is none. It looks
// no further back than since, and not past what was swept.
func (c *Control) comesFrom(ctx context.Context, env, digest string, since time.Time, wanted map[string]bool) (string, error) {
	for range ancestry {
		if digest == "" || wanted[digest] {
			return digest, nil
		}
		parent, made, err := c.lineage(ctx, env, digest)
		if fault.KindOf(err) == fault.NotFound || err == nil && made.Before(since.Add(-skew)) {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		digest = parent
	}
	return "", nil
}

// Pointer reads a region's pointer and its version in the store; the zero Pointer and "" if the region has none.
func (c *Control) Pointer(ctx context.Context, env, region string) (release.Pointer, string, error) {
	obj, err := c.objects().Get(ctx, release.PointerKey(env, region), storage.GetOptions{MaxBytes: release.MaxPointer})
	if fault.KindOf(err) == fault.NotFound {
		return release.Pointer{}, "", nil
	}
	if err != nil {
		return release.Pointer{}, "", err
	}
	p, err := c.readPointer(env, region, obj.Body)
	return p, obj.ETag, err
}

// readPointer decodes a pointer and looks at its signature; nil is the zero Pointer.
func (c *Control) readPointer(env, region string, raw []byte) (release.Pointer, error) {
	if raw == nil {
		return release.Pointer{}, nil
	}
	p, err := release.DecodePointer(raw)
	if err == nil {
		err = p.Verify(c.Keys, env, region)
	}
	return p, err
}

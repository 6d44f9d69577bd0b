// Package control publishes packages and graphs, and makes the releases that instances serve.
package control

import (
	"context"
	"fmt"
	"runtime"
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

// A Control changes what is stored. All its state is in the Store: any number
// of them may work on one, and their writes are conditional. Its methods may be
// called from several goroutines; set the fields before the first call.
type Control struct {
	Store storage.Store

	// Build records a package against its locked modules and a graph. Equal input must
	// give equal bytes. What the author can mend are diagnostics; an error is anything else.
	Build func(ctx context.Context, in Input) (*view.Build, fault.Diagnostics, error)
	// Builder names the program that Build is, with its version: another one builds anew.
	Builder string
	// Check says what is wrong with builds that one route shall mount together; nil asks view.NewSurface.
	Check func(device, schema string, g *graph.Graph, builds []*view.Build) fault.Diagnostics
	// Explain is what each view of builds that stand together on a route costs, by the view's name; nil leaves costs out.
	Explain func(device, schema string, g *graph.Graph, builds []*view.Build) (map[string]Cost, error)

	Signer release.Signer // signs pointers and releases; the zero Signer signs none
	Keys   release.Keys   // whose pointers are built on; nil takes any

	Limits  pack.Limits      // of tarballs; zero fields have pack's defaults
	Workers int              // builds at a time; 0 is two per processor, as half of a build is waiting for the store
	Shards  int              // of a release; 0 is 1
	Now     func() time.Time // nil is time.Now

	cache cache
}

// An Input is what one build is made of.
type Input struct {
	Package *pack.Package
	Lock    *pack.Lock // never nil
	Graph   *graph.Graph
}

func (c *Control) now() time.Time {
	if c.Now != nil {
		return c.Now()
	}
	return time.Now()
}

func (c *Control) workers() int {
	if c.Workers > 0 {
		return c.Workers
	}
	return 2 * runtime.GOMAXPROCS(0)
}

// A cache keeps immutable things that were read before. When it is full it
// forgets everything: what is still needed is read again.
type cache struct {
	mu       sync.Mutex
	packages map[string]*pack.Package // by name@version
	builds   map[string]*view.Build   // by digest
	inputs   map[string]string        // input digest -> build digest
	graphs   map[string]*graph.Graph  // by version
}

const cacheEntries = 1000

func remember[V any](c *cache, m *map[string]V, key string, v V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if *m == nil || len(*m) >= cacheEntries {
		*m = map[string]V{}
	}
	(*m)[key] = v
}

func recall[V any](c *cache, m *map[string]V, key string) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok := (*m)[key]
	return v, ok
}

// Package reads a published version and verifies its digest.
func (c *Control) Package(ctx context.Context, name, version string) (*pack.Package, error) {
	id := name + "@" + version
	if p, ok := recall(&c.cache, &c.cache.packages, id); ok {
		return p, nil
	}
	obj, err := c.Store.Get(ctx, release.TarballKey(name, version), storage.GetOptions{})
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
		return nil, fmt.Errorf("%s: %w", id, err)
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
	obj, err := c.Store.Get(ctx, key, storage.GetOptions{})
	if fault.KindOf(err) == fault.NotFound {
		return nil, &fault.Error{Kind: fault.NotFound, Op: "control.graph", Subject: version, Message: "this graph version is not published", Err: err}
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

// latestGraph is the highest graph version that is published.
func (c *Control) latestGraph(ctx context.Context) (string, error) {
	in := pack.Index{Name: "the graph", Versions: map[string]pack.Published{}}
	for info, err := range c.Store.List(ctx, release.GraphPrefix) {
		if err != nil {
			return "", err
		}
		in.Versions[strings.TrimSuffix(strings.TrimPrefix(info.Key, release.GraphPrefix), release.GraphSuffix)] = pack.Published{}
	}
	v, err := pack.Resolve("*", in)
	if err != nil {
		return "", &fault.Error{Kind: fault.KindOf(err), Op: "control.release", Message: "no graph is published", Err: err, Hint: "publish the graph first"}
	}
	return v.String(), nil
}

// build reads a build by its digest.
func (c *Control) build(ctx context.Context, digest string) (*view.Build, error) {
	if b, ok := recall(&c.cache, &c.cache.builds, digest); ok {
		return b, nil
	}
	obj, err := storage.GetVerified(ctx, c.Store, release.BuildKey(digest), digest, view.MaxEncoded)
	if err != nil {
		return nil, err
	}
	b, err := view.Decode(obj.Body)
	if err != nil {
		return nil, err
	}
	remember(&c.cache, &c.cache.builds, digest, b)
	return b, nil
}

// Load reads a release of an environment and verifies its digests.
func (c *Control) Load(ctx context.Context, env, digest string) (*release.Release, error) {
	obj, err := storage.GetVerified(ctx, c.Store, release.Key(env, digest), digest, release.MaxHeader)
	if err != nil {
		return nil, err
	}
	names, err := release.ShardsOf(obj.Body)
	if err != nil {
		return nil, err
	}
	shards := map[string][]byte{}
	for _, name := range names {
		s, err := storage.GetVerified(ctx, c.Store, release.ShardKey(name), name, release.MaxShard)
		if err != nil {
			return nil, err
		}
		shards[name] = s.Body
	}
	return release.Decode(obj.Body, shards)
}

// Pointer reads a region's pointer and its revision; the zero Pointer and "" if the region has none.
func (c *Control) Pointer(ctx context.Context, env, region string) (release.Pointer, string, error) {
	obj, err := c.Store.Get(ctx, release.PointerKey(env, region), storage.GetOptions{MaxBytes: release.MaxPointer})
	if fault.KindOf(err) == fault.NotFound {
		return release.Pointer{}, "", nil
	}
	if err != nil {
		return release.Pointer{}, "", err
	}
	p, err := release.DecodePointer(obj.Body)
	return p, obj.ETag, err
}

package catalog

import (
	"context"
	"errors"
	"sync"

	"golang.org/x/sync/errgroup"

	"facet/fault"
	"facet/release"
	"facet/storage"
	"facet/view"
)

// A Loaded is a release with all that it names, every byte verified. It is
// read-only; builds that two releases share are the same pointers.
type Loaded struct {
	Digest  string
	Release *release.Release
	Graphs  map[string][]byte      // SDL by digest
	Builds  map[string]*view.Build // by digest
	Shards  []string               // their digests
}

// objects are the digests of all objects that the release consists of.
func (l *Loaded) objects() map[string]bool {
	out := map[string]bool{l.Digest: true}
	for _, s := range l.Shards {
		out[s] = true
	}
	for d := range l.Graphs {
		out[d] = true
	}
	for d := range l.Builds {
		out[d] = true
	}
	return out
}

// A BuildError names the build that is at fault.
type BuildError struct {
	Build string // digest
	Err   error
}

// Error is the cause's, after the build.
func (e *BuildError) Error() string {
	return "build " + release.Short(e.Build) + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *BuildError) Unwrap() error { return e.Err }

func buildOf(err error) string {
	var b *BuildError
	if errors.As(err, &b) {
		return b.Build
	}
	return ""
}

// final says whether a release that failed to load with err would fail again
// for ever: bytes with a wrong digest, or that cannot be decoded.
func final(err error) bool {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.TooLarge:
		return true
	}
	return errors.Is(err, storage.ErrDigest)
}

// A source gives verified bytes.
type source interface {
	get(ctx context.Context, key, digest string, most int64) ([]byte, error)
}

type remote struct{ storage.Reader }

func (r remote) get(ctx context.Context, key, digest string, most int64) ([]byte, error) {
	obj, err := storage.GetVerified(ctx, r.Reader, key, digest, most)
	return obj.Body, err
}

// cached looks on disk first, and notes there what it had to fetch.
type cached struct {
	remote
	disk *disk
}

func (c cached) get(ctx context.Context, key, digest string, most int64) ([]byte, error) {
	if body, err := c.disk.get(ctx, key, digest, most); err == nil {
		return body, nil
	}
	body, err := c.remote.get(ctx, key, digest, most)
	if err == nil {
		c.disk.put(digest, body)
	}
	return body, err
}

// A buildCache keeps the decoded builds of what is served, so that the next release takes them over.
type buildCache struct {
	mu     sync.Mutex
	builds map[string]*view.Build
	graphs map[string][]byte
}

func (b *buildCache) build(digest string) *view.Build {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.builds[digest]
}

func (b *buildCache) graph(digest string) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.graphs[digest]
}

func (b *buildCache) keep(l *Loaded) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.builds, b.graphs = l.Builds, l.Graphs
}

const maxGraph = 16 << 20

// load fetches a release and everything it names, several objects at a time.
func load(ctx context.Context, from source, known *buildCache, env, digest string, downloads int) (*Loaded, error) {
	head, err := from.get(ctx, release.Key(env, digest), digest, release.MaxHeader)
	if err != nil {
		return nil, err
	}
	l := &Loaded{Digest: digest, Graphs: map[string][]byte{}, Builds: map[string]*view.Build{}}
	if l.Shards, err = release.ShardsOf(head); err != nil {
		return nil, err
	}
	var mu sync.Mutex
	shards := map[string][]byte{}
	group, sub := errgroup.WithContext(ctx)
	group.SetLimit(downloads)
	for _, name := range l.Shards {
		group.Go(func() error {
			body, err := from.get(sub, release.ShardKey(name), name, release.MaxShard)
			mu.Lock()
			defer mu.Unlock()
			shards[name] = body
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if l.Release, err = release.Decode(head, shards); err != nil {
		return nil, err
	}
	if l.Release.Env != env {
		return nil, fault.New(fault.Invalid, "the release %s is of the environment %s", release.Short(digest), l.Release.Env)
	}
	group, sub = errgroup.WithContext(ctx)
	group.SetLimit(downloads)
	for _, g := range l.Release.Graphs() {
		if sdl := known.graph(g.Digest); sdl != nil {
			mu.Lock()
			l.Graphs[g.Digest] = sdl
			mu.Unlock()
			continue
		}
		group.Go(func() error {
			sdl, err := from.get(sub, release.GraphKey(g.Version), g.Digest, maxGraph)
			mu.Lock()
			defer mu.Unlock()
			l.Graphs[g.Digest] = sdl
			return err
		})
	}
	for digest, what := range l.Release.Builds {
		if b := known.build(digest); b != nil {
			mu.Lock()
			l.Builds[digest] = b
			mu.Unlock()
			continue
		}
		group.Go(func() error {
			b, err := loadBuild(sub, from, digest, what)
			mu.Lock()
			defer mu.Unlock()
			l.Builds[digest] = b
			if err != nil {
				return &BuildError{Build: digest, Err: err}
			}
			return nil
		})
	}
	return l, group.Wait()
}

func loadBuild(ctx context.Context, from source, digest string, what release.Build) (*view.Build, error) {
	body, err := from.get(ctx, release.BuildKey(digest), digest, view.MaxEncoded)
	if err != nil {
		return nil, err
	}
	b, err := view.Decode(body)
	if err != nil {
		return nil, err
	}
	if b.Package != what.Package || b.Version != what.Version || b.Graph != what.Graph {
		return nil, fault.New(fault.Invalid, "it is of %s@%s, not of %s@%s", b.Package, b.Version, what.Package, what.Version)
	}
	return b, nil
}

package catalog

import (
	"bytes"
	"context"
	"errors"
	"sync"

	"github.com/klauspost/compress/s2"
	"golang.org/x/sync/errgroup"

	"facet/fault"
	"facet/release"
	"facet/storage"
	"facet/view"
)

// A Loaded is a release with all that it names, every byte verified and every build decoded once. It is
// read-only, and shares with other releases what they have in common.
type Loaded struct {
	Digest  string
	Release *release.Release
	Graphs  map[string][]byte // SDL by digest
	Shards  []string          // their digests
	// Proven: this program opened the same release before, so that what opening would find out is known.
	Proven bool
	builds map[string]*resting
	fresh  []*view.Build // just decoded: kept from the garbage collector until the release is open, so that opening does not decode them again
}

// freshBytes is how many bytes of encoded builds a load keeps decoded until its release is open: some 1,000 builds of ordinary size.
const freshBytes = 40 << 20

// Build gives a build of the release. Two calls give the same one for as long as
// somebody keeps it; after that it is decoded again, from memory. It is a
// *BuildError if the release does not have it.
func (l *Loaded) Build(digest string) (*view.Build, error) {
	r := l.builds[digest]
	if r == nil {
		return nil, &BuildError{Build: digest, Err: fault.New(fault.Invalid, "the release does not have this build")}
	}
	b, err := r.wake()
	if err != nil {
		return nil, &BuildError{Build: digest, Err: err}
	}
	return b, nil
}

// An object is one stored thing that a release consists of.
type object struct {
	key, digest string
	most        int64
}

func (l *Loaded) objects() []object {
	out := []object{{release.Key(l.Release.Env, l.Digest), l.Digest, release.MaxHeader}}
	for _, s := range l.Shards {
		out = append(out, object{release.ShardKey(s), s, release.MaxShard})
	}
	for _, g := range l.Release.Graphs() {
		out = append(out, object{release.GraphKey(g.Version), g.Digest, maxGraph})
	}
	for d := range l.Release.Builds {
		out = append(out, object{release.BuildKey(d), d, view.MaxEncoded})
	}
	return out
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
	get(ctx context.Context, o object) ([]byte, error)
}

type remote struct{ storage.Reader }

func (r remote) get(ctx context.Context, o object) ([]byte, error) {
	obj, err := storage.GetVerified(ctx, r.Reader, o.key, o.digest, o.most)
	return obj.Body, err
}

// cached looks on disk first, and notes there what it had to fetch.
type cached struct {
	remote
	disk *disk
}

func (c cached) get(ctx context.Context, o object) ([]byte, error) {
	if body, err := c.disk.get(ctx, o); err == nil {
		return body, nil
	}
	body, err := c.remote.get(ctx, o)
	if err == nil {
		c.disk.put(o.digest, body)
	}
	return body, err
}

// A larder keeps what was loaded, so that the next release takes it over, and
// a load that ended half way is not for nothing.
type larder struct {
	mu     sync.Mutex
	builds map[string]*resting
	graphs map[string][]byte
	shards map[string][]byte // compressed: a release of thousands differs from the next in one of them mostly
}

// shard is a shard that is known; nil if it is not.
func (b *larder) shard(digest string) []byte {
	b.mu.Lock()
	packed := b.shards[digest]
	b.mu.Unlock()
	if packed == nil {
		return nil
	}
	body, err := s2.Decode(nil, packed)
	if err != nil { // it was packed here: then it is read again
		return nil
	}
	return body
}

func (b *larder) addShard(digest string, body []byte) {
	packed := bytes.Clone(s2.EncodeBetter(nil, body))
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.shards == nil {
		b.shards = map[string][]byte{}
	}
	b.shards[digest] = packed
}

func (b *larder) build(digest string) *resting {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.builds[digest]
}

func (b *larder) graph(digest string) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.graphs[digest]
}

func (b *larder) add(digest string, r *resting) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.builds == nil {
		b.builds = map[string]*resting{}
	}
	b.builds[digest] = r
}

// keep drops all that the releases do not need.
func (b *larder) keep(releases ...*Loaded) {
	b.mu.Lock()
	defer b.mu.Unlock()
	shards := b.shards
	b.builds, b.graphs, b.shards = map[string]*resting{}, map[string][]byte{}, map[string][]byte{}
	for _, l := range releases {
		if l == nil {
			continue
		}
		for _, d := range l.Shards {
			if packed := shards[d]; packed != nil {
				b.shards[d] = packed
			}
		}
		for d, r := range l.builds {
			b.builds[d] = r
		}
		for d, sdl := range l.Graphs {
			b.graphs[d] = sdl
		}
	}
}

const maxGraph = 16 << 20

// load fetches a release and everything it names, several objects at a time.
// decoders of its builds are decoded at a time.
// A release that is proven is not decoded.
func load(ctx context.Context, from source, known *larder, env, digest string, downloads, decoders int, proven bool) (*Loaded, error) {
	head, err := from.get(ctx, object{release.Key(env, digest), digest, release.MaxHeader})
	if err != nil {
		return nil, err
	}
	l := &Loaded{Digest: digest, Proven: proven, Graphs: map[string][]byte{}, builds: map[string]*resting{}}
	if l.Shards, err = release.ShardsOf(head); err != nil {
		return nil, err
	}
	var mu sync.Mutex
	shards := map[string][]byte{}
	group, sub := errgroup.WithContext(ctx)
	group.SetLimit(downloads)
	for _, name := range l.Shards {
		group.Go(func() error {
			body, err := known.shard(name), error(nil)
			if body == nil {
				if body, err = from.get(sub, object{release.ShardKey(name), name, release.MaxShard}); err == nil {
					known.addShard(name, body)
				}
			}
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
	return l, l.fetch(ctx, from, known, downloads, decoders)
}

// fetch gets the graphs and builds that are not known yet.
func (l *Loaded) fetch(ctx context.Context, from source, known *larder, downloads, decoders int) error {
	var mu sync.Mutex // guards the maps, room and fresh
	room := freshBytes
	group, sub := errgroup.WithContext(ctx)
	group.SetLimit(downloads)
	for _, g := range l.Release.Graphs() {
		group.Go(func() error {
			sdl, err := known.graph(g.Digest), error(nil)
			if sdl == nil {
				sdl, err = from.get(sub, object{release.GraphKey(g.Version), g.Digest, maxGraph})
			}
			mu.Lock()
			defer mu.Unlock()
			l.Graphs[g.Digest] = sdl
			return err
		})
	}
	decoding := make(chan struct{}, decoders)
	for digest, what := range l.Release.Builds {
		if r := known.build(digest); r != nil {
			if err := r.is(what); err != nil {
				_ = group.Wait()
				return &BuildError{Build: digest, Err: err}
			}
			mu.Lock()
			l.builds[digest] = r
			mu.Unlock()
			continue
		}
		group.Go(func() error {
			body, err := from.get(sub, object{release.BuildKey(digest), digest, view.MaxEncoded})
			if err != nil {
				return &BuildError{Build: digest, Err: err}
			}
			var r *resting
			var b *view.Build
			decoding <- struct{}{}
			if l.Proven {
				r = restProven(body, what)
			} else {
				r, b, err = rest(body, what)
			}
			<-decoding
			if err != nil {
				return &BuildError{Build: digest, Err: err}
			}
			known.add(digest, r)
			mu.Lock()
			defer mu.Unlock()
			l.builds[digest] = r
			if room -= len(body); room >= 0 && b != nil {
				l.fresh = append(l.fresh, b)
			}
			return nil
		})
	}
	return group.Wait()
}

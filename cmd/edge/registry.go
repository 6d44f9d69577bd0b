package main

import (
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // npm's shasum, beside the integrity that clients verify
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"facet/control"
	"facet/fault"
	"facet/pack"
	"facet/release"
	"facet/resolvers"
	"facet/serve/registry"
	"facet/storage"
)

// registryPath is where the control API's listener answers npm.
const registryPath = "/registry/"

// withRegistry mounts the npm registry beside the control API, if the configuration has it.
func withRegistry(api http.Handler, c registryConfig, ctl *control.Control, tokens resolvers.Tokens, of registryOf, log zerolog.Logger) http.Handler {
	if !c.Enabled {
		return api
	}
	url := c.URL
	if url != "" {
		url = strings.TrimSuffix(url, "/") + "/"
	}
	mux := http.NewServeMux()
	mux.Handle("/", api)
	mux.Handle(registryPath, registry.Handler(registry.Options{
		Shelf: newShelf(ctl, of, log),
		Holder: func(token string) registry.Holder {
			if h, ok := tokens.Holder(token); ok {
				return h
			}
			return nil
		},
		Prefix: registryPath, URL: url, Public: c.Public, Drafts: of.Drafts, Log: log,
		Limits: registry.Limits{Tarball: int(packLimits(ctl).Packed)},
	}))
	return mux
}

// A registryOf says which environment a registry is of.
type registryOf struct {
	Env string // that publications are checked against
	// Drafts shows what a tag means although its version has build metadata, as of every package that is being written: 2.1.0+0a1b2c is
	// 2.1.0 to npm, until the next save. Elsewhere a version is what it is for ever, and those are not shown.
	Drafts bool
}

// tell says at the start where npm clients find the registry, on the control API's door.
func (c registryConfig) tell(log zerolog.Logger, d *door, t tlsConfig) {
	if !c.Enabled {
		return
	}
	url := c.URL
	if url == "" {
		url = "http"
		if t.Cert != "" {
			url = "https"
		}
		url += "://" + browsable(d.listener.Addr().String()) + registryPath
	}
	log.Info().Str("listener", "npm").Str("url", url).Bool("public", c.Public).Msg("listening")
}

func packLimits(ctl *control.Control) pack.Limits {
	l, d := ctl.Limits, pack.DefaultLimits()
	if l.Packed == 0 {
		l.Packed = d.Packed
	}
	return l
}

// A shelf is the registry's packages: what control publishes, and what the program itself gives.
type shelf struct {
	control *control.Control
	store   storage.Store
	of      registryOf
	given   *given

	mu    sync.Mutex
	known map[string]registry.Version // by name@version, without what may change
}

// Of a shelf: versions that are remembered, and tarballs that are read at a time.
const (
	shelfVersions = 20_000
	shelfReads    = 4
)

func newShelf(ctl *control.Control, of registryOf, log zerolog.Logger) *shelf {
	return &shelf{control: ctl, store: ctl.Store, of: of, given: newGiven(ctl, log), known: map[string]registry.Version{}}
}

func (s *shelf) Names(ctx context.Context) ([]string, error) {
	names, err := s.control.Packages(ctx)
	names = append(names, s.given.names()...)
	slices.Sort(names)
	return slices.Compact(names), err
}

func (s *shelf) Package(ctx context.Context, name string) (*registry.Package, error) {
	in, err := s.index(ctx, name)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(in)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "registry", name, err)
	}
	sum := sha256.Sum256(raw)
	out := &registry.Package{Name: name, Revision: "1-" + hex.EncodeToString(sum[:16]), Tags: map[string]string{}}
	stored := s.listed(in)
	if len(stored) == 0 {
		return nil, &fault.Error{Kind: fault.NotFound, Op: "registry", Subject: name, Message: "no version of this package is published"}
	}
	versions := ordered(stored)
	out.Versions = make([]registry.Version, len(versions))
	g, reading := errgroup.WithContext(ctx)
	g.SetLimit(shelfReads)
	for i, version := range versions {
		g.Go(func() error {
			v, err := s.version(reading, name, stored[version])
			if err != nil {
				return err
			}
			entry := in.Versions[stored[version]]
			v.Version, v.Deprecated = version, entry.Deprecated
			if entry.Yanked != "" { // npm knows no other word for a version that nothing new should be bound to
				v.Deprecated = "yanked: " + entry.Yanked
			}
			out.Versions[i] = v
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	for tag, version := range in.Tags {
		if shown := plain(version); stored[shown] == version {
			out.Tags[tag] = shown
		}
	}
	if out.Tags["latest"] == "" { // without it npm install finds nothing, whatever there is
		out.Tags["latest"] = highest(in, versions)
	}
	return out, nil
}

// highest is what a package means where no tag says so: the highest version, one that is neither yanked nor a pre-release if there is such a one.
func highest(in pack.Index, versions []string) string {
	shown := pack.Index{Versions: map[string]pack.Published{}}
	for _, v := range versions {
		shown.Versions[v] = in.Versions[v]
	}
	if v, err := pack.Resolve("*", shown); err == nil {
		return v.String()
	}
	for _, v := range slices.Backward(versions) {
		if in.Versions[v].Yanked == "" {
			return v
		}
	}
	return versions[len(versions)-1]
}

// index is what is listed of a package, the program's own among them.
func (s *shelf) index(ctx context.Context, name string) (pack.Index, error) {
	if s.given.has(name) {
		return s.given.index(ctx, name)
	}
	return s.control.Index(ctx, name)
}

// listed are the versions of an index that npm can name, and what each is stored as.
func (s *shelf) listed(in pack.Index) map[string]string {
	out := map[string]string{}
	for text := range in.Versions {
		if v, err := pack.ParseVersion(text); err == nil && v.String() == text && plain(text) == text {
			out[text] = text
		}
	}
	if !s.of.Drafts {
		return out
	}
	for _, tag := range append([]string{"latest"}, slices.Sorted(maps.Keys(in.Tags))...) {
		if version, ok := in.Tags[tag]; ok && out[plain(version)] == "" {
			out[plain(version)] = version
		}
	}
	return out
}

// plain is a version without build metadata, which npm does not see: 3.4.1+x is 3.4.1 to it.
func plain(version string) string {
	out, _, _ := strings.Cut(version, "+")
	return out
}

// ordered are the keys, versions, lowest first.
func ordered(stored map[string]string) []string {
	var versions []pack.Version
	for text := range stored {
		if v, err := pack.ParseVersion(text); err == nil {
			versions = append(versions, v)
		}
	}
	slices.SortFunc(versions, pack.Version.Compare)
	out := make([]string, len(versions))
	for i, v := range versions {
		out[i] = v.String()
	}
	return out
}

// version is what never changes of a version.
func (s *shelf) version(ctx context.Context, name, version string) (registry.Version, error) {
	id := name + "@" + version
	s.mu.Lock()
	v, ok := s.known[id]
	s.mu.Unlock()
	if ok {
		return v, nil
	}
	obj, err := s.object(ctx, name, version)
	if err != nil {
		return v, err
	}
	p, err := pack.Open(bytes.NewReader(obj.Body), s.control.Limits)
	if err != nil {
		return v, &fault.Error{Kind: fault.BadAnswer, Op: "registry", Subject: id, Message: "the stored tarball cannot be read", Err: err}
	}
	sum := sha1.Sum(obj.Body) //nolint:gosec // see the import
	v = registry.Version{Version: version, Manifest: p.Files[pack.File], Integrity: integrity(obj.Body), Shasum: hex.EncodeToString(sum[:]),
		Bundled: bundled(p), Files: len(p.Files), Unpacked: p.Bytes(), Published: obj.Modified}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) >= shelfVersions { // what is still asked for is read again
		s.known = map[string]registry.Version{}
	}
	s.known[id] = v
	return v, nil
}

// bundled are the dependencies that a package brings with it, sorted: edge publish packs what is no module.
func bundled(p *pack.Package) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(p.Manifest.Dependencies)) {
		if _, ok := p.Files["node_modules/"+name+"/"+pack.File]; ok {
			out = append(out, name)
		}
	}
	return out
}

// integrity is a tarball's digest as npm writes it.
func integrity(tarball []byte) string {
	sum := sha512.Sum512(tarball)
	return "sha512-" + base64.StdEncoding.EncodeToString(sum[:])
}

// object is a stored tarball with the digest that it was stored with.
func (s *shelf) object(ctx context.Context, name, version string) (storage.Object, error) {
	key := release.TarballKey(name, version)
	obj, err := s.store.Get(ctx, key, storage.GetOptions{})
	if err != nil {
		return obj, err
	}
	return obj, storage.Verify(key, obj.Body, obj.Metadata[storage.DigestName])
}

func (s *shelf) Tarball(ctx context.Context, name, version string) ([]byte, error) {
	in, err := s.index(ctx, name)
	if err != nil {
		return nil, err
	}
	stored, ok := s.listed(in)[version]
	if !ok {
		return nil, &fault.Error{Kind: fault.NotFound, Op: "registry", Subject: name, Message: "has no version " + version}
	}
	obj, err := s.object(ctx, name, stored)
	return obj.Body, err
}

// Publish is control's, with npm's own rule: a version is published once. Only the very same tarball may come again, as it does when a
// client had no answer; then nothing changes, tags neither.
func (s *shelf) Publish(ctx context.Context, u registry.Upload) (fault.Diagnostics, error) {
	if err := s.ours(u.Name); err != nil {
		return nil, err
	}
	p, err := pack.Open(bytes.NewReader(u.Tarball), s.control.Limits)
	if err != nil {
		return nil, err
	}
	if m := &p.Manifest; m.Name != u.Name || m.Version != u.Version {
		return nil, fault.New(fault.Invalid, "the tarball is of %s, not of %s@%s", p.ID(), u.Name, u.Version)
	}
	in, err := s.control.Index(ctx, u.Name)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return nil, err
	}
	if _, ok := in.Versions[u.Version]; ok {
		there, err := s.version(ctx, u.Name, u.Version)
		if err != nil || there.Integrity == integrity(u.Tarball) {
			return nil, err
		}
		return nil, fault.New(fault.Forbidden, "%s is published already, and a version never changes", p.ID()).WithHint("raise the version in package.json")
	}
	out, err := s.control.Publish(ctx, control.Publication{Tarball: u.Tarball, Tag: u.Tag, Against: &control.Against{Env: s.of.Env}})
	if fault.KindOf(err) == fault.Conflict { // npm answers 409 by sending all versions at once
		err = fault.New(fault.Forbidden, "%s: %s", p.ID(), fault.Public(err)).WithHint("%s", fault.HintOf(err))
	}
	if out == nil {
		return nil, err
	}
	return out.Diagnostics, err
}

// ours is nil if clients may change a package: what the program gives is read only.
func (s *shelf) ours(name string) error {
	if strings.HasPrefix(name, pack.HostScope) {
		return fault.New(fault.Forbidden, "%s comes with the edge and cannot be changed", name)
	}
	return nil
}

func (s *shelf) Tag(ctx context.Context, name, tag, version string) error {
	if err := s.ours(name); err != nil {
		return err
	}
	_, err := s.control.SetTag(ctx, name, tag, version)
	return err
}

func (s *shelf) Untag(ctx context.Context, name, tag string) error {
	if err := s.ours(name); err != nil {
		return err
	}
	_, err := s.control.RemoveTag(ctx, name, tag)
	return err
}

func (s *shelf) Deprecate(ctx context.Context, name string, versions []string, message string) error {
	if err := s.ours(name); err != nil {
		return err
	}
	_, err := s.control.Deprecate(ctx, name, strings.Join(versions, " || "), message)
	return err
}

// Unpublish asks of all versions whether they may go before the first goes: what is gone never comes back.
func (s *shelf) Unpublish(ctx context.Context, name string, versions []string) error {
	if err := s.ours(name); err != nil {
		return err
	}
	for _, version := range versions {
		if err := s.control.Unused(ctx, name, version); err != nil {
			return err
		}
	}
	for _, version := range versions {
		if _, err := s.control.Unpublish(ctx, name, version); err != nil {
			return err
		}
	}
	return nil
}

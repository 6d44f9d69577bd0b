package main

import (
	"context"
	"encoding/json"
	"strings"
	"sync"

	"github.com/rs/zerolog"

	"facet/control"
	"facet/fault"
	"facet/pack"
	"facet/release"
	"facet/scripts"
	"facet/sdk"
	"facet/storage"
)

// The packages that the program itself gives to editors: what packages are written with, and the published graphs as types.
const (
	sdkPackage   = pack.HostScope + "sdk"
	graphPackage = pack.HostScope + "graph"
)

// A given keeps the program's own packages where clients find them. A version goes into the store when it is first asked for and is from there
// ever after: a lock file holds its integrity, and must still be met by the programs that come after this one.
type given struct {
	control *control.Control
	log     zerolog.Logger

	mu   sync.Mutex
	kept map[string]bool // by name@version: it is in the store
}

func newGiven(ctl *control.Control, log zerolog.Logger) *given {
	return &given{control: ctl, log: log, kept: map[string]bool{}}
}

func (g *given) names() []string { return []string{graphPackage, sdkPackage} }

func (g *given) has(name string) bool { return name == sdkPackage || name == graphPackage }

// index lists the versions of a given package: those in the store and this program's own.
func (g *given) index(ctx context.Context, name string) (pack.Index, error) {
	in := pack.Index{Name: name, Versions: map[string]pack.Published{}, Tags: map[string]string{}}
	prefix := release.PackagePrefix + name + "/"
	for info, err := range g.control.Store.List(ctx, prefix) {
		if err != nil {
			return in, err
		}
		if version, ok := strings.CutSuffix(strings.TrimPrefix(info.Key, prefix), ".tgz"); ok {
			in.Versions[version] = pack.Published{Bytes: info.Size}
		}
	}
	latest, err := g.fill(ctx, name, &in)
	if err != nil {
		return in, err
	}
	if latest != "" {
		in.Tags["latest"] = latest
	}
	return in, nil
}

// fill puts what the store lacks into it, and says which version is this program's.
func (g *given) fill(ctx context.Context, name string, in *pack.Index) (latest string, err error) {
	if name == sdkPackage {
		p, ds := pack.FromFS(sdk.Files, ".", pack.DefaultLimits())
		if ds.Failed() {
			return "", ds.Err()
		}
		return p.Manifest.Version, g.keep(ctx, p, in)
	}
	graphs, err := g.control.Graphs(ctx)
	if err != nil {
		return "", err
	}
	for i, v := range graphs {
		if i == 0 {
			latest = v.Version
		}
		if _, ok := in.Versions[v.Version]; ok {
			continue
		}
		p, err := g.types(ctx, v.Version)
		if err != nil {
			return "", err
		}
		if err := g.keep(ctx, p, in); err != nil {
			return "", err
		}
	}
	return latest, nil
}

// types is a graph version as a package: the types that `edge types` writes.
func (g *given) types(ctx context.Context, version string) (*pack.Package, error) {
	of, err := g.control.Graph(ctx, version)
	if err != nil {
		return nil, err
	}
	manifest, err := json.MarshalIndent(map[string]any{
		"name": graphPackage, "version": version, "description": "The types of the graph: for the editors of packages that are recorded over it",
		"type": "module", "types": "./index.d.ts", "exports": map[string]any{".": map[string]string{"types": "./index.d.ts"}},
		"peerDependencies": map[string]string{sdkPackage: "*"},
	}, "", "  ")
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "registry", graphPackage, err)
	}
	files := map[string][]byte{pack.File: manifest, "index.d.ts": scripts.Declare(of)}
	return &pack.Package{Manifest: pack.Manifest{Name: graphPackage, Version: version}, Files: files, Digest: pack.DigestOf(files)}, nil
}

// keep stores a package, unless its version is there.
func (g *given) keep(ctx context.Context, p *pack.Package, in *pack.Index) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if version := p.Manifest.Version; !g.kept[p.ID()] {
		tarball, err := p.Tarball()
		if err != nil {
			return err
		}
		_, err = storage.PutImmutable(ctx, g.control.Store, release.TarballKey(p.Manifest.Name, version), tarball, storage.PutOptions{ContentType: "application/gzip"})
		if fault.KindOf(err) == fault.Conflict {
			g.log.Warn().Str("package", p.ID()).Msg("the store has other files under this version; clients go on getting those")
		} else if err != nil {
			return err
		}
		g.kept[p.ID()] = true
	}
	in.Versions[p.Manifest.Version] = pack.Published{Digest: p.Digest}
	return nil
}

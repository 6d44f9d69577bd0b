package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"facet/control"
	"facet/fault"
	"facet/pack"
	"facet/release"
	"facet/scripts"
	"facet/view"
)

// devGraphVersion is the version that a workspace's graph is published under while developing, with a suffix of its content.
const devGraphVersion = "1.0.0"

// buildWith is control's building.
func buildWith(ctx context.Context, in control.Input) (*view.Build, fault.Diagnostics, error) {
	b, ds := scripts.Build(ctx, in.Package, in.Lock, in.Graph, scripts.Options{})
	if !ds.Failed() {
		ds = append(ds, budgetMistakes(b, in.Graph)...)
		ds = append(ds, documentMistakes(ctx, in.Package, b, in.Graph)...)
	}
	return b, ds, nil
}

// A publisher brings a workspace's packages and graph into an environment, by the path that every publish takes.
type publisher struct {
	space   *workspace
	control *control.Control
	env     string
	spaces  map[string]*pack.Workspace // npm workspaces by their root
	names   map[string]string          // package folder -> name@version that is published
	places  map[string][]release.Place // package folder -> where its package is mounted
	release *release.Release           // what was released last; nil before the first
}

func newPublisher(w *workspace, c *control.Control, env string) *publisher {
	return &publisher{space: w, control: c, env: env, spaces: map[string]*pack.Workspace{}, names: map[string]string{}, places: map[string][]release.Place{}}
}

// An outcome is what became of one round.
type outcome struct {
	Diagnostics fault.Diagnostics
	Published   []string // name@version
	Result      *control.Result
}

// all publishes the graph and every package, and makes one release.
func (p *publisher) all(ctx context.Context) (*outcome, error) {
	dirs, err := p.space.packageDirs()
	if err != nil {
		return nil, err
	}
	pointer, _, err := p.control.Pointer(ctx, p.env, devRegion)
	if err != nil {
		return nil, err
	}
	if pointer.Release != "" { // a store that is kept between runs
		if p.release, err = p.control.Load(ctx, p.env, pointer.Release); err != nil {
			return nil, err
		}
	}
	return p.round(ctx, true, dirs)
}

// saved publishes what the changed files belong to.
func (p *publisher) saved(ctx context.Context, files []string) (*outcome, error) {
	dirs, err := p.space.packageDirs()
	if err != nil {
		return nil, err
	}
	for dir := range p.places { // a folder that is gone takes its package along
		if !slices.Contains(dirs, dir) {
			delete(p.places, dir)
			delete(p.names, dir)
		}
	}
	graph := slices.Contains(files, filepath.Join(p.space.Dir, filepath.FromSlash(p.space.Graph)))
	dirty := slices.DeleteFunc(dirs, func(dir string) bool {
		return !slices.ContainsFunc(files, func(f string) bool { return strings.HasPrefix(f, dir+string(filepath.Separator)) })
	})
	if !graph && len(dirty) == 0 && len(p.gone()) == 0 {
		return &outcome{}, nil
	}
	return p.round(ctx, graph, dirty)
}

// round publishes and releases. Mistakes are in the outcome; then nothing new is served.
func (p *publisher) round(ctx context.Context, graph bool, dirs []string) (*outcome, error) {
	out := &outcome{}
	req := control.Request{Env: p.env, Breaking: control.Warn, Note: release.Note{Why: "edge dev", Author: os.Getenv("USER")}}
	if graph {
		name := filepath.Join(p.space.Dir, filepath.FromSlash(p.space.Graph))
		sdl, err := os.ReadFile(name)
		if err != nil {
			return nil, fault.Wrap(fault.NotFound, "graph", name, err)
		}
		sum := sha256.Sum256(sdl)
		version := devGraphVersion + "+" + hex.EncodeToString(sum[:6])
		_, ds, err := p.control.PublishGraph(ctx, p.space.show(name), version, sdl)
		out.Diagnostics = append(out.Diagnostics, ds...)
		if ds.Failed() {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		req.Graph = version
	}
	published, err := p.publishAll(ctx, dirs, out)
	if err != nil || out.Diagnostics.Failed() {
		return out, err
	}
	req.Deploy, req.Remove = published, p.gone()
	out.Published = published
	if len(published) == 0 && len(req.Remove) == 0 && !graph {
		return out, nil
	}
	res, err := p.control.Release(ctx, req)
	out.Result = res
	if res != nil {
		for _, f := range res.Failures {
			out.Diagnostics = append(out.Diagnostics, under(p.dirOf(f.Package), f.Diagnostics)...)
		}
	}
	if err != nil && !out.Diagnostics.Failed() {
		return out, err
	}
	if err == nil {
		p.release = res.Release
	}
	return out, nil
}

// gone are the mounts of the last release that no package of the workspace asks for any more.
func (p *publisher) gone() []release.Place {
	if p.release == nil {
		return nil
	}
	wanted := map[release.Place]bool{}
	for _, places := range p.places {
		for _, at := range places {
			wanted[at] = true
		}
	}
	var gone []release.Place
	for _, r := range p.release.Routes {
		for _, m := range r.Mounts {
			if at := (release.Place{Device: r.Device, Schema: r.Schema, Package: m.Package}); !wanted[at] {
				gone = append(gone, at)
			}
		}
	}
	return gone
}

// publishAll packs and publishes folders, several at a time; what does not pack is in the outcome.
func (p *publisher) publishAll(ctx context.Context, dirs []string, out *outcome) ([]string, error) {
	type done struct {
		id     string
		places []release.Place
		ds     fault.Diagnostics
		err    error
	}
	results := make([]done, len(dirs))
	slots := make(chan struct{}, 8)
	var wg sync.WaitGroup
	for i, dir := range dirs {
		space, ds := p.open(dir)
		if ds.Failed() {
			results[i].ds = under(p.space.show(dir), ds)
			continue
		}
		space.Forget(dir)
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			results[i].id, results[i].places, results[i].ds, results[i].err = p.publishOne(ctx, space, dir)
		})
	}
	wg.Wait()
	var ids []string
	for i, r := range results {
		if r.err != nil {
			return nil, r.err
		}
		out.Diagnostics = append(out.Diagnostics, r.ds...)
		if r.id != "" {
			p.names[dirs[i]], p.places[dirs[i]] = r.id, r.places
			ids = append(ids, r.id)
		}
	}
	return ids, nil
}

func (p *publisher) open(dir string) (*pack.Workspace, fault.Diagnostics) {
	key := filepath.Dir(dir)
	if s, ok := p.spaces[key]; ok {
		return s, nil
	}
	s, ds := pack.OpenWorkspace(dir, pack.DefaultLimits())
	if !ds.Failed() && s.Root != dir {
		p.spaces[key] = s
	}
	return s, ds
}

func (p *publisher) publishOne(ctx context.Context, space *pack.Workspace, dir string) (string, []release.Place, fault.Diagnostics, error) {
	pkg, ds := space.Pack(dir)
	ds = under(p.space.show(dir), ds)
	if ds.Failed() {
		return "", nil, ds, nil
	}
	if pkg.Manifest.Kind() == pack.Plain {
		return "", nil, ds, nil // a package of npm's that stands beside ours
	}
	tarball, err := pkg.Tarball()
	if err != nil {
		return "", nil, ds, err
	}
	pub, err := p.control.Publish(ctx, control.Publication{Tarball: tarball, Suffix: strings.TrimPrefix(pkg.Digest, "sha256:")[:12]})
	if err != nil {
		if k := fault.KindOf(err); k == fault.Invalid || k == fault.TooLarge || k == fault.Limit {
			ds.Add(fault.Pos{File: filepath.Join(p.space.show(dir), pack.File)}, "P001", fault.HintOf(err), "%v", err)
			return "", nil, ds, nil
		}
		return "", nil, ds, err
	}
	var places []release.Place
	for _, device := range pkg.Manifest.Edge.Device {
		places = append(places, release.Place{Device: device, Schema: pkg.Manifest.Edge.Schema, Package: pkg.Manifest.Name})
	}
	return pub.ID(), places, ds, nil
}

// dirOf is the folder that a published package came from.
func (p *publisher) dirOf(id string) string {
	name, _ := pack.SplitID(id)
	for dir, known := range p.names {
		if known == id {
			return p.space.show(dir)
		}
	}
	return name
}

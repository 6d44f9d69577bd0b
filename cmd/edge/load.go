package main

import (
	"context"
	"path/filepath"
	"strings"

	"facet/fault"
	"facet/graph"
	"facet/pack"
	"facet/scripts"
	"facet/view"
)

// A project is a package in a folder with the graph that it is written over: what check, test and explain look at.
type project struct {
	Dir     string
	Space   *workspace
	Graph   *graph.Graph
	Package *pack.Package
	Lock    *pack.Lock
	Build   *view.Build
}

// A loader reads packages of workspaces; each graph is parsed and each npm workspace opened once.
type loader struct {
	graphs map[string]*graph.Graph
	spaces map[string]*pack.Workspace
}

func newLoader() *loader {
	return &loader{graphs: map[string]*graph.Graph{}, spaces: map[string]*pack.Workspace{}}
}

// load packs, locks and builds the package in dir. Its mistakes are diagnostics, with file names relative to the working directory;
// the project is whole only if none is an error.
func (l *loader) load(ctx context.Context, w *workspace, dir string) (*project, fault.Diagnostics, error) {
	g, ok := l.graphs[w.Dir]
	if !ok {
		var ds fault.Diagnostics
		var err error
		if g, ds, err = w.loadGraph(); err != nil {
			return nil, nil, err
		}
		if ds.Failed() {
			return nil, ds, nil
		}
		l.graphs[w.Dir] = g
	}
	space, ok := l.spaces[dir]
	if !ok {
		var ds fault.Diagnostics
		if space, ds = pack.OpenWorkspace(dir, pack.DefaultLimits()); ds.Failed() {
			return nil, under(w.show(dir), ds), nil
		}
		l.spaces[dir] = space
	}
	p := &project{Dir: dir, Space: w, Graph: g}
	pkg, lock, ds := space.Load(dir)
	if ds.Failed() {
		return nil, under(w.show(dir), ds), nil
	}
	p.Package, p.Lock = pkg, lock
	b, more := scripts.Build(ctx, pkg, lock, g, scripts.Options{})
	ds = append(ds, more...)
	if !ds.Failed() {
		p.Build = b
		ds = append(ds, surfaceMistakes(b)...)
		if !ds.Failed() {
			ds = append(ds, budgetMistakes(b, g)...)
			ds = append(ds, documentMistakes(ctx, pkg, b, g)...)
		}
	}
	return p, under(w.show(dir), ds), nil
}

// surfaceMistakes are those that show when the build's schema is made: names that collide.
func surfaceMistakes(b *view.Build) fault.Diagnostics {
	if len(b.Devices) == 0 {
		return nil // a module has no schema of its own
	}
	_, ds := view.NewSurface(b.Devices[0], b.Schema, b)
	return ds
}

// under puts the diagnostics' files, which are relative to the package, below its folder. A module's files ("@name/…") stay as they are.
func under(dir string, ds fault.Diagnostics) fault.Diagnostics {
	place := func(p *fault.Pos) {
		if p.File != "" && !strings.HasPrefix(p.File, "@") && !filepath.IsAbs(p.File) {
			p.File = filepath.Join(dir, p.File)
		} else if p.File == "" {
			p.File = dir
		}
	}
	for i := range ds {
		place(&ds[i].Pos)
		for j := range ds[i].Notes {
			place(&ds[i].Notes[j].Pos)
		}
	}
	ds.Sort()
	return ds
}

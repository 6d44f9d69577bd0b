// Package scripts turns a package into a build: it bundles the sources, records them once against a symbolic graph, and runs the functions that are left.
package scripts

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"facet/fault"
	"facet/graph"
	"facet/pack"
	"facet/view"
)

// Options bound what recording a package may spend.
type Options struct {
	Wall      time.Duration // processor time of the whole recording; 0: 2 s. By the clock it may last twenty times as long
	CallStack int           // nested calls; 0: 256
}

func (o Options) filled() Options {
	if o.Wall <= 0 {
		o.Wall = 2 * time.Second
	}
	if o.CallStack <= 0 {
		o.CallStack = 256
	}
	return o
}

// Build records a package against its locked modules and a graph. The same inputs give the same build. Diagnostics are all of
// the author's mistakes, sorted; the build is nil if one of them is an error.
func Build(ctx context.Context, pkg *pack.Package, lock *pack.Lock, g *graph.Graph, o Options) (*view.Build, fault.Diagnostics) {
	return buildWith(ctx, pkg, lock, g, o, nil)
}

func buildWith(ctx context.Context, pkg *pack.Package, lock *pack.Lock, g *graph.Graph, o Options, extra map[string]string) (b *view.Build, diags fault.Diagnostics) {
	o = o.filled()
	defer func() {
		if p := recover(); p != nil { // the engine's own mistake, or a getter that was called outside of any script
			b, diags = nil, defective(nil, pkg, errDefect)
		}
	}()
	m, diags := prepare(ctx, pkg, lock, extra)
	if m == nil || diags.Failed() {
		diags.Sort()
		return nil, diags
	}
	r := newRecorder(m, g, o, slices.Clone(diags))
	text, err := r.record(ctx, o.CallStack)
	if err != nil {
		return nil, defective(r.diags, pkg, err)
	}
	if text == "" {
		r.diags.Sort()
		return nil, r.diags
	}
	b = manifest(pkg, lock, g)
	rec, err := r.decode(text, b)
	if err != nil {
		return nil, defective(r.diags, pkg, err)
	}
	r.orphans(rec)
	r.funcs(rec, b)
	r.handlers(rec, b)
	if r.diags.Failed() {
		r.diags.Sort()
		return nil, r.diags
	}
	r.derive(b)
	private(b)
	r.documents(pkg, b)
	if !r.diags.Failed() {
		_, clashes := view.NewSurface("", b.Schema, b)
		r.diags = append(r.diags, clashes...)
	}
	r.diags.Sort()
	if r.diags.Failed() {
		return nil, r.diags
	}
	if _, err := b.Encode(); err != nil {
		return nil, defective(r.diags, pkg, err)
	}
	return b, r.diags
}

// defective is the diagnostic of a failure that is no mistake of the author's.
func defective(ds fault.Diagnostics, pkg *pack.Package, err error) fault.Diagnostics {
	ds.Add(fault.Pos{File: pkg.Manifest.Name}, "F199", "Report this: it is a defect of edge", "the package could not be recorded: %v", err)
	ds.Sort()
	return ds
}

// derive fills in what follows from what was recorded.
func (r *recorder) derive(b *view.Build) {
	names(b)
	r.escapes(b)
	nullability(b)
	sources := &reader{build: b, graph: r.graph}
	sources.reads()
	r.caches(b, sources)
	r.forks(b)
	r.invalidations(b)
	r.sets(b)
	usedTypes(b, r.graph)
	r.docs(b)
	b.Sources = r.sources(b)
}

// manifest is the part of a build that the package's manifest and locks say.
func manifest(pkg *pack.Package, lock *pack.Lock, g *graph.Graph) *view.Build {
	m := &pkg.Manifest
	b := &view.Build{Format: view.Format, Package: m.Name, Version: m.Version, Graph: g.Digest}
	if e := m.Edge; e != nil {
		b.Devices = slices.Clone(e.Device)
		b.Schema = e.Schema
		b.Limits, b.Health, b.Sunset = jsonOf(e.Limits), jsonOf(e.Health), jsonOf(e.Sunset)
	}
	if lock == nil {
		return b
	}
	b.Locks = linked(lock)
	return b
}

// linked lists the modules of a lock with their versions: several of one where the ranges of its importers do not meet.
func linked(lock *pack.Lock) map[string]string {
	versions := map[string][]string{}
	for _, p := range lock.Order() {
		if m := &p.Manifest; m.Kind() == pack.Module {
			versions[m.Name] = append(versions[m.Name], m.Version)
		}
	}
	var out map[string]string
	for name, list := range versions {
		slices.SortFunc(list, func(a, b string) int {
			x, errX := pack.ParseVersion(a)
			y, errY := pack.ParseVersion(b)
			if errX != nil || errY != nil || x.Compare(y) == 0 {
				return strings.Compare(a, b)
			}
			return x.Compare(y)
		})
		if out == nil {
			out = map[string]string{}
		}
		out[name] = strings.Join(list, ", ")
	}
	return out
}

// jsonOf is a part of the manifest as data; nil if it is not given.
func jsonOf[T any](v *T) json.RawMessage {
	if v == nil {
		return nil
	}
	text, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	return text
}

// funcs lifts the computed functions.
func (r *recorder) funcs(rec *recorded, b *view.Build) {
	for _, f := range rec.Funcs {
		pos := r.pos(f.At)
		l, ds := r.module.lift(f.Fn, pos)
		r.diags = append(r.diags, ds...)
		x := &view.Func{Source: l.Source, Inputs: f.Inputs, Result: f.Result, Format: l.Format, Pos: pos, Lines: r.module.lines(l)}
		if l.Format {
			x.Inputs = append(slices.Clone(x.Inputs), view.FuncInput{Name: "$locale", Type: graph.TypeRef{Name: "String", NonNull: true}})
		}
		b.Funcs = append(b.Funcs, x)
	}
}

// orphans warns of views and mutations that nothing exports: they have no name. A module's are its own affair.
func (r *recorder) orphans(rec *recorded) {
	for _, o := range rec.Orphans {
		pos := r.pos(o.At)
		if !r.module.Places.own(pos) {
			continue
		}
		r.diags = append(r.diags, fault.Diagnostic{Pos: pos, Severity: fault.Warn, Code: "F170",
			Text: "this " + o.What + " is not exported by the package's entry, so it has no name", Fix: "Export it there, or delete it"})
	}
}

// Names are the names that "@facet/sdk" exports to package code, sorted.
func Names() []string { return slices.Clone(sdkExports) }

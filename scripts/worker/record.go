package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"facet/fault"
	"facet/graph"
	"facet/pack"
	"facet/scripts"
	"facet/view"
)

// Build is scripts.Build in a child of its own, which ends with it. That the child used more memory or time than it may have
// is a diagnostic of the package like any other. The error is of the pool alone: no child could be had.
func (p *Pool) Build(ctx context.Context, pkg *pack.Package, lock *pack.Lock, g *graph.Graph, o scripts.Options) (*view.Build, fault.Diagnostics, error) {
	ctx, cancel := context.WithTimeout(ctx, p.o.BuildTime)
	defer cancel()
	select {
	case p.builds <- struct{}{}:
		defer func() { <-p.builds }()
	case <-ctx.Done():
		return nil, nil, fault.Wrap(fault.KindOf(ctx.Err()), "worker.build", pkg.ID(), ctx.Err())
	}
	c, err := p.spare(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		c.kill("the package is recorded")
		<-c.gone
	}()
	stop := context.AfterFunc(ctx, func() { c.kill(fmt.Sprintf("it took more than %v", p.o.BuildTime)) })
	defer stop()
	b, ds, err := c.record(p.o.BuildMemory, p.o.BuildTime, pkg, lock, g, o)
	if err == nil {
		return b, ds, nil
	}
	if e, ok := err.(*fault.Error); ok {
		return nil, nil, e
	}
	<-c.gone
	text, fix := "the package ended the process that recorded it: "+c.why(), "Look for what makes or computes too much while the modules load"
	switch {
	case c.starved():
		text = fmt.Sprintf("the build used more than %s of memory", scripts.Size(p.o.BuildMemory))
	case ctx.Err() != nil && errors.Is(ctx.Err(), context.Canceled):
		return nil, nil, fault.Wrap(fault.Canceled, "worker.build", pkg.ID(), ctx.Err())
	case ctx.Err() != nil:
		text = fmt.Sprintf("the build took longer than %v", p.o.BuildTime)
	}
	file := pack.File
	if entry, err := pkg.Entry(); err == nil {
		file = entry
	}
	var all fault.Diagnostics
	all.Add(fault.Pos{File: file}, "F196", fix, "%s", text)
	return nil, all, nil
}

// record has the process build a package. An error that is no fault.Error is its end.
func (p *process) record(memory int64, within time.Duration, pkg *pack.Package, lock *pack.Lock, g *graph.Graph, o scripts.Options) (*view.Build, fault.Diagnostics, error) {
	if err := p.give(memory); err != nil {
		p.lost(err)
		return nil, nil, err
	}
	h, err := p.hand()
	if err != nil {
		p.lost(err)
		return nil, nil, err
	}
	defer h.sock.Close()
	frame := h.begin(fRecord)
	if len(g.Source) == 0 {
		return nil, nil, &fault.Error{Kind: fault.Internal, Op: "worker.build", Subject: pkg.ID(), Message: "the graph has no source"}
	}
	frame = putText(frame, g.Source)
	frame = putInt(putInt(frame, int64(o.Wall)), int64(o.CallStack))
	frame = putPackage(frame, pkg)
	frame = putLock(frame, lock)
	if len(frame) > maxFrame {
		return nil, nil, fault.New(fault.TooLarge, "%s with its modules is past %s", pkg.ID(), scripts.Size(maxFrame))
	}
	kind, payload, err := p.exchange(h, frame, maxFrame, within+time.Second)
	if err != nil {
		return nil, nil, err
	}
	r := &reader{b: payload}
	if kind != fOK {
		return nil, nil, r.error()
	}
	text, built := r.span(), r.bytes()
	if err := r.end(); err != nil {
		p.lost(err)
		return nil, nil, err
	}
	var ds fault.Diagnostics
	if err := json.Unmarshal(text, &ds); err != nil {
		p.lost(errFrame)
		return nil, nil, errFrame
	}
	if built == nil {
		return nil, ds, nil
	}
	b, err := view.Decode(built)
	if err != nil {
		p.lost(errFrame)
		return nil, nil, errFrame
	}
	if b.Package != pkg.Manifest.Name || b.Version != pkg.Manifest.Version { // it speaks for another one
		p.lost(errFrame)
		return nil, nil, errFrame
	}
	return b, ds, nil
}

// record builds a package in the child.
func (l *lane) record(r *reader) ([]byte, error) {
	source := slices.Clone(r.span())
	o := scripts.Options{Wall: time.Duration(r.int()), CallStack: int(r.int())}
	pkg, err := r.pack()
	if err != nil {
		return nil, err
	}
	lock, err := r.lock()
	if err != nil {
		return nil, err
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	g, ds := graph.Parse("graph", source)
	if err := ds.Err(); err != nil {
		return nil, err
	}
	b, ds := scripts.Build(context.Background(), pkg, lock, g, o)
	text, err := json.Marshal(ds)
	if err != nil {
		return nil, err
	}
	out := putText(l.conn.begin(fOK), text)
	if b == nil {
		return putBytes(out, nil), nil
	}
	built, err := b.Encode()
	if err != nil {
		return nil, err
	}
	return putBytes(out, built), nil
}

// putPackage writes a package's files, and the version that it is taken for: while developing it says more than the manifest.
func putPackage(b []byte, p *pack.Package) []byte {
	b = putText(putText(b, p.Manifest.Version), p.Digest)
	b = putUint(b, uint64(len(p.Files)))
	for _, name := range p.Paths() {
		b = putText(putText(b, name), p.Files[name])
	}
	return b
}

func (r *reader) pack() (*pack.Package, error) {
	version, digest := r.text(), r.text()
	p := &pack.Package{Files: map[string][]byte{}, Digest: digest}
	for range r.count() {
		name := r.text()
		p.Files[name] = slices.Clone(r.span())
	}
	if r.err != nil {
		return nil, r.err
	}
	var ds fault.Diagnostics
	if p.Manifest, ds = pack.ParseManifest(p.Files[pack.File]); ds.Failed() {
		return nil, ds.Err()
	}
	p.Manifest.Version = version
	return p, nil
}

func putLock(b []byte, l *pack.Lock) []byte {
	if l == nil {
		return append(b, 0)
	}
	b = putUint(append(b, 1), uint64(len(l.Modules)))
	for _, id := range slices.Sorted(maps.Keys(l.Modules)) {
		b = putPackage(putText(b, id), l.Modules[id])
	}
	b = putUint(b, uint64(len(l.Uses)))
	for _, importer := range slices.Sorted(maps.Keys(l.Uses)) {
		uses := l.Uses[importer]
		b = putUint(putText(b, importer), uint64(len(uses)))
		for _, name := range slices.Sorted(maps.Keys(uses)) {
			b = putText(putText(b, name), uses[name])
		}
	}
	return b
}

func (r *reader) lock() (*pack.Lock, error) {
	if r.int8() == 0 {
		return nil, r.err
	}
	l := &pack.Lock{Modules: map[string]*pack.Package{}, Uses: map[string]map[string]string{}}
	for range r.count() {
		id := r.text()
		p, err := r.pack()
		if err != nil {
			return nil, err
		}
		l.Modules[id] = p
	}
	for range r.count() {
		importer, uses := r.text(), map[string]string{}
		for range r.count() {
			name := r.text()
			uses[name] = r.text()
		}
		l.Uses[importer] = uses
	}
	return l, r.err
}

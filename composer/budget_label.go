package composer

import (
	"context"
	"runtime/pprof"
)

// The labels of a processor profile: whose work a goroutine does. Contexts that carry them are made once for each plan and function;
// to put one on a goroutine costs some 25 ns (BenchmarkLabels).
const (
	LabelPackage  = "package"  // "@tv/home"
	LabelVersion  = "version"  // "3.4.1"
	LabelDevice   = "device"   // "tv/v3"
	LabelView     = "view"     // the first root that is asked
	LabelFunction = "function" // of a computed function that runs: "Card.progress"
)

// label is what work for a plan is labelled with: the package of its first root, which answers for what several share.
func (e *Engine) label(p *plan) context.Context {
	s := e.cfg.Surface
	build, name := -1, ""
	for _, r := range p.roots {
		if r.build >= 0 {
			build, name = r.build, r.root.Name
			break
		}
	}
	if build < 0 || build >= len(s.Builds) {
		return context.Background()
	}
	b := s.Builds[build]
	return pprof.WithLabels(context.Background(), pprof.Labels(LabelPackage, b.Package, LabelVersion, b.Version, LabelDevice, s.Device+"/"+s.Schema, LabelView, name))
}

// profiled is a function's labels.
type profiled struct{ ctx context.Context }

// functionLabels are the labels of a function of the surface, made when it runs for the first time; two at once may both make them.
func (e *Engine) functionLabels(build, fn int) context.Context {
	at := &e.functions[build][fn]
	if l := at.Load(); l != nil {
		return l.ctx
	}
	s := e.cfg.Surface
	b := s.Builds[build]
	l := &profiled{pprof.WithLabels(context.Background(), pprof.Labels(LabelPackage, b.Package, LabelVersion, b.Version, LabelDevice, s.Device+"/"+s.Schema, LabelFunction, b.Funcs[fn].Name))}
	at.Store(l)
	return l.ctx
}

// running labels the goroutine while a function of a package runs; the plan's label is back after it.
func (x *exec) running(v *pval) func() {
	if l := x.e.functions; int(v.build) < len(l) && int(v.idx) < len(l[v.build]) {
		pprof.SetGoroutineLabels(x.e.functionLabels(int(v.build), int(v.idx)))
		return x.p.relabel
	}
	return func() {}
}

// relabel labels the goroutine with the plan's own.
func (p *plan) relabel() { pprof.SetGoroutineLabels(p.labels) }

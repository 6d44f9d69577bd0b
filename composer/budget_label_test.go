package composer

import (
	"context"
	"runtime/pprof"
	"sync/atomic"
	"testing"
)

// BenchmarkLabels is what the labels of processor profiles cost: a request has two (its plan's, and none again), a batch of a function two.
func BenchmarkLabels(b *testing.B) {
	with := func(name string) context.Context {
		return pprof.WithLabels(context.Background(), pprof.Labels(LabelPackage, "@tv/home", LabelVersion, "3.4.1", LabelDevice, "tv/v3", LabelFunction, name))
	}
	p := &plan{labels: with("home")}
	x := &exec{p: p, e: &Engine{functions: [][]atomic.Pointer[profiled]{make([]atomic.Pointer[profiled], 1)}}}
	x.e.functions[0][0].Store(&profiled{with("Card.progress")})
	defer pprof.SetGoroutineLabels(b.Context())
	b.Run("request", func(b *testing.B) {
		for b.Loop() {
			p.relabel()
			pprof.SetGoroutineLabels(context.Background())
		}
	})
	b.Run("batch", func(b *testing.B) {
		v := &pval{}
		for b.Loop() {
			x.running(v)()
		}
	})
}

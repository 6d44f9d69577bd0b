package scripts

import (
	"encoding/json"
	"runtime"
	"testing"
	"time"

	"facet/view"
)

// TestIdle: of machines without work the last few stay; those that are at work all do.
func TestIdle(t *testing.T) {
	most := mostIdle * runtime.GOMAXPROCS(0)
	var all []*Functions
	for range most + 4 {
		f, err := Open(&view.Build{Funcs: []*view.Func{fn("Int", `({ a }) => a`, "a")}}, RunOptions{EngineOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(f.Close)
		if _, err := f.Computes()[0](nil, [][]byte{[]byte("1")}, nil); err != nil {
			t.Fatal(err)
		}
		all = append(all, f)
	}
	free := func() (n int) {
		for _, f := range all {
			f.mu.Lock()
			n += len(f.free)
			f.mu.Unlock()
		}
		return n
	}
	began := all[0].free[0].since
	idlers.look(began + int64(idleAfter)/2)
	if free() < most {
		t.Errorf("%d are free; a machine that just ran went", free())
	}
	idlers.look(clock() + 2*int64(idleAfter))
	if got := free(); got > most {
		t.Errorf("%d are free, more than %d", got, most)
	}
	if len(all[0].free) != 0 || len(all[len(all)-1].free) != 1 {
		t.Error("the first to run stayed, or the last one went")
	}
	if _, err := all[0].Computes()[0](nil, [][]byte{[]byte("1")}, nil); err != nil {
		t.Error(err)
	}
}

// TestLane: packages with long calls wait for one another; others pass.
func TestLane(t *testing.T) {
	shares := NewShares(1)
	short, long := shares.Of("short"), shares.Of("long")
	for range 4 {
		long.took(5 * time.Millisecond)
	}
	for i := range 100 { // once in a while the machine is busy
		short.took(time.Duration(i%50/49) * time.Second)
	}
	for range cap(lane) {
		if in, ok := long.enterLane(time.Second); !in || !ok {
			t.Fatal(in, ok)
		}
	}
	if in, ok := long.enterLane(time.Millisecond); in || ok {
		t.Error("one too many runs", in, ok)
	}
	if in, ok := short.enterLane(time.Millisecond); in || !ok {
		t.Error("a package of short calls waits", in, ok)
	}
	leaveLane()
	if in, ok := long.enterLane(time.Second); !in || !ok {
		t.Error("what was left cannot be entered", in, ok)
	}
	var nobody *Share
	nobody.took(time.Second)
	if in, ok := nobody.enterLane(0); in || !ok {
		t.Error("without a share", in, ok)
	}
}

func BenchmarkMachine(b *testing.B) {
	o := RunOptions{}.filled()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := bareMachine(&o, func(*machine) {}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHandlerPath is what a run costs where the machine had been made before; thread-ns/op is the processor time of its thread.
func BenchmarkHandlerPath(b *testing.B) {
	set, err := OpenHandlers(handlerBuild(b, "", `const x = await ctx.graph.echo({ a: 1 }); await ctx.graph.save(); return { n: x.a };`), RunOptions{})
	if err != nil {
		b.Fatal(err)
	}
	t := lockThread()
	defer t.unlock()
	var used time.Duration
	for b.Loop() {
		b.StopTimer()
		for spares.made == nil || len(spares.made) < cap(spares.made) {
			time.Sleep(time.Millisecond)
			if spares.made == nil {
				break
			}
		}
		before := t.used()
		b.StartTimer()
		if _, _, err := set.Run(b.Context(), &HandlerCall{Args: json.RawMessage(`{"n":1}`), Context: json.RawMessage(`{"locale":"en"}`), Loader: &shelf{}}, nil); err != nil {
			b.Fatal(err)
		}
		used += t.used() - before
	}
	b.ReportMetric(float64(used)/float64(b.N), "thread-ns/op")
}

package scripts

import (
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"facet/fault"
	"facet/view"
)

// A machine that is busy ends nobody's call: what counts is what the call itself had of the processor.
func TestBusyMachine(t *testing.T) {
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 3 * runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
					for range 1000 {
						n++
					}
				}
			}
		})
	}
	defer func() { close(stop); wg.Wait() }()
	c := open(t, RunOptions{CPU: 50 * time.Millisecond * slowdown, EngineOnly: true}, fn("Int", `({ a }) => { let n = 0; for (let i = 0; i < 30000; i++) n += i % 7; return n }`, "a"), fn("Int", `() => { for (;;) {} }`))
	slowest := time.Duration(0)
	for range 4 {
		began := time.Now()
		if _, err := c[0](nil, in("1"), nil); err != nil {
			t.Errorf("an innocent call was ended after %v: %v", time.Since(began), err)
		}
		slowest = max(slowest, time.Since(began))
	}
	began := time.Now()
	if _, err := c[1](nil, nil, nil); fault.KindOf(err) != fault.Timeout && fault.KindOf(err) != fault.Unavailable { // it may find no processor
		t.Errorf("got %v", err)
	}
	t.Logf("the slowest innocent call lasted %v, the loop %v", slowest, time.Since(began))
}

// A request's account holds for all its calls.
func TestAccount(t *testing.T) {
	c := open(t, RunOptions{CPU: 10 * time.Millisecond * slowdown, EngineOnly: true}, fn("Int", `({ a }) => { let n = 0; for (let i = 0; i < 5000; i++) n += i; return n }`, "a"), fn("Int", `() => { for (;;) {} }`))
	a := &view.Account{Left: 4 * time.Millisecond}
	var err error
	calls := 0
	for ; err == nil && calls < 1000; calls++ {
		_, err = c[0](a, in("1"), nil)
	}
	if fault.KindOf(err) != fault.Limit || a.Left > 0 || a.Spent < 4*time.Millisecond || a.Calls == 0 {
		t.Errorf("after %d calls: %v, %+v", calls, err, a)
	}
	for try := range 5 { // what a virtual machine's host takes meanwhile is in a thread's time
		a = &view.Account{Left: 3 * time.Millisecond}
		_, err = c[1](a, nil, nil)
		if fault.KindOf(err) == fault.Limit && a.Spent <= 28*time.Millisecond {
			break
		}
		if try == 4 {
			t.Errorf("got %v, %+v", err, a)
		}
	}
	if _, err := c[0](nil, in("1"), nil); err != nil {
		t.Errorf("without an account: %v", err)
	}
}

// Who breaks machines pays for the next ones: they are a third of what the calls take.
func TestAccountOfMachines(t *testing.T) {
	o := RunOptions{CPU: 5 * time.Millisecond}
	f, err := Open(build(fn("Int", `() => { for (;;) {} }`)), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	rows, ends, errs := make([][][]byte, 20), make([]int, 20), make([]error, 20)
	a := &view.Account{Left: 50 * time.Millisecond}
	f.Batches()[0](a, rows, nil, ends, errs)
	price := making.of()
	if price <= 0 {
		t.Fatal("no price of a machine is known")
	}
	if least := time.Duration(a.Calls-1) * (o.CPU + price/4); a.Spent < least || a.Calls >= 10 {
		t.Errorf("%d calls that broke a machine of %v each were charged %v", a.Calls, price, a.Spent)
	}
}

// A package that is over its share waits while others run, and alone it does not.
func TestShare(t *testing.T) {
	pool := NewShares(0.1)
	greedy, other := pool.Of("@t/greedy"), pool.Of("@t/other")
	if pool.Of("@t/greedy") != greedy {
		t.Error("two shares of one package")
	}
	greedy.take(time.Second)
	if d := greedy.pause(); d != 0 {
		t.Errorf("alone it waits %v", d)
	}
	other.take(time.Millisecond)
	greedy.take(2 * time.Second)
	if d := greedy.pause(); d < time.Second {
		t.Errorf("beside another one it waits %v", d)
	}
	if d := other.pause(); d != 0 {
		t.Errorf("the other one waits %v", d)
	}
	c := open(t, RunOptions{Share: greedy, Wait: 10 * time.Millisecond}, fn("Int", `() => 1`))[0]
	if _, err := c(nil, nil, nil); fault.KindOf(err) != fault.Limit || !strings.Contains(err.Error(), "share") {
		t.Errorf("got %v", err)
	}
	var none *Share
	if !none.wait(0) {
		t.Error("no share bounds nothing")
	}
}

// A batch gives each row what a call would, also where a row spoils the machine.
func TestBatch(t *testing.T) {
	f, err := Open(build(fn("Int", `({ a }) => { if (a === 2) for (;;) {} if (a === 3) null.x; return a * 2 }`, "a")), RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows := [][][]byte{in("1"), in("2"), in("3"), in("4")}
	ends, errs := make([]int, 4), make([]error, 4)
	out := f.Batches()[0](&view.Account{Left: time.Second}, rows, []byte("x"), ends, errs)
	if string(out) != "x28" || ends[0] != 2 || ends[2] != 2 || ends[3] != 3 {
		t.Errorf("got %s, %v", out, ends)
	}
	if errs[0] != nil || errs[3] != nil || fault.KindOf(errs[1]) != fault.Timeout || fault.KindOf(errs[2]) != fault.Internal {
		t.Errorf("got %v", errs)
	}
	if s := f.Stats(); s.Calls != 4 || s.CPU < 10*time.Millisecond || s.Breaks[LimitCPU] != 1 {
		t.Errorf("got %+v", s)
	}
}

// BenchmarkSandbox is what a screen asks: 40 cards with two fields each.
func BenchmarkSandbox(b *testing.B) {
	funcs := []*view.Func{
		fn("Progress", `({ runtime, at }) => at == null ? { percent: runtime, kind: "MOVIE" } : { percent: Math.max(0, runtime - Math.floor(at / 60)), kind: at >= runtime * 57 ? "SHOW" : "MOVIE" }`, "runtime", "at"),
		fn("String", "({ title, year, tags }) => `${title} (${year})` + (tags.length ? \" · \" + tags.map((t) => t.toUpperCase()).join(\", \") : \"\")", "title", "year", "tags"),
	}
	rows := [2][][][]byte{}
	for range 40 {
		rows[0] = append(rows[0], in(`142`, `3600`))
		rows[1] = append(rows[1], in(`"The Thing"`, `1982`, `["horror","sf"]`))
	}
	for _, unlimited := range []bool{false, true} {
		name := map[bool]string{false: "limited", true: "unlimited"}[unlimited]
		f, err := Open(build(funcs...), RunOptions{Unlimited: unlimited, Share: NewShares(0).Of("@t/p")})
		if err != nil {
			b.Fatal(err)
		}
		defer f.Close()
		ends, errs, dst := make([]int, 40), make([]error, 40), make([]byte, 0, 1<<16)
		b.Run(name+"/calls", func(b *testing.B) {
			began := processorTime()
			defer func() { b.ReportMetric(float64(processorTime()-began)/float64(b.N), "cpu-ns/op") }()
			for b.Loop() {
				a := &view.Account{Left: time.Second}
				for i, c := range f.Computes() {
					for _, row := range rows[i] {
						if _, err := c(a, row, dst); err != nil {
							b.Fatal(err)
						}
					}
				}
			}
		})
		b.Run(name+"/batches", func(b *testing.B) {
			began := processorTime()
			defer func() { b.ReportMetric(float64(processorTime()-began)/float64(b.N), "cpu-ns/op") }()
			for b.Loop() {
				a := &view.Account{Left: time.Second}
				for i, c := range f.Batches() {
					c(a, rows[i], dst, ends, errs)
				}
			}
			if errs[0] != nil {
				b.Fatal(errs[0])
			}
		})
	}
}

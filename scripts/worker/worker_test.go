package worker_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"facet/fault"
	"facet/graph"
	"facet/scripts"
	"facet/scripts/worker"
	"facet/view"
)

// The test binary is the child as well.
func TestMain(m *testing.M) {
	if worker.Started(os.Getenv) {
		os.Exit(worker.Main(os.Stderr))
	}
	os.Exit(m.Run())
}

func pool(t testing.TB, o worker.Options) *worker.Pool {
	t.Helper()
	if o.Wait == 0 {
		o.Wait = time.Minute // a machine that is busy starts children later
	}
	p, err := worker.NewPool(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func ref(t testing.TB, s string) graph.TypeRef {
	t.Helper()
	name := strings.TrimSuffix(s, "!")
	return graph.TypeRef{Name: name, NonNull: name != s}
}

// build is a package with functions of the inputs a and b.
func build(t testing.TB, pkg, result string, sources ...string) *view.Build {
	b := &view.Build{Format: view.Format, Package: pkg, Version: "1.0.0"}
	for i, s := range sources {
		b.Funcs = append(b.Funcs, &view.Func{Name: fmt.Sprintf("Card.f%d", i), Source: s, Result: ref(t, result),
			Inputs: []view.FuncInput{{Name: "a", Type: ref(t, "JSON")}, {Name: "b", Type: ref(t, "JSON")}}, Pos: fault.Pos{File: "src/card.ts", Line: 7, Col: 3}})
	}
	return b
}

func open(t testing.TB, p *worker.Pool, b *view.Build, o scripts.RunOptions) *worker.Functions {
	t.Helper()
	f, err := p.Open(b, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

func in(a, b string) [][]byte {
	row := [][]byte{[]byte(a), []byte(b)}
	for i := range row {
		if string(row[i]) == "" {
			row[i] = nil
		}
	}
	return row
}

// A worker answers what the same functions answer in this process: results, errors, accounts.
func TestSameAsHere(t *testing.T) {
	b := build(t, "@t/same", "JSON",
		`({ a, b }) => ({ sum: a + b, a, b })`, `({ a }) => { if (a > 1) throw new TypeError("too much"); return a }`,
		`({ a }) => () => a`, `({ a }) => a == null ? "nothing" : a.x.y`, `({ a }) => { const f = () => f() + 1; return f() }`)
	here, err := scripts.Open(b, scripts.RunOptions{CPU: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer here.Close()
	there := open(t, pool(t, worker.Options{}), b, scripts.RunOptions{CPU: time.Second})
	rows := [][][]byte{in("1", "2"), in(`"é\n"`, "[1,[2]]"), in("", "null"), in("2", `{"x":{"y":1}}`), in(`{"x":{"y":[]}}`, "0")}
	type answer struct {
		Out  string
		Ends []int
		Errs []string
	}
	ask := func(f view.Batch) (got answer) {
		a := &view.Account{Left: time.Minute}
		got.Ends = make([]int, len(rows))
		errs := make([]error, len(rows))
		got.Out = string(f(a, rows, []byte("before"), got.Ends, errs))
		for _, err := range errs {
			if err == nil {
				got.Errs = append(got.Errs, "")
				continue
			}
			var e *fault.Error
			if !errors.As(err, &e) {
				t.Fatalf("%T", err)
			}
			got.Errs = append(got.Errs, fmt.Sprintf("%s|%s|%s|%s|%v", e.Kind, e.Op, e.Subject, e.Message, e.Err))
		}
		return got
	}
	for i := range b.Funcs {
		if d := cmp.Diff(ask(here.Batches()[i]), ask(there.Batches()[i])); d != "" {
			t.Errorf("%s: %s", b.Funcs[i].Source, d)
		}
	}
	for i, c := range there.Computes() {
		want, wrong := here.Computes()[i](nil, rows[0], []byte("x"))
		got, err := c(nil, rows[0], []byte("x"))
		if string(got) != string(want) || fault.KindOf(err) != fault.KindOf(wrong) {
			t.Errorf("%s: got %s %v, want %s %v", b.Funcs[i].Source, got, err, want, wrong)
		}
	}
	if s := there.Stats(); s.Calls == 0 {
		t.Errorf("got %+v", s)
	}
}

func TestOpenRefuses(t *testing.T) {
	p := pool(t, worker.Options{})
	_, here := scripts.Open(build(t, "@t/bad", "Nowhere", `() => 1`), scripts.RunOptions{})
	_, err := p.Open(build(t, "@t/bad", "Nowhere", `() => 1`), scripts.RunOptions{})
	if fault.KindOf(err) != fault.Invalid || err.Error() != here.Error() {
		t.Errorf("got %v, want %v", err, here)
	}
}

// bomb takes memory until the process ends: with the engine's own limits off, only the system's is left.
const bomb = `({ a }) => { if (!a) return 1; const all = []; for (;;) all.push([a, [all.length]]) }`

// What takes too much memory ends its own process and nothing else, and its caller is told why.
func TestMemoryBomb(t *testing.T) {
	if worker.Instrumented {
		return // the detector's own memory is past any limit
	}
	var ends atomic.Int32
	p := pool(t, worker.Options{Memory: 128 << 20, Ended: func(tenant, why string) {
		ends.Add(1)
		if tenant != "@bad" || why != "it used more than 128 MiB of memory" {
			t.Errorf("%s: %s", tenant, why)
		}
	}})
	var breaks []scripts.Break
	bad := open(t, p, build(t, "@bad/bomb", "Int", bomb, `({ a }) => a`), scripts.RunOptions{Unlimited: true, CPU: time.Minute, Broke: func(k scripts.Break) { breaks = append(breaks, k) }})
	good := open(t, p, build(t, "@good/card", "Int", `({ a }) => a * 2`), scripts.RunOptions{})
	before := pidOf(t, p, "@good")
	began := time.Now()
	_, err := bad.Computes()[0](nil, in("1", ""), nil)
	if fault.KindOf(err) != fault.Limit || err.(*fault.Error).Message != "Card.f0 used too much memory" {
		t.Errorf("got %v", err)
	}
	t.Logf("the bomb took two processes and %v", time.Since(began).Round(time.Millisecond))
	if len(breaks) != 1 || breaks[0].Limit != scripts.LimitMemory || breaks[0].Pos.Line != 7 {
		t.Errorf("got %+v", breaks)
	}
	if got, err := bad.Computes()[1](nil, in("7", ""), nil); err != nil || string(got) != "7" {
		t.Errorf("the tenant's next call: got %s, %v", got, err)
	}
	if got, err := good.Computes()[0](nil, in("7", ""), nil); err != nil || string(got) != "14" {
		t.Errorf("got %s, %v", got, err)
	}
	if after := pidOf(t, p, "@good"); after != before {
		t.Error("the other tenant's process was replaced")
	}
	if n := ends.Load(); n != 2 {
		t.Errorf("%d processes ended, want 2: the call is tried once more", n)
	}
}

func pidOf(t testing.TB, p *worker.Pool, tenant string) int {
	t.Helper()
	for _, c := range p.Children() {
		if c.Tenant == tenant {
			return c.PID
		}
	}
	t.Fatalf("%s has no child", tenant)
	return 0
}

// A call that cannot be interrupted ends its process shortly after its bound.
func TestCallThatCannotBeStopped(t *testing.T) {
	p := pool(t, worker.Options{})
	f := open(t, p, build(t, "@t/loop", "Int", `({ a }) => { const s = "x".repeat(a); let n = 0; for (let i = 0; i < 1e9; i++) n += s.length; return n }`, `({ a }) => a`),
		scripts.RunOptions{CPU: 10 * time.Second})
	began := time.Now()
	_, err := f.Computes()[0](&view.Account{Left: 50 * time.Millisecond}, in("10", ""), nil)
	if k := fault.KindOf(err); k != fault.Timeout && k != fault.Limit {
		t.Errorf("got %v", err)
	}
	if took := time.Since(began); took > 9*time.Second { // the call itself lasts longer
		t.Errorf("it took %v", took)
	}
	if got, err := f.Computes()[1](nil, in("3", ""), nil); err != nil || string(got) != "3" {
		t.Errorf("got %s, %v", got, err)
	}
}

// A killed child is replaced within 200 ms, on a machine that has the time: 50 kills, each answered by the next child.
func TestKilledIsBack(t *testing.T) {
	p := pool(t, worker.Options{Deaths: 1000})
	f := open(t, p, build(t, "@t/back", "Int", `({ a }) => a * 2`), scripts.RunOptions{})
	call := f.Computes()[0]
	var took []time.Duration
	for range 50 {
		pid := pidOf(t, p, "@t")
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		got, err := call(nil, in("4", ""), nil)
		if err != nil || string(got) != "8" {
			t.Fatalf("got %s, %v", got, err)
		}
		took = append(took, time.Since(began))
		time.Sleep(20 * time.Millisecond)
	}
	p50, p95 := quantiles(took)
	t.Logf("killed and answered again: p50 %v, p95 %v", p50, p95)
	if !worker.Instrumented && (p50 > 200*time.Millisecond || p95 > 5*time.Second) { // some wait for a processor, where the machine is busy
		t.Errorf("p50 %v, p95 %v", p50, p95)
	}
}

func quantiles(all []time.Duration) (p50, p95 time.Duration) {
	s := append([]time.Duration(nil), all...)
	for i := range s {
		for j := i; j > 0 && s[j] < s[j-1]; j-- {
			s[j], s[j-1] = s[j-1], s[j]
		}
	}
	return s[len(s)/2], s[len(s)*95/100]
}

// Whoever kills one tenant's worker under load costs no other tenant a request; the tenant's own calls are made again.
func TestKillUnderLoad(t *testing.T) {
	p := pool(t, worker.Options{Deaths: 1000})
	a := open(t, p, build(t, "@a/card", "Int", `({ a }) => { let n = 0; for (let i = 0; i < 300; i++) n += i; return a + n }`), scripts.RunOptions{CPU: time.Second})
	b := open(t, p, build(t, "@b/card", "Int", `({ a }) => a * 2`), scripts.RunOptions{CPU: time.Second})
	here, err := scripts.Open(build(t, "@c/card", "Int", `({ a }) => a * 3`), scripts.RunOptions{CPU: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer here.Close()
	stop := make(chan struct{})
	var wg sync.WaitGroup
	var calls, lost [3]atomic.Int64
	for n, c := range []view.Compute{a.Computes()[0], b.Computes()[0], here.Computes()[0]} {
		want := []string{"44851", "2", "3"}[n]
		for range 2 {
			wg.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					got, err := c(nil, in("1", ""), nil)
					calls[n].Add(1)
					if err != nil || string(got) != want {
						lost[n].Add(1)
						if n > 0 {
							t.Errorf("tenant %d: got %s, %v", n, got, err)
						}
					}
					time.Sleep(time.Millisecond)
				}
			})
		}
	}
	for range 20 {
		time.Sleep(30 * time.Millisecond)
		for _, c := range p.Children() {
			if c.Tenant == "@a" {
				_ = syscall.Kill(c.PID, syscall.SIGKILL)
			}
		}
	}
	time.Sleep(50 * time.Millisecond)
	close(stop)
	wg.Wait()
	t.Logf("calls %d, %d, %d; lost %d, %d, %d", calls[0].Load(), calls[1].Load(), calls[2].Load(), lost[0].Load(), lost[1].Load(), lost[2].Load())
	if lost[1].Load()+lost[2].Load() > 0 {
		t.Error("other tenants lost requests")
	}
}

// A tenant whose children keep ending waits for the next; it is told so at once.
func TestBackoff(t *testing.T) {
	p := pool(t, worker.Options{Deaths: 1})
	f := open(t, p, build(t, "@t/card", "Int", `({ a }) => a + 1`), scripts.RunOptions{})
	for range 100 {
		for _, c := range p.Children() {
			_ = syscall.Kill(c.PID, syscall.SIGKILL)
		}
		_, err := f.Computes()[0](nil, in("1", ""), nil)
		if err == nil {
			continue
		}
		if fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "keep ending") {
			t.Errorf("got %v", err)
		}
		return
	}
	t.Error("it was given 100 children")
}

// With more tenants than children, the one that was asked least lately loses its child, and has one again when it is asked.
func TestMoreTenantsThanChildren(t *testing.T) {
	p := pool(t, worker.Options{Children: 2, Wait: 10 * time.Second})
	var calls []view.Compute
	for i := range 5 {
		calls = append(calls, open(t, p, build(t, fmt.Sprintf("@t%d/card", i), "Int", `({ a }) => a + 1`), scripts.RunOptions{Wait: 10 * time.Second}).Computes()[0])
	}
	for round := range 2 {
		for i, c := range calls {
			got, err := c(nil, in(fmt.Sprint(i), ""), nil)
			if err != nil || string(got) != fmt.Sprint(i+1) {
				t.Fatalf("round %d, tenant %d: got %s, %v", round, i, got, err)
			}
			if n := len(p.Children()); n > 2 {
				t.Fatalf("%d children", n)
			}
		}
	}
}

func TestIdleEnds(t *testing.T) {
	p := pool(t, worker.Options{Idle: 40 * time.Millisecond})
	f := open(t, p, build(t, "@t/card", "Int", `({ a }) => a + 1`), scripts.RunOptions{})
	for end := time.Now().Add(5 * time.Second); len(p.Children()) > 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the child is still there")
		}
	}
	if got, err := f.Computes()[0](nil, in("1", ""), nil); err != nil || string(got) != "2" {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestClosed(t *testing.T) {
	p, err := worker.NewPool(worker.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := p.Open(build(t, "@t/card", "Int", `({ a }) => a + 1`), scripts.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if _, err := f.Computes()[0](nil, in("1", ""), nil); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("got %v", err)
	}
	p.Close()
	p.Close()
	if _, err := p.Open(build(t, "@t/card", "Int", `({ a }) => a + 1`), scripts.RunOptions{}); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("got %v", err)
	}
}

// A child inherits neither the environment nor open files, and what it prints stays with the pool.
func TestNothingIsInherited(t *testing.T) {
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Logf("there is no /proc: %v", err)
		return
	}
	t.Setenv("FACET_TOKEN", "secret")
	f, err := os.Open(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p := pool(t, worker.Options{})
	open(t, p, build(t, "@t/card", "Int", `({ a }) => a + 1`), scripts.RunOptions{})
	pid := pidOf(t, p, "@t")
	// The child is not dumpable: its own /proc entries belong to root. Where they can be read all the same, look.
	if env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid)); err == nil {
		if d := strings.Split(string(env), "\x00"); len(d) != 3 || d[0] != "FACET_SCRIPT_WORKER=1" || !strings.HasPrefix(d[1], "GOMAXPROCS=") {
			t.Errorf("its environment is %q", env)
		}
	}
	if fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid)); err == nil {
		for _, fd := range fds {
			to, _ := os.Readlink(fmt.Sprintf("/proc/%d/fd/%s", pid, fd.Name()))
			if strings.HasPrefix(to, "/") && to != os.DevNull && !strings.HasPrefix(to, "/sys/fs/cgroup/") { // the runtime looks there for its share of the processors
				t.Errorf("it has %s open", to)
			}
		}
	}
}

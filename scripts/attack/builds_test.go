package attack

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"facet/graph"
	"facet/pack"
	"facet/scripts"
	"facet/scripts/worker"
)

// delay is how much later than alone an innocent package may be built after another one, and resident what a builder may have.
const (
	delay    = 200 * time.Millisecond
	resident = 600 << 20
)

// TestBuildsInWorkers gives every attack of publishing to builders of their own: each is refused or dies there, in bounded memory, and
// who publishes next does not wait for it.
func TestBuildsInWorkers(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	g, ds := graph.Parse("graph.graphqls", []byte(graphSource))
	if ds.Failed() {
		t.Fatal(ds)
	}
	pool, err := worker.NewPool(worker.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	open := func(tgz []byte) *pack.Package {
		pkg, err := pack.Open(bytes.NewReader(tgz), pack.DefaultLimits())
		if err != nil {
			return nil // no builder sees it
		}
		return pkg
	}
	tgz, err := tarball(Neighbour())
	if err != nil {
		t.Fatal(err)
	}
	neighbour := open(tgz)
	build := func(ctx context.Context, pkg *pack.Package) (bool, error) {
		b, ds, err := pool.Build(ctx, pkg, &pack.Lock{}, g, scripts.Options{})
		if err != nil {
			return false, err
		}
		if b == nil {
			return false, ds.Err()
		}
		return true, nil
	}
	soonest := func(t *testing.T, tries int) time.Duration {
		best := time.Hour
		for range tries {
			began := time.Now()
			if ok, err := build(t.Context(), neighbour); !ok {
				t.Fatalf("the neighbour is not built: %v", err)
			}
			best = min(best, time.Since(began))
		}
		return best
	}
	alone, later := soonest(t, 5), delay
	if !*long { // beside other tests a process waits for its turn
		later *= 10
	}
	t.Logf("alone the neighbour is built in %v", alone)
	for n, a := range all {
		if a.Class != "publish" && a.Class != "symbolic" || !*long && n%6 > 0 {
			continue
		}
		t.Run(a.ID(), func(t *testing.T) {
			tgz, err := a.Tarball()
			if err != nil {
				t.Fatal(err)
			}
			pkg := open(tgz)
			if pkg == nil {
				return
			}
			grown, stop := int64(0), make(chan struct{})
			done := make(chan struct{})
			go func() {
				defer close(done)
				for {
					select {
					case <-stop:
						return
					case <-time.After(50 * time.Millisecond):
						for _, pid := range family(os.Getpid())[1:] {
							if line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); err != nil || !bytes.Contains(line, []byte("script-worker")) {
								continue // until it runs its own program it is a copy of this one
							}
							if status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)); err == nil {
								grown = max(grown, field(status, "VmRSS:"))
							}
						}
					}
				}
			}()
			began := time.Now()
			ok, wrong := build(t.Context(), pkg)
			took := time.Since(began)
			close(stop)
			<-done
			if grown > resident {
				t.Errorf("the builder had %d MiB", grown>>20)
			}
			next := soonest(t, 1)
			for range 4 { // the machine may be busy with others
				if next <= alone+later {
					break
				}
				next = min(next, soonest(t, 1))
			}
			if next > alone+later {
				t.Errorf("the next is built in %v, alone in %v", next, alone)
			}
			if took > 2*time.Second || grown > 256<<20 {
				t.Logf("%v, %d MiB, built %v: %.150v", took.Round(time.Millisecond), grown>>20, ok, wrong)
			}
		})
	}
}

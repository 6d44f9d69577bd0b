package edgetest

import (
	"flag"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"facet/composer"
	"facet/scripts"
	"facet/scripts/worker"
	"facet/view"
)

var workerPairs = flag.Int("worker.pairs", 0, "how many pairs of rounds TestWorkerCost measures; 0: one small pair that proves the harness")

// TestWorkerCost: what it costs on the TV home that computed functions run in a worker process, in processor time of both processes
// together: rounds in this process and rounds with the worker alternate, as in TestSandboxCost.
func TestWorkerCost(t *testing.T) {
	pairs, requests := *workerPairs, 60
	if pairs == 0 {
		pairs, requests = 1, 3
	}
	dir := Patient(t, FilmsDir())
	g := Parse(t, dir)
	world := World{Graph: g, Builds: Build(t, dir, g, "tv-home"), Tiers: Dial(t, g, startTiers(t)), Asker: Demo(),
		Limits: composer.Limits{Time: time.Minute, CPU: time.Minute}, Run: scripts.RunOptions{CPU: time.Second}}
	here := Open(t, world)
	pool, err := worker.NewPool(worker.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	world.Open = func(b *view.Build, o scripts.RunOptions) (scripts.Callable, error) { return pool.Open(b, o) }
	there := Open(t, world)
	const target = "/tv/v2/home?fields=name,recent,rows(name,items(title,art,badge,score,position,progress(minutesLeft,state),seasons))"
	both := func() time.Duration {
		used := processCPU(t)
		for _, c := range pool.Children() {
			used += c.CPU
		}
		return used
	}
	var body string
	round := func(e *Edge) time.Duration {
		runtime.GC()
		before := both()
		for range requests {
			w := httptest.NewRecorder()
			e.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil))
			if body == "" {
				body = w.Body.String()
			}
			if w.Code != http.StatusOK || w.Body.String() != body || strings.Contains(body, `"errors"`) {
				t.Fatalf("%d: %.300s", w.Code, w.Body)
			}
		}
		return both() - before
	}
	round(here)
	round(there)
	ratios := make([]float64, pairs)
	var in, out time.Duration
	for i := range ratios {
		var a, b time.Duration
		if i%2 == 0 {
			a, b = round(there), round(here)
		} else {
			b, a = round(here), round(there)
		}
		ratios[i] = float64(a) / float64(b)
		out, in = out+a, in+b
	}
	slices.Sort(ratios)
	median := (ratios[(pairs-1)/2] + ratios[pairs/2]) / 2
	low, high := medianInterval(pairs)
	each := func(d time.Duration) time.Duration {
		return (d / time.Duration(pairs*requests)).Round(time.Microsecond)
	}
	t.Logf("%d pairs of %d requests: %v of CPU each with a worker, %v without; median ratio %.3f, 95%% interval %.3f to %.3f",
		pairs, requests, each(out), each(in), median, ratios[low], ratios[high])
	if *workerPairs > 0 && median > 1.5 {
		t.Errorf("a worker takes %.2f times the CPU, want at most 1.5", median)
	}
}

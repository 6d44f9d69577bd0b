package edgetest

import (
	"bufio"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"facet/composer"
	"facet/internal/child"
	"facet/scripts"
)

var sandboxPairs = flag.Int("sandbox.pairs", 0, "how many pairs of rounds TestSandboxCost measures; 0: one small pair that proves the harness")

// TestSandboxCost: what the limits of scripts cost on the TV home, in processor time of the whole process: rounds with limits and rounds
// without alternate, over the films' tiers in a process of their own. The figure is the median of the pairs' ratios, with the interval
// that holds the true median 95 times of 100 (by the order statistics of the pairs, which assumes nothing of how they are distributed).
func TestSandboxCost(t *testing.T) {
	pairs, requests := *sandboxPairs, 60
	if pairs == 0 {
		pairs, requests = 1, 3
	}
	dir := Patient(t, FilmsDir())
	g := Parse(t, dir)
	world := World{Graph: g, Builds: Build(t, dir, g, "tv-home"), Tiers: Dial(t, g, startTiers(t)), Asker: Demo(),
		Limits: composer.Limits{Time: time.Minute, CPU: time.Minute}}
	limited := Open(t, world)
	world.Run = scripts.RunOptions{Unlimited: true}
	unlimited := Open(t, world)
	const target = "/tv/v2/home?fields=name,recent,rows(name,items(title,art,badge,score,position,progress(minutesLeft,state),seasons))"
	var body string
	round := func(e *Edge) time.Duration {
		runtime.GC()
		before := processCPU(t)
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
		return processCPU(t) - before
	}
	round(limited) // plans, connections, programs
	round(unlimited)
	ratios := make([]float64, pairs)
	var with, without time.Duration
	for i := range ratios {
		var a, b time.Duration
		if i%2 == 0 {
			a, b = round(limited), round(unlimited)
		} else {
			b, a = round(unlimited), round(limited)
		}
		ratios[i] = float64(a) / float64(b)
		with, without = with+a, without+b
	}
	slices.Sort(ratios)
	median := (ratios[(pairs-1)/2] + ratios[pairs/2]) / 2
	low, high := medianInterval(pairs)
	each := func(d time.Duration) time.Duration {
		return (d / time.Duration(pairs*requests)).Round(time.Microsecond)
	}
	t.Logf("%d pairs of %d requests: %v of CPU each with limits, %v without; median ratio %.3f, 95%% interval %.3f to %.3f",
		pairs, requests, each(with), each(without), median, ratios[low], ratios[high])
	if *sandboxPairs > 0 && median > 1.05 {
		t.Errorf("limits cost %.1f %% of the process' CPU, want at most 5 %%", 100*(median-1))
	}
}

// medianInterval gives the places, in n sorted values, between which the true median lies with a confidence of at least 95 %.
func medianInterval(n int) (low, high int) {
	tail, p := 0.0, 1.0
	for range n {
		p /= 2
	}
	for k := 0; k < n/2; k++ { // p is the chance that k of n lie below the median
		if tail += p; tail > 0.025 {
			break
		}
		low = k
		p = p * float64(n-k) / float64(k+1)
	}
	return low, n - 1 - low
}

func processCPU(t *testing.T) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// startTiers runs the films' tiers as a process of their own until the test ends, and gives their addresses by $env name.
func startTiers(t *testing.T) map[string]string {
	bin := filepath.Join(t.TempDir(), "tiers")
	if err := child.Build(t.Context(), bin, "facet/examples/films/cmd/tiers"); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(bin, "-public-art", "http://posters.test")
	cmd.Env = []string{"FACET_TIER=1"}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stdin.Close(); _ = cmd.Wait() })
	env := map[string]string{}
	lines := bufio.NewScanner(stdout)
	for lines.Scan() && lines.Text() != "ready" {
		if name, url, ok := strings.Cut(lines.Text(), "="); ok {
			env[name] = url
		}
	}
	go func() { _, _ = io.Copy(io.Discard, stdout) }()
	return env
}

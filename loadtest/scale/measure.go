package scale

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// A Plan says how a prepared world is measured.
type Plan struct {
	Edge    string        // the program
	Rate    float64       // requests a second, of known documents over all versions
	For     time.Duration // of traffic over all versions; a third as long goes to the ten
	Memory  string        // what the instance may hold, as its configuration says it: "320MiB"; "" is its default
	PageOut string        // the same, of the instance that is to open nearly all that it is asked for
	Config  string        // YAML that is added to the configuration of every instance
	Profile string        // a folder for profiles of the heap and the processor; "" takes none
}

// A Sample is one stretch of traffic on one process.
type Sample struct {
	CPU      float64 `json:"cpuMsPerRequest"`
	Requests int     `json:"requests"`
	Failed   int     `json:"failed"`
	Bytes    float64 `json:"bytesPerAnswer"`
	Opened   float64 `json:"opened"` // schemas that were opened meanwhile
	GCs      float64 `json:"collections"`
	Times    Times   `json:"times"`
}

// A Result is what was measured.
type Result struct {
	World
	Program    string        `json:"program"` // what `edge version` says
	Load       string        `json:"load"`    // averages before and after
	Start      time.Duration `json:"startNs"` // until ready, the first time of this program: it opens every version once
	Empty      bool          `json:"empty"`   // the disk was empty then
	Ready      time.Duration `json:"readyNs"` // until ready after a restart, from a warm disk
	ReadyCPU   time.Duration `json:"readyCPUNs"`
	RestRSS    int64         `json:"restBytes"`
	First      Times         `json:"first"` // of one request to each version
	FirstRSS   int64         `json:"firstBytes"`
	Many       []Sample      `json:"many"`
	Few        []Sample      `json:"few"`
	Ratio      float64       `json:"cpuRatio"`  // of the medians, many over few
	Ratios     []float64     `json:"cpuRatios"` // of each stretch over the mean of those before and after it
	Peak       int64         `json:"peakBytes"` // resident, from the first request to the last
	RSS        []int64       `json:"residentBytes"`
	FewRSS     int64         `json:"fewBytes"`
	PagedIn    Times         `json:"pagedIn"` // of requests of versions that were closed before
	PagedOpen  float64       `json:"pagedOpened"`
	Open       float64       `json:"open"` // schemas open at the end of the traffic over all
	GeneratedS float64       `json:"generatedSeconds"`
}

// stretches is how many parts the traffic over all versions has.
const stretches = 5

// Measure runs the plan. say is told how it goes.
func (p *Prepared) Measure(ctx context.Context, plan Plan, say func(format string, args ...any)) (_ *Result, err error) {
	tiers := httptest.NewServer(Tiers())
	defer tiers.Close()
	r := &Result{World: p.World, Load: average(), GeneratedS: p.Took.Seconds()}
	start := func(env, memory string) (*process, time.Duration, error) {
		at, err := serve(ctx, plan.Edge, env+"-"+p.key(), p.Dir, p.config(env, memory, plan.Config), "SHELVES_URL="+tiers.URL, "CATALOG_URL="+tiers.URL, "ARTWORK_URL="+tiers.URL)
		if err != nil {
			return nil, 0, err
		}
		took, err := at.ready(ctx)
		if err != nil {
			at.stop()
			return nil, 0, err
		}
		return at, took, nil
	}

	_, missing := os.Stat(filepath.Join(p.Dir, "cache-"+manyEnv, "objects"))
	at, took, err := start(manyEnv, plan.Memory) // what is measured is a restart, from a warm disk
	if err != nil {
		return nil, err
	}
	r.Start, r.Empty = took, missing != nil
	say("the first start of this program: ready after %v", took.Round(time.Millisecond))
	at.stop()
	many, took, err := start(manyEnv, plan.Memory)
	if err != nil {
		return nil, err
	}
	defer many.stop()
	r.Ready, r.ReadyCPU, r.RestRSS = took, many.cpu(), many.resident()
	say("a warm disk: ready after %v (%v of processor), %d MB resident", took.Round(time.Millisecond), r.ReadyCPU, r.RestRSS>>20)
	memory := sample(many)
	over := false
	defer func() {
		if !over {
			memory.end()
		}
	}()
	all := newAsker(many.Said["EDGE_URL"])
	defer all.close()
	last := time.Now()
	if r.First, err = all.each(ctx, p.versions, "page", p.Seed, func(done int) {
		if time.Since(last) > 5*time.Second {
			last = time.Now()
			say("%d of %d versions are asked once, %d MB", done, len(p.versions), many.resident()>>20)
		}
	}); err != nil {
		return nil, err
	}
	r.FirstRSS = many.resident()
	say("each version asked once: p50 %.1f ms, p95 %.1f ms; %d MB", r.First.P50, r.First.P95, r.FirstRSS>>20)
	if err := p.profile(ctx, many, plan, "heap?gc=1", "heap-first.pb.gz"); err != nil {
		return nil, err
	}

	few, _, err := start(fewEnv, plan.Memory)
	if err != nil {
		return nil, err
	}
	defer few.stop()
	some := newAsker(few.Said["EDGE_URL"])
	defer some.close()
	if _, err := some.each(ctx, p.few(), "page", p.Seed, nil); err != nil {
		return nil, err
	}
	some.load(ctx, p.few(), plan.Rate, min(5*time.Second, plan.For/10), 1) // until its heap and its threads are as they stay
	part := plan.For / stretches
	for n := range 2*stretches + 1 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if n%2 == 0 {
			s := measured(ctx, few, some, p.few(), plan.Rate, plan.For/(3*(stretches+1)), uint64(n))
			if s.err != nil {
				return nil, s.err
			}
			r.Few = append(r.Few, s.Sample)
			say("ten versions: %.3f ms of processor a request, p50 %.1f ms", s.CPU, s.Times.P50)
			continue
		}
		if n == stretches {
			go func() { _ = p.profile(ctx, many, plan, "profile?seconds=10", "cpu-many.pb.gz") }() // of some seconds in the middle
		}
		s := measured(ctx, many, all, p.versions, plan.Rate, part, uint64(n))
		if s.err != nil {
			return nil, s.err
		}
		r.Many = append(r.Many, s.Sample)
		say("all %d: %.3f ms of processor a request, p50 %.1f ms, %.0f opened, %d MB", len(p.versions), s.CPU, s.Times.P50, s.Opened, many.resident()>>20)
	}
	r.RSS, over = memory.end(), true
	r.Peak = slices.Max(r.RSS)
	r.FewRSS = few.resident()
	r.Open = many.metric(ctx, openMetric)
	r.ratios()
	if err := p.profile(ctx, many, plan, "heap?gc=1", "heap-many.pb.gz"); err != nil {
		return nil, err
	}
	if err := p.profile(ctx, few, plan, "heap?gc=1", "heap-few.pb.gz"); err != nil {
		return nil, err
	}
	if err := p.pageOut(ctx, plan, many, start, r, say); err != nil {
		return nil, err
	}
	r.Load += ", " + average()
	return r, nil
}

// pageOut measures requests of what was closed before: an instance that may hold little is asked for each version in turn, twice.
func (p *Prepared) pageOut(ctx context.Context, plan Plan, many *process, start func(env, memory string) (*process, time.Duration, error), r *Result, say func(string, ...any)) error {
	many.stop() // the copy on disk is one instance's alone
	at, _, err := start(manyEnv, plan.PageOut)
	if err != nil {
		return err
	}
	defer at.stop()
	a := newAsker(at.Said["EDGE_URL"])
	defer a.close()
	versions := p.versions[:min(len(p.versions), 2000)]
	if _, err := a.each(ctx, versions, "page", 1, nil); err != nil { // all were open once
		return err
	}
	before := at.metric(ctx, openedMetric)
	if r.PagedIn, err = a.each(ctx, versions, "page", 1, nil); err != nil { // the same order: each is the one that was asked longest ago
		return err
	}
	r.PagedOpen = at.metric(ctx, openedMetric) - before
	say("first requests after a page-out: p50 %.1f ms, p95 %.1f ms; %.0f of %d were opened for it", r.PagedIn.P50, r.PagedIn.P95, r.PagedOpen, len(versions))
	return nil
}

// The edge's metrics of what is open, and Go's of collections.
const (
	openMetric        = `edge_engines{state="open"}`
	openedMetric      = "edge_engines_opened_total"
	collectionsMetric = "go_gc_duration_seconds_count"
)

type stretch struct {
	Sample
	err error
}

func measured(ctx context.Context, at *process, a *asker, versions []*Version, rate float64, length time.Duration, seed uint64) stretch {
	opened, collected := at.metric(ctx, openedMetric), at.metric(ctx, collectionsMetric)
	cpu := at.cpu()
	t := a.load(ctx, versions, rate, length, seed)
	spent := at.cpu() - cpu
	s := stretch{Sample: Sample{Requests: t.Count, Failed: t.failed, Times: t.Times, Opened: at.metric(ctx, openedMetric) - opened}}
	if t.Count > 0 {
		s.CPU = float64(spent.Microseconds()) / 1000 / float64(t.Count)
		s.Bytes = float64(t.bytes) / float64(t.Count)
	}
	s.GCs = at.metric(ctx, collectionsMetric) - collected
	if t.failed*20 > t.Count { // what a busy machine lets fail is told, not more
		s.err = fmt.Errorf("%d of %d requests failed, the first: %w", t.failed, t.Count, t.first)
	}
	return s
}

// ratios compares the stretches.
func (r *Result) ratios() {
	cpu := func(list []Sample) []float64 {
		var out []float64
		for _, s := range list {
			out = append(out, s.CPU)
		}
		return out
	}
	many, few := cpu(r.Many), cpu(r.Few)
	for i := range many {
		r.Ratios = append(r.Ratios, many[i]/((few[i]+few[i+1])/2))
	}
	r.Ratio = median(many) / median(few)
}

func median(list []float64) float64 {
	s := slices.Sorted(slices.Values(list))
	if len(s) == 0 {
		return 0
	}
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

func (p *Prepared) profile(ctx context.Context, at *process, plan Plan, kind, name string) error {
	if plan.Profile == "" {
		return nil
	}
	return at.profile(ctx, kind, filepath.Join(plan.Profile, name))
}

// config is an instance's. It has a store of its own as a child: over the same folder, one after another, or two at a time as they only read.
func (p *Prepared) config(env, memory, more string) string {
	text := fmt.Sprintf(`env: %s
region: %s
instance: scale-%[1]s
store: { bucket: facet, accessKey: %[3]s, embedded: { dir: %[4]q } }
cache: { dir: %[5]q%[6]s }
serve: { listen: "127.0.0.1:0", drainDelay: 0s, readyWait: 0s }
ops: { listen: "127.0.0.1:0", pprof: true }
limits: { shed: { off: true } }
tiers: { guard: { timeout: 5s } }
log: { level: warn, successes: 1000000 }
`, env, region, accessKey, filepath.Join(p.Dir, "objects"), filepath.Join(p.Dir, "cache-"+env), memoryKey(memory))
	return text + more
}

func memoryKey(memory string) string {
	if memory == "" {
		return ""
	}
	return ", memory: " + memory
}

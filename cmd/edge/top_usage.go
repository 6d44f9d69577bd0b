package main

import (
	"cmp"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"facet/composer"
	"facet/scripts"
	"facet/view"
)

// usage counts what each package version takes of this process. What is asked of several packages at once counts for each of them.
type usage struct {
	mu       sync.RWMutex
	packages map[usageKey]*packageUsage
}

// usageKey is a package version that was built once: versions with a suffix are versions of their own.
type usageKey struct{ name, version string }

// maxUsage bounds the packages that are counted; past it those that were not asked for the longest time are forgotten.
const maxUsage = 20_000

// A packageUsage is what one package version took since it was first asked.
type packageUsage struct {
	requests, failed atomic.Uint64
	calls            atomic.Uint64 // of tiers
	kept             atomic.Uint64 // calls that were not made, because the cache had all that they would have given
	read, wrote      atomic.Uint64 // bytes of tiers' answers, of answers
	latency          [latencyBuckets]atomic.Uint64
	last             atomic.Int64 // unix seconds
	mu               sync.Mutex
	closed           scripts.Stats // of functions that are closed
	open             map[*counting]bool
}

// Buckets of times: each is a quarter longer than the one before, from a tenth of a millisecond.
const latencyBuckets = 52

const (
	latencyFirst  = 100 * time.Microsecond
	latencyFactor = 1.25
)

func latencyBucket(d time.Duration) int {
	if d <= latencyFirst {
		return 0
	}
	return min(latencyBuckets-1, 1+int(math.Log(float64(d)/float64(latencyFirst))/math.Log(latencyFactor)))
}

// latencyOf is the time below which a share of the counted requests was answered, rounded up to a bucket's end.
func latencyOf(counts []uint64, share float64) time.Duration {
	var all, sum uint64
	for _, n := range counts {
		all += n
	}
	if all == 0 {
		return 0
	}
	for i, n := range counts {
		if sum += n; float64(sum) >= share*float64(all) {
			return time.Duration(float64(latencyFirst) * math.Pow(latencyFactor, float64(i)))
		}
	}
	return 0
}

func newUsage() *usage { return &usage{packages: map[usageKey]*packageUsage{}} }

// of is where a package version is counted.
func (u *usage) of(name, version string) *packageUsage {
	k := usageKey{name, version}
	u.mu.RLock()
	p := u.packages[k]
	u.mu.RUnlock()
	if p != nil {
		return p
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if p = u.packages[k]; p != nil {
		return p
	}
	if len(u.packages) >= maxUsage {
		u.forget()
	}
	p = &packageUsage{open: map[*counting]bool{}}
	p.last.Store(time.Now().Unix())
	u.packages[k] = p
	return p
}

// forget drops the tenth that was asked the longest time ago. It is called with mu held.
func (u *usage) forget() {
	keys := make([]usageKey, 0, len(u.packages))
	for k := range u.packages {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b usageKey) int { return cmp.Compare(u.packages[a].last.Load(), u.packages[b].last.Load()) })
	for _, k := range keys[:len(keys)/10] {
		delete(u.packages, k)
	}
}

// answered counts an exchange that is over, for the packages whose roots it asked.
func (u *usage) answered(x *exchange) {
	s := x.outcome.Surface
	if s == nil || x.stream {
		return
	}
	var few [4]*packageUsage
	seen := few[:0]
	for _, r := range x.outcome.Roots {
		b := rootBuild(s, r)
		if b == nil {
			continue
		}
		p := u.of(b.Package, b.Version)
		if slices.Contains(seen, p) {
			continue
		}
		seen = append(seen, p)
		p.requests.Add(1)
		if x.failed() {
			p.failed.Add(1)
		}
		p.calls.Add(uint64(x.outcome.Stats.Calls))
		p.kept.Add(uint64(x.outcome.Stats.Kept))
		p.read.Add(uint64(x.outcome.Stats.Bytes))
		p.wrote.Add(uint64(x.bytes))
		p.latency[latencyBucket(x.took)].Add(1)
		p.last.Store(x.began.Unix())
	}
}

// rootBuild is the build that a root belongs to; nil if it names nothing.
func rootBuild(s *view.Surface, r *composer.Root) *view.Build {
	switch r.Kind {
	case composer.RootView:
		if f, ok := s.View(r.Name); ok {
			return s.Builds[f.Build]
		}
	case composer.RootMutation:
		if f, ok := s.Mutation(r.Name); ok {
			return s.Builds[f.Build]
		}
	case composer.RootEntity:
		if f, ok := s.Shape(r.Name); ok {
			return s.Builds[f.Build]
		}
	}
	return nil
}

// A counting is the functions of a build whose numbers outlive them.
type counting struct {
	scripts.Callable
	build *view.Build
	stats func() scripts.Stats
	of    *packageUsage
	once  sync.Once
	// placed is where the functions run.
	placed placed
}

// functions counts what a build's functions do; f is what runs them, c what stands around it.
func (u *usage) functions(b *view.Build, f, c scripts.Callable) scripts.Callable {
	s, ok := f.(interface{ Stats() scripts.Stats })
	if u == nil || !ok {
		return c
	}
	k := &counting{Callable: c, build: b, stats: s.Stats, of: u.of(b.Package, b.Version)}
	k.of.mu.Lock()
	defer k.of.mu.Unlock()
	k.of.open[k] = true
	return k
}

// Close ends the functions; what they did stays counted.
func (k *counting) Close() {
	k.once.Do(func() {
		k.of.mu.Lock()
		delete(k.of.open, k)
		k.of.closed = addStats(k.of.closed, k.stats())
		k.of.mu.Unlock()
	})
	k.Callable.Close()
}

func addStats(a, b scripts.Stats) scripts.Stats {
	out := scripts.Stats{Calls: a.Calls + b.Calls, CPU: a.CPU + b.CPU, Breaks: map[string]uint64{}}
	for _, s := range []scripts.Stats{a, b} {
		for limit, n := range s.Breaks {
			out.Breaks[limit] += n
		}
	}
	return out
}

// build is an open build by its scripts.BuildID; nil if none of its functions are open.
func (u *usage) build(id string) *view.Build {
	name, version := splitPackage(id)
	u.mu.RLock()
	p := u.packages[usageKey{name, version}]
	u.mu.RUnlock()
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for k := range p.open {
		return k.build
	}
	return nil
}

// scripts is what the package's functions did so far.
func (p *packageUsage) scripts() scripts.Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := addStats(p.closed, scripts.Stats{})
	for k := range p.open {
		out = addStats(out, k.stats())
	}
	return out
}

var (
	packageRequests = prometheus.NewDesc("edge_package_requests_total", "Requests that asked a package for something.", []string{"package"}, nil)
	packageCalls    = prometheus.NewDesc("edge_package_tier_calls_total", "Tier calls of those requests.", []string{"package"}, nil)
	scriptCalls     = prometheus.NewDesc("edge_script_calls_total", "Runs of a package's computed functions.", []string{"package"}, nil)
	scriptCPU       = prometheus.NewDesc("edge_script_cpu_seconds_total", "Processor time of a package's computed functions.", []string{"package"}, nil)
	scriptBreaks    = prometheus.NewDesc("edge_script_breaks_total", "Calls of a package's computed functions that broke a limit.", []string{"package", "limit"}, nil)
)

// Describe implements prometheus.Collector.
func (u *usage) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{packageRequests, packageCalls, scriptCalls, scriptCPU, scriptBreaks} {
		out <- d
	}
}

// Collect implements prometheus.Collector: versions of a package are one.
func (u *usage) Collect(out chan<- prometheus.Metric) {
	type sums struct {
		requests, calls uint64
		scripts         scripts.Stats
	}
	all := map[string]sums{}
	for k, p := range u.list() {
		s := all[k.name]
		s.requests += p.requests.Load()
		s.calls += p.calls.Load()
		s.scripts = addStats(s.scripts, p.scripts())
		all[k.name] = s
	}
	for name, s := range all {
		put := func(d *prometheus.Desc, v float64, labels ...string) {
			out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, append([]string{name}, labels...)...)
		}
		put(packageRequests, float64(s.requests))
		put(packageCalls, float64(s.calls))
		put(scriptCalls, float64(s.scripts.Calls))
		put(scriptCPU, s.scripts.CPU.Seconds())
		for limit, n := range s.scripts.Breaks {
			put(scriptBreaks, float64(n), limit)
		}
	}
}

func (u *usage) list() map[usageKey]*packageUsage {
	u.mu.RLock()
	defer u.mu.RUnlock()
	out := make(map[usageKey]*packageUsage, len(u.packages))
	for k, p := range u.packages {
		out[k] = p
	}
	return out
}

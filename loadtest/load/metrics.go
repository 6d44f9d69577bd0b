package load

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// An Instance is what one instance's /metrics said before, during and after a run.
type Instance struct {
	Name    string   `json:"name"`
	URL     string   `json:"url"`
	Samples []Sample `json:"samples,omitempty"` // the first is before, the last after
	// Changed are its counters, by name and labels, with by how much they grew; at most mostChanged, those of the edge first.
	Changed map[string]float64 `json:"changed,omitempty"`
	// Trouble says why there are no samples.
	Trouble string `json:"trouble,omitempty"`
}

// A Sample is an instance's state at one time. What it does not tell is 0.
type Sample struct {
	At         float64 `json:"at"` // seconds since the beginning, without the warmup
	CPU        float64 `json:"cpu"`
	RSS        float64 `json:"rss"`
	Heap       float64 `json:"heap"`
	Allocated  float64 `json:"allocated"` // bytes, since its start
	GCs        float64 `json:"gcs"`
	GCPause    float64 `json:"gcPause"` // seconds, since its start
	Goroutines float64 `json:"goroutines"`
	Requests   float64 `json:"requests"`
	Calls      float64 `json:"calls"`  // of tiers
	Levels     float64 `json:"levels"` // sum over requests
	TierBytes  float64 `json:"tierBytes"`
	Degraded   float64 `json:"degraded"`
	Refused    float64 `json:"refused"`
	Scripts    float64 `json:"scripts"` // processor seconds of computed functions
	Hits       float64 `json:"hits"`    // of caches, where it tells them
	Misses     float64 `json:"misses"`
}

const (
	mostChanged = 400
	mostMetrics = 32 << 20 // bytes of a page
)

// A scraper samples instances while a run goes on.
type scraper struct {
	client *http.Client
	began  time.Time
	every  time.Duration
	of     []*scraped
	stop   chan struct{}
	done   sync.WaitGroup
}

type scraped struct {
	Instance
	mu            sync.Mutex
	first, latest map[string]*dto.MetricFamily
}

func newScraper(pages []string, began time.Time, every time.Duration) *scraper {
	s := &scraper{client: &http.Client{Timeout: 5 * time.Second}, began: began, every: every, stop: make(chan struct{})}
	for _, at := range pages {
		name := at
		if u, err := url.Parse(at); err == nil && u.Host != "" {
			name = u.Host
		}
		s.of = append(s.of, &scraped{Instance: Instance{Name: name, URL: at}})
	}
	return s
}

// start takes the first sample at once and others as time goes by.
func (s *scraper) start(ctx context.Context) {
	s.sample(ctx)
	s.done.Go(func() {
		tick := time.NewTicker(s.every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				s.sample(ctx)
			case <-s.stop:
				return
			}
		}
	})
}

// end takes the last sample and says what all were.
func (s *scraper) end(ctx context.Context) []Instance {
	close(s.stop)
	s.done.Wait()
	s.sample(ctx)
	s.client.CloseIdleConnections()
	var out []Instance
	for _, i := range s.of {
		i.Changed = changed(i.first, i.latest)
		if len(i.Samples) > 0 {
			i.Trouble = ""
		}
		out = append(out, i.Instance)
	}
	return out
}

func (s *scraper) sample(ctx context.Context) {
	var wg sync.WaitGroup
	for _, i := range s.of {
		wg.Go(func() {
			families, err := s.page(ctx, i.URL)
			i.mu.Lock()
			defer i.mu.Unlock()
			if err != nil {
				i.Trouble = err.Error()
				return
			}
			if i.first == nil {
				i.first = families
			}
			i.latest = families
			i.Samples = append(i.Samples, sampled(families, time.Since(s.began).Seconds()))
			if len(i.Samples) > 2*mostWindows { // the first and the last stay
				i.Samples = slices.DeleteFunc(i.Samples, func(x Sample) bool { return int(x.At/s.every.Seconds())%2 == 1 && x != i.Samples[len(i.Samples)-1] })
			}
		})
	}
	wg.Wait()
}

func (s *scraper) page(ctx context.Context, at string) (map[string]*dto.MetricFamily, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "text/plain; version=0.0.4")
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<16)) // so that the connection is kept
		return nil, fmt.Errorf("%s answers %s", at, resp.Status)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(io.LimitReader(resp.Body, mostMetrics))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", at, err)
	}
	return families, nil
}

// sampled takes the figures of the report from a page.
func sampled(f map[string]*dto.MetricFamily, at float64) Sample {
	s := Sample{At: at,
		CPU: sum(f["process_cpu_seconds_total"], nil), RSS: sum(f["process_resident_memory_bytes"], nil),
		Heap: sum(f["go_memstats_heap_alloc_bytes"], nil), Allocated: sum(f["go_memstats_alloc_bytes_total"], nil),
		GCs: count(f["go_gc_duration_seconds"]), GCPause: sum(f["go_gc_duration_seconds"], nil), Goroutines: sum(f["go_goroutines"], nil),
		Requests: count(f["edge_request_tier_calls"]), Calls: sum(f["edge_request_tier_calls"], nil), Levels: sum(f["edge_request_levels"], nil),
		TierBytes: sum(f["edge_tier_answer_bytes_total"], nil), Degraded: sum(f["edge_degraded_answers_total"], nil),
		Refused: sum(f["edge_refused_total"], nil), Scripts: sum(f["edge_script_cpu_seconds_total"], nil)}
	// Operators' pages have no protocol: the probes of a load balancer are not what devices ask.
	if r := sum(f["edge_requests_total"], without("protocol", "none")); r > 0 {
		s.Requests = r
	}
	for name, family := range f {
		if !strings.Contains(name, "cache") || !strings.HasSuffix(name, "_total") {
			continue
		}
		outcome := func(words ...string) func(*dto.Metric) bool {
			return func(m *dto.Metric) bool {
				return slices.ContainsFunc(m.Label, func(l *dto.LabelPair) bool { return slices.Contains(words, l.GetValue()) })
			}
		}
		switch {
		case strings.Contains(name, "hit"):
			s.Hits += sum(family, nil)
		case strings.Contains(name, "miss"):
			s.Misses += sum(family, nil)
		default:
			s.Hits += sum(family, outcome("hit", "hits"))
			s.Misses += sum(family, outcome("miss", "misses"))
		}
	}
	return s
}

// without leaves out what has a certain label.
func without(name, text string) func(*dto.Metric) bool {
	return func(m *dto.Metric) bool {
		return !slices.ContainsFunc(m.Label, func(l *dto.LabelPair) bool { return l.GetName() == name && l.GetValue() == text })
	}
}

// of is a metric's value; of a histogram or summary its sum.
func of(m *dto.Metric) float64 {
	switch {
	case m.Counter != nil:
		return m.Counter.GetValue()
	case m.Gauge != nil:
		return m.Gauge.GetValue()
	case m.Untyped != nil:
		return m.Untyped.GetValue()
	case m.Histogram != nil:
		return m.Histogram.GetSampleSum()
	case m.Summary != nil:
		return m.Summary.GetSampleSum()
	}
	return 0
}

func sum(f *dto.MetricFamily, which func(*dto.Metric) bool) float64 {
	total := 0.0
	for _, m := range f.GetMetric() {
		if which == nil || which(m) {
			total += of(m)
		}
	}
	return total
}

func count(f *dto.MetricFamily) float64 {
	n := uint64(0)
	for _, m := range f.GetMetric() {
		n += m.Histogram.GetSampleCount() + m.Summary.GetSampleCount()
	}
	return float64(n)
}

// changed is how far counters grew.
func changed(before, after map[string]*dto.MetricFamily) map[string]float64 {
	at := func(families map[string]*dto.MetricFamily) map[string]float64 {
		out := map[string]float64{}
		for name, f := range families {
			for _, m := range f.GetMetric() {
				if m.Counter != nil {
					out[seriesName(name, m)] = m.Counter.GetValue()
				}
			}
		}
		return out
	}
	first, grown := at(before), map[string]float64{}
	for name, v := range at(after) {
		if v != first[name] {
			grown[name] = v - first[name]
		}
	}
	if len(grown) > mostChanged {
		names := slices.Sorted(maps.Keys(grown))
		slices.SortStableFunc(names, func(a, b string) int { return isEdge(b) - isEdge(a) })
		for _, name := range names[mostChanged:] {
			delete(grown, name)
		}
	}
	return grown
}

func isEdge(name string) int {
	if strings.HasPrefix(name, "edge_") {
		return 1
	}
	return 0
}

func seriesName(name string, m *dto.Metric) string {
	if len(m.Label) == 0 {
		return name
	}
	var labels []string
	for _, l := range m.Label {
		labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
	}
	return name + "{" + strings.Join(labels, ",") + "}"
}

// Grown is the difference of the last sample and the first. RSS, Heap and Goroutines are the greatest that were seen.
func (i *Instance) Grown() Sample {
	if len(i.Samples) < 2 {
		return Sample{}
	}
	a, b := i.Samples[0], i.Samples[len(i.Samples)-1]
	out := Sample{At: b.At - a.At, CPU: b.CPU - a.CPU, Allocated: b.Allocated - a.Allocated, GCs: b.GCs - a.GCs, GCPause: b.GCPause - a.GCPause,
		Requests: b.Requests - a.Requests, Calls: b.Calls - a.Calls, Levels: b.Levels - a.Levels, TierBytes: b.TierBytes - a.TierBytes,
		Degraded: b.Degraded - a.Degraded, Refused: b.Refused - a.Refused, Scripts: b.Scripts - a.Scripts, Hits: b.Hits - a.Hits, Misses: b.Misses - a.Misses}
	for _, s := range i.Samples {
		out.RSS, out.Heap, out.Goroutines = max(out.RSS, s.RSS), max(out.Heap, s.Heap), max(out.Goroutines, s.Goroutines)
	}
	return out
}

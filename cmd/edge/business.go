package main

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"facet/composer"
	"facet/view"
)

// The bounds of what packages count: names and label values past them are folded into "other". What a package declares has its own,
// which hold before it is published.
const (
	maxBusinessNames  = 500
	maxBusinessValues = 50 // of one label
	maxBusinessSeries = 1000
)

// business are the metrics that packages move: edge_business_<name>_total of counters, edge_business_<name> of histograms. Packages may
// count by one name with different labels, which no registry of described metrics allows: so it describes none.
type business struct {
	log      zerolog.Logger
	mu       sync.Mutex
	names    map[string]bool
	series   map[string]*businessSeries // by name, kind, labels and buckets
	folded   *prometheus.CounterVec
	told     map[[4]string]bool // package, version, metric and label of which folding was said
	handlers handlerMetrics
}

// A businessSeries are the series of one name with one set of labels.
type businessSeries struct {
	counter   *prometheus.CounterVec
	histogram *prometheus.HistogramVec
	labels    []string
	values    map[string]map[string]bool // label -> values seen; of undeclared metrics
	seen      map[string]bool            // combinations of all labels' values
}

// businessLabels come by themselves, before those of the package.
var businessLabels = []string{"device", "schema", "package", "version", "track"}

// An origin is whose code moved a metric, and who asked.
type origin struct{ device, schema, pkg, version, track string }

var notMetricName = regexp.MustCompile(`[^a-zA-Z0-9_]`)

func newBusiness() *business {
	return &business{log: zerolog.Nop(), names: map[string]bool{}, series: map[string]*businessSeries{}, told: map[[4]string]bool{}, handlers: newHandlerMetrics(),
		folded: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "edge_business_folded_total", Help: "Label values of business metrics that became other: they were not declared, or there were too many."},
			[]string{"package", "metric", "label"})}
}

// Describe implements prometheus.Collector: it says nothing of what packages count.
func (b *business) Describe(out chan<- *prometheus.Desc) {
	b.folded.Describe(out)
	b.handlers.Describe(out)
}

// Collect implements prometheus.Collector.
func (b *business) Collect(out chan<- prometheus.Metric) {
	b.folded.Collect(out)
	b.handlers.Collect(out)
}

// unchecked are the metrics that packages move.
type unchecked struct{ b *business }

// Describe implements prometheus.Collector.
func (unchecked) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (u unchecked) Collect(out chan<- prometheus.Metric) {
	u.b.mu.Lock()
	defer u.b.mu.Unlock()
	for _, s := range u.b.series {
		if s.counter != nil {
			s.counter.Collect(out)
		} else {
			s.histogram.Collect(out)
		}
	}
}

// one moves a metric. declared is nil if the package only counts by its name.
func (b *business) one(o origin, declared *view.Declared, m composer.Metric) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.find(declared, m)
	if s == nil {
		return // a release with more names was warned of by its size; what is known goes on counting
	}
	values := prometheus.Labels{"device": o.device, "schema": o.schema, "package": o.pkg, "version": o.version, "track": o.track}
	for _, l := range s.labels[len(businessLabels):] {
		values[l] = ""
	}
	folded := slices.Clone(m.Folded)
	for _, l := range m.Labels {
		label := notMetricName.ReplaceAllString(l.Name, "_")
		if _, known := values[label]; !known || slices.Contains(businessLabels, label) {
			continue
		}
		values[label] = s.fold(declared, label, l)
		if values[label] != l.Value {
			folded = append(folded, l.Name)
		}
	}
	if s.bound(values) {
		folded = append(folded, "all")
	}
	for _, l := range folded {
		b.say(o, m.Name, l)
	}
	if s.counter != nil {
		s.counter.With(values).Add(max(0, m.Value))
	} else {
		s.histogram.With(values).Observe(m.Value)
	}
}

// find is where a metric is counted; nil if there are too many.
func (b *business) find(declared *view.Declared, m composer.Metric) *businessSeries {
	name := notMetricName.ReplaceAllString(m.Name, "_")
	labels := slices.Clone(businessLabels)
	add := func(l string) {
		if l = notMetricName.ReplaceAllString(l, "_"); !slices.Contains(labels, l) {
			labels = append(labels, l)
		}
	}
	key := name
	if declared != nil {
		for _, l := range declared.Labels {
			add(l.Name)
		}
		key += " " + string(declared.Kind)
	} else {
		for _, l := range m.Labels {
			add(l.Name)
		}
		key += " " + string(view.Counter)
	}
	key += " " + strings.Join(labels, ",")
	if s := b.series[key]; s != nil {
		return s
	}
	if !b.names[name] && len(b.names) >= maxBusinessNames || len(b.series) >= 2*maxBusinessNames {
		return nil
	}
	s := &businessSeries{labels: labels, values: map[string]map[string]bool{}, seen: map[string]bool{}}
	help := "Moved by packages as " + m.Name + "."
	if declared != nil && declared.Kind == view.Histogram {
		if b.names[name+" counted"] {
			return nil
		}
		buckets := declared.Buckets
		if len(buckets) == 0 {
			buckets = prometheus.DefBuckets
		}
		s.histogram = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "edge_business_" + name, Help: help, Buckets: buckets}, labels)
	} else {
		s.counter = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "edge_business_" + name + "_total", Help: help}, labels)
	}
	b.names[name], b.series[key] = true, s
	return s
}

// say tells once that a label's values were folded.
func (b *business) say(o origin, metric, label string) {
	b.folded.WithLabelValues(o.pkg, notMetricName.ReplaceAllString(metric, "_"), label).Inc()
	at := [4]string{o.pkg, o.version, metric, label}
	if b.told[at] || len(b.told) > 10_000 {
		return
	}
	b.told[at] = true
	b.log.Warn().Str("package", o.pkg).Str("version", o.version).Str("metric", metric).Str("label", label).
		Msg("a value of a label became other: it was not declared, or there are too many; this is said once")
}

// bound folds a new combination of label values into one of "other" where there are too many.
func (s *businessSeries) bound(values prometheus.Labels) (folded bool) {
	var key strings.Builder
	for _, l := range s.labels {
		key.WriteString(values[l])
		key.WriteByte(0)
	}
	switch {
	case s.seen[key.String()]:
	case len(s.seen) < maxBusinessSeries:
		s.seen[key.String()] = true
	default:
		for _, l := range s.labels[len(businessLabels):] {
			values[l] = other
		}
		return true
	}
	return false
}

// forget removes the series of a device schema that is not served any more.
func (b *business) forget(route prometheus.Labels) {
	b.drop(func(values []string) bool { return values[0] == route["device"] && values[1] == route["schema"] }, route)
}

// keep removes the series of versions that are not served any more; served has "<package> <version>".
func (b *business) keep(served map[string]bool) {
	gone := map[[2]string]bool{}
	b.drop(func(values []string) bool {
		if served[values[2]+" "+values[3]] {
			return false
		}
		gone[[2]string{values[2], values[3]}] = true
		return true
	}, nil)
	b.mu.Lock()
	defer b.mu.Unlock()
	for v := range gone {
		for _, s := range b.series {
			s.delete(prometheus.Labels{"package": v[0], "version": v[1]})
		}
	}
}

func (b *business) drop(which func(values []string) bool, labels prometheus.Labels) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.series {
		if labels != nil {
			s.delete(labels)
		}
		for key := range s.seen {
			if which(strings.SplitN(key, "\x00", len(businessLabels)+1)) {
				delete(s.seen, key)
			}
		}
	}
}

func (s *businessSeries) delete(labels prometheus.Labels) {
	if s.counter != nil {
		s.counter.DeletePartialMatch(labels)
	} else {
		s.histogram.DeletePartialMatch(labels)
	}
}

// fold keeps the number of a label's values bounded: to those that are declared, else to the first that were seen.
func (s *businessSeries) fold(declared *view.Declared, label string, l composer.Label) string {
	if declared != nil {
		for _, d := range declared.Labels {
			if d.Name == l.Name && slices.Contains(d.Values, l.Value) {
				return l.Value
			}
		}
		return other
	}
	seen := s.values[label]
	if seen == nil {
		seen = map[string]bool{}
		s.values[label] = seen
	}
	if !seen[l.Value] {
		if len(seen) >= maxBusinessValues {
			return other
		}
		seen[l.Value] = true
	}
	return l.Value
}

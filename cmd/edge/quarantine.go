package main

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"facet/release"
	"facet/scripts"
	"facet/view"
)

// quarantines are the breakers of the packages that this instance opened, by name and version: a version that is mended is not
// held for the one before.
type quarantines struct {
	opts scripts.QuarantineOptions
	log  zerolog.Logger
	tell func() // asks for an acknowledgement, so that the control plane knows; may be nil
	// served gives the builds of the release that is served now: nobody has to mend a version that is in none of them. nil: all are.
	served func() map[string]release.Build

	mu       sync.Mutex
	breakers map[string]*scripts.Breaker
}

// options are what the configuration says.
func (c quarantineConfig) options() scripts.QuarantineOptions {
	return scripts.QuarantineOptions{Breaks: c.Breaks, Within: c.Within, For: c.For, Most: c.Most}
}

// maxBreakers is how many breakers are kept; past it those of packages that are in no quarantine go.
const maxBreakers = 20_000

func newQuarantines(o scripts.QuarantineOptions, log zerolog.Logger) *quarantines {
	return &quarantines{opts: o, log: log, breakers: map[string]*scripts.Breaker{}}
}

// of is the breaker of a build's package.
func (q *quarantines) of(b *view.Build) *scripts.Breaker {
	q.mu.Lock()
	defer q.mu.Unlock()
	key := b.Package + "@" + b.Version
	one := q.breakers[key]
	if one == nil {
		if len(q.breakers) >= maxBreakers {
			for k, old := range q.breakers {
				if _, in := old.Quarantine(); !in {
					delete(q.breakers, k)
				}
			}
		}
		opts := q.opts
		opts.Changed = q.changed
		one = scripts.NewBreaker(b.Package, b.Version, opts)
		q.breakers[key] = one
	}
	return one
}

func (q *quarantines) changed(s scripts.Quarantine) {
	if s.Until.IsZero() {
		q.log.Info().Str("package", s.Package).Str("version", s.Version).Dur("after", time.Since(s.Since)).Msg("quarantine over")
	} else {
		q.log.Warn().Str("package", s.Package).Str("version", s.Version).Time("until", s.Until.UTC()).Int("times", s.Times).
			Str("function", s.Last.Function).Str("limit", s.Last.Limit).Str("at", s.Last.Pos.String()).Str("reason", s.Last.Text).Msg("quarantine")
	}
	if q.tell != nil {
		q.tell()
	}
}

// list are the quarantines that last of what is served, for the acknowledgement and the metrics. One of a version that is served no more
// is kept, for when somebody goes back to it.
func (q *quarantines) list() []release.Quarantine {
	q.mu.Lock()
	breakers := make([]*scripts.Breaker, 0, len(q.breakers))
	for _, b := range q.breakers {
		breakers = append(breakers, b)
	}
	q.mu.Unlock()
	var builds map[string]release.Build
	if q.served != nil {
		builds = q.served()
	}
	live := func(s scripts.Quarantine) bool {
		for _, b := range builds {
			if b.Package == s.Package && b.Version == s.Version {
				return true
			}
		}
		return builds == nil
	}
	var out []release.Quarantine
	for _, b := range breakers {
		if s, in := b.Quarantine(); in && live(s) {
			reason := quarantineReason(s.Last)
			out = append(out, release.Quarantine{Package: s.Package, Version: s.Version, Since: s.Since.UTC(), Until: s.Until.UTC(), Times: s.Times,
				Reason: reason[:min(len(reason), release.MaxReason)]})
		}
	}
	slices.SortFunc(out, func(a, b release.Quarantine) int {
		return cmp.Or(cmp.Compare(a.Package, b.Package), cmp.Compare(a.Version, b.Version))
	})
	return out
}

// quarantineReason is "Card.badge broke its cpu limit at src/card.ts:12:3: it had 10ms".
func quarantineReason(k scripts.Break) string {
	at := ""
	if k.Pos.File != "" {
		at = " at " + k.Pos.String()
	}
	return fmt.Sprintf("%s broke its %s limit%s: %s", k.Function, k.Limit, at, k.Text)
}

var quarantined = prometheus.NewDesc("edge_script_quarantined", "1 for each package version whose functions are not run here for now.", []string{"package", "version"}, nil)

// Describe implements prometheus.Collector.
func (q *quarantines) Describe(out chan<- *prometheus.Desc) { out <- quarantined }

// Collect implements prometheus.Collector.
func (q *quarantines) Collect(out chan<- prometheus.Metric) {
	for _, one := range q.list() {
		out <- prometheus.MustNewConstMetric(quarantined, prometheus.GaugeValue, 1, one.Package, one.Version)
	}
}

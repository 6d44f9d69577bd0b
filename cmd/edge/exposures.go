package main

import (
	"context"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"facet/asker"
	"facet/composer"
	"facet/release"
)

// A sample ratio is looked at from so many units on, and holds to be mismatched where chance gives as uneven arms, or more
// so, less often than this.
const (
	minRatioUnits = 1000
	mismatchAt    = 0.001
	mismatchEvery = time.Minute
)

// exposures count who was in which arm of the experiments of the releases that are open: answers that depended on an arm,
// and, in a sample, the different profiles or viewers behind them, whose ratio must be that of the weights. The labels are
// those of the releases: bounded.
type exposures struct {
	log     zerolog.Logger
	answers *prometheus.CounterVec

	mu   sync.Mutex
	live map[string][]*exposed // by name, the newest last
}

// An exposed experiment goes on over releases that do not change it.
type exposed struct {
	asker.Experiment
	answers []prometheus.Counter // by arm
	sample  *asker.Sample
	held    int  // by releases
	told    bool // the mismatch was logged
}

func newExposures(log zerolog.Logger) *exposures {
	return &exposures{log: log, live: map[string][]*exposed{},
		answers: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "edge_experiment_exposures_total", Help: "Answers that depended on an arm of an experiment."}, []string{"experiment", "arm"})}
}

// hold gives a release's experiments, and what to call when the release goes. Another salt, arms or weights begin anew.
func (x *exposures) hold(all *asker.Experiments) (map[string]*exposed, func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	set := map[string]*exposed{}
	for _, e := range all.All() {
		i := slices.IndexFunc(x.live[e.Name], func(old *exposed) bool { return old.same(&e) })
		if i < 0 {
			s := &exposed{Experiment: e, sample: asker.NewSample()}
			for _, arm := range e.Arms {
				s.answers = append(s.answers, x.answers.WithLabelValues(e.Name, arm))
			}
			i, x.live[e.Name] = len(x.live[e.Name]), append(x.live[e.Name], s)
		}
		set[e.Name] = x.live[e.Name][i]
		set[e.Name].held++
	}
	return set, func() { x.release(set) }
}

func (s *exposed) same(e *asker.Experiment) bool {
	return s.Salt == e.Salt && s.Unit == e.Unit && s.Field == e.Field && slices.Equal(s.Arms, e.Arms) && slices.Equal(s.Weights, e.Weights)
}

func (x *exposures) release(set map[string]*exposed) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for name, s := range set {
		if s.held--; s.held > 0 {
			continue
		}
		x.live[name] = slices.DeleteFunc(x.live[name], func(o *exposed) bool { return o == s })
		for _, arm := range s.Arms {
			if !slices.ContainsFunc(x.live[name], func(o *exposed) bool { return slices.Contains(o.Arms, arm) }) {
				x.answers.DeleteLabelValues(name, arm)
			}
		}
		if len(x.live[name]) == 0 {
			delete(x.live, name)
		}
	}
}

// expose notes what an answer to an asker depended on. Nobody counts for nothing.
func (s *served) expose(a *asker.Asker, list []composer.Exposure) {
	for _, e := range list {
		a.Allocated(e.Experiment, e.Arm)
		x := s.exposed[e.Experiment]
		if x == nil {
			continue
		}
		arm, unit := slices.Index(x.Arms, e.Arm), a.Unit(&x.Experiment)
		if arm < 0 || unit == "" {
			continue
		}
		x.answers[arm].Inc()
		if _, fixed := a.Cells[e.Experiment]; !fixed { // one that somebody chose says nothing of the ratio
			x.sample.See(unit, arm)
		}
	}
}

// A ratio is how the units of an experiment are spread.
type ratio struct {
	Experiment string
	Arms       []string
	Units      []int64
	Chance     float64 // of arms as uneven as these; 1 where there are too few units to tell
}

// Mismatched says whether something other than chance made the arms uneven.
func (r *ratio) Mismatched() bool { return r.Chance < mismatchAt }

// ratios are those of all experiments that somebody was exposed to, by name.
func (x *exposures) ratios() []ratio {
	x.mu.Lock()
	defer x.mu.Unlock()
	var out []ratio
	for _, list := range x.live {
		out = append(out, list[len(list)-1].ratio())
	}
	slices.SortFunc(out, func(a, b ratio) int {
		if a.Experiment < b.Experiment {
			return -1
		}
		return 1
	})
	return out
}

func (s *exposed) ratio() ratio {
	r := ratio{Experiment: s.Name, Arms: s.Arms, Units: s.sample.Counts(len(s.Arms)), Chance: 1}
	var n int64
	for _, u := range r.Units {
		n += u
	}
	if n >= minRatioUnits {
		r.Chance = asker.RatioChance(r.Units, s.Weights)
	}
	return r
}

// watch logs a mismatch once it is one, until the context ends.
func (x *exposures) watch(ctx context.Context) {
	t := time.NewTicker(mismatchEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			x.look()
		}
	}
}

func (x *exposures) look() {
	for _, r := range x.ratios() {
		if !r.Mismatched() {
			continue
		}
		x.mu.Lock()
		tell := false
		if list := x.live[r.Experiment]; len(list) > 0 {
			s := list[len(list)-1]
			tell, s.told = !s.told, true
		}
		x.mu.Unlock()
		if tell {
			x.log.Warn().Str("experiment", r.Experiment).Strs("arms", r.Arms).Ints64("units", r.Units).Float64("chance", r.Chance).
				Msg("the arms of an experiment are not as its weights say: what it measures cannot be trusted")
		}
	}
}

var (
	exposedUnits  = prometheus.NewDesc("edge_experiment_sample_units", "Different profiles or viewers seen in an arm, in a fair sample of at most 8192 of an experiment.", []string{"experiment", "arm"}, nil)
	exposedChance = prometheus.NewDesc("edge_experiment_sample_ratio_chance", "Probability that arms are as uneven as the sample's by chance: a chi-square test against the weights; 1 below 1000 units.", []string{"experiment"}, nil)
	exposedWrong  = prometheus.NewDesc("edge_experiment_sample_ratio_mismatch", "1 if that probability is below 0.001.", []string{"experiment"}, nil)
)

// mismatched are the experiments whose ratio is mismatched, for the acknowledgement.
func (x *exposures) mismatched() []release.Mismatch {
	var out []release.Mismatch
	for _, r := range x.ratios() {
		if r.Mismatched() {
			out = append(out, release.Mismatch{Experiment: r.Experiment, Arms: r.Arms, Units: r.Units, Chance: r.Chance})
		}
	}
	return out
}

// Describe implements prometheus.Collector.
func (x *exposures) Describe(out chan<- *prometheus.Desc) {
	x.answers.Describe(out)
	for _, d := range []*prometheus.Desc{exposedUnits, exposedChance, exposedWrong} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (x *exposures) Collect(out chan<- prometheus.Metric) {
	x.answers.Collect(out)
	for _, r := range x.ratios() {
		for i, arm := range r.Arms {
			out <- prometheus.MustNewConstMetric(exposedUnits, prometheus.GaugeValue, float64(r.Units[i]), r.Experiment, arm)
		}
		wrong := 0.0
		if r.Mismatched() {
			wrong = 1
		}
		out <- prometheus.MustNewConstMetric(exposedChance, prometheus.GaugeValue, max(r.Chance, math.SmallestNonzeroFloat64), r.Experiment)
		out <- prometheus.MustNewConstMetric(exposedWrong, prometheus.GaugeValue, wrong, r.Experiment)
	}
}

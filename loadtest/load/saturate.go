package load

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A Search looks for the rate at which an edge has all it can do. Zero fields take the values that stand behind them.
type Search struct {
	From   float64       // the first rate: the scenario's
	Factor float64       // each step is so much more: 1.5
	For    time.Duration // a step is counted so long, after a fifth of that to settle: 8 s
	Refine int           // so many steps between the last rate that held and the first that did not: 3; below 0 is none
	Most   float64       // the highest rate: 100,000
	// What a rate that holds keeps to:
	P99    time.Duration // ten times the first step's, 100 ms at least
	Failed float64       // share of answers, 0.01
	Sent   float64       // share of the time in which it was to be sent that it took the generator, 0.98
	// At is the share of what held at which it is asked once more, 0.7, four times as long; below 0 is not.
	At float64
}

// A Step is one rate of a search.
type Step struct {
	Rate     float64 `json:"rate"`
	Reached  float64 `json:"reached"` // answers a second, whole ones
	P50      float64 `json:"p50"`     // ms
	P99      float64 `json:"p99"`
	Max      float64 `json:"max"`
	Failed   float64 `json:"failed"` // share
	Dropped  int64   `json:"dropped"`
	CPU      float64 `json:"cpu,omitempty"`   // seconds for 1,000 requests, over all instances
	Cores    float64 `json:"cores,omitempty"` // of all instances that were busy
	Asked    float64 `json:"askedCores"`      // that the generator used
	Late     float64 `json:"late"`            // p99 of how late it sent, ms
	Held     bool    `json:"held"`
	Why      string  `json:"why,omitempty"` // it did not hold
	Duration float64 `json:"seconds"`
}

// A Saturation is what a search found.
type Saturation struct {
	Scenario string  `json:"scenario"`
	Limit    float64 `json:"p99Limit"` // ms
	Steps    []Step  `json:"steps"`    // in the order they were asked
	Knee     float64 `json:"knee"`     // the highest rate that held; 0 if none did
	Broke    float64 `json:"broke"`    // the lowest that did not; 0 if all held
	Why      string  `json:"why,omitempty"`
	// Part is the step at a share of the knee, and Ratio its p99 against its p50.
	Part  *Step   `json:"part,omitempty"`
	Ratio float64 `json:"ratio,omitempty"`
}

func (q *Search) fill(s *Scenario) {
	if q.From == 0 {
		q.From = max(1, newPlan(s).rate(time.Duration(s.Warmup).Seconds()))
	}
	set := func(v *float64, is float64) {
		if *v == 0 {
			*v = is
		}
	}
	set(&q.Factor, 1.5)
	set(&q.Most, 100_000)
	set(&q.Failed, 0.01)
	set(&q.Sent, 0.98)
	set(&q.At, 0.7)
	if q.For == 0 {
		q.For = 8 * time.Second
	}
	if q.Refine == 0 {
		q.Refine = 3
	}
}

// Saturate asks at higher and higher rates until one does not hold, then between the last two. told hears of each step; it may be nil.
// Faults, stages and ends of the scenario do not count.
func Saturate(ctx context.Context, s *Scenario, o Options, q Search, told func(*Step)) (*Saturation, error) {
	q.fill(s)
	if q.Factor <= 1 || q.From <= 0 || q.Most < q.From || q.At >= 1 {
		return nil, fmt.Errorf("a search goes from a rate above 0 (%v) up to one not below it (%v), each step more than the one before (times %v)", q.From, q.Most, q.Factor)
	}
	out := &Saturation{Scenario: s.Name}
	step := func(rate float64, d time.Duration) (*Step, error) {
		one := *s
		one.Stages, one.Rate, one.Duration, one.Warmup = nil, rate, Duration(d), Duration(d/5)
		one.Faults, one.Requests, one.Abort, one.Seed = nil, 0, &Abort{P99: Duration(4 * q.P99), After: Duration(d / 5)}, s.Seed+uint64(len(out.Steps))
		rep, err := Run(ctx, &one, o)
		if err != nil {
			return nil, err
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		st := stepOf(rate, rep)
		if q.P99 == 0 {
			q.P99 = max(100*time.Millisecond, time.Duration(10*st.P99*float64(time.Millisecond)))
		}
		out.Limit = q.P99.Seconds() * 1000
		st.Why = q.broke(st, rep)
		st.Held = st.Why == ""
		out.Steps = append(out.Steps, *st)
		if told != nil {
			told(st)
		}
		return st, nil
	}
	for rate := q.From; rate <= q.Most; rate *= q.Factor {
		st, err := step(rate, q.For)
		if err != nil {
			return out, err
		}
		if !st.Held {
			out.Broke, out.Why = rate, st.Why
			break
		}
		out.Knee = rate
	}
	for range max(0, q.Refine) {
		if out.Knee == 0 || out.Broke == 0 {
			break
		}
		st, err := step((out.Knee+out.Broke)/2, q.For)
		if err != nil {
			return out, err
		}
		if st.Held {
			out.Knee = st.Rate
		} else {
			out.Broke, out.Why = st.Rate, st.Why
		}
	}
	if out.Knee == 0 {
		return out, errors.New("the first rate did not hold: begin at a lower one")
	}
	if q.At > 0 {
		st, err := step(out.Knee*q.At, 4*q.For)
		if err != nil {
			return out, err
		}
		out.Part = st
		if st.P50 > 0 {
			out.Ratio = st.P99 / st.P50
		}
	}
	return out, nil
}

func stepOf(rate float64, r *Report) *Step {
	st := &Step{Rate: rate, P50: r.Total.P50, P99: r.Total.P99, Max: r.Total.Max, Dropped: r.Dropped, Late: r.Late.P99, Duration: r.Seconds}
	if n := r.Total.Count; n > 0 {
		st.Failed = float64(r.Total.Failed) / float64(n)
	}
	if r.Seconds > 0 {
		st.Reached = float64(r.Total.Count-r.Total.Failed) / r.Seconds
		st.Asked = r.Generator.CPU / r.Seconds
	}
	requests := 0.0
	for i := range r.Instances {
		g := r.Instances[i].Grown()
		st.CPU += g.CPU
		requests += g.Requests
		if g.At > 0 {
			st.Cores += g.CPU / g.At
		}
	}
	if requests == 0 {
		requests = float64(r.Total.Count)
	}
	if st.CPU *= 1000; requests > 0 {
		st.CPU /= requests
	}
	return st
}

// broke says why a step does not hold, "" if it does.
func (q *Search) broke(st *Step, r *Report) string {
	planned := float64(r.Planned) / max(r.Rate, 1e-9) // seconds
	switch {
	case st.Failed > q.Failed:
		return fmt.Sprintf("%.1f %% failed", st.Failed*100)
	case st.Dropped > 0:
		return fmt.Sprintf("%d requests were dropped at the cap of those in flight", st.Dropped)
	case st.P99 > q.P99.Seconds()*1000:
		return fmt.Sprintf("p99 is %.0f ms", st.P99)
	case r.Ended != "":
		return r.Ended
	case r.Seconds*q.Sent > planned: // all that falls due is begun, however late
		return fmt.Sprintf("the generator took %.1f s to begin what fell due in %.1f s: it cannot ask faster", r.Seconds, planned)
	}
	return ""
}

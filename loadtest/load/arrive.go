package load

import (
	"math"
	"math/rand/v2"
	"time"
)

// A plan says when arrivals are due. It is a rate over time, in straight pieces.
type plan struct {
	pieces  []piece
	poisson bool
	length  float64 // seconds, the warmup in it
}

// A piece begins at a time with a number of arrivals that were due before.
type piece struct {
	at, span float64 // seconds
	from, to float64 // arrivals a second
	before   float64
}

func newPlan(s *Scenario) *plan {
	p := &plan{poisson: s.Arrivals == "poisson"}
	due := 0.0
	add := func(from, to, seconds float64) {
		if seconds <= 0 {
			return
		}
		p.pieces = append(p.pieces, piece{p.length, seconds, from, to, due})
		p.length += seconds
		due += (from + to) / 2 * seconds
	}
	first, rate := s.Rate, 0.0
	if len(s.Stages) > 0 {
		if first = s.Stages[0].To; s.Stages[0].From != nil && *s.Stages[0].From > 0 {
			first = *s.Stages[0].From
		}
	}
	add(first, first, time.Duration(s.Warmup).Seconds())
	if len(s.Stages) == 0 {
		add(s.Rate, s.Rate, time.Duration(s.Duration).Seconds())
	}
	for _, st := range s.Stages {
		if st.From != nil {
			rate = *st.From
		}
		add(rate, st.To, time.Duration(st.For).Seconds())
		rate = st.To
	}
	return p
}

// due is when so many arrivals have been due, in seconds from the beginning; +Inf after the last.
func (p *plan) due(n float64) float64 {
	for i := range p.pieces {
		x := &p.pieces[i]
		sum := (x.from + x.to) / 2 * x.span
		left := n - x.before
		if left >= sum-1e-9 { // as many as the piece has: the next one begins with it
			continue
		}
		if left <= 0 {
			return x.at
		}
		slope := (x.to - x.from) / x.span
		if math.Abs(slope) < 1e-12 {
			return x.at + left/x.from
		}
		// from·t + slope·t²/2 = left, in the form that loses no digits.
		return x.at + 2*left/(x.from+math.Sqrt(max(0, x.from*x.from+2*slope*left)))
	}
	return math.Inf(1)
}

// rate is what is asked for at a time, in arrivals a second.
func (p *plan) rate(at float64) float64 {
	for i := range p.pieces {
		if x := &p.pieces[i]; at < x.at+x.span {
			return x.from + (x.to-x.from)*(at-x.at)/x.span
		}
	}
	return 0
}

// arrivals gives the time of one arrival after another, until the plan's end.
func (p *plan) arrivals(rnd *rand.Rand) func() (time.Duration, bool) {
	n := 0.0
	if p.poisson {
		n = rnd.ExpFloat64()
	}
	return func() (time.Duration, bool) {
		at := p.due(n)
		if p.poisson {
			n += rnd.ExpFloat64()
		} else {
			n++
		}
		return time.Duration(at * float64(time.Second)), at < p.length
	}
}

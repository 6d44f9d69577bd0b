package report

import (
	"math"
	"math/rand/v2"
	"slices"

	"facet/loadtest/load"
)

// resamples is how often sides are drawn anew.
const resamples = 1000

// fewWindows is up to how many windows intervals are of ranks: so few windows drawn anew would look alike.
const fewWindows = 8

// A side is the windows of a row in all runs of one side.
type side struct {
	runs   [][]span
	count  int64
	failed int64
}

// A span is one window: times by their place among the shared values.
type span struct {
	times         load.Bins
	at, n         []int32
	count, failed int64
}

// newSide takes a row's windows; "" is all rows.
func newSide(runs []*load.Report, row string) *side {
	s := &side{}
	for _, r := range runs {
		var list []span
		for _, w := range r.Windows {
			x := span{times: load.Bins{}}
			for name, c := range w.Rows {
				if row != "" && name != row {
					continue
				}
				x.count, x.failed = x.count+c.Count, x.failed+c.Failed
				for us, n := range c.Times {
					x.times[us] += n
				}
			}
			s.count, s.failed = s.count+x.count, s.failed+x.failed
			list = append(list, x)
		}
		if len(list) > 0 {
			s.runs = append(s.runs, list)
		}
	}
	return s
}

func (s *side) windows() int {
	n := 0
	for _, r := range s.runs {
		n += len(r)
	}
	return n
}

func (s *side) failures() float64 { return float64(s.failed) / float64(max(1, s.count)) }

// share gives both sides the same list of values, sorted, in microseconds.
func (s *side) share(other *side) []int64 {
	seen := map[int64]bool{}
	for _, x := range []*side{s, other} {
		for _, r := range x.runs {
			for _, w := range r {
				for us := range w.times {
					seen[us] = true
				}
			}
		}
	}
	values := make([]int64, 0, len(seen))
	for us := range seen {
		values = append(values, us)
	}
	slices.Sort(values)
	place := make(map[int64]int32, len(values))
	for i, us := range values {
		place[us] = int32(i)
	}
	for _, x := range []*side{s, other} {
		for _, r := range x.runs {
			for i := range r {
				r[i].at, r[i].n = nil, nil
				for us, n := range r[i].times {
					r[i].at, r[i].n = append(r[i].at, place[us]), append(r[i].n, int32(n))
				}
			}
		}
	}
	return values
}

// quantile is of all windows, in ms.
func (s *side) quantile(values []int64, q float64) float64 {
	sums := make([]int64, len(values))
	for _, r := range s.runs {
		for i := range r {
			r[i].into(sums)
		}
	}
	return at(values, sums, q)
}

func (x *span) into(sums []int64) {
	for i, k := range x.at {
		sums[k] += int64(x.n[i])
	}
}

// at is a quantile of counted values, in ms.
func at(values, sums []int64, q float64) float64 {
	total := int64(0)
	for _, n := range sums {
		total += n
	}
	return ranked(values, sums, int64(math.Ceil(q*float64(total))))
}

// ranked is the value of a rank, from 1, in ms.
func ranked(values, sums []int64, rank int64) float64 {
	have := int64(0)
	for i, n := range sums {
		if have += n; have >= max(1, rank) {
			return float64(values[i]) / 1000
		}
	}
	if len(values) == 0 {
		return 0
	}
	return float64(values[len(values)-1]) / 1000
}

// draw takes windows of a side anew, with replacement: runs first, then within each run stretches of neighbours, because what
// disturbs one second disturbs the next one too.
func (s *side) draw(rnd *rand.Rand, each func(*span)) {
	for range s.runs {
		run := s.runs[rnd.IntN(len(s.runs))]
		stretch := max(1, int(math.Round(math.Cbrt(float64(len(run))))))
		for taken := 0; taken < len(run); {
			from := rnd.IntN(len(run))
			for k := 0; k < stretch && taken < len(run); k++ {
				each(&run[(from+k)%len(run)])
				taken++
			}
		}
	}
}

// intervals are where the relative changes of quantiles lie.
func intervals(a, b *side, values []int64, qs []float64, sure float64) [][2]float64 {
	out := make([][2]float64, len(qs))
	if min(a.windows(), b.windows()) < fewWindows {
		for i, q := range qs {
			out[i][0], out[i][1] = rankInterval(a, b, values, q, sure)
		}
		return out
	}
	rnd := rand.New(rand.NewPCG(1, 1)) // the same reports give the same verdict
	changes := make([][]float64, len(qs))
	x, y := make([]int64, len(values)), make([]int64, len(values))
	for range resamples {
		clear(x)
		clear(y)
		a.draw(rnd, func(w *span) { w.into(x) })
		b.draw(rnd, func(w *span) { w.into(y) })
		for i, q := range qs {
			changes[i] = append(changes[i], ratio(at(values, x, q), at(values, y, q)))
		}
	}
	for i := range qs {
		out[i][0], out[i][1] = middle(changes[i], sure)
	}
	return out
}

// middle is the interval that leaves as much on each side.
func middle(v []float64, sure float64) (low, high float64) {
	slices.Sort(v)
	out := (1 - sure) / 2 * float64(len(v))
	return v[int(out)], v[min(len(v)-1, int(math.Ceil(float64(len(v))-out)))]
}

// rankInterval takes each side's quantile between two of its ordered times, which is true of independent ones.
func rankInterval(a, b *side, values []int64, q, sure float64) (low, high float64) {
	ends := func(s *side) (float64, float64) {
		sums := make([]int64, len(values))
		for _, r := range s.runs {
			for i := range r {
				r[i].into(sums)
			}
		}
		n := float64(s.count)
		off := normal(sure) * math.Sqrt(n*q*(1-q))
		return ranked(values, sums, int64(math.Floor(n*q-off))), ranked(values, sums, int64(math.Ceil(n*q+off)))
	}
	aLow, aHigh := ends(a)
	bLow, bHigh := ends(b)
	return ratio(aHigh, bLow), ratio(aLow, bHigh)
}

// normal is how many standard deviations hold so much of a normal distribution.
func normal(sure float64) float64 { return math.Sqrt2 * math.Erfinv(sure) }

// shares is where the difference of the shares of failures lies.
func shares(a, b *side, sure float64) (low, high float64) {
	if min(a.windows(), b.windows()) < fewWindows {
		p, q := a.failures(), b.failures()
		off := normal(sure) * math.Sqrt(p*(1-p)/float64(a.count)+q*(1-q)/float64(b.count))
		return q - p - off, q - p + off
	}
	rnd := rand.New(rand.NewPCG(2, 2))
	changes := make([]float64, resamples)
	one := func(s *side) float64 {
		count, failed := int64(0), int64(0)
		s.draw(rnd, func(w *span) { count, failed = count+w.count, failed+w.failed })
		return float64(failed) / float64(max(1, count))
	}
	for i := range changes {
		x := one(a)
		changes[i] = one(b) - x
	}
	return middle(changes, sure)
}

// spent is what samples of instances say was used, and for how many requests.
type spent struct {
	runs [][][2]float64 // of each run: used, requests
}

func newSpent(runs []*load.Report, of func(before, after *load.Sample) float64) *spent {
	s := &spent{}
	for _, r := range runs {
		var list [][2]float64
		for i := range r.Instances {
			in := r.Instances[i].Samples
			for k := 1; k < len(in); k++ {
				if n := in[k].Requests - in[k-1].Requests; n > 0 {
					list = append(list, [2]float64{of(&in[k-1], &in[k]), n})
				}
			}
		}
		if len(list) > 0 {
			s.runs = append(s.runs, list)
		}
	}
	return s
}

func (s *spent) count() int {
	n := 0
	for _, r := range s.runs {
		n += len(r)
	}
	return n
}

func (s *spent) mean() float64 {
	used, requests := 0.0, 0.0
	for _, r := range s.runs {
		for _, x := range r {
			used, requests = used+x[0], requests+x[1]
		}
	}
	return used / max(1, requests)
}

func spentInterval(a, b *spent, sure float64) (low, high float64) {
	rnd := rand.New(rand.NewPCG(3, 3))
	one := func(s *spent) float64 {
		used, requests := 0.0, 0.0
		for range s.runs {
			run := s.runs[rnd.IntN(len(s.runs))]
			for range run {
				x := run[rnd.IntN(len(run))]
				used, requests = used+x[0], requests+x[1]
			}
		}
		return used / max(1, requests)
	}
	changes := make([]float64, resamples)
	for i := range changes {
		x := one(a)
		changes[i] = ratio(x, one(b))
	}
	return middle(changes, sure)
}

package asker

import (
	"container/heap"
	"hash/maphash"
	"math"
	"sync"
)

// RatioChance is the probability that arms of these weights get counts as uneven as these, or more so, by chance: Pearson's
// chi-square. Below 0.001 something other than chance is at work, a "sample ratio mismatch". An arm without weight counts
// only if it has somebody: then the chance is 0. 1 where there is nothing to compare.
func RatioChance(counts []int64, weights []uint32) float64 {
	var all, sum float64
	arms := 0
	for i, n := range counts {
		if weights[i] == 0 && n > 0 {
			return 0
		}
		if weights[i] > 0 {
			arms++
		}
		all += float64(n)
		sum += float64(weights[i])
	}
	if arms < 2 || all == 0 {
		return 1
	}
	x := 0.0
	for i, n := range counts {
		if weights[i] == 0 {
			continue
		}
		want := all * float64(weights[i]) / sum
		x += (float64(n) - want) * (float64(n) - want) / want
	}
	return ChiSquareTail(x, arms-1)
}

// ChiSquareTail is the probability of a chi-square of so many degrees of freedom above x: the regularized upper incomplete
// gamma function Q(degrees/2, x/2), by its series below a+1 and by its continued fraction (Lentz's way) above.
func ChiSquareTail(x float64, degrees int) float64 {
	if x <= 0 || degrees < 1 {
		return 1
	}
	a := float64(degrees) / 2
	x /= 2
	log, _ := math.Lgamma(a)
	front := math.Exp(a*math.Log(x) - x - log)
	if x < a+1 {
		term := 1 / a
		sum := term
		for n := a + 1; n < a+2000 && term > sum*1e-15; n++ {
			term *= x / n
			sum += term
		}
		return max(0, 1-front*sum)
	}
	const tiny = 1e-300
	b := x + 1 - a
	c, d := 1/tiny, 1/b
	h := d
	for i := 1.0; i < 2000; i++ {
		an := -i * (i - a)
		b += 2
		if d = an*d + b; math.Abs(d) < tiny {
			d = tiny
		}
		if c = b + an/c; math.Abs(c) < tiny {
			c = tiny
		}
		d = 1 / d
		delta := d * c
		h *= delta
		if math.Abs(delta-1) < 1e-15 {
			break
		}
	}
	return min(1, front*h)
}

// MaxSample is how many units a Sample holds.
const MaxSample = 8192

// A Sample is a fair sample of the different units that were seen in an experiment: those whose hashes are the least. Requests
// are not counted for a ratio, since one unit makes many: units are, each once. It is safe for use by many goroutines, and a
// unit that is not of the sample costs a hash and a comparison.
type Sample struct {
	mu    sync.RWMutex
	seed  maphash.Seed
	arms  map[uint64]int
	least units // a heap, the greatest first
	full  uint64
}

// NewSample makes an empty sample.
func NewSample() *Sample {
	return &Sample{seed: maphash.MakeSeed(), arms: map[uint64]int{}, full: math.MaxUint64}
}

// See notes a unit in an arm.
func (s *Sample) See(unit string, arm int) {
	h := maphash.String(s.seed, unit)
	s.mu.RLock()
	out := h >= s.full
	if !out {
		_, out = s.arms[h]
	}
	s.mu.RUnlock()
	if out {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.arms[h]; there || h >= s.full {
		return
	}
	s.arms[h] = arm
	heap.Push(&s.least, h)
	if len(s.least) > MaxSample {
		gone := heap.Pop(&s.least).(uint64)
		delete(s.arms, gone)
		s.full = s.least[0]
	}
}

// Counts are the units of the sample by arm.
func (s *Sample) Counts(arms int) []int64 {
	n := make([]int64, arms)
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, a := range s.arms {
		if a >= 0 && a < arms {
			n[a]++
		}
	}
	return n
}

type units []uint64

func (u units) Len() int           { return len(u) }
func (u units) Less(i, j int) bool { return u[i] > u[j] }
func (u units) Swap(i, j int)      { u[i], u[j] = u[j], u[i] }
func (u *units) Push(x any)        { *u = append(*u, x.(uint64)) }
func (u *units) Pop() any {
	old := *u
	x := old[len(old)-1]
	*u = old[:len(old)-1]
	return x
}

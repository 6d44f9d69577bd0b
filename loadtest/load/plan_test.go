package load

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func stages(list ...Stage) *Scenario { return &Scenario{Stages: list} }

func from(rate float64) *float64 { return &rate }

// TestPlan holds the number and the times of arrivals against the rates that were asked for.
func TestPlan(t *testing.T) {
	second := Duration(time.Second)
	for name, c := range map[string]struct {
		s    *Scenario
		n    int
		half float64 // when half of the arrivals have been due, in seconds
	}{
		"steady":        {&Scenario{Rate: 100, Duration: second}, 100, 0.5},
		"a ramp up":     {stages(Stage{To: 100, For: 2 * second}), 100, math.Sqrt2},
		"a ramp down":   {stages(Stage{From: from(100), To: 0, For: 2 * second}), 100, 2 - math.Sqrt2},
		"a pause":       {stages(Stage{From: from(50), To: 50, For: second}, Stage{From: from(0), To: 0, For: second}, Stage{From: from(50), To: 50, For: second}), 100, 2},
		"two in a row":  {stages(Stage{From: from(50), To: 50, For: second}, Stage{To: 150, For: second}), 150, 1.366},
		"with a warmup": {&Scenario{Rate: 100, Duration: second, Warmup: second}, 200, 1},
	} {
		t.Run(name, func(t *testing.T) {
			next := newPlan(c.s).arrivals(rand.New(rand.NewPCG(1, 1)))
			var all []float64
			for {
				at, ok := next()
				if !ok {
					break
				}
				all = append(all, at.Seconds())
			}
			if len(all) != c.n {
				t.Fatalf("%d arrivals, want %d", len(all), c.n)
			}
			if half := all[c.n/2]; math.Abs(half-c.half) > 0.03 {
				t.Errorf("half of them after %v s, want %v", half, c.half)
			}
			for i := 1; i < len(all); i++ {
				if all[i] < all[i-1] {
					t.Fatalf("arrival %d is due before the one before it: %v, %v", i, all[i], all[i-1])
				}
			}
		})
	}
}

// TestPoisson: as many arrivals as asked for, and gaps as uneven as chance makes them.
func TestPoisson(t *testing.T) {
	next := newPlan(&Scenario{Rate: 1000, Duration: Duration(20 * time.Second), Arrivals: "poisson"}).arrivals(rand.New(rand.NewPCG(1, 1)))
	n, sum, squares, before := 0.0, 0.0, 0.0, 0.0
	for {
		at, ok := next()
		if !ok {
			break
		}
		gap := at.Seconds() - before
		n, sum, squares, before = n+1, sum+gap, squares+gap*gap, at.Seconds()
	}
	if math.Abs(n-20_000) > 500 {
		t.Errorf("%v arrivals, want about 20000", n)
	}
	mean := sum / n
	if spread := math.Sqrt(squares/n-mean*mean) / mean; math.Abs(spread-1) > 0.05 { // of an exponential distribution it is 1
		t.Errorf("the gaps' spread is %v of their mean, want about 1", spread)
	}
}

// TestFold: a run of any length has a bounded number of windows, and loses nothing.
func TestFold(t *testing.T) {
	began := time.Now()
	r := newRecorder(began)
	const seconds = 5000
	for i := range seconds {
		c := r.cell(began.Add(time.Duration(i)*time.Second), "a")
		c.Count++
		c.Times[digits(int64(i))]++
	}
	n, times := int64(0), int64(0)
	for i, w := range r.windows {
		if w.At != float64(i)*r.window.Seconds() {
			t.Fatalf("window %d is at %v of %v", i, w.At, r.window)
		}
		n += w.Rows["a"].Count
		for _, k := range w.Rows["a"].Times {
			times += k
		}
	}
	if n != seconds || times != seconds || len(r.windows) > mostWindows || r.window != 16*time.Second {
		t.Errorf("%d and %d in %d windows of %v", n, times, len(r.windows), r.window)
	}
}

func TestDigits(t *testing.T) {
	for n, want := range map[int64]int64{0: 0, 7: 7, 999: 999, 1004: 1000, 1005: 1010, 123_456: 123_000, 999_999: 1_000_000} {
		if got := digits(n); got != want {
			t.Errorf("%d is %d, want %d", n, got, want)
		}
	}
}

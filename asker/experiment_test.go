package asker

import (
	"flag"
	"fmt"
	"math"
	"os"
	"strconv"
	"sync"
	"testing"
)

// statisticKeys is how many askers the statistics are made over.
var statisticKeys = 1_000_000

func TestMain(m *testing.M) {
	flag.Parse()
	if testing.Short() {
		statisticKeys = 100_000
	}
	if raced { // what is counted has no races: many keys are for the run without the detector
		statisticKeys = 20_000
	}
	os.Exit(m.Run())
}

// chance is the probability of a chi-square of so many degrees of freedom above x: by the normal of Wilson and Hilferty.
func chance(x float64, degrees int) float64 { return ChiSquareTail(x, degrees) }

func TestChiSquareTail(t *testing.T) { // against tables
	for _, c := range []struct {
		x       float64
		degrees int
		want    float64
	}{{3.841, 1, 0.05}, {10.828, 1, 0.001}, {5.991, 2, 0.05}, {18.307, 10, 0.05}, {37.697, 15, 0.001}, {124.342, 100, 0.05}, {0, 3, 1}, {310.457, 225, 0.00014}} {
		if got := chance(c.x, c.degrees); math.Abs(got-c.want) > 0.02*c.want+1e-5 {
			t.Errorf("chi-square %v of %d: %.6f, want %.6f", c.x, c.degrees, got, c.want)
		}
	}
}

// TestArmsAreUniform: over a million keys each arm has its share. 24 tests at 1e-4 fail by chance once in 400 hash functions.
func TestArmsAreUniform(t *testing.T) {
	weights := map[string][]uint32{"1:3": {1, 3}, "1:99": {1, 99}, "5:0:95": {5, 0, 95}, "powers": {1, 2, 4, 8, 16, 32, 64, 128}, "odd sum": {333, 333, 334}}
	for n := 2; n <= 16; n++ {
		w := make([]uint32, n)
		for i := range w {
			w[i] = 1
		}
		weights[strconv.Itoa(n)+" equal"] = w
	}
	units := map[string]func(i int) string{
		"numbers": strconv.Itoa,
		"uuids":   func(i int) string { return fmt.Sprintf("%08x-1234-4abc-8def-%012x", uint32(i)*2654435761, i) },
	}
	for name, w := range weights {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := Experiment{Name: "x-" + name, Salt: "s", Weights: w}
			for i := range w {
				e.Arms = append(e.Arms, strconv.Itoa(i))
			}
			unit := units["numbers"]
			if len(w) == 4 || name == "1:3" {
				unit = units["uuids"]
			}
			got := make([]int64, len(w))
			for i := range statisticKeys {
				a, err := strconv.Atoi(e.Arm(unit(i)))
				if err != nil {
					t.Fatal(err)
				}
				got[a]++
			}
			if p := RatioChance(got, w); p < 1e-4 {
				t.Errorf("shares %v of %v: p = %.2g", got, w, p)
			}
		})
	}
}

// TestExperimentsAreIndependent: of 50 experiments over a million keys, each two are independent of each other: the table of
// their arms is what their shares say. With 1,225 pairs the least p is expected at 1/1,225.
func TestExperimentsAreIndependent(t *testing.T) {
	const experiments = 50
	list := make([]Experiment, experiments)
	for i := range list {
		list[i] = Experiment{Name: fmt.Sprint("e", i), Salt: "same"} // even with one salt: the name counts
		if i%2 == 1 {
			list[i] = Experiment{Name: "one", Salt: fmt.Sprint("s", i)} // and with one name, by salt
		}
		arms := 2 + i%3
		if i >= 48 {
			arms = 16
		}
		for a := range arms {
			list[i].Arms, list[i].Weights = append(list[i].Arms, string(rune('a'+a))), append(list[i].Weights, 1)
		}
	}
	arms := make([][]uint8, experiments)
	for i := range arms {
		arms[i] = make([]uint8, statisticKeys)
	}
	var wg sync.WaitGroup
	for part := range 2 {
		wg.Go(func() {
			for k := part; k < statisticKeys; k += 2 {
				unit := "profile-" + strconv.Itoa(k)
				for i := range list {
					arms[i][k] = list[i].Arm(unit)[0] - 'a'
				}
			}
		})
	}
	wg.Wait()
	var mu sync.Mutex
	least, sum, pairs := 1.0, 0.0, 0
	for part := range 2 {
		wg.Go(func() {
			for i := part; i < experiments; i += 2 {
				for j := range i {
					p := independence(arms[i], arms[j], len(list[i].Arms), len(list[j].Arms))
					mu.Lock()
					least, sum, pairs = min(least, p), sum+p, pairs+1
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	if mean := sum / float64(pairs); least < 1e-2/float64(pairs) || math.Abs(mean-0.5) > 0.05 {
		t.Errorf("%d pairs: least p %.2g, mean p %.3f, want about %.2g and 0.5", pairs, least, mean, 1/float64(pairs))
	}
}

// independence is the probability that keys fall so, into n arms here and m there, if the one says nothing of the other.
func independence(here, there []uint8, n, m int) float64 {
	table := make([]int64, n*m)
	there = there[:len(here)]
	for k, a := range here {
		table[int(a)*m+int(there[k])]++
	}
	rows, cols := make([]float64, n), make([]float64, m)
	for c, v := range table {
		rows[c/m] += float64(v)
		cols[c%m] += float64(v)
	}
	x := 0.0
	for c, v := range table {
		want := rows[c/m] * cols[c%m] / float64(len(here))
		x += (float64(v) - want) * (float64(v) - want) / want
	}
	return chance(x, (n-1)*(m-1))
}

func TestSampleFindsAMismatch(t *testing.T) {
	e := Experiment{Name: "x", Arms: []string{"a", "b"}, Weights: []uint32{1, 1}}
	for _, tt := range []struct {
		name string
		lose int // one in so many of arm b never arrives
		want bool
	}{{"fair", 0, false}, {"one in five of an arm is lost", 5, true}} {
		t.Run(tt.name, func(t *testing.T) {
			s := NewSample()
			for i := range 40_000 {
				unit, arm := fmt.Sprint("u", i), 0
				if e.Arm(unit) == "b" {
					arm = 1
				}
				if arm == 1 && tt.lose > 0 && i%tt.lose == 0 {
					continue
				}
				for range 1 + i%7*arm { // some ask often, and more so in arm b: units count, not requests
					s.See(unit, arm)
				}
			}
			n := s.Counts(2)
			if n[0]+n[1] != MaxSample {
				t.Errorf("the sample has %d units, want %d", n[0]+n[1], MaxSample)
			}
			if p := RatioChance(n, e.Weights); (p < 1e-6) != tt.want { // what is drawn differs from run to run: neither case may come near the bound
				t.Errorf("%v: p = %.2g", n, p)
			}
		})
	}
}

func BenchmarkSee(b *testing.B) {
	s := NewSample()
	for i := range 1_000_000 {
		s.See(strconv.Itoa(i), i%2)
	}
	b.ReportAllocs()
	for b.Loop() {
		s.See("3e2c3f4e-7d5a-4f0e-8e5e-2a9b1c0d7e6f", 1)
	}
}

func BenchmarkArm(b *testing.B) {
	e := Experiment{Name: "denser-rows", Salt: "2026-11", Arms: []string{"a", "b"}, Weights: []uint32{1, 1}}
	b.ReportAllocs()
	for b.Loop() {
		_ = e.Arm("3e2c3f4e-7d5a-4f0e-8e5e-2a9b1c0d7e6f")
	}
}

// BenchmarkCells is one request that reads every cell of 50 experiments of 16 arms; one that reads none pays for none.
func BenchmarkCells(b *testing.B) {
	var list []Experiment
	var names []string
	for i := range 50 {
		e := Experiment{Name: fmt.Sprint("experiment-", i), Salt: "s"}
		for a := range 16 {
			e.Arms, e.Weights = append(e.Arms, strconv.Itoa(a)), append(e.Weights, 1)
		}
		list, names = append(list, e), append(names, e.Name)
	}
	a := &Asker{Viewer: Viewer{ID: "3e2c3f4e-7d5a-4f0e-8e5e-2a9b1c0d7e6f"}, Experiments: NewExperiments(list)}
	b.ReportAllocs()
	for b.Loop() {
		for _, n := range names {
			_ = a.Cell(n)
		}
	}
}

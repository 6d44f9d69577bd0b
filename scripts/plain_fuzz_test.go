package scripts

import (
	"flag"
	"math/rand/v2"
	"testing"
	"time"

	"facet/fault"
	"facet/scripts/plain"
	"facet/view"
)

var (
	plainRuns = flag.Int("plain.runs", 6000, "calls of random programs, in Go and in the engine")
	plainSeed = flag.Uint64("plain.seed", 1, "of the random programs")
)

// TestPlainRandom: random programs give the same in Go as in the engine, or are left to it. The long run is -plain.runs 1000000.
func TestPlainRandom(t *testing.T) {
	rnd := rand.New(rand.NewPCG(*plainSeed, 3))
	const batch = 40
	each := 25
	if *plainRuns > 100_000 { // a program costs more than a call
		each = 200
	}
	results := []string{"JSON", "JSON", "JSON", "String", "Float", "Int", "Boolean", "ID", "Progress", "[Int]", "[String!]", "Kind", "String!"}
	var ran, left, gave, unfit, programs, wrong int
	why := map[string]int{}
	for ran+left < *plainRuns && wrong < 20 {
		var funcs []*view.Func
		var kinds [][3]kindOf
		for range batch {
			g := &programmer{rnd: rnd, left: 4 + rnd.IntN(25), result: results[rnd.IntN(len(results))]}
			funcs = append(funcs, fn(g.result, g.program(), "a", "b", "c"))
			kinds = append(kinds, g.inputs)
		}
		f, err := Open(build(funcs...), RunOptions{EngineOnly: true, CPU: 20 * time.Second, Wait: time.Minute})
		if err != nil {
			t.Fatalf("%v\n%s", err, funcs[0].Source)
		}
		engine := f.Computes()
		for i, fn := range f.funcs {
			programs++
			p, err := fn.plainly()
			if err != nil {
				unfit++
				why[err.Error()]++
				continue
			}
			run := p.Take()
			for range each {
				row := [][]byte{valueOf(rnd, kinds[i][0]), valueOf(rnd, kinds[i][1]), valueOf(rnd, kinds[i][2])}
				got, _, ok := run.Run(row, nil, 64<<10)
				if !ok {
					if left++; *plainRuns < 100_000 && left%8 == 0 {
						if _, err := engine[i](nil, row, nil); err == nil {
							gave++
						}
					}
					continue
				}
				ran++
				want, err := engine[i](nil, row, nil)
				if k := fault.KindOf(err); err != nil && (k == fault.Timeout || k == fault.Unavailable) {
					continue
				}
				if err != nil || string(got) != string(want) {
					t.Errorf("%s: %s\nof %s\nis %s in Go, %s in the engine, %v", fn.Result, fn.Source, row, got, want, err)
					wrong++
					break
				}
			}
			run.Give()
		}
		f.Close()
	}
	if n := plain.Defects.Load(); n > 0 {
		t.Errorf("%d defects", n)
	}
	t.Logf("%d programs, %d of them unfit; %d calls were compared, %d left to the engine, which had a result for %d in %d", programs, unfit, ran, left, gave, left/8)
	if testing.Verbose() {
		for text, n := range why {
			t.Logf("unfit: %d times %s", n, text)
		}
	}
	if ran < left/4 {
		t.Error("most calls were left to the engine")
	}
}

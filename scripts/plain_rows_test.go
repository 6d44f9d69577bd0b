package scripts

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"facet/fault"
	"facet/view"
)

// TestPlainRows: rows that the closures give back stand in their place among the others, whatever came before them.
func TestPlainRows(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 5))
	source := `({ a }) => a > 6 ? null.x : a > 3 ? "É".toLowerCase() + a : a === 1 ? "" : "n".repeat(a)`
	both := [2]*Functions{}
	for i, o := range []RunOptions{{}, {EngineOnly: true}} {
		f, err := Open(build(fn("String", source, "a")), o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(f.Close)
		both[i] = f
	}
	if both[0].funcs[0].plain() == nil {
		t.Fatal("it needs the engine")
	}
	for range 200 {
		var rows [][][]byte
		for range rnd.IntN(12) {
			rows = append(rows, in(fmt.Sprint(rnd.IntN([]int{3, 6, 9}[rnd.IntN(3)]))))
		}
		if rnd.IntN(10) == 0 {
			rows = append(rows, nil) // too few inputs
		}
		type said struct {
			Text  []string
			Errs  []string
			Calls int
		}
		var got [2]said
		for i, f := range both {
			a := &view.Account{Left: time.Hour}
			ends, errs := make([]int, len(rows)), make([]error, len(rows))
			dst := f.rows(0, a, rows, []byte("before"), ends, errs)
			if string(dst[:6]) != "before" {
				t.Fatalf("%s", dst)
			}
			from := 6
			for r := range rows {
				got[i].Text = append(got[i].Text, string(dst[from:ends[r]]))
				from = ends[r]
				got[i].Errs = append(got[i].Errs, fault.Public(errs[r]))
			}
			if from != len(dst) {
				t.Fatalf("%d of %d", from, len(dst))
			}
			got[i].Calls = a.Calls
		}
		if d := cmp.Diff(got[1], got[0]); d != "" {
			t.Fatalf("of %s -engine +go:\n%s", rows, d)
		}
	}
}

// TestPlainAccount: what runs in Go is counted and charged, and not run for a request that has no time left.
func TestPlainAccount(t *testing.T) {
	share := NewShares(1).Of("@t/p")
	f, err := Open(build(fn("Int", `({ a }) => { let n = 0; for (let i = 0; i < 1000; i++) n += i; return n + a; }`, "a")), RunOptions{Share: share})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows := make([][][]byte, 50)
	for i := range rows {
		rows[i] = in("1")
	}
	ends, errs := make([]int, len(rows)), make([]error, len(rows))
	a := &view.Account{Left: time.Second}
	f.rows(0, a, rows, nil, ends, errs)
	if s := f.Stats(); a.Calls != 50 || s.Calls != 50 || a.Spent <= 0 || a.Spent != s.CPU || a.Left != time.Second-a.Spent {
		t.Errorf("%+v, %+v", *a, s)
	}
	if share.left >= share.pool.most() {
		t.Error("the package's share was not charged")
	}
	a = &view.Account{Left: 10 * time.Microsecond}
	f.rows(0, a, rows, nil, ends, errs)
	if a.Calls == 0 || a.Calls == 50 || fault.KindOf(errs[49]) != fault.Limit || errs[0] != nil {
		t.Errorf("%d calls, %v, %v", a.Calls, errs[0], errs[49])
	}
	if len(f.free) > 0 {
		t.Error("a machine was made")
	}
}

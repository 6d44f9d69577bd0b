package scripts

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"facet/fault"
	"facet/view"
)

// Two viewers ask at once, in their own languages, through machines that they share: neither the result nor what went wrong is the
// other's.
func TestTwoViewers(t *testing.T) {
	f, err := Open(build(
		fn("JSON", `({ me, n }) => { if (n % 3 === 0) throw me; if (n % 3 === 1) throw { toString() { return me } }; return me + n }`, "me", "n"),
		fn("JSON", `({ n, `+localeInput+` }) => format.number(n)`, "n", localeInput),
		fn("JSON", `({ n }) => format.number(n)`, "n"),
		fn("JSON", `({ me }) => { const m = new Map(); m.set(1, (m.get(1) || "") + me); return m.get(1) }`, "me"),
	), RunOptions{CPU: time.Second, Machines: 2, EngineOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	viewers := []struct{ me, them, locale, number string }{{"alice-7f3c", "bob-91d2", "de", "1.234,5"}, {"bob-91d2", "alice-7f3c", "en", "1,234.5"}}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			me := viewers[g%2]
			for round := range 50 {
				rows := make([][][]byte, 6)
				for i := range rows {
					rows[i] = in(fmt.Sprintf("%q", me.me), fmt.Sprint(i%3+round-round%3))
				}
				ends, errs := make([]int, len(rows)), make([]error, len(rows))
				told := string(f.Batches()[0](&view.Account{Left: time.Minute}, rows, nil, ends, errs))
				for i, err := range errs {
					if i%3 == 2 {
						continue
					}
					var e *fault.Error
					if !errors.As(err, &e) || e.Err == nil || !strings.Contains(e.Err.Error(), me.me) {
						t.Errorf("row %d: %v", i, err)
					}
					told += fmt.Sprint(err)
				}
				out, err := f.Computes()[1](nil, in("1234.5", `"`+me.locale+`"`), nil)
				if err != nil || string(out) != `"`+me.number+`"` {
					t.Errorf("%s is told %s, %v", me.locale, out, err)
				}
				if out, err = f.Computes()[2](nil, in("1234.5"), nil); err != nil || string(out) != `"1,234.5"` {
					t.Errorf("without a language: %s, %v", out, err)
				}
				if out, err = f.Computes()[3](nil, in(fmt.Sprintf("%q", me.me)), nil); err != nil || string(out) != fmt.Sprintf("%q", me.me) {
					t.Errorf("%s, %v", out, err)
				}
				if strings.Contains(told, me.them) {
					t.Errorf("%s is told %s", me.me, told)
				}
			}
		})
	}
	wg.Wait()
}

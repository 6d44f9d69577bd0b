package scripts

import (
	"runtime"
	"sync"
	"testing"
	"time"

	"facet/fault"
)

// A call that merely was under way while others of the process made a gigabyte each second is nobody's memory.
func TestInnocent(t *testing.T) {
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for i := range 2 * runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			var kept [64][]byte // lives while calls run: the heap grows in bursts
			for n := 0; ; n++ {
				select {
				case <-stop:
					runtime.KeepAlive(kept)
					return
				default:
				}
				if i == 0 {
					kept[n%len(kept)] = make([]byte, 4<<20)
					time.Sleep(4 * time.Millisecond)
				}
				for k := range 1000 {
					n ^= k
				}
			}
		})
	}
	calls := 20_000
	if testing.Short() || slowdown > 1 {
		calls = 1000
	}
	all := open(t, RunOptions{EngineOnly: true}, fn("Int", `({ a }) => { let n = 0; for (let i = 0; i < 40; i++) n += i; return n + a }`, "a"),
		fn("Int", `() => { for (;;) {} }`), fn("Int", `() => { const a = []; for (;;) a.push([1, 2, 3]) }`))
	c := all[0]
	until := time.Now().Add(20 * time.Second)
	done := 0
	for ; done < calls && time.Now().Before(until); done++ {
		if _, err := c(nil, in("1"), nil); err != nil {
			t.Errorf("call %d: %v", done, err)
			break
		}
		if done%(calls/4) > 0 {
			continue
		}
		for i, guilty := range all[1:] { // who is to blame is ended beside the same noise: else the others were spared for nothing
			if _, err := guilty(nil, nil, nil); fault.KindOf(err) != fault.Timeout && fault.KindOf(err) != fault.Limit && fault.KindOf(err) != fault.Unavailable {
				t.Errorf("guilty call %d: %v", i, err)
			}
		}
	}
	close(stop)
	wg.Wait()
	t.Logf("%d calls", done)
}

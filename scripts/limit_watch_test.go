package scripts

import (
	"runtime"
	"sync"
	"testing"
	"time"
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
	if testing.Short() {
		calls = 1000
	}
	c := open(t, RunOptions{}, fn("Int", `({ a }) => { let n = 0; for (let i = 0; i < 40; i++) n += i; return n + a }`, "a"))[0]
	until := time.Now().Add(20 * time.Second)
	done := 0
	for ; done < calls && time.Now().Before(until); done++ {
		if _, err := c(nil, in("1"), nil); err != nil {
			t.Errorf("call %d: %v", done, err)
			break
		}
	}
	close(stop)
	wg.Wait()
	t.Logf("%d calls", done)
}

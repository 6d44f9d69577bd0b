package edgetest

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"facet/examples/films/tiers/trouble"
)

var (
	long   = flag.Bool("long", false, "the figures of the issues at their full length: 10,000 retried mutations")
	rounds = flag.Int("rounds", 0, "how many retried mutations; 0: 200, or 10,000 with -long")
)

// faults are what the tier of writes does to calls, from one moment to the next.
var faults = []trouble.Trouble{
	{Lie: trouble.LostAnswer, Rate: 0.4},
	{Fail: trouble.Reset, Rate: 0.4},
	{Fail: "503", Rate: 0.4},
	{Fail: "500", Rate: 0.3},
	{Fail: trouble.Truncate, Rate: 0.3},
	{Lie: trouble.HTML, Rate: 0.3},
	{Lag: trouble.Span(2 * time.Millisecond), Jitter: trouble.Span(5 * time.Millisecond), Lie: trouble.LostAnswer, Rate: 0.3},
}

// TestRetriedMutations: viewers on every device write under faults, each write up to three times more with its key. Every write
// has one effect: a late copy of an older write, sent when a newer one stands, changes nothing. No acknowledged write is lost, and no
// author reads anything but the own last write.
func TestRetriedMutations(t *testing.T) {
	n := *rounds
	if n == 0 {
		n = 200
	}
	if n == 200 && *long {
		n = 10_000
	}
	world, e := writing(t)
	tier := &world.Tier("bookmarks").Door
	var clients []*client
	for _, d := range devices {
		for _, wire := range wires {
			clients = append(clients, &client{edge: e, device: d, protocol: wire, viewer: fmt.Sprint("guest-", 100+len(clients))})
		}
	}
	stop := make(chan struct{})
	var weather sync.WaitGroup
	weather.Go(func() {
		for i := 0; ; i++ {
			tier.Set(faults[i%len(faults)])
			select {
			case <-stop:
				tier.Set(trouble.Trouble{})
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	var mu sync.Mutex
	var sends, repeats, late int
	began := time.Now()
	var all sync.WaitGroup
	for w, c := range clients {
		all.Go(func() {
			random := rand.New(rand.NewPCG(7, uint64(w)))
			selection := map[string]string{"/phone/v1/": "percent", "/glasses/v1/": "at"}[c.device.route]
			if selection == "" {
				selection = "position"
			}
			// write sends until it is acknowledged: three repeats are the bar, more are counted.
			write := func(key string, position int) bool {
				for try := range 60 {
					mu.Lock()
					sends++
					if try > 0 {
						repeats++
					}
					if try == 4 {
						late++
					}
					mu.Unlock()
					if _, ok := c.do("setBookmark", key, selection, watched, position); ok {
						return true
					}
				}
				t.Errorf("%s over %s: a write is never acknowledged", c.device.route, c.protocol)
				return false
			}
			olderKey, older := "", 0
			for i := w; i < n; i += len(clients) {
				position := 60 + random.IntN(8_000)
				key := strconv.Itoa(i)
				if !write(key, position) {
					return
				}
				if olderKey != "" && i%3 == 0 && !write(olderKey, older) { // a copy that the network kept
					return
				}
				olderKey, older = key, position
				want := c.device.at(position)
				var got any
				ok := false
				for range 60 { // reads meet the same faults: one that tells no failure must be right
					if got, ok = c.read(c.device.position); ok {
						break
					}
				}
				if !ok || !cmp.Equal(got, want) {
					t.Errorf("%s over %s: after %d the author reads %v, want %v", c.device.route, c.protocol, position, got, want)
					return
				}
			}
		})
	}
	all.Wait()
	close(stop)
	weather.Wait()
	t.Logf("%d writes: %d requests, %d repeats, %d writes needed more than 3 repeats, %v", n, sends, repeats, late, time.Since(began).Round(time.Millisecond))
	if repeats < n/20 {
		t.Errorf("only %d repeats: there was hardly any trouble", repeats)
	}
}

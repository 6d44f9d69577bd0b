package scale

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Times are of requests, from when each was due to its last byte.
type Times struct {
	Count int     `json:"count"`
	P50   float64 `json:"p50Ms"`
	P95   float64 `json:"p95Ms"`
	P99   float64 `json:"p99Ms"`
	Max   float64 `json:"maxMs"`
}

func times(took []time.Duration) Times {
	slices.Sort(took)
	at := func(q float64) float64 {
		if len(took) == 0 {
			return 0
		}
		return float64(took[min(len(took)-1, int(q*float64(len(took))))].Microseconds()) / 1000
	}
	return Times{Count: len(took), P50: at(0.5), P95: at(0.95), P99: at(0.99), Max: at(1)}
}

// An asker asks one process.
type asker struct {
	url    string
	client *http.Client
}

// connections is how many requests are under way at the most.
const connections = 16

func newAsker(url string) *asker {
	t := &http.Transport{MaxIdleConns: connections, MaxIdleConnsPerHost: connections, DisableCompression: true}
	return &asker{url: url, client: &http.Client{Transport: t, Timeout: 20 * time.Second}}
}

func (a *asker) close() { a.client.CloseIdleConnections() }

// ask makes one request; an answer other than a whole one is an error.
func (a *asker) ask(ctx context.Context, k *Ask, film int) (int, error) {
	path, body := k.Request(film)
	var in io.Reader
	if body != "" {
		in = bytes.NewReader([]byte(body))
	}
	req, err := http.NewRequestWithContext(ctx, k.Method, a.url+path, in)
	if err != nil {
		return 0, err
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := a.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err
	}
	if res.StatusCode != http.StatusOK || bytes.Contains(text, []byte(`"errors"`)) {
		return 0, fmt.Errorf("%s %s: %s: %.400s", k.Method, path, res.Status, text)
	}
	return len(text), nil
}

// each asks every version once, in a random order, two at a time, and says how long the answers took. One of a hundred may fail: a busy machine
// has tiers that are late.
func (a *asker) each(ctx context.Context, versions []*Version, name string, seed uint64, each func(done int)) (Times, error) {
	order := rand.New(rand.NewPCG(seed, 7)).Perm(len(versions))
	var mu sync.Mutex
	var took []time.Duration
	var failed error
	failures := 0
	next := make(chan int)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for i := range next {
				v := versions[i]
				began := time.Now()
				for k := range v.Asks {
					if v.Asks[k].Name != name {
						continue
					}
					_, err := a.ask(ctx, &v.Asks[k], i)
					mu.Lock()
					if took = append(took, time.Since(began)); err != nil {
						failures++
						failed = cmp.Or(failed, err)
					}
					n := len(took)
					mu.Unlock()
					if each != nil {
						each(n)
					}
				}
			}
		})
	}
	for _, i := range order {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	wg.Wait()
	if failures*100 <= len(took) {
		failed = ctx.Err()
	}
	return times(took), failed
}

// traffic is what an open loop came to.
type traffic struct {
	Times
	failed int
	first  error
	bytes  int64
}

// load asks versions at random, each as often as any other, at a steady rate, for a time. A request that is late is not left out: its time
// counts from when it was due.
func (a *asker) load(ctx context.Context, versions []*Version, rate float64, length time.Duration, seed uint64) traffic {
	type due struct {
		ask  *Ask
		film int
		at   time.Time
	}
	jobs := make(chan due, int(rate)+connections)
	var mu sync.Mutex
	var out traffic
	var took []time.Duration
	var wg sync.WaitGroup
	for range connections {
		wg.Go(func() {
			for d := range jobs {
				n, err := a.ask(ctx, d.ask, d.film)
				mu.Lock()
				took = append(took, time.Since(d.at))
				out.bytes += int64(n)
				if err != nil && ctx.Err() == nil {
					out.failed++
					if out.first == nil {
						out.first = err
					}
				}
				mu.Unlock()
			}
		})
	}
	rnd := rand.New(rand.NewPCG(seed, 11))
	began := time.Now()
	for n := 0; ; n++ {
		at := began.Add(time.Duration(float64(n) / rate * float64(time.Second)))
		if at.Sub(began) >= length || ctx.Err() != nil {
			break
		}
		if wait := time.Until(at); wait > 0 {
			time.Sleep(wait)
		}
		v := versions[rnd.IntN(len(versions))]
		jobs <- due{v.Choose(rnd), rnd.IntN(films), at}
	}
	close(jobs)
	wg.Wait()
	out.Times = times(took)
	return out
}

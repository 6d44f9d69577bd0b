package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestRates(t *testing.T) {
	l := limitsConfig{MaxViewers: 2, PerViewer: rateConfig{Rate: 1, Burst: 2}, PerDevice: rateConfig{Rate: 4, Burst: 4},
		Devices: map[string]deviceLimits{"tv": {PerViewer: rateConfig{Rate: 10, Burst: 10}}}}
	now := time.Unix(1e9, 0)
	ask := func(t *testing.T, rs *rates, path, viewer string) *httptest.ResponseRecorder {
		t.Helper()
		rs.now = func() time.Time { return now }
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, path, nil)
		if viewer != "" {
			r.Header.Set("Facet-Viewer", viewer)
		}
		rs.handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })).ServeHTTP(w, r)
		return w
	}
	make := func(t *testing.T) *rates {
		t.Helper()
		rs, err := newRates(l, true, func(string, string) bool { return true }, nil)
		if err != nil {
			t.Fatal(err)
		}
		return rs
	}
	t.Run("a viewer", func(t *testing.T) {
		rs := make(t)
		for range 2 {
			if w := ask(t, rs, "/web/v1/home", "ann"); w.Code != 200 {
				t.Fatalf("got %d within the burst", w.Code)
			}
		}
		w := ask(t, rs, "/web/v1/home", "ann")
		if w.Code != 429 || w.Header().Get("Retry-After") != "1" || w.Header().Get("RateLimit-Policy") != `"viewer";q=2;w=2` || w.Header().Get("RateLimit") != `"viewer";r=0;t=1` {
			t.Errorf("got %d %v", w.Code, w.Header())
		}
		if w := ask(t, rs, "/web/v1/home", "bob"); w.Code != 200 {
			t.Errorf("another viewer: got %d", w.Code)
		}
		if w := ask(t, rs, "/healthz", "ann"); w.Code != 200 {
			t.Errorf("a probe: got %d", w.Code)
		}
		now = now.Add(time.Second)
		if w := ask(t, rs, "/web/v1/home", "ann"); w.Code != 200 {
			t.Errorf("a second later: got %d", w.Code)
		}
	})
	t.Run("a viewer by token", func(t *testing.T) {
		rs := make(t)
		who := "ann"
		rs.who = func(*http.Request) string { return who }
		for i, tt := range []struct {
			token, header string
			want          int
		}{{"ann", "eve", 200}, {"ann", "bob", 200}, {"ann", "cy", 429}, {"dan", "", 200}, {"", "bob", 200}} {
			who = tt.token
			if w := ask(t, rs, "/web/v1/home", tt.header); w.Code != tt.want {
				t.Errorf("%d: got %d, want %d", i, w.Code, tt.want)
			}
		}
	})
	t.Run("a device", func(t *testing.T) {
		rs := make(t)
		for i := range 4 {
			if w := ask(t, rs, "/web/v1/home", fmt.Sprint("v", i)); w.Code != 200 {
				t.Fatalf("got %d within the burst", w.Code)
			}
		}
		if w := ask(t, rs, "/web/v1/home", "v9"); w.Code != 429 || w.Header().Get("RateLimit") != `"device";r=0;t=1` {
			t.Errorf("got %d %v", w.Code, w.Header())
		}
		if w := ask(t, rs, "/phone/v1/home", "v9"); w.Code != 200 {
			t.Errorf("another device: got %d", w.Code)
		}
	})
	t.Run("a device's own", func(t *testing.T) {
		rs := make(t)
		for range 4 {
			if w := ask(t, rs, "/tv/v1/home", "ann"); w.Code != 200 {
				t.Fatalf("got %d", w.Code)
			}
		}
	})
	t.Run("bounded", func(t *testing.T) {
		rs := make(t)
		for i := range 100 {
			ask(t, rs, "/web/v1/home", fmt.Sprint("v", i))
		}
		if n := rs.viewers.Len(); n > 2 {
			t.Errorf("%d viewers are remembered, want 2", n)
		}
	})
	t.Run("forms", func(t *testing.T) {
		for _, c := range []struct{ path, media, body string }{
			{"/web/v1/graphql", "application/json; charset=utf-8", `{"errors":[{"message":"too many requests of this viewer","extensions":{"code":"limit","hint":"ask again after 1 s"}}]}`},
			{"/web/v1/model.json", "text/plain; charset=utf-8", "too many requests of this viewer; ask again after 1 s"},
			{"/web/v1/home", "application/problem+json", `{"type":"limit","title":"Too Many Requests","status":429,"detail":"too many requests of this viewer","code":"limit","hint":"ask again after 1 s"}`},
		} {
			rs := make(t)
			ask(t, rs, c.path, "ann")
			ask(t, rs, c.path, "ann")
			w := ask(t, rs, c.path, "ann")
			if w.Code != 429 || w.Header().Get("Content-Type") != c.media || w.Body.String() != c.body {
				t.Errorf("%s: got %d %q %s", c.path, w.Code, w.Header().Get("Content-Type"), w.Body)
			}
		}
	})
}

func TestClientAddress(t *testing.T) {
	for _, c := range []struct {
		remote, forwarded string
		trust             bool
		want              string
	}{
		{"192.0.2.1:99", "198.51.100.7", false, "192.0.2.1"},
		{"192.0.2.1:99", "spoofed, 198.51.100.7", true, "198.51.100.7"},
		{"192.0.2.1:99", "", true, "192.0.2.1"},
		{"[2001:db8:1:2:3:4:5:6]:99", "", false, "2001:db8:1:2::"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.remote
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := clientAddress(r, c.trust); got != c.want {
			t.Errorf("%+v: got %s", c, got)
		}
	}
}

func TestShedderQueue(t *testing.T) {
	s := newShedder(shedConfig{Min: 1, Max: 1, Target: time.Second, Queue: 2, MaxWait: time.Minute}, nil)
	s.waited = func() float64 { return 0 }
	ctx := context.Background()
	if why := s.enter(ctx); why != "" {
		t.Fatal(why)
	}
	order := make(chan int, 2)
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Go(func() {
			if why := s.enter(ctx); why != "" {
				t.Error(why)
			}
			order <- i
		})
		for _, _, n := s.state(); n != i+1; _, _, n = s.state() {
			time.Sleep(time.Millisecond)
		}
	}
	if why := s.enter(ctx); why != "full" {
		t.Errorf("a full queue: got %q", why)
	}
	s.leave()
	if got := <-order; got != 1 {
		t.Errorf("the next place went to %d, want the newest", got)
	}
	s.leave()
	<-order
	s.leave()
	wg.Wait()
	if _, flying, waiting := s.state(); flying != 0 || waiting != 0 {
		t.Errorf("%d fly and %d wait after the end", flying, waiting)
	}

	s.c.MaxWait = time.Millisecond
	if why := s.enter(ctx); why != "" {
		t.Fatal(why)
	}
	if why := s.enter(ctx); why != "late" {
		t.Errorf("got %q, want late", why)
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	s.c.MaxWait = time.Minute
	if why := s.enter(gone); why != "gone" {
		t.Errorf("got %q, want gone", why)
	}
}

// TestShedderFinds runs the decisions against machines of a model: what is answered a second by how many are answered at once.
func TestShedderFinds(t *testing.T) {
	for _, c := range []struct {
		name       string
		each       float64 // seconds that a request takes when the machine is free
		most       float64 // answers a second that the machine can do
		waitFull   float64 // for a processor, when more are answered at once than that needs
		waitFree   float64
		least, top float64 // where the bound ends up
	}{
		{"processors", 0.005, 400, 0.05, 0.005, 2, 4},
		{"requests that wait for tiers", 0.050, 400, 0.05, 0, 15, 30},
		{"a machine that is busy with others, too", 0.050, 400, 0.02, 0.02, 14, 32},
		{"a slow tier", 2, 1e6, 0, 0, 2000, 2000},
	} {
		s := newShedder(shedConfig{Min: 2, Max: 2000, Target: 3 * time.Millisecond, Queue: 10, MaxWait: 1}, nil)
		random := rand.New(rand.NewPCG(1, 2))
		sum, goodput := 0.0, 0.0
		for step := range 400 {
			s.peak = min(int(s.limit), 1000) // there is always more to do
			places := float64(s.peak)
			throughput, wait := min(places/c.each, c.most), c.waitFree
			if places/c.each > c.most*1.05 {
				wait = c.waitFull
			}
			if step >= 200 {
				sum, goodput = sum+s.limit/200, goodput+throughput/c.most/200
			}
			s.decide(wait, throughput*(0.97+0.06*random.Float64()), s.peak >= int(s.limit))
		}
		if sum < c.least*0.9 || sum > c.top*1.1 {
			t.Errorf("%s: the bound is %.1f, want %v to %v", c.name, sum, c.least, c.top)
		}
		if goodput < 0.8 && c.most < 1e6 {
			t.Errorf("%s: goodput is %.0f%%", c.name, 100*goodput)
		}
		t.Logf("%s: bound %.1f, goodput %.0f%%", c.name, sum, 100*goodput)
	}
}

// burn uses a processor for about the time.
func burn(rounds int) uint64 {
	x := uint64(88172645463325252)
	for range rounds {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	return x
}

var burned atomic.Uint64

// A surge is what an open loop saw.
type surge struct {
	good, refused int
	goodput       float64 // admitted a second
	p50, p99      time.Duration
	refusal       time.Duration // the median of a refused one
}

// flood asks h at a rate, however long answers take.
func flood(h http.Handler, perSecond float64, lasts time.Duration) surge {
	var mu sync.Mutex
	var took, refusals []time.Duration
	var wg sync.WaitGroup
	began := time.Now()
	gap := time.Duration(float64(time.Second) / perSecond)
	for due := began; due.Sub(began) < lasts; due = due.Add(time.Duration(rand.ExpFloat64() * float64(gap))) {
		if d := time.Until(due); d > 0 {
			time.Sleep(d)
		}
		wg.Go(func() {
			w := httptest.NewRecorder()
			start := time.Now()
			h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/web/v1/home", nil))
			mu.Lock()
			defer mu.Unlock()
			if w.Code == http.StatusOK {
				took = append(took, time.Since(start))
			} else {
				refusals = append(refusals, time.Since(start))
			}
		})
	}
	wg.Wait()
	all := time.Since(began)
	slices.Sort(took)
	slices.Sort(refusals)
	s := surge{good: len(took), refused: len(refusals), goodput: float64(len(took)) / all.Seconds()}
	if n := len(took); n > 0 {
		s.p50, s.p99 = took[n/2], took[n*99/100]
	}
	if n := len(refusals); n > 0 {
		s.refusal = refusals[n/2]
	}
	return s
}

// saturation is how many a second h answers in a closed loop of eight.
func saturation(h http.Handler, lasts time.Duration) float64 {
	var n atomic.Int64
	var wg sync.WaitGroup
	began := time.Now()
	for range 8 {
		wg.Go(func() {
			for time.Since(began) < lasts {
				h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/web/v1/home", nil))
				n.Add(1)
			}
		})
	}
	wg.Wait()
	return float64(n.Load()) / time.Since(began).Seconds()
}

// BenchmarkShedding floods a handler that burns processor time at three times of what it can do. What it shows: p99 of those
// taken on over p99 at 0.8 times of what it can do (the bar: 2), and how many were answered of those that could be (the bar: 80 %). A
// machine that is busy with others measures itself; TestShedderFinds is what must hold there.
func BenchmarkShedding(b *testing.B) {
	rounds := 200_000
	for ; ; rounds *= 2 { // about 3 ms
		began := time.Now()
		burned.Add(burn(rounds))
		if time.Since(began) > 3*time.Millisecond {
			break
		}
	}
	work := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		burned.Add(burn(rounds))
		w.WriteHeader(http.StatusOK)
	})
	for b.Loop() {
		full := saturation(work, time.Second)
		calm := flood(work, 0.8*full, 2*time.Second)
		s := newShedder(defaultConfig().Limits.Shed, nil)
		h := s.handler(work)
		flood(h, 3*full, 2*time.Second) // the bound finds its place
		past := flood(h, 3*full, 3*time.Second)
		bare := flood(work, 3*full, time.Second)
		limit, _, _ := s.state()
		b.ReportMetric(full, "saturation/s")
		b.ReportMetric(float64(calm.p99)/1e6, "calm-p99-ms")
		b.ReportMetric(float64(past.p99)/1e6, "shed-p99-ms")
		b.ReportMetric(float64(past.p99)/float64(calm.p99), "p99-ratio")
		b.ReportMetric(100*past.goodput/full, "goodput-%")
		b.ReportMetric(float64(bare.p99)/1e6, "unshed-p99-ms")
		b.ReportMetric(float64(past.refusal)/1e6, "refusal-ms")
		b.ReportMetric(float64(limit), "bound")
	}
}

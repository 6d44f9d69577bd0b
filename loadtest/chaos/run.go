package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"facet/internal/child"
	"facet/loadtest/load"
)

// A Plan is how bad it shall be.
type Plan struct {
	Edge      string  // the program to run
	Dir       string  // for configuration, objects and logs
	Instances int     // the first one is never ended: its heap is what is measured
	Rounds    int     // each publishes Packages packages and releases them at once
	Rollbacks int     // spread over the rounds
	Rate      float64 // requests a second
	Fail      float64 // part of the bucket's requests that fail
	EndEvery  time.Duration
	Seed      uint64
	// Busy says that the machine has other work: instances then refuse nobody because of it (shedding is off).
	Busy bool
	Log  io.Writer // progress
}

// A Result is what came of it.
type Result struct {
	Published     int            `json:"published"`
	Releases      int            `json:"releases"`
	Rollbacks     int            `json:"rollbacks"`
	Told          int            `json:"told"` // commands that failed and were given again
	Terms         int            `json:"terms"`
	Kills         int            `json:"kills"`
	Faults        map[string]int `json:"faults"` // of the bucket
	Load          *load.Report   `json:"load"`
	InFlight      int            `json:"inFlightAtKill"` // requests that a SIGKILL took along: those may fail
	Failed        int            `json:"failed"`         // all other failures
	Failures      []string       `json:"failures,omitempty"`
	Mixed         int            `json:"mixed"`
	ServedMarks   int            `json:"servedReleases"` // different releases that answers showed
	HeapBefore    int64          `json:"heapBefore"`     // bytes, of the instance that was never ended, after collection
	HeapAfter     int64          `json:"heapAfter"`
	Converged     bool           `json:"converged"` // at the end every instance serves the last release
	ConvergedIn   time.Duration  `json:"convergedIn"`
	DeploySeconds []float64      `json:"deploySeconds"` // p50, p99, of `edge deploy` with five packages
	Elapsed       time.Duration  `json:"elapsed"`
}

// Err is what is wrong with the result.
func (r *Result) Err() error {
	var all []error
	if r.Failed > 0 {
		all = append(all, fmt.Errorf("%d requests failed that no SIGKILL took along", r.Failed))
	}
	if r.Mixed > 0 {
		all = append(all, fmt.Errorf("%d answers mix two releases", r.Mixed))
	}
	if grown := r.HeapAfter - r.HeapBefore; grown > 10<<20 {
		all = append(all, fmt.Errorf("the settled heap grew by %.1f MB", float64(grown)/(1<<20)))
	}
	if !r.Converged {
		all = append(all, errors.New("not every instance serves the last release in the end"))
	}
	return errors.Join(all...)
}

// Run carries the plan out.
func Run(ctx context.Context, p Plan) (*Result, error) {
	began := time.Now()
	tier := httptest.NewServer(items())
	defer tier.Close()
	f, err := startFleet(ctx, p, map[string]string{"ITEMS_URL": tier.URL})
	if err != nil {
		return nil, err
	}
	defer f.stop()
	w, check, res := &world{filepath.Join(p.Dir, "world")}, newChecker(), &Result{}
	if _, err := w.write(0); err != nil {
		return nil, err
	}
	if _, err := f.cli(ctx, "publish", "--graph", w.graph(), "--version", "1.0.0"); err != nil {
		return nil, err
	}
	d := &deployer{f: f, w: w, check: check, res: res, rnd: rand.New(rand.NewPCG(p.Seed, 3))}
	if err := d.round(ctx, 0); err != nil {
		return nil, err
	}
	var backends []*load.Backend
	for i, at := range f.urls {
		if err := child.Answers(ctx, at+"/readyz", http.StatusOK); err != nil {
			return nil, err
		}
		u, _ := url.Parse(at)
		backends = append(backends, &load.Backend{Name: f.instances[i].Name, URL: u})
	}
	s := &load.Scenario{Name: "chaos", Rate: p.Rate, Duration: load.Duration(24 * time.Hour), Seed: p.Seed, Mix: rows()}
	if err := learn(ctx, f.urls[0], s, check); err != nil {
		return nil, err
	}
	check.tried(0)
	balancer := load.NewBalancer(backends...)
	defer balancer.Close()

	running, stop := context.WithCancel(ctx)
	defer stop()
	var excused, failed atomic.Int64
	var wg sync.WaitGroup
	var loadErr error
	wg.Go(func() {
		res.Load, loadErr = load.Run(running, s, load.Options{Send: balancer.Do, Base: f.urls[0], Check: check.check, Failed: func(a *load.Answer, err error) {
			if f.excuses(a, err) {
				excused.Add(1)
				return
			}
			failed.Add(1)
			if len(res.Failures) < 20 {
				f := fmt.Sprintf("%s by %s sent at %s, after %v: %v %.300s", a.Row.Name, a.Header.Get(load.BackendHeader), a.Sent.Format(time.StampMilli), a.Took.Round(time.Millisecond), err, a.Body)
				res.Failures = append(res.Failures, f)
				fmt.Fprintln(p.Log, f)
			}
		}})
	})
	const calm = 5 // rounds before the heap is measured and anything fails
	var endings sync.WaitGroup
	ending, stopEnding := context.WithCancel(ctx)
	defer stopEnding()
	for k := 1; k <= p.Rounds; k++ {
		if k == calm+1 {
			if res.HeapBefore, err = f.heap(ctx, 0); err != nil {
				return nil, err
			}
			f.bucket.Fail(p.Fail)
			endings.Go(func() { f.endThem(ending, p, res) })
		}
		if err := d.round(ctx, k); err != nil {
			return nil, err
		}
		if p.Rollbacks > 0 && k > 1 && k*p.Rollbacks/p.Rounds > (k-1)*p.Rollbacks/p.Rounds {
			if err := d.rollback(ctx); err != nil {
				return nil, err
			}
		}
		if k%10 == 0 || k == p.Rounds {
			fmt.Fprintf(p.Log, "%6.0fs  round %d of %d: %d published, %d rolled back, %d told to try again, %d terms, %d kills, %d failed, bucket %v\n",
				time.Since(began).Seconds(), k, p.Rounds, res.Published, res.Rollbacks, res.Told, res.Terms, res.Kills, failed.Load(), f.bucket.Faults())
		}
	}
	stopEnding()
	endings.Wait()
	f.bucket.Fail(0)
	last := p.Rounds + 1
	if err := d.round(ctx, last); err != nil {
		return nil, err
	}
	healed := time.Now()
	res.Converged = converge(ctx, f, mark(last))
	res.ConvergedIn = time.Since(healed)
	stop()
	wg.Wait()
	if loadErr != nil {
		return nil, loadErr
	}
	if res.HeapAfter, err = f.heap(ctx, 0); err != nil {
		return nil, err
	}
	res.Faults, res.InFlight, res.Failed, res.Mixed, res.ServedMarks = f.bucket.Faults(), int(excused.Load()), int(failed.Load()), check.mixed, len(check.answers)
	sort.Float64s(d.took)
	res.DeploySeconds = []float64{d.took[len(d.took)/2], d.took[len(d.took)*99/100]}
	res.Elapsed = time.Since(began)
	return res, nil
}

// learn asks every row once, while one release is all there is.
func learn(ctx context.Context, base string, s *load.Scenario, check *checker) error {
	one := &load.Scenario{Name: "learn", Rate: 20, Duration: load.Duration(2 * time.Second), Mix: s.Mix}
	rep, err := load.Run(ctx, one, load.Options{Base: base, Check: func(a *load.Answer) error { return check.learn(a.Row.Name, a.Body) }})
	if err != nil {
		return err
	}
	if rep.Total.Failed > 0 {
		return fmt.Errorf("the first answers are wrong: %v", rep.Errors)
	}
	return nil
}

// A deployer is the teams' side: it publishes and releases by the command line, and tries again when it is told to.
type deployer struct {
	f     *fleet
	w     *world
	check *checker
	res   *Result
	rnd   *rand.Rand
	took  []float64
}

// patience is how often a command that fails because of the bucket is given again.
const patience = 30

func (d *deployer) insist(ctx context.Context, args ...string) error {
	var last error
	for range patience {
		limited, cancel := context.WithTimeout(ctx, 2*time.Minute)
		_, err := d.f.cli(limited, args...)
		cancel()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		last = err
		d.res.Told++
		time.Sleep(time.Duration(50+d.rnd.IntN(200)) * time.Millisecond)
	}
	return fmt.Errorf("after %d attempts: %w", patience, last)
}

func (d *deployer) round(ctx context.Context, k int) error {
	dirs, err := d.w.write(k)
	if err != nil {
		return err
	}
	d.check.tried(k)
	began := time.Now()
	if err := d.insist(ctx, append([]string{"deploy", "--region", region, "--why", "round"}, dirs...)...); err != nil {
		return err
	}
	d.took = append(d.took, time.Since(began).Seconds())
	d.res.Published += Packages
	d.res.Releases++
	return nil
}

func (d *deployer) rollback(ctx context.Context) error {
	if err := d.insist(ctx, "rollback", "--region", region, "--why", "chaos"); err != nil {
		return err
	}
	d.res.Rollbacks++
	return nil
}

// endThem ends instances at random, by turns with SIGTERM and SIGKILL, and starts them again. One is always left alone.
func (f *fleet) endThem(ctx context.Context, p Plan, res *Result) {
	rnd := rand.New(rand.NewPCG(p.Seed, 4))
	for n := 0; len(f.instances) > 1; n++ {
		select {
		case <-time.After(p.EndEvery/2 + time.Duration(rnd.Int64N(int64(p.EndEvery)))):
		case <-ctx.Done():
			return
		}
		i := 1 + rnd.IntN(len(f.instances)-1)
		sig := syscall.SIGTERM
		if n%2 == 1 {
			sig = syscall.SIGKILL
			res.Kills++
		} else {
			res.Terms++
		}
		if err := f.instances[i].end(sig); err != nil {
			fmt.Fprintln(p.Log, err)
		}
		if err := f.instances[i].Start(); err != nil {
			fmt.Fprintln(p.Log, err)
		}
		if err := child.Answers(ctx, f.urls[i]+"/readyz", http.StatusOK); err != nil && ctx.Err() == nil {
			fmt.Fprintf(p.Log, "%s is not ready after its restart: %v\n", f.instances[i].Name, err)
		}
	}
}

// excuses says whether a request failed because its instance was killed while it was under way there.
func (f *fleet) excuses(a *load.Answer, err error) bool {
	name, from := a.Header.Get(load.BackendHeader), a.Sent
	var taken *load.BackendError
	if errors.As(err, &taken) {
		name, from = taken.Backend, taken.From
	}
	if taken == nil && a.Status != 0 && !strings.Contains(err.Error(), "broke off") {
		return false // it was answered, wrongly
	}
	for _, p := range f.instances {
		if p.Name == name {
			return p.killedWithin(from, a.Due.Add(a.Took))
		}
	}
	return false
}

// heap is the live heap of an instance after a collection, in bytes.
func (f *fleet) heap(ctx context.Context, i int) (int64, error) {
	ops := f.ops[i]
	var least int64
	for range 5 { // what a collection frees in two steps, and what is under way, settles
		if err := child.Answers(ctx, ops+"/debug/pprof/heap?gc=1", http.StatusOK); err != nil {
			return 0, err
		}
		resp, err := http.Get(ops + "/metrics")
		if err != nil {
			return 0, err
		}
		text, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil {
			return 0, err
		}
		for line := range strings.Lines(string(text)) {
			var v float64
			if n, _ := fmt.Sscanf(line, "go_memstats_heap_alloc_bytes %g", &v); n == 1 && (least == 0 || int64(v) < least) {
				least = int64(v)
			}
		}
		time.Sleep(200 * time.Millisecond)
	}
	if least == 0 {
		return 0, errors.New("/metrics does not tell the heap")
	}
	return least, nil
}

// converge waits until every instance answers with a mark.
func converge(ctx context.Context, f *fleet, want string) bool {
	deadline := time.Now().Add(30 * time.Second)
	for _, at := range f.urls {
		for {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, at+"/box/v1/p3", nil)
			if err != nil {
				return false
			}
			resp, err := http.DefaultClient.Do(req)
			if err == nil {
				body, _ := io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				if strings.Contains(string(body), want) {
					break
				}
			}
			if time.Now().After(deadline) {
				return false
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	return true
}

// Temp makes a folder for a run, and a function that removes it.
func Temp() (string, func(), error) {
	dir, err := os.MkdirTemp("", "chaos-")
	return dir, func() { _ = os.RemoveAll(dir) }, err
}

// Print writes the result for people.
func (r *Result) Print(w io.Writer) error {
	if err := r.Load.Print(w); err != nil {
		return err
	}
	const mb = 1 << 20
	_, err := fmt.Fprintf(w, `
%d publishes, %d releases, %d rollbacks in %v; commands told to try again: %d; edge deploy of %d packages p50 %.2f s, p99 %.2f s
%d instances ended by SIGTERM, %d by SIGKILL; the bucket failed: %v
failed requests: %d, and %d that a SIGKILL took along; answers that mix releases: %d, of %d different releases served
settled heap of the instance that was never ended: %.1f MB before, %.1f MB after
the last release was served by every instance: %v, %v after it was made
`, r.Published, r.Releases, r.Rollbacks, r.Elapsed.Round(time.Second), r.Told, Packages, r.DeploySeconds[0], r.DeploySeconds[1],
		r.Terms, r.Kills, r.Faults, r.Failed, r.InFlight, r.Mixed, r.ServedMarks,
		float64(r.HeapBefore)/mb, float64(r.HeapAfter)/mb, r.Converged, r.ConvergedIn.Round(time.Millisecond))
	for _, f := range r.Failures {
		if err == nil {
			_, err = fmt.Fprintln(w, "  failed:", f)
		}
	}
	return err
}

package load

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Options say where a scenario's requests go and who looks at the answers.
type Options struct {
	// Send makes a request. nil asks Base by a pool of connections of its own.
	Send func(*http.Request) (*http.Response, error)
	// Base is the edge's address, "http://127.0.0.1:8080".
	Base string
	// Check looks at an answer of a right status; what it returns makes the request a failure. It runs on
	// the requests' goroutines.
	Check func(*Answer) error
	// Failed is told of each failure, one at a time. May be nil.
	Failed func(*Answer, error)
	// Progress is told once a second how it goes. May be nil.
	Progress func(Progress)
	// Metrics are the pages of counters to sample; nil: the scenario's.
	Metrics []string
	// Env gives the variables that hooks name; nil: the process's.
	Env func(string) string
}

// An Answer is what came of one request.
type Answer struct {
	Row     *Row
	Request *http.Request
	Due     time.Time     // when it should have been sent
	Sent    time.Time     // when it was
	Took    time.Duration // from Due to the last byte (of a stream: to its first event): waiting for a late generator or a slow edge counts
	Status  int           // 0 without an answer
	Header  http.Header
	Body    []byte // nil where nobody looks at it
	Partial string // what errors stand in it: GraphQL's and JSON Graph's; "" for none

	size     int64
	events   int64
	degraded bool
}

// Progress is how a run goes.
type Progress struct {
	Elapsed  time.Duration
	Length   time.Duration // of the whole run, the warmup in it
	Warming  bool
	Sent     int64
	Done     int64
	Failed   int64
	Partial  int64
	Dropped  int64
	InFlight int64
	Visiting int64   // sessions under way
	Rate     float64 // arrivals a second that are asked for now
	Faults   []string
	// Of the last second:
	Answers       int64
	SecondFailed  int64
	SecondPartial int64
	P50, P99, Max float64 // ms
}

// A loop is a run under way.
type loop struct {
	o       Options
	p       *program
	r       *recorder
	most    int64
	timeout time.Duration
	cut     context.Context // when it ends, sessions end before their next step, and streams

	sent, dropped, flying, visiting atomic.Int64
	wg                              sync.WaitGroup
}

// Run asks until the scenario's time is over or ctx ends, waits for what is under way, and reports.
func Run(ctx context.Context, s *Scenario, o Options) (*Report, error) {
	p, mistakes := compile(s)
	if mistakes != nil {
		return nil, mistakes
	}
	start := time.Now()
	began := start.Add(time.Duration(s.Warmup))
	faults := newScript(s, began, o.Env)
	if err := faults.ready(); err != nil {
		return nil, err
	}
	if o.Send == nil {
		t := &http.Transport{MaxIdleConns: maxInFlight, MaxIdleConnsPerHost: maxInFlight, IdleConnTimeout: time.Minute, DisableCompression: true}
		defer t.CloseIdleConnections()
		o.Send = (&http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do
	}
	run, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	cut, cutNow := context.WithCancel(run)
	defer cutNow()
	l := &loop{o: o, p: p, r: newRecorder(began), most: int64(s.InFlight), timeout: s.Timeout.or(10 * time.Second), cut: cut}
	if l.most == 0 {
		l.most = 4096
	}
	scenes, endScenes := context.WithCancel(run)
	defer endScenes()
	faults.run(scenes)
	beside := l.beside(scenes, stop, faults, start)

	arrived, ended := l.arrive(run, start)
	over := time.Since(began)
	if ended == "" && run.Err() == nil {
		// A run of whole seconds has them all, though the last arrival falls due before its end.
		sleep(run, time.Until(start.Add(time.Duration(p.plan.length*float64(time.Second)))))
		over = time.Since(began)
	}
	drain := time.AfterFunc(s.Drain.or(10*time.Second), cutNow)
	l.wg.Wait()
	drain.Stop()
	if cause := context.Cause(run); ended == "" && cause != nil {
		ended = "interrupted"
		if !errors.Is(cause, context.Canceled) {
			ended = cause.Error()
		}
	}
	endScenes()
	instances, generator := beside.end()
	rep := l.r.report(p, max(0, over))
	rep.Faults, rep.Instances, rep.Generator = faults.end(), instances, generator
	rep.Planned, rep.Arrived, rep.Ended = p.plan.arrivalsFrom(time.Duration(s.Warmup).Seconds()), arrived, ended
	rep.Rate = float64(rep.Planned) / s.Length().Seconds()
	return rep, nil
}

// arrive begins what falls due, at its time. It returns how many arrivals were counted, and why it ended early.
func (l *loop) arrive(run context.Context, start time.Time) (arrived int64, ended string) {
	s := l.p.s
	rnd := rand.New(rand.NewPCG(s.Seed, 1))
	pick := l.p.picker()
	next := l.p.plan.arrivals(rnd)
	for n := uint64(0); ; n++ {
		at, ok := next()
		due := start.Add(at)
		if !ok || !sleep(run, time.Until(due)) {
			return arrived, ""
		}
		if s.Requests > 0 && l.sent.Load() >= s.Requests {
			return arrived, fmt.Sprintf("%d requests were sent", s.Requests)
		}
		if at >= time.Duration(s.Warmup) {
			arrived++
		}
		e := l.p.entries[pick(rnd, at)]
		if !e.session && !l.take() {
			l.drop(e.steps[0], due)
			continue
		}
		l.wg.Go(func() {
			sc := &scope{rnd: rand.New(rand.NewPCG(s.Seed+2, n)), number: int64(n), vars: l.p.vars}
			if e.session {
				l.visit(e, due, sc)
				return
			}
			defer l.flying.Add(-1)
			_, _ = l.ask(e.steps[0], due, sc) // the recorder has it
		})
	}
}

// take makes room for one request, if there is.
func (l *loop) take() bool {
	if l.flying.Add(1) > l.most {
		l.flying.Add(-1)
		return false
	}
	return true
}

func (l *loop) drop(st *step, due time.Time) {
	l.dropped.Add(1)
	l.r.drop(st.label, due)
}

// visit goes through a session. A step that fails ends it: what a user would have seen of the next one is not known.
func (l *loop) visit(e *entry, due time.Time, sc *scope) {
	l.visiting.Add(1)
	defer l.visiting.Add(-1)
	first, failed, cut := due, false, false
steps:
	for round := range e.repeat {
		for i, st := range e.steps {
			if i > 0 || round > 0 {
				wait := st.think.wait(sc.rnd)
				due = time.Now().Add(wait)
				if !sleep(l.cut, wait) || l.p.s.Requests > 0 && l.sent.Load() >= l.p.s.Requests {
					cut = true
					break steps
				}
			}
			if !l.take() {
				l.drop(st, due)
				cut = true
				break steps
			}
			a, err := l.ask(st, due, sc)
			l.flying.Add(-1)
			if err == nil {
				if err = sc.save(st, a); err != nil {
					l.r.trouble(st.label + ": " + err.Error())
				}
			}
			if err != nil {
				failed = true
				break steps
			}
		}
	}
	l.r.visit(e, first, time.Since(first), failed, cut)
}

// picker chooses entries by their weights, or each in turn by the time since the beginning.
func (p *program) picker() func(*rand.Rand, time.Duration) int {
	if turn := time.Duration(p.s.Turn); turn > 0 {
		order := rand.New(rand.NewPCG(p.s.Seed, 2)).Perm(len(p.entries))
		return func(_ *rand.Rand, at time.Duration) int { return order[int(at/turn)%len(order)] }
	}
	var upTo []float64
	total := 0.0
	for _, e := range p.entries {
		total += e.weight
		upTo = append(upTo, total)
	}
	return func(rnd *rand.Rand, _ time.Duration) int {
		n := rnd.Float64() * total
		for i, top := range upTo {
			if n < top {
				return i
			}
		}
		return len(upTo) - 1
	}
}

// arrivalsFrom is how many arrivals are due from a time on.
func (p *plan) arrivalsFrom(at float64) int64 {
	n := 0.0
	for _, x := range p.pieces {
		if x.at >= at-1e-9 {
			n += (x.from + x.to) / 2 * x.span
		}
	}
	return int64(math.Round(n))
}

// machine says what the generator runs on.
func machine() Generator {
	return Generator{Cores: runtime.GOMAXPROCS(0), Version: runtime.Version(), OS: runtime.GOOS + "/" + runtime.GOARCH}
}

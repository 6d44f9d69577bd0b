package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
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
}

// An Answer is what came of one request.
type Answer struct {
	Row     *Row
	Request *http.Request
	Due     time.Time     // when it should have been sent
	Sent    time.Time     // when it was
	Took    time.Duration // from Due to the last byte: waiting for a late generator or a slow edge counts
	Status  int           // 0 without an answer
	Header  http.Header
	Body    []byte
}

// Progress is how a run goes.
type Progress struct {
	Elapsed  time.Duration
	Sent     int64
	Done     int64
	Failed   int64
	Dropped  int64
	InFlight int64
}

// maxAnswer bounds what is read of an answer.
const maxAnswer = 64 << 20

// Run asks until the scenario's time is over or ctx ends, waits for what is under way, and reports.
func Run(ctx context.Context, s *Scenario, o Options) (*Report, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	if o.Send == nil {
		t := &http.Transport{MaxIdleConns: maxInFlight, MaxIdleConnsPerHost: maxInFlight, IdleConnTimeout: time.Minute, DisableCompression: true}
		defer t.CloseIdleConnections()
		o.Send = (&http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do
	}
	most := int64(s.InFlight)
	if most == 0 {
		most = 4096
	}
	timeout := time.Duration(s.Timeout)
	if timeout == 0 {
		timeout = 10 * time.Second
	}
	pick := picker(s)
	rnd := rand.New(rand.NewPCG(s.Seed, 1))
	r := newRecorder(s)
	var sent, dropped, flying atomic.Int64
	var wg sync.WaitGroup
	began := time.Now()
	stop := make(chan struct{})
	if o.Progress != nil {
		go func() {
			tick := time.NewTicker(time.Second)
			defer tick.Stop()
			for {
				select {
				case <-tick.C:
					done, failed := r.counts()
					o.Progress(Progress{time.Since(began), sent.Load(), done, failed, dropped.Load(), flying.Load()})
				case <-stop:
					return
				}
			}
		}()
	}
	every := float64(time.Second) / s.Rate
	for i := int64(0); ; i++ {
		due := began.Add(time.Duration(float64(i) * every))
		if due.Sub(began) >= time.Duration(s.Duration) {
			break
		}
		if wait := time.Until(due); wait > 0 {
			select {
			case <-time.After(wait):
			case <-ctx.Done():
			}
		}
		if ctx.Err() != nil {
			break
		}
		row := &s.Mix[pick(rnd, due.Sub(began))]
		if flying.Load() >= most {
			dropped.Add(1)
			continue
		}
		req, err := s.request(row, o.Base, rnd)
		if err != nil {
			close(stop)
			wg.Wait()
			return nil, err
		}
		sent.Add(1)
		flying.Add(1)
		wg.Go(func() {
			defer flying.Add(-1)
			a := &Answer{Row: row, Request: req, Due: due, Sent: time.Now()}
			err := a.ask(ctx, o.Send, timeout)
			if err == nil && o.Check != nil {
				err = o.Check(a)
			}
			r.add(a, err, o.Failed)
		})
	}
	over := time.Since(began)
	wg.Wait()
	close(stop)
	rep := r.report(s, over)
	rep.Dropped = dropped.Load()
	return rep, nil
}

// ask sends the request and reads the whole answer. The run's end does not cut it off: only its own timeout does.
func (a *Answer) ask(ctx context.Context, send func(*http.Request) (*http.Response, error), timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	defer cancel()
	defer func() { a.Took = time.Since(a.Due) }()
	resp, err := send(a.Request.WithContext(ctx))
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	a.Status, a.Header = resp.StatusCode, resp.Header
	if a.Body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1)); err != nil {
		return fmt.Errorf("the answer broke off: %w", err)
	}
	if len(a.Body) > maxAnswer {
		return errors.New("the answer is longer than 64 MiB")
	}
	if !a.Row.right(a.Status) {
		return fmt.Errorf("status %d", a.Status)
	}
	return nil
}

// picker chooses rows by their weights, or each in turn by the time since the beginning.
func picker(s *Scenario) func(*rand.Rand, time.Duration) int {
	if s.Turn > 0 {
		order := rand.New(rand.NewPCG(s.Seed, 2)).Perm(len(s.Mix))
		return func(_ *rand.Rand, at time.Duration) int { return order[int(at/time.Duration(s.Turn))%len(order)] }
	}
	var upTo []int
	total := 0
	for _, r := range s.Mix {
		total += max(1, r.Weight)
		upTo = append(upTo, total)
	}
	return func(rnd *rand.Rand, _ time.Duration) int {
		n := rnd.IntN(total)
		for i, top := range upTo {
			if n < top {
				return i
			}
		}
		return len(upTo) - 1
	}
}

package load

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// A beside is what goes on beside the requests: samples of counters, the live view, the look at whether it goes wrong.
type beside struct {
	scraper *scraper
	stop    chan struct{}
	wg      sync.WaitGroup
	cpu     time.Duration // of this process when counting began
	on      bool          // counting has begun
}

func (l *loop) beside(ctx context.Context, abort context.CancelCauseFunc, faults *script, start time.Time) *beside {
	s, b := l.p.s, &beside{stop: make(chan struct{})}
	pages := l.o.Metrics
	if pages == nil {
		pages = s.Metrics
	}
	every := s.Sample.or(max(time.Second, s.Length()/60))
	b.scraper = newScraper(pages, l.r.began, every)
	b.wg.Go(func() {
		if !sleep(ctx, time.Until(l.r.began)) {
			return
		}
		b.cpu, b.on = processorTime(), true
		b.scraper.start(context.WithoutCancel(ctx))
	})
	b.wg.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		watch := watcher{abort: s.Abort}
		for {
			select {
			case <-tick.C:
			case <-b.stop:
				return
			}
			p := l.progress(faults, start)
			if why := watch.look(&p); why != "" {
				abort(errors.New("aborted: " + why))
			}
			if l.o.Progress != nil {
				l.o.Progress(p)
			}
		}
	})
	return b
}

// end takes the last samples, and the generator's own processor time. Call it after the context of beside has ended.
func (b *beside) end() ([]Instance, Generator) {
	close(b.stop)
	b.wg.Wait()
	g := machine()
	if !b.on {
		return nil, g
	}
	g.CPU = (processorTime() - b.cpu).Seconds()
	return b.scraper.end(context.Background()), g
}

func (l *loop) progress(faults *script, start time.Time) Progress {
	second, failed, partial, done := l.r.last()
	elapsed := time.Since(start)
	p := Progress{Elapsed: elapsed, Length: time.Duration(l.p.plan.length * float64(time.Second)), Warming: time.Now().Before(l.r.began),
		Sent: l.sent.Load(), Done: done, Failed: failed, Partial: partial, Dropped: l.dropped.Load(), InFlight: l.flying.Load(), Visiting: l.visiting.Load(),
		Rate: l.p.plan.rate(elapsed.Seconds()), Faults: faults.now(), Answers: second.done, SecondFailed: second.failed, SecondPartial: second.partial}
	if second.done > 0 {
		p.P50, p.P99, p.Max = ms(second.times.ValueAtQuantile(50)), ms(second.times.ValueAtQuantile(99)), ms(second.times.Max())
	}
	return p
}

// A watcher looks at each second and says when it is enough.
type watcher struct {
	abort       *Abort
	share, slow int // seconds together
}

// together is how many seconds something must hold.
const together = 3

func (w *watcher) look(p *Progress) string {
	a := w.abort
	if a == nil {
		return ""
	}
	if a.Failed > 0 && p.Failed >= a.Failed {
		return fmt.Sprintf("%d requests failed", p.Failed)
	}
	if p.Elapsed < a.After.or(5*time.Second) {
		return ""
	}
	hold := func(n *int, is bool) bool {
		if *n++; !is {
			*n = 0
		}
		return *n >= together
	}
	if hold(&w.share, a.Share > 0 && p.Answers > 0 && float64(p.SecondFailed) >= a.Share*float64(p.Answers)) {
		return fmt.Sprintf("for %d seconds more than %.0f %% of the answers failed", together, a.Share*100)
	}
	if hold(&w.slow, a.P99 > 0 && p.P99 > time.Duration(a.P99).Seconds()*1000) {
		return fmt.Sprintf("for %d seconds the p99 was above %v", together, a.P99)
	}
	return ""
}

package scripts

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"facet/fault"
	"facet/view"
)

// A stubborn function breaks a limit for as long as it is told to, and counts its runs.
type stubborn struct {
	mu     sync.Mutex
	breaks bool
	runs   int
	broke  func(Break)
}

func (s *stubborn) compute(_ *view.Account, _ [][]byte, dst []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runs++
	if !s.breaks {
		return append(dst, '1'), nil
	}
	s.broke(Break{Function: "Card.badge", Limit: LimitCPU, Kind: fault.Timeout, At: time.Now(), Text: "it had 10ms"})
	return dst, fault.New(fault.Timeout, "Card.badge took too long")
}

func (s *stubborn) Computes() []view.Compute { return []view.Compute{s.compute} }
func (s *stubborn) Batches() []view.Batch    { return []view.Batch{view.Compute(s.compute).Rows()} }
func (s *stubborn) Close()                   {}

func TestQuarantine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var told []Quarantine
		b := NewBreaker("@tv/home", "1.2.3", QuarantineOptions{For: 300 * time.Millisecond, Changed: func(q Quarantine) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, q)
		}})
		s := &stubborn{breaks: true, broke: b.Broke}
		g := Guarded(s, b, func(int) string { return "Card.badge" })
		call := g.Computes()[0]

		began := time.Now()
		for {
			_, err := call(nil, nil, nil)
			if fault.KindOf(err) == fault.Unavailable {
				break
			}
			if time.Since(began) > time.Second {
				t.Fatalf("a package that breaks every call runs after a second")
			}
			time.Sleep(time.Millisecond)
		}
		q, in := b.Quarantine()
		if !in || q.Package != "@tv/home" || q.Version != "1.2.3" || q.Last.Function != "Card.badge" || q.Last.Limit != LimitCPU {
			t.Fatalf("quarantine: %+v, %v", q, in)
		}
		ran := s.runs
		errs, ends := make([]error, 2), make([]int, 2)
		if out := g.Batches()[0](nil, make([][][]byte, 2), []byte("x"), ends, errs); string(out) != "x" || errs[1] == nil || ends[1] != 1 {
			t.Errorf("a batch in quarantine gave %q, %v, %v", out, ends, errs)
		}
		if s.runs != ran {
			t.Errorf("a function ran in quarantine")
		}
		// A trial that fails doubles the time.
		time.Sleep(time.Until(q.Until) + 5*time.Millisecond)
		_, _ = call(nil, nil, nil)
		q, _ = b.Quarantine()
		if q.Times != 2 || time.Until(q.Until) < 400*time.Millisecond {
			t.Errorf("after a failed trial: %d times, %v left", q.Times, time.Until(q.Until))
		}
		// Trials that go well end it.
		s.mu.Lock()
		s.breaks = false
		s.mu.Unlock()
		time.Sleep(time.Until(q.Until) + 5*time.Millisecond)
		for range trials {
			if out, err := call(nil, nil, nil); err != nil || string(out) != "1" {
				t.Fatalf("a trial gave %q, %v", out, err)
			}
		}
		if _, in := b.Quarantine(); in {
			t.Error("three good trials did not end the quarantine")
		}
		mu.Lock()
		defer mu.Unlock()
		if len(told) != 3 || told[0].Times != 1 || told[1].Times != 2 || !told[2].Until.IsZero() {
			t.Errorf("told: %+v", told)
		}
	})
}

// A page that breaks a limit in each of its cells is one break, and a few of them over a long time are no reason.
func TestQuarantineIsForThoseWhoKeepBreaking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBreaker("a", "1.0.0", QuarantineOptions{Breaks: 3, Within: 200 * time.Millisecond})
		s := &stubborn{breaks: true, broke: b.Broke}
		call := Guarded(s, b, func(int) string { return "f" }).Computes()[0]
		for range 400 {
			if _, err := call(nil, nil, nil); fault.KindOf(err) != fault.Timeout {
				t.Fatal(err)
			}
		}
		for range 4 {
			time.Sleep(150 * time.Millisecond)
			if _, err := call(nil, nil, nil); fault.KindOf(err) != fault.Timeout {
				t.Fatal(err)
			}
		}
	})
}

func TestRefusalIsForDevices(t *testing.T) {
	b := NewBreaker("@tv/home", "1.2.3", QuarantineOptions{Breaks: 1})
	b.Broke(Break{Function: "Card.badge", Text: "secret detail"})
	_, err := Guarded(&stubborn{}, b, func(int) string { return "Card.badge" }).Computes()[0](nil, nil, nil)
	var f *fault.Error
	if !errors.As(err, &f) || f.Public() != "the functions of @tv/home are not run for now" {
		t.Errorf("got %v", err)
	}
}

package load_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"facet/loadtest/load"
)

// TestNoCoordinatedOmission stalls a server for 400 ms of two seconds. A closed loop would wait with it and find one slow request;
// here each request that fell due meanwhile has waited, so the stall is a fifth of all times.
func TestNoCoordinatedOmission(t *testing.T) {
	const stall, length = 400 * time.Millisecond, 2 * time.Second
	began := time.Now()
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if at := time.Since(began) - 600*time.Millisecond; at > 0 && at < stall {
			time.Sleep(stall - at)
		}
	}))
	defer srv.Close()
	s := scenario(200, length, load.Row{Name: "a", Path: "/"})
	rep, err := load.Run(t.Context(), s, load.Options{Base: srv.URL})
	if err != nil {
		t.Fatal(err)
	}
	if rep.Total.P99 < 300 || rep.Total.P90 < 150 {
		t.Errorf("p90 %v ms, p99 %v ms: the stall of %v is not in them", rep.Total.P90, rep.Total.P99, stall)
	}
	if rep.Total.P50 > 300 { // a closed stall of all would be its 400 ms; a busy machine has delays of its own
		t.Errorf("p50 %v ms: most requests did not meet the stall", rep.Total.P50)
	}
	if rep.Total.Count != 400 || rep.Planned != 400 || rep.Arrived != 400 {
		t.Errorf("%d answers, %d planned, %d fell due; want 400", rep.Total.Count, rep.Planned, rep.Arrived)
	}
}

// TestCap: what is due while the most requests are in flight is told as dropped, and in which row and second.
func TestCap(t *testing.T) {
	release := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer srv.Close()
	s := scenario(100, 300*time.Millisecond, load.Row{Name: "a", Path: "/"})
	s.InFlight = 5
	time.AfterFunc(500*time.Millisecond, func() { close(release) })
	rep, err := load.Run(t.Context(), s, load.Options{Base: srv.URL})
	if err != nil {
		t.Fatal(err)
	}
	if rep.Total.Count != 5 || rep.Dropped != 25 || rep.Total.Dropped != 25 || rep.Lines[0].Dropped != 25 || rep.Windows[0].Rows["a"].Dropped != 25 {
		t.Errorf("%d answers, %d dropped, lines %+v; want 5 and 25", rep.Total.Count, rep.Dropped, rep.Lines)
	}
}

func TestRequestsEndTheRun(t *testing.T) {
	var asked atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer srv.Close()
	s := scenario(500, 10*time.Second, load.Row{Name: "a", Path: "/"})
	s.Requests = 20
	rep, err := load.Run(t.Context(), s, load.Options{Base: srv.URL})
	if err != nil || rep.Total.Count < 20 || rep.Total.Count > 2500 || rep.Ended != "20 requests were sent" {
		t.Errorf("%v, %+v", err, rep.Total)
	}
}

func TestAbort(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }))
	defer srv.Close()
	s := scenario(100, 30*time.Second, load.Row{Name: "a", Path: "/"})
	s.Abort = &load.Abort{Failed: 30}
	rep, err := load.Run(t.Context(), s, load.Options{Base: srv.URL})
	if err != nil || rep.Total.Failed < 30 || rep.Seconds > 15 || !strings.HasPrefix(rep.Ended, "aborted: ") {
		t.Errorf("%v, ended %q after %v s", err, rep.Ended, rep.Seconds)
	}
}

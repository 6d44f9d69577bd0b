package load

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// A Report is what a run showed. Times are milliseconds, from when a request was due to the last byte of its answer.
type Report struct {
	Scenario string    `json:"scenario"`
	Began    time.Time `json:"began"`
	Seconds  float64   `json:"seconds"` // that requests were sent for
	Rate     float64   `json:"rate"`    // that was asked for
	Reached  float64   `json:"reached"` // requests a second that were sent
	Dropped  int64     `json:"dropped"` // were due while inFlight requests were under way
	Total    Line      `json:"total"`
	Lines    []Line    `json:"lines"` // by row, then status
	// Errors are what failed, by text, with how often; at most maxErrors texts.
	Errors map[string]int64 `json:"errors,omitempty"`
}

// A Line is one row's answers of one status.
type Line struct {
	Row    string  `json:"row"`
	Status string  `json:"status"` // "200", or "none" where no answer came
	Count  int64   `json:"count"`
	Failed int64   `json:"failed"`
	Bytes  int64   `json:"bytes"` // of bodies
	Mean   float64 `json:"mean"`
	P50    float64 `json:"p50"`
	P90    float64 `json:"p90"`
	P99    float64 `json:"p99"`
	P999   float64 `json:"p999"`
	Max    float64 `json:"max"`
}

// maxErrors bounds the texts of Report.Errors; others are counted as "other".
const maxErrors = 50

// A recorder takes answers down from many goroutines.
type recorder struct {
	began time.Time

	mu     sync.Mutex
	lines  map[lineKey]*series
	total  *series
	errors map[string]int64
}

type lineKey struct {
	row    string
	status int
}

type series struct {
	times  *hdrhistogram.Histogram // microseconds
	failed int64
	bytes  int64
}

func newSeries() *series {
	const longest = 10 * time.Minute
	return &series{times: hdrhistogram.New(1, longest.Microseconds(), 3)}
}

func (s *series) add(a *Answer, err error) {
	_ = s.times.RecordValue(min(max(1, a.Took.Microseconds()), s.times.HighestTrackableValue())) // it is within the bounds
	s.bytes += int64(len(a.Body))
	if err != nil {
		s.failed++
	}
}

func newRecorder(*Scenario) *recorder {
	return &recorder{began: time.Now(), lines: map[lineKey]*series{}, total: newSeries(), errors: map[string]int64{}}
}

func (r *recorder) add(a *Answer, err error, failed func(*Answer, error)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := lineKey{a.Row.Name, a.Status}
	if r.lines[key] == nil {
		r.lines[key] = newSeries()
	}
	r.lines[key].add(a, err)
	r.total.add(a, err)
	if err == nil {
		return
	}
	text := a.Row.Name + ": " + err.Error()
	if _, known := r.errors[text]; !known && len(r.errors) >= maxErrors {
		text = "other"
	}
	r.errors[text]++
	if failed != nil {
		failed(a, err)
	}
}

func (r *recorder) counts() (done, failed int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.total.times.TotalCount(), r.total.failed
}

func (r *recorder) report(s *Scenario, over time.Duration) *Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := &Report{Scenario: s.Name, Began: r.began.UTC(), Seconds: over.Seconds(), Rate: s.Rate, Total: r.total.line("all", ""), Errors: r.errors}
	if over > 0 {
		out.Reached = float64(r.total.times.TotalCount()) / over.Seconds()
	}
	for key, line := range r.lines {
		status := "none"
		if key.status != 0 {
			status = fmt.Sprint(key.status)
		}
		out.Lines = append(out.Lines, line.line(key.row, status))
	}
	slices.SortFunc(out.Lines, func(a, b Line) int {
		return cmp.Or(strings.Compare(a.Row, b.Row), strings.Compare(a.Status, b.Status))
	})
	return out
}

func (s *series) line(row, status string) Line {
	ms := func(us int64) float64 { return float64(us) / 1000 }
	h := s.times
	return Line{
		Row: row, Status: status, Count: h.TotalCount(), Failed: s.failed, Bytes: s.bytes, Mean: h.Mean() / 1000,
		P50: ms(h.ValueAtQuantile(50)), P90: ms(h.ValueAtQuantile(90)), P99: ms(h.ValueAtQuantile(99)), P999: ms(h.ValueAtQuantile(99.9)), Max: ms(h.Max()),
	}
}

// Print writes the report for people.
func (r *Report) Print(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %.1f s, %.1f requests a second of %.1f asked for", cmp.Or(r.Scenario, "load"), r.Seconds, r.Reached, r.Rate)
	if r.Dropped > 0 {
		fmt.Fprintf(&b, ", %d dropped", r.Dropped)
	}
	width := len("row")
	for _, l := range r.Lines {
		width = max(width, len(l.Row))
	}
	fmt.Fprintf(&b, "\n\n%-*s  %6s %9s %7s %9s %9s %9s %9s %9s\n", width, "row", "status", "count", "failed", "p50 ms", "p90", "p99", "p99.9", "max")
	for _, l := range append(slices.Clone(r.Lines), r.Total) {
		fmt.Fprintf(&b, "%-*s  %6s %9d %7d %9.2f %9.2f %9.2f %9.2f %9.2f\n", width, l.Row, l.Status, l.Count, l.Failed, l.P50, l.P90, l.P99, l.P999, l.Max)
	}
	if len(r.Errors) > 0 {
		b.WriteString("\nfailed:\n")
		for _, text := range slices.Sorted(maps.Keys(r.Errors)) {
			fmt.Fprintf(&b, "  %6d  %s\n", r.Errors[text], text)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

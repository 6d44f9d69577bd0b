package load

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// maxErrors bounds the texts of Report.Errors; others are counted as "other".
const maxErrors = 50

// mostWindows bounds Report.Windows: when a run is longer, windows become twice as long.
const mostWindows = 600

// A recorder takes answers down from many goroutines.
type recorder struct {
	began time.Time // when counting began: after the warmup

	mu       sync.Mutex
	lines    map[lineKey]*series
	total    *series
	sessions map[*entry]*visits
	errors   map[string]int64
	late     *hdrhistogram.Histogram
	dropped  map[string]int64 // by label
	window   time.Duration
	windows  []Window
	second   second
}

type lineKey struct {
	label, row, device, view string
	status                   int
}

type series struct {
	times                             *hdrhistogram.Histogram // microseconds
	failed, partial, degraded, events int64
	bytes                             int64
}

// visits are the sessions of one kind.
type visits struct {
	begun, finished, failed, cut int64
	whole                        *series
}

// A second is what was answered since the live view last asked.
type second struct {
	times                 *hdrhistogram.Histogram
	done, failed, partial int64
}

// longest is the greatest time that is told apart.
const longest = 10 * time.Minute

func newSeries() *series { return &series{times: newTimes()} }

func newTimes() *hdrhistogram.Histogram { return hdrhistogram.New(1, longest.Microseconds(), 3) }

func microseconds(d time.Duration) int64 {
	return min(max(1, d.Microseconds()), longest.Microseconds())
}

func (s *series) add(a *Answer, err error) {
	_ = s.times.RecordValue(microseconds(a.Took)) // it is within the bounds
	s.bytes += a.size
	s.events += a.events
	if err != nil {
		s.failed++
	}
	if a.Partial != "" {
		s.partial++
	}
	if a.degraded {
		s.degraded++
	}
}

func newRecorder(began time.Time) *recorder {
	return &recorder{began: began, lines: map[lineKey]*series{}, total: newSeries(), sessions: map[*entry]*visits{}, errors: map[string]int64{},
		late: newTimes(), dropped: map[string]int64{}, window: time.Second, second: second{times: newTimes()}}
}

func (r *recorder) add(st *step, a *Answer, err error, failed func(*Answer, error)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	took := microseconds(a.Took)
	_ = r.second.times.RecordValue(took) // it is within the bounds
	r.second.done++
	if err != nil {
		r.second.failed++
	}
	if a.Partial != "" {
		r.second.partial++
	}
	if a.Due.Before(r.began) { // the warmup
		return
	}
	key := lineKey{st.label, st.rowName(), st.device, st.view, a.Status}
	if r.lines[key] == nil {
		r.lines[key] = newSeries()
	}
	r.lines[key].add(a, err)
	r.total.add(a, err)
	_ = r.late.RecordValue(microseconds(a.Sent.Sub(a.Due))) // it is within the bounds
	cell := r.cell(a.Due, st.label)
	cell.Count++
	cell.Times[digits(took)]++
	if a.Partial != "" {
		cell.Partial++
		if err == nil {
			r.tell(st.label + ": an answer with errors: " + a.Partial)
		}
	}
	if err == nil {
		return
	}
	cell.Failed++
	r.tell(st.label + ": " + says(err))
	if failed != nil {
		failed(a, err)
	}
}

func (r *recorder) tell(text string) {
	if _, known := r.errors[text]; !known && len(r.errors) >= maxErrors {
		text = "other"
	}
	r.errors[text]++
}

// trouble counts what ended a session though its answer was right.
func (r *recorder) trouble(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tell(text)
}

// drop counts a request that was due and not sent.
func (r *recorder) drop(label string, due time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !due.Before(r.began) {
		r.dropped[label]++
		r.cell(due, label).Dropped++
	}
}

// rowName is the row's name, a step's with its session's.
func (st *step) rowName() string {
	if _, rest, ok := strings.Cut(st.label, "/"); ok && st.inDevice {
		return rest
	}
	return st.label
}

// digits leaves three digits of a number.
func digits(n int64) int64 {
	for unit := int64(1); ; unit *= 10 {
		if n < 1000*unit {
			return (n + unit/2) / unit * unit
		}
	}
}

// cell is where a time counts.
func (r *recorder) cell(due time.Time, label string) *Cell {
	at := int(due.Sub(r.began) / r.window)
	for at >= mostWindows {
		r.fold()
		at = int(due.Sub(r.began) / r.window)
	}
	for len(r.windows) <= at {
		r.windows = append(r.windows, Window{At: float64(len(r.windows)) * r.window.Seconds(), Rows: map[string]*Cell{}})
	}
	c := r.windows[at].Rows[label]
	if c == nil {
		c = &Cell{Times: Bins{}}
		r.windows[at].Rows[label] = c
	}
	return c
}

// fold makes one window of each two.
func (r *recorder) fold() {
	r.window *= 2
	var out []Window
	for i, w := range r.windows {
		if i%2 == 0 {
			out = append(out, w)
			continue
		}
		into := out[len(out)-1].Rows
		for label, c := range w.Rows {
			have := into[label]
			if have == nil {
				into[label] = c
				continue
			}
			have.Count, have.Failed, have.Partial, have.Dropped = have.Count+c.Count, have.Failed+c.Failed, have.Partial+c.Partial, have.Dropped+c.Dropped
			for us, n := range c.Times {
				have.Times[us] += n
			}
		}
	}
	r.windows = out
}

// visit counts a session that ended.
func (r *recorder) visit(e *entry, due time.Time, took time.Duration, failed, cut bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if due.Before(r.began) {
		return
	}
	v := r.sessions[e]
	if v == nil {
		v = &visits{whole: newSeries()}
		r.sessions[e] = v
	}
	v.begun++
	switch {
	case failed:
		v.failed++
	case cut:
		v.cut++
	default:
		v.finished++
		_ = v.whole.times.RecordValue(microseconds(took)) // it is within the bounds
	}
}

// last gives and forgets what was answered since it was last asked.
func (r *recorder) last() (s second, failed, partial, done int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s = r.second
	r.second = second{times: newTimes()}
	return s, r.total.failed, r.total.partial, r.total.times.TotalCount()
}

// report puts together what was recorded, after everything is answered.
func (r *recorder) report(p *program, over time.Duration) *Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := &Report{Schema: Schema, Scenario: p.s.Name, Began: r.began.UTC(), Seconds: over.Seconds(), Total: r.total.line("all", ""), Errors: r.errors,
		WindowSeconds: r.window.Seconds(), Windows: r.windows,
		Late: Late{ms(r.late.ValueAtQuantile(50)), ms(r.late.ValueAtQuantile(99)), ms(r.late.Max())}}
	if over > 0 {
		out.Reached = float64(r.total.times.TotalCount()) / over.Seconds()
	}
	for key, s := range r.lines {
		status := "none"
		if key.status != 0 {
			status = fmt.Sprint(key.status)
		}
		l := s.line(key.row, status)
		l.Key, l.Device, l.View = key.label, key.device, key.view
		out.Lines = append(out.Lines, l)
	}
	slices.SortFunc(out.Lines, func(a, b Line) int {
		return cmp.Or(strings.Compare(a.Device, b.Device), strings.Compare(a.Row, b.Row), strings.Compare(a.Status, b.Status))
	})
	for _, label := range slices.Sorted(maps.Keys(r.dropped)) {
		out.Dropped += r.dropped[label]
		i := slices.IndexFunc(out.Lines, func(l Line) bool { return l.Key == label })
		if i < 0 { // none of its requests was sent
			i = len(out.Lines)
			out.Lines = append(out.Lines, Line{Key: label, Row: label, Status: "none"})
		}
		out.Lines[i].Dropped = r.dropped[label]
	}
	out.Total.Dropped = out.Dropped
	for _, e := range p.entries {
		v := r.sessions[e]
		if v == nil {
			continue
		}
		s := Session{Row: e.row.Name, Device: e.steps[0].device, Begun: v.begun, Finished: v.finished, Failed: v.failed, Cut: v.cut}
		s.Whole = v.whole.line(e.row.Name, "")
		out.Sessions = append(out.Sessions, s)
	}
	return out
}

func ms(us int64) float64 { return float64(us) / 1000 }

func (s *series) line(row, status string) Line {
	h := s.times
	l := Line{Row: row, Status: status, Count: h.TotalCount(), Failed: s.failed, Partial: s.partial, Degraded: s.degraded, Events: s.events, Bytes: s.bytes}
	if l.Count == 0 {
		return l
	}
	l.times(h)
	if text, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase); err == nil {
		l.Histogram = string(text)
	}
	return l
}

func (l *Line) times(h *hdrhistogram.Histogram) {
	l.Mean = h.Mean() / 1000
	for _, q := range []struct {
		at   float64
		into *float64
	}{{50, &l.P50}, {75, &l.P75}, {90, &l.P90}, {95, &l.P95}, {99, &l.P99}, {99.9, &l.P999}, {99.99, &l.P9999}} {
		*q.into = ms(h.ValueAtQuantile(q.at))
	}
	l.Max = ms(h.Max())
}

// Times is a line's histogram, in microseconds; an empty one if it has none.
func (l *Line) Times() (*hdrhistogram.Histogram, error) {
	if l.Histogram == "" {
		return newTimes(), nil
	}
	return hdrhistogram.Decode([]byte(l.Histogram))
}

// Merge is one line of several: counts are summed, times are those of all. Names are the first line's.
func Merge(lines ...Line) (Line, error) {
	if len(lines) == 0 {
		return Line{}, nil
	}
	first := lines[0]
	out, all := Line{Key: first.Key, Row: first.Row, Device: first.Device, View: first.View, Status: first.Status}, newTimes()
	for i := range lines {
		l := &lines[i]
		h, err := l.Times()
		if err != nil {
			return out, fmt.Errorf("the histogram of %s cannot be read: %w", l.Row, err)
		}
		all.Merge(h)
		out.Count, out.Failed, out.Partial, out.Degraded = out.Count+l.Count, out.Failed+l.Failed, out.Partial+l.Partial, out.Degraded+l.Degraded
		out.Dropped, out.Events, out.Bytes = out.Dropped+l.Dropped, out.Events+l.Events, out.Bytes+l.Bytes
	}
	if out.Count > 0 {
		out.times(all)
		if text, err := all.Encode(hdrhistogram.V2CompressedEncodingCookieBase); err == nil {
			out.Histogram = string(text)
		}
	}
	return out, nil
}

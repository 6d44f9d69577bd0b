package load

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// Schema is the version of a report's JSON. It changes when a field's meaning does, or a field goes; new fields leave it.
const Schema = 1

// A Report is what a run showed. Times are milliseconds, from when a request was due to the last byte of its answer.
type Report struct {
	Schema   int       `json:"schema"`
	Scenario string    `json:"scenario"`
	Began    time.Time `json:"began"`
	Seconds  float64   `json:"seconds"` // that requests were sent for, without the warmup
	Rate     float64   `json:"rate"`    // arrivals a second that were asked for, in the mean
	Reached  float64   `json:"reached"` // requests a second that were sent
	// Planned is how many arrivals were due by the plan; Arrived of them fell due before the run ended.
	Planned int64 `json:"planned"`
	Arrived int64 `json:"arrived"`
	Dropped int64 `json:"dropped"` // were due while inFlight requests were under way, and never sent
	// Ended says why the run ended before its time; "" if it did not.
	Ended string `json:"ended,omitempty"`
	Total Line   `json:"total"`
	Lines []Line `json:"lines"` // by device, row, then status
	// Errors are what failed, and what answers had errors, by text, with how often; at most maxErrors texts.
	Errors   map[string]int64 `json:"errors,omitempty"`
	Sessions []Session        `json:"sessions,omitempty"`
	// Late is how late requests were sent, in ms: how far the generator itself could not keep up. It is part of all other times.
	Late Late `json:"late"`
	// WindowSeconds is how long each of Windows is.
	WindowSeconds float64    `json:"windowSeconds"`
	Windows       []Window   `json:"windows,omitempty"`
	Faults        []Happened `json:"faults,omitempty"`
	Instances     []Instance `json:"instances,omitempty"`
	Generator     Generator  `json:"generator"`
}

// A Line is one row's answers of one status.
type Line struct {
	Key      string  `json:"key,omitempty"` // its name in windows: "device/row" where the scenario has devices
	Row      string  `json:"row"`
	Device   string  `json:"device,omitempty"`
	View     string  `json:"view,omitempty"` // or the operation
	Status   string  `json:"status"`         // "200", or "none" where no answer came
	Count    int64   `json:"count"`
	Failed   int64   `json:"failed"`
	Partial  int64   `json:"partial,omitempty"`  // answers with errors within them, beside those that failed
	Degraded int64   `json:"degraded,omitempty"` // answers with a default in them
	Dropped  int64   `json:"dropped,omitempty"`  // stands in one line of a row
	Events   int64   `json:"events,omitempty"`   // of streams
	Bytes    int64   `json:"bytes"`              // of bodies
	Mean     float64 `json:"mean"`
	P50      float64 `json:"p50"`
	P75      float64 `json:"p75"`
	P90      float64 `json:"p90"`
	P95      float64 `json:"p95"`
	P99      float64 `json:"p99"`
	P999     float64 `json:"p999"`
	P9999    float64 `json:"p9999"`
	Max      float64 `json:"max"`
	// Histogram is all times in microseconds, as HdrHistogram's V2 compressed encoding in base64.
	Histogram string `json:"histogram,omitempty"`
}

// A Session is what became of one kind of session.
type Session struct {
	Row      string `json:"row"`
	Device   string `json:"device,omitempty"`
	Begun    int64  `json:"begun"`
	Finished int64  `json:"finished"`
	Failed   int64  `json:"failed"` // a step failed, so the rest was not asked
	Cut      int64  `json:"cut"`    // the run was over, or a step was dropped
	Whole    Line   `json:"whole"`  // of sessions that finished, think time in it
}

// Late is how late requests were sent.
type Late struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// A Window is what fell due within WindowSeconds, by row ("device/row").
type Window struct {
	At   float64          `json:"at"` // seconds since the beginning, without the warmup
	Rows map[string]*Cell `json:"rows"`
}

// A Cell is one row's part of a window.
type Cell struct {
	Count   int64 `json:"count"`
	Failed  int64 `json:"failed,omitempty"`
	Partial int64 `json:"partial,omitempty"`
	Dropped int64 `json:"dropped,omitempty"`
	Times   Bins  `json:"times,omitempty"`
}

// Bins are times in microseconds, of three digits, with how often.
type Bins map[int64]int64

// Happened is what a scenario's script did.
type Happened struct {
	Note   string  `json:"note"`
	At     float64 `json:"at"`     // seconds since the beginning, without the warmup
	Until  float64 `json:"until"`  // when it was undone; the run's end if never
	Status int     `json:"status"` // what the hook answered; 0 for none
	Error  string  `json:"error,omitempty"`
}

// Generator is what asked.
type Generator struct {
	CPU     float64 `json:"cpuSeconds"` // of this process, while requests were sent
	Cores   int     `json:"cores"`
	Version string  `json:"goVersion"`
	OS      string  `json:"os"`
}

// Print writes the table of the report, for people. The report package writes more.
func (r *Report) Print(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %.1f s, %.1f requests a second, %.1f arrivals asked for", cmp.Or(r.Scenario, "load"), r.Seconds, r.Reached, r.Rate)
	if r.Dropped > 0 {
		fmt.Fprintf(&b, ", %d dropped", r.Dropped)
	}
	width := len("row")
	for _, l := range r.Lines {
		width = max(width, len(l.Row))
	}
	fmt.Fprintf(&b, "\n\n%-*s  %6s %9s %7s %7s %9s %9s %9s %9s %9s\n", width, "row", "status", "answers", "failed", "errors", "p50 ms", "p90", "p99", "p99.9", "max")
	for _, l := range append(slices.Clone(r.Lines), r.Total) {
		fmt.Fprintf(&b, "%-*s  %6s %9d %7d %7d %9.2f %9.2f %9.2f %9.2f %9.2f\n", width, l.Row, l.Status, l.Count, l.Failed, l.Partial, l.P50, l.P90, l.P99, l.P999, l.Max)
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

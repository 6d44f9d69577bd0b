package scale

import (
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"
)

// A Verdict holds a figure against its bar.
type Verdict struct {
	What string `json:"what"`
	Bar  string `json:"bar"`
	Got  string `json:"got"`
	OK   bool   `json:"ok"`
}

// The bars of a run of 10,000 versions.
const (
	mostResident = 400 << 20
	mostRatio    = 1.1
	mostPagedIn  = 20.0 // ms
	mostReady    = 5 * time.Second
)

// Verdicts are the figures that have bars.
func (r *Result) Verdicts() []Verdict {
	return []Verdict{
		{"ready from a warm disk", "<= 5 s", fmt.Sprintf("%.2f s (%.2f s of processor)", r.Ready.Seconds(), r.ReadyCPU.Seconds()), r.Ready <= mostReady},
		{"resident throughout", "<= 400 MB", megabytes(r.Peak), r.Peak <= mostResident},
		{"CPU per request over that of ten versions", "<= 1.10", fmt.Sprintf("%.3f (stretches %s)", r.Ratio, span(r.Ratios)), r.Ratio <= mostRatio},
		{"first request after a page-out, p95", "<= 20 ms", fmt.Sprintf("%.1f ms (%d requests, %.0f opened)", r.PagedIn.P95, r.PagedIn.Count, r.PagedOpen), r.PagedIn.P95 <= mostPagedIn},
	}
}

func megabytes(n int64) string { return fmt.Sprintf("%.0f MB", float64(n)/(1<<20)) }

func span(list []float64) string {
	var s []string
	for _, x := range list {
		s = append(s, fmt.Sprintf("%.2f", x))
	}
	return strings.Join(s, " ")
}

// Print writes the result for people.
func (r *Result) Print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintf(w, "%d package versions, seed %d, %d %% of them with a function of the engine's; %s; load %s\n", r.Versions, r.Seed, r.Script, r.Program, r.Load)
	fmt.Fprintf(w, "figure\tbar\tmeasured\t\n")
	for _, v := range r.Verdicts() {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", v.What, v.Bar, v.Got, map[bool]string{true: "met", false: "MISSED"}[v.OK])
	}
	row := func(what, format string, a ...any) { fmt.Fprintf(w, "%s\t\t%s\t\n", what, fmt.Sprintf(format, a...)) }
	row("ready at this program's first start", "%.2f s%s", r.Start.Seconds(), map[bool]string{true: ", from an empty disk"}[r.Empty])
	row("resident at rest; all asked once; of ten versions", "%s; %s; %s", megabytes(r.RestRSS), megabytes(r.FirstRSS), megabytes(r.FewRSS))
	row("one request to each", "p50 %.1f ms, p95 %.1f, p99 %.1f, most %.1f", r.First.P50, r.First.P95, r.First.P99, r.First.Max)
	row("first request after a page-out", "p50 %.1f ms, p95 %.1f, p99 %.1f, most %.1f", r.PagedIn.P50, r.PagedIn.P95, r.PagedIn.P99, r.PagedIn.Max)
	failed := 0
	for _, s := range append(append([]Sample(nil), r.Many...), r.Few...) {
		failed += s.Failed
	}
	row("schemas open at the end; requests that failed", "%.0f; %d", r.Open, failed)
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w, "\nstretch\tversions\trequests\tCPU ms/request\tp50 ms\tp99 ms\topened\tcollections\tbytes/answer")
	for i := range r.Few {
		line(w, 2*i, fmt.Sprint(fewVersions), &r.Few[i])
		if i < len(r.Many) {
			line(w, 2*i+1, fmt.Sprint(r.Versions), &r.Many[i])
		}
	}
	return w.Flush()
}

func line(w io.Writer, n int, versions string, s *Sample) {
	fmt.Fprintf(w, "%d\t%s\t%d\t%.3f\t%.2f\t%.2f\t%.0f\t%.0f\t%.0f\n", n+1, versions, s.Requests, s.CPU, s.Times.P50, s.Times.P99, s.Opened, s.GCs, s.Bytes)
}

// average is the machine's load over a minute, where there is one to read.
func average() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Fields(string(b))[0]
}

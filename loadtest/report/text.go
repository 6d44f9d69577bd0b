package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"facet/loadtest/load"
)

// Text writes a report for people, in columns.
func Text(w io.Writer, r *load.Report) error {
	t := &text{}
	t.head(r)
	if err := t.rows(r); err != nil {
		return err
	}
	t.sessions(r)
	t.server(r)
	t.happened(r)
	t.failures(r)
	_, err := io.WriteString(w, t.b.String())
	return err
}

type text struct{ b strings.Builder }

func (t *text) line(format string, args ...any) { fmt.Fprintf(&t.b, format+"\n", args...) }

// table writes cells in columns; all but the first of left are to the right.
func (t *text) table(left int, rows [][]string) {
	widths := []int{}
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-len([]rune(cell)))
			if i > 0 {
				line.WriteString("  ")
			}
			if i < left {
				line.WriteString(cell + pad)
			} else {
				line.WriteString(pad + cell)
			}
		}
		t.line("%s", strings.TrimRight(line.String(), " "))
	}
}

func (t *text) head(r *load.Report) {
	t.line("%s: %.1f s from %s", cmp.Or(r.Scenario, "load"), r.Seconds, r.Began.Format(time.DateTime))
	if r.Ended != "" {
		t.line("ENDED EARLY: %s", r.Ended)
	}
	t.line("")
	w := tabwriter.NewWriter(&t.b, 0, 0, 3, ' ', 0)
	fmt.Fprintf(w, "asked for\t%s arrivals/s\t%s planned, %s fell due\n", brief(r.Rate), commas(r.Planned), commas(r.Arrived))
	fmt.Fprintf(w, "sent\t%s requests/s\t%s answered or failed, %s dropped at the cap of requests in flight\n", brief(r.Reached), commas(r.Total.Count), commas(r.Dropped))
	fmt.Fprintf(w, "failed\t%s\t%s of %s; %s answers with errors in them, %s with defaults\n", percent(r.Total.Failed, r.Total.Count),
		commas(r.Total.Failed), commas(r.Total.Count), commas(r.Total.Partial), commas(r.Total.Degraded))
	fmt.Fprintf(w, "generator\t%s cores of %d\tsent late by p50 %s ms, p99 %s ms, at most %s ms; %s, %s\n", brief(r.Generator.CPU/max(r.Seconds, 1e-9)), r.Generator.Cores,
		brief(r.Late.P50), brief(r.Late.P99), brief(r.Late.Max), r.Generator.Version, r.Generator.OS)
	_ = w.Flush() // into memory
	if why := unfit(r); why != "" {
		t.line("NOTE: %s", why)
	}
}

// unfit says why the generator's own figures make the others doubtful.
func unfit(r *load.Report) string {
	if r.Total.Count >= 100 && r.Late.P99 > 10 && r.Late.P99 > r.Total.P50/2 {
		return fmt.Sprintf("the generator itself was late by %s ms in one of a hundred requests: it, not the edge, may be what these times show", brief(r.Late.P99))
	}
	return ""
}

var timeColumns = []string{"p50 ms", "p90", "p95", "p99", "p99.9", "p99.99", "max"}

func times(l *load.Line) []string {
	var out []string
	for _, v := range []float64{l.P50, l.P90, l.P95, l.P99, l.P999, l.P9999, l.Max} {
		out = append(out, brief(v))
	}
	return out
}

func counts(l *load.Line) []string {
	size := "0"
	if l.Count > 0 {
		size = brief(float64(l.Bytes) / float64(l.Count) / 1000)
	}
	return []string{commas(l.Count), commas(l.Failed), commas(l.Partial), commas(l.Dropped), size}
}

var countColumns = []string{"answers", "failed", "errors", "dropped", "KB"}

func (t *text) rows(r *load.Report) error {
	t.line("")
	rows := [][]string{slices.Concat([]string{"device", "row", "view", "status"}, countColumns, timeColumns)}
	for i := range r.Lines {
		l := &r.Lines[i]
		rows = append(rows, slices.Concat([]string{l.Device, l.Row, l.View, l.Status}, counts(l), times(l)))
	}
	rows = append(rows, slices.Concat([]string{"all", "", "", ""}, counts(&r.Total), times(&r.Total)))
	t.table(4, rows)
	for _, g := range []struct {
		what string
		name func(*load.Line) string
	}{{"device", func(l *load.Line) string { return l.Device }}, {"status", func(l *load.Line) string { return l.Status }}} {
		lines, err := groups(r.Lines, g.name)
		if err != nil {
			return err
		}
		if len(lines) < 2 {
			continue
		}
		t.line("")
		rows := [][]string{slices.Concat([]string{"by " + g.what}, countColumns, timeColumns)}
		for i := range lines {
			rows = append(rows, slices.Concat([]string{cmp.Or(lines[i].Row, "-")}, counts(&lines[i]), times(&lines[i])))
		}
		t.table(1, rows)
	}
	return nil
}

func (t *text) sessions(r *load.Report) {
	if len(r.Sessions) == 0 {
		return
	}
	t.line("")
	rows := [][]string{{"device", "session", "begun", "finished", "failed", "cut", "p50 s", "p99 s"}}
	for _, s := range r.Sessions {
		rows = append(rows, []string{s.Device, s.Row, commas(s.Begun), commas(s.Finished), commas(s.Failed), commas(s.Cut), brief(s.Whole.P50 / 1000), brief(s.Whole.P99 / 1000)})
	}
	t.table(2, rows)
}

// costRows are the figures of instances, one row each.
func costRows(costs []Cost) [][]string {
	rows := [][]string{{"server"}}
	for _, c := range costs {
		rows[0] = append(rows[0], c.Name)
	}
	row := func(name string, value func(c *Cost) (string, bool)) {
		cells, told := []string{name}, false
		for i := range costs {
			text, ok := value(&costs[i])
			cells, told = append(cells, text), told || ok
		}
		if told {
			rows = append(rows, cells)
		}
	}
	number := func(name string, of func(c *Cost) float64) {
		row(name, func(c *Cost) (string, bool) { v := of(c); return brief(v), v != 0 })
	}
	whole := func(name string, of func(c *Cost) float64) {
		row(name, func(c *Cost) (string, bool) { v := of(c); return commas(int64(v + 0.5)), v != 0 })
	}
	whole("requests it counted", func(c *Cost) float64 { return c.Requests })
	number("CPU s for 1,000 requests", func(c *Cost) float64 { return c.CPU })
	number("  of it computed functions", func(c *Cost) float64 { return c.Scripts })
	number("cores busy", func(c *Cost) float64 { return c.Cores })
	number("tier calls a request", func(c *Cost) float64 { return c.Calls })
	number("levels a request", func(c *Cost) float64 { return c.Levels })
	number("KB of tiers a request", func(c *Cost) float64 { return c.TierKB })
	row("cache hits", func(c *Cost) (string, bool) { return brief(max(0, c.HitShare)*100) + " %", c.HitShare >= 0 })
	number("KB allocated a request", func(c *Cost) float64 { return c.Allocated })
	number("resident MB at most", func(c *Cost) float64 { return c.RSS })
	number("heap MB at most", func(c *Cost) float64 { return c.Heap })
	number("collections a second", func(c *Cost) float64 { return c.GCs })
	number("GC pause ms a second", func(c *Cost) float64 { return c.GCPause })
	whole("answers with defaults", func(c *Cost) float64 { return c.Degraded })
	whole("refused", func(c *Cost) float64 { return c.Refused })
	return rows
}

func (t *text) server(r *load.Report) {
	if costs := Costs(r); len(costs) > 0 {
		t.line("")
		t.table(1, costRows(costs))
	}
	for _, i := range r.Instances {
		if i.Trouble != "" {
			t.line("no figures of %s: %s", i.Name, i.Trouble)
		}
	}
}

func (t *text) happened(r *load.Report) {
	if len(r.Faults) == 0 {
		return
	}
	t.line("\ndone to the world")
	for _, f := range r.Faults {
		t.line("  %7.1f s to %7.1f s  %s", f.At, f.Until, f.Note)
		if f.Error != "" {
			t.line("      %s", f.Error)
		}
	}
}

func (t *text) failures(r *load.Report) {
	if len(r.Errors) == 0 {
		return
	}
	t.line("\nwhat failed, and what answers had errors")
	names := slices.Sorted(maps.Keys(r.Errors))
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(r.Errors[b], r.Errors[a]) })
	for _, name := range names {
		t.line("  %9s  %s", commas(r.Errors[name]), name)
	}
}

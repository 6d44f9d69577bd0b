package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"facet/loadtest/load"
)

// mostCurves is how many rows have a curve of their own.
const mostCurves = 6

// percentiles is the curve of HdrHistogram: the further right, the rarer.
func percentiles(r *load.Report) (*chart, error) {
	c := &chart{title: "Latency by percentile", x: axis{name: "percentile", min: 0}, y: axis{name: "ms", log: true}}
	decades := 1.0
	rows, err := groups(r.Lines, func(l *load.Line) string { return cmp.Or(l.Key, l.Row) })
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(rows, func(a, b load.Line) int { return cmp.Compare(b.Count, a.Count) })
	if len(rows) > mostCurves {
		c.note = fmt.Sprintf("the %d rows of %d with the most answers", mostCurves, len(rows))
		rows = rows[:mostCurves]
	}
	lines := []load.Line{r.Total}
	lines[0].Row = "all"
	if len(rows) > 1 {
		lines = append(lines, rows...)
	}
	for i := range lines {
		h, err := lines[i].Times()
		if err != nil {
			return nil, err
		}
		n := float64(h.TotalCount())
		if n == 0 {
			continue
		}
		k := curve{name: lines[i].Row, class: fmt.Sprintf("c%d", i+1)}
		for at := 0.0; ; at += 0.04 { // at decades of 1/(1-q)
			at = min(at, max(0.31, math.Log10(n)))
			k.points = append(k.points, point{at, float64(h.ValueAtQuantile(100*(1-math.Pow(10, -at)))) / 1000})
			if at >= max(0.31, math.Log10(n)) {
				break
			}
		}
		decades = max(decades, k.points[len(k.points)-1].x)
		c.curves = append(c.curves, k)
	}
	slices.Reverse(c.curves) // all of them together lies on top
	c.x.max = decades
	c.x.ticks = []tick{{math.Log10(2), "50 %"}}
	for d := 1; float64(d) <= decades; d++ {
		c.x.ticks = append(c.x.ticks, tick{float64(d), fmt.Sprintf("%.*f %%", max(0, d-2), 100*(1-math.Pow(10, -float64(d))))})
	}
	return c, nil
}

// A moment is all rows of a window together.
type moment struct {
	at                              float64
	count, failed, partial, dropped int64
	p50, p90, p99, max              float64 // ms
}

// moments merges the rows of windows. The last window is left out when it is not whole.
func moments(r *load.Report) []moment {
	var out []moment
	for _, w := range r.Windows {
		m, all := moment{at: w.At}, load.Bins{}
		if len(out) > 0 && w.At+r.WindowSeconds > r.Seconds+0.05*r.WindowSeconds && w.At+r.WindowSeconds*0.5 > r.Seconds {
			continue
		}
		for _, c := range w.Rows {
			m.count, m.failed, m.partial, m.dropped = m.count+c.Count, m.failed+c.Failed, m.partial+c.Partial, m.dropped+c.Dropped
			for us, n := range c.Times {
				all[us] += n
			}
		}
		q := quantiles(all, 0.5, 0.9, 0.99, 1)
		m.p50, m.p90, m.p99, m.max = q[0], q[1], q[2], q[3]
		out = append(out, m)
	}
	return out
}

// quantiles are in ms; of no times, 0.
func quantiles(b load.Bins, qs ...float64) []float64 {
	type bin struct{ us, n int64 }
	var bins []bin
	total := int64(0)
	for us, n := range b {
		bins, total = append(bins, bin{us, n}), total+n
	}
	slices.SortFunc(bins, func(a, b bin) int { return cmp.Compare(a.us, b.us) })
	out := make([]float64, len(qs))
	for i, q := range qs {
		need, have := int64(math.Ceil(q*float64(total))), int64(0)
		for _, x := range bins {
			if have += x.n; have >= need {
				out[i] = float64(x.us) / 1000
				break
			}
		}
	}
	return out
}

// bands are the faults, for a time axis.
func bands(r *load.Report) []band {
	var out []band
	for _, f := range r.Faults {
		out = append(out, band{f.At, f.Until, fmt.Sprintf("%s, %.1f s to %.1f s", f.Note, f.At, f.Until)})
	}
	return out
}

// overTime is a chart of the whole run and of the wait for its last answers: all have one axis, so that what is shaded stands below each other.
func overTime(r *load.Report, title, unit string) *chart {
	end := max(r.Seconds, 1e-3)
	for i := range r.Instances {
		if n := len(r.Instances[i].Samples); n > 0 {
			end = max(end, r.Instances[i].Samples[n-1].At)
		}
	}
	return &chart{title: title, x: axis{name: "seconds", max: end}, y: axis{name: unit}, bands: bands(r)}
}

// latencies are percentiles over time, by when requests were due.
func latencies(r *load.Report) *chart {
	c := overTime(r, "Latency over time", "ms")
	c.y.log = true
	c.note = "by when requests were due"
	kinds := []curve{{name: "max", class: "c4", dashed: true}, {name: "p99", class: "c3"}, {name: "p90", class: "c2"}, {name: "p50", class: "c1"}}
	for _, m := range moments(r) {
		if m.count == 0 {
			continue
		}
		for i, v := range []float64{m.max, m.p99, m.p90, m.p50} {
			kinds[i].points = append(kinds[i].points, point{m.at + r.WindowSeconds/2, v})
		}
	}
	c.curves = kinds
	return c
}

// throughput is what was answered and what was not.
func throughput(r *load.Report) *chart {
	c := overTime(r, "Requests a second", "")
	ok, failed, partial, dropped := curve{name: "answered", class: "c1", area: true}, curve{name: "failed", class: "bad", area: true},
		curve{name: "with errors", class: "c3"}, curve{name: "dropped", class: "c4"}
	n := moment{}
	for _, m := range moments(r) {
		at := m.at + r.WindowSeconds/2
		for _, k := range []struct {
			to *curve
			n  int64
		}{{&ok, m.count - m.failed}, {&failed, m.failed}, {&partial, m.partial}, {&dropped, m.dropped}} {
			k.to.points = append(k.to.points, point{at, float64(k.n) / r.WindowSeconds})
		}
		n.failed, n.partial, n.dropped = n.failed+m.failed, n.partial+m.partial, n.dropped+m.dropped
	}
	c.curves = []curve{ok}
	for _, k := range []struct {
		curve curve
		n     int64
	}{{failed, n.failed}, {partial, n.partial}, {dropped, n.dropped}} {
		if k.n > 0 {
			c.curves = append(c.curves, k.curve)
		}
	}
	return c
}

// ofInstances makes a chart of a figure of samples: of one sample, or of how it grew since the one before.
func ofInstances(r *load.Report, title, unit string, of func(before, after *load.Sample) float64) *chart {
	c := overTime(r, title, unit)
	for i := range r.Instances {
		in := &r.Instances[i]
		k := curve{name: in.Name, class: fmt.Sprintf("c%d", i%8+1), area: len(r.Instances) == 1}
		for j := 1; j < len(in.Samples); j++ {
			a, b := &in.Samples[j-1], &in.Samples[j]
			if b.At-a.At < 0.2 { // too short for a rate
				continue
			}
			v := of(a, b)
			if math.IsNaN(v) { // there was nothing to share it by
				continue
			}
			k.points = append(k.points, point{(a.At + b.At) / 2, v})
		}
		if len(k.points) > 0 {
			c.curves = append(c.curves, k)
		}
	}
	if len(c.curves) == 0 {
		return nil
	}
	return c
}

// charts are all plots of a report.
func charts(r *load.Report) ([]*chart, error) {
	first, err := percentiles(r)
	if err != nil {
		return nil, err
	}
	out := []*chart{first, latencies(r), throughput(r)}
	per := func(a, b float64, over float64) float64 {
		if over <= 0 {
			return math.NaN()
		}
		return (b - a) / over
	}
	for _, c := range []*chart{
		ofInstances(r, "Processor of the server", "cores", func(a, b *load.Sample) float64 { return per(a.CPU, b.CPU, b.At-a.At) }),
		ofInstances(r, "Tier calls a request", "", func(a, b *load.Sample) float64 { return per(a.Calls, b.Calls, b.Requests-a.Requests) }),
		ofInstances(r, "Resident memory of the server", "MB", func(_, b *load.Sample) float64 { return b.RSS / 1e6 }),
	} {
		if c != nil {
			out = append(out, c)
		}
	}
	return out, nil
}

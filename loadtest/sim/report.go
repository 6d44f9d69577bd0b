package sim

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Spans are of times in seconds.
type Spans struct {
	Count int     `json:"count"`
	P50   float64 `json:"p50"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
}

func spans(list []int64) Spans {
	if len(list) == 0 {
		return Spans{}
	}
	slices.Sort(list)
	at := func(q float64) float64 {
		return float64(list[min(len(list)-1, int(q*float64(len(list))))]) / 1e9
	}
	return Spans{len(list), at(0.50), at(0.99), at(1)}
}

// A Result is what came of a simulation.
type Result struct {
	Model    Model            `json:"model"`
	Counts   map[string]count `json:"counts"`
	Looks    int64            `json:"looks"`
	Loads    int64            `json:"loads"`
	Failed   int64            `json:"failedLoads"`
	PerHour  float64          `json:"requestsPerHour"` // that the store answers or refuses
	GBHour   float64          `json:"gigabytesPerHour"`
	Peak     int64            `json:"peakPerSecond"`
	Refused  float64          `json:"throttledShare"`
	Converge []Spans          `json:"converge"` // of each release, from when it was made
	Missed   int              `json:"missed"`   // instances that had not reached the last release at the end
	Ready    Spans            `json:"ready"`    // of the region that restarted, from the start of the process
	Waiting  int              `json:"waiting"`  // of it, not ready at the end
	Cost     Cost             `json:"cost"`
}

// Cost is in US dollars an hour.
type Cost struct {
	Reads, Writes, Out, Proxy, Hour, Month float64
}

func (s *simulation) result() *Result {
	r := &Result{Model: s.m, Counts: map[string]count{}, Looks: s.looks, Loads: s.loads, Failed: s.failed}
	hours := s.m.For.Hours()
	var all, throttled, out, reads, writes, cached int64
	for c, n := range s.counts {
		r.Counts[Class(c).String()] = n
		all, throttled, cached = all+n.Requests, throttled+n.Throttled, cached+n.Cached
		if c := Class(c); c == Ack || c == List {
			writes += n.Requests // what is throttled counts: price lists make no exception for it
		} else {
			reads += n.Requests
			out += n.Bytes
		}
	}
	r.PerHour, r.GBHour = float64(all)/hours, float64(out)/1e9/hours
	if all > 0 {
		r.Refused = float64(throttled) / float64(all)
	}
	if len(s.seconds) > 0 {
		r.Peak = slices.Max(s.seconds)
	}
	for _, list := range s.reached[2:] {
		r.Converge = append(r.Converge, spans(list))
	}
	for i := range s.all {
		in := &s.all[i]
		if in.active != s.release {
			r.Missed++
		}
		if s.m.Restart && in.region == 0 && in.active == 0 {
			r.Waiting++
		}
	}
	r.Ready = spans(s.ready)
	p := s.m.Price
	r.Cost = Cost{Reads: float64(reads) / 1000 * p.Reads / hours, Writes: float64(writes) / 1000 * p.Writes / hours, Out: r.GBHour * p.Out, Proxy: float64(cached) / 1000 * p.Proxy / hours}
	r.Cost.Hour = r.Cost.Reads + r.Cost.Writes + r.Cost.Out + r.Cost.Proxy
	r.Cost.Month = r.Cost.Hour * 730
	return r
}

// converged is of all releases together: the medians' median, the worst 99th percentile, the latest of all.
func (r *Result) converged() Spans {
	var out Spans
	var medians []float64
	for _, c := range r.Converge {
		medians = append(medians, c.P50)
		out.Count += c.Count
		out.P99, out.Max = max(out.P99, c.P99), max(out.Max, c.Max)
	}
	slices.Sort(medians)
	if len(medians) > 0 {
		out.P50 = medians[len(medians)/2]
	}
	return out
}

// Print writes the result for people.
func (r *Result) Print(out io.Writer) error {
	m := &r.Model
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintf(w, "%d instances in %d regions, %d builds, for %v; a look every %v%s%s\n", m.Instances, m.Regions, m.Builds, m.For, m.Interval,
		map[bool]string{true: ", told of releases"}[m.Notice], map[bool]string{true: fmt.Sprintf(", a cache in each region for %v", m.Proxy)}[m.Proxy > 0])
	fmt.Fprintf(w, "requests to the store\t%.3g an hour, at most %d in a second, %.1f %% throttled\n", r.PerHour, r.Peak, 100*r.Refused)
	fmt.Fprintf(w, "bytes\t%.3g GB an hour\n", r.GBHour)
	fmt.Fprintf(w, "cost\t$%.2f an hour, $%.0f a month: reads %.2f, writes and lists %.2f, bytes %.2f, caches %.2f\n", r.Cost.Hour, r.Cost.Month, r.Cost.Reads, r.Cost.Writes, r.Cost.Out, r.Cost.Proxy)
	c := r.converged()
	fmt.Fprintf(w, "a release is served\tp50 %.2f s, p99 %.2f s, by the last %.2f s (%d releases)\n", c.P50, c.P99, c.Max, len(r.Converge))
	if r.Missed > 0 {
		fmt.Fprintf(w, "not there at the end\t%d instances\n", r.Missed)
	}
	if m.Restart {
		fmt.Fprintf(w, "a region starts again\tready p50 %.1f s, p99 %.1f s, the last %.1f s; %d of %d still wait; %d loads were begun again\n", r.Ready.P50, r.Ready.P99, r.Ready.Max, r.Waiting, (m.Instances+m.Regions-1)/m.Regions, r.Failed)
	}
	fmt.Fprintln(w, "\nclass\trequests\tthrottled\tunchanged\tfrom caches\tbytes")
	for c := range classes {
		n := r.Counts[c.String()]
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\n", c, n.Requests, n.Throttled, n.Unchanged, n.Cached, n.Bytes)
	}
	return w.Flush()
}

// A Case is one row of the table in the guide.
type Case struct {
	Name  string
	Model Model
}

// Cases are what the guide compares, over a model.
func Cases(m Model) []Case {
	with := func(change func(*Model)) Model { c := m; change(&c); return c }
	return []Case{
		{fmt.Sprintf("as it comes: a look every %v", m.Interval), m},
		{"a look every 5 s, a heartbeat every minute", with(func(m *Model) { m.Interval, m.Heartbeat = 5*time.Second, time.Minute })},
		{"a cache in each region, 1 s", with(func(m *Model) { m.Proxy = time.Second })},
		{"a cache in each region, 1 s; a heartbeat every minute", with(func(m *Model) { m.Proxy, m.Heartbeat = time.Second, time.Minute })},
		{"told of releases (not built), a look every 30 s, a heartbeat every minute", with(func(m *Model) { m.Notice, m.Interval, m.Heartbeat = true, 30*time.Second, time.Minute })},
		{"a region starts again, copies on disk", with(func(m *Model) { m.Restart = true })},
		{"a region starts again, empty disks", with(func(m *Model) { m.Restart, m.Disk = true, false })},
		{"a region starts again, empty disks, a cache in each region", with(func(m *Model) { m.Restart, m.Disk, m.Proxy = true, false, time.Second })},
	}
}

// Row is a case's line of the guide's table, as Markdown.
func (r *Result) Row(name string) string {
	c := r.converged()
	ready := "–"
	if r.Model.Restart {
		ready = fmt.Sprintf("%.1f / %.1f", r.Ready.P50, r.Ready.Max)
		if r.Waiting > 0 {
			ready = fmt.Sprintf("%d of %d still wait after %v", r.Waiting, (r.Model.Instances+r.Model.Regions-1)/r.Model.Regions, r.Model.For/2)
		}
	}
	return fmt.Sprintf("| %s | %s | %s | %.1f %% | %.2f | %.2f / %.2f / %.2f | %s | %.2f |", name, short(r.PerHour), short(float64(r.Peak)), 100*r.Refused, r.GBHour, c.P50, c.P99, c.Max, ready, r.Cost.Hour)
}

// Head is the table's.
const Head = `| | requests to the store an hour | most in a second | throttled | GB an hour | a release is served: p50 / p99 / last, s | ready: p50 / last, s | $ an hour |
|---|---|---|---|---|---|---|---|`

// short is "72.3 M".
func short(x float64) string {
	for _, u := range []struct {
		of   float64
		name string
	}{{1e9, " G"}, {1e6, " M"}, {1e3, " k"}} {
		if x >= u.of {
			return strings.TrimSuffix(fmt.Sprintf("%.1f", x/u.of), ".0") + u.name
		}
	}
	return fmt.Sprintf("%.0f", x)
}

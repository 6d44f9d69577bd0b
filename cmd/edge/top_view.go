package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// A topView is what packages took between two looks.
type topView struct {
	Instance  string        `json:"instance"`
	At        time.Time     `json:"at"`
	Took      time.Duration `json:"took"`
	CPU       float64       `json:"cpu"`       // of the process, in processors
	Allocated float64       `json:"allocated"` // bytes a second
	Heap      uint64        `json:"heap"`
	Process   processUsage  `json:"process"`
	Note      string        `json:"note,omitempty"` // why there are no shares
	Packages  []topRow      `json:"packages"`
	More      int           `json:"more,omitempty"` // packages that are not shown
}

// A topRow is one package. Rates are by second.
type topRow struct {
	Package     string            `json:"package"`
	Version     string            `json:"version,omitempty"`
	CPU         float64           `json:"cpu"` // share of the process's, 0 to 1; of samples
	JS          float64           `json:"js"`  // processors
	Requests    float64           `json:"requests"`
	Failed      float64           `json:"failed"` // share of the requests
	P50         time.Duration     `json:"p50"`
	P99         time.Duration     `json:"p99"`
	Calls       float64           `json:"calls"` // of tiers, by request
	Kept        float64           `json:"kept"`  // calls that the cache spared, by request
	Bytes       float64           `json:"bytes"` // of tiers' answers and of answers
	Breaks      uint64            `json:"breaks"`
	Limits      map[string]uint64 `json:"limits,omitempty"` // of the breaks
	Quarantined string            `json:"quarantined,omitempty"`
	// Functions are the package's computed functions, and where they run.
	Functions []functionPlace `json:"functions,omitempty"`
}

// topOrders are what rows can be sorted by, most first.
var topOrders = map[string]func(r topRow) float64{
	"cpu":      func(r topRow) float64 { return r.CPU },
	"js":       func(r topRow) float64 { return r.JS },
	"requests": func(r topRow) float64 { return r.Requests },
	"p99":      func(r topRow) float64 { return float64(r.P99) },
	"calls":    func(r topRow) float64 { return r.Calls },
	"bytes":    func(r topRow) float64 { return r.Bytes },
	"breaks":   func(r topRow) float64 { return float64(r.Breaks) },
}

// topOf is what happened between two reports of one process.
func topOf(before, now *usageReport, o topOptions) topView {
	v := topView{Instance: now.Instance, At: now.At, Took: now.At.Sub(before.At), Process: now.Process, Heap: now.Process.Heap}
	seconds := max(v.Took.Seconds(), 0.001)
	v.CPU = (now.Process.CPU - before.Process.CPU).Seconds() / seconds
	v.Allocated = float64(now.Process.Allocated-min(now.Process.Allocated, before.Process.Allocated)) / seconds
	if now.Profile != nil {
		v.Note = now.Profile.Error
	}
	old := map[usageKey]packageRow{}
	for _, p := range before.Packages {
		old[usageKey{p.Package, p.Version}] = p
	}
	type sum struct {
		row      topRow
		latency  []uint64
		requests uint64
		failed   uint64
		calls    uint64
		kept     uint64
	}
	sums := map[usageKey]*sum{}
	for _, p := range now.Packages {
		was, ok := old[usageKey{p.Package, p.Version}]
		if !ok || was.Requests > p.Requests { // it began since, or began anew
			was = packageRow{Latency: make([]uint64, len(p.Latency))}
		}
		key := usageKey{name: p.Package}
		if o.versions {
			key.version = p.Version
		}
		s := sums[key]
		if s == nil {
			s = &sum{row: topRow{Package: key.name, Version: key.version, Limits: map[string]uint64{}}, latency: make([]uint64, len(p.Latency))}
			sums[key] = s
		}
		s.requests += p.Requests - was.Requests
		s.failed += less(p.Failed, was.Failed)
		s.calls += less(p.Calls, was.Calls)
		s.kept += less(p.Kept, was.Kept)
		s.row.Bytes += float64(less(p.Read+p.Wrote, was.Read+was.Wrote)) / seconds
		s.row.JS += max(0, (p.ScriptCPU-was.ScriptCPU).Seconds()) / seconds
		for limit, n := range p.Breaks {
			if d := less(n, was.Breaks[limit]); d > 0 {
				s.row.Limits[limit] += d
				s.row.Breaks += d
			}
		}
		for i := range min(len(p.Latency), len(was.Latency), len(s.latency)) {
			s.latency[i] += less(p.Latency[i], was.Latency[i])
		}
		if now.Profile != nil && now.Profile.CPU > 0 {
			s.row.CPU += float64(now.Profile.Of[p.Package+"@"+p.Version]) / float64(now.Profile.CPU)
		}
		if p.Requests > was.Requests || len(s.row.Functions) == 0 {
			s.row.addFunctions(p.Functions)
		}
		if p.Quarantined != "" {
			s.row.Quarantined = p.Quarantined
		}
	}
	for _, s := range sums {
		if s.requests == 0 && s.row.CPU == 0 && s.row.JS == 0 && s.row.Quarantined == "" && s.row.Breaks == 0 {
			continue
		}
		s.row.Requests = float64(s.requests) / seconds
		if s.requests > 0 {
			s.row.Failed = float64(s.failed) / float64(s.requests)
			s.row.Calls = float64(s.calls) / float64(s.requests)
			s.row.Kept = float64(s.kept) / float64(s.requests)
		}
		s.row.P50, s.row.P99 = latencyOf(s.latency, 0.5), latencyOf(s.latency, 0.99)
		v.Packages = append(v.Packages, s.row)
	}
	by := topOrders[o.sort]
	slices.SortFunc(v.Packages, func(a, b topRow) int {
		return cmp.Or(cmp.Compare(by(b), by(a)), cmp.Compare(b.CPU, a.CPU), cmp.Compare(b.Requests, a.Requests), cmp.Compare(a.Package, b.Package), cmp.Compare(a.Version, b.Version))
	})
	if o.most > 0 && len(v.Packages) > o.most {
		v.More = len(v.Packages) - o.most
		v.Packages = v.Packages[:o.most]
	}
	return v
}

func less(now, before uint64) uint64 {
	if now < before {
		return 0
	}
	return now - before
}

// print writes the view as a page; colour marks what needs somebody.
func (v topView) print(out io.Writer, colour bool) {
	paint := func(code, s string) string {
		if !colour || s == "" {
			return s
		}
		return "\x1b[" + code + "m" + s + "\x1b[0m"
	}
	fmt.Fprintf(out, "%s  %s  cpu %.2f of %d  allocating %s/s  heap %s  goroutines %d\n", paint("1", orDash(v.Instance)), v.At.Local().Format("15:04:05"),
		v.CPU, v.Process.Processors, bytesText(int64(v.Allocated)), bytesText(int64(v.Heap)), v.Process.Goroutines)
	if v.Note != "" {
		fmt.Fprintf(out, "%s\n", paint("33", "no shares of cpu: "+v.Note))
	}
	fmt.Fprintln(out)
	if len(v.Packages) == 0 {
		fmt.Fprintln(out, "nobody asked anything")
		return
	}
	name := len("PACKAGE")
	for _, r := range v.Packages {
		name = max(name, len(r.id()))
	}
	name = min(name, 40)
	fmt.Fprintln(out, paint("2", fmt.Sprintf("%-*s  %-16s  %6s  %6s  %8s  %6s  %8s  %8s  %6s  %6s  %9s  %6s", name, "PACKAGE", "CPU", "JS", "GO", "REQ/S", "FAILED", "P50", "P99", "CALLS", "KEPT", "BYTES/S", "BREAKS")))
	for _, r := range v.Packages {
		cpu := fmt.Sprintf("%-10s %5s", bar(r.CPU, 10), percent(r.CPU))
		failed := fmt.Sprintf("%6s", percent(r.Failed))
		if r.Failed >= 0.01 {
			failed = paint("31", failed)
		}
		breaks := fmt.Sprintf("%6s", orNothing(r.Breaks))
		if r.Breaks > 0 {
			breaks = paint("31", breaks)
		}
		fmt.Fprintf(out, "%-*s  %s  %6s  %6s  %8s  %s  %8s  %8s  %6s  %6s  %9s  %s\n", name, cut(r.id(), name), paint("36", cpu), millis(r.JS), r.inGo(), bySecond(r.Requests), failed,
			took(r.P50), took(r.P99), fmt.Sprintf("%.1f", r.Calls), byRequest(r.Kept), bytesText(int64(r.Bytes)), breaks)
		r.printEngine(out, name, paint)
		if r.Quarantined != "" {
			fmt.Fprintf(out, "%-*s  %s\n", name, "", paint("31", cut("quarantined: "+r.Quarantined, 100)))
		}
	}
	if v.More > 0 {
		fmt.Fprintf(out, "and %s\n", count(v.More, "more package"))
	}
}

func (r topRow) id() string {
	if r.Version == "" {
		return r.Package
	}
	return r.Package + "@" + r.Version
}

// bar draws a share in eighths of a cell.
func bar(share float64, width int) string {
	eighths := int(min(1, max(0, share))*float64(width)*8 + 0.5)
	b := strings.Repeat("█", eighths/8)
	if rest := eighths % 8; rest > 0 {
		b += string([]rune(" ▏▎▍▌▋▊▉")[rest])
	}
	return b + strings.Repeat(" ", width-len([]rune(b)))
}

func percent(share float64) string {
	switch {
	case share == 0:
		return "-"
	case share < 0.001:
		return "<0.1%"
	case share < 0.1:
		return fmt.Sprintf("%.1f%%", 100*share)
	}
	return fmt.Sprintf("%.0f%%", 100*share)
}

// millis is processor time by second.
func millis(processors float64) string {
	switch {
	case processors == 0:
		return "-"
	case processors < 0.0095:
		return fmt.Sprintf("%.1fms", 1000*processors)
	}
	return fmt.Sprintf("%.0fms", 1000*processors)
}

// byRequest is how many of something a request has.
func byRequest(n float64) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", n)
}

func bySecond(n float64) string {
	switch {
	case n == 0:
		return "-"
	case n < 10:
		return fmt.Sprintf("%.1f", n)
	}
	return fmt.Sprintf("%.0f", n)
}

func took(d time.Duration) string {
	switch {
	case d == 0:
		return "-"
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1fms", float64(d)/float64(time.Millisecond))
	case d < time.Second:
		return fmt.Sprintf("%dms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1fs", d.Seconds())
}

func orNothing(n uint64) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

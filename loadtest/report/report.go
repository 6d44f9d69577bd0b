// Package report shows what load runs found: as text, as one page with plots, and two sides held against each other.
package report

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"facet/loadtest/load"
)

// mostReport bounds a report's file, in bytes.
const mostReport = 512 << 20

// Read reads a report that a run wrote as JSON.
func Read(name string) (*load.Report, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.Size() > mostReport {
		return nil, fmt.Errorf("%s has %d bytes: no report has", name, info.Size())
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	r := &load.Report{}
	if err := json.Unmarshal(raw, r); err != nil {
		return nil, fmt.Errorf("%s is no report: %w", name, err)
	}
	if r.Schema != load.Schema {
		return nil, fmt.Errorf("%s is a report of schema %d; this program reads %d", name, r.Schema, load.Schema)
	}
	return r, nil
}

// Write writes a report as JSON, whole or not at all.
func Write(name string, r *load.Report) error {
	raw, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return replace(name, append(raw, '\n'))
}

// replace writes a file beside the old one and puts it in its place.
func replace(name string, text []byte) error {
	if err := os.WriteFile(name+".new", text, 0o644); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}

// Cost is what an instance spent on its requests.
type Cost struct {
	Name      string
	Requests  float64 // of devices, as the instance counted them; ours if it does not
	CPU       float64 // processor seconds for 1,000 requests
	Scripts   float64 // of it for computed functions, where they run in the process
	Cores     float64 // that were busy in the mean
	Calls     float64 // of tiers, for one request
	Levels    float64 // for one request
	TierKB    float64 // that tiers answered, for one request
	Allocated float64 // KB for one request
	RSS, Heap float64 // MB at the most
	GCs       float64 // a second
	GCPause   float64 // ms a second
	Degraded  float64 // answers
	Refused   float64 // requests
	HitShare  float64 // of caches, 0 to 1; below 0 is not told
}

// CostOf is what an instance spent. ours is how many requests it was sent by the run, for one that counts none.
func CostOf(i *load.Instance, ours float64) Cost {
	g := i.Grown()
	c := Cost{Name: i.Name, Requests: g.Requests, RSS: g.RSS / 1e6, Heap: g.Heap / 1e6, Degraded: g.Degraded, Refused: g.Refused, HitShare: -1}
	if c.Requests == 0 {
		c.Requests = ours
	}
	if c.Requests > 0 {
		c.CPU, c.Scripts = g.CPU/c.Requests*1000, g.Scripts/c.Requests*1000
		c.Calls, c.Levels, c.TierKB, c.Allocated = g.Calls/c.Requests, g.Levels/c.Requests, g.TierBytes/c.Requests/1000, g.Allocated/c.Requests/1000
	}
	if g.At > 0 {
		c.Cores, c.GCs, c.GCPause = g.CPU/g.At, g.GCs/g.At, g.GCPause/g.At*1000
	}
	if g.Hits+g.Misses > 0 {
		c.HitShare = g.Hits / (g.Hits + g.Misses)
	}
	return c
}

// Costs are those of all instances that told something.
func Costs(r *load.Report) []Cost {
	var out []Cost
	for i := range r.Instances {
		if len(r.Instances[i].Samples) > 1 {
			out = append(out, CostOf(&r.Instances[i], float64(r.Total.Count)/float64(len(r.Instances))))
		}
	}
	return out
}

// groups merges lines that have the same name, in the order of the names.
func groups(lines []load.Line, name func(*load.Line) string) ([]load.Line, error) {
	by := map[string][]load.Line{}
	var names []string
	for _, l := range lines {
		n := name(&l)
		if by[n] == nil {
			names = append(names, n)
		}
		by[n] = append(by[n], l)
	}
	slices.Sort(names)
	var out []load.Line
	for _, n := range names {
		l, err := load.Merge(by[n]...)
		if err != nil {
			return nil, err
		}
		l.Row = n
		out = append(out, l)
	}
	return out, nil
}

// commas writes 12918 as "12,918".
func commas(n int64) string {
	s := fmt.Sprint(n)
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// brief writes a number with three digits that matter.
func brief(v float64) string {
	switch {
	case v == 0:
		return "0"
	case v >= 9999.5:
		return commas(int64(v + 0.5))
	case v >= 99.95:
		return fmt.Sprintf("%.0f", v)
	case v >= 9.995:
		return fmt.Sprintf("%.1f", v)
	case v >= 0.0995:
		return fmt.Sprintf("%.2f", v)
	default:
		return fmt.Sprintf("%.3g", v)
	}
}

// percent writes a share.
func percent(part, whole int64) string {
	if whole == 0 {
		return "0 %"
	}
	return brief(float64(part)/float64(whole)*100) + " %"
}

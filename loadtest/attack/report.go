package attack

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"facet/loadtest/load"
)

// callFor is what a page with one hostile call may take in the middle, in ms: the call's budget, and the grace.
const callFor = 10.0 + 25.0

// turnFor is how long, in ms, a request waits at the most because its package uses more than its share of the processors: in its turn
// a package that loops wants more than that.
const turnFor = 1000.0

// sum makes the figures and verdicts of one mode.
func (s *Side) sum(at *times, films *load.Report, errs map[string]int64) {
	s.Alone, s.Beside, s.Mixed, s.Turns = at.line(phaseAlone), at.line(phaseBeside), at.line("mixed"), at.line("turns")
	s.Wrong, s.Torn, s.Dropped = s.wrong.Load(), s.torn.Load(), films.Dropped
	s.Refusals = films.Total.Failed - s.Wrong
	for _, all := range []map[string]int64{films.Errors, errs} {
		for text, n := range all {
			s.Errors[text] += n
		}
	}
	late := 0
	for name := range at.of {
		phase, attack, ok := strings.Cut(name, " ")
		if !ok {
			continue
		}
		l, turn := at.line(name), phase == "turns"
		if phase == "during" {
			s.Worst = append(s.Worst, SlowAttack{attack, true, l.P50, l.P99})
			continue
		}
		if l.P50 > callFor {
			s.Slow = append(s.Slow, SlowAttack{attack, turn, l.P50, l.P99})
		}
		most := attackFor
		if turn {
			most += turnFor
		}
		if l.P50 > most {
			late++
		}
	}
	slices.SortFunc(s.Slow, func(a, b SlowAttack) int { return int(b.P50*1000 - a.P50*1000) })
	slices.SortFunc(s.Worst, func(a, b SlowAttack) int { return int(b.P99*1000 - a.P99*1000) })
	s.Worst = s.Worst[:min(len(s.Worst), 10)]
	bar := max(2*s.Alone.P99, s.Alone.P99+moreP99)
	grown := s.RSSPeak - s.RSSBefore
	s.Verdicts = []Verdict{
		{"process deaths", fmt.Sprint(s.Deaths), "0", s.Deaths == 0},
		{"wrong answers of B", fmt.Sprint(s.Wrong), "0", s.Wrong == 0},
		{"errors of B", fmt.Sprint(s.Refusals), "0", s.Refusals == 0},
		{"torn pages of A", fmt.Sprint(s.Torn), "0", s.Torn == 0},
		{"B's p99", fmt.Sprintf("%.1f ms", s.Beside.P99), fmt.Sprintf("%.1f ms", bar), s.Beside.P99 <= bar},
		{"resident memory more", fmt.Sprintf("%.1f MiB", float64(grown)/(1<<20)), "64 MiB", grown <= moreMemory},
		{"attacks past a request's budget and 25 ms", fmt.Sprint(late), "0", late == 0},
	}
}

// Print writes the result for people.
func (r *Result) Print(w io.Writer) error {
	var b strings.Builder
	const mb = 1 << 20
	for _, s := range r.Modes {
		fmt.Fprintf(&b, "%s: %d hostile packages (%d were refused), %d requests of A, %d of B beside it, %d dropped\n", s.Mode, s.Packages, s.Refused, s.Mixed.Count+s.Turns.Count, s.Beside.Count, s.Dropped)
		for _, l := range []struct {
			name string
			load.Line
		}{{"B alone", s.Alone}, {"B beside A", s.Beside}, {"A, mixed", s.Mixed}, {"A, turns", s.Turns}} {
			fmt.Fprintf(&b, "  %-10s p50 %7.2f ms   p90 %7.2f   p99 %7.2f   p99.9 %7.2f   max %7.2f   failed %d\n", l.name, l.P50, l.P90, l.P99, l.P999, l.Max, l.Failed)
		}
		fmt.Fprintf(&b, "  others used %.1f processors meanwhile, the machine's host took %.2f\n", s.Others, s.Stolen)
		fmt.Fprintf(&b, "  resident memory %.1f MiB before, %.1f at the most (%s), %.1f after\n", float64(s.RSSBefore)/mb, float64(s.RSSPeak)/mb, cmp.Or(s.PeakIn, "mixed"), float64(s.RSSAfter)/mb)
		for i, a := range s.Slow {
			if i == 10 {
				fmt.Fprintf(&b, "  and %d more\n", len(s.Slow)-i)
				break
			}
			how := "mixed"
			if a.Turn {
				how = "in its turn"
			}
			fmt.Fprintf(&b, "  slow: %s, %s: p50 %.1f ms, p99 %.1f ms\n", a.Attack, how, a.P50, a.P99)
		}
		for _, a := range s.Worst {
			fmt.Fprintf(&b, "  B during %s: p50 %.1f ms, p99 %.1f ms\n", a.Attack, a.P50, a.P99)
		}
		for text, n := range s.Errors {
			fmt.Fprintf(&b, "  %d times %s\n", n, text)
		}
		for _, v := range s.Verdicts {
			word := "good"
			if !v.OK {
				word = "BAD"
			}
			fmt.Fprintf(&b, "  %-4s %s: %s, bar %s\n", word, v.What, v.Got, v.Bar)
		}
		b.WriteByte('\n')
	}
	fmt.Fprintln(&b, "Note:", r.Note)
	_, err := io.WriteString(w, b.String())
	return err
}

package main

import (
	"fmt"
	"strings"
	"time"

	"facet/loadtest/load"
)

// A live view is one screen that is drawn anew each second, or lines where there is no terminal.
type live struct {
	c     *console
	name  string
	drawn int // lines on the screen
	rates []float64
	p99s  []float64
}

func newLive(c *console, s *load.Scenario) *live { return &live{c: c, name: s.Name} }

// remembered is how many seconds sparklines show.
const remembered = 60

func (l *live) show(p load.Progress) {
	l.rates, l.p99s = last(append(l.rates, float64(p.Answers))), last(append(l.p99s, p.P99))
	if !l.c.tty {
		line := fmt.Sprintf("%5.0fs  %.0f/s asked, %d/s answered, p50 %s, p99 %s; %d sent, %d failed, %d with errors, %d dropped, %d in flight",
			p.Elapsed.Seconds(), p.Rate, p.Answers, took(p.P50), took(p.P99), p.Sent, p.Failed, p.Partial, p.Dropped, p.InFlight)
		if p.Warming {
			line += " (" + warming(p) + ")"
		}
		if len(p.Faults) > 0 {
			line += "; now: " + strings.Join(p.Faults, ", ")
		}
		fmt.Fprintln(l.c.err, line)
		return
	}
	l.draw(l.lines(p))
}

func last(v []float64) []float64 { return v[max(0, len(v)-remembered):] }

func (l *live) lines(p load.Progress) []string {
	phase := ""
	if p.Warming {
		phase = "  " + warming(p)
	} else if p.Elapsed > p.Length {
		phase = "  the last answers"
	}
	lines := []string{
		fmt.Sprintf("%s  %s of %s  %s%s", l.name, clock(p.Elapsed), clock(p.Length), bar(p.Elapsed.Seconds()/p.Length.Seconds(), 24), phase),
		"",
		fmt.Sprintf("  asked %8.0f/s   answered %6d/s   in flight %5d   sent %d", p.Rate, p.Answers, p.InFlight, p.Sent),
		fmt.Sprintf("  p50 %10s   p99 %12s   max %12s", took(p.P50), took(p.P99), took(p.Max)),
		fmt.Sprintf("  failed %7d   with errors %5d   dropped %7d", p.Failed, p.Partial, p.Dropped),
		"",
		fmt.Sprintf("  answers/s  %s", spark(l.rates)),
		fmt.Sprintf("  p99        %s", spark(l.p99s)),
	}
	if p.Visiting > 0 {
		lines[4] += fmt.Sprintf("   sessions %d", p.Visiting)
	}
	if len(p.Faults) > 0 {
		lines = append(lines, "", "  now: "+strings.Join(p.Faults, ", "))
	}
	return append(lines, "", "  Ctrl-C ends it and reports")
}

// warming says how the warmup goes. What fails in it is not counted, but is a reason to look.
func warming(p load.Progress) string {
	if p.SecondFailed > 0 {
		return fmt.Sprintf("warmup: %d failed now", p.SecondFailed)
	}
	return "warmup"
}

// draw puts lines over those of the second before.
func (l *live) draw(lines []string) {
	var b strings.Builder
	if l.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA\x1b[J", l.drawn)
	}
	for _, line := range lines {
		r := []rune(line)
		b.WriteString(string(r[:min(len(r), 79)]) + "\n") // a line that wraps would be two
	}
	l.drawn = len(lines)
	fmt.Fprint(l.c.err, b.String())
}

// end takes the screen away: the report comes in its place.
func (l *live) end() {
	if l.drawn > 0 {
		fmt.Fprintf(l.c.err, "\x1b[%dA\x1b[J", l.drawn)
		l.drawn = 0
	}
}

var eighths = []rune("▁▂▃▄▅▆▇█")

// spark draws values against the greatest of them.
func spark(v []float64) string {
	most := 0.0
	for _, x := range v {
		most = max(most, x)
	}
	var b strings.Builder
	for _, x := range v {
		if most == 0 {
			b.WriteRune(eighths[0])
			continue
		}
		b.WriteRune(eighths[min(len(eighths)-1, int(x/most*float64(len(eighths))))])
	}
	return b.String()
}

func bar(part float64, width int) string {
	n := int(min(1, max(0, part)) * float64(width))
	return strings.Repeat("█", n) + strings.Repeat("░", width-n)
}

func clock(d time.Duration) string {
	s := int(d.Seconds())
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

func took(ms float64) string {
	switch {
	case ms == 0:
		return "-"
	case ms < 10:
		return fmt.Sprintf("%.2f ms", ms)
	case ms < 10_000:
		return fmt.Sprintf("%.0f ms", ms)
	}
	return fmt.Sprintf("%.1f s", ms/1000)
}

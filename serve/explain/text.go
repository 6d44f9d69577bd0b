package explain

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// The columns of the text: 100 in all.
const (
	textWidth = 100
	nameWidth = 31
	barWidth  = 33
	noteFrom  = 5
)

// text draws the time line with bars: ░ is before its call left, █ is under way, ▒ is past what the answer waits for.
func (d *document) text() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s  %d\n%s\n\n", cut(d.Request, textWidth-5), d.Status, d.head())
	if len(d.Operations) == 0 {
		b.WriteString("no tier was called\n")
		return b.Bytes()
	}
	scale := max(float64(d.Ms), 0.001)
	fmt.Fprintf(&b, "   %-*s %s\n", nameWidth, "operation, by level", axis(scale))
	for i := range d.Operations {
		o := &d.Operations[i]
		fmt.Fprintf(&b, "%2d %-*s %s %8.1f ms %8s %8s\n", o.Level, nameWidth, cut(o.Operation, nameWidth), bar(o, d, scale), o.end(d)-o.StartMs, keys(o), amount(o.Bytes))
		note(&b, o.notes())
	}
	for _, n := range d.NotAsked {
		fmt.Fprintf(&b, "%2d %-*s %s\n", n.Level, nameWidth, cut(n.Operation, nameWidth), n.Why)
	}
	if d.More > 0 {
		fmt.Fprintf(&b, "and %s more\n", count(d.More, "call"))
	}
	return b.Bytes()
}

func keys(o *operation) string {
	if !o.Batch {
		return ""
	}
	return count(o.Keys, "key")
}

// axis is a line of ticks, each with its time.
func axis(scale float64) string {
	line := []rune(strings.Repeat(" ", barWidth))
	step := tick(scale)
	for i := 0; float64(i)*step <= scale; i++ {
		at := int(float64(i) * step / scale * barWidth)
		label := fmt.Sprintf("|%g", math.Round(float64(i)*step*1000)/1000)
		if at+len(label) > barWidth {
			break
		}
		copy(line[at:], []rune(label))
	}
	return string(line) + " ms"
}

// tick is a round distance that gives at most five ticks.
func tick(scale float64) float64 {
	step := math.Pow(10, math.Floor(math.Log10(scale)))
	for _, f := range []float64{0.1, 0.2, 0.5, 1, 2} {
		if scale/(step*f) <= 5 {
			return step * f
		}
	}
	return step * 2
}

func bar(o *operation, d *document, scale float64) string {
	line := []rune(strings.Repeat(" ", barWidth))
	at := func(m millis) int { return min(barWidth, int(math.Round(float64(m)/scale*barWidth))) }
	from, left, to := min(at(o.StartMs), barWidth-1), at(o.LeftMs), at(o.end(d))
	to = max(to, from+1)
	patience := barWidth + 1
	if o.WithinMs > 0 {
		patience = at(o.StartMs + o.WithinMs)
	}
	for i := from; i < to; i++ {
		switch {
		case i >= patience:
			line[i] = '▒'
		case i < left:
			line[i] = '░'
		default:
			line[i] = '█'
		}
	}
	return string(line)
}

// note writes notes below a bar, broken between them.
func note(b *bytes.Buffer, notes []string) {
	width := 0
	for i, n := range notes {
		n = cut(n, textWidth-noteFrom)
		switch {
		case i == 0:
			b.WriteString(strings.Repeat(" ", noteFrom))
			width = noteFrom
		case width+2+utf8.RuneCountInString(n) > textWidth-1:
			b.WriteString("\n" + strings.Repeat(" ", noteFrom))
			width = noteFrom
		default:
			b.WriteString("; ")
			width += 2
		}
		b.WriteString(n)
		width += utf8.RuneCountInString(n)
	}
	if len(notes) > 0 {
		b.WriteByte('\n')
	}
}

// cut shortens a text to n runes.
func cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}

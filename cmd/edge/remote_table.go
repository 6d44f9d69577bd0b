package main

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// page is how wide text on a terminal may be, as it is read side by side with something else, and how wide a cell that is not the last of its row.
var page = widths{page: 100, cell: 34}

// widths bound a table; zero bounds nothing.
type widths struct{ page, cell int }

// widthsOf are a terminal's. What goes to a file or another program is whole.
func widthsOf(out io.Writer) widths {
	if isTerminal(out) {
		return page
	}
	return widths{}
}

// A table is rows of cells in aligned columns. On a terminal, what is too wide for a cell, or the page, is cut off.
type table struct {
	indent string
	rows   [][]string
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) print(out io.Writer) { t.within(out, widthsOf(out)) }

func (t *table) within(out io.Writer, most widths) {
	var widths []int
	for _, row := range t.rows {
		for i, cell := range row {
			if i < len(row)-1 {
				cell = cut(cell, most.cell)
				row[i] = cell
			}
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range t.rows {
		var b strings.Builder
		b.WriteString(t.indent)
		for i, cell := range row {
			b.WriteString(cell)
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2))
			}
		}
		fmt.Fprintln(out, cut(strings.TrimRight(b.String(), " "), most.page))
	}
}

// cut shortens a line to a width, with an ellipsis. The width 0 is none.
func cut(s string, width int) string {
	if width == 0 || utf8.RuneCountInString(s) <= width {
		return s
	}
	return string([]rune(s)[:width-1]) + "…"
}

// ago is how long a moment is past, in one unit.
func ago(t, now time.Time) string {
	if t.IsZero() {
		return "-"
	}
	d := now.Sub(t)
	switch {
	case d < -time.Second:
		return "in " + span(-d)
	case d < time.Second:
		return "now"
	}
	return span(d) + " ago"
}

func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}

// bytesText is a number of bytes for people.
func bytesText(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1_000_000:
		return fmt.Sprintf("%.1f kB", float64(n)/1000)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1_000_000)
}

// orDash is what stands in a table where there is nothing.
func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

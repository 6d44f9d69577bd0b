package main

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// pageWidth is how wide text output may be: it is read side by side with something else.
const pageWidth = 100

// cellWidth is how wide a cell may be that is not the last of its row.
const cellWidth = 34

// A table is rows of cells in aligned columns. What is too wide for a cell, or the page, is cut off.
type table struct {
	indent string
	rows   [][]string
}

func (t *table) add(cells ...string) {
	for i := range len(cells) - 1 {
		cells[i] = cut(cells[i], cellWidth)
	}
	t.rows = append(t.rows, cells)
}

func (t *table) print(out io.Writer) {
	var widths []int
	for _, row := range t.rows {
		for i, cell := range row {
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
		fmt.Fprintln(out, cut(strings.TrimRight(b.String(), " "), pageWidth))
	}
}

// cut shortens a line to a width, with an ellipsis.
func cut(s string, width int) string {
	if utf8.RuneCountInString(s) <= width {
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

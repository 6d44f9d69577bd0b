package fault

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Pos is a place in a source text. Lines and columns count from 1, columns in
// UTF-16 units as editors do; a zero Line means the whole file.
type Pos struct {
	File string `json:"file"`
	Line int    `json:"line,omitempty"`
	Col  int    `json:"column,omitempty"`
}

// String prints file:line:column.
func (p Pos) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
}

// A Severity is Err or Warn.
type Severity string

// The severities. Only Err refuses a publish.
const (
	Err  Severity = "error"
	Warn Severity = "warning"
)

// A Diagnostic is a mistake in something a person wrote: where, what, and what to write instead.
type Diagnostic struct {
	Pos      Pos      `json:"pos"`
	Severity Severity `json:"severity"`
	Code     string   `json:"code"` // stable: "F111", "G020", "P003"
	Text     string   `json:"text"` // what is wrong, one line
	Fix      string   `json:"fix,omitempty"`
	Notes    []Note   `json:"notes,omitempty"` // other places that belong to it
}

// A Note points at another place that a diagnostic is about.
type Note struct {
	Pos  Pos    `json:"pos"`
	Text string `json:"text"`
}

// String prints the diagnostic on one line: "file:line:column: error F111: text. Fix", without a place if it has none.
func (d Diagnostic) String() string {
	var b strings.Builder
	if at := d.Pos.String(); at != "" {
		b.WriteString(at + ": ")
	}
	fmt.Fprintf(&b, "%s %s: %s", d.Severity, d.Code, d.Text)
	if d.Fix != "" {
		if !strings.HasSuffix(d.Text, "?") { // a question has its end
			b.WriteByte('.')
		}
		b.WriteString(" " + d.Fix)
	}
	for _, n := range d.Notes {
		fmt.Fprintf(&b, " [%s: %s]", n.Pos, n.Text)
	}
	return b.String()
}

// Diagnostics are all the mistakes of one text, collected rather than returned one by one.
type Diagnostics []Diagnostic

// Add appends an error.
func (ds *Diagnostics) Add(pos Pos, code, fix, format string, args ...any) {
	*ds = append(*ds, Diagnostic{Pos: pos, Severity: Err, Code: code, Text: fmt.Sprintf(format, args...), Fix: fix})
}

// Failed says whether any of them is an error.
func (ds Diagnostics) Failed() bool {
	return slices.ContainsFunc(ds, func(d Diagnostic) bool { return d.Severity == Err })
}

// Sort orders by file, line, column and code.
func (ds Diagnostics) Sort() {
	slices.SortStableFunc(ds, func(a, b Diagnostic) int {
		return cmp.Or(cmp.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Col, b.Pos.Col), cmp.Compare(a.Code, b.Code))
	})
}

// Err is nil if no diagnostic is an error; else an Invalid error that prints them all, one a line.
func (ds Diagnostics) Err() error {
	if !ds.Failed() {
		return nil
	}
	lines := make([]string, len(ds))
	for i, d := range ds {
		lines[i] = d.String()
	}
	return &Error{Kind: Invalid, Message: strings.Join(lines, "\n")}
}

// Package bench is the short table of what Facet costs: it runs the programs and benchmarks that measure, reads their figures, and holds each against its bar.
//
// A figure's source is a command that ends by itself. What it prints is read in one of three ways, whichever it has anyway:
//
//   - a program with -json: a path in its document, "page.1.edgeOverThisMedian"; numbers are indices;
//   - go test -bench: a benchmark and a unit of its line, "BenchmarkPage" and "allocs/op" (b.ReportMetric adds units); of several lines
//     (-count) the median;
//   - go test -v: a regular expression whose first group is the number in a line that the test logs.
//
// A source is run once, however many figures are read from it. To add a figure, add a row to rows.go.
package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"facet/internal/child"
)

// A Row is one figure of the table.
type Row struct {
	Name   string  // "contest page, CPU over encoding/json by hand"
	Bar    float64 // the most that it may be
	Exact  bool    // it must be the bar
	Least  bool    // it must be the bar or more
	Unit   string  // "ms"; "" is a ratio or a number
	From   string  // the name of its source
	Read   Reader  // takes the figure out of what the source printed
	Long   string  // the command for the figure at length; "" is the source's own
	Scaled float64 // the figure is what is read times this; 0 is 1
}

// A Source is a command that measures. "{edge}", "{contest}" and "{industry}" in its arguments stand for programs that are built first.
type Source struct {
	Name string
	Args []string
}

// A Got is what became of a row.
type Got struct {
	Name     string   `json:"name"`
	Bar      string   `json:"bar"` // "<= 0.3"
	Measured *float64 `json:"measured,omitempty"`
	Unit     string   `json:"unit,omitempty"`
	OK       bool     `json:"ok"`
	Error    string   `json:"error,omitempty"` // why there is no figure
	Command  string   `json:"command"`         // the long form
}

// Options say what is run.
type Options struct {
	Only *regexp.Regexp // rows of such names; nil: all
	Log  io.Writer      // progress, and what sources print on standard error
	// Run runs a command and gives what it printed on standard output; nil runs it.
	Run func(ctx context.Context, args []string, log io.Writer) ([]byte, error)
}

// sourceTime ends a source that hangs.
const sourceTime = 5 * time.Minute

// Measure runs the sources of the table's rows, one after another: they would disturb each other. It is called from the module's root.
func Measure(ctx context.Context, rows []Row, sources []Source, o Options) ([]Got, error) {
	if o.Run == nil {
		dir, err := os.MkdirTemp("", "facet-bench-")
		if err != nil {
			return nil, err
		}
		defer func() { _ = os.RemoveAll(dir) }()
		o.Run = (&runner{dir: dir, built: map[string]error{}}).run
	}
	type output struct {
		text []byte
		err  error
	}
	printed := map[string]output{}
	var out []Got
	for _, r := range rows {
		if o.Only != nil && !o.Only.MatchString(r.Name) {
			continue
		}
		s, err := find(sources, r.From)
		if err != nil {
			return nil, err
		}
		p, known := printed[s.Name]
		if !known {
			fmt.Fprintf(o.Log, "bench: %s\n", s)
			began := time.Now()
			within, cancel := context.WithTimeout(ctx, sourceTime)
			p.text, p.err = o.Run(within, s.Args, o.Log)
			cancel()
			printed[s.Name] = p
			fmt.Fprintf(o.Log, "bench: %s took %s\n", s.Name, time.Since(began).Round(time.Second))
		}
		if ctx.Err() != nil {
			return out, ctx.Err()
		}
		out = append(out, r.judge(s, p.text, p.err))
	}
	return out, nil
}

func find(sources []Source, name string) (Source, error) {
	for _, s := range sources {
		if s.Name == name {
			return s, nil
		}
	}
	return Source{}, fmt.Errorf("no source %q: it belongs into rows.go", name)
}

// String is the command as one would type it.
func (s Source) String() string {
	words := make([]string, len(s.Args))
	for i, a := range s.Args {
		a = programs.Replace(a)
		if strings.ContainsAny(a, " |$()*^'\"") {
			a = "'" + a + "'"
		}
		words[i] = a
	}
	return strings.Join(words, " ")
}

var programs = strings.NewReplacer("{edge}", "bin/edge", "{contest}", "bin/contest", "{industry}", "bin/industry")

// judge reads a row's figure. A source that failed may have printed it all the same: a test whose bar is missed.
func (r Row) judge(s Source, text []byte, failed error) Got {
	g := Got{Name: r.Name, Bar: r.bar(), Unit: r.Unit, Command: r.Long}
	if g.Command == "" {
		g.Command = s.String()
	}
	v, err := r.Read(text)
	switch {
	case err != nil && failed != nil:
		g.Error = failed.Error()
		return g
	case err != nil:
		g.Error = err.Error()
		return g
	}
	if r.Scaled != 0 {
		v *= r.Scaled
	}
	g.Measured = &v
	switch {
	case r.Exact:
		g.OK = v == r.Bar
	case r.Least:
		g.OK = v >= r.Bar
	default:
		g.OK = v <= r.Bar
	}
	return g
}

func (r Row) bar() string {
	sign := "<= "
	switch {
	case r.Exact:
		sign = "= "
	case r.Least:
		sign = ">= "
	}
	return strings.TrimSpace(sign + number(r.Bar) + " " + r.Unit)
}

func number(v float64) string {
	switch {
	case v == float64(int64(v)):
		return fmt.Sprintf("%.0f", v)
	case v >= 100:
		return fmt.Sprintf("%.1f", v)
	}
	return strings.TrimRight(fmt.Sprintf("%.3f", v), "0")
}

// Print writes the table.
func Print(w io.Writer, got []Got) error {
	table := [][4]string{{"figure", "bar", "measured", ""}}
	for _, g := range got {
		line := [4]string{g.Name, g.Bar, "-", "no figure"}
		if g.Measured != nil {
			line[2], line[3] = strings.TrimSpace(number(*g.Measured)+" "+g.Unit), "missed"
			if g.OK {
				line[3] = "ok"
			}
		}
		table = append(table, line)
	}
	var widths [4]int
	for _, line := range table {
		for i, c := range line {
			widths[i] = max(widths[i], len(c))
		}
	}
	var b strings.Builder
	for i, line := range table {
		command := "command of the long form"
		if i > 0 {
			command = got[i-1].Command
		}
		fmt.Fprintf(&b, "%-*s  %*s  %*s  %-*s  %s\n", widths[0], line[0], widths[1], line[1], widths[2], line[2], widths[3], line[3], command)
	}
	for _, g := range got {
		if g.Error != "" {
			fmt.Fprintf(&b, "\n%s: %s\n", g.Name, g.Error)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Missed counts the rows that are not within their bars, or have no figure.
func Missed(got []Got) int {
	n := 0
	for _, g := range got {
		if !g.OK {
			n++
		}
	}
	return n
}

// Encode writes the table as JSON.
func Encode(w io.Writer, got []Got) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(got)
}

// A runner runs sources; programs are built when the first one needs them.
type runner struct {
	dir   string
	built map[string]error
}

var needed = map[string]string{"{edge}": "facet/cmd/edge", "{contest}": "facet/loadtest/cmd/contest", "{industry}": "facet/loadtest/cmd/industry"}

func (r *runner) run(ctx context.Context, args []string, log io.Writer) ([]byte, error) {
	args = append([]string{}, args...)
	for i, a := range args {
		command, ok := needed[a]
		if !ok {
			continue
		}
		args[i] = filepath.Join(r.dir, strings.Trim(a, "{}"))
		if _, known := r.built[a]; !known {
			fmt.Fprintf(log, "bench: go build %s\n", command)
			r.built[a] = child.Build(ctx, args[i], command)
		}
		if err := r.built[a]; err != nil {
			return nil, err
		}
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 20 * time.Second
	cmd.Stderr = log
	out, err := cmd.Output()
	if err != nil {
		tail := strings.TrimSpace(string(out))
		err = fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, tail[max(0, len(tail)-600):])
	}
	return out, err
}

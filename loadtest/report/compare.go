package report

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"facet/loadtest/load"
)

// A Verdict is what a difference comes to.
type Verdict string

const (
	Better Verdict = "better"
	Worse  Verdict = "worse"
	Same   Verdict = "same"
	Unsure Verdict = "unsure" // the interval holds both what would be the same and what would not
)

// A Difference is one figure of one row, on both sides.
type Difference struct {
	Row    string  `json:"row"`
	Figure string  `json:"figure"` // "p50", "failed", "cpu", …
	Unit   string  `json:"unit"`
	A      float64 `json:"a"`
	B      float64 `json:"b"`
	// Change is how much more B is than A: 0.1 is a tenth more. Of shares it is the difference itself.
	Change  float64 `json:"change"`
	Low     float64 `json:"low"` // the interval in which Change lies
	High    float64 `json:"high"`
	Verdict Verdict `json:"verdict"`
	Why     string  `json:"why,omitempty"` // of an unsure one
}

// A Comparison is two sides held against each other, each of one or more runs.
type Comparison struct {
	A           []string     `json:"a"` // when the runs began
	B           []string     `json:"b"`
	Sure        float64      `json:"sure"` // how sure intervals are, 0.99
	Worse       float64      `json:"worse"`
	Differences []Difference `json:"differences"`
	Notes       []string     `json:"notes,omitempty"`
	Verdict     Verdict      `json:"verdict"` // worse if anything is; else better if anything is; else unsure if anything is
}

// Settings are how a comparison is made. Zero fields take the values that stand behind them.
type Settings struct {
	Worse   float64  // from which change on something is worse or better: 0.05
	Sure    float64  // 0.99
	Figures []string // those that count: all
}

// mostShare is from which difference of a share of failures on it is worse.
const mostShare = 0.001

// Compare holds side B against side A.
func Compare(a, b []*load.Report, set Settings) (*Comparison, error) {
	if len(a) == 0 || len(b) == 0 {
		return nil, fmt.Errorf("a comparison has runs on both sides; here are %d and %d", len(a), len(b))
	}
	if set.Worse == 0 {
		set.Worse = 0.05
	}
	if set.Sure == 0 {
		set.Sure = 0.99
	}
	c := &Comparison{Sure: set.Sure, Worse: set.Worse}
	for _, r := range a {
		c.A = append(c.A, r.Began.Format("2006-01-02 15:04:05"))
	}
	for _, r := range b {
		c.B = append(c.B, r.Began.Format("2006-01-02 15:04:05"))
	}
	rows := rowsOf(a)
	for _, row := range rowsOf(b) {
		if !slices.Contains(rows, row) {
			rows = append(rows, row)
		}
	}
	if len(rows) > 1 {
		rows = append(rows, "")
	}
	for _, row := range rows {
		c.row(row, a, b, set)
	}
	c.server(a, b, set)
	c.Differences = slices.DeleteFunc(c.Differences, func(d Difference) bool { return len(set.Figures) > 0 && !slices.Contains(set.Figures, d.Figure) })
	if len(a) == 1 && len(b) == 1 {
		c.Notes = append(c.Notes, "one run a side: intervals know what differs within a run, not what differs between runs; give several runs of each side, alternating")
	}
	if a[0].Scenario != b[0].Scenario {
		c.Notes = append(c.Notes, fmt.Sprintf("the sides were asked different scenarios, %q and %q: what a request costs does not compare", a[0].Scenario, b[0].Scenario))
	}
	if ra, rb := mean(a, func(r *load.Report) float64 { return r.Rate }), mean(b, func(r *load.Report) float64 { return r.Rate }); math.Abs(ra-rb) > 0.02*ra {
		c.Notes = append(c.Notes, fmt.Sprintf("the sides were asked at different rates, %s and %s arrivals a second: latencies do not compare", brief(ra), brief(rb)))
	}
	for _, r := range slices.Concat(a, b) {
		if why := unfit(r); why != "" {
			c.Notes = append(c.Notes, why)
			break
		}
	}
	c.Verdict = Same
	for _, v := range []Verdict{Worse, Better, Unsure} {
		if slices.ContainsFunc(c.Differences, func(d Difference) bool { return d.Verdict == v }) {
			c.Verdict = v
			break
		}
	}
	return c, nil
}

// rowsOf are the rows of all runs, sorted.
func rowsOf(runs []*load.Report) []string {
	var out []string
	for _, r := range runs {
		for _, w := range r.Windows {
			for row := range w.Rows {
				if !slices.Contains(out, row) {
					out = append(out, row)
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

func mean(runs []*load.Report, of func(*load.Report) float64) float64 {
	sum := 0.0
	for _, r := range runs {
		sum += of(r)
	}
	return sum / float64(len(runs))
}

// compared are the percentiles of a comparison.
var compared = []struct {
	name string
	at   float64
}{{"p50", 0.50}, {"p90", 0.90}, {"p99", 0.99}}

// row compares one row; "" is all of them.
func (c *Comparison) row(row string, a, b []*load.Report, set Settings) {
	name := row
	if row == "" {
		name = "all"
	}
	x, y := newSide(a, row), newSide(b, row)
	if x.count == 0 || y.count == 0 {
		c.Notes = append(c.Notes, fmt.Sprintf("%s has answers on one side only", name))
		return
	}
	shared := x.share(y)
	qs := make([]float64, len(compared))
	for i, q := range compared {
		qs[i] = q.at
	}
	lies := intervals(x, y, shared, qs, set.Sure)
	for i, q := range compared {
		d := Difference{Row: name, Figure: q.name, Unit: "ms", A: x.quantile(shared, q.at), B: y.quantile(shared, q.at)}
		d.Change = ratio(d.A, d.B)
		switch rest := float64(min(x.count, y.count)) * (1 - q.at); {
		case rest < 10:
			d.Verdict, d.Why, d.Low, d.High = Unsure, fmt.Sprintf("too few answers are beyond it: %.0f", rest), -1, math.MaxFloat32
		default:
			d.Low, d.High = lies[i][0], lies[i][1]
			d.judge(set.Worse, 1)
		}
		c.Differences = append(c.Differences, d)
	}
	d := Difference{Row: name, Figure: "failed", Unit: "share", A: x.failures(), B: y.failures()}
	d.Change = d.B - d.A
	if d.A == 0 && d.B == 0 {
		d.Verdict = Same
	} else {
		d.Low, d.High = shares(x, y, set.Sure)
		d.judge(mostShare, 1)
	}
	c.Differences = append(c.Differences, d)
}

// judge gives the verdict of a change. sign is 1 where more is worse.
func (d *Difference) judge(worse, sign float64) {
	low, high, change := d.Low, d.High, d.Change
	if sign < 0 {
		low, high, change = -high, -low, -change
	}
	least := -worse
	if d.Unit != "share" {
		least = 1/(1+worse) - 1 // as far to the other side
	}
	switch {
	case low > 0 && change >= worse:
		d.Verdict = Worse
	case high < 0 && change <= least:
		d.Verdict = Better
	case low > least && high < worse:
		d.Verdict = Same
	default:
		d.Verdict, d.Why = Unsure, "the interval is wider than what counts"
	}
}

func ratio(a, b float64) float64 {
	if a == 0 {
		if b == 0 {
			return 0
		}
		return math.MaxFloat32
	}
	return b/a - 1
}

// server compares what requests cost the instances.
func (c *Comparison) server(a, b []*load.Report, set Settings) {
	for _, f := range []struct {
		name, unit string
		scale      float64
		of         func(before, after *load.Sample) float64
	}{
		{"cpu", "s/1,000", 1000, func(a, b *load.Sample) float64 { return b.CPU - a.CPU }},
		{"calls", "a request", 1, func(a, b *load.Sample) float64 { return b.Calls - a.Calls }},
		{"allocated", "KB", 0.001, func(a, b *load.Sample) float64 { return b.Allocated - a.Allocated }},
	} {
		x, y := newSpent(a, f.of), newSpent(b, f.of)
		d := Difference{Row: "server", Figure: f.name, Unit: f.unit, A: x.mean() * f.scale, B: y.mean() * f.scale}
		if d.A == 0 && d.B == 0 {
			continue
		}
		d.Change = ratio(d.A, d.B)
		if min(x.count(), y.count()) < 5 {
			d.Verdict, d.Why, d.Low, d.High = Unsure, "fewer than five samples", -1, math.MaxFloat32
		} else {
			d.Low, d.High = spentInterval(x, y, set.Sure)
			d.judge(set.Worse, 1)
		}
		c.Differences = append(c.Differences, d)
	}
}

// Print writes the comparison for people.
func (c *Comparison) Print(w io.Writer) error {
	t := &text{}
	for _, x := range []struct {
		name string
		runs []string
	}{{"A", c.A}, {"B", c.B}} {
		t.line("%s: %d run(s), %s", x.name, len(x.runs), strings.Join(x.runs, ", "))
	}
	t.line("")
	rows := [][]string{{"row", "figure", "A", "B", "unit", "change", fmt.Sprintf("%.0f %% interval", c.Sure*100), "verdict"}}
	for _, d := range c.Differences {
		scale, sign := 100.0, " %"
		a, b := brief(d.A), brief(d.B)
		if d.Unit == "share" {
			a, b, sign = brief(d.A*100), brief(d.B*100), " points"
		}
		unit := strings.Replace(d.Unit, "share", "%", 1)
		span := ""
		if d.High < math.MaxFloat32/2 && (d.Low != 0 || d.High != 0) {
			span = fmt.Sprintf("%+.1f to %+.1f", d.Low*scale, d.High*scale)
		}
		verdict := string(d.Verdict)
		if d.Verdict == Worse {
			verdict = "WORSE"
		}
		if d.Why != "" {
			verdict += " (" + d.Why + ")"
		}
		rows = append(rows, []string{d.Row, d.Figure, a, b, unit, fmt.Sprintf("%+.1f%s", d.Change*scale, sign), span, "  " + verdict})
	}
	for _, row := range rows { // the verdict is text at the right
		row[7] = strings.TrimSpace(row[7])
	}
	width := 0
	for _, row := range rows {
		width = max(width, len([]rune(row[7])))
	}
	for _, row := range rows {
		row[7] += strings.Repeat(" ", width-len([]rune(row[7])))
	}
	t.table(2, rows)
	t.line("")
	for _, n := range c.Notes {
		t.line("note: %s", n)
	}
	t.line("verdict: %s (a change counts from %s on)", c.Verdict, fmt.Sprintf("%g %%", c.Worse*100))
	_, err := io.WriteString(w, t.b.String())
	return err
}

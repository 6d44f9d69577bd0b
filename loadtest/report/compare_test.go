package report_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"facet/loadtest/load"
	"facet/loadtest/report"
)

// synthetic makes a report of 60 seconds, 200 requests each of two rows. slower multiplies the times of row b; failing is the share of
// its answers that failed.
func synthetic(seed uint64, slower, failing float64) *load.Report {
	rnd := rand.New(rand.NewPCG(seed, 1))
	r := &load.Report{Schema: load.Schema, Scenario: "synthetic", Began: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC), Seconds: 60, Rate: 400, Reached: 400, WindowSeconds: 1}
	in := load.Instance{Name: "one", URL: "http://one/metrics"}
	cpu, requests := 10.0, 0.0
	for at := range 61 {
		in.Samples = append(in.Samples, load.Sample{At: float64(at), CPU: cpu, RSS: 100e6, Requests: requests, Calls: requests * 5, Levels: requests * 2})
		cpu, requests = cpu+0.4*(0.97+0.06*rnd.Float64())*slower, requests+400
	}
	r.Instances = []load.Instance{in}
	for second := range 60 {
		w := load.Window{At: float64(second), Rows: map[string]*load.Cell{}}
		noise := 1 + 0.05*math.Sin(float64(second)/5+float64(seed)) // what a machine does besides
		for _, row := range []string{"a", "b"} {
			c := &load.Cell{Count: 200, Times: load.Bins{}}
			for range 200 {
				us := 8000 * noise * math.Exp(0.4*rnd.NormFloat64())
				if row == "b" {
					us *= slower
					if rnd.Float64() < failing {
						c.Failed++
					}
				}
				c.Times[int64(us)/10*10]++
			}
			r.Total.Count += c.Count
			r.Total.Failed += c.Failed
			w.Rows[row] = c
		}
		r.Windows = append(r.Windows, w)
	}
	return r
}

func verdicts(t *testing.T, c *report.Comparison) map[string]report.Verdict {
	t.Helper()
	out := map[string]report.Verdict{}
	for _, d := range c.Differences {
		out[d.Row+" "+d.Figure] = d.Verdict
		if d.Low > d.High || d.Verdict != report.Unsure && (d.Change < d.Low || d.Change > d.High) && d.High != 0 {
			t.Errorf("%s %s: %v is not within %v to %v", d.Row, d.Figure, d.Change, d.Low, d.High)
		}
	}
	return out
}

func TestCompare(t *testing.T) {
	a := []*load.Report{synthetic(1, 1, 0)}
	for name, c := range map[string]struct {
		b    []*load.Report
		want map[string]report.Verdict
		all  report.Verdict
	}{
		"the same":       {[]*load.Report{synthetic(2, 1, 0)}, map[string]report.Verdict{"a p50": report.Same, "b p50": report.Same, "b p90": report.Same, "b failed": report.Same, "server cpu": report.Same, "server calls": report.Same}, ""},
		"a tenth slower": {[]*load.Report{synthetic(2, 1.1, 0)}, map[string]report.Verdict{"a p50": report.Same, "b p50": report.Worse, "b p90": report.Worse, "server cpu": report.Worse}, report.Worse},
		"faster":         {[]*load.Report{synthetic(2, 0.8, 0)}, map[string]report.Verdict{"a p50": report.Same, "b p50": report.Better, "b p99": report.Better, "server cpu": report.Better}, report.Better},
		"failing":        {[]*load.Report{synthetic(2, 1, 0.02)}, map[string]report.Verdict{"a failed": report.Same, "b failed": report.Worse}, report.Worse},
		"several runs":   {[]*load.Report{synthetic(2, 1.1, 0), synthetic(3, 1.1, 0), synthetic(4, 1.1, 0)}, map[string]report.Verdict{"b p50": report.Worse}, report.Worse},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := report.Compare(a, c.b, report.Settings{})
			if err != nil {
				t.Fatal(err)
			}
			of := verdicts(t, got)
			for row, want := range c.want {
				if of[row] != want {
					t.Errorf("%s is %s, want %s", row, of[row], want)
				}
			}
			if c.all != "" && got.Verdict != c.all || c.all == "" && got.Verdict == report.Worse {
				t.Errorf("the verdict is %s, want %q", got.Verdict, c.all)
			}
			var b bytes.Buffer
			if err := got.Print(&b); err != nil || !strings.Contains(b.String(), "verdict: "+string(got.Verdict)) {
				t.Errorf("%v\n%s", err, &b)
			}
		})
	}
}

// TestIntervals: of pairs of equal runs few are told apart, and of pairs that differ by a tenth nearly all.
func TestIntervals(t *testing.T) {
	wrong, found := 0, 0
	const pairs = 3
	for i := range uint64(pairs) {
		a := []*load.Report{synthetic(100+2*i, 1, 0)}
		for _, slower := range []float64{1, 1.1} {
			c, err := report.Compare(a, []*load.Report{synthetic(101+2*i, slower, 0)}, report.Settings{Figures: []string{"p50", "p90"}})
			if err != nil {
				t.Fatal(err)
			}
			switch worse := c.Verdict == report.Worse; {
			case worse && slower == 1:
				wrong++
			case worse:
				found++
			}
		}
	}
	if wrong > 0 || found < pairs-1 {
		t.Errorf("of %d equal pairs %d are called worse, of as many that are a tenth slower %d", pairs, wrong, found)
	}
}

// TestFewAnswers: no verdict from what shows nothing.
func TestFewAnswers(t *testing.T) {
	few := func(us int64) *load.Report {
		return &load.Report{Schema: load.Schema, Seconds: 1, Rate: 50, WindowSeconds: 1, Windows: []load.Window{{Rows: map[string]*load.Cell{"a": {Count: 50, Times: load.Bins{us: 50}}}}}}
	}
	c, err := report.Compare([]*load.Report{few(1000)}, []*load.Report{few(5000)}, report.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	of := verdicts(t, c)
	if of["a p50"] != report.Worse || of["a p99"] != report.Unsure {
		t.Errorf("%v", of)
	}
}

func TestCompareNotes(t *testing.T) {
	a, b := synthetic(1, 1, 0), synthetic(2, 1, 0)
	b.Rate, b.Scenario = 200, "another"
	c, err := report.Compare([]*load.Report{a}, []*load.Report{b}, report.Settings{})
	if err != nil || !strings.Contains(strings.Join(c.Notes, "\n"), "different rates, 400 and 200") || !strings.Contains(strings.Join(c.Notes, "\n"), `different scenarios, "synthetic" and "another"`) || !strings.Contains(strings.Join(c.Notes, "\n"), "one run a side") {
		t.Errorf("%v, %q", err, c.Notes)
	}
	if _, err := report.Compare(nil, []*load.Report{b}, report.Settings{}); err == nil {
		t.Error("a side of no runs is compared")
	}
}

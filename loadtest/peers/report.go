package peers

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
)

// A Row is what one peer cost.
type Row struct {
	Peer      string    `json:"peer"`
	About     string    `json:"about"`
	Version   string    `json:"version,omitempty"`
	Missing   string    `json:"missing,omitempty"` // why there are no figures
	CPU       []float64 `json:"cpuMs"`             // milliseconds a page, one figure a round: seconds for 1,000 pages
	Median    float64   `json:"cpuMsMedian"`
	Calls     float64   `json:"tierCalls"`     // of a page that is asked for alone
	Busy      float64   `json:"tierCallsBusy"` // of a page in a round: some servers share calls between requests
	P50       float64   `json:"p50Ms"`         // at the fixed rate, tiers held
	P99       float64   `json:"p99Ms"`
	PerSecond float64   `json:"pagesPerSecond"` // at saturation, the load and the tiers on the same processors
	MiB       float64   `json:"residentMiB"`    // the most that was seen, with children
	Bytes     int       `json:"bytes"`
	Late      float64   `json:"late,omitempty"`  // the share of answers without what was late, or that failed, where a page may do without
	Ratio     float64   `json:"ratio,omitempty"` // the edge's processor time over this one's: the median of the rounds
	Low       float64   `json:"ratioLow,omitempty"`
	High      float64   `json:"ratioHigh,omitempty"`
	Against   string    `json:"against,omitempty"` // whose time was divided, where it is not the first row's
	Bar       float64   `json:"bar,omitempty"`     // what the ratio may be

	busy []float64
}

// Met says whether the bar is kept; a row without a bar or without figures has none to keep.
func (r *Row) Met() bool { return r.Bar == 0 || r.Missing != "" || r.Ratio <= r.Bar }

// A Report is one page's table.
type Report struct {
	Page     string  `json:"page"`
	Requests int     `json:"requestsPerRound"`
	Abreast  int     `json:"abreast"` // requests under way at once in a round
	Rate     float64 `json:"fixedRate"`
	Delay    string  `json:"tierDelay"`
	Load     string  `json:"machine"` // processors, and the load average before
	Rows     []*Row  `json:"rows"`
}

// machine is what the run had: processors and what else they did.
func machine() string {
	out := fmt.Sprintf("%s/%s, %d processors, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
	if b, err := os.ReadFile("/proc/loadavg"); err == nil {
		if f := strings.Fields(string(b)); len(f) > 0 {
			out += ", load average " + f[0] + " before"
		}
	}
	return out
}

// finish takes medians and ratios. A ratio is of one round's figures, which were taken beside each other.
func (r *Report) finish(peers []Peer) {
	row := func(name string) *Row {
		i := slices.IndexFunc(r.Rows, func(row *Row) bool { return row.Peer == name })
		return r.Rows[max(i, 0)]
	}
	for i, row1 := range r.Rows {
		if row1.Missing != "" || len(row1.CPU) == 0 {
			continue
		}
		row1.Median, row1.Busy = median(row1.CPU), median(row1.busy)
		edge := r.Rows[0]
		if peers[i].Against != "" {
			edge = row(peers[i].Against)
			row1.Against = edge.Peer
		}
		if edge == row1 || edge.Missing != "" || peers[i].Bar == 0 && peers[i].Of != "" {
			continue
		}
		row1.Bar = peers[i].Bar
		var ratios []float64
		for n := range min(len(edge.CPU), len(row1.CPU)) {
			ratios = append(ratios, edge.CPU[n]/max(row1.CPU[n], 0.001))
		}
		row1.Ratio, row1.Low, row1.High = median(ratios), slices.Min(ratios), slices.Max(ratios)
	}
}

// Print writes the table.
func (r *Report) Print(w io.Writer) {
	fmt.Fprintf(w, "The %s page: %d requests a round, %d abreast; latency at %.0f a second with tiers held for %s; %s\n\n", r.Page, r.Requests, r.Abreast, r.Rate, r.Delay, r.Load)
	fmt.Fprintf(w, "%-20s %8s %7s %7s %8s %8s %8s %7s %8s  %-6s %-13s %-6s %s\n", "peer", "CPU ms", "calls", "busy", "p50 ms", "p99 ms", "pages/s", "MiB", "bytes", "ratio", "rounds", "bar", "")
	for _, row := range r.Rows {
		if row.Missing != "" {
			fmt.Fprintf(w, "%-20s missing: %s\n", row.Peer, strings.ReplaceAll(row.Missing, "\n", "\n"+strings.Repeat(" ", 21)))
			continue
		}
		fmt.Fprintf(w, "%-20s %8.2f %7.1f %7.1f %8.1f %8.1f %8.0f %7.0f %8d", row.Peer, row.Median, row.Calls, row.Busy, row.P50, row.P99, row.PerSecond, row.MiB, row.Bytes)
		if row.Ratio != 0 {
			fmt.Fprintf(w, "  %-6.3f %-13s", row.Ratio, fmt.Sprintf("%.3f–%.3f", row.Low, row.High))
		}
		switch {
		case row.Bar == 0:
		case row.Met():
			fmt.Fprintf(w, " <=%.2f ok", row.Bar)
		default:
			fmt.Fprintf(w, " <=%.2f MISSED", row.Bar)
		}
		if row.Late > 0 {
			fmt.Fprintf(w, " (%.1f %% of the answers without what was late)", 100*row.Late)
		}
		if row.Against != "" {
			fmt.Fprintf(w, " (of %s)", row.Against)
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w, "\nCPU ms: user and system, of the server's processes alone: the same number is CPU-seconds for 1,000 pages. ratio: the edge's over the peer's, median of the rounds.")
	fmt.Fprintln(w, "calls: of a page asked alone; busy: of a page in a round, where some share calls between requests. MiB: the most resident memory seen, with children.")
}

// mostLate is the share of answers without what was late that a figure may be of.
const mostLate = 0.05

// Err says what is not as it should be: figures of a machine that was too busy, bars that are missed, peers that are missing.
func (r *Report) Err() error {
	for _, row := range r.Rows {
		if row.Late > mostLate {
			return fmt.Errorf("%.0f %% of the answers of %s did without what was late: the machine is too busy for the %s page", 100*row.Late, row.Peer, r.Page)
		}
	}
	var missed, missing []string
	for _, row := range r.Rows {
		switch {
		case row.Missing != "":
			missing = append(missing, row.Peer)
		case !row.Met():
			missed = append(missed, fmt.Sprintf("%s (%.3f, not <= %.2f)", row.Peer, row.Ratio, row.Bar))
		}
	}
	switch {
	case len(missing) > 0 && len(missed) > 0:
		return fmt.Errorf("the %s page: missing are %s; bars are missed against %s", r.Page, strings.Join(missing, ", "), strings.Join(missed, ", "))
	case len(missing) > 0:
		return &MissingError{r.Page, missing}
	case len(missed) > 0:
		return fmt.Errorf("the %s page: bars are missed against %s", r.Page, strings.Join(missed, ", "))
	}
	return nil
}

// A MissingError says that peers could not be measured; what could be is in the report.
type MissingError struct {
	Page  string
	Peers []string
}

func (e *MissingError) Error() string {
	return fmt.Sprintf("the %s page: missing are %s; the table says why", e.Page, strings.Join(e.Peers, ", "))
}

package load

import "testing"

// TestBroke: of random arrivals there are fewer than planned, and that says nothing of who asks. A generator that cannot ask faster takes longer.
func TestBroke(t *testing.T) {
	q := &Search{Sent: 0.98, Failed: 0.01, P99: 1e9}
	for name, c := range map[string]struct {
		r    Report
		held bool
	}{
		"few fell due": {Report{Planned: 240, Arrived: 197, Rate: 120, Seconds: 2.001}, true},
		"all in time":  {Report{Planned: 240, Arrived: 240, Rate: 120, Seconds: 2}, true},
		"too slow":     {Report{Planned: 240, Arrived: 240, Rate: 120, Seconds: 2.3}, false},
		"interrupted":  {Report{Planned: 240, Arrived: 100, Rate: 120, Seconds: 1, Ended: "interrupted"}, false},
	} {
		if why := q.broke(&Step{}, &c.r); (why == "") != c.held {
			t.Errorf("%s: %q", name, why)
		}
	}
}

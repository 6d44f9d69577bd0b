package report

import (
	"testing"

	"facet/loadtest/load"
)

// TestOneAxis: what is measured at the server goes on until the last answers are there, and all charts over time are as long.
func TestOneAxis(t *testing.T) {
	r := &load.Report{Seconds: 20, WindowSeconds: 1, Instances: []load.Instance{{Name: "a"}, {Name: "b"}}}
	for at := range 26 {
		r.Instances[1].Samples = append(r.Instances[1].Samples, load.Sample{At: float64(at), CPU: float64(at)})
	}
	cores := ofInstances(r, "Processor of the server", "cores", func(a, b *load.Sample) float64 { return b.CPU - a.CPU })
	if asked, cpu := throughput(r).x.max, cores.x.max; asked != 25 || cpu != 25 {
		t.Errorf("requests to %g s, the processor to %g s, want 25", asked, cpu)
	}
}

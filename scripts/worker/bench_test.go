package worker_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"facet/scripts"
	"facet/scripts/worker"
	"facet/view"
)

// progress is the computed function of the TV home's cards.
const progress = `({ a, b }) => b == null ? { minutesLeft: a, state: "NEW" } : a == null ? { minutesLeft: null, state: "STARTED" }
	: { minutesLeft: Math.max(0, a - Math.floor(b / 60)), state: b >= a * 57 ? "DONE" : "STARTED" }`

// BenchmarkColumn is the computed column of a TV home, 400 cards in one batch, in this process and in a worker; and one card
// alone, where the way there and back counts most. cpu-ns/op is of both processes together.
func BenchmarkColumn(b *testing.B) {
	for _, rows := range []int{1, 400} {
		var all [][][]byte
		for i := range rows {
			all = append(all, in(fmt.Sprint(90+i), fmt.Sprint(60*i)))
		}
		for _, where := range []string{"here", "worker"} {
			b.Run(fmt.Sprintf("%d/%s", rows, where), func(b *testing.B) {
				one := build(b, "@bench/home", "JSON", progress)
				o := scripts.RunOptions{CPU: 5 * time.Second}
				p := pool(b, worker.Options{})
				var f scripts.Callable = open(b, p, one, o)
				if where == "here" {
					here, err := scripts.Open(one, o)
					if err != nil {
						b.Fatal(err)
					}
					defer here.Close()
					f = here
				}
				batch := f.Batches()[0]
				var dst []byte
				ends, errs := make([]int, rows), make([]error, rows)
				used := func() (d time.Duration) {
					var u syscall.Rusage
					if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
						b.Fatal(err)
					}
					for _, c := range p.Children() {
						d += c.CPU
					}
					return d + time.Duration(u.Utime.Nano()+u.Stime.Nano())
				}
				b.ReportAllocs()
				from := used()
				for b.Loop() {
					dst = batch(&view.Account{Left: time.Minute}, all, dst[:0], ends, errs)
					if errs[0] != nil || ends[rows-1] != len(dst) {
						b.Fatal(errs[0])
					}
				}
				b.ReportMetric(float64(used()-from)/float64(b.N), "cpu-ns/op")
			})
		}
	}
}

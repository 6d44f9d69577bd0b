package scripts

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"facet/view"
)

// cards are forty rows of a screen and the two functions that each of them has, as the examples have them.
func cards(t testing.TB, o RunOptions) (fs *Functions, badge, progress [][][]byte) {
	b := build(
		fn("String", "(() => {\nconst SOURCE = \"Original Screenplay\";\nreturn (({ source }) => source === SOURCE ? \"ORIGINAL\" : null);\n})()", "source"),
		fn("Shelf", `({ runtime, at }) => at == null ? { minutesLeft: runtime, state: "NEW" } : runtime == null ? { minutesLeft: null, state: "STARTED" }`+
			` : { minutesLeft: Math.max(0, runtime - Math.floor(at / 60)), state: at >= runtime * 57 ? "DONE" : "STARTED" }`, "runtime", "at"))
	b.Objects = append(b.Objects, &view.Object{Name: "Shelf", Fields: []*view.ObjectField{{Name: "minutesLeft", Type: ref("Int")}, {Name: "state", Type: ref("State")}}})
	b.Enums = append(b.Enums, &view.Enum{Name: "State", Values: []string{"NEW", "STARTED", "DONE"}})
	fs, err := Open(b, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fs.Close)
	sources := []string{`"Original Screenplay"`, `"Based on Book/Short Story"`, `null`, `"Remake"`}
	for i := range 40 {
		badge = append(badge, in(sources[i%4]))
		at := fmt.Sprint(i * 170)
		if i%5 == 4 {
			at = "null"
		}
		progress = append(progress, in(fmt.Sprint(85+i), at))
	}
	return fs, badge, progress
}

// BenchmarkCards is what the computed fields of a page of forty cards cost, two for each, in Go and in the engine.
func BenchmarkCards(b *testing.B) {
	for _, how := range []struct {
		name string
		o    RunOptions
	}{{"go", RunOptions{}}, {"engine", RunOptions{EngineOnly: true}}} {
		b.Run(how.name, func(b *testing.B) {
			fs, badge, progress := cards(b, how.o)
			dst, ends, errs := make([]byte, 0, 1<<16), make([]int, 40), make([]error, 40)
			a := &view.Account{}
			b.ReportAllocs()
			th := lockThread()
			began := th.used()
			var windows []float64
			at, n := began, 0
			for b.Loop() {
				if n++; n%32 == 0 {
					now := th.used()
					windows, at = append(windows, float64(now-at)/32), now
				}
				*a = view.Account{Left: time.Second}
				out := fs.rows(0, a, badge, dst, ends, errs)
				fs.rows(1, a, progress, out, ends, errs)
				for _, err := range errs {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(th.used()-began)/float64(b.N), "thread-ns/op") // the machine may be busy with others' work
			if slices.Sort(windows); len(windows) > 0 {                           // and so are its caches: one in ten windows of 32 batches is as quick as this
				b.ReportMetric(windows[len(windows)/10], "quiet-ns/op")
			}
			th.unlock()
		})
	}
}

package composer_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"facet/composer"
	"facet/fault"
	"facet/view"
)

// batched gives a world an engine whose one function is a Batch.
func batched(t testing.TB, w *world, f view.Batch) {
	e, err := composer.NewEngine(composer.Config{Graph: w.g, Surface: w.engine.Surface(), Batches: [][]view.Batch{{f}}, Tiers: w.tier.For(w.g)})
	if err != nil {
		t.Fatal(err)
	}
	w.engine = e
}

func homeOf(series bool) *composer.Selection {
	fields := []any{"__typename", "title", "progress"}
	if series {
		fields = append(fields, "seasons")
	}
	sel := view1("home", nodes("name", "rows", nodes("name", "items", nodes(fields...))))
	for _, n := range sel.Roots[0].Sub[1].Sub[1].Sub[1:3] {
		n.On = []string{"Card"}
	}
	return sel
}

// A column is one batch of the rows that the answer shows, each input once; the answer is the same as value by value.
func TestColumns(t *testing.T) {
	for _, format := range []composer.Format{composer.FormatTree, composer.FormatGraph} {
		w := filmWorld(t, true)
		r := &composer.Request{Selection: homeOf(false), Format: format}
		if format == composer.FormatGraph {
			r.Selection.Roots[0].Path = []string{"home"}
		}
		want := w.ask(r)
		var sizes []int
		batched(t, w, func(a *view.Account, in [][][]byte, dst []byte, ends []int, errs []error) []byte {
			sizes = append(sizes, len(in))
			return view.Compute(progress).Rows()(a, in, dst, ends, errs)
		})
		got := w.ask(r)
		if d := cmp.Diff(string(want.Data), string(got.Data)); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([]int{10}, sizes); d != "" { // of 12 films two stand twice; the series in each row has no progress
			t.Error(d)
		}
	}
}

// Rows fail alone: the others' results stand where they belong.
func TestColumnErrors(t *testing.T) {
	w := filmWorld(t, false)
	batched(t, w, func(_ *view.Account, in [][][]byte, dst []byte, ends []int, errs []error) []byte {
		for r := range in {
			switch string(in[r][0]) {
			case "91":
				errs[r] = fault.New(fault.BadAnswer, "wrong")
			case "92":
				errs[r] = errors.New("secret")
			default:
				dst = fmt.Appendf(dst, `{"minutesLeft":%s,"state":"NEW"}`, in[r][0])
			}
			ends[r] = len(dst)
		}
		return dst
	})
	p := w.ask(&composer.Request{Selection: homeOf(false)})
	if d := cmp.Diff([]string{"home rows 0 items 1 progress bad_answer", "home rows 0 items 2 progress internal"}, short(p)); d != "" {
		t.Error(d)
	}
	want := `{"home":{"name":"Ann","rows":[{"name":"Row 0","items":[` +
		`{"__typename":"Card","title":"Film 0","progress":{"minutesLeft":90,"state":"NEW"}},{"__typename":"Card","title":"Film 1","progress":null},` +
		`{"__typename":"Card","title":"Film 2","progress":null},{"__typename":"Card","title":"Film 3","progress":{"minutesLeft":93,"state":"NEW"}}]}`
	if got := string(p.Data[:min(len(p.Data), len(want))]); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// What a Batch must not do fails its rows, never the answer.
func TestColumnsOfBadBatches(t *testing.T) {
	for name, f := range map[string]view.Batch{
		"panics":          func(*view.Account, [][][]byte, []byte, []int, []error) []byte { panic("x") },
		"cuts the buffer": func(_ *view.Account, _ [][][]byte, dst []byte, _ []int, _ []error) []byte { return dst[:0] },
		"ends behind": func(_ *view.Account, _ [][][]byte, dst []byte, ends []int, _ []error) []byte {
			ends[0] = len(dst) + 9
			return dst
		},
		"does not go up": func(_ *view.Account, _ [][][]byte, dst []byte, ends []int, _ []error) []byte {
			ends[0] = len(dst) + 1
			ends[1] = len(dst)
			return append(dst, "1"...)
		},
		"is not there": nil,
		"below nothing": func(_ *view.Account, _ [][][]byte, dst []byte, ends []int, _ []error) []byte {
			ends[0] = -1
			return dst
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := filmWorld(t, false)
			batched(t, w, f)
			p := w.ask(&composer.Request{Selection: homeOf(false)})
			if len(p.Errors) != 12 {
				t.Errorf("got %d errors: %s", len(p.Errors), p.Data)
			}
			for _, e := range p.Errors {
				if e.Kind != fault.Internal {
					t.Errorf("got %v", e)
				}
			}
		})
	}
}

// BenchmarkComputedPage is the TV home with a computed object on each of 400 cards, computed by a Go function.
func BenchmarkComputedPage(b *testing.B) {
	e, w, sel, c := page(b)
	for _, n := range sel.Roots[0].Sub[2].Sub[1].Sub[6:] {
		n.Name, n.Key = "progress", "progress"
	}
	sel.Roots[0].Sub[2].Sub[1].Sub = sel.Roots[0].Sub[2].Sub[1].Sub[:7]
	ts := composer.TiersBySource{}
	for _, src := range w.g.Sources {
		ts[src.Name] = c
	}
	e, err := composer.NewEngine(composer.Config{Graph: w.g, Surface: e.Surface(), Tiers: ts, Computes: [][]view.Compute{{progress}}})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	defer cpu(b)()
	for b.Loop() {
		for p := range e.Answer(context.Background(), &composer.Request{Selection: sel, Asker: w.asker}) {
			if len(p.Errors) > 0 {
				b.Fatal(p.Errors)
			}
			b.SetBytes(int64(len(p.Data)))
			p.Release()
		}
	}
}

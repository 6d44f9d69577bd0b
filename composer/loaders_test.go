package composer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"facet/asker"
	"facet/composer"
	"facet/fault"
	"facet/tiers/fake"
	"facet/view"
)

// sharing makes a film world whose engine calls through Loaders.
func sharing(t testing.TB) *world {
	w := filmWorld(t, false)
	e, err := composer.NewEngine(composer.Config{Graph: w.g, Surface: w.engine.Surface(), Computes: [][]view.Compute{{progress}},
		Loaders: composer.NewLoaders(w.g, composer.TiersBySource(w.tier.For(w.g)), 0), Limits: composer.Limits{Time: 30 * time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	w.engine = e
	return w
}

func askFilm(ctx context.Context, w *world, a *asker.Asker, id string) composer.Part {
	sel, values := film(id, "key", "title")
	for p := range w.engine.Answer(ctx, &composer.Request{Selection: sel, Values: values, Asker: a}) {
		return p
	}
	return composer.Part{}
}

// TestGroupCommit: two calls go at once, what arrives meanwhile goes with the third, each key once, and every request
// gets its own rows.
func TestGroupCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := sharing(t)
		w.tier.Delay("catalog", 10*time.Millisecond)
		var wg sync.WaitGroup
		for i := range 12 {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * time.Microsecond)
				id := fmt.Sprint("t", i%8)
				p := askFilm(context.Background(), w, w.asker, id)
				if want := fmt.Sprintf(`{"film":{"key":"%s","title":"Film %d"}}`, id, i%8); string(p.Data) != want || p.Stats.Calls != 1 {
					t.Errorf("%s, want %s; %d calls", p.Data, want, p.Stats.Calls)
				}
			})
		}
		wg.Wait()
		calls := w.tier.Calls("catalog.Title")
		if len(calls) != 3 || len(calls[2].Needs[0]) != 8 {
			t.Errorf("%d calls, the third of %d keys; want 3 and 8", len(calls), len(calls[len(calls)-1].Needs[0]))
		}
		if n := w.tier.MaxConcurrent("catalog"); n != 2 {
			t.Errorf("%d calls at once, want 2", n)
		}
	})
}

// TestLeaving: a request that goes away does not take the others' call with it; when the last goes, so does the call.
func TestLeaving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := sharing(t)
		w.tier.Delay("catalog", 50*time.Millisecond)
		for i := range 2 { // fill the two places
			go askFilm(context.Background(), w, w.asker, fmt.Sprint("t", i))
		}
		time.Sleep(time.Millisecond)
		ctx, cancel := context.WithCancel(context.Background())
		left := make(chan composer.Part, 2)
		stayed := make(chan composer.Part, 1)
		go func() { left <- askFilm(ctx, w, w.asker, "t2") }()
		synctest.Wait()
		go func() { stayed <- askFilm(context.Background(), w, w.asker, "t3") }()
		synctest.Wait()
		time.Sleep(60 * time.Millisecond) // the third call is on its way, for both
		cancel()
		if p := <-left; len(p.Errors) != 1 || p.Errors[0].Kind != "canceled" {
			t.Errorf("%s %v", p.Data, short(p))
		}
		if p := <-stayed; len(p.Errors) != 0 {
			t.Errorf("%s %v", p.Data, short(p))
		}
		ctx, cancel = context.WithCancel(context.Background())
		w.tier.Hang("catalog")
		go func() { left <- askFilm(ctx, w, w.asker, "t9") }()
		synctest.Wait()
		cancel()
		<-left
		synctest.Wait()
		calls := w.tier.Calls("catalog")
		if last := calls[len(calls)-1]; last.Ended.IsZero() {
			t.Error("the call of nobody goes on")
		}
	})
}

// TestGarbageOfOne: a key that the tier refuses costs the request that asked for it, and none of those that went in the same call.
func TestGarbageOfOne(t *testing.T) {
	for _, kind := range []fault.Kind{fault.Invalid, fault.NotFound, fault.TooLarge, fault.Forbidden, fault.Unavailable} {
		synctest.Test(t, func(t *testing.T) {
			w := sharing(t)
			w.tier.Delay("catalog", 10*time.Millisecond)
			w.tier.Func("catalog.Title", func(r *fake.Request) (any, error) {
				rows := []any{}
				for _, k := range r.Keys() {
					if k == "t5" {
						return nil, fault.New(kind, "t5 is refused")
					}
					rows = append(rows, obj{"id": k, "title": "Film " + k})
				}
				return obj{"titles": rows}, nil
			})
			var wg sync.WaitGroup
			for i := range 12 {
				wg.Go(func() {
					time.Sleep(time.Duration(i) * time.Microsecond)
					id := fmt.Sprint("t", i)
					p := askFilm(context.Background(), w, w.asker, id)
					want := fmt.Sprintf(`{"film":{"key":"%s","title":"Film %s"}}`, id, id)
					spoiled := i == 5 || kind == fault.Unavailable && i > 1 // what fails for everybody is not asked again
					if (string(p.Data) != want) != spoiled {
						t.Errorf("%s: %s %v", kind, p.Data, short(p))
					}
				})
			}
			wg.Wait()
			if calls, most := w.tier.Count("catalog.Title"), 11; calls > most || kind == fault.Unavailable && calls > 3 {
				t.Errorf("%s: %d calls, want at most %d", kind, calls, most)
			}
		})
	}
}

// TestNeverShared: mutations go one by one; headers that no source lists make no difference.
func TestNeverShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := sharing(t)
		w.tier.Delay("*", 10*time.Millisecond)
		w.tier.Func("bookmarks.Mutation.setBookmark", func(r *fake.Request) (any, error) { return obj{"title": r.Arg("title"), "positionSeconds": 1}, nil })
		sel := &composer.Selection{Mutation: true, Roots: []*composer.Root{{Kind: composer.RootMutation, Key: "m", Name: "setBookmark", Window: -1,
			Args: []composer.Arg{{Name: "title", Value: 0}, {Name: "positionSeconds", Value: 1}}, Sub: nodes("key")}}}
		var wg sync.WaitGroup
		for i := range 6 {
			wg.Go(func() {
				a := *w.asker
				a.Headers = http.Header{"X-Unlisted": {fmt.Sprint(i)}}
				for range w.engine.Answer(context.Background(), &composer.Request{Selection: sel, Asker: &a, Values: []json.RawMessage{json.RawMessage(`"t4"`), json.RawMessage(`1`)}}) {
				}
			})
		}
		wg.Wait()
		if n := w.tier.Count("bookmarks.Mutation.setBookmark"); n != 6 {
			t.Errorf("%d mutations, want 6", n)
		}
		w.tier.Forget()
		for i := range 6 {
			wg.Go(func() {
				a := *w.asker
				a.Headers = http.Header{"X-Unlisted": {fmt.Sprint(i)}}
				askFilm(context.Background(), w, &a, "t1")
			})
		}
		wg.Wait()
		if n := w.tier.Count("catalog.Title"); n != 3 {
			t.Errorf("%d calls for one film, want 3", n)
		}
	})
}

// BenchmarkSharedPage is the contest page through Loaders.
func BenchmarkSharedPage(b *testing.B) {
	_, w, sel, c := page(b)
	ts := composer.TiersBySource{}
	for _, src := range w.g.Sources {
		ts[src.Name] = c
	}
	home := w.engine.Surface()
	e, err := composer.NewEngine(composer.Config{Graph: w.g, Surface: home, Loaders: composer.NewLoaders(w.g, ts, 0)})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			for p := range e.Answer(context.Background(), &composer.Request{Selection: sel, Asker: w.asker}) {
				if len(p.Errors) > 0 {
					b.Error(len(p.Errors))
				}
				p.Release()
			}
		}
	})
}

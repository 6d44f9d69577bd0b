package jsongraph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"iter"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"facet/asker"
	"facet/composer"
	"facet/fault"
	"facet/serve/jsongraph"
)

var many = flag.Int("paths", 1500, "random path sets that TestWhole asks for")

// A told engine answers, and says the same once more, as something that is not taken as whole: a tier may be late at any time. The third
// time it has nothing at all, and says that this is not whole.
type told struct {
	*composer.Engine
	attached composer.Attached
	last     *composer.Part // nil: it has nothing to repeat
	bare     bool           // it has nothing to say
	whole    bool           // the engine's own word
}

func (d *told) Attached() *composer.Attached { return &d.attached }

func (d *told) Answer(ctx context.Context, r *composer.Request) iter.Seq[composer.Part] {
	return func(yield func(composer.Part) bool) {
		if d.bare {
			yield(composer.Part{Data: []byte("{}"), Last: true})
			return
		}
		if p := d.last; p != nil {
			d.last = nil
			yield(*p)
			return
		}
		for p := range d.Engine.Answer(ctx, r) {
			again := p
			again.Data, again.Release, again.Whole = bytes.Clone(p.Data), nil, false
			d.last, d.whole = &again, p.Whole
			yield(p)
			return
		}
	}
}

func (d *told) Find(context.Context, string, string, *asker.Asker) (composer.Answerer, func(), error) {
	return d, func() {}, nil
}

func (d *told) Near(string, string) []string { return nil }

// TestWhole asks for random path sets twice: an answer that is sent as the composer wrote it has the bytes of one that was looked
// through for what is missing or stands twice. Of one that is not whole every path ends nevertheless, if all of it is missing.
func TestWhole(t *testing.T) {
	l := newLive(t)
	d := &told{Engine: l.engine}
	mux := http.NewServeMux()
	mux.Handle("/{device}/{schema}/model.json", jsongraph.New(jsongraph.Options{Views: d, Asker: liveAsker}))
	whole := 0
	for seed := range *many {
		r := rand.New(rand.NewPCG(uint64(seed), 7))
		if seed == *many/2 {
			l.tier.Fail("artwork.Title.artwork", fault.Unavailable)
			l.tier.Fail("profiles.Profile.recentSearches", fault.Timeout)
		}
		var sets []any
		for range 1 + r.IntN(4) {
			sets = append(sets, randomPath(r))
		}
		text, err := json.Marshal(sets)
		if err != nil {
			t.Fatal(err)
		}
		paths := string(text)
		d.last, d.bare = nil, false
		got, e := get(t, mux, paths)
		want, _ := get(t, mux, paths)
		d.bare = true
		rec, bare := get(t, mux, paths)
		if got.Code != want.Code || got.Body.String() != want.Body.String() {
			t.Fatalf("seed %d: %s\ngot  %d %s\nwant %d %s", seed, paths, got.Code, got.Body, want.Code, want.Body)
		}
		if got.Code != 200 {
			continue
		}
		if err := check(e.JSONGraph, e.Paths); err != nil {
			t.Fatalf("seed %d: %s: %v in %s", seed, paths, err, got.Body)
		}
		if err := check(bare.JSONGraph, bare.Paths); rec.Code != 200 || err != nil {
			t.Fatalf("seed %d: %s: nothing is answered with %d, %v in %s", seed, paths, rec.Code, err, rec.Body)
		}
		if d.whole && !jsongraph.Gaps(l.engine.Surface(), paths) {
			whole++
		}
	}
	if whole < *many/4 {
		t.Errorf("%d of %d answers were sent as they were written", whole, *many)
	}
}

// follows says what stands below a key: "#" is a list, "@" an entity's key.
var follows = map[string][]string{
	"":        {"home", "home", "home", "film@", "me", "byGenre", "Card@", "Card@", "SeriesCard@", "Profile@", "Watched"},
	"home":    {"name", "recent", "rows#", "rows#", "rows#"},
	"rows":    {"name", "items#", "items#"},
	"items":   {"title", "art", "progress", "seasons", "key", "id", "__typename", "similar#"},
	"similar": {"title", "art", "progress", "key", "similar#"},
	"film":    {"title", "art", "progress", "similar#", "id"}, "Card": {"title", "art", "progress", "similar#", "__typename"}, "SeriesCard": {"title", "seasons", "key"},
	"me": {"name", "id", "myList#"}, "Profile": {"name", "key", "myList#"}, "myList": {"title", "key", "progress"},
	"byGenre": {"DRAMA", "CRIME"}, "DRAMA": {"titles#"}, "CRIME": {"titles#"}, "titles": {"title", "art"},
	"Watched": {"demo@", "kid@"}, "demo": {"at", "key"}, "kid": {"at"},
}

func randomPath(r *rand.Rand) []any {
	at, path := "", []any{}
	for {
		all := follows[at]
		if len(all) == 0 || r.IntN(25) == 0 && len(path) > 0 {
			return path
		}
		next := all[r.IntN(len(all))]
		if r.IntN(40) == 0 {
			next = "nope"
		}
		at = strings.TrimRight(next, "#@")
		path = append(path, any(at))
		switch next[len(next)-1] {
		case '#':
			path = append(path, randomIndices(r))
			if r.IntN(12) == 0 {
				path[len(path)-1] = []any{"length", path[len(path)-1]}
			}
		case '@':
			var keys []any
			for range 1 + r.IntN(3) {
				keys = append(keys, fmt.Sprint("t", r.IntN(24)))
			}
			if r.IntN(6) == 0 {
				keys = append(keys, []any{"s1", "demo", "none", "t%31", 5}[r.IntN(5)])
			}
			path = append(path, keys)
		default:
			if follows[at] != nil || r.IntN(2) == 0 {
				continue
			}
			set := []any{at}
			for range 1 + r.IntN(4) { // further fields of the same place, if they are leaves
				if other := all[r.IntN(len(all))]; !strings.HasSuffix(other, "#") || r.IntN(9) == 0 {
					set = append(set, strings.TrimRight(other, "#@"))
				}
			}
			path[len(path)-1] = set
		}
	}
}

func randomIndices(r *rand.Rand) any {
	one := func() any {
		if r.IntN(3) == 0 {
			return r.IntN(6)
		}
		from := r.IntN(4)
		return map[string]any{"from": from, "to": from + r.IntN(4)}
	}
	switch r.IntN(8) {
	case 0:
		return []any{one(), one()}
	case 1:
		return "length"
	case 2:
		return map[string]any{"from": 0, "to": 45}
	}
	return one()
}

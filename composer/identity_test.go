package composer_test

import (
	"context"
	"encoding/json"
	"flag"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"facet/composer"
)

var identityRequests = flag.Int("identity.requests", 20_000, "requests that TestIdentity makes; the bar is 1000000")

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func number(id string) int {
	n, _ := strconv.Atoi(id[1:])
	return n
}

// An identityTally is what a run of the identity test came to.
type identityTally struct {
	asked, values, nulls, errors, left, wrong, stale atomic.Int64

	mu    sync.Mutex
	first string // what was wrong first
}

// run asks n requests, 64 at a time.
func (w *identityWorld) run(n int) *identityTally {
	tally := &identityTally{}
	var wg sync.WaitGroup
	var next atomic.Int64
	for range 64 {
		wg.Go(func() {
			for next.Add(1) <= int64(n) {
				w.one(someone(), tally)
			}
		})
	}
	wg.Wait()
	return tally
}

// one asks as somebody and holds what is answered against who it was.
func (w *identityWorld) one(i identity, tally *identityTally) {
	tally.asked.Add(1)
	e, user := w.engines[i.served], index(identityUsers, i.user)
	ctx := context.Background()
	if rand.IntN(30) == 0 { // some go away
		c, cancel := context.WithTimeout(ctx, time.Duration(rand.IntN(300))*time.Microsecond)
		defer cancel()
		ctx = c
	}
	if rand.IntN(10) == 0 {
		sel := &composer.Selection{Mutation: true, Roots: []*composer.Root{{Kind: composer.RootMutation, Key: "m", Name: "setMark", Window: -1, Args: []composer.Arg{{Name: "title", Value: 0}}}}}
		before := w.marks[user][i.title].Load()
		for p := range e.Answer(ctx, &composer.Request{Selection: sel, Asker: i.asker(), Values: []json.RawMessage{quoted(titleID(i.title))}}) {
			if len(p.Errors) == 0 {
				raiseTo(&w.floors[user][i.title], before+1)
			}
			release(&p)
		}
		return
	}
	sel := identitySelections[rand.IntN(len(identitySelections))]
	var floors [identityTitles]int64
	for k := range floors {
		floors[k] = w.floors[user][k].Load()
	}
	for p := range e.Answer(ctx, &composer.Request{Selection: sel, Asker: i.asker(), Values: []json.RawMessage{quoted(titleID(i.title)), quoted(i.kind)}}) {
		tally.errors.Add(int64(len(p.Errors)))
		if ctx.Err() != nil {
			tally.left.Add(1)
		}
		var got struct{ Look *identityPage }
		if err := json.Unmarshal(p.Data, &got); err != nil {
			tally.bad("no JSON", string(p.Data), err.Error())
		} else if got.Look != nil {
			i.check(got.Look, &floors, tally)
		}
		release(&p)
	}
}

// identitySelections ask for parts of the view.
var identitySelections = func() (list []*composer.Selection) {
	names := []string{"me", "top", "seen", "mark", "price", "note", "similar"}
	for part := 1; part < 1<<len(names); part += 3 {
		sel := view1("look", nil, composer.Arg{Name: "id", Value: 0}, composer.Arg{Name: "kind", Value: 1})
		for i, n := range names {
			if part>>i&1 == 0 {
				continue
			}
			node := &composer.Node{Key: n, Name: n, Window: -1}
			if n == "similar" {
				node.Sub = nodes("seen", "mark")
			}
			sel.Roots[0].Sub = append(sel.Roots[0].Sub, node)
		}
		list = append(list, sel)
	}
	return list
}()

type identityCard struct{ Seen, Mark *string }

type identityPage struct {
	identityCard
	Me, Price, Note *string
	Top             []string
	Similar         []*identityCard
}

func (i identity) check(p *identityPage, floors *[identityTitles]int64, tally *identityTally) {
	g, id := i.graph(), titleID(i.title)
	equal := func(what string, got *string, want string) {
		switch {
		case got == nil:
			tally.nulls.Add(1)
		case *got != want:
			tally.bad(what, *got, want)
		default:
			tally.values.Add(1)
		}
	}
	card := func(c *identityCard, n int) {
		equal("seen", c.Seen, sight(g, "catalog.Title", titleID(n), i.region, i.language))
		if c.Mark == nil {
			tally.nulls.Add(1)
			return
		}
		mark, count, _ := strings.Cut(*c.Mark, "#")
		equal("mark", &mark, sight(g, "private.Title.mark", titleID(n), i.user, i.token()))
		if v, _ := strconv.ParseInt(count, 10, 64); v < floors[n%identityTitles] {
			tally.stale.Add(1)
		}
	}
	card(&p.identityCard, i.title)
	for k, c := range p.Similar {
		if c != nil {
			card(c, i.title+[]int{1, 7}[k])
		}
	}
	equal("me", p.Me, sight(g, "private.Query.me", "", i.in(), "viewer-"+i.user, i.token()))
	equal("price", p.Price, sight(g, "catalog.Title.price", id, i.in(), i.region, i.language))
	equal("note", p.Note, sight(g, "bare.Title.note", id, i.token()))
	for _, s := range p.Top {
		equal("top", &s, sight(g, "catalog.Query.top", "0", i.kind, i.region, i.language))
	}
}

func (t *identityTally) bad(what, got, want string) {
	t.wrong.Add(1)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.first == "" {
		t.first = what + ": answered " + got + ", want " + want
	}
}

func quoted(s string) json.RawMessage { return json.RawMessage(`"` + s + `"`) }

func release(p *composer.Part) {
	if p.Release != nil {
		p.Release()
	}
}

func raiseTo(a *atomic.Int64, v int64) {
	for old := a.Load(); old < v && !a.CompareAndSwap(old, v); old = a.Load() {
	}
}

// TestIdentity: of many requests at once, over users, sessions, languages, regions, variables, devices, package and graph versions,
// with calls shared and answers kept, with tiers that fail and lie and with writes among them, none is answered what belongs to
// another, or what was there before a write that had been answered.
func TestIdentity(t *testing.T) {
	w := newIdentityWorld(t, true)
	began := time.Now()
	tally := w.run(*identityRequests / share)
	if tally.wrong.Load() > 0 || tally.stale.Load() > 0 {
		t.Errorf("of %d values %d are another's and %d are from before a write; the first: %s", tally.values.Load(), tally.wrong.Load(), tally.stale.Load(), tally.first)
	}
	hits, misses := int64(0), int64(0)
	for _, s := range w.cache.Stats() {
		hits, misses = hits+s.Hits, misses+s.Misses
	}
	t.Logf("%d requests in %v: %d values, %d not asked or null, %d errors, %d went away; %d tier calls, %d kept rows and answers were given, %d were not there",
		tally.asked.Load(), time.Since(began).Round(time.Millisecond), tally.values.Load(), tally.nulls.Load(), tally.errors.Load(), tally.left.Load(), w.calls.Load(), hits, misses)
	if tally.values.Load() < tally.asked.Load() || hits == 0 || tally.errors.Load() == 0 {
		t.Error("the test has not tested much")
	}
}

// TestIdentityIsSeen: with one header left out of what answers are kept and shared by, or with writes that nobody is told of, TestIdentity
// fails.
func TestIdentityIsSeen(t *testing.T) {
	for _, header := range []string{"Authorization", "Accept-Language"} {
		w := newIdentityWorld(t, false)
		for _, l := range w.loaders {
			composer.Blind(l, header)
		}
		if tally := w.run(2000); tally.wrong.Load() == 0 {
			t.Errorf("nobody sees that %s is not looked at", header)
		}
	}
	w := newIdentityWorld(t, false)
	for _, l := range w.loaders {
		composer.Deaf(l)
	}
	if tally := w.run(4000); tally.wrong.Load() > 0 || tally.stale.Load() == 0 {
		t.Error("nobody sees that writes make nothing old")
	}
}

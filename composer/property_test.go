package composer_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"facet/asker"
	"facet/composer"
	"facet/graph"
	"facet/tiers"
	"facet/tiers/fake"
	"facet/view"
)

var (
	worlds    = flag.Int("worlds", 200, "how many random worlds are tried")
	worldSeed = flag.Uint64("seed", 0, "the one random world to try; 0: all")
	worldSize = flag.Int("size", 0, "its size; 0: its own")
)

// maxSize is how big random worlds get; it bounds fields, types, entities, all at once.
const maxSize = 5

// TestRandomWorlds asks random selections of random packages over random graphs with random data and failures. The answer, its errors
// and its degraded places are those of a resolver that fetches every field by itself; the same selection as a JSON Graph, with its
// references followed, is that answer too; and each level of the plan has each operation once, for keys that the resolver fetched, no
// key twice.
func TestRandomWorlds(t *testing.T) {
	if *worldSeed > 0 {
		size := *worldSize
		if size == 0 {
			size = sizeOf(*worldSeed)
		}
		if bad := newRandomWorld(t, *worldSeed, size).check(); bad != "" {
			t.Error(bad)
		}
		return
	}
	var tally tally
	for seed := uint64(1); seed <= uint64(*worlds); seed++ {
		w := newRandomWorld(t, seed, sizeOf(seed))
		if bad := w.check(); bad != "" {
			for size := 1; size < sizeOf(seed); size++ { // the smallest world of this seed that shows it
				if small := newRandomWorld(t, seed, size).check(); small != "" {
					t.Fatalf("go test ./composer -run TestRandomWorlds -seed %d -size %d\n%s", seed, size, small)
				}
			}
			t.Fatalf("go test ./composer -run TestRandomWorlds -seed %d\n%s", seed, bad)
		}
		tally.add(w)
	}
	t.Logf("%+v", tally)
	if *worlds >= 200 && (tally.Calls < 3*(*worlds) || tally.Errors < *worlds/2 || tally.Shared < *worlds/2 || tally.Deep < *worlds/5) {
		t.Error("the worlds have become too simple to find anything")
	}
}

func sizeOf(seed uint64) int { return 1 + int(seed%maxSize) }

// A tally is what all worlds had.
type tally struct {
	Calls, Keys, Errors, Degraded, Bytes int
	Shared                               int // worlds whose resolver fetched something more than once
	Deep                                 int // worlds of three levels or more
	Apart                                int // worlds whose calls would be fewer, if a plan knew what is known when it runs
}

func (t *tally) add(w *randomWorld) {
	t.Calls += len(w.calls)
	t.Errors += len(w.naive.errors)
	t.Degraded += len(w.naive.degraded)
	t.Bytes += w.bytes
	levels := 0
	for _, c := range w.calls {
		t.Keys += len(c.keys)
		levels = max(levels, c.level)
	}
	if levels >= 3 {
		t.Deep++
	}
	if w.apart > 0 {
		t.Apart++
	}
	if w.naive.fetched > len(w.naive.needs) {
		t.Shared++
	}
}

// A randomWorld is an engine over a random graph, with a random package and selection.
type randomWorld struct {
	seed   uint64
	size   int
	g      *randomGraph
	build  *view.Build
	engine *composer.Engine
	naive  *resolver
	bytes  int
	apart  int // calls of one operation at one level, because the plan has it at two

	mu    sync.Mutex
	calls []randomCall
}

// A randomCall is one that a tier got.
type randomCall struct {
	op    *graph.Operation
	args  string
	page  tiers.Page
	keys  []string
	level int
}

// levelKey is where a call's context has its level.
type levelKey struct{}

// A levels is a Watcher that tells calls their level.
type levels struct{}

func (levels) Sent(ctx context.Context, s composer.Sent, _ *tiers.Flight) (context.Context, func(composer.Landed)) {
	return context.WithValue(ctx, levelKey{}, s.Level), nil
}

func (levels) Together(ctx context.Context, _ *graph.Operation, _ []context.Context, _ *tiers.Flight) (context.Context, func(error)) {
	return ctx, nil
}

func (levels) Spared(composer.Spared) {}

func (levels) Answered(composer.Stats) {}

// A listener notes calls on their way to a tier.
type listener struct {
	tiers.Tier
	w *randomWorld
}

func (l listener) Call(ctx context.Context, c *tiers.Call) (*tiers.Answer, error) {
	k := randomCall{op: c.Operation, page: c.Page}
	k.level, _ = ctx.Value(levelKey{}).(int)
	for i, a := range c.Operation.Args {
		if a == "size" && i < len(c.Args) {
			k.args = string(c.Args[i])
		}
	}
	if len(c.Needs) > 0 {
		for _, v := range c.Needs[0] {
			k.keys = append(k.keys, fake.Text(v))
		}
	} else if i := slices.Index(c.Operation.Args, "id"); i >= 0 {
		k.keys = []string{fake.Text(c.Args[i])}
	} else {
		k.keys = []string{""}
	}
	l.w.mu.Lock()
	l.w.calls = append(l.w.calls, k)
	l.w.mu.Unlock()
	return l.Tier.Call(ctx, c)
}

func newRandomWorld(t testing.TB, seed uint64, size int) *randomWorld {
	t.Helper()
	w := &randomWorld{seed: seed, size: size, g: newRandomGraph(seed, size)}
	parsed, err := w.g.parse()
	if err != nil {
		t.Fatalf("seed %d: %v\n%s", seed, err, w.g.sdl())
	}
	w.build = record(w.g, size)
	w.build.Graph = parsed.Digest
	surface, diags := view.NewSurface("tv", "v3", w.build)
	if diags.Failed() {
		t.Fatalf("seed %d: %v", seed, diags.Err())
	}
	tier := fake.New()
	w.g.script(tier)
	c := composer.Config{Graph: parsed, Surface: surface, Computes: [][]view.Compute{{join}}, Limits: composer.Limits{Calls: 1 << 20, Time: time.Minute}}
	bySource := map[string]tiers.Tier{}
	for name := range tier.For(parsed) {
		bySource[name] = listener{tier, w}
	}
	if w.shares() {
		c.Loaders = composer.NewLoaders(parsed, bySource, 0)
	} else {
		c.Tiers = bySource
	}
	if w.engine, err = composer.NewEngine(c); err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	return w
}

// shares says whether the world's calls go through shared loaders; then they have no level.
func (w *randomWorld) shares() bool { return w.seed%4 == 0 }

// check says what is wrong with the world's answers; "" if nothing is.
func (w *randomWorld) check() string {
	if bad := w.tree(); bad != "" {
		return bad
	}
	return w.graph()
}

func (w *randomWorld) ask(p *picker, format composer.Format) (*composer.Selection, *composer.Request, composer.Part) {
	r := &composer.Request{Asker: &asker.Asker{}, Format: format}
	r.Selection = p.selection(&r.Values)
	r.Windows = p.windows
	var part composer.Part
	for part = range w.engine.Answer(composer.WithWatcher(context.Background(), levels{}), r) {
	}
	w.naive = &resolver{g: w.g, b: w.build, windows: r.Windows, values: r.Values}
	return r.Selection, r, part
}

func (w *randomWorld) picker(asGraph bool) *picker {
	return &picker{r: rand.New(rand.NewPCG(w.seed, 3)), b: w.build, graph: asGraph, depth: min(3, w.size)}
}

func (w *randomWorld) tree() string {
	sel, r, part := w.ask(w.picker(false), composer.FormatTree)
	w.bytes = len(part.Data)
	want := w.naive.answer(sel)
	explain := func(what string) string {
		x, err := w.engine.Explain(sel, r.Values, r.Asker)
		if err != nil {
			return err.Error()
		}
		return fmt.Sprintf("%s\nasked: %s\nanswer: %s\nerrors: %v\nnaive: %v %v\n%s\n%s", what, selected(sel), part.Data, short(part), w.naive.errors, w.naive.degraded, x, w.g.sdl())
	}
	if bad := w.differs(want, part.Data); bad != "" {
		return explain(bad)
	}
	if diff := cmp.Diff(slices.Concat(w.naive.errors, w.naive.degraded), short(part)); diff != "" && len(w.naive.errors)+len(short(part)) > 0 {
		return explain("errors (-naive +engine):\n" + diff)
	}
	if part.NotFound != w.naive.gone {
		return explain(fmt.Sprintf("notFound is %v", part.NotFound))
	}
	if part.Stats.Calls != len(w.calls) {
		return explain(fmt.Sprintf("it counts %d calls, of %d", part.Stats.Calls, len(w.calls)))
	}
	x, err := w.engine.Explain(sel, r.Values, r.Asker)
	if err != nil {
		return explain("explain: " + err.Error())
	}
	if part.Stats.Levels > x.Levels {
		return explain(fmt.Sprintf("%d levels, the plan has %d", part.Stats.Levels, x.Levels))
	}
	if bad := w.distinct(x); bad != "" {
		return explain(bad)
	}
	return ""
}

func (w *randomWorld) differs(want any, data []byte) string {
	var a, b any
	if err := json.Unmarshal([]byte(asJSON(want)), &a); err != nil {
		return err.Error()
	}
	if err := json.Unmarshal(data, &b); err != nil {
		return err.Error()
	}
	if diff := cmp.Diff(a, b); diff != "" {
		return "data (-naive +engine):\n" + diff
	}
	return ""
}

// distinct says which call should not have been made.
func (w *randomWorld) distinct(x composer.Explanation) string {
	steps := map[string]int{}
	for _, o := range x.Operations {
		steps[o.Operation]++
	}
	asked := map[string]bool{}
	batches := map[string]int{} // by level, operation and argument: calls
	keys := map[string]int{}    // likewise
	for _, c := range w.calls {
		for _, k := range c.keys {
			need := c.op.ID + "|" + c.args + "|" + k
			if !w.naive.needs[need] {
				return "nobody needs " + need
			}
			if need += fmt.Sprint("|", c.page.Offset, "|", c.page.Limit); asked[need] {
				return "asked twice: " + need
			}
			asked[need] = true
		}
		if c.op.Batch && !w.shares() {
			at := fmt.Sprint(c.level, " ", c.op.ID, " ", c.args)
			batches[at]++
			keys[at] += len(c.keys)
			need := 1
			if c.op.MaxSize > 0 {
				need = (keys[at] + c.op.MaxSize - 1) / c.op.MaxSize
			}
			if batches[at] > need { // an operation of two levels of the plan, where all that makes them two was known
				if w.apart++; batches[at] >= need+steps[c.op.ID] {
					return "more calls than keys need: level " + at
				}
			}
		}
	}
	if w.g.rich || w.naive.gone {
		return ""
	}
	for need := range w.naive.needs { // lists gave keys alone: whatever is needed is fetched
		if !slices.ContainsFunc(w.calls, func(c randomCall) bool {
			return strings.HasPrefix(need, c.op.ID+"|"+c.args+"|") && slices.Contains(c.keys, need[len(c.op.ID+c.args)+2:])
		}) {
			return "nobody asked for " + need
		}
	}
	return ""
}

// selected prints a selection.
func selected(sel *composer.Selection) string {
	var b strings.Builder
	var walk func(ns []*composer.Node)
	walk = func(ns []*composer.Node) {
		b.WriteString("{")
		for i, n := range ns {
			if i > 0 {
				b.WriteString(" ")
			}
			b.WriteString(n.Key)
			if n.On != nil {
				fmt.Fprint(&b, "@", n.On)
			}
			if n.Window >= 0 {
				fmt.Fprint(&b, "#", n.Window)
			}
			if n.Sub != nil {
				walk(n.Sub)
			}
		}
		b.WriteString("}")
	}
	for _, r := range sel.Roots {
		b.WriteString(r.Key)
		walk(r.Sub)
	}
	return b.String()
}

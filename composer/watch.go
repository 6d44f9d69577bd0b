package composer

import (
	"cmp"
	"context"
	"time"

	"facet/fault"
	"facet/graph"
	"facet/tiers"
)

// A Watcher follows the tier calls of answers: a tracer, a Timeline. It travels in the request's context, because whoever
// watches is not the protocol that asks. Its methods are called on the goroutines of the calls, several at once, and must
// not wait. Where there is none, nothing is measured.
type Watcher interface {
	// Sent is told of a call that leaves now. The tier is called under the context that it returns, which may be ctx, and the call
	// carries what is put into f. ended is called once, when the answer has been read or has failed; never if that is
	// nil. f then says how the call went.
	Sent(ctx context.Context, s Sent, f *tiers.Flight) (under context.Context, ended func(Landed))
	// Together is told of a call that calls of several requests go in: members are the contexts that those were given. f is the
	// call's own.
	Together(ctx context.Context, op *graph.Operation, members []context.Context, f *tiers.Flight) (under context.Context, ended func(error))
	// Spared is told of an operation that is not called: all that it could give is known, or on its way.
	Spared(s Spared)
	// Answered is told what an answer took.
	Answered(s Stats)
}

// A Sent is a call of an operation, as it leaves.
type Sent struct {
	Operation *graph.Operation
	Level     int                // in the chain of calls, from 1
	Keys      int                // entities that are asked for
	Within    time.Duration      // how long the answer waits for it; 0: for as long as it takes
	After     []*graph.Operation // what gave its keys
}

// A Landed is how a call ended for the request.
type Landed struct {
	Bytes int
	Err   *fault.Error // nil if it was answered
	Late  bool         // the answer went on without it
}

// A Spared is an operation that was not called.
type Spared struct {
	Operation *graph.Operation
	Level     int
	// Waiting says that its keys are being fetched by other calls of the request.
	Waiting bool
}

type watcherKey struct{}

// WithWatcher adds a Watcher to a request's context.
func WithWatcher(ctx context.Context, w Watcher) context.Context {
	if first := watcherOf(ctx); first != nil {
		w = watchers{first, w}
	}
	return context.WithValue(ctx, watcherKey{}, w)
}

func watcherOf(ctx context.Context) Watcher {
	w, _ := ctx.Value(watcherKey{}).(Watcher)
	return w
}

// watchers are two.
type watchers struct{ first, second Watcher }

func (w watchers) Sent(ctx context.Context, s Sent, f *tiers.Flight) (context.Context, func(Landed)) {
	ctx, a := w.first.Sent(ctx, s, f)
	ctx, b := w.second.Sent(ctx, s, f)
	return ctx, func(l Landed) {
		if b != nil {
			b(l)
		}
		if a != nil {
			a(l)
		}
	}
}

func (w watchers) Together(ctx context.Context, op *graph.Operation, members []context.Context, f *tiers.Flight) (context.Context, func(error)) {
	ctx, a := w.first.Together(ctx, op, members, f)
	ctx, b := w.second.Together(ctx, op, members, f)
	return ctx, func(err error) {
		if b != nil {
			b(err)
		}
		if a != nil {
			a(err)
		}
	}
}

func (w watchers) Spared(s Spared) { w.first.Spared(s); w.second.Spared(s) }

func (w watchers) Answered(s Stats) { w.first.Answered(s); w.second.Answered(s) }

// watched is fetch with somebody watching.
func (x *exec) watched(k *call, a *answerData, s *scanner, ans uint16) (bad *fault.Error) {
	st := x.p.steps[k.step]
	sent := Sent{Operation: k.op.op, Keys: len(k.es), Within: k.op.budget()}
	for _, w := range st.waits {
		sent.After = append(sent.After, x.p.steps[w].op.op)
	}
	x.mu.Lock()
	sent.Level = x.steps[k.step].level
	x.mu.Unlock()
	f := &tiers.Flight{}
	ctx, ended := x.watch.Sent(tiers.WithFlight(x.ctx, f), sent, f)
	bad = x.fetch(ctx, k, a, s, ans)
	if ended != nil {
		x.mu.Lock()
		late := x.over || x.steps[k.step].done
		x.mu.Unlock()
		ended(Landed{Bytes: len(a.body), Err: cmp.Or(bad, k.lost), Late: late})
	}
	return bad
}

// spared tells that a step which was to be sent makes no call. x.mu is held.
func (x *exec) spared(st *planOp, state *stepState) {
	x.watch.Spared(Spared{Operation: st.op.op, Level: int(st.level), Waiting: len(state.sharing) > 0})
}

// alone is the context of a call that a batch makes for one block: its own Flight is that of the batch's first.
func alone(ctx context.Context, b *block) context.Context {
	f := tiers.FlightOf(b.ctx)
	if f == nil && tiers.FlightOf(ctx) == nil {
		return ctx
	}
	f.Note(func(p *tiers.Passage) { p.Left, p.Requests = time.Now(), 1 })
	return tiers.WithFlight(ctx, f)
}

// together is the context of a call that a batch makes for several blocks, and what to call when it has returned.
func together(ctx context.Context, group []*block) (context.Context, func(error)) {
	var w Watcher
	for _, b := range group {
		if w = watcherOf(b.ctx); w != nil {
			break
		}
	}
	if w == nil {
		return ctx, nil
	}
	f := &tiers.Flight{}
	left := time.Now()
	f.Note(func(p *tiers.Passage) { p.Left, p.Requests = left, len(group) })
	members := make([]context.Context, 0, len(group))
	for _, b := range group {
		members = append(members, b.ctx)
		tiers.FlightOf(b.ctx).Note(func(p *tiers.Passage) { p.Left, p.Requests = left, len(group) })
	}
	ctx, ended := w.Together(tiers.WithFlight(ctx, f), group[0].call.Operation, members, f)
	return ctx, func(err error) {
		went := f.Passage()
		for _, m := range members {
			tiers.FlightOf(m).Note(func(p *tiers.Passage) { *p = went })
		}
		if ended != nil {
			ended(err)
		}
	}
}

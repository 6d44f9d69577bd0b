package composer

import (
	"facet/fault"
	"facet/view"
)

// ProveHandler bounds what a run of a handler may take: as many loads and mutations as its quota allows, each as wide as the widest of
// them. Loads that go out together take less, as calls are merged; what its code does cannot be known. Of a quota that is not filled
// what it does not state counts nothing.
func (e *Engine) ProveHandler(name string, q view.HandlerQuota) (Proof, error) {
	found, ok := e.cfg.Surface.Mutation(name)
	if !ok {
		return Proof{}, fault.New(fault.NotFound, "there is no mutation %q", name)
	}
	b := e.cfg.Surface.Builds[found.Build]
	h := b.Handler(found.Def)
	if h == nil {
		return Proof{}, fault.New(fault.Invalid, "%s is recorded: it is no handler", name)
	}
	out := Proof{Name: name, Kind: "handler", Package: b.Package, Plans: 1}
	add := func(kind RootKind, full string, o *view.Output, into *Worst) error {
		w := &wide{s: e.cfg.Surface}
		root, _, err := w.root(kind, full)
		if err != nil {
			return err
		}
		if o != nil {
			root.Sub = e.whole(o) // it asks for all, every list at its first
		}
		one := Proof{}
		if err := e.ways(&Selection{Roots: []*Root{root}, Mutation: kind == RootEffect}, &one, true); err != nil {
			return err
		}
		out.Plans, out.Partly = out.Plans+one.Plans, out.Partly || one.Partly
		into.join(one.Widest)
		return nil
	}
	var load, change Worst
	for _, v := range h.Views {
		if err := add(RootLoad, v.Name, v.Output, &load); err != nil {
			return Proof{}, err
		}
	}
	for _, m := range h.Mutations {
		if err := add(RootEffect, m.Name, m.Output, &change); err != nil {
			return Proof{}, err
		}
	}
	out.Widest = load.times(q.Loads).plus(change.times(q.Mutations))
	out.Default = out.Widest
	return out, nil
}

// times is what n of a worst take.
func (w Worst) times(n int) Worst {
	for _, f := range []*Figure{&w.Calls, &w.Entities, &w.Items, &w.Computed} {
		if f.Bounded() {
			f.Most = figure(times(f.Most, int64(n)))
		} else if n == 0 {
			f.Most = 0
		}
	}
	w.Levels *= n
	return w
}

// plus is what two worsts take one after another; the lists and the operation are those of the dearer.
func (w Worst) plus(o Worst) Worst {
	for _, f := range []struct{ a, b *Figure }{{&w.Calls, &o.Calls}, {&w.Entities, &o.Entities}, {&w.Items, &o.Items}, {&w.Computed, &o.Computed}} {
		sum := int64(-1)
		if f.a.Bounded() && f.b.Bounded() {
			sum = figure(plus(f.a.Most, f.b.Most))
		}
		if !f.b.Bounded() || f.a.Bounded() && f.b.Most > f.a.Most {
			*f.a = *f.b
		}
		f.a.Most = sum
	}
	w.Levels += o.Levels
	return w
}

// Within is a worst under what a package may spend of one request, which is counted over all that a run loads.
func (w Worst) Within(b view.Budget) Worst {
	for _, f := range []struct {
		f    *Figure
		most int
	}{{&w.Calls, b.Calls}, {&w.Entities, b.Entities}, {&w.Items, b.Items}} {
		if f.most > 0 && (!f.f.Bounded() || f.f.Most > int64(f.most)) {
			f.f.Most = int64(f.most)
		}
	}
	return w
}

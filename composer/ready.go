package composer

import "facet/asker"

// Ready makes the plans that a selection's first request of an asker would make. Nothing is asked of any tier.
func (e *Engine) Ready(sel *Selection, a *asker.Asker) error {
	if !sel.Mutation {
		_, err := e.plan(sel, a, -1)
		return err
	}
	for i := range sel.Roots {
		if _, err := e.plan(sel, a, i); err != nil {
			return err
		}
	}
	return nil
}

// ProveSelection bounds what a selection takes, as Prove does a view: asked as it stands, and at its widest, with lists that a variable may
// lengthen at their max. The mutations of one document are added up.
func (e *Engine) ProveSelection(name string, sel *Selection) (Proof, error) {
	out := Proof{Name: name, Kind: "document"}
	for b := range e.cfg.Surface.Builds {
		out.Package = e.cfg.Surface.Builds[b].Package
	}
	if !sel.Mutation {
		if err := e.ways(sel, &out, true); err != nil {
			return Proof{}, err
		}
		return out, e.ways(sel, &out, false)
	}
	for _, r := range sel.Roots {
		one, part := Proof{}, &Selection{Roots: []*Root{r}, Mutation: true}
		if err := e.ways(part, &one, true); err != nil {
			return Proof{}, err
		}
		if err := e.ways(part, &one, false); err != nil {
			return Proof{}, err
		}
		out.Widest.add(one.Widest)
		out.Default.add(one.Default)
		out.Plans, out.Partly = out.Plans+one.Plans, out.Partly || one.Partly
	}
	return out, nil
}

// Join makes a proof one of either of two ways to ask.
func (pr *Proof) Join(o Proof) {
	pr.Widest.join(o.Widest)
	pr.Default.join(o.Default)
	pr.Plans, pr.Partly = pr.Plans+o.Plans, pr.Partly || o.Partly
}

// add is what one takes after the other.
func (w *Worst) add(o Worst) {
	for _, f := range []struct{ a, b *Figure }{{&w.Calls, &o.Calls}, {&w.Entities, &o.Entities}, {&w.Items, &o.Items}, {&w.Computed, &o.Computed}} {
		switch {
		case !f.a.Bounded():
		case !f.b.Bounded():
			*f.a = *f.b
		default:
			most := f.a.Most + f.b.Most
			if f.b.Most > f.a.Most {
				*f.a = *f.b
			}
			f.a.Most = most
		}
	}
	w.Levels += o.Levels
}

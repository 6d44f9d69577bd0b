package composer

import (
	"fmt"
	"math/bits"
	"slices"

	"facet/asker"
	"facet/fault"
	"facet/graph"
	"facet/view"
)

// Packages that stand on one route share its requests, not their budgets: every value, list and operation of a plan knows the
// builds whose roots it serves, as bits. What several of them need is done once and counts for each; it is left undone only where
// none of them may have it any more.

// owned is the bit of a build. Routes mount a few packages; those past the 63rd share the last bit, and the loosest of their budgets.
func owned(build int) uint64 { return 1 << min(build, 63) }

// budgets are the bounds of the surface's builds, and whether any package states one: else the Engine's own suffice.
func budgets(s *view.Surface, l Limits) (out []view.Budget, stated bool) {
	env := view.Budget{Calls: l.Calls, Entities: l.Entities, Items: l.Items, Bytes: int64(l.Bytes), CPU: l.CPU}
	for i, b := range s.Builds {
		own := b.Budget()
		stated = stated || own.Stated()
		own = own.Within(env)
		if i < 64 {
			out = append(out, own)
			continue
		}
		last := &out[63]
		last.Calls, last.Entities, last.Items = max(last.Calls, own.Calls), max(last.Entities, own.Entities), max(last.Items, own.Items)
		last.Bytes, last.CPU, last.Shorten = max(last.Bytes, own.Bytes), max(last.CPU, own.CPU), last.Shorten && own.Shorten
	}
	for _, b := range s.Builds {
		for _, v := range b.Views {
			stated = stated || v.Budget != nil
		}
	}
	return out, stated
}

// A site is where a list stands in what its author wrote.
type listSite struct {
	name string // "home.rows.items"
	pos  fault.Pos
}

// A standing is how many entities one instance of a domain has, for the builds that own them.
type standing struct {
	dom    int32
	owners uint64
	n      int
}

// own finishes what a plan knows of its owners.
func (p *planner) own() {
	pl := p.p
	pl.owners = make([]uint64, len(pl.domains))
	for d := range pl.domains {
		if l := pl.domains[d].list; l != none {
			pl.owners[d] = p.owners[l]
		}
	}
	for d := len(pl.domains) - 1; d > 0; d-- { // who reads a list inside a list reads that
		pl.owners[pl.domains[d].parent] |= pl.owners[d]
	}
	for i := range pl.vals {
		if !p.entityStands(vid(i)) {
			continue
		}
		v, at := &pl.vals[i], -1
		for k, s := range pl.standing {
			if s.dom == v.dom && s.owners == p.owners[i] {
				at = k
			}
		}
		if at < 0 {
			pl.standing = append(pl.standing, standing{dom: v.dom, owners: p.owners[i]})
			at = len(pl.standing) - 1
		}
		pl.standing[at].n++
	}
	for _, st := range pl.steps {
		for _, u := range st.uses {
			if u.spec >= 0 {
				st.owners |= p.owners[u.value]
				continue
			}
			if u.exists {
				st.owners |= p.owners[u.of]
			}
			for i := range pl.vals { // who reads of the entity what is loaded
				v := &pl.vals[i]
				if v.op != vField || v.of != u.of {
					continue
				}
				for _, f := range u.facts {
					if v.facts == f {
						st.owners |= p.owners[i]
					}
				}
			}
			if st.owners == 0 {
				st.owners = p.owners[u.of]
			}
		}
		for _, e := range pl.effects {
			if int(e) == st.index {
				st.owners |= p.owner
			}
		}
	}
}

// entityStands says whether an entity of its own stands where the value is. Values that only look at another one are not counted.
func (p *planner) entityStands(id vid) bool {
	v := p.at(id)
	switch v.op {
	case vEntity:
		return true
	case vItem, vField, vFieldOp, vEffect:
		if v.typ == nil || v.ref.List() {
			return false
		}
		return v.space >= 0 || v.place != nil && v.place.cases != nil
	}
	return false
}

// A spend is what a request has taken of one build's budget.
type spend struct {
	calls, entities, items int
	bytes                  int64
	over                   *fault.Error // what its roots are refused for
}

// overdrawn is the refusal of what is past a package's budget.
func overdrawn(b *view.Build, what string, limit int64) *fault.Error {
	return &fault.Error{Kind: fault.Limit, Op: "budget", Subject: b.Package, Message: fmt.Sprintf("%s is past its budget of %d %s", b.Package, limit, what), Hint: "ask for fewer fields, or for shorter lists"}
}

// each calls f for every build of a set of owners.
func each(owners uint64, f func(build int)) {
	for owners != 0 {
		b := bits.TrailingZeros64(owners)
		owners &^= 1 << b
		f(b)
	}
}

// afford takes one tier call from the budgets of those who need it. It is refused where none of them has any left.
func (x *exec) afford(owners uint64) *fault.Error {
	if !x.e.stated {
		return nil
	}
	var bad *fault.Error
	room := owners == 0
	each(owners, func(b int) {
		s, limit := &x.spends[b], x.e.budgets[b].Calls
		switch {
		case s.over != nil:
			bad = s.over
		case s.calls >= limit:
			bad = overdrawn(x.e.cfg.Surface.Builds[b], "tier calls", int64(limit))
		default:
			room = true
		}
	})
	if !room {
		return bad
	}
	each(owners, func(b int) {
		if s := &x.spends[b]; s.over == nil && s.calls < x.e.budgets[b].Calls {
			s.calls++
		}
	})
	return nil
}

// full says whether nobody may have another item of a domain that has n so far.
func (x *exec) full(dom int32, n int) bool {
	if !x.e.stated {
		return false
	}
	owners, full := x.p.owners[dom], true
	each(owners, func(b int) {
		s := &x.spends[b]
		if s.over == nil && s.items+n > x.e.budgets[b].Items {
			s.over = overdrawn(x.e.cfg.Surface.Builds[b], "items", int64(x.e.budgets[b].Items))
		}
		full = full && s.over != nil
	})
	return full && owners != 0
}

// stand counts a domain's n instances: as items of their lists, and the entities that stand in each.
func (x *exec) stand(dom int32, n int) {
	if !x.e.stated {
		return
	}
	if dom > 0 {
		each(x.p.owners[dom], func(b int) { x.spends[b].items += n })
		x.full(dom, 0)
	}
	for _, st := range x.p.standing {
		if st.dom != dom {
			continue
		}
		each(st.owners, func(b int) {
			s, limit := &x.spends[b], x.e.budgets[b].Entities
			if s.entities += n * st.n; s.entities > limit && s.over == nil {
				s.over = overdrawn(x.e.cfg.Surface.Builds[b], "entities", int64(limit))
			}
		})
	}
}

// tally counts what the answer holds before it is written: lists that no call needed are counted here.
func (x *exec) tally() {
	if !x.e.stated {
		return
	}
	x.stand(0, 1)
	for d := 1; d < len(x.p.domains); d++ {
		x.size(int32(d))
	}
}

// refusal is why a root is not shown: what it failed with, or the budget that its package is past.
func (x *exec) refusal(r *emitRoot) *fault.Error {
	if r.refused != nil {
		return r.refused
	}
	if err := x.rootError(r); err != nil {
		return err
	}
	if x.e.stated && r.build >= 0 {
		return x.spends[min(r.build, 63)].over
	}
	return nil
}

// A request is what the mutations of one document have taken together: each is run for itself.
type request struct {
	spends   []spend
	accounts []view.Account
}

func (q *request) resume(x *exec) {
	copy(x.spends, q.spends)
	copy(x.accounts, q.accounts)
}

func (q *request) keep(x *exec) {
	q.spends, q.accounts = slices.Clone(x.spends), slices.Clone(x.accounts)
}

// certain counts the tier calls that a plan makes of a build whatever the tiers answer: operations that wait for none, under no
// condition but that arguments are right, each once.
func (p *plan) certain(build int) int {
	n := 0
	for _, st := range p.steps {
		if st.level != 1 || st.owners&owned(build) == 0 || st.effect >= 0 {
			continue
		}
		for _, u := range st.uses {
			sure := u.dom == 0 && u.guard < 0
			for _, c := range p.conds[u.conds] {
				sure = sure && p.vals[c].op == vValid
			}
			if sure {
				n++
				break
			}
		}
	}
	return n
}

// affordable plans a selection. Roots of a package of which it would make more calls than they may are refused in it.
func (e *Engine) affordable(sel *Selection, a *asker.Asker, only int) (*plan, error) {
	p, err := newPlan(e.cfg.Graph, e.cfg.Surface, sel, a, only)
	if err != nil {
		return nil, err
	}
	if bad := e.refuseRoots(p); bad != nil && only < 0 {
		if p, err = newPlanWith(e.cfg.Graph, e.cfg.Surface, sel, a, only, planWays{refuses: bad}); err != nil {
			return nil, err
		}
	}
	p.labels = e.label(p)
	return p, nil
}

// refuseRoots are the roots that a plan refuses before any call, by build: those of packages of which it would make more calls
// than they may.
func (e *Engine) refuseRoots(p *plan) map[int]*fault.Error {
	if !e.stated {
		return nil
	}
	var out map[int]*fault.Error
	for b := range e.budgets {
		limit := e.budgets[b].Calls
		if n := p.certain(b); n > limit {
			if out == nil {
				out = map[int]*fault.Error{}
			}
			err := overdrawn(e.cfg.Surface.Builds[b], "tier calls", int64(limit))
			err.Message = fmt.Sprintf("%s: the selection takes at least %d", err.Message, n)
			out[b] = err
		}
	}
	return out
}

// buildOf is the place of the build that a root belongs to; -1 if there is no such root.
func (p *planner) buildOf(r *Root) int {
	switch r.Kind {
	case RootView:
		if f, ok := p.s.View(r.Name); ok {
			return f.Build
		}
		if list, ok := cutPage(r.Name); ok {
			if f, ok := p.s.View(list); ok {
				return f.Build
			}
		}
	case RootMutation, RootEffect:
		if f, ok := p.mutationOf(r); ok {
			return f.Build
		}
	case RootLoad:
		if f, ok := p.s.Load(r.Name); ok {
			return f.Build
		}
	case RootEntity:
		if f, ok := p.s.Shape(r.Name); ok {
			return f.Build
		}
	}
	return -1
}

// begins notes whose root is planned next.
func (p *planner) begins(r *Root) int {
	b := p.buildOf(r)
	p.owner, p.trail = 0, append(p.trail[:0], r.Name)
	if b >= 0 {
		p.owner = owned(b)
	}
	return b
}

// refused is the root of a package that may not answer it.
func (p *planner) refused(r *Root, err *fault.Error) *emitRoot {
	er := &emitRoot{root: r, refused: err}
	er.out = p.node(emitLeaf, r.Key, r.Name, p.lit([]byte("null")))
	er.out.ref = graph.TypeRef{Name: "Boolean"}
	if f, ok := p.s.View(r.Name); ok && r.Kind == RootView {
		er.view = f.Def
	}
	return er
}

// accountOf is what a build's script functions may take of one request.
func (e *Engine) accountOf(build int) view.Account {
	return view.Account{Left: e.budgets[min(build, 63)].CPU}
}

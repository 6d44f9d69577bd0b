package composer

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"facet/asker"
	"facet/fault"
	"facet/view"
)

// A Figure is the most that a selection may take of something, whatever its tiers answer.
type Figure struct {
	Most int64 `json:"most"` // -1: nothing bounds it
	// By are the lists that multiply in what takes the most of it, outermost first.
	By []Multiplier `json:"by,omitempty"`
	// Of is the operation that takes the most; of calls alone.
	Of string `json:"of,omitempty"`
}

// Bounded says whether there is a most.
func (f Figure) Bounded() bool { return f.Most >= 0 }

// String is the number, or "unbounded".
func (f Figure) String() string {
	if !f.Bounded() {
		return "unbounded"
	}
	return fmt.Sprint(f.Most)
}

// A Multiplier is a list, with how many items of it there may be.
type Multiplier struct {
	List string    `json:"list"` // "home.rows.items"
	Most int64     `json:"most"` // -1: nothing bounds it
	Pos  fault.Pos `json:"pos"`
}

// String prints the list with its bound.
func (m Multiplier) String() string {
	if m.Most < 0 {
		return m.List + " (no bound)"
	}
	return fmt.Sprintf("%s (at most %d)", m.List, m.Most)
}

// A Worst is what one selection takes at the most.
type Worst struct {
	Calls    Figure `json:"calls"`    // tier calls; each page of a list that is walked by cursors counts
	Levels   int    `json:"levels"`   // the longest chain of calls
	Entities Figure `json:"entities"` // places at which an entity stands
	Items    Figure `json:"items"`    // of lists
	Computed Figure `json:"computed"` // runs of script functions
}

// A Proof is what a view or a mutation takes of a request: asked as REST asks it by default, and at its widest, which is every field,
// each shape followed once, each list at its max. A device may ask for shapes inside themselves, or for a view twice: that is
// refused when it is asked, past the budget.
type Proof struct {
	Name    string `json:"name"`
	Kind    string `json:"kind"` // "view", "mutation" or "handler"
	Package string `json:"package"`
	Default Worst  `json:"default"`
	Widest  Worst  `json:"widest"`
	// Deeper are the shapes that stand inside themselves.
	Deeper []string `json:"deeper,omitempty"`
	// Plans is how many ways its forks were gone; Partly says that there are more.
	Plans  int  `json:"plans"`
	Partly bool `json:"partly,omitempty"`
}

// maxProven bounds the plans that a proof looks at.
const maxProven = 64

// Prove bounds what a view or mutation takes. Every way that its forks can go counts.
func (e *Engine) Prove(kind RootKind, name string) (Proof, error) {
	w := &wide{s: e.cfg.Surface}
	root, build, err := w.root(kind, name)
	if err != nil {
		return Proof{}, err
	}
	out := Proof{Name: name, Kind: "view", Package: e.cfg.Surface.Builds[build].Package, Deeper: w.deeper}
	if kind == RootMutation {
		out.Kind = "mutation"
	}
	sel := &Selection{Roots: []*Root{root}, Mutation: kind == RootMutation}
	if err := e.ways(sel, &out, true); err != nil {
		return Proof{}, err
	}
	narrow := *root
	narrow.Sub = withoutPages(root.Sub)
	err = e.ways(&Selection{Roots: []*Root{&narrow}, Mutation: sel.Mutation}, &out, false)
	return out, err
}

// ways plans a selection for every way that its forks can go.
func (e *Engine) ways(sel *Selection, out *Proof, widest bool) error {
	only := -1
	if sel.Mutation {
		only = 0
	}
	into := &out.Default
	if widest {
		into, out.Plans = &out.Widest, 0
	}
	type way map[string]string // the value of each context that a fork looks at
	todo, seen := []way{{}}, map[string]bool{}
	for n := 0; n < len(todo); n++ {
		if n >= maxProven {
			out.Partly = true
			break
		}
		now := todo[n]
		p, err := newPlanWith(e.cfg.Graph, e.cfg.Surface, sel, &asker.Asker{}, only, planWays{choose: func(k fork) int {
			if v, ok := now[k.path]; ok {
				return k.choose([]byte(v))
			}
			return k.arm
		}})
		if err != nil {
			return err
		}
		if widest {
			out.Plans++
		}
		into.join(p.worst(widest))
		for i := range p.forks {
			k := &p.forks[i]
			if _, ok := now[k.path]; ok {
				continue
			}
			for c := range len(k.cases) + 1 {
				value := "null"
				if c < len(k.cases) {
					value = string(k.cases[c])
				}
				next := way{k.path: value}
				for path, v := range now {
					next[path] = v
				}
				key, _ := json.Marshal(next) // a map of strings can be marshalled, sorted
				if !seen[string(key)] {
					seen[string(key)] = true
					todo = append(todo, next)
				}
			}
		}
	}
	return nil
}

func (w *Worst) join(o Worst) {
	for _, f := range []struct{ a, b *Figure }{{&w.Calls, &o.Calls}, {&w.Entities, &o.Entities}, {&w.Items, &o.Items}, {&w.Computed, &o.Computed}} {
		if f.a.Bounded() && (!f.b.Bounded() || f.b.Most > f.a.Most) {
			*f.a = *f.b
		}
	}
	w.Levels = max(w.Levels, o.Levels)
}

// The counts of a proof stop here: more is as good as no bound.
const countless = math.MaxInt64 / 4

func times(a, b int64) int64 {
	if a == 0 || b == 0 {
		return 0
	}
	if a >= countless || b >= countless || a > countless/b {
		return countless
	}
	return a * b
}

func plus(a, b int64) int64 { return min(countless, a+b) }

func figure(n int64) int64 {
	if n >= countless {
		return -1
	}
	return n
}

// A prover counts what a plan does at the most.
type prover struct {
	p      *plan
	widest bool
	doms   []int64 // instances by domain
	each   []int64 // items of one list, by domain
}

func (p *plan) worst(widest bool) Worst {
	r := &prover{p: p, widest: widest, doms: make([]int64, len(p.domains)), each: make([]int64, len(p.domains))}
	r.doms[0], r.each[0] = 1, 1
	for d := 1; d < len(p.domains); d++ { // parents come first
		r.each[d] = r.length(p.domains[d].list)
		r.doms[d] = times(r.doms[p.domains[d].parent], r.each[d])
	}
	var w Worst
	add := func(f *Figure, most *int64, n int64, dom int32, of string) {
		f.Most = plus(f.Most, n)
		if n > *most {
			*most = n
			f.By, f.Of = r.chain(dom), of
		}
	}
	var calls, entities, items, computed int64
	for _, st := range p.steps {
		n, dom := r.calls(st)
		add(&w.Calls, &calls, n, dom, st.op.op.ID)
		w.Levels = max(w.Levels, int(st.level))
	}
	for _, s := range p.standing {
		add(&w.Entities, &entities, times(r.doms[s.dom], int64(s.n)), s.dom, "")
	}
	for d := 1; d < len(p.domains); d++ {
		add(&w.Items, &items, r.doms[d], int32(d), "")
	}
	for i := range p.vals {
		if v := &p.vals[i]; v.op == vComputed {
			add(&w.Computed, &computed, r.doms[v.dom], v.dom, "")
		}
	}
	for _, f := range []*Figure{&w.Calls, &w.Entities, &w.Items, &w.Computed} {
		f.Most = figure(f.Most)
	}
	return w
}

// chain names the lists that a domain stands below.
func (r *prover) chain(dom int32) (out []Multiplier) {
	for d := dom; d > 0; d = r.p.domains[d].parent {
		s := r.p.domains[d].site
		if s.name == "" {
			continue
		}
		out = append([]Multiplier{{List: s.name, Most: figure(r.each[d]), Pos: s.pos}}, out...)
	}
	return out
}

// length is how many items a list may have.
func (r *prover) length(id vid) int64 {
	if id == none {
		return 0
	}
	v := &r.p.vals[id]
	switch v.op {
	case vCut:
		return min(r.window(&r.p.windows[v.idx]), r.length(v.of))
	case vOrNull, vOrAbsent, vGuarded:
		return r.length(v.of)
	case vOrElse:
		return max(r.length(v.of), r.length(v.els))
	case vPick, vWhen:
		return v.most(r.length)
	case vList:
		return int64(len(v.args))
	case vConst:
		var list []json.RawMessage
		if v.lit.kind == kRaw && json.Unmarshal(r.p.consts[v.lit.off:v.lit.off+v.lit.n], &list) == nil {
			return int64(len(list))
		}
		return 0
	}
	return countless
}

// window is how many items a window may show.
func (r *prover) window(w *window) int64 {
	if w.whole {
		return countless
	}
	if r.widest && w.asked >= 0 && !w.take || w.first == none {
		return int64(w.max)
	}
	return min(int64(w.max), r.number(w.first))
}

// number is the highest whole number that a value may be.
func (r *prover) number(id vid) int64 {
	if id == none {
		return 0
	}
	v := &r.p.vals[id]
	switch v.op {
	case vConst:
		if v.lit.kind == kInt {
			return max(0, int64(intOf(r.p.consts[v.lit.off:v.lit.off+v.lit.n])))
		}
		return 0
	case vPick, vWhen:
		return v.most(r.number)
	}
	return countless
}

// most is the highest that f says of what a choice may give.
func (v *pval) most(f func(vid) int64) int64 {
	n := f(v.els)
	for _, c := range v.cases {
		n = max(n, f(c.value))
	}
	if v.op == vWhen {
		n = max(n, f(v.args[0]))
	}
	return n
}

// calls is how many tier calls an operation may take, and the deepest domain that its keys and arguments come from.
func (r *prover) calls(st *planOp) (n int64, at int32) {
	deepest := func(d int32, v vid) int32 {
		if v != none {
			if o := r.p.vals[v].dom; r.p.domains[o].depth > r.p.domains[d].depth {
				return o
			}
		}
		return d
	}
	var keys int64
	for _, u := range st.uses {
		d := int32(0)
		if u.of != none {
			d = r.p.vals[u.of].dom
		}
		for _, v := range append(append([]vid{}, u.needs...), u.args...) {
			d = deepest(d, v)
		}
		if u.value != none && u.spec >= 0 {
			d = deepest(d, u.value)
		}
		keys = plus(keys, r.doms[d])
		at = deepest(at, u.of)
		if r.p.domains[d].depth > r.p.domains[at].depth {
			at = d
		}
	}
	groups, pages := int64(1), int64(1)
	if st.spec >= 0 {
		s := r.p.specs[st.spec]
		d := int32(0)
		for _, a := range s.args {
			d = deepest(d, a)
		}
		if s.window >= 0 {
			w := &r.p.windows[s.window]
			d = deepest(d, w.first)
			if pg := s.op.op.Page; pg != nil && pg.After && !pg.Offset { // walked from the start
				pages = min(maxWalk, max(1, r.window(&window{asked: -1, first: none, max: w.max, whole: w.whole})))
			}
		}
		groups = min(keys, r.doms[d])
		if groups == 1 {
			at = d
		}
	}
	op := st.op.op
	if !op.Batch {
		return times(keys, pages), at
	}
	n = groups
	if op.MaxSize > 0 {
		n = min(keys, plus(keys, times(groups, int64(op.MaxSize-1)))/int64(op.MaxSize))
		if keys >= countless {
			n = countless
		}
	}
	return times(n, pages), at
}

// Check says where a proof is past a package's budget, or where nothing proves it. Bytes and processor time are kept when requests
// are answered.
func (pr *Proof) Check(b view.Budget, pos fault.Pos) fault.Diagnostics {
	var ds fault.Diagnostics
	for _, c := range []struct {
		code, what string
		limit      int
		f          Figure
	}{{"B002", "tier calls", b.Calls, pr.Widest.Calls}, {"B003", "entities", b.Entities, pr.Widest.Entities}, {"B004", "items", b.Items, pr.Widest.Items}} {
		if c.limit <= 0 || c.f.Bounded() && c.f.Most <= int64(c.limit) {
			continue
		}
		at, lists := pos, make([]string, 0, len(c.f.By))
		fix := "Raise the budget, or ask for less"
		for _, m := range c.f.By {
			lists = append(lists, m.String())
			if m.Pos.Line > 0 {
				at = m.Pos
			}
			if m.Most < 0 {
				fix = "Write .page({ first, max }) or .take(n) on " + m.List
				break
			}
			fix = "Lower the max of " + m.List + ", or raise the budget"
		}
		if pr.Kind == "handler" { // as often as its quota says
			at, fix = pos, "Lower its limits.loads or limits.mutations, or raise the budget"
		}
		text := fmt.Sprintf("%s %s may take %s %s, its budget is %d", pr.Kind, pr.Name, c.f, c.what, c.limit)
		if c.f.Of != "" {
			text += "; most are of " + c.f.Of
		}
		if len(lists) > 0 {
			text += ": " + strings.Join(lists, " × ")
		}
		ds.Add(at, c.code, fix, "%s", text)
	}
	return ds
}

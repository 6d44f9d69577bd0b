package composer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"runtime/pprof"
	"slices"

	"facet/fault"
	"facet/graph"
	"facet/view"
)

// A mutationPlan is what a mutation's root does besides its output.
type mutationPlan struct {
	def         *view.Mutation
	build       int
	handler     *handlerPlan // nil: its effects are recorded
	effects     []vid
	invalidates []invalidation
	writes      []writePlan
	metrics     []metric
}

type invalidation struct {
	def  *view.Invalidation
	args []vid
	key  []vid
}

type metric struct {
	name   string
	labels []string
	by     []vid
}

// A Metric is a business metric that a mutation moved: a count of Value, or one observation of it.
type Metric struct {
	Name   string
	Labels []Label
	Build  int // of the surface: whose it is, and where it is declared if it is
	Value  float64
	Folded []string // labels that became "other": their value was none of the declared
}

// A Label is one label of a Metric.
type Label struct{ Name, Value string }

// mutation plans a mutation: its effects one after another, then its output.
func (p *planner) mutation(er *emitRoot, i int, r *Root, n *Node) {
	found, ok := p.mutationOf(r)
	if !ok {
		p.refuse("there is no mutation %q", r.Name)
	}
	def := found.Def
	m := &mutationPlan{def: def, build: found.Build}
	er.mutation = m
	args := p.params(er, i, r, def.Args)
	m.handler = p.handlerOf(found, er)
	if er.conds == 0 { // a failed effect stops what comes after it
		v := blank(vValid)
		v.idx = int32(i)
		er.conds = p.condition(0, p.add(v))
	}
	f := newFrame(&def.Scope, found.Build, args, none)
	p.effectIDs = def.Effects
	p.effectConds = er.conds
	for _, id := range def.Effects {
		m.effects = append(m.effects, p.value(f, id))
	}
	p.base = int32(len(def.Effects))
	for _, s := range p.p.effects {
		p.after = []wait{{step: s}}
	}
	if def.Output == nil {
		er.out = p.node(emitLeaf, r.Key, r.Name, p.lit([]byte("true")))
		er.out.ref = graph.TypeRef{Name: "Boolean"}
	} else {
		er.out = p.output(f, def.Output, n, er.conds, 0)
	}
	er.out.nonNull = false
	er.absent = p.missing(f, 0, er.conds)
	value := func(id view.ID) vid {
		v := p.value(f, id)
		if v != none {
			p.consume(p.demand(v, er.conds))
		}
		return v
	}
	for _, in := range stale(p.g, p.s, found) {
		iv := invalidation{def: in}
		for _, a := range in.Args {
			iv.args = append(iv.args, value(a.Value))
		}
		for _, k := range in.Key {
			iv.key = append(iv.key, value(k.Value))
		}
		m.invalidates = append(m.invalidates, iv)
	}
	for _, w := range def.Writes(p.g) {
		wp := writePlan{def: w}
		for _, k := range w.Key {
			wp.key = append(wp.key, value(k.Value))
		}
		for _, a := range w.Args {
			wp.args = append(wp.args, value(a.Value))
		}
		m.writes = append(m.writes, wp)
	}
	for _, mt := range def.Metrics {
		k := metric{name: mt.Name}
		for _, by := range mt.By {
			k.labels = append(k.labels, by.Name)
			k.by = append(k.by, value(by.Value))
		}
		m.metrics = append(m.metrics, k)
	}
}

// stale is what a mutation invalidates on its device: in its own package, as that was built, and in every other that is mounted beside
// it. A shape that several packages bring stands once.
func stale(g *graph.Graph, s *view.Surface, m view.Found[*view.Mutation]) []*view.Invalidation {
	list := slices.Clip(m.Def.Invalidates)
	for i, b := range s.Builds {
		if i == m.Build {
			continue
		}
		for _, in := range view.Invalidations(g, m.Def, b) {
			if !slices.ContainsFunc(list, func(o *view.Invalidation) bool {
				return o.Shape == in.Shape && o.Field == in.Field && o.View == in.View && slices.Equal(o.Args, in.Args) && slices.Equal(o.Key, in.Key)
			}) {
				list = append(list, in)
			}
		}
	}
	return list
}

// effectValue plans one effect: a step that waits for the effect before it.
func (p *planner) effectValue(f *frame, id view.ID, sv *view.Value) vid {
	t := p.g.Mutation()
	var fd *graph.Field
	if t != nil {
		fd = t.Field(sv.Name)
	}
	if fd == nil || len(fd.Operations) == 0 {
		p.fail("the graph has no mutation %q", sv.Name)
	}
	k := slices.Index(p.effectIDs, id)
	if k < 0 || k != len(p.p.effects) {
		p.fail("the effects are out of order")
	}
	root := blank(vRoot)
	root.typ = t
	root.idx = int32(k) + 1
	of := p.add(root)
	args := map[string]vid{}
	for _, a := range sv.Args {
		args[a.Name] = p.value(f, a.Value)
	}
	p.effect = int32(k)
	v := p.fieldOp(of, fd, args, -1)
	p.effect = -1
	o := *p.at(v)
	in := demanded{level: int32(k)}
	for _, a := range o.args {
		in.join(p.demand(a, p.effectConds))
	}
	in.level = int32(k)
	if k > 0 {
		in.join(demanded{waits: []wait{{step: p.p.effects[k-1]}}})
	}
	d := p.use(p.p.specs[o.spec].op, o.spec, in, &use{of: of, value: v, dom: o.dom, conds: p.effectConds, spec: o.spec, guard: o.guard}, -1)
	step := d.waits[0].step
	p.p.steps[step].effect = int32(k)
	p.p.effects = append(p.p.effects, step)
	return v
}

// broken notes that an effect failed: nothing after it runs, and the mutation's result is its error.
func (x *exec) broken(st *planOp, c cell) {
	if st.effect < 0 || c.kind != kError {
		return
	}
	if x.invalid[x.only] == nil {
		x.invalid[x.only] = x.errorOf(c)
	}
}

// idempotency is the key that an effect's call carries: the asker's, made the viewer's own and this mutation's. Keys are chosen by
// devices: were they sent as they came, a viewer who sends another's would be given that one's answer by the tier.
func (x *exec) idempotency(st *planOp) string {
	if x.r.Idempotency == "" {
		return ""
	}
	h := sha256.New()
	for _, part := range []string{x.r.Asker.Viewer.ID, x.p.roots[0].mutation.def.Name, x.r.Idempotency} {
		_, _ = fmt.Fprintf(h, "%d %s ", len(part), part) // a hash takes everything
	}
	key := hex.EncodeToString(h.Sum(nil)[:16])
	if st.effect <= 0 && x.only <= 0 {
		return key
	}
	return key + "/" + string(appendInt(appendInt(nil, x.only), int(st.effect)))
}

// mutate runs the mutations of a document one after another, each with a fresh scope.
func (e *Engine) mutate(ctx context.Context, r *Request) Part {
	return e.mutateOn(ctx, r, &request{})
}

func (e *Engine) mutateOn(ctx context.Context, r *Request, spent *request) Part {
	if r.Format == FormatGraph && len(r.Selection.Roots) != 1 {
		return failedPart(fault.New(fault.Invalid, "a JSON Graph calls one mutation at a time"))
	}
	var plans []*plan
	for i := range r.Selection.Roots { // all of it is known to be right before the first effect
		p, err := e.plan(r.Selection, r.Asker, i)
		if err != nil {
			return failedPart(err)
		}
		plans = append(plans, p)
	}
	defer pprof.SetGoroutineLabels(ctx)
	var all Part
	for i, p := range plans {
		p.relabel()
		x := e.newExec(p, r)
		x.only = i
		spent.resume(x)
		x.bind()
		h := x.handle(ctx)
		x.begin(ctx)
		x.wait()
		x.tally()
		spent.keep(x)
		inv, writes, metrics := x.outcome()
		x.wrote()
		if h != nil {
			all.Exposed = exposed(all.Exposed, h.exposed)
			inv, writes, metrics = h.invalidated, h.writes, h.metrics
			all.Runs = append(all.Runs, *x.ran)
		}
		one := x.part()
		all.Exposed = exposed(all.Exposed, one.Exposed)
		all.Invalidated = appendStale(all.Invalidated, inv)
		all.Writes = append(all.Writes, writes...)
		all.Metrics = append(all.Metrics, metrics...)
		all.Stats.add(one.Stats)
		all.Errors = append(all.Errors, one.Errors...)
		all.Degraded = append(all.Degraded, one.Degraded...)
		all.Shortened = append(all.Shortened, one.Shortened...)
		all.NotFound = all.NotFound || one.NotFound
		switch {
		case len(plans) == 1:
			all.Data, all.Release = one.Data, one.Release
		case string(one.Data) == "null":
			all.Data = []byte("null")
		case i == 0:
			all.Data = append([]byte(nil), one.Data...)
		case string(all.Data) != "null":
			all.Data = append(append(all.Data[:len(all.Data)-1], ','), one.Data[1:]...)
		}
		if len(plans) > 1 && one.Release != nil {
			one.Release()
		}
	}
	return all
}

// appendStale adds what is not yet among what earlier mutations of the document made stale.
func appendStale(list, more []Invalidated) []Invalidated {
	before := len(list)
	for _, in := range more {
		if !slices.ContainsFunc(list[:before], func(l Invalidated) bool { return slices.Equal(l.Path, in.Path) }) {
			list = append(list, in)
		}
	}
	return list
}

func (s *Stats) add(o Stats) {
	s.Calls += o.Calls
	s.Kept += o.Kept
	s.Levels += o.Levels
	s.Bytes += o.Bytes
	s.Plan += o.Plan
}

// happened says whether an effect was made and its tier answered.
func (x *exec) happened(effect vid) bool {
	col, e, bad := x.locate(&x.p.vals[effect], 0, 0)
	if bad.kind != kMissing {
		return false
	}
	switch x.cols[col].get(e).kind {
	case kMissing, kPending, kError, kNotFound:
		return false
	}
	return true
}

// textOf is a value as text; false if it is not known.
func (x *exec) textOf(v vid) (string, bool) {
	if v == none {
		return "", false
	}
	c := x.cell(v, 0, 0)
	if c.kind < kText || c.kind > kFloat {
		return "", false
	}
	return string(x.text(c)), true
}

// outcome fills in what the mutation made stale and what it counted. If an effect failed, it counted nothing; what it made stale
// is then all that it may write, as soon as one effect before did happen: a build does not tell the effects' writes apart.
func (x *exec) outcome() (inv []Invalidated, writes []Write, metrics []Metric) {
	m := x.p.roots[0].mutation
	if m == nil {
		return nil, nil, nil
	}
	failed := x.rootError(x.p.roots[0]) != nil
	if failed && !slices.ContainsFunc(m.effects, x.happened) {
		return nil, nil, nil
	}
	text := x.textOf
	for _, iv := range m.invalidates {
		if iv.def.View != "" {
			inv = append(inv, Invalidated{Path: []string{iv.def.View}, View: iv.def.View})
			continue
		}
		in := Invalidated{Path: []string{iv.def.Shape}, Shape: iv.def.Shape, Field: iv.def.Field}
		known := true
		var args, key []string
		for _, a := range iv.args {
			s, ok := text(a)
			if known = known && ok; known {
				args = append(args, s)
				in.Path = append(in.Path, s)
			}
		}
		for _, k := range iv.key {
			s, ok := text(k)
			known = known && ok
			key = append(key, s)
		}
		if known = known && len(key) > 0; known {
			k := view.EncodeKey(key)
			in.Path = append(in.Path, k)
			if iv.def.Field != "" {
				in.Path = append(in.Path, iv.def.Field)
			}
			in.ID = view.EncodeID(iv.def.Shape, args, k)
		}
		inv = append(inv, in)
	}
	writes = x.writes(m, text)
	if failed {
		return inv, writes, nil
	}
	for _, k := range m.metrics {
		mt := Metric{Name: k.name, Build: m.build, Value: 1}
		for i, by := range k.by {
			s, _ := text(by)
			mt.Labels = append(mt.Labels, Label{k.labels[i], s})
		}
		metrics = append(metrics, mt)
	}
	return inv, writes, metrics
}

package composer

import (
	"fmt"
	"runtime/debug"
	"slices"

	"facet/asker"
	"facet/fault"
	"facet/graph"
	"facet/view"
)

// newPlan plans a selection for whoever decides its forks as the asker does. only is the root that is planned, -1 for all.
func newPlan(g *graph.Graph, s *view.Surface, sel *Selection, a *asker.Asker, only int) (*plan, error) {
	return newPlanWith(g, s, sel, a, only, planWays{})
}

// planWays are what a plan is made for besides its asker.
type planWays struct {
	choose  func(k fork) int
	refuses map[int]*fault.Error
}

func newPlanWith(g *graph.Graph, s *view.Surface, sel *Selection, a *asker.Asker, only int, ways planWays) (pl *plan, err error) {
	r := rooms.Get().(*room)
	p := r.planner()
	p.p.sel, p.g, p.s, p.asker, p.effect = sel, g, s, a, -1
	p.choose, p.refuses = ways.choose, ways.refuses
	defer r.leave(p)
	defer func() {
		switch e := recover().(type) {
		case nil:
		case *fault.Error:
			pl, err = nil, e
		default: // a defect of ours, or a build that no recorder makes: it fails this selection only
			pl, err = nil, &fault.Error{Kind: fault.Internal, Op: "plan", Err: fmt.Errorf("panic: %v\n%s", e, debug.Stack())}
		}
	}()
	for i, r := range sel.Roots {
		if only < 0 || i == only {
			p.p.roots = append(p.p.roots, p.rootOf(i, r))
		}
	}
	p.finish()
	p.settle()
	p.own()
	p.p.pageRoots()
	p.ways()
	p.quicken()
	p.repeat()
	p.repeated()
	for _, r := range p.p.roots {
		p.flatten(r.out)
	}
	p.policies()
	return p.p, nil
}

func (p *planner) rootOf(i int, r *Root) *emitRoot {
	build := p.begins(r)
	if err := p.refuses[build]; err != nil {
		return p.refused(r, err)
	}
	er := &emitRoot{root: r, build: build}
	n := &Node{Key: r.Key, Name: r.Name, Sub: r.Sub, Window: r.Window}
	switch r.Kind {
	case RootTypename:
		er.out = p.node(emitTypename, r.Key, "__typename", none)
		er.out.typ = r.Name
	case RootView, RootLoad:
		found, ok := p.viewOf(r)
		list, isPage := cutPage(r.Name)
		if !ok && isPage { // the page of a view that is a list
			if found, ok = p.s.View(list); ok && found.Def.Output.Paged {
				er.view = found.Def
				f := newFrame(&found.Def.Scope, found.Build, p.params(er, i, r, found.Def.Args), none)
				er.out = p.node(emitPage, r.Key, r.Name, none)
				p.pageOf(f, found.Def.Output, n, er.conds, er.out)
				er.absent = p.missing(f, 0, er.conds)
				return er
			}
			ok = false
		}
		if !ok {
			p.refuse("there is no view %q", r.Name)
		}
		er.view = found.Def
		args := p.params(er, i, r, found.Def.Args)
		f := newFrame(&found.Def.Scope, found.Build, args, none)
		er.out = p.output(f, found.Def.Output, n, er.conds, 0)
		er.out.nonNull = false
		er.absent = p.missing(f, 0, er.conds)
	case RootEntity:
		found, ok := p.s.Shape(r.Name)
		if !ok || !found.Def.Loadable {
			p.refuse("%q is no identity", r.Name)
		}
		args := p.params(er, i, r, found.Def.Args)
		t := p.g.Types[found.Def.Type]
		if t == nil {
			p.fail("the graph has no type %q", found.Def.Type)
		}
		key := p.param(er, i, param{value: r.Entity, root: i, entity: true, many: r.Many, parts: len(t.Key)})
		er.conds = p.valid(er, i)
		if r.Many {
			er.list = true
			key = p.item(key)
			er.each = p.at(key).dom
		}
		parts := []vid{key}
		if len(t.Key) > 1 {
			parts = nil
			for k := range t.Key {
				v := blank(vSplit)
				v.of, v.idx, v.build = key, int32(k), int32(len(t.Key))
				parts = append(parts, p.add(v))
			}
		}
		e := p.node(emitRef, r.Key, r.Name, p.entity(t, parts))
		er.out = e
		p.ref(e, found.Def.Name, args, r.Sub, er.conds, 0)
		p.consume(p.exists(e.v, er.conds))
	case RootMutation, RootEffect:
		p.mutation(er, i, r, n)
	default:
		p.fail("unknown root kind %d", r.Kind)
	}
	return er
}

// params binds a root's declared arguments.
func (p *planner) params(er *emitRoot, i int, r *Root, decl []*view.Arg) map[string]vid {
	args := map[string]vid{}
	for _, a := range r.Args {
		if !slices.ContainsFunc(decl, func(d *view.Arg) bool { return d.Name == a.Name }) {
			p.refuse("%s takes no argument %q", r.Name, a.Name)
		}
	}
	for _, d := range decl {
		value := -1
		for _, a := range r.Args {
			if a.Name == d.Name {
				value = a.Value
			}
		}
		args[d.Name] = p.param(er, i, param{arg: d, value: value, root: i})
	}
	er.conds = p.valid(er, i)
	return args
}

func (p *planner) param(er *emitRoot, i int, pa param) vid {
	idx := int32(len(p.p.params))
	p.p.params = append(p.p.params, pa)
	er.params = append(er.params, idx)
	v := blank(vParam)
	v.idx = idx
	if pa.arg != nil {
		v.ref = pa.arg.Type
	}
	return p.add(v)
}

// valid is the condition that a root's arguments are right: else none of its operations is sent.
func (p *planner) valid(er *emitRoot, i int) int32 {
	if len(er.params) == 0 {
		return 0
	}
	v := blank(vValid)
	v.idx = int32(i)
	return p.condition(0, p.add(v))
}

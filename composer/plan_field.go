package composer

import (
	"slices"

	"facet/graph"
	"facet/view"
)

// fieldOf makes a recorded field read; win is the window of a paged list, -1 if none.
func (p *planner) fieldOf(f *frame, sv *view.Value, win int32) vid {
	args := map[string]vid{}
	for _, a := range sv.Args {
		args[a.Name] = p.value(f, a.Value)
	}
	return p.field(p.value(f, sv.Of), sv.Name, args, win)
}

// field reads a field of an object: from its key, from the answer that gave it, by a call of its own, or by loading.
func (p *planner) field(of vid, name string, args map[string]vid, win int32) vid {
	o := *p.at(of)
	switch o.op { // a choice between objects is a choice between their fields
	case vPick:
		v := blank(vPick)
		v.of = o.of
		for _, c := range o.cases {
			v.cases = append(v.cases, pcase{lit: c.lit, value: p.fieldOrNone(c.value, name, args, win)})
		}
		v.els = p.fieldOrNone(o.els, name, args, win)
		p.choice(&v)
		return p.add(v)
	case vWhen:
		v := blank(vWhen)
		v.of = o.of
		v.args = []vid{p.fieldOrNone(o.args[0], name, args, win)}
		v.els = p.fieldOrNone(o.els, name, args, win)
		p.choice(&v)
		return p.add(v)
	case vConst:
		return of // null of a choice
	}
	if o.typ == nil {
		p.fail("field %q of a value that is no object", name)
	}
	fd := o.typ.Field(name)
	if fd == nil {
		p.fail("the graph's %s has no field %q", o.typ.Name, name)
	}
	v := p.bare(of, o, fd, args, win)
	if len(fd.Guards) > 0 && p.at(v).op != vFieldOp {
		v = p.guarded(v, of, fd, args)
	}
	return v
}

func (p *planner) fieldOrNone(of vid, name string, args map[string]vid, win int32) vid {
	if of == none {
		return none
	}
	return p.field(of, name, args, win)
}

func (p *planner) bare(of vid, o pval, fd *graph.Field, args map[string]vid, win int32) vid {
	t := o.typ
	if o.space >= 0 {
		if k := slices.Index(t.Key, fd.Name); k >= 0 {
			v := blank(vKeyPart)
			v.of, v.idx, v.ref = of, int32(k), fd.Type
			return p.add(v)
		}
	}
	if target := p.reference(fd); target != nil {
		return p.entity(target, p.keyArgs(target, fd, args))
	}
	embedded := o.place != nil && (len(fd.Args) == 0 || len(fd.Operations) == 0)
	if len(fd.Operations) > 0 && !(embedded && o.place.cases == nil && o.place.maps(fd.Name) != nil) {
		return p.fieldOp(of, fd, args, win)
	}
	if o.place != nil && o.place.cases != nil { // a field of a union's or interface's item: by its member
		v := blank(vByMember)
		v.of = of
		for i, c := range o.place.cases {
			m := p.as(of, c.member)
			mf := p.at(m).typ.Field(fd.Name)
			if mf == nil {
				p.fail("member %s has no field %q", c.member, fd.Name)
			}
			_ = i
			v.args = append(v.args, p.field(m, fd.Name, args, win))
		}
		v.ref = fd.Type
		p.choice(&v)
		v.place = p.at(v.args[0]).place
		return p.add(v)
	}
	v := blank(vField)
	v.of = of
	v.name = fd.Name
	var child *place
	if embedded {
		if s := p.want(o.place, fd); s != nil {
			v.slot, child = s.at, s.child
		}
	}
	if o.space >= 0 {
		v.facts = p.fact(t, fd)
		fc := p.p.facts[v.facts]
		if v.slot < 0 {
			p.loader(fc)
		}
		if child == nil && fc.child != nil {
			child = fc.child
		}
	}
	if v.slot < 0 && v.facts < 0 {
		p.fail("nothing gives %s.%s here", t.Name, fd.Name)
	}
	p.typed(&v, fd.Type, child)
	v.loads = true
	return p.add(v)
}

// reference gives the type that a field names an entity of without a call.
func (p *planner) reference(fd *graph.Field) *graph.Type {
	t := p.g.Types[fd.Type.Named()]
	if t == nil || fd.Type.List() || !t.Loadable() {
		return nil
	}
	if fd.Reference {
		return t
	}
	for _, op := range fd.Operations {
		if op.Entity && slices.Contains(t.Loaders, op) {
			return t
		}
	}
	return nil
}

func (p *planner) keyArgs(t *graph.Type, fd *graph.Field, args map[string]vid) []vid {
	parts := make([]vid, len(t.Key))
	for i, k := range t.Key {
		v, ok := args[k]
		if !ok && len(fd.Args) == len(t.Key) {
			v, ok = args[fd.Args[i].Name]
		}
		if !ok {
			v = p.lit([]byte("null"))
		}
		parts[i] = v
	}
	return parts
}

// entity is an entity by its key; no call is needed to name it.
func (p *planner) entity(t *graph.Type, parts []vid) vid {
	if t == nil || !t.Keyed() {
		p.fail("an entity of a type without a key")
	}
	v := blank(vEntity)
	v.args = parts
	v.ref = graph.TypeRef{Name: t.Name}
	v.typ = t
	v.space = p.space(t, "", t.Key)
	return p.add(v)
}

func (p *planner) fact(t *graph.Type, fd *graph.Field) int32 {
	k := factKey{t.Name, fd.Name}
	if i, ok := p.byFact[k]; ok {
		return i
	}
	i := int32(len(p.p.facts))
	p.p.facts = append(p.p.facts, &fact{typ: t, field: fd})
	p.byFact[k] = i
	return i
}

// loader finds the first loader that gives a fact and makes it want it.
func (p *planner) loader(fc *fact) {
	if fc.loaded != nil {
		return
	}
	for _, op := range fc.typ.Loaders {
		l := p.loaderPlan(op, fc.typ)
		if s := p.want(l.rows, fc.field); s != nil {
			fc.loaded, fc.loadedSlot, fc.child = l, s.at, s.child
			return
		}
	}
	p.fail("nothing gives %s.%s", fc.typ.Name, fc.field.Name)
}

func (p *planner) opPlan(op *graph.Operation) *opPlan {
	o := p.byOp[op]
	if o == nil {
		o = &opPlan{op: op, index: len(p.p.ops), col: -1, value: -1, space: -1}
		p.p.ops = append(p.p.ops, o)
		p.byOp[op] = o
	}
	return o
}

func (p *planner) loaderPlan(op *graph.Operation, t *graph.Type) *opPlan {
	o := p.opPlan(op)
	if o.rows == nil {
		o.space = p.space(t, "", t.Key)
		o.rows = p.newPlace(o, t, op.Selection)
		o.rows.row = true
		o.loads = t
		o.col = p.column()
		p.p.loaders = append(p.p.loaders, o)
		ref := graph.TypeRef{Name: t.Name}
		o.ref = ref
		if op.Batch {
			o.ref = graph.TypeRef{Elem: &ref}
		}
	}
	return o
}

// fieldPlan makes an operation of a field usable: where its value lies in the answer.
func (p *planner) fieldPlan(fd *graph.Field) *opPlan {
	op := fd.Operations[0]
	o := p.opPlan(op)
	if o.ready {
		return o
	}
	o.ready = true
	t := p.g.Types[fd.Type.Named()]
	composite := t != nil && t.Composite()
	if !op.Batch {
		o.ref = fd.Type
		if composite {
			o.root = p.newPlace(o, t, op.Selection)
		}
		return o
	}
	row := &place{index: len(p.p.places), typ: fd.Parent, sel: op.Selection, op: o, col: -1, row: true, order: len(o.places)}
	p.p.places = append(p.p.places, row)
	o.places = append(o.places, row)
	o.rows = row
	row.space = o.space
	keys := p.p.spaces[o.space].key
	for _, k := range keys {
		sel := row.maps(k)
		if sel == nil {
			p.fail("the rows of %s do not give %s", op.ID, k)
		}
		row.key = append(row.key, p.addSlot(row, k, graph.TypeRef{Name: fd.Parent.Field(k).Type.Named()}, sel).at)
	}
	if sel := row.maps(fd.Name); sel != nil {
		s := p.addSlot(row, fd.Name, fd.Type, sel)
		o.value, o.root = s.at, s.child
	} else {
		s := p.addSlot(row, fd.Name, graph.TypeRef{Name: t.Name}, &graph.Selection{Items: op.Selection.Items, Match: op.Selection.Match})
		o.value, o.root = s.at, s.child
	}
	ref := graph.TypeRef{Name: fd.Parent.Name}
	o.ref = graph.TypeRef{Elem: &ref}
	return o
}

// fieldOp reads a field by its own operation.
func (p *planner) fieldOp(of vid, fd *graph.Field, args map[string]vid, win int32) vid {
	op := fd.Operations[0]
	o := p.at(of)
	sp := o.space
	if sp < 0 { // an object without a key is told apart by what the call takes of it
		sp = p.space(o.typ, op.ID, op.Needs)
	}
	po := p.opPlan(op)
	po.space = sp
	po = p.fieldPlan(fd)
	s := &spec{op: po, field: fd, window: -1, fixed: true, col: -1, effect: p.effect}
	for _, name := range op.Args {
		a, ok := args[name]
		decl, els := fd.Arg(name), none
		if decl != nil && decl.Default != nil {
			els = p.lit(decl.Default.JSON)
		}
		if !ok {
			a = els
		}
		if a != none && decl != nil && decl.Type.NonNull {
			if c := p.at(a); els != none && c.op == vConst && c.lit.kind == kNull {
				a = els
			}
			s.strict = append(s.strict, strict{len(s.args), els})
		}
		s.args = append(s.args, a)
		if a != none && p.at(a).dom != 0 {
			s.fixed = false
		}
	}
	if op.Page != nil {
		if win < 0 {
			win = p.window(window{asked: -1, first: none, max: view.DefaultMax, take: true})
		}
		s.window = win
		if first := p.p.windows[win].first; first != none {
			s.fixed = s.fixed && p.at(first).dom == 0
		}
	}
	v := blank(vFieldOp)
	v.of = of
	v.name = fd.Name
	v.args = slices.DeleteFunc(slices.Clone(s.args), func(a vid) bool { return a == none })
	v.spec = p.spec(s)
	if win >= 0 && op.Page != nil && p.p.windows[win].first != none {
		v.args = append(v.args, p.p.windows[win].first)
	}
	for _, n := range op.Needs {
		if p.at(of).typ == nil {
			break
		}
		v.args = append(v.args, p.field(of, n, nil, -1))
	}
	p.typed(&v, fd.Type, po.root)
	v.loads = true
	if len(fd.Guards) > 0 {
		v.guard = p.guard(of, fd, args)
	}
	return p.add(v)
}

// as is an object known to be a member of its union or interface.
func (p *planner) as(of vid, member string) vid {
	o := *p.at(of)
	if o.typ != nil && o.typ.Name == member {
		return of
	}
	switch o.op {
	case vPick, vWhen:
		v := o
		v.cases = slices.Clone(o.cases)
		v.args = slices.Clone(o.args)
		for i := range v.cases {
			v.cases[i].value = p.as(v.cases[i].value, member)
		}
		if o.op == vWhen {
			v.args[0] = p.as(v.args[0], member)
		}
		if v.els != none {
			v.els = p.as(v.els, member)
		}
		v.typ = nil
		p.choice(&v)
		return p.add(v)
	case vConst:
		return of
	}
	v := blank(vAs)
	v.of = of
	v.name = member
	v.typ = p.g.Types[member]
	v.ref = graph.TypeRef{Name: member}
	if o.place != nil {
		for _, c := range o.place.cases {
			if c.member == member {
				v.place, v.space = c.place, c.place.space
				break
			}
		}
	}
	return p.add(v)
}

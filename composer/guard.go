package composer

import (
	"encoding/json"

	"facet/fault"
	"facet/graph"
)

// A guard is a graph's guard on a field where a plan uses it.
type guard struct {
	value vid // none: not given
	in    vid
	next  int32 // another that must hold as well; -1
	where string
}

var forbidden = func(where string) *fault.Error {
	return &fault.Error{Kind: fault.Forbidden, Op: "guard", Subject: where, Message: "you may not see this"}
}

// guard makes the guards of a field read; the result is an index in plan.guards.
func (p *planner) guard(of vid, fd *graph.Field, args map[string]vid) int32 {
	next := int32(-1)
	for _, g := range fd.Guards {
		p.p.guards = append(p.p.guards, guard{
			value: p.guardExpr(g.Value, of, args), in: p.guardExpr(g.In, of, args), next: next, where: fd.Parent.Name + "." + fd.Name,
		})
		next = int32(len(p.p.guards) - 1)
	}
	return next
}

func (p *planner) guardExpr(e graph.Expr, of vid, args map[string]vid) vid {
	switch e.Var {
	case graph.VarArgs:
		if len(e.Path) == 1 {
			if a, ok := args[e.Path[0]]; ok {
				return a
			}
		}
	case graph.VarThis:
		if len(e.Path) == 1 {
			return p.field(of, e.Path[0], nil, -1)
		}
	case graph.VarContext:
		return p.context(dotted(e.Path))
	}
	return p.lit([]byte("null"))
}

func dotted(path []string) string {
	s := ""
	for i, p := range path {
		if i > 0 {
			s += "."
		}
		s += p
	}
	return s
}

// guarded puts a field's guards before a value that comes with its object.
func (p *planner) guarded(v, of vid, fd *graph.Field, args map[string]vid) vid {
	o := *p.at(v)
	g := blank(vGuarded)
	g.of = v
	g.guard = p.guard(of, fd, args)
	g.ref, g.typ, g.place, g.space = o.ref, o.typ, o.place, o.space
	for k := g.guard; k >= 0; k = p.p.guards[k].next {
		g.args = append(g.args, p.p.guards[k].value, p.p.guards[k].in)
	}
	return p.add(g)
}

func (x *exec) guarded(v *pval, dom, i int32) cell {
	if bad := x.guardCell(v.guard, dom, i); bad.kind == kError {
		return bad
	}
	return x.cell(v.of, dom, i)
}

// guardCell is an error if a guard forbids what instance i asks for.
func (x *exec) guardCell(k int32, dom, i int32) cell {
	for ; k >= 0; k = x.p.guards[k].next {
		if c := x.guards[k]; c.kind != kMissing {
			if c.kind == kError {
				return c
			}
			continue
		}
		g := &x.p.guards[k]
		c := nullCell
		value, in := x.cell(g.value, dom, i), x.cell(g.in, dom, i)
		switch {
		case value.kind == kError:
			c = value
		case !among(x.appendJSON(nil, value), x.appendJSON(nil, in)):
			c = x.fail(forbidden(g.where))
		}
		if x.p.vals[g.value].dom == 0 && x.p.vals[g.in].dom == 0 {
			x.guards[k] = c
		}
		if c.kind == kError {
			return c
		}
	}
	return cell{}
}

// guardEntity checks the guards of an entity's type: 0, or 1 + the index of the error.
func (x *exec) guardEntity(space, e int32) int32 {
	s := &x.p.spaces[space]
	for _, g := range s.guards {
		value, ok := x.guardOperand(g.Value, s, space, e)
		in, _ := x.guardOperand(g.In, s, space, e)
		if !ok || !among(value, in) {
			return int32(x.fail(forbidden(s.typ.Name)).off) + 1
		}
	}
	return 0
}

// guardOperand evaluates a type guard's expression; ok is false where it names what only the loaded entity has: that
// cannot be checked before the call, so it is forbidden.
func (x *exec) guardOperand(e graph.Expr, s *space, space, ent int32) ([]byte, bool) {
	switch e.Var {
	case graph.VarContext:
		b, _ := x.r.Asker.Value(dotted(e.Path))
		return b, true
	case graph.VarThis:
		for i, k := range s.key {
			if len(e.Path) == 1 && e.Path[0] == k {
				return x.appendJSON(nil, x.spaces[space].parts[int(ent)*s.parts+i]), true
			}
		}
	}
	return nil, false
}

// among says whether a value is in, or is one of in's items. Nothing is in null.
func among(value, in []byte) bool {
	if len(value) == 0 || string(value) == "null" || len(in) == 0 {
		return false
	}
	if in[0] != '[' {
		return sameID(value, in)
	}
	var list []json.RawMessage
	if json.Unmarshal(in, &list) != nil {
		return false
	}
	for _, m := range list {
		if sameID(value, m) {
			return true
		}
	}
	return false
}

// sameID compares two scalars by their text: an ID may be a number on one side.
func sameID(a, b []byte) bool {
	text := func(j []byte) string {
		if len(j) > 1 && j[0] == '"' {
			return string(unquote(j))
		}
		return string(j)
	}
	return string(b) != "null" && text(a) == text(b)
}

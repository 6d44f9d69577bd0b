package plain

import (
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/token"
)

// body compiles what a loop repeats, and says what a round costs.
func (c *compiler) body(st ast.Statement, s *scope) (stmt, int) {
	nodes := c.nodes
	made := c.statement(st, s)
	if made == nil {
		made = func(*frame) flow { return goOn }
	}
	return made, 1 + (c.nodes-nodes)/costPer
}

// round runs a loop's body; done says that the loop ends, with how.
func round(body stmt, f *frame) (how flow, done bool) {
	switch how = body(f); how {
	case flowBreak:
		return goOn, true
	case flowReturn, flowDone:
		return how, true
	}
	return goOn, false
}

func (c *compiler) loop(st *ast.ForStatement, s *scope) stmt {
	in := s.inner()
	var first stmt
	switch i := st.Initializer.(type) {
	case nil:
	case *ast.ForLoopInitializerExpression:
		e := c.expr(i.Expression, in)
		first = func(f *frame) flow { e(f); return goOn }
	case *ast.ForLoopInitializerVarDeclList:
		first = c.declare(i.List, in, false)
	case *ast.ForLoopInitializerLexicalDecl:
		for _, b := range i.LexicalDeclaration.List {
			c.ids(b.Target, func(id *ast.Identifier) { in.variable(id, true, i.LexicalDeclaration.Token == token.CONST) })
		}
		first = c.declare(i.LexicalDeclaration.List, in, true)
	}
	nodes := c.nodes
	test := func(*frame) bool { return true }
	if st.Test != nil {
		test = c.cond(st.Test, in)
	}
	update := constant(undefinedVal)
	if st.Update != nil {
		update = c.expr(st.Update, in)
	}
	more := (c.nodes - nodes) / costPer
	body, cost := c.body(st.Body, in)
	cost += more
	return func(f *frame) flow {
		if first != nil {
			first(f)
		}
		for test(f) {
			f.call.step(cost)
			if how, done := round(body, f); done {
				return how
			}
			update(f)
		}
		return goOn
	}
}

func (c *compiler) while(test ast.Expression, st ast.Statement, before bool, s *scope) stmt {
	nodes := c.nodes
	goes := c.cond(test, s)
	more := (c.nodes - nodes) / costPer
	body, cost := c.body(st, s)
	cost += more
	return func(f *frame) flow {
		for first := true; !before && first || goes(f); first = false {
			f.call.step(cost)
			if how, done := round(body, f); done {
				return how
			}
		}
		return goOn
	}
}

// into is what for…of and for…in give each value to.
func (c *compiler) into(at ast.Node, i ast.ForInto, in *scope) binder {
	of := func(id *ast.Identifier) *binding { return c.local(id, in) }
	switch i := i.(type) {
	case *ast.ForDeclaration:
		c.ids(i.Target, func(id *ast.Identifier) { in.variable(id, true, i.IsConst) })
		return c.target(i.Target, nil, in, of)
	case *ast.ForIntoVar:
		return c.target(i.Binding.Target, nil, in, of)
	}
	c.no(at, "what for assigns to")
	return nil
}

func (c *compiler) each(st *ast.ForOfStatement, s *scope) stmt {
	source, in := c.expr(st.Source, s), s.inner()
	bind := c.into(st, st.Into, in)
	body, cost := c.body(st.Body, in)
	return func(f *frame) flow {
		v := source(f)
		if v.tag != pList {
			leave()
		}
		o := f.call.read(v.obj())
		for i := 0; i < len(o.vals); i++ { // it may grow meanwhile
			f.call.step(cost)
			bind(f, o.vals[i])
			if how, done := round(body, f); done {
				return how
			}
		}
		return goOn
	}
}

func (c *compiler) eachName(st *ast.ForInStatement, s *scope) stmt {
	source, in := c.expr(st.Source, s), s.inner()
	bind := c.into(st, st.Into, in)
	body, cost := c.body(st.Body, in)
	return func(f *frame) flow {
		v := source(f)
		if v.nullish() {
			return goOn
		}
		if v.tag != pObject {
			leave()
		}
		names := f.call.read(v.obj()).names
		for _, name := range names {
			f.call.step(cost)
			bind(f, strVal(name))
			if how, done := round(body, f); done {
				return how
			}
			if len(v.obj().names) != len(names) {
				leave() // what is added meanwhile may or may not be seen
			}
		}
		return goOn
	}
}

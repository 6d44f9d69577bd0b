package plain

import (
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/token"
)

func (c *compiler) list(list []ast.Statement, s *scope) stmt {
	var all []stmt
	for _, st := range list {
		if made := c.statement(st, s); made != nil {
			all = append(all, made)
		}
	}
	if len(all) == 1 {
		return all[0]
	}
	return func(f *frame) flow {
		for _, s := range all {
			if how := s(f); how != goOn {
				return how
			}
		}
		return goOn
	}
}

func (c *compiler) statement(st ast.Statement, s *scope) stmt {
	c.nodes++
	switch st := st.(type) {
	case nil, *ast.EmptyStatement, *ast.FunctionDeclaration:
		return nil
	case *ast.BlockStatement:
		in := s.inner()
		c.hoist(st.List, nil, in)
		return c.list(st.List, in)
	case *ast.ReturnStatement:
		return c.returns(st, s)
	case *ast.IfStatement:
		return c.branch(st, s)
	case *ast.ExpressionStatement:
		e := c.expr(st.Expression, s)
		return func(f *frame) flow { e(f); return goOn }
	case *ast.VariableStatement:
		return c.declare(st.List, s, false)
	case *ast.LexicalDeclaration:
		return c.declare(st.List, s, true)
	case *ast.SwitchStatement:
		return c.choose(st, s)
	case *ast.ForStatement:
		return c.loop(st, s)
	case *ast.ForOfStatement:
		return c.each(st, s)
	case *ast.ForInStatement:
		return c.eachName(st, s)
	case *ast.WhileStatement:
		return c.while(st.Test, st.Body, true, s)
	case *ast.DoWhileStatement:
		return c.while(st.Test, st.Body, false, s)
	case *ast.ThrowStatement: // the engine tells what was thrown
		c.expr(st.Argument, s)
		return func(*frame) flow { leave(); return goOn }
	case *ast.BranchStatement:
		if st.Label != nil {
			c.no(st, "a label")
		}
		how := flowContinue
		if st.Token == token.BREAK {
			how = flowBreak
		}
		return func(*frame) flow { return how }
	}
	c.no(st, "%s", sortOf(st))
	return nil
}

func (c *compiler) returns(st *ast.ReturnStatement, s *scope) stmt {
	if s.fn.result != nil && st.Argument != nil {
		write := c.tail(st.Argument, s, s.fn.result, 0)
		return func(f *frame) flow { write(f); return flowDone }
	}
	if st.Argument == nil {
		return func(f *frame) flow { f.out = undefinedVal; return flowReturn }
	}
	e := c.expr(st.Argument, s)
	return func(f *frame) flow { f.out = e(f); return flowReturn }
}

func (c *compiler) branch(st *ast.IfStatement, s *scope) stmt {
	test, then := c.cond(st.Test, s), c.statement(st.Consequent, s)
	other := c.statement(st.Alternate, s)
	return func(f *frame) flow {
		switch {
		case test(f):
			if then != nil {
				return then(f)
			}
		case other != nil:
			return other(f)
		}
		return goOn
	}
}

func (c *compiler) declare(list []*ast.Binding, s *scope, lexical bool) stmt {
	var all []stmt
	for _, b := range list {
		if made := c.declareOne(b, s, lexical); made != nil {
			all = append(all, made)
		}
	}
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	}
	return func(f *frame) flow {
		for _, s := range all {
			s(f)
		}
		return goOn
	}
}

func (c *compiler) declareOne(b *ast.Binding, s *scope, lexical bool) stmt {
	if id, ok := b.Target.(*ast.Identifier); ok {
		n := s.names[string(id.Name)]
		switch {
		case n == nil:
		case n.lowered != "" || n.format:
			return nil
		case n.code != nil && n.at == id.Idx:
			made := c.function(b.Initializer, s)
			made.set = n.code.set
			*n.code = *made
			if s.fn.up != nil {
				return nil
			}
			return func(*frame) flow { n.code.set = true; return goOn }
		}
	}
	if b.Initializer == nil && !lexical {
		return nil
	}
	bind := c.target(b.Target, nil, s, func(id *ast.Identifier) *binding { return c.local(id, s) })
	value := constant(undefinedVal)
	if b.Initializer != nil {
		value = c.initial(b.Target, b.Initializer, s)
	}
	return func(f *frame) flow { bind(f, value(f)); return goOn }
}

// local is a variable of the function that is compiled.
func (c *compiler) local(id *ast.Identifier, s *scope) *binding {
	n := s.find(string(id.Name))
	if n == nil || n.code != nil || n.fn != s.fn || n.lowered != "" || n.format || n.self {
		c.no(id, "a declaration of %s", id.Name)
	}
	return n
}

func (c *compiler) choose(st *ast.SwitchStatement, s *scope) stmt {
	on, in := c.expr(st.Discriminant, s), s.inner()
	tests, bodies := make([]expr, len(st.Body)), make([]stmt, len(st.Body))
	for _, one := range st.Body {
		for _, inside := range one.Consequent {
			if _, ok := inside.(*ast.LexicalDeclaration); ok {
				c.no(inside, "a declaration in a case without braces")
			}
		}
		c.hoist(one.Consequent, nil, in)
	}
	for i, one := range st.Body {
		if one.Test != nil {
			tests[i] = c.expr(one.Test, in)
		}
		bodies[i] = c.list(one.Consequent, in)
	}
	def := st.Default
	return func(f *frame) flow {
		v, from := on(f), -1
		for i, t := range tests {
			if t != nil && strictly(v, t(f)) {
				from = i
				break
			}
		}
		if from < 0 {
			from = def
		}
		if from < 0 {
			return goOn
		}
		for _, b := range bodies[from:] {
			switch how := b(f); how {
			case goOn:
			case flowBreak:
				return goOn
			default:
				return how
			}
		}
		return goOn
	}
}

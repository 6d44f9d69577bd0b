package plain

import (
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/token"
)

// costPer is how many nodes of syntax cost one step.
const costPer = 4

// entry is the function that the source evaluates to, and the statements that stand around it.
func (c *compiler) entry(e ast.Expression, root *scope) (*code, []stmt) {
	call, ok := e.(*ast.CallExpression)
	if !ok || len(call.ArgumentList) > 0 {
		return c.named(e, root), nil
	}
	arrow, ok := call.Callee.(*ast.ArrowFunctionLiteral)
	if !ok || len(arrow.ParameterList.List) > 0 {
		c.no(e, "what the function comes from")
	}
	block, ok := arrow.Body.(*ast.BlockStatement)
	if !ok {
		c.no(e, "what the function comes from")
	}
	c.lowered(block.List, int(block.RightBrace), root)
	c.hoist(block.List, arrow.DeclarationList, root)
	var around []stmt
	for i, s := range block.List {
		if r, ok := s.(*ast.ReturnStatement); ok && i == len(block.List)-1 {
			return c.named(r.Argument, root), around
		}
		if made := c.statement(s, root); made != nil {
			around = append(around, made)
		}
	}
	c.no(e, "a program without a function")
	return nil, nil
}

// named is the function of the program: one that is written here, or one that was declared.
func (c *compiler) named(e ast.Expression, s *scope) *code {
	fn := &code{result: c.kind}
	switch e := e.(type) {
	case *ast.ArrowFunctionLiteral:
		c.arrow(fn, e, s)
		return fn
	case *ast.FunctionLiteral:
		c.literal(fn, e, c.self(e, s))
		return fn
	case *ast.Identifier:
		if n := s.find(string(e.Name)); n != nil && n.code != nil && n.fn == s.fn {
			return n.code
		}
	}
	c.no(e, "a function that is neither written nor declared here")
	return nil
}

// function compiles a function literal; nil if the expression is none.
func (c *compiler) function(e ast.Expression, s *scope) *code {
	fn := &code{}
	switch e := e.(type) {
	case *ast.ArrowFunctionLiteral:
		c.arrow(fn, e, s)
		return fn
	case *ast.FunctionLiteral:
		c.literal(fn, e, c.self(e, s))
		return fn
	}
	return nil
}

// self is where a function expression has its own name.
func (c *compiler) self(e *ast.FunctionLiteral, s *scope) *scope {
	if e.Name == nil {
		return s
	}
	s = s.inner()
	s.names[string(e.Name.Name)] = &binding{fn: s.fn, self: true}
	return s
}

func (c *compiler) arrow(fn *code, e *ast.ArrowFunctionLiteral, s *scope) {
	if e.Async {
		c.no(e, "async")
	}
	c.fill(fn, e.ParameterList, e.Body, e.DeclarationList, s)
}

func (c *compiler) literal(fn *code, e *ast.FunctionLiteral, s *scope) {
	if e.Async || e.Generator {
		c.no(e, "async or *")
	}
	c.fill(fn, e.ParameterList, e.Body, e.DeclarationList, s)
}

func (c *compiler) fill(fn *code, params *ast.ParameterList, body ast.ConciseBody, vars []*ast.VariableDeclaration, s *scope) {
	nodes := c.nodes
	if params.Rest != nil {
		c.no(params.Rest, "...rest")
	}
	in := &scope{up: s, fn: &pending{up: s.fn}, names: map[string]*binding{}}
	if c.streams && fn.result != nil {
		in.fn.result = fn.result
	}
	for _, p := range params.List {
		c.ids(p.Target, func(id *ast.Identifier) { in.variable(id, false, false).lexical = true })
	}
	if fn.result == nil || !c.rowOf(fn, params, in) {
		for _, p := range params.List {
			fn.params = append(fn.params, c.target(p.Target, p.Initializer, in, func(id *ast.Identifier) *binding { return in.variable(id, false, false) }))
		}
	}
	switch b := body.(type) {
	case *ast.ExpressionBody:
		c.vars(vars, in)
		if in.fn.result != nil {
			fn.tail = c.tail(b.Expression, in, in.fn.result, 0)
		} else {
			fn.value = c.expr(b.Expression, in)
		}
	case *ast.BlockStatement:
		c.hoist(b.List, vars, in)
		if r, ok := lone(b.List); ok && in.fn.result != nil {
			fn.tail = c.tail(r, in, in.fn.result, 0)
		} else {
			fn.body = c.list(b.List, in)
		}
	}
	fn.init = make([]val, in.fn.slots)
	for _, i := range in.fn.unset {
		fn.init[i].tag = pUnset
	}
	fn.cost = 1 + (c.nodes-nodes)/costPer
}

// lone is what a body returns that does nothing else.
func lone(list []ast.Statement) (ast.Expression, bool) {
	if len(list) != 1 {
		return nil, false
	}
	r, ok := list[0].(*ast.ReturnStatement)
	if !ok || r.Argument == nil {
		return nil, false
	}
	return r.Argument, true
}

// rowOf binds ({ a, b }) of the program's function to the inputs themselves. It is false if that is not how its inputs are named.
func (c *compiler) rowOf(fn *code, params *ast.ParameterList, in *scope) bool {
	if len(params.List) == 0 {
		fn.row = []func(*frame){}
		return true
	}
	p, ok := params.List[0].Target.(*ast.ObjectPattern)
	if !ok || p.Rest != nil || params.List[0].Initializer != nil || len(params.List) > 1 {
		return false
	}
	seen := map[string]bool{}
	for _, one := range p.Properties { // two names of one input are one value
		name, _, _ := c.part(one)
		if seen[name] {
			return false
		}
		seen[name] = true
	}
	row := []func(*frame){}
	for _, one := range p.Properties {
		name, to, initial := c.part(one)
		bind := c.target(to, initial, in, func(id *ast.Identifier) *binding { return in.variable(id, false, false) })
		at := -1
		for i, n := range c.names {
			if n == name {
				at = i
			}
		}
		id, plain := to.(*ast.Identifier)
		switch {
		case at < 0 && inherited[name]:
			row = append(row, func(*frame) { leave() })
		case at < 0:
			row = append(row, func(f *frame) { bind(f, undefinedVal) })
		case plain && initial == nil:
			slot := in.find(string(id.Name)).slot
			row = append(row, func(f *frame) { f.slots[slot] = f.call.json(f.call.row[at]) })
		default:
			row = append(row, func(f *frame) { bind(f, f.call.json(f.call.row[at])) })
		}
	}
	fn.row = row
	return true
}

func (c *compiler) vars(vars []*ast.VariableDeclaration, s *scope) {
	for _, v := range vars {
		for _, b := range v.List {
			c.ids(b.Target, func(id *ast.Identifier) { s.variable(id, false, false) })
		}
	}
}

// hoist declares what a block declares, before any of it is compiled: its functions may use what stands below them.
func (c *compiler) hoist(list []ast.Statement, vars []*ast.VariableDeclaration, s *scope) {
	for _, st := range list {
		v, ok := st.(*ast.VariableStatement)
		if !ok || s.up != nil || s.fn.up != nil {
			continue
		}
		for _, b := range v.List { // what stands around the function is assigned once
			id, ok := b.Target.(*ast.Identifier)
			switch {
			case !ok || s.names[string(id.Name)] != nil:
			case isFunction(b.Initializer):
				s.function(id, false)
			case c.formats(b.Initializer, s):
				s.names[string(id.Name)] = &binding{fn: s.fn, format: true}
			}
		}
	}
	c.vars(vars, s)
	var later []func()
	for _, st := range list {
		switch st := st.(type) {
		case *ast.LexicalDeclaration:
			for _, b := range st.List {
				if id, ok := b.Target.(*ast.Identifier); ok && isFunction(b.Initializer) {
					s.function(id, false)
					continue
				}
				c.ids(b.Target, func(id *ast.Identifier) { s.variable(id, true, st.Token == token.CONST) })
			}
		case *ast.FunctionDeclaration:
			n := s.function(st.Function.Name, true)
			n.code.set = true
			later = append(later, func() { c.literal(n.code, st.Function, s) })
		}
	}
	for _, f := range later {
		f()
	}
}

func isFunction(e ast.Expression) bool {
	switch e.(type) {
	case *ast.ArrowFunctionLiteral, *ast.FunctionLiteral:
		return true
	}
	return false
}

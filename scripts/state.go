package scripts

import (
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/token"
)

// stateless says whether nothing that a program makes can differ from one call of its function to the next: beside the function
// it holds at most constants, functions that are only called, and tables that are only read. A program that holds more, a list
// that grows or what a call gave, is run anew for every call, so that no call sees what another left behind.
func stateless(prog *ast.Program) bool {
	s := &stateCheck{functions: map[string]bool{}, tables: map[string]int{}, fine: map[*ast.Identifier]bool{}}
	if len(prog.Body) != 1 || !s.enclosed(prog.Body[0]) {
		return false
	}
	if len(s.functions) == 0 && len(s.tables) == 0 {
		return true
	}
	ok := true
	walk(prog.Body[0], func(n ast.Node) bool {
		ok = ok && s.use(n)
		return ok
	})
	return ok
}

// A stateCheck knows what a program declares, and which mentions of it keep nothing.
type stateCheck struct {
	functions map[string]bool
	tables    map[string]int // how many names or indices lead to the table's constants
	fine      map[*ast.Identifier]bool
}

// use is false for what could keep something: a function that is handed on or has its properties named, a table that is
// changed or handed on. It sees a node before the nodes in it.
func (s *stateCheck) use(n ast.Node) bool {
	switch x := n.(type) {
	case *ast.CallExpression:
		s.calls(x.Callee)
		return s.method(x)
	case *ast.TemplateLiteral:
		return x.Tag == nil || !s.names(x.Tag)
	case *ast.Binding:
		s.calls(x.Target)
	case *ast.SpreadElement:
		if s.depth(x.Expression) == 1 {
			s.calls(x.Expression)
		}
	case *ast.DotExpression, *ast.BracketExpression:
		if id, n := chain(x.(ast.Expression)); id != nil && s.tables[id.Name.String()] > 0 && n >= s.tables[id.Name.String()] {
			s.fine[id] = true
		}
	case *ast.AssignExpression:
		return !s.names(x.Left)
	case *ast.UnaryExpression:
		changes := x.Operator == token.INCREMENT || x.Operator == token.DECREMENT || x.Operator == token.DELETE
		return !changes || !s.names(x.Operand)
	case *ast.ForInStatement:
		return !s.into(x.Into)
	case *ast.ForOfStatement:
		if s.depth(x.Source) == 1 {
			s.calls(x.Source)
		}
		return !s.into(x.Into)
	case *ast.Identifier:
		name := x.Name.String()
		return s.fine[x] || !s.functions[name] && s.tables[name] == 0
	}
	return true
}

// method looks at a call of a table's method, or of Object's with a table.
func (s *stateCheck) method(x *ast.CallExpression) bool {
	id, steps := chain(x.Callee)
	if id == nil {
		return true
	}
	dot, named := x.Callee.(*ast.DotExpression)
	if id.Name == "Object" && named && steps == 1 && len(x.ArgumentList) == 1 {
		if how := dot.Identifier.Name.String(); how == "keys" || listers[how] && s.depth(x.ArgumentList[0]) == 1 {
			s.calls(x.ArgumentList[0])
		}
	}
	depth := s.tables[id.Name.String()]
	left := depth - (steps - 1) // of the table, where the method is called
	return depth == 0 || left <= 0 || left == 1 && named && readers[dot.Identifier.Name.String()]
}

// readers are methods that neither change a list of constants nor hand it on; listers do so for Object.
var (
	readers = map[string]bool{"includes": true, "indexOf": true, "lastIndexOf": true, "join": true, "at": true, "slice": true, "concat": true}
	listers = map[string]bool{"values": true, "entries": true}
)

// chain is the name that a.b[c] starts with, and how many steps follow it.
func chain(e ast.Expression) (id *ast.Identifier, steps int) {
	for {
		switch x := e.(type) {
		case *ast.DotExpression:
			e = x.Left
		case *ast.BracketExpression:
			e = x.Left
		case *ast.Identifier:
			return x, steps
		default:
			return nil, 0
		}
		steps++
	}
}

// depth is a table's, if the expression is its name.
func (s *stateCheck) depth(e ast.Expression) int {
	if id, ok := e.(*ast.Identifier); ok {
		return s.tables[id.Name.String()]
	}
	return 0
}

// names says whether what is assigned to mentions a function or a table.
func (s *stateCheck) names(target ast.Node) bool {
	found := false
	walk(target, func(n ast.Node) bool {
		if id, ok := n.(*ast.Identifier); ok && (s.functions[id.Name.String()] || s.tables[id.Name.String()] > 0) {
			found = true
		}
		return !found
	})
	return found
}

func (s *stateCheck) into(i ast.ForInto) bool {
	x, ok := i.(*ast.ForIntoExpression)
	return ok && s.names(x.Expression)
}

func (s *stateCheck) calls(e ast.Node) {
	if id, ok := e.(*ast.Identifier); ok {
		s.fine[id] = true
	}
}

// enclosed looks at what enclosed writes: a call of a function that returns the source's value.
func (s *stateCheck) enclosed(st ast.Statement) bool {
	x, ok := st.(*ast.ExpressionStatement)
	if !ok {
		return false
	}
	call, ok := x.Expression.(*ast.CallExpression)
	if !ok {
		return false
	}
	f, ok := call.Callee.(*ast.FunctionLiteral)
	if !ok || len(f.Body.List) != 1 {
		return false
	}
	r, ok := f.Body.List[0].(*ast.ReturnStatement)
	return ok && (s.function(r.Argument) || s.closure(r.Argument))
}

func (s *stateCheck) function(e ast.Expression) bool {
	switch x := e.(type) {
	case *ast.ArrowFunctionLiteral:
		return true
	case *ast.FunctionLiteral:
		if x.Name != nil {
			s.functions[x.Name.Name.String()] = true
			s.fine[x.Name] = true
		}
		return true
	}
	return false
}

// closure looks at what lift writes around declarations: (() => { …; return f; })().
func (s *stateCheck) closure(e ast.Expression) bool {
	call, ok := e.(*ast.CallExpression)
	if !ok {
		return false
	}
	f, ok := call.Callee.(*ast.ArrowFunctionLiteral)
	if !ok {
		return false
	}
	body, ok := f.Body.(*ast.BlockStatement)
	if !ok {
		return false
	}
	for _, st := range body.List {
		if !s.declaration(st) {
			return false
		}
	}
	return true
}

func (s *stateCheck) declaration(st ast.Statement) bool {
	switch x := st.(type) {
	case *ast.VariableStatement:
		return s.bindings(x.List)
	case *ast.LexicalDeclaration:
		return s.bindings(x.List)
	case *ast.FunctionDeclaration:
		return s.function(x.Function)
	case *ast.ReturnStatement:
		s.calls(x.Argument)
		_, name := x.Argument.(*ast.Identifier)
		return name || s.function(x.Argument)
	case *ast.EmptyStatement:
		return true
	}
	return false
}

func (s *stateCheck) bindings(list []*ast.Binding) bool {
	for _, b := range list {
		id, ok := b.Target.(*ast.Identifier)
		if !ok {
			return false
		}
		if constant(b.Initializer) {
			continue
		}
		if depth, ok := tableDepth(b.Initializer); ok {
			s.tables[id.Name.String()] = depth
			continue
		}
		if x, ok := b.Initializer.(*ast.Identifier); ok && x.Name == "format" { // the host's, which is frozen
			continue
		}
		if !s.function(b.Initializer) {
			return false
		}
		s.functions[id.Name.String()] = true
	}
	return true
}

// constant says whether an expression is one value that nothing can change.
func constant(e ast.Expression) bool {
	switch x := e.(type) {
	case *ast.NumberLiteral, *ast.StringLiteral, *ast.BooleanLiteral, *ast.NullLiteral:
		return true
	case *ast.UnaryExpression:
		_, ok := x.Operand.(*ast.NumberLiteral)
		return ok
	case *ast.TemplateLiteral:
		return x.Tag == nil && len(x.Expressions) == 0
	}
	return false
}

// tableDepth says whether an expression is an object or list of constants, or of such tables, and how deep they lie.
func tableDepth(e ast.Expression) (depth int, ok bool) {
	var items []ast.Expression
	switch x := e.(type) {
	case *ast.ArrayLiteral:
		items = x.Value
	case *ast.ObjectLiteral:
		for _, p := range x.Value {
			k, ok := p.(*ast.PropertyKeyed)
			if !ok || k.Computed || k.Kind != ast.PropertyKindValue {
				return 0, false
			}
			items = append(items, k.Value)
		}
	default:
		return 0, false
	}
	for _, item := range items {
		if constant(item) {
			continue
		}
		below, ok := tableDepth(item)
		if !ok {
			return 0, false
		}
		depth = max(depth, below)
	}
	return depth + 1, true
}

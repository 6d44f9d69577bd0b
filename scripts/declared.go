package scripts

import (
	"regexp"
	"strings"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/token"
)

// A decl is one thing at module level: a binding, a function, a class, or a statement that runs when the module is loaded.
type decl struct {
	names      []string
	start, end int // of its text in the bundle
	before     string
	after      string
	node       ast.Node // where its free names are
	sdk        string   // the SDK's export that it is; "" otherwise
	temporary  bool     // the bundler's own, for older syntax: _a of (_a = x) == null ? 1 : _a
	changes    []string // statements: the names whose values they change
	gives      []string // statements: the names that they give to functions, which may change them
}

// collect notes what stands at module level: the statements of the bundle's one IIFE.
func (m *module) collect(prog *ast.Program) {
	base := prog.File.Base()
	var body []ast.Statement
	for _, s := range prog.Body {
		walk(s, func(n ast.Node) bool {
			if f, ok := n.(*ast.ArrowFunctionLiteral); ok && body == nil {
				if block, ok := f.Body.(*ast.BlockStatement); ok {
					body = block.List
				}
			}
			return body == nil
		})
	}
	span := func(n ast.Node) (int, int) { return int(n.Idx0()) - base, endOf(n) - base }
	add := func(d *decl) {
		m.top = append(m.top, d)
		for _, name := range d.names {
			m.byName[name] = d
		}
	}
	bindings := func(list []*ast.Binding) {
		for _, b := range list {
			start, end := span(b)
			d := &decl{start: start, end: end, node: b, before: "var ", after: ";"}
			declaredBy(b.Target, func(name string) { d.names = append(d.names, name) })
			d.temporary = b.Initializer == nil && len(d.names) == 1 && temporaryName.MatchString(d.names[0])
			if dot, ok := b.Initializer.(*ast.DotExpression); ok {
				if id, ok := dot.Left.(*ast.Identifier); ok && id.Name == "__sdk" {
					d.sdk = dot.Identifier.Name.String()
				}
			}
			add(d)
		}
	}
	for _, s := range body {
		switch x := s.(type) {
		case *ast.VariableStatement:
			bindings(x.List)
		case *ast.LexicalDeclaration:
			bindings(x.List)
		case *ast.FunctionDeclaration:
			start, end := span(x.Function)
			add(&decl{names: []string{x.Function.Name.Name.String()}, start: start, end: end, node: x.Function})
		case *ast.ClassDeclaration:
			start, end := span(x.Class)
			add(&decl{names: []string{x.Class.Name.Name.String()}, start: start, end: end, node: x.Class})
		case *ast.ExpressionStatement:
			start, end := span(x.Expression)
			d := &decl{start: start, end: end, node: x.Expression, after: ";"}
			d.changes, d.gives = changed(x.Expression)
			add(d)
		case *ast.ReturnStatement: // the bundle's own last
		default:
			start, end := span(x)
			if f, ok := x.(*ast.IfStatement); ok { // the parser does not say where it begins
				test, _ := span(f.Test)
				start = strings.LastIndex(m.bundle[:test], "if")
			}
			d := &decl{start: start, end: end, node: x}
			d.changes, d.gives = changed(x)
			add(d)
		}
	}
	for _, s := range body {
		walk(s, func(n ast.Node) bool {
			var target ast.Expression
			switch x := n.(type) {
			case *ast.AssignExpression:
				target = x.Left
			case *ast.UnaryExpression:
				if x.Operator == token.INCREMENT || x.Operator == token.DECREMENT {
					target = x.Operand
				}
			}
			if id, ok := target.(*ast.Identifier); ok {
				m.change[id.Name.String()] = int(id.Idx) - base
			}
			return true
		})
	}
}

// temporaryName is how the bundler calls what it needs for syntax that it writes in an older form.
var temporaryName = regexp.MustCompile(`^_[a-z]\d*$`)

// changed lists the names that a statement of module level changes the values of: "labels" of labels.x = 1 and of
// labels.set("x", 1), and those that it gives to functions, as Object.assign(labels, more) does.
func changed(n ast.Node) (changes, gives []string) {
	base := func(e ast.Expression) {
		if id, steps := chain(e); id != nil && steps > 0 {
			changes = append(changes, id.Name.String())
		}
	}
	walk(n, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.AssignExpression:
			base(x.Left)
		case *ast.UnaryExpression:
			if x.Operator == token.INCREMENT || x.Operator == token.DECREMENT || x.Operator == token.DELETE {
				base(x.Operand)
			}
		case *ast.CallExpression:
			base(x.Callee)
			for _, a := range x.ArgumentList {
				if id, ok := a.(*ast.Identifier); ok {
					gives = append(gives, id.Name.String())
				}
			}
		}
		return true
	})
	return changes, gives
}

// declaredBy calls name for every name that a binding's target declares.
func declaredBy(e ast.Node, name func(string)) {
	if e == nil {
		return
	}
	switch x := e.(type) {
	case *ast.Identifier:
		if x != nil {
			name(x.Name.String())
		}
	case *ast.Binding:
		declaredBy(x.Target, name)
	case *ast.AssignExpression:
		declaredBy(x.Left, name)
	case *ast.SpreadElement:
		declaredBy(x.Expression, name)
	case *ast.PropertyShort:
		name(x.Name.Name.String())
	case *ast.PropertyKeyed:
		declaredBy(x.Value, name)
	case *ast.ObjectPattern:
		for _, p := range x.Properties {
			declaredBy(p, name)
		}
		declaredBy(x.Rest, name)
	case *ast.ArrayPattern:
		for _, p := range x.Elements {
			declaredBy(p, name)
		}
		declaredBy(x.Rest, name)
	}
}

// A reference is a use of a name that is not declared where it is used.
type reference struct {
	name string
	idx  int // goja's index of the first use
}

// free lists the names that a piece of code uses and does not declare, in order of first use. The bundler gives inner names
// that would hide outer ones names of their own, so one set of declared names is enough.
func free(n ast.Node) (names []reference, async bool) {
	declared := map[string]bool{"arguments": true}
	walk(n, func(n ast.Node) bool {
		declare := func(name string) { declared[name] = true }
		switch x := n.(type) {
		case *ast.Binding:
			declaredBy(x.Target, declare)
		case *ast.FunctionLiteral:
			if x.Name != nil {
				declare(x.Name.Name.String())
			}
			async = async || x.Async || x.Generator
			if x.ParameterList != nil {
				declaredBy(x.ParameterList.Rest, declare)
			}
		case *ast.ArrowFunctionLiteral:
			async = async || x.Async
			if x.ParameterList != nil {
				declaredBy(x.ParameterList.Rest, declare)
			}
		case *ast.ClassLiteral:
			if x.Name != nil {
				declare(x.Name.Name.String())
			}
		case *ast.TryStatement:
			if x.Catch != nil && x.Catch.Parameter != nil {
				declaredBy(x.Catch.Parameter, declare)
			}
		case *ast.ForInStatement:
			declaredByInto(x.Into, declare)
		case *ast.ForOfStatement:
			declaredByInto(x.Into, declare)
		}
		return true
	})
	seen := map[string]bool{}
	walk(n, func(n ast.Node) bool {
		if id, ok := n.(*ast.Identifier); ok {
			name := id.Name.String()
			if !declared[name] && !seen[name] {
				seen[name] = true
				names = append(names, reference{name, int(id.Idx)})
			}
		}
		return true
	})
	return names, async
}

func declaredByInto(i ast.ForInto, declare func(string)) {
	switch x := i.(type) {
	case *ast.ForIntoVar:
		declaredBy(x.Binding.Target, declare)
	case *ast.ForDeclaration:
		declaredBy(x.Target, declare)
	}
}

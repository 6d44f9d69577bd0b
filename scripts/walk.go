package scripts

import (
	"github.com/dop251/goja/ast"
)

// walk calls visit for node and, if that says so, for everything below it, in the order of the text.
func walk(node ast.Node, visit func(ast.Node) bool) {
	if node == nil || !visit(node) {
		return
	}
	w := walker(visit)
	switch n := node.(type) {
	case ast.Expression:
		w.expression(n)
	case ast.Statement:
		w.statement(n)
	case *ast.ExpressionBody:
		w.e(n.Expression)
	case *ast.ParameterList:
		w.parameters(n)
	case *ast.FieldDefinition:
		w.e(n.Key)
		w.e(n.Initializer)
	case *ast.MethodDefinition:
		if n.Computed {
			w.e(n.Key)
		}
		w.e(n.Body)
	case *ast.ClassStaticBlock:
		w.s(n.Block)
	}
}

type walker func(ast.Node) bool

func (w walker) e(x ast.Expression) {
	if !isNil(x) {
		walk(x, w)
	}
}

func (w walker) s(x ast.Statement) {
	if !isNil(x) {
		walk(x, w)
	}
}

func (w walker) es(xs []ast.Expression) {
	for _, x := range xs {
		w.e(x)
	}
}

func (w walker) ss(xs []ast.Statement) {
	for _, x := range xs {
		w.s(x)
	}
}

// isNil also finds typed nil pointers, which goja's parser leaves where something is optional.
func isNil(n ast.Node) bool {
	switch x := n.(type) {
	case nil:
		return true
	case *ast.BlockStatement:
		return x == nil
	case *ast.FunctionLiteral:
		return x == nil
	case *ast.Identifier:
		return x == nil
	}
	return false
}

func (w walker) bindings(list []*ast.Binding) {
	for _, b := range list {
		w.e(b)
	}
}

func (w walker) parameters(p *ast.ParameterList) {
	if p == nil {
		return
	}
	w.bindings(p.List)
	w.e(p.Rest)
}

func (w walker) expression(x ast.Expression) {
	switch n := x.(type) {
	case *ast.Binding:
		w.e(n.Target)
		w.e(n.Initializer)
	case *ast.YieldExpression:
		w.e(n.Argument)
	case *ast.AwaitExpression:
		w.e(n.Argument)
	case *ast.ArrayLiteral:
		w.es(n.Value)
	case *ast.ArrayPattern:
		w.es(n.Elements)
		w.e(n.Rest)
	case *ast.AssignExpression:
		w.e(n.Left)
		w.e(n.Right)
	case *ast.BinaryExpression:
		w.e(n.Left)
		w.e(n.Right)
	case *ast.BracketExpression:
		w.e(n.Left)
		w.e(n.Member)
	case *ast.CallExpression:
		w.e(n.Callee)
		w.es(n.ArgumentList)
	case *ast.ConditionalExpression:
		w.e(n.Test)
		w.e(n.Consequent)
		w.e(n.Alternate)
	case *ast.DotExpression:
		w.e(n.Left)
	case *ast.PrivateDotExpression:
		w.e(n.Left)
	case *ast.OptionalChain:
		w.e(n.Expression)
	case *ast.Optional:
		w.e(n.Expression)
	case *ast.FunctionLiteral:
		w.parameters(n.ParameterList)
		w.s(n.Body)
	case *ast.ArrowFunctionLiteral:
		w.parameters(n.ParameterList)
		if n.Body != nil {
			walk(n.Body, w)
		}
	case *ast.ClassLiteral:
		w.e(n.SuperClass)
		for _, el := range n.Body {
			walk(el, w)
		}
	case *ast.NewExpression:
		w.e(n.Callee)
		w.es(n.ArgumentList)
	case *ast.ObjectLiteral:
		for _, p := range n.Value {
			w.e(p)
		}
	case *ast.ObjectPattern:
		for _, p := range n.Properties {
			w.e(p)
		}
		w.e(n.Rest)
	case *ast.PropertyShort:
		w.e(&n.Name)
		w.e(n.Initializer)
	case *ast.PropertyKeyed:
		if n.Computed {
			w.e(n.Key)
		}
		w.e(n.Value)
	case *ast.SpreadElement:
		w.e(n.Expression)
	case *ast.SequenceExpression:
		w.es(n.Sequence)
	case *ast.TemplateLiteral:
		w.e(n.Tag)
		w.es(n.Expressions)
	case *ast.UnaryExpression:
		w.e(n.Operand)
	}
}

func (w walker) statement(x ast.Statement) {
	switch n := x.(type) {
	case *ast.BlockStatement:
		w.ss(n.List)
	case *ast.CaseStatement:
		w.e(n.Test)
		w.ss(n.Consequent)
	case *ast.DoWhileStatement:
		w.s(n.Body)
		w.e(n.Test)
	case *ast.ExpressionStatement:
		w.e(n.Expression)
	case *ast.ForInStatement:
		w.into(n.Into)
		w.e(n.Source)
		w.s(n.Body)
	case *ast.ForOfStatement:
		w.into(n.Into)
		w.e(n.Source)
		w.s(n.Body)
	case *ast.ForStatement:
		switch i := n.Initializer.(type) {
		case *ast.ForLoopInitializerExpression:
			w.e(i.Expression)
		case *ast.ForLoopInitializerVarDeclList:
			w.bindings(i.List)
		case *ast.ForLoopInitializerLexicalDecl:
			w.bindings(i.LexicalDeclaration.List)
		}
		w.e(n.Test)
		w.e(n.Update)
		w.s(n.Body)
	case *ast.IfStatement:
		w.e(n.Test)
		w.s(n.Consequent)
		w.s(n.Alternate)
	case *ast.LabelledStatement:
		w.s(n.Statement)
	case *ast.ReturnStatement:
		w.e(n.Argument)
	case *ast.SwitchStatement:
		w.e(n.Discriminant)
		for _, c := range n.Body {
			w.s(c)
		}
	case *ast.ThrowStatement:
		w.e(n.Argument)
	case *ast.TryStatement:
		w.s(n.Body)
		if n.Catch != nil {
			w.e(n.Catch.Parameter)
			w.s(n.Catch.Body)
		}
		w.s(n.Finally)
	case *ast.VariableStatement:
		w.bindings(n.List)
	case *ast.LexicalDeclaration:
		w.bindings(n.List)
	case *ast.WhileStatement:
		w.e(n.Test)
		w.s(n.Body)
	case *ast.WithStatement:
		w.e(n.Object)
		w.s(n.Body)
	case *ast.FunctionDeclaration:
		w.e(n.Function)
	case *ast.ClassDeclaration:
		w.e(n.Class)
	}
}

func (w walker) into(i ast.ForInto) {
	switch n := i.(type) {
	case *ast.ForIntoVar:
		w.e(n.Binding)
	case *ast.ForDeclaration:
		w.e(n.Target)
	case *ast.ForIntoExpression:
		w.e(n.Expression)
	}
}

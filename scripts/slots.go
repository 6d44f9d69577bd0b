package scripts

import "github.com/dop251/goja/ast"

// slots gives each place below a node that holds an expression which may be replaced by another one.
func slots(n ast.Node, each func(*ast.Expression)) {
	all := func(list []ast.Expression) {
		for i := range list {
			each(&list[i])
		}
	}
	switch x := n.(type) {
	case *ast.Binding:
		each(&x.Initializer)
	case *ast.ArrayLiteral:
		all(x.Value)
	case *ast.AssignExpression:
		each(&x.Right)
	case *ast.BinaryExpression:
		each(&x.Left)
		each(&x.Right)
	case *ast.BracketExpression:
		each(&x.Left)
		each(&x.Member)
	case *ast.CallExpression:
		each(&x.Callee)
		all(x.ArgumentList)
	case *ast.ConditionalExpression:
		each(&x.Test)
		each(&x.Consequent)
		each(&x.Alternate)
	case *ast.DotExpression:
		each(&x.Left)
	case *ast.OptionalChain:
		each(&x.Expression)
	case *ast.Optional:
		each(&x.Expression)
	case *ast.ClassLiteral:
		each(&x.SuperClass)
	case *ast.FieldDefinition:
		each(&x.Initializer)
	case *ast.NewExpression:
		each(&x.Callee)
		all(x.ArgumentList)
	case *ast.PropertyShort:
		each(&x.Initializer)
	case *ast.PropertyKeyed:
		each(&x.Value)
		if x.Computed {
			each(&x.Key)
		}
	case *ast.SpreadElement:
		each(&x.Expression)
	case *ast.SequenceExpression:
		all(x.Sequence)
	case *ast.TemplateLiteral:
		all(x.Expressions)
		each(&x.Tag)
	case *ast.UnaryExpression:
		each(&x.Operand)
	case *ast.ExpressionBody:
		each(&x.Expression)
	default:
		statementSlots(n, each)
	}
}

func statementSlots(n ast.Node, each func(*ast.Expression)) {
	switch x := n.(type) {
	case *ast.CaseStatement:
		each(&x.Test)
	case *ast.DoWhileStatement:
		each(&x.Test)
	case *ast.ExpressionStatement:
		each(&x.Expression)
	case *ast.ForInStatement:
		each(&x.Source)
	case *ast.ForOfStatement:
		each(&x.Source)
	case *ast.ForStatement:
		if i, ok := x.Initializer.(*ast.ForLoopInitializerExpression); ok {
			each(&i.Expression)
		}
		each(&x.Test)
		each(&x.Update)
	case *ast.IfStatement:
		each(&x.Test)
	case *ast.ReturnStatement:
		each(&x.Argument)
	case *ast.SwitchStatement:
		each(&x.Discriminant)
	case *ast.ThrowStatement:
		each(&x.Argument)
	case *ast.WhileStatement:
		each(&x.Test)
	case *ast.WithStatement:
		each(&x.Object)
	}
}

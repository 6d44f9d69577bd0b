package scripts

import (
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/file"
	"github.com/dop251/goja/token"
	"github.com/dop251/goja/unistring"
)

// The names of what instrumented code calls. No source can write them.
const (
	keptName  = " kept"  // looks at a text that a piece of code put together
	listName  = " list"  // what is spread into a list
	argsName  = " args"  // what is spread into a call
	ownName   = " own"   // what is spread into an object, or has its names walked
	regexName = " regex" // a regular expression, with its number
)

// instrument puts calls around what the engine does without end: spreading, walking names and, where texts can grow, putting
// texts together. A piece of code that runs once and puts few texts together stays as it is: its texts are not much longer than
// those that it was given.
func instrument(prog *ast.Program, patterns map[*ast.RegExpLiteral]*pattern, limits bool) []*pattern {
	i := &instrumenter{done: map[ast.Node]bool{}, limits: limits, known: patterns}
	main := mainOf(prog)
	i.main = main
	if limits {
		i.plan(prog)
	}
	for _, st := range prog.Body {
		i.node(st, false)
	}
	return i.patterns
}

type instrumenter struct {
	done     map[ast.Node]bool
	main     ast.Node
	limits   bool
	texts    bool // texts that are put together are looked at, in code that can run again
	once     bool // also in the part of the main function that runs once
	known    map[*ast.RegExpLiteral]*pattern
	patterns []*pattern // in the order of their numbers
}

// mainOf is the function that calls run, nil if the source has another form.
func mainOf(prog *ast.Program) ast.Node {
	if len(prog.Body) != 1 {
		return nil
	}
	st, _ := prog.Body[0].(*ast.ExpressionStatement)
	if st == nil {
		return nil
	}
	call, _ := st.Expression.(*ast.CallExpression)
	if call == nil {
		return nil
	}
	f, _ := call.Callee.(*ast.FunctionLiteral)
	if f == nil || len(f.Body.List) != 1 {
		return nil
	}
	r, _ := f.Body.List[0].(*ast.ReturnStatement)
	if r == nil {
		return nil
	}
	switch x := r.Argument.(type) {
	case *ast.ArrowFunctionLiteral:
		return x
	case *ast.FunctionLiteral:
		return x
	case *ast.CallExpression: // (() => { …; return main; })()
		arrow, _ := x.Callee.(*ast.ArrowFunctionLiteral)
		if arrow == nil {
			return nil
		}
		body, _ := arrow.Body.(*ast.BlockStatement)
		if body == nil || len(body.List) == 0 {
			return nil
		}
		last, _ := body.List[len(body.List)-1].(*ast.ReturnStatement)
		if last == nil {
			return nil
		}
		switch m := last.Argument.(type) {
		case *ast.ArrowFunctionLiteral:
			return m
		case *ast.FunctionLiteral:
			return m
		}
	}
	return nil
}

const (
	// fewTexts is how many times the length of what it was given a text may have before it is looked at.
	fewTexts = 8
	// longText counts for a text that was made long, by a method that is asked for a length: two of them may be put together once in a
	// piece of code.
	longText = fewTexts / 2
)

// makesLong are the methods of texts that make one as long as they are asked to.
var makesLong = map[unistring.String]bool{"repeat": true, "padStart": true, "padEnd": true}

// plan decides where texts are looked at.
func (i *instrumenter) plan(prog *ast.Program) {
	if i.main == nil {
		i.texts, i.once = true, true
		return
	}
	repeats := false
	walk(i.main, func(n ast.Node) bool {
		repeats = repeats || n != i.main && again(n)
		return !repeats
	})
	g := &growth{of: map[string]float64{}, long: map[ast.Node]bool{}}
	if named, ok := i.main.(*ast.FunctionLiteral); ok && named.Name != nil {
		repeats = repeats || mentions(named.Body, named.Name.Name)
	}
	outside := 0 // functions beside the main one
	walk(prog.Body[0], func(n ast.Node) bool {
		if n == i.main {
			return false
		}
		switch n.(type) {
		case *ast.ArrowFunctionLiteral, *ast.FunctionLiteral:
			outside++
		}
		return true
	})
	helpers := outside > 2 // the enclosing function and the closure are two
	i.texts = repeats || helpers
	g.code(i.main)
	i.once = g.most > fewTexts || len(g.long) > 1
	i.texts = i.texts || i.once
}

// again says whether what is below a node can run more than once.
func again(n ast.Node) bool {
	switch n.(type) {
	case *ast.ForStatement, *ast.ForInStatement, *ast.ForOfStatement, *ast.WhileStatement, *ast.DoWhileStatement,
		*ast.ArrowFunctionLiteral, *ast.FunctionLiteral, *ast.ClassLiteral:
		return true
	}
	return false
}

func mentions(n ast.Node, name unistring.String) bool {
	found := false
	walk(n, func(n ast.Node) bool {
		id, ok := n.(*ast.Identifier)
		found = found || ok && id.Name == name
		return !found
	})
	return found
}

// node instruments what is below n. repeated says that it can run more than once.
func (i *instrumenter) node(n ast.Node, repeated bool) {
	top := true
	walk(n, func(n ast.Node) bool {
		if !top && n == i.main {
			i.node(n, false)
			return false
		}
		if !top && again(n) {
			i.node(n, true)
			return false
		}
		top = false
		i.change(n, repeated || i.once)
		return true
	})
}

// change wraps the parts of a node that need it.
func (i *instrumenter) change(n ast.Node, watched bool) {
	each := func(slot *ast.Expression) {
		if slot == nil || isNil(*slot) || i.done[*slot] {
			return
		}
		switch x := (*slot).(type) {
		case *ast.RegExpLiteral:
			if i.known == nil { // while recording any library's runs, on the engine's own
				return
			}
			i.done[x] = true
			number := &ast.NumberLiteral{Idx: x.Idx, Value: int64(len(i.patterns))}
			i.patterns = append(i.patterns, i.known[x])
			*slot = called(regexName, x.Idx0(), x, number)
		case *ast.BinaryExpression:
			if i.limits && i.texts && watched && x.Operator == token.PLUS && grows(x) {
				i.wrap(keptName, slot)
			}
		case *ast.AssignExpression:
			if i.limits && i.texts && watched && x.Operator == token.PLUS && !short_(x.Right) {
				i.wrap(keptName, slot)
			}
			if p, ok := x.Left.(*ast.ArrayPattern); ok && p.Rest != nil && i.limits {
				i.wrap(listName, &x.Right)
			}
			if p, ok := x.Left.(*ast.ObjectPattern); ok && p.Rest != nil && i.limits {
				i.wrap(ownName, &x.Right)
			}
		case *ast.TemplateLiteral:
			if i.limits && x.Tag == nil && len(x.Expressions) > 0 && (i.texts && watched || len(x.Expressions) > fewTexts) {
				i.template(slot, x)
			}
		}
	}
	slots(n, each)
	if !i.limits {
		return
	}
	switch x := n.(type) {
	case *ast.ArrayLiteral:
		i.spread(x.Value, listName)
	case *ast.CallExpression:
		i.spread(x.ArgumentList, argsName)
	case *ast.NewExpression:
		i.spread(x.ArgumentList, argsName)
	case *ast.ObjectLiteral:
		for _, p := range x.Value {
			if s, ok := p.(*ast.SpreadElement); ok {
				i.wrap(ownName, &s.Expression)
			}
		}
	case *ast.Binding:
		if isNil(x.Initializer) {
			return
		}
		if p, ok := x.Target.(*ast.ArrayPattern); ok && p.Rest != nil {
			i.wrap(listName, &x.Initializer)
		}
		if p, ok := x.Target.(*ast.ObjectPattern); ok && p.Rest != nil {
			i.wrap(ownName, &x.Initializer)
		}
	case *ast.ForInStatement:
		i.wrap(ownName, &x.Source)
	}
}

func (i *instrumenter) spread(list []ast.Expression, name unistring.String) {
	for _, e := range list {
		if s, ok := e.(*ast.SpreadElement); ok {
			i.wrap(name, &s.Expression)
		}
	}
}

func (i *instrumenter) wrap(name unistring.String, slot *ast.Expression) {
	x := *slot
	if i.done[x] {
		return
	}
	i.done[x] = true
	*slot = called(name, x.Idx0(), x)
}

// template looks at what a template made so far after every few parts: each of them may be as long as a text can be.
func (i *instrumenter) template(slot *ast.Expression, x *ast.TemplateLiteral) {
	const parts = 4
	i.done[x] = true
	for len(x.Expressions) > parts {
		cut := &ast.TemplateElement{Idx: x.Elements[parts].Idx, Valid: true}
		head := &ast.TemplateLiteral{OpenQuote: x.OpenQuote, CloseQuote: x.CloseQuote,
			Elements: append(append([]*ast.TemplateElement{}, x.Elements[:parts]...), cut), Expressions: x.Expressions[:parts]}
		i.done[head] = true
		rest := &ast.TemplateLiteral{OpenQuote: x.OpenQuote, CloseQuote: x.CloseQuote,
			Elements:    append([]*ast.TemplateElement{{Idx: x.OpenQuote, Valid: true}}, x.Elements[parts:]...),
			Expressions: append([]ast.Expression{called(keptName, head.Idx0(), head)}, x.Expressions[parts:]...)}
		i.done[rest] = true
		x = rest
	}
	*slot = called(keptName, x.Idx0(), x)
}

// grows says whether a + can make a text that is much longer than either side. A chain is looked at as a whole while it is short.
func grows(x *ast.BinaryExpression) bool {
	return !short_(x.Left) && !short_(x.Right)
}

// short_ says whether an expression is a number or a short text for sure.
func short_(e ast.Expression) bool {
	switch x := e.(type) {
	case *ast.NumberLiteral, *ast.BooleanLiteral, *ast.NullLiteral:
		return true
	case *ast.StringLiteral:
		return len(x.Value) <= 64
	case *ast.TemplateLiteral:
		return x.Tag == nil && len(x.Expressions) == 0 && len(x.Elements[0].Literal) <= 64
	case *ast.UnaryExpression:
		return true // numbers, booleans, the name of a type
	case *ast.BinaryExpression:
		switch x.Operator {
		case token.MINUS, token.MULTIPLY, token.SLASH, token.REMAINDER, token.EXPONENT, token.AND, token.OR, token.EXCLUSIVE_OR,
			token.SHIFT_LEFT, token.SHIFT_RIGHT, token.UNSIGNED_SHIFT_RIGHT:
			return true
		}
	case *ast.CallExpression:
		dot, ok := x.Callee.(*ast.DotExpression)
		if !ok {
			return false
		}
		of, ok := dot.Left.(*ast.Identifier)
		return ok && of.Name == "Math"
	}
	return false
}

func called(name unistring.String, at_ file.Idx, args ...ast.Expression) *ast.CallExpression {
	return &ast.CallExpression{Callee: &ast.Identifier{Name: name, Idx: at_}, LeftParenthesis: at_, RightParenthesis: at_, ArgumentList: args}
}

// A growth estimates how many times longer than the longest text that it was given a piece of code that runs once can make a text.
type growth struct {
	of   map[string]float64 // by name
	most float64
	long map[ast.Node]bool // what puts texts together that may be long already
}

// code follows assignments in the order of the text.
func (g *growth) code(n ast.Node) {
	walk(n, func(x ast.Node) bool {
		switch x := x.(type) {
		case *ast.Binding:
			if !isNil(x.Initializer) {
				g.give(x.Target, g.expression(x.Initializer))
			}
		case *ast.AssignExpression:
			v := g.expression(x.Right)
			if x.Operator == token.PLUS {
				v += g.expression(x.Left)
			}
			g.give(x.Left, v)
		case ast.Expression:
			g.expression(x)
		}
		return x == n || !again(x)
	})
}

func (g *growth) give(target ast.Node, v float64) {
	walk(target, func(n ast.Node) bool {
		if id, ok := n.(*ast.Identifier); ok {
			name := id.Name.String()
			g.of[name] = max(g.of[name], v)
		}
		return true
	})
	g.most = max(g.most, v)
}

func (g *growth) expression(e ast.Expression) (v float64) {
	defer func() { g.most = max(g.most, v) }()
	if isNil(e) || short_(e) {
		return 0
	}
	switch x := e.(type) {
	case *ast.Identifier:
		return max(1, g.of[x.Name.String()])
	case *ast.BinaryExpression:
		l, r := g.expression(x.Left), g.expression(x.Right)
		if x.Operator == token.PLUS {
			if l+r >= fewTexts {
				g.long[x] = true
			}
			return l + r
		}
		return max(l, r)
	case *ast.ConditionalExpression:
		return max(g.expression(x.Consequent), g.expression(x.Alternate))
	case *ast.TemplateLiteral:
		for _, p := range x.Expressions {
			v += max(1, g.expression(p))
		}
		if v >= fewTexts && len(x.Expressions) < fewTexts {
			g.long[x] = true
		}
		return v
	case *ast.CallExpression:
		v = g.expression(x.Callee)
		if dot, ok := x.Callee.(*ast.DotExpression); ok && makesLong[dot.Identifier.Name] {
			v = max(v, longText)
		}
		for _, a := range x.ArgumentList {
			v = max(v, g.expression(a))
		}
		return max(1, v)
	case *ast.DotExpression:
		return max(1, g.expression(x.Left))
	case *ast.BracketExpression:
		return max(1, g.expression(x.Left))
	case *ast.OptionalChain:
		return g.expression(x.Expression)
	case *ast.Optional:
		return g.expression(x.Expression)
	case *ast.ArrayLiteral:
		for _, p := range x.Value {
			v = max(v, g.expression(p))
		}
		return max(1, v)
	case *ast.ObjectLiteral:
		for _, p := range x.Value {
			if k, ok := p.(*ast.PropertyKeyed); ok {
				v = max(v, g.expression(k.Value))
			}
		}
		return max(1, v)
	case *ast.SequenceExpression:
		return g.expression(x.Sequence[len(x.Sequence)-1])
	case *ast.AssignExpression:
		return g.expression(x.Right) + g.expression(x.Left)
	}
	return 1
}

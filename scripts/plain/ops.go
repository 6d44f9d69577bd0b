package plain

import (
	"fmt"
	"math"
	"strings"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/token"
)

// sortOf names a piece of syntax for people.
func sortOf(n ast.Node) string {
	switch n.(type) {
	case *ast.RegExpLiteral:
		return "a regular expression"
	case *ast.NewExpression:
		return "new"
	case *ast.ThrowStatement:
		return "throw"
	case *ast.TryStatement:
		return "try"
	case *ast.WhileStatement, *ast.DoWhileStatement, *ast.ForInStatement:
		return "a loop other than for and for…of"
	case *ast.ArrowFunctionLiteral, *ast.FunctionLiteral:
		return "a function as a value"
	case *ast.ThisExpression:
		return "this"
	case *ast.SpreadElement:
		return "..."
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", n), "*ast.")
}

func (c *compiler) unary(e *ast.UnaryExpression, s *scope) expr {
	switch e.Operator {
	case token.INCREMENT, token.DECREMENT:
		by := 1.0
		if e.Operator == token.DECREMENT {
			by = -1
		}
		place, post := c.place(e.Operand, s), e.Postfix
		return func(f *frame) val {
			p := place(f)
			was := set(*p).number()
			*p = numVal(was + by)
			if post {
				return numVal(was)
			}
			return *p
		}
	case token.NOT:
		test := c.cond(e.Operand, s)
		return func(f *frame) val { return boolVal(!test(f)) }
	}
	x := c.expr(e.Operand, s)
	switch e.Operator {
	case token.TYPEOF:
		return func(f *frame) val { return strVal(typeNames[x(f).tag]) }
	case token.MINUS:
		return func(f *frame) val { return numVal(-x(f).number()) }
	case token.PLUS:
		return func(f *frame) val { return numVal(x(f).number()) }
	case token.BITWISE_NOT:
		return func(f *frame) val { return numVal(float64(^int32Of(x(f).number()))) }
	case token.VOID:
		return func(f *frame) val { x(f); return undefinedVal }
	}
	c.no(e, "%s", e.Operator)
	return nil
}

var typeNames = [...]string{pUndefined: "undefined", pNull: "object", pBool: "boolean", pNumber: "number", pString: "string", pList: "object", pObject: "object", pFunc: "function"}

func (c *compiler) binary(e *ast.BinaryExpression, s *scope) expr {
	switch e.Operator {
	case token.LOGICAL_AND:
		a, b := c.expr(e.Left, s), c.expr(e.Right, s)
		return func(f *frame) val {
			if v := a(f); !v.truthy() {
				return v
			}
			return b(f)
		}
	case token.LOGICAL_OR:
		a, b := c.expr(e.Left, s), c.expr(e.Right, s)
		return func(f *frame) val {
			if v := a(f); v.truthy() {
				return v
			}
			return b(f)
		}
	case token.COALESCE:
		a, b := c.expr(e.Left, s), c.expr(e.Right, s)
		return func(f *frame) val {
			if v := a(f); !v.nullish() {
				return v
			}
			return b(f)
		}
	}
	if test := c.compare(e, s); test != nil {
		return func(f *frame) val { return boolVal(test(f)) }
	}
	do := operation(e.Operator)
	if do == nil {
		c.no(e, "%s", e.Operator)
	}
	a := c.expr(e.Left, s)
	if k, ok := c.constant(e.Right); ok && k.tag == pNumber {
		c.nodes++
		if slot, ok := c.variable(e.Left, s); ok {
			if sum := slotNumber(e.Operator, slot, k.n); sum != nil {
				return sum
			}
		}
		if sum := withNumber(e.Operator, a, k.n); sum != nil {
			return sum
		}
	}
	b := c.expr(e.Right, s)
	return func(f *frame) val { v := a(f); return do(f.call, v, b(f)) }
}

// variable says whether an expression is a variable of the function itself that has a value, and where it is: it need not be called.
func (c *compiler) variable(e ast.Expression, s *scope) (slot int, ok bool) {
	id, ok := e.(*ast.Identifier)
	if !ok {
		return 0, false
	}
	n := s.find(string(id.Name))
	if n == nil || n.fn != s.fn || n.code != nil || n.lowered != "" || n.format || n.self {
		return 0, false
	}
	return n.slot, !c.early(n, id, s)
}

// slotNumber is withNumber for a variable.
func slotNumber(op token.Token, slot int, y float64) expr {
	switch op {
	case token.MINUS:
		return func(f *frame) val { return numVal(f.slots[slot].number() - y) }
	case token.MULTIPLY:
		return func(f *frame) val { return numVal(f.slots[slot].number() * y) }
	case token.SLASH:
		return func(f *frame) val { return numVal(f.slots[slot].number() / y) }
	}
	return nil
}

// withNumber is an operation with a constant on its right; nil: it is none of these.
func withNumber(op token.Token, a expr, y float64) expr {
	switch op {
	case token.MINUS:
		return func(f *frame) val { return numVal(a(f).number() - y) }
	case token.MULTIPLY:
		return func(f *frame) val { return numVal(a(f).number() * y) }
	case token.SLASH:
		return func(f *frame) val { return numVal(a(f).number() / y) }
	case token.REMAINDER:
		return func(f *frame) val { return numVal(modulo(a(f).number(), y)) }
	}
	return nil
}

// modulo is math.Mod, which is slow, for what is whole and small.
func modulo(x, y float64) float64 {
	if i, j := int64(x), int64(y); float64(i) == x && float64(j) == y && i > 0 && j > 0 && i < 1<<53 && j < 1<<53 {
		return float64(i % j)
	}
	return math.Mod(x, y)
}

// cond compiles an expression of which only counts whether it is true.
func (c *compiler) cond(e ast.Expression, s *scope) func(f *frame) bool {
	switch e := e.(type) {
	case *ast.UnaryExpression:
		if e.Operator == token.NOT {
			c.nodes++
			test := c.cond(e.Operand, s)
			return func(f *frame) bool { return !test(f) }
		}
	case *ast.BinaryExpression:
		switch e.Operator {
		case token.LOGICAL_AND:
			c.nodes++
			a, b := c.cond(e.Left, s), c.cond(e.Right, s)
			return func(f *frame) bool { return a(f) && b(f) }
		case token.LOGICAL_OR:
			c.nodes++
			a, b := c.cond(e.Left, s), c.cond(e.Right, s)
			return func(f *frame) bool { return a(f) || b(f) }
		}
		if test := c.compare(e, s); test != nil {
			c.nodes++
			return test
		}
	}
	x := c.expr(e, s)
	return func(f *frame) bool { return x(f).truthy() }
}

// compare compiles a comparison; nil: it is none.
func (c *compiler) compare(e *ast.BinaryExpression, s *scope) func(f *frame) bool {
	op := e.Operator
	switch op {
	case token.STRICT_EQUAL, token.STRICT_NOT_EQUAL, token.EQUAL, token.NOT_EQUAL:
	case token.LESS, token.GREATER, token.LESS_OR_EQUAL, token.GREATER_OR_EQUAL:
	default:
		return nil
	}
	a := c.expr(e.Left, s)
	if k, ok := c.constant(e.Right); ok {
		c.nodes++
		if slot, ok := c.variable(e.Left, s); ok {
			if test := slotConstant(op, slot, k); test != nil {
				return test
			}
		}
		if test := withConstant(op, a, k); test != nil {
			return test
		}
	}
	b := c.expr(e.Right, s)
	switch op {
	case token.STRICT_EQUAL:
		return func(f *frame) bool { v := a(f); return strictly(v, b(f)) }
	case token.STRICT_NOT_EQUAL:
		return func(f *frame) bool { v := a(f); return !strictly(v, b(f)) }
	case token.EQUAL:
		return func(f *frame) bool { v := a(f); return alike(v, b(f)) }
	case token.NOT_EQUAL:
		return func(f *frame) bool { v := a(f); return !alike(v, b(f)) }
	case token.LESS:
		return func(f *frame) bool {
			x, y := a(f), b(f)
			if x.tag == pNumber && y.tag == pNumber {
				return x.n < y.n
			}
			return order(f.call, x, y, func(x, y float64) bool { return x < y }, earlier)
		}
	case token.GREATER:
		return func(f *frame) bool {
			x, y := a(f), b(f)
			if x.tag == pNumber && y.tag == pNumber {
				return x.n > y.n
			}
			return order(f.call, x, y, func(x, y float64) bool { return x > y }, func(x, y string) bool { return earlier(y, x) })
		}
	case token.LESS_OR_EQUAL:
		return func(f *frame) bool {
			x, y := a(f), b(f)
			if x.tag == pNumber && y.tag == pNumber {
				return x.n <= y.n
			}
			return order(f.call, x, y, func(x, y float64) bool { return x <= y }, func(x, y string) bool { return !earlier(y, x) })
		}
	}
	return func(f *frame) bool {
		x, y := a(f), b(f)
		if x.tag == pNumber && y.tag == pNumber {
			return x.n >= y.n
		}
		return order(f.call, x, y, func(x, y float64) bool { return x >= y }, func(x, y string) bool { return !earlier(x, y) })
	}
}

// slotConstant is withConstant for a variable.
func slotConstant(op token.Token, slot int, k val) func(f *frame) bool {
	same := op == token.EQUAL || op == token.STRICT_EQUAL
	switch {
	case k.nullish() && (op == token.EQUAL || op == token.NOT_EQUAL):
		return func(f *frame) bool { return f.slots[slot].nullish() == same }
	case k.nullish() && (op == token.STRICT_EQUAL || op == token.STRICT_NOT_EQUAL):
		return func(f *frame) bool { return (f.slots[slot].tag == k.tag) == same }
	case k.tag == pString && (op == token.STRICT_EQUAL || op == token.STRICT_NOT_EQUAL):
		text := k.str()
		return func(f *frame) bool { v := &f.slots[slot]; return (v.tag == pString && v.str() == text) == same }
	}
	return nil
}

// withConstant is a comparison with a constant on its right; nil: it is none of these.
func withConstant(op token.Token, a expr, k val) func(f *frame) bool {
	same := op == token.EQUAL || op == token.STRICT_EQUAL
	switch {
	case k.nullish() && (op == token.EQUAL || op == token.NOT_EQUAL):
		return func(f *frame) bool { return a(f).nullish() == same }
	case k.nullish() && (op == token.STRICT_EQUAL || op == token.STRICT_NOT_EQUAL):
		return func(f *frame) bool { return (a(f).tag == k.tag) == same }
	case k.tag == pString && (op == token.STRICT_EQUAL || op == token.STRICT_NOT_EQUAL):
		return func(f *frame) bool { v := a(f); return (v.tag == pString && v.str() == k.str()) == same }
	case k.tag == pNumber && (op == token.STRICT_EQUAL || op == token.STRICT_NOT_EQUAL):
		return func(f *frame) bool { v := a(f); return (v.tag == pNumber && v.n == k.n) == same }
	case k.tag == pNumber && op == token.LESS:
		return func(f *frame) bool { return a(f).number() < k.n }
	case k.tag == pNumber && op == token.GREATER:
		return func(f *frame) bool { return a(f).number() > k.n }
	case k.tag == pNumber && op == token.LESS_OR_EQUAL:
		return func(f *frame) bool { return a(f).number() <= k.n }
	case k.tag == pNumber && op == token.GREATER_OR_EQUAL:
		return func(f *frame) bool { return a(f).number() >= k.n }
	}
	return nil
}

// operation is a binary operator that needs both of its sides; nil: it is none of these.
func operation(op token.Token) func(c *call, a, b val) val {
	switch op {
	case token.PLUS:
		return add
	case token.MINUS:
		return func(_ *call, a, b val) val { x := a.number(); return numVal(x - b.number()) }
	case token.MULTIPLY:
		return func(_ *call, a, b val) val { x := a.number(); return numVal(x * b.number()) }
	case token.SLASH:
		return func(_ *call, a, b val) val { x := a.number(); return numVal(x / b.number()) }
	case token.REMAINDER:
		return func(c *call, a, b val) val { c.step(2); x := a.number(); return numVal(modulo(x, b.number())) }
	case token.EXPONENT:
		return func(c *call, a, b val) val { c.step(2); x := a.number(); return numVal(power(x, b.number())) }
	case token.IN:
		return func(c *call, a, b val) val {
			if b.tag != pObject || a.tag != pString {
				leave()
			}
			_, ok := c.get(b.obj(), a.str())
			if !ok && inherited[a.str()] {
				leave()
			}
			return boolVal(ok)
		}
	case token.AND:
		return func(_ *call, a, b val) val { x := int32Of(a.number()); return numVal(float64(x & int32Of(b.number()))) }
	case token.OR:
		return func(_ *call, a, b val) val { x := int32Of(a.number()); return numVal(float64(x | int32Of(b.number()))) }
	case token.EXCLUSIVE_OR:
		return func(_ *call, a, b val) val { x := int32Of(a.number()); return numVal(float64(x ^ int32Of(b.number()))) }
	case token.SHIFT_LEFT:
		return func(_ *call, a, b val) val {
			x := int32Of(a.number())
			return numVal(float64(x << (uint32Of(b.number()) & 31)))
		}
	case token.SHIFT_RIGHT:
		return func(_ *call, a, b val) val {
			x := int32Of(a.number())
			return numVal(float64(x >> (uint32Of(b.number()) & 31)))
		}
	case token.UNSIGNED_SHIFT_RIGHT:
		return func(_ *call, a, b val) val {
			x := uint32Of(a.number())
			return numVal(float64(x >> (uint32Of(b.number()) & 31)))
		}
	}
	return nil
}

func add(c *call, a, b val) val {
	if a.tag == pNumber && b.tag == pNumber {
		return numVal(a.n + b.n)
	}
	if a.tag == pString || b.tag == pString {
		x := textOf(a)
		s := x + textOf(b)
		c.make(len(s))
		return strVal(s)
	}
	x := a.number()
	return numVal(x + b.number())
}

func order(c *call, a, b val, numbers func(x, y float64) bool, texts func(x, y string) bool) bool {
	if a.tag == pString && b.tag == pString {
		c.step(len(a.str()) >> 6)
		return texts(a.str(), b.str())
	}
	x := a.number()
	return numbers(x, b.number())
}

func power(x, y float64) float64 {
	if y != y || math.Abs(x) == 1 && math.IsInf(y, 0) {
		return math.NaN()
	}
	return math.Pow(x, y)
}

// place is where a variable is kept that may be assigned to.
func (c *compiler) place(e ast.Expression, s *scope) func(f *frame) *val {
	id, ok := e.(*ast.Identifier)
	if !ok {
		c.no(e, "a change of something else than a variable")
	}
	n := s.find(string(id.Name))
	if n == nil || n.code != nil || n.fixed || n.fn.up == nil && s.fn.up != nil || n.self || n.format || n.lowered != "" {
		c.no(e, "a change of %s", id.Name)
	}
	c.early(n, e, s)
	slot, hops := n.slot, s.hops(n.fn)
	if hops == 0 {
		return func(f *frame) *val { return &f.slots[slot] }
	}
	return func(f *frame) *val {
		for range hops {
			f = f.up
		}
		return &f.slots[slot]
	}
}

func (c *compiler) assign(e *ast.AssignExpression, s *scope) expr {
	if _, ok := e.Left.(*ast.Identifier); !ok {
		return c.assignPart(e, s)
	}
	place, value := c.place(e.Left, s), c.expr(e.Right, s)
	if e.Operator == token.ASSIGN {
		return func(f *frame) val {
			v := value(f)
			p := place(f)
			set(*p)
			*p = v
			return v
		}
	}
	do := operation(e.Operator)
	if do == nil {
		c.no(e, "%s=", e.Operator)
	}
	return func(f *frame) val {
		was := set(*place(f))
		v := do(f.call, was, value(f))
		*place(f) = v
		return v
	}
}

// assignPart is a change of what a list or an object holds, which the call must have made.
func (c *compiler) assignPart(e *ast.AssignExpression, s *scope) expr {
	var of, key expr
	switch left := e.Left.(type) {
	case *ast.DotExpression:
		of, key = c.expr(left.Left, s), constant(strVal(string(left.Identifier.Name)))
	case *ast.BracketExpression:
		of, key = c.expr(left.Left, s), c.expr(left.Member, s)
	default:
		c.no(e, "a change of a pattern")
	}
	c.changes = true
	value := c.expr(e.Right, s)
	if e.Operator == token.ASSIGN {
		return func(f *frame) val {
			o := of(f)
			k := key(f)
			v := value(f)
			f.call.assign(o, k, v)
			return v
		}
	}
	do := operation(e.Operator)
	if do == nil {
		c.no(e, "%s=", e.Operator)
	}
	return func(f *frame) val {
		o := of(f)
		k := key(f)
		v := do(f.call, f.call.index(o, k), value(f))
		f.call.assign(o, k, v)
		return v
	}
}

// global is a property of a global object that is a constant.
func (c *compiler) global(e *ast.DotExpression, s *scope) (val, bool) {
	id, ok := e.Left.(*ast.Identifier)
	if !ok || s.find(string(id.Name)) != nil {
		return val{}, false
	}
	x, ok := constants[string(id.Name)+"."+string(e.Identifier.Name)]
	return numVal(x), ok
}

var constants = map[string]float64{
	"Math.PI": math.Pi, "Math.E": math.E, "Math.LN2": math.Ln2, "Math.LN10": math.Ln10, "Math.LOG2E": math.Log2E, "Math.LOG10E": math.Log10E,
	"Math.SQRT2": math.Sqrt2, "Math.SQRT1_2": math.Sqrt2 / 2,
	"Number.MAX_SAFE_INTEGER": 1<<53 - 1, "Number.MIN_SAFE_INTEGER": -(1<<53 - 1), "Number.EPSILON": 0x1p-52, "Number.MAX_VALUE": math.MaxFloat64,
	"Number.POSITIVE_INFINITY": math.Inf(1), "Number.NEGATIVE_INFINITY": math.Inf(-1), "Number.NaN": math.NaN(),
}

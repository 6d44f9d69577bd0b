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
	case token.TYPEOF:
		x := c.expr(e.Operand, s)
		return func(f *frame) val { return strVal(typeNames[x(f).tag]) }
	}
	x := c.expr(e.Operand, s)
	switch e.Operator {
	case token.NOT:
		return func(f *frame) val { return boolVal(!x(f).truthy()) }
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

var typeNames = [...]string{pUndefined: "undefined", pNull: "object", pBool: "boolean", pNumber: "number", pString: "string", pList: "object", pObject: "object"}

func (c *compiler) binary(e *ast.BinaryExpression, s *scope) expr {
	a, b := c.expr(e.Left, s), c.expr(e.Right, s)
	switch e.Operator {
	case token.LOGICAL_AND:
		return func(f *frame) val {
			if v := a(f); !v.truthy() {
				return v
			}
			return b(f)
		}
	case token.LOGICAL_OR:
		return func(f *frame) val {
			if v := a(f); v.truthy() {
				return v
			}
			return b(f)
		}
	case token.COALESCE:
		return func(f *frame) val {
			if v := a(f); !v.nullish() {
				return v
			}
			return b(f)
		}
	case token.STRICT_EQUAL:
		return func(f *frame) val { v := a(f); return boolVal(strictly(v, b(f))) }
	case token.STRICT_NOT_EQUAL:
		return func(f *frame) val { v := a(f); return boolVal(!strictly(v, b(f))) }
	case token.EQUAL:
		return func(f *frame) val { v := a(f); return boolVal(alike(v, b(f))) }
	case token.NOT_EQUAL:
		return func(f *frame) val { v := a(f); return boolVal(!alike(v, b(f))) }
	}
	do := operation(e.Operator)
	if do == nil {
		c.no(e, "%s", e.Operator)
	}
	return func(f *frame) val { v := a(f); return do(f.call, v, b(f)) }
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
		return func(_ *call, a, b val) val { x := a.number(); return numVal(math.Mod(x, b.number())) }
	case token.EXPONENT:
		return func(_ *call, a, b val) val { x := a.number(); return numVal(power(x, b.number())) }
	case token.LESS:
		return func(_ *call, a, b val) val {
			return order(a, b, func(x, y float64) bool { return x < y }, func(x, y string) bool { return earlier(x, y) })
		}
	case token.GREATER:
		return func(_ *call, a, b val) val {
			return order(a, b, func(x, y float64) bool { return x > y }, func(x, y string) bool { return earlier(y, x) })
		}
	case token.LESS_OR_EQUAL:
		return func(_ *call, a, b val) val {
			return order(a, b, func(x, y float64) bool { return x <= y }, func(x, y string) bool { return !earlier(y, x) })
		}
	case token.GREATER_OR_EQUAL:
		return func(_ *call, a, b val) val {
			return order(a, b, func(x, y float64) bool { return x >= y }, func(x, y string) bool { return !earlier(x, y) })
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

func order(a, b val, numbers func(x, y float64) bool, texts func(x, y string) bool) val {
	if a.tag == pString && b.tag == pString {
		return boolVal(texts(a.s, b.s))
	}
	x := a.number()
	return boolVal(numbers(x, b.number()))
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
	if n == nil || n.code != nil || n.fixed || n.fn.up == nil {
		c.no(e, "a change of %s", id.Name)
	}
	slot, hops := n.slot, s.hops(n.fn)
	return func(f *frame) *val {
		for range hops {
			f = f.up
		}
		return &f.slots[slot]
	}
}

func (c *compiler) assign(e *ast.AssignExpression, s *scope) expr {
	if e.Operator == token.ASSIGN {
		if _, ok := e.Left.(*ast.Identifier); ok {
			place, value := c.place(e.Left, s), c.expr(e.Right, s)
			return func(f *frame) val {
				v := value(f)
				p := place(f)
				set(*p)
				*p = v
				return v
			}
		}
		c.no(e, "a change of something else than a variable")
	}
	do := operation(e.Operator)
	if do == nil {
		c.no(e, "%s=", e.Operator)
	}
	place, value := c.place(e.Left, s), c.expr(e.Right, s)
	return func(f *frame) val {
		was := set(*place(f))
		v := do(f.call, was, value(f))
		*place(f) = v
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

// call is a function of the program, of the language, or a method.
func (c *compiler) call(e *ast.CallExpression, s *scope) expr {
	switch callee := e.Callee.(type) {
	case *ast.Identifier:
		n := s.find(string(callee.Name))
		if n == nil {
			f := globals[string(callee.Name)]
			if f == nil {
				c.no(e, "%s()", callee.Name)
			}
			return c.native(e, f, s)
		}
		if n.code == nil {
			c.no(e, "a call of a variable")
		}
		return c.own(e, n.code, s.hops(n.fn), s)
	case *ast.ArrowFunctionLiteral, *ast.FunctionLiteral:
		return c.own(e, c.function(callee, s), 0, s)
	case *ast.DotExpression:
		if id, ok := callee.Left.(*ast.Identifier); ok && s.find(string(id.Name)) == nil {
			name := string(id.Name) + "." + string(callee.Identifier.Name)
			f := globals[name]
			if f == nil {
				c.no(e, "%s()", name)
			}
			return c.native(e, f, s)
		}
		of := c.expr(callee.Left, s)
		do := c.method(e, string(callee.Identifier.Name), s)
		return func(f *frame) val { return do(f, of(f)) }
	}
	c.no(e, "a call of this")
	return nil
}

// own is a call of a function of the program, hops functions outwards of where it is called.
func (c *compiler) own(e *ast.CallExpression, fn *code, hops int, s *scope) expr {
	args := c.args(e, s)
	return func(f *frame) val {
		var few [6]val
		in := few[:0]
		for _, a := range args {
			in = append(in, a(f))
		}
		up := f
		for range hops {
			up = up.up
		}
		return fn.call(up, in)
	}
}

func (c *compiler) args(e *ast.CallExpression, s *scope) []expr {
	var args []expr
	for _, a := range e.ArgumentList {
		args = append(args, c.expr(a, s))
	}
	return args
}

// A native is a function of the language: this is undefined but for methods.
type native func(c *call, this val, args []val) val

func (c *compiler) native(e *ast.CallExpression, do native, s *scope) expr {
	args := c.args(e, s)
	if len(args) == 1 {
		a := args[0]
		return func(f *frame) val {
			in := [1]val{a(f)}
			return do(f.call, undefinedVal, in[:])
		}
	}
	return func(f *frame) val {
		var few [4]val
		in := few[:0]
		for _, a := range args {
			in = append(in, a(f))
		}
		return do(f.call, undefinedVal, in)
	}
}

// method is a call of a method. What it is is known when the value is: texts and lists share names.
func (c *compiler) method(e *ast.CallExpression, name string, s *scope) func(f *frame, this val) val {
	if walk := walks[name]; walk != nil && len(e.ArgumentList) == 1 {
		return c.walk(e, walk, s)
	}
	texts, lists, numbers := textMethods[name], listMethods[name], numberMethods[name]
	if texts == nil && lists == nil && numbers == nil {
		c.no(e, ".%s()", name)
	}
	args := c.args(e, s)
	return func(f *frame, this val) val {
		var few [4]val
		in := few[:0]
		for _, a := range args {
			in = append(in, a(f))
		}
		var do native
		switch this.tag {
		case pString:
			do = texts
		case pList:
			do = lists
		case pNumber:
			do = numbers
		}
		if do == nil {
			leave()
		}
		return do(f.call, this, in)
	}
}

// A walk gives each element to a function, and what comes of it to see until that is false; done makes the result.
type walk struct {
	see  func(w *walked, v, got val, i int) bool
	done func(w *walked) val
}

type walked struct {
	out   []val
	found val
	at    int
	yes   bool
}

var walks = map[string]*walk{
	"map": {
		func(w *walked, _, got val, _ int) bool { w.out = append(w.out, got); return true },
		func(w *walked) val { return listVal(w.out) },
	},
	"filter": {
		func(w *walked, v, got val, _ int) bool {
			if got.truthy() {
				w.out = append(w.out, v)
			}
			return true
		},
		func(w *walked) val { return listVal(w.out) },
	},
	"some": {
		func(w *walked, _, got val, _ int) bool { w.yes = got.truthy(); return !w.yes },
		func(w *walked) val { return boolVal(w.yes) },
	},
	"every": {
		func(w *walked, _, got val, _ int) bool { w.yes = !got.truthy(); return !w.yes },
		func(w *walked) val { return boolVal(!w.yes) },
	},
	"find": {
		func(w *walked, v, got val, _ int) bool {
			if got.truthy() {
				w.found = v
				return false
			}
			return true
		},
		func(w *walked) val { return w.found },
	},
	"findIndex": {
		func(w *walked, _, got val, i int) bool {
			if got.truthy() {
				w.at = i + 1
				return false
			}
			return true
		},
		func(w *walked) val { return numVal(float64(w.at - 1)) },
	},
	"flatMap": {
		func(w *walked, _, got val, _ int) bool {
			if got.tag == pList {
				w.out = append(w.out, got.o.read().vals...)
			} else {
				w.out = append(w.out, got)
			}
			return true
		},
		func(w *walked) val { return listVal(w.out) },
	},
}

func (c *compiler) walk(e *ast.CallExpression, walk *walk, s *scope) func(f *frame, this val) val {
	var visit func(f *frame, args []val) val
	arg := e.ArgumentList[0]
	if id, ok := arg.(*ast.Identifier); ok && s.find(string(id.Name)) == nil { // filter(Boolean), map(String)
		do := globals[string(id.Name)]
		if do == nil || string(id.Name) == "parseInt" {
			c.no(e, "%s as a function", id.Name)
		}
		visit = func(f *frame, args []val) val { return do(f.call, undefinedVal, args[:1]) }
	} else if ok {
		n := s.find(string(id.Name))
		if n.code == nil {
			c.no(e, "a variable as a function")
		}
		hops := s.hops(n.fn)
		visit = func(f *frame, args []val) val {
			for range hops {
				f = f.up
			}
			return n.code.call(f, args)
		}
	} else {
		fn := c.function(arg, s)
		if fn == nil {
			c.no(e, "what is no function here")
		}
		visit = fn.call
	}
	return func(f *frame, this val) val {
		if this.tag != pList {
			leave()
		}
		var w walked
		var args [3]val
		for i, v := range this.o.read().vals {
			f.call.step(1)
			args = [3]val{v, numVal(float64(i)), this}
			if !walk.see(&w, v, visit(f, args[:]), i) {
				break
			}
		}
		f.call.step(len(w.out))
		return walk.done(&w)
	}
}

package plain

import "github.com/dop251/goja/ast"

// call is a function of the program, of the language, of the host, or a method.
func (c *compiler) call(e *ast.CallExpression, s *scope) expr {
	switch callee := e.Callee.(type) {
	case *ast.Identifier:
		n := s.find(string(callee.Name))
		switch {
		case n == nil:
			f := globals[string(callee.Name)]
			if f == nil {
				c.no(e, "%s()", callee.Name)
			}
			return c.native(e, f, s)
		case n.lowered != "":
			return c.native(e, c.loweredCall(e, n), s)
		case n.self || n.format:
			c.no(e, "a call of %s", callee.Name)
		case n.code != nil:
			checked := c.early(n, callee, s)
			return c.own(e, n.code, s.hops(n.fn), checked, s)
		}
		return c.dynamic(e, c.expr(callee, s), s)
	case *ast.ArrowFunctionLiteral, *ast.FunctionLiteral:
		return c.own(e, c.function(callee, s), 0, false, s)
	case *ast.BracketExpression: // a function out of a table
		return c.dynamic(e, c.expr(callee, s), s)
	case *ast.DotExpression:
		name := string(callee.Identifier.Name)
		if id, ok := callee.Left.(*ast.Identifier); ok {
			n := s.find(string(id.Name))
			switch {
			case n == nil && id.Name == "format" || n != nil && n.format:
				return c.formatted(e, name, s)
			case n == nil && globals[string(id.Name)+"."+name] != nil:
				return c.global1(e, string(id.Name)+"."+name, s)
			case n == nil:
				c.no(e, "%s.%s()", id.Name, name)
			}
		}
		if !methods(name) {
			return c.dynamic(e, c.expr(callee, s), s)
		}
		of := c.expr(callee.Left, s)
		do := c.method(e, name, s)
		return func(f *frame) val { return do(f, of(f)) }
	}
	c.no(e, "a call of this")
	return nil
}

// dynamic is a call of a value, which has to be a function of the module.
func (c *compiler) dynamic(e *ast.CallExpression, callee expr, s *scope) expr {
	args := c.args(e, s)
	return func(f *frame) val {
		v := callee(f)
		was := f.call.top
		in := f.call.reserve(len(args))
		for i, a := range args {
			in[i] = a(f)
		}
		if v.tag != pFunc {
			leave()
		}
		out := v.obj().fn.call(f.call.around, in)
		f.call.top = was
		return out
	}
}

// own is a call of a function of the program, hops functions outwards of where it is called.
func (c *compiler) own(e *ast.CallExpression, fn *code, hops int, checked bool, s *scope) expr {
	args := c.args(e, s)
	return func(f *frame) val {
		if checked && !fn.set {
			leave()
		}
		was := f.call.top
		in := f.call.reserve(len(args))
		for i, a := range args {
			in[i] = a(f)
		}
		up := f
		for range hops {
			up = up.up
		}
		out := fn.call(up, in)
		f.call.top = was
		return out
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

// global1 is a call of a function of Math or of another object of the language.
func (c *compiler) global1(e *ast.CallExpression, name string, s *scope) expr {
	for _, a := range e.ArgumentList {
		if _, ok := a.(*ast.SpreadElement); ok {
			return c.nativeSpread(e, globals[name], s)
		}
	}
	args := c.args(e, s)
	switch of := floats[name]; {
	case of != nil && len(args) == 1:
		a := args[0]
		return func(f *frame) val { return numVal(of(a(f).number())) }
	case (name == "Math.min" || name == "Math.max") && len(args) == 2:
		a, b, greater := args[0], args[1], name == "Math.max"
		return func(f *frame) val {
			v := a(f)
			x, y := v.number(), b(f).number()
			if x == y || x != x || y != y { // zeros have signs
				in := [2]val{numVal(x), numVal(y)}
				return extreme(in[:], greater)
			}
			if (x > y) == greater {
				return numVal(x)
			}
			return numVal(y)
		}
	}
	return apply(globals[name], args)
}

func (c *compiler) native(e *ast.CallExpression, do native, s *scope) expr {
	for _, a := range e.ArgumentList {
		if _, ok := a.(*ast.SpreadElement); ok {
			return c.nativeSpread(e, do, s)
		}
	}
	return apply(do, c.args(e, s))
}

// nativeSpread is a call with ...list among the arguments: Math.max(...sizes).
func (c *compiler) nativeSpread(e *ast.CallExpression, do native, s *scope) expr {
	list := c.array(&ast.ArrayLiteral{LeftBracket: e.LeftParenthesis, RightBracket: e.RightParenthesis, Value: e.ArgumentList}, s)
	return func(f *frame) val { return do(f.call, undefinedVal, list(f).obj().vals) }
}

func apply(do native, args []expr) expr {
	return func(f *frame) val {
		was := f.call.top
		in := f.call.reserve(len(args))
		for i, a := range args {
			in[i] = a(f)
		}
		f.call.step(2)
		out := do(f.call, undefinedVal, in)
		f.call.top = was
		return out
	}
}

// methods says whether values may have a method of this name.
func methods(name string) bool {
	return walks[name] != nil || textMethods[name] != nil || listMethods[name] != nil || numberMethods[name] != nil ||
		foreign[name]
}

// foreign are methods that only the engine has.
var foreign = map[string]bool{
	"sort": true, "reduce": true, "reduceRight": true, "reverse": true, "splice": true, "pop": true, "shift": true, "unshift": true, "fill": true,
	"toSorted": true, "toReversed": true, "with": true, "match": true, "matchAll": true, "search": true, "normalize": true, "localeCompare": true,
	"toLocaleString": true, "toLocaleUpperCase": true, "toLocaleLowerCase": true, "codePointAt": true, "toPrecision": true, "toExponential": true, "test": true,
	"exec": true, "keys": true, "values": true, "entries": true, "call": true, "apply": true, "bind": true, "hasOwnProperty": true, "valueOf": true, "flat": true,
	"get": true, "has": true, "set": true, "add": true,
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
	if name == "push" {
		c.changes = true
	}
	args := c.args(e, s)
	return func(f *frame, this val) val {
		was := f.call.top
		in := f.call.reserve(len(args))
		for i, a := range args {
			in[i] = a(f)
		}
		var do native
		switch this.tag {
		case pString:
			do = texts
		case pList:
			do = lists
			f.call.read(this.obj())
		case pNumber:
			do = numbers
		}
		if do == nil {
			leave()
		}
		f.call.step(1)
		out := do(f.call, this, in)
		f.call.top = was
		return out
	}
}

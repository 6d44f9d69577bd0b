package plain

import (
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/token"
)

func constant(v val) expr { return func(*frame) val { return v } }

// literal is the value of an expression that always has the same one.
func (c *compiler) constant(e ast.Expression) (val, bool) {
	switch e := e.(type) {
	case *ast.NullLiteral:
		return nullVal, true
	case *ast.BooleanLiteral:
		return boolVal(e.Value), true
	case *ast.NumberLiteral:
		switch v := e.Value.(type) {
		case int64:
			return numVal(float64(v)), true
		case float64:
			return numVal(v), true
		}
		c.no(e, "a bigint")
	case *ast.StringLiteral:
		return strVal(c.text(e, e.Value.String())), true
	case *ast.TemplateLiteral:
		if e.Tag == nil && len(e.Expressions) == 0 {
			return strVal(c.text(e, e.Elements[0].Parsed.String())), true
		}
	case *ast.UnaryExpression:
		switch {
		case e.Operator == token.VOID:
			_, ok := c.constant(e.Operand)
			return undefinedVal, ok
		case e.Operator == token.MINUS:
			v, ok := c.constant(e.Operand)
			return numVal(-v.n), ok && v.tag == pNumber
		}
	}
	return val{}, false
}

func (c *compiler) expr(e ast.Expression, s *scope) expr {
	c.nodes++
	if v, ok := c.constant(e); ok {
		return constant(v)
	}
	switch e := e.(type) {
	case *ast.TemplateLiteral:
		return c.template(e, s)
	case *ast.Identifier:
		return c.name(e, s)
	case *ast.DotExpression:
		return c.dot(e, s)
	case *ast.BracketExpression:
		of, key := c.expr(e.Left, s), c.expr(e.Member, s)
		return func(f *frame) val { v := of(f); return f.call.index(v, key(f)) }
	case *ast.ConditionalExpression:
		test, a, b := c.cond(e.Test, s), c.expr(e.Consequent, s), c.expr(e.Alternate, s)
		return func(f *frame) val {
			if test(f) {
				return a(f)
			}
			return b(f)
		}
	case *ast.SequenceExpression:
		var all []expr
		for _, x := range e.Sequence {
			all = append(all, c.expr(x, s))
		}
		return func(f *frame) (v val) {
			for _, x := range all {
				v = x(f)
			}
			return v
		}
	case *ast.UnaryExpression:
		return c.unary(e, s)
	case *ast.BinaryExpression:
		return c.binary(e, s)
	case *ast.AssignExpression:
		return c.assign(e, s)
	case *ast.ArrayLiteral:
		return c.array(e, s)
	case *ast.ObjectLiteral:
		return c.object(e, s)
	case *ast.CallExpression:
		return c.call(e, s)
	case *ast.OptionalChain:
		return c.chain(e, s)
	case *ast.ArrowFunctionLiteral, *ast.FunctionLiteral:
		if s.fn.up == nil && s.up == nil { // what stands around it lives on
			o := &obj{fn: c.function(e, s)}
			return constant(ref(pFunc, o))
		}
	}
	c.no(e, "%s", sortOf(e))
	return nil
}

// text is a literal's. Half of a surrogate pair is left to the engine.
func (c *compiler) text(at ast.Node, s string) string {
	if !utf8.ValidString(s) {
		c.no(at, "half of a surrogate pair")
	}
	for _, r := range s {
		if r == utf8.RuneError {
			c.no(at, "half of a surrogate pair")
		}
	}
	return s
}

func (c *compiler) templateParts(e *ast.TemplateLiteral, s *scope) (texts []string, parts []expr) {
	if e.Tag != nil {
		c.no(e, "a tagged template")
	}
	for _, t := range e.Elements {
		texts = append(texts, c.text(t, t.Parsed.String()))
	}
	for _, x := range e.Expressions {
		parts = append(parts, c.expr(x, s))
	}
	return texts, parts
}

func (c *compiler) template(e *ast.TemplateLiteral, s *scope) expr {
	texts, parts := c.templateParts(e, s)
	return func(f *frame) val {
		var small [128]byte
		b := append(small[:0], texts[0]...)
		for i, p := range parts {
			b = appendValue(b, p(f))
			b = append(b, texts[i+1]...)
			if len(b) > maxBytes {
				leave()
			}
		}
		f.call.make(len(b))
		return strVal(string(b))
	}
}

func (c *compiler) name(e *ast.Identifier, s *scope) expr {
	name := string(e.Name)
	n := s.find(name)
	switch {
	case n == nil:
		switch name {
		case "undefined":
			return constant(undefinedVal)
		case "NaN":
			return constant(nanVal)
		case "Infinity":
			return constant(numVal(math.Inf(1)))
		}
		c.no(e, "%s", name)
	case n.code != nil && s.top(name) == n:
		checked := c.early(n, e, s)
		v := ref(pFunc, n.value())
		return func(*frame) val {
			if checked && !n.code.set {
				leave()
			}
			return v
		}
	case n.code != nil || n.self || n.format || n.lowered != "":
		c.no(e, "a function as a value")
	}
	checked := c.early(n, e, s)
	return slotOf(n.slot, s.hops(n.fn), checked)
}

// value is a function of the module as a value: one and the same, wherever it is named.
func (n *binding) value() *obj {
	if n.code.self == nil {
		n.code.self = &obj{fn: n.code}
	}
	return n.code.self
}

func (c *compiler) dot(e *ast.DotExpression, s *scope) expr {
	name := string(e.Identifier.Name)
	if v, ok := c.global(e, s); ok {
		return constant(v)
	}
	of := c.expr(e.Left, s)
	return func(f *frame) val { return f.call.prop(of(f), name) }
}

// chain is a?.b, which stands in sources that nobody lowered.
func (c *compiler) chain(e *ast.OptionalChain, s *scope) expr {
	whole := c.link(e.Expression, s)
	return func(f *frame) val {
		v, ok := whole(f)
		if !ok {
			return undefinedVal
		}
		return v
	}
}

// link is a part of a chain; ok is false where the chain ended before it.
func (c *compiler) link(e ast.Expression, s *scope) func(f *frame) (val, bool) {
	c.nodes++
	switch e := e.(type) {
	case *ast.Optional:
		inner := c.link(e.Expression, s)
		return func(f *frame) (val, bool) {
			v, ok := inner(f)
			if !ok || v.nullish() {
				return undefinedVal, false
			}
			return v, true
		}
	case *ast.DotExpression:
		if v, ok := c.global(e, s); ok {
			return func(*frame) (val, bool) { return v, true }
		}
		of, name := c.link(e.Left, s), string(e.Identifier.Name)
		return func(f *frame) (val, bool) {
			v, ok := of(f)
			if !ok {
				return v, false
			}
			return f.call.prop(v, name), true
		}
	case *ast.BracketExpression:
		of, key := c.link(e.Left, s), c.expr(e.Member, s)
		return func(f *frame) (val, bool) {
			v, ok := of(f)
			if !ok {
				return v, false
			}
			return f.call.index(v, key(f)), true
		}
	case *ast.CallExpression:
		dot, ok := e.Callee.(*ast.DotExpression)
		if !ok {
			c.no(e, "a call in a chain")
		}
		if id, ok := dot.Left.(*ast.Identifier); ok && s.find(string(id.Name)) == nil {
			x := c.call(e, s)
			return func(f *frame) (val, bool) { return x(f), true }
		}
		of := c.link(dot.Left, s)
		do := c.method(e, string(dot.Identifier.Name), s)
		return func(f *frame) (val, bool) {
			v, ok := of(f)
			if !ok {
				return v, false
			}
			return do(f, v), true
		}
	}
	x := c.expr(e, s)
	return func(f *frame) (val, bool) { return x(f), true }
}

func (c *compiler) array(e *ast.ArrayLiteral, s *scope) expr {
	var parts []expr
	var spread []bool
	for _, x := range e.Value {
		if x == nil {
			c.no(e, "a list with holes")
		}
		more, ok := x.(*ast.SpreadElement)
		if ok {
			x = more.Expression
		}
		parts, spread = append(parts, c.expr(x, s)), append(spread, ok)
	}
	return func(f *frame) val {
		vals := make([]val, 0, len(parts))
		for i, p := range parts {
			v := p(f)
			if !spread[i] {
				vals = append(vals, v)
				continue
			}
			if v.tag != pList {
				leave()
			}
			f.call.step(len(f.call.read(v.obj()).vals))
			vals = append(vals, v.obj().vals...)
		}
		f.call.step(1)
		return listVal(vals)
	}
}

// A member is a property of an object literal; name "" is ...value.
type member struct {
	name  string
	value ast.Expression
}

// members are the properties of an object literal, whose names differ unless more is spread into it.
func (c *compiler) members(e *ast.ObjectLiteral) (all []member, spread bool) {
	seen := map[string]bool{}
	add := func(at ast.Node, name string, v ast.Expression) {
		if numeric(name) || name == "__proto__" {
			c.no(at, "a property that is a number") // numbers come first, whatever the order
		}
		if seen[name] {
			c.no(at, "a property twice")
		}
		seen[name] = true
		all = append(all, member{name, v})
	}
	for _, p := range e.Value {
		switch p := p.(type) {
		case *ast.PropertyShort:
			add(p, string(p.Name.Name), &p.Name)
		case *ast.PropertyKeyed:
			key, ok := p.Key.(*ast.StringLiteral)
			if !ok || p.Computed || p.Kind != ast.PropertyKindValue {
				c.no(p, "a computed name, a getter or a method")
			}
			add(p, c.text(key, key.Value.String()), p.Value)
		case *ast.SpreadElement:
			spread = true
			all = append(all, member{"", p.Expression})
		default:
			c.no(p, "this property")
		}
	}
	return all, spread
}

// numeric says whether a name may be an index, which has an order of its own.
func numeric(name string) bool {
	_, err := strconv.ParseUint(name, 10, 64)
	return err == nil
}

func (c *compiler) object(e *ast.ObjectLiteral, s *scope) expr {
	all, spread := c.members(e)
	parts := make([]expr, len(all))
	names := make([]string, len(all))
	for i, m := range all {
		names[i], parts[i] = m.name, c.expr(m.value, s)
	}
	if spread {
		return func(f *frame) val {
			o := &obj{own: true}
			for i, p := range parts {
				if v := p(f); names[i] != "" {
					f.call.put(o, names[i], v)
				} else {
					f.call.spread(o, v)
				}
			}
			return ref(pObject, o)
		}
	}
	return func(f *frame) val {
		vals := make([]val, len(parts))
		for i, p := range parts {
			vals[i] = p(f)
		}
		f.call.step(1)
		return ref(pObject, &obj{names: names[:len(names):len(names)], vals: vals, own: true})
	}
}

package plain

import (
	"github.com/dop251/goja/ast"

	"facet/scripts/span"
)

// tail compiles an expression whose value is the result, or a part of it, of a kind: it is written while it is computed.
func (c *compiler) tail(e ast.Expression, s *scope, k *Kind, depth int) writes {
	if v, ok := c.constant(e); ok {
		c.nodes++
		return written(v, k, depth)
	}
	switch e := e.(type) {
	case *ast.ConditionalExpression:
		c.nodes++
		test, a, b := c.cond(e.Test, s), c.tail(e.Consequent, s, k, depth), c.tail(e.Alternate, s, k, depth)
		return func(f *frame) {
			if test(f) {
				a(f)
			} else {
				b(f)
			}
		}
	case *ast.TemplateLiteral:
		if k.texts() && e.Tag == nil {
			return c.templateTail(e, s)
		}
	case *ast.ObjectLiteral:
		if w := c.objectTail(e, s, k, depth); w != nil {
			return w
		}
	}
	x := c.expr(e, s)
	switch {
	case k.Values != nil || k.Elem != nil || k.Fields != nil || k.NonNull:
	case k.Name == "Int":
		return func(f *frame) {
			if v := x(f); v.tag == pNumber {
				f.call.number(v.n, k)
			} else {
				f.call.value(v, k, depth)
			}
		}
	case k.Name == "String":
		return func(f *frame) {
			v := x(f)
			if c := f.call; v.tag == pString && len(v.str()) <= c.most {
				c.step(len(v.str()) >> 6)
				c.dst = span.AppendText(c.dst, v.str())
			} else {
				c.value(v, k, depth)
			}
		}
	}
	return func(f *frame) { f.call.value(x(f), k, depth) }
}

// written writes a constant.
func written(v val, k *Kind, depth int) (w writes) {
	defer func() {
		if e := recover(); e != nil {
			if _, ok := e.(leaving); !ok {
				panic(e)
			}
			w = func(*frame) { leave() }
		}
	}()
	c := &call{most: maxBytes}
	c.value(v, k, depth)
	b := c.dst
	return func(f *frame) { f.call.dst = append(f.call.dst, b...) }
}

func (c *compiler) templateTail(e *ast.TemplateLiteral, s *scope) writes {
	texts, parts := c.templateParts(e, s)
	c.nodes++
	between := make([][]byte, len(texts))
	for i, t := range texts {
		between[i] = span.AppendInner(nil, t)
	}
	between[0] = append([]byte{'"'}, between[0]...)
	last := len(texts) - 1
	between[last] = append(between[last], '"')
	return func(f *frame) {
		c := f.call
		c.dst = append(c.dst, between[0]...)
		for i, p := range parts {
			switch v := p(f); v.tag {
			case pNumber:
				c.dst = appendNumber(c.dst, v.n)
			case pString:
				c.make(len(v.str()))
				c.dst = span.AppendInner(c.dst, v.str())
			default:
				c.dst = append(c.dst, textOf(v)...)
			}
			c.dst = append(c.dst, between[i+1]...)
		}
		if len(c.dst)-c.from > c.most {
			leave()
		}
	}
}

// objectTail writes an object literal of a declared type, if its properties stand in the order of the type; else it is nil.
func (c *compiler) objectTail(e *ast.ObjectLiteral, s *scope, k *Kind, depth int) writes {
	if k.Fields == nil || depth+1 >= maxDepth {
		return nil
	}
	all, spread := c.members(e)
	if spread || len(k.Fields) == 0 {
		return nil
	}
	type piece struct {
		key   []byte
		write writes
	}
	at := make([]int, len(k.Fields)) // the member, and one more
	last := -1
	for i, m := range all {
		field := -1
		for j, f := range k.Fields {
			if f.Name == m.name {
				field = j
			}
		}
		if field <= last {
			return nil
		}
		at[field], last = i+1, field
	}
	for j, f := range k.Fields {
		if at[j] == 0 && (f.Kind.NonNull || inherited[f.Name]) {
			return nil
		}
	}
	c.nodes++
	var pieces []piece
	key := []byte{'{'}
	for j, f := range k.Fields {
		key = append(key, f.Key...)
		if at[j] == 0 {
			key = append(key, "null,"...)
			continue
		}
		pieces = append(pieces, piece{key, c.tail(all[at[j]-1].value, s, f.Kind, depth+1)})
		key = []byte{','}
	}
	if len(key) > 1 || len(pieces) == 0 { // what is missing at the end
		if key[len(key)-1] == ',' {
			key = key[:len(key)-1]
		}
	} else {
		key = nil
	}
	end := append(key, '}')
	return func(f *frame) {
		for i := range pieces {
			f.call.dst = append(f.call.dst, pieces[i].key...)
			pieces[i].write(f)
		}
		f.call.dst = append(f.call.dst, end...)
		if len(f.call.dst)-f.call.from > f.call.most {
			leave()
		}
	}
}

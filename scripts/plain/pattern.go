package plain

import "github.com/dop251/goja/ast"

// ids are the names that a pattern declares.
func (c *compiler) ids(t ast.Node, each func(*ast.Identifier)) {
	switch t := t.(type) {
	case *ast.Identifier:
		each(t)
	case *ast.ObjectPattern:
		for _, p := range t.Properties {
			_, to, _ := c.part(p)
			c.ids(to, each)
		}
		if t.Rest != nil {
			c.ids(t.Rest, each)
		}
	case *ast.ArrayPattern:
		for _, e := range t.Elements {
			if e != nil {
				to, _ := withDefault(e)
				c.ids(to, each)
			}
		}
		if t.Rest != nil {
			c.ids(t.Rest, each)
		}
	default:
		c.no(t, "this pattern")
	}
}

// part is a property of a pattern: which one, what it goes to, and what stands for undefined.
func (c *compiler) part(p ast.Property) (name string, to ast.Node, initial ast.Expression) {
	switch p := p.(type) {
	case *ast.PropertyShort:
		return string(p.Name.Name), &p.Name, p.Initializer
	case *ast.PropertyKeyed:
		if key, ok := p.Key.(*ast.StringLiteral); ok && !p.Computed {
			to, initial = withDefault(p.Value)
			return c.text(key, key.Value.String()), to, initial
		}
		c.no(p, "a pattern with a computed name")
	}
	c.no(p, "this pattern")
	return "", nil, nil
}

func withDefault(e ast.Expression) (target ast.Node, initial ast.Expression) {
	switch e := e.(type) {
	case *ast.AssignExpression:
		return e.Left, e.Right
	case *ast.Binding:
		return e.Target, e.Initializer
	}
	return e, nil
}

// target binds a value to a name or a pattern. of gives a name its variable.
func (c *compiler) target(t ast.Node, initial ast.Expression, s *scope, of func(*ast.Identifier) *binding) binder {
	c.nodes++
	var inner binder
	switch t := t.(type) {
	case *ast.Identifier:
		slot := of(t).slot
		inner = func(f *frame, v val) { f.slots[slot] = v }
	case *ast.ObjectPattern:
		inner = c.objectPattern(t, s, of)
	case *ast.ArrayPattern:
		inner = c.arrayPattern(t, s, of)
	default:
		c.no(t, "this pattern")
	}
	if initial == nil {
		return inner
	}
	def := c.initial(t, initial, s)
	return func(f *frame, v val) {
		if v.tag == pUndefined {
			v = def(f)
		}
		inner(f, v)
	}
}

func (c *compiler) objectPattern(t *ast.ObjectPattern, s *scope, of func(*ast.Identifier) *binding) binder {
	var parts []binder
	var names []string
	for _, p := range t.Properties {
		name, to, initial := c.part(p)
		names, parts = append(names, name), append(parts, c.target(to, initial, s, of))
	}
	var rest binder
	if t.Rest != nil {
		rest = c.target(t.Rest, nil, s, of)
	}
	return func(f *frame, v val) {
		if v.nullish() {
			leave()
		}
		for i, bind := range parts {
			bind(f, f.call.prop(v, names[i]))
		}
		if rest != nil {
			rest(f, f.call.without(v, names))
		}
	}
}

func (c *compiler) arrayPattern(t *ast.ArrayPattern, s *scope, of func(*ast.Identifier) *binding) binder {
	var parts []binder
	for _, e := range t.Elements {
		if e == nil {
			parts = append(parts, nil)
			continue
		}
		to, initial := withDefault(e)
		parts = append(parts, c.target(to, initial, s, of))
	}
	var rest binder
	if t.Rest != nil {
		rest = c.target(t.Rest, nil, s, of)
	}
	return func(f *frame, v val) {
		if v.tag != pList {
			leave()
		}
		o := f.call.read(v.obj())
		for i, bind := range parts {
			switch {
			case bind == nil:
			case i < len(o.vals):
				bind(f, o.vals[i])
			default:
				bind(f, undefinedVal)
			}
		}
		if rest != nil {
			more := o.vals[min(len(parts), len(o.vals)):]
			f.call.step(len(more))
			rest(f, listVal(append([]val(nil), more...)))
		}
	}
}

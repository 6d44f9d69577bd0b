package plain

import (
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/token"
)

// A compiler turns syntax into closures. It panics with a Unfit where that cannot be.
type compiler struct {
	fn *pending // the function that is compiled
}

// A pending is a function while it is compiled.
type pending struct {
	up    *pending
	slots int
	unset []int // slots of let and const
}

// A scope is the names of a block.
type scope struct {
	up    *scope
	fn    *pending
	names map[string]*binding
}

// A binding is a variable, or a function.
type binding struct {
	fn    *pending
	slot  int
	fixed bool  // a const
	code  *code // of a function; nil: a variable
}

func (s *scope) find(name string) *binding {
	for ; s != nil; s = s.up {
		if n := s.names[name]; n != nil {
			return n
		}
	}
	return nil
}

func (s *scope) inner() *scope { return &scope{up: s, fn: s.fn, names: map[string]*binding{}} }

// variable declares a name. A let or const cannot be read before its declaration.
func (s *scope) variable(name string, lexical, fixed bool) *binding {
	if n := s.names[name]; n != nil && !lexical {
		return n
	}
	n := &binding{fn: s.fn, slot: s.fn.slots, fixed: fixed}
	s.fn.slots++
	if lexical {
		s.fn.unset = append(s.fn.unset, n.slot)
	}
	s.names[name] = n
	return n
}

func (s *scope) hops(to *pending) int {
	n := 0
	for f := s.fn; f != to; f = f.up {
		n++
	}
	return n
}

// entry is the function that the source evaluates to, and the statements that stand around it.
func (c *compiler) entry(e ast.Expression, root *scope) (*code, []stmt) {
	if call, ok := e.(*ast.CallExpression); ok && len(call.ArgumentList) == 0 {
		arrow, ok := call.Callee.(*ast.ArrowFunctionLiteral)
		if !ok || len(arrow.ParameterList.List) > 0 {
			c.no(e, "what the function comes from")
		}
		block, ok := arrow.Body.(*ast.BlockStatement)
		if !ok {
			c.no(e, "what the function comes from")
		}
		c.hoist(block.List, arrow.DeclarationList, root)
		var around []stmt
		for i, s := range block.List {
			if r, ok := s.(*ast.ReturnStatement); ok && i == len(block.List)-1 {
				return c.named(r.Argument, root), around
			}
			if made := c.statement(s, root); made != nil {
				around = append(around, made)
			}
		}
		c.no(e, "a program without a function")
	}
	return c.named(e, root), nil
}

// named is a function that is written here, or one that was declared.
func (c *compiler) named(e ast.Expression, s *scope) *code {
	if fn := c.function(e, s); fn != nil {
		return fn
	}
	if id, ok := e.(*ast.Identifier); ok {
		if n := s.find(string(id.Name)); n != nil && n.code != nil && n.fn == s.fn {
			return n.code
		}
	}
	c.no(e, "a function that is neither written nor declared here")
	return nil
}

// function compiles a function literal; nil if the expression is none.
func (c *compiler) function(e ast.Expression, s *scope) *code {
	switch e := e.(type) {
	case *ast.ArrowFunctionLiteral:
		if e.Async {
			c.no(e, "async")
		}
		fn := &code{}
		c.fill(fn, e.ParameterList, e.Body, e.DeclarationList, s)
		return fn
	case *ast.FunctionLiteral:
		fn := &code{}
		c.literal(fn, e, s)
		return fn
	}
	return nil
}

func (c *compiler) literal(fn *code, e *ast.FunctionLiteral, s *scope) {
	if e.Async || e.Generator {
		c.no(e, "async or *")
	}
	if e.Name != nil && s.find(string(e.Name.Name)) == nil {
		c.no(e, "a function expression that names itself")
	}
	c.fill(fn, e.ParameterList, e.Body, e.DeclarationList, s)
}

func (c *compiler) fill(fn *code, params *ast.ParameterList, body ast.ConciseBody, vars []*ast.VariableDeclaration, s *scope) {
	if params.Rest != nil {
		c.no(params.Rest, "...rest")
	}
	in := &scope{up: s, fn: &pending{up: s.fn}, names: map[string]*binding{}}
	for _, p := range params.List {
		fn.params = append(fn.params, c.target(p.Target, p.Initializer, in, func(name string) *binding { return in.variable(name, false, false) }))
	}
	switch b := body.(type) {
	case *ast.ExpressionBody:
		c.vars(vars, in)
		fn.value = c.expr(b.Expression, in)
	case *ast.BlockStatement:
		c.hoist(b.List, vars, in)
		fn.body = c.list(b.List, in)
	}
	fn.init = make([]val, in.fn.slots)
	for _, i := range in.fn.unset {
		fn.init[i].tag = pUnset
	}
	fn.made = true
}

func (c *compiler) vars(vars []*ast.VariableDeclaration, s *scope) {
	for _, v := range vars {
		for _, b := range v.List {
			c.names(b.Target, func(name string) { s.variable(name, false, false) })
		}
	}
}

// hoist declares what a block declares, before any of it is compiled: its functions may use what stands below them.
func (c *compiler) hoist(list []ast.Statement, vars []*ast.VariableDeclaration, s *scope) {
	c.vars(vars, s)
	var later []func()
	for _, st := range list {
		switch st := st.(type) {
		case *ast.LexicalDeclaration:
			for _, b := range st.List {
				if id, ok := b.Target.(*ast.Identifier); ok && isFunction(b.Initializer) {
					n := &binding{fn: s.fn, fixed: true, code: &code{}}
					s.names[string(id.Name)] = n
					continue
				}
				c.names(b.Target, func(name string) { s.variable(name, true, st.Token == token.CONST) })
			}
		case *ast.VariableStatement:
			for _, b := range st.List { // what stands around the function is assigned once
				if id, ok := b.Target.(*ast.Identifier); ok && s.fn.up == nil && isFunction(b.Initializer) {
					s.names[string(id.Name)] = &binding{fn: s.fn, fixed: true, code: &code{}}
				}
			}
		case *ast.FunctionDeclaration:
			n := &binding{fn: s.fn, fixed: true, code: &code{}}
			s.names[string(st.Function.Name.Name)] = n
			later = append(later, func() { c.literal(n.code, st.Function, s) })
		}
	}
	for _, f := range later {
		f()
	}
}

func isFunction(e ast.Expression) bool {
	switch e.(type) {
	case *ast.ArrowFunctionLiteral, *ast.FunctionLiteral:
		return true
	}
	return false
}

// names are those that a pattern declares.
func (c *compiler) names(t ast.Node, each func(string)) {
	switch t := t.(type) {
	case *ast.Identifier:
		each(string(t.Name))
	case *ast.ObjectPattern:
		if t.Rest != nil {
			c.no(t, "...rest")
		}
		for _, p := range t.Properties {
			switch p := p.(type) {
			case *ast.PropertyShort:
				each(string(p.Name.Name))
			case *ast.PropertyKeyed:
				v, _ := withDefault(p.Value)
				c.names(v, each)
			default:
				c.no(p, "this pattern")
			}
		}
	case *ast.ArrayPattern:
		if t.Rest != nil {
			c.no(t, "...rest")
		}
		for _, e := range t.Elements {
			if e != nil {
				v, _ := withDefault(e)
				c.names(v, each)
			}
		}
	default:
		c.no(t, "this pattern")
	}
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
func (c *compiler) target(t ast.Node, initial ast.Expression, s *scope, of func(string) *binding) binder {
	var inner binder
	switch t := t.(type) {
	case *ast.Identifier:
		slot := of(string(t.Name)).slot
		inner = func(f *frame, v val) { f.slots[slot] = v }
	case *ast.ObjectPattern:
		if t.Rest != nil {
			c.no(t, "...rest")
		}
		var parts []binder
		var names []string
		for _, p := range t.Properties {
			switch p := p.(type) {
			case *ast.PropertyShort:
				name := string(p.Name.Name)
				names = append(names, name)
				parts = append(parts, c.target(&p.Name, p.Initializer, s, of))
			case *ast.PropertyKeyed:
				key, ok := p.Key.(*ast.StringLiteral)
				if !ok || p.Computed {
					c.no(p, "a computed name")
				}
				names = append(names, string(key.Value))
				v, d := withDefault(p.Value)
				parts = append(parts, c.target(v, d, s, of))
			default:
				c.no(p, "this pattern")
			}
		}
		inner = func(f *frame, v val) {
			for i, bind := range parts {
				bind(f, prop(v, names[i]))
			}
			if len(parts) == 0 && v.nullish() {
				leave()
			}
		}
	case *ast.ArrayPattern:
		if t.Rest != nil {
			c.no(t, "...rest")
		}
		var parts []binder
		for _, e := range t.Elements {
			if e == nil {
				parts = append(parts, nil)
				continue
			}
			v, d := withDefault(e)
			parts = append(parts, c.target(v, d, s, of))
		}
		inner = func(f *frame, v val) {
			if v.tag != pList {
				leave()
			}
			vals := v.o.read().vals
			for i, bind := range parts {
				if bind == nil {
					continue
				}
				if i < len(vals) {
					bind(f, vals[i])
				} else {
					bind(f, undefinedVal)
				}
			}
		}
	default:
		c.no(t, "this pattern")
	}
	if initial == nil {
		return inner
	}
	def := c.expr(initial, s)
	return func(f *frame, v val) {
		if v.tag == pUndefined {
			v = def(f)
		}
		inner(f, v)
	}
}

func (c *compiler) list(list []ast.Statement, s *scope) stmt {
	var all []stmt
	for _, st := range list {
		if made := c.statement(st, s); made != nil {
			all = append(all, made)
		}
	}
	return func(f *frame) flow {
		for _, s := range all {
			if how := s(f); how != goOn {
				return how
			}
		}
		return goOn
	}
}

func (c *compiler) statement(st ast.Statement, s *scope) stmt {
	switch st := st.(type) {
	case nil, *ast.EmptyStatement, *ast.FunctionDeclaration:
		return nil
	case *ast.BlockStatement:
		in := s.inner()
		c.hoist(st.List, nil, in)
		return c.list(st.List, in)
	case *ast.ReturnStatement:
		if st.Argument == nil {
			return func(f *frame) flow { f.out = undefinedVal; return flowReturn }
		}
		e := c.expr(st.Argument, s)
		return func(f *frame) flow { f.out = e(f); return flowReturn }
	case *ast.IfStatement:
		test, then := c.expr(st.Test, s), c.statement(st.Consequent, s)
		other := c.statement(st.Alternate, s)
		return func(f *frame) flow {
			switch {
			case test(f).truthy():
				if then != nil {
					return then(f)
				}
			case other != nil:
				return other(f)
			}
			return goOn
		}
	case *ast.ExpressionStatement:
		e := c.expr(st.Expression, s)
		return func(f *frame) flow { e(f); return goOn }
	case *ast.VariableStatement:
		return c.declare(st.List, s, false)
	case *ast.LexicalDeclaration:
		return c.declare(st.List, s, true)
	case *ast.SwitchStatement:
		return c.choose(st, s)
	case *ast.ForStatement:
		return c.loop(st, s)
	case *ast.ForOfStatement:
		return c.each(st, s)
	case *ast.BranchStatement:
		if st.Label != nil {
			c.no(st, "a label")
		}
		how := flowContinue
		if st.Token == token.BREAK {
			how = flowBreak
		}
		return func(*frame) flow { return how }
	}
	c.no(st, "%s", sortOf(st))
	return nil
}

func (c *compiler) declare(list []*ast.Binding, s *scope, lexical bool) stmt {
	var all []stmt
	for _, b := range list {
		if id, ok := b.Target.(*ast.Identifier); ok && (lexical || s.fn.up == nil) && isFunction(b.Initializer) {
			if n := s.names[string(id.Name)]; n != nil && n.code != nil && !n.code.made {
				made := c.function(b.Initializer, s)
				*n.code = *made
				continue
			}
		}
		if b.Initializer == nil && !lexical {
			continue
		}
		bind := c.target(b.Target, nil, s, func(name string) *binding { return c.local(b, name, s) })
		value := func(*frame) val { return undefinedVal }
		if b.Initializer != nil {
			value = c.expr(b.Initializer, s)
		}
		all = append(all, func(f *frame) flow { bind(f, value(f)); return goOn })
	}
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	}
	return func(f *frame) flow {
		for _, s := range all {
			s(f)
		}
		return goOn
	}
}

// local is a variable of the function that is compiled.
func (c *compiler) local(at ast.Node, name string, s *scope) *binding {
	n := s.find(name)
	if n == nil || n.code != nil || n.fn != s.fn {
		c.no(at, "a declaration that was not seen")
	}
	return n
}

func (c *compiler) choose(st *ast.SwitchStatement, s *scope) stmt {
	on, in := c.expr(st.Discriminant, s), s.inner()
	tests, bodies := make([]expr, len(st.Body)), make([]stmt, len(st.Body))
	for _, one := range st.Body {
		c.hoist(one.Consequent, nil, in)
	}
	for i, one := range st.Body {
		if one.Test != nil {
			tests[i] = c.expr(one.Test, in)
		}
		bodies[i] = c.list(one.Consequent, in)
	}
	def := st.Default
	return func(f *frame) flow {
		v, from := on(f), -1
		for i, t := range tests {
			if t != nil && strictly(v, t(f)) {
				from = i
				break
			}
		}
		if from < 0 {
			from = def
		}
		if from < 0 {
			return goOn
		}
		for _, b := range bodies[from:] {
			switch how := b(f); how {
			case goOn:
			case flowBreak:
				return goOn
			default:
				return how
			}
		}
		return goOn
	}
}

func (c *compiler) loop(st *ast.ForStatement, s *scope) stmt {
	in := s.inner()
	var first stmt
	switch i := st.Initializer.(type) {
	case nil:
	case *ast.ForLoopInitializerExpression:
		e := c.expr(i.Expression, in)
		first = func(f *frame) flow { e(f); return goOn }
	case *ast.ForLoopInitializerVarDeclList:
		first = c.declare(i.List, in, false)
	case *ast.ForLoopInitializerLexicalDecl:
		for _, b := range i.LexicalDeclaration.List {
			c.names(b.Target, func(name string) { in.variable(name, true, i.LexicalDeclaration.Token == token.CONST) })
		}
		first = c.declare(i.LexicalDeclaration.List, in, true)
	}
	var test, update expr
	if st.Test != nil {
		test = c.expr(st.Test, in)
	}
	if st.Update != nil {
		update = c.expr(st.Update, in)
	}
	body := c.statement(st.Body, in)
	return func(f *frame) flow {
		if first != nil {
			first(f)
		}
		for test == nil || test(f).truthy() {
			f.call.step(1)
			if body != nil {
				switch how := body(f); how {
				case flowBreak:
					return goOn
				case flowReturn:
					return how
				}
			}
			if update != nil {
				update(f)
			}
		}
		return goOn
	}
}

func (c *compiler) each(st *ast.ForOfStatement, s *scope) stmt {
	source, in := c.expr(st.Source, s), s.inner()
	var bind binder
	switch into := st.Into.(type) {
	case *ast.ForDeclaration:
		c.names(into.Target, func(name string) { in.variable(name, true, into.IsConst) })
		bind = c.target(into.Target, nil, in, func(name string) *binding { return c.local(st, name, in) })
	case *ast.ForIntoVar:
		bind = c.target(into.Binding.Target, nil, in, func(name string) *binding { return c.local(st, name, in) })
	default:
		c.no(st, "what for assigns to")
	}
	body := c.statement(st.Body, in)
	return func(f *frame) flow {
		v := source(f)
		if v.tag != pList {
			leave()
		}
		for _, one := range v.o.read().vals {
			f.call.step(1)
			bind(f, one)
			if body == nil {
				continue
			}
			switch how := body(f); how {
			case flowBreak:
				return goOn
			case flowReturn:
				return how
			}
		}
		return goOn
	}
}

func constant(v val) expr { return func(*frame) val { return v } }

func (c *compiler) expr(e ast.Expression, s *scope) expr {
	switch e := e.(type) {
	case *ast.NullLiteral:
		return constant(nullVal)
	case *ast.BooleanLiteral:
		return constant(boolVal(e.Value))
	case *ast.NumberLiteral:
		switch v := e.Value.(type) {
		case int64:
			return constant(numVal(float64(v)))
		case float64:
			return constant(numVal(v))
		}
		c.no(e, "a bigint")
	case *ast.StringLiteral:
		return constant(strVal(c.text(e, e.Value.String())))
	case *ast.TemplateLiteral:
		return c.template(e, s)
	case *ast.Identifier:
		return c.name(e, s)
	case *ast.DotExpression:
		return c.dot(e, s)
	case *ast.BracketExpression:
		of, key := c.expr(e.Left, s), c.expr(e.Member, s)
		return func(f *frame) val { v := of(f); return at2(v, key(f)) }
	case *ast.ConditionalExpression:
		test, a, b := c.expr(e.Test, s), c.expr(e.Consequent, s), c.expr(e.Alternate, s)
		return func(f *frame) val {
			if test(f).truthy() {
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

func (c *compiler) template(e *ast.TemplateLiteral, s *scope) expr {
	if e.Tag != nil {
		c.no(e, "a tagged template")
	}
	var texts []string
	for _, t := range e.Elements {
		texts = append(texts, c.text(t, t.Parsed.String()))
	}
	var parts []expr
	for _, x := range e.Expressions {
		parts = append(parts, c.expr(x, s))
	}
	return func(f *frame) val {
		var small [256]byte
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

func appendValue(b []byte, v val) []byte {
	if v.tag == pNumber && v.n == math.Trunc(v.n) && math.Abs(v.n) < 1e15 {
		return strconv.AppendInt(b, int64(v.n), 10)
	}
	return append(b, textOf(v)...)
}

func (c *compiler) name(e *ast.Identifier, s *scope) expr {
	name := string(e.Name)
	n := s.find(name)
	if n == nil {
		switch name {
		case "undefined":
			return constant(undefinedVal)
		case "NaN":
			return constant(nanVal)
		case "Infinity":
			return constant(numVal(math.Inf(1)))
		}
		c.no(e, "%s", name)
	}
	if n.code != nil {
		c.no(e, "a function as a value")
	}
	slot := n.slot
	switch hops := s.hops(n.fn); hops {
	case 0:
		return func(f *frame) val { return set(f.slots[slot]) }
	case 1:
		return func(f *frame) val { return set(f.up.slots[slot]) }
	default:
		return func(f *frame) val {
			for range hops {
				f = f.up
			}
			return set(f.slots[slot])
		}
	}
}

// set is a variable's value; one that has none yet is an error, which the engine tells.
func set(v val) val {
	if v.tag == pUnset {
		leave()
	}
	return v
}

func (c *compiler) dot(e *ast.DotExpression, s *scope) expr {
	name := string(e.Identifier.Name)
	if v, ok := c.global(e, s); ok {
		return constant(v)
	}
	of := c.expr(e.Left, s)
	return func(f *frame) val { return prop(of(f), name) }
}

// at2 is v[k] where k was computed.
func at2(v, k val) val {
	if v.nullish() {
		leave()
	}
	return index(v, k)
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
		of, name := c.link(e.Left, s), string(e.Identifier.Name)
		return func(f *frame) (val, bool) {
			v, ok := of(f)
			if !ok {
				return v, false
			}
			return prop(v, name), true
		}
	case *ast.BracketExpression:
		of, key := c.link(e.Left, s), c.expr(e.Member, s)
		return func(f *frame) (val, bool) {
			v, ok := of(f)
			if !ok {
				return v, false
			}
			return at2(v, key(f)), true
		}
	case *ast.CallExpression:
		dot, ok := e.Callee.(*ast.DotExpression)
		if !ok {
			c.no(e, "a call in a chain")
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
			f.call.step(len(v.o.read().vals))
			vals = append(vals, v.o.vals...)
		}
		f.call.step(1)
		return listVal(vals)
	}
}

func (c *compiler) object(e *ast.ObjectLiteral, s *scope) expr {
	var names []string
	var parts []expr
	add := func(at ast.Node, name string, v expr) {
		if _, err := strconv.Atoi(name); err == nil || name == "__proto__" {
			c.no(at, "a property that is a number") // numbers come first, whatever the order
		}
		for _, n := range names {
			if n == name {
				c.no(at, "a property twice")
			}
		}
		names, parts = append(names, name), append(parts, v)
	}
	for _, p := range e.Value {
		switch p := p.(type) {
		case *ast.PropertyShort:
			add(p, string(p.Name.Name), c.expr(&p.Name, s))
		case *ast.PropertyKeyed:
			key, ok := p.Key.(*ast.StringLiteral)
			if !ok || p.Computed || p.Kind != ast.PropertyKindValue {
				c.no(p, "a computed name, a getter or a method")
			}
			add(p, c.text(key, key.Value.String()), c.expr(p.Value, s))
		default:
			c.no(p, "the rest of an object")
		}
	}
	return func(f *frame) val {
		vals := make([]val, len(parts))
		for i, p := range parts {
			vals[i] = p(f)
		}
		f.call.step(1)
		return val{tag: pObject, o: &obj{names: names, vals: vals}}
	}
}

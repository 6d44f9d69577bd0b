package scripts

import (
	"cmp"
	"slices"
	"strings"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/parser"
	"github.com/dop251/goja/token"

	"facet/fault"
)

// A decl is one thing at module level: a binding, a function, a class, or a statement that runs when the module is loaded.
type decl struct {
	names      []string
	start, end int // of its text in the bundle
	before     string
	after      string
	node       ast.Node // where its free names are
	sdk        string   // the SDK's export that it is; "" otherwise
	base       string   // statements: the name that they change
}

// A lifted function is closed: a program of its own.
type lifted struct {
	Source string // a JavaScript expression that evaluates to the function
	Format bool   // it uses format.*
}

// collect notes what stands at module level: the statements of the bundle's one IIFE.
func (m *module) collect(prog *ast.Program) {
	base := prog.File.Base()
	var body []ast.Statement
	for _, s := range prog.Body {
		walk(s, func(n ast.Node) bool {
			if f, ok := n.(*ast.ArrowFunctionLiteral); ok && body == nil {
				if block, ok := f.Body.(*ast.BlockStatement); ok {
					body = block.List
				}
			}
			return body == nil
		})
	}
	span := func(n ast.Node) (int, int) { return int(n.Idx0()) - base, endOf(n) - base }
	add := func(d *decl) {
		m.top = append(m.top, d)
		for _, name := range d.names {
			m.byName[name] = d
		}
	}
	bindings := func(list []*ast.Binding) {
		for _, b := range list {
			start, end := span(b)
			d := &decl{start: start, end: end, node: b, before: "var ", after: ";"}
			declaredBy(b.Target, func(name string) { d.names = append(d.names, name) })
			if dot, ok := b.Initializer.(*ast.DotExpression); ok {
				if id, ok := dot.Left.(*ast.Identifier); ok && id.Name == "__sdk" {
					d.sdk = dot.Identifier.Name.String()
				}
			}
			add(d)
		}
	}
	for _, s := range body {
		switch x := s.(type) {
		case *ast.VariableStatement:
			bindings(x.List)
		case *ast.LexicalDeclaration:
			bindings(x.List)
		case *ast.FunctionDeclaration:
			start, end := span(x.Function)
			add(&decl{names: []string{x.Function.Name.Name.String()}, start: start, end: end, node: x.Function})
		case *ast.ClassDeclaration:
			start, end := span(x.Class)
			add(&decl{names: []string{x.Class.Name.Name.String()}, start: start, end: end, node: x.Class})
		case *ast.ExpressionStatement:
			start, end := span(x.Expression)
			add(&decl{start: start, end: end, node: x.Expression, after: ";", base: baseName(x.Expression)})
		}
	}
	for _, s := range body {
		walk(s, func(n ast.Node) bool {
			var target ast.Expression
			switch x := n.(type) {
			case *ast.AssignExpression:
				target = x.Left
			case *ast.UnaryExpression:
				if x.Operator == token.INCREMENT || x.Operator == token.DECREMENT {
					target = x.Operand
				}
			}
			if id, ok := target.(*ast.Identifier); ok {
				m.change[id.Name.String()] = int(id.Idx) - base
			}
			return true
		})
	}
}

// baseName is the name that a statement at module level changes: "labels" of labels.x = 1 and of labels.set("x", 1).
func baseName(e ast.Expression) string {
	for {
		switch x := e.(type) {
		case *ast.AssignExpression:
			e = x.Left
		case *ast.CallExpression:
			e = x.Callee
		case *ast.DotExpression:
			e = x.Left
		case *ast.BracketExpression:
			e = x.Left
		case *ast.Identifier:
			return x.Name.String()
		default:
			return ""
		}
	}
}

// declaredBy calls name for every name that a binding's target declares.
func declaredBy(e ast.Node, name func(string)) {
	if e == nil {
		return
	}
	switch x := e.(type) {
	case *ast.Identifier:
		if x != nil {
			name(x.Name.String())
		}
	case *ast.Binding:
		declaredBy(x.Target, name)
	case *ast.AssignExpression:
		declaredBy(x.Left, name)
	case *ast.SpreadElement:
		declaredBy(x.Expression, name)
	case *ast.PropertyShort:
		name(x.Name.Name.String())
	case *ast.PropertyKeyed:
		declaredBy(x.Value, name)
	case *ast.ObjectPattern:
		for _, p := range x.Properties {
			declaredBy(p, name)
		}
		declaredBy(x.Rest, name)
	case *ast.ArrayPattern:
		for _, p := range x.Elements {
			declaredBy(p, name)
		}
		declaredBy(x.Rest, name)
	}
}

// A reference is a use of a name that is not declared where it is used.
type reference struct {
	name string
	idx  int // goja's index of the first use
}

// free lists the names that a piece of code uses and does not declare, in order of first use. The bundler gives inner names
// that would hide outer ones names of their own, so one set of declared names is enough.
func free(n ast.Node) (names []reference, async bool) {
	declared := map[string]bool{"arguments": true}
	walk(n, func(n ast.Node) bool {
		declare := func(name string) { declared[name] = true }
		switch x := n.(type) {
		case *ast.Binding:
			declaredBy(x.Target, declare)
		case *ast.FunctionLiteral:
			if x.Name != nil {
				declare(x.Name.Name.String())
			}
			async = async || x.Async || x.Generator
			if x.ParameterList != nil {
				declaredBy(x.ParameterList.Rest, declare)
			}
		case *ast.ArrowFunctionLiteral:
			async = async || x.Async
			if x.ParameterList != nil {
				declaredBy(x.ParameterList.Rest, declare)
			}
		case *ast.ClassLiteral:
			if x.Name != nil {
				declare(x.Name.Name.String())
			}
		case *ast.TryStatement:
			if x.Catch != nil && x.Catch.Parameter != nil {
				declaredBy(x.Catch.Parameter, declare)
			}
		case *ast.ForInStatement:
			declaredByInto(x.Into, declare)
		case *ast.ForOfStatement:
			declaredByInto(x.Into, declare)
		}
		return true
	})
	seen := map[string]bool{}
	walk(n, func(n ast.Node) bool {
		if id, ok := n.(*ast.Identifier); ok {
			name := id.Name.String()
			if !declared[name] && !seen[name] {
				seen[name] = true
				names = append(names, reference{name, int(id.Idx)})
			}
		}
		return true
	})
	return names, async
}

func declaredByInto(i ast.ForInto, declare func(string)) {
	switch x := i.(type) {
	case *ast.ForIntoVar:
		declaredBy(x.Binding.Target, declare)
	case *ast.ForDeclaration:
		declaredBy(x.Target, declare)
	}
}

// lift makes a function a program of its own, with the module-level constants and functions that it uses. What else it uses is a
// diagnostic where it is used; where is the place of the computed field, for what has no place of its own.
func (m *module) lift(id int, where fault.Pos) (lifted, fault.Diagnostics) {
	var ds fault.Diagnostics
	if id < 0 || id >= len(m.Funcs) {
		ds.Add(where, "F163", "Write the function where it is used, or as a function of the module", "this function is not one of the package's own")
		return lifted{}, ds
	}
	f := m.Funcs[id]
	if f.async {
		pos, ok := m.Places.of(f.start)
		if !ok {
			pos = where
		}
		ds.Add(pos, "F160", "Remove async or *: all that it needs is in its inputs", "a computed function is synchronous")
		return lifted{}, ds
	}
	l := &lifter{module: m, where: where, taken: map[*decl]bool{}, base: m.base(f)}
	l.use(f.node)
	ds = append(ds, l.ds...)
	if ds.Failed() {
		return lifted{}, ds
	}
	l.statements()
	decls := slices.Collect(keys(l.taken))
	slices.SortFunc(decls, func(a, b *decl) int { return cmp.Compare(a.start, b.start) })
	text := m.whole("(", f.start, f.end, ")")
	if len(decls) == 0 && f.name == "" {
		return m.checked(lifted{Source: text, Format: l.format}, where, ds)
	}
	var b strings.Builder
	b.WriteString("(() => {\n")
	for _, d := range decls {
		if d.sdk != "" {
			if d.names[0] != "format" {
				b.WriteString("var " + d.names[0] + " = format;\n")
			}
			continue
		}
		b.WriteString(m.whole(d.before, d.start, d.end, d.after) + "\n")
	}
	if f.name != "" && l.taken[m.byName[f.name]] {
		text = f.name
	}
	b.WriteString("return " + text + ";\n})()")
	return m.checked(lifted{Source: b.String(), Format: l.format}, where, ds)
}

// whole is a node's text as a program that parses, between before and after. The parser's nodes end before the
// parentheses that close them, as in () => ({ a: 1 }).
func (m *module) whole(before string, start, end int, after string) string {
	for at := end; ; {
		text := before + m.bundle[start:at] + after
		if _, err := parser.ParseFile(nil, bundleFile, text, 0, parser.WithDisableSourceMaps); err == nil {
			return text
		}
		rest := strings.TrimLeft(m.bundle[at:], " \t\r\n")
		if !strings.HasPrefix(rest, ")") {
			return before + m.bundle[start:end] + after
		}
		at = len(m.bundle) - len(rest) + 1
	}
}

// checked refuses a function that would not compile where it is to run.
func (m *module) checked(l lifted, where fault.Pos, ds fault.Diagnostics) (lifted, fault.Diagnostics) {
	if _, err := parser.ParseFile(nil, bundleFile, enclosed(l.Source), 0, parser.WithDisableSourceMaps); err != nil {
		ds.Add(where, "F199", "Report this: it is a defect of edge", "the function cannot be taken out of the package: %v", err)
		return lifted{}, ds
	}
	return l, ds
}

func keys[K comparable, V any](m map[K]V) func(func(K) bool) {
	return func(yield func(K) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// base is what goja's indices are ahead of the bundle's bytes.
func (m *module) base(f *funcNode) int { return int(f.node.Idx0()) - f.start }

// A lifter gathers what one function needs.
type lifter struct {
	module *module
	where  fault.Pos
	base   int
	taken  map[*decl]bool
	format bool
	ds     fault.Diagnostics
}

// use takes in everything that a piece of code names.
func (l *lifter) use(n ast.Node) {
	names, async := free(n)
	if async {
		l.complain(int(n.Idx0()), "F160", "Remove async or *: all that it needs is in its inputs", "a computed function is synchronous, and so is what it calls")
		return
	}
	for _, ref := range names {
		d, known := l.module.byName[ref.name]
		switch {
		case !known && computedGlobals[ref.name]:
		case !known && ref.name == "undefined":
		case !known && (ref.name == "eval" || ref.name == "Function"):
			l.complain(ref.idx, "F165", "Write the code itself", "%s makes code while the program runs, which is not allowed", ref.name)
		case !known && missingGlobals[ref.name] != "":
			l.complain(ref.idx, "F165", missingGlobals[ref.name], "a computed function has no %s", ref.name)
		case !known:
			l.complain(ref.idx, "F164", "Pass it as an input: computed.…({ "+ref.name+", … }, ({ "+ref.name+" }) => …), or make it a constant of the module", "%q is a variable around the computed function, which runs alone when a request comes", ref.name)
		case d.sdk == "format":
			l.format = true
			l.taken[d] = true
		case d.sdk != "":
			l.complain(ref.idx, "F166", "Use it while recording, and pass the values that the function needs as inputs", "a computed function cannot use %s: it runs when a request comes", d.sdk)
		case l.changed(ref.name):
			l.complain(ref.idx, "F167", "Make it a constant: declare it once and never assign to it", "%q is changed after it is declared, and a computed function sees only constants", ref.name)
		case !l.taken[d]:
			l.taken[d] = true
			l.use(d.node)
		}
	}
}

func (l *lifter) changed(name string) bool {
	_, ok := l.module.change[name]
	return ok
}

// statements takes in the statements of module level that fill what was taken: labels.en = "…".
func (l *lifter) statements() {
	for _, d := range l.module.top {
		if d.base == "" || l.taken[d] {
			continue
		}
		if owner := l.module.byName[d.base]; owner == nil || !l.taken[owner] || owner.sdk != "" {
			continue
		}
		before := len(l.ds)
		l.taken[d] = true
		l.use(d.node)
		l.ds = l.ds[:before] // what such a statement needs beyond this is none of the function's
	}
}

func (l *lifter) complain(idx int, code, fix, format string, args ...any) {
	pos, ok := l.module.Places.of(idx - l.base)
	if !ok {
		pos = l.where
	}
	l.ds.Add(pos, code, fix, format, args...)
}

// computedGlobals are the globals that computed functions have.
var computedGlobals = map[string]bool{
	"Math": true, "JSON": true, "Number": true, "String": true, "Boolean": true, "Array": true, "Object": true, "Map": true, "Set": true,
	"parseInt": true, "parseFloat": true, "isNaN": true, "isFinite": true, "NaN": true, "Infinity": true, "undefined": true,
	"Error": true, "TypeError": true, "RangeError": true, "encodeURIComponent": true, "decodeURIComponent": true, "Symbol": true,
}

// missingGlobals are those that people miss, with what to do instead.
var missingGlobals = map[string]string{
	"Date":            "Pass times as inputs: from the graph, as numbers or text; format.date writes them",
	"Intl":            "Use format.date, format.number, format.plural or format.relative",
	"fetch":           "Load it through the graph: declare a connector and pass the value as an input",
	"console":         "Remove it: test the function with edge test",
	"setTimeout":      "Remove it: computed functions do not wait",
	"Promise":         "Remove it: a computed function is synchronous",
	"process":         "Pass what it needs as inputs",
	"globalThis":      "Use module constants and inputs",
	"window":          "Pass what it needs as inputs",
	"require":         "Import at the top of the file",
	"crypto":          "Pass ids as inputs: a computed function gives the same result for the same inputs",
	"RegExp":          "Write the expression as a literal: /…/",
	"Proxy":           "Use plain objects",
	"Reflect":         "Use plain objects",
	"Function":        "Write the function itself",
	"WeakMap":         "Use Map",
	"BigInt":          "Use numbers, or text for bigger ones",
	"structuredClone": "Write { ...value }",
	"performance":     "Remove it: a computed function has no clock",
}

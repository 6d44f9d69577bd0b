package scripts

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/parser"

	"facet/fault"
)

// A lifted function is closed: a program of its own.
type lifted struct {
	Source string // a JavaScript expression that evaluates to the function
	Format bool   // it uses format.*
	pieces []piece
}

// A piece is text of the bundle inside a lifted function: n bytes from start stand at at.
type piece struct{ at, start, n int }

// lift makes a function a program of its own, with the module-level constants and functions that it uses. What else it uses is a
// diagnostic where it is used; where is the place of the computed field, for what has no place of its own.
func (m *module) lift(id int, where fault.Pos) (lifted, fault.Diagnostics) {
	return m.liftFor(id, where, &computedKind)
}

func (m *module) liftFor(id int, where fault.Pos, code *codeKind) (lifted, fault.Diagnostics) {
	var ds fault.Diagnostics
	if id < 0 || id >= len(m.Funcs) {
		ds.Add(where, "F163", "Write the function where it is used, or as a function of the module", "this function is not one of the package's own")
		return lifted{}, ds
	}
	f := m.Funcs[id]
	if f.async && !code.async {
		pos, ok := m.Places.of(f.start)
		if !ok {
			pos = where
		}
		ds.Add(pos, "F160", "Remove async or *: all that it needs is in its inputs", "a computed function is synchronous")
		return lifted{}, ds
	}
	l := &lifter{module: m, code: code, where: where, taken: map[*decl]bool{}, base: m.base(f)}
	l.use(f.node)
	if !l.ds.Failed() {
		l.statements()
	}
	ds = append(ds, l.ds...)
	if ds.Failed() {
		return lifted{}, ds
	}
	decls := slices.Collect(keys(l.taken))
	slices.SortFunc(decls, func(a, b *decl) int { return cmp.Compare(a.start, b.start) })
	text := m.whole("(", f.start, f.end, ")")
	if len(decls) == 0 && f.name == "" {
		return m.checked(lifted{Source: text, Format: l.format, pieces: []piece{{1, f.start, f.end - f.start}}}, where, ds)
	}
	var b strings.Builder
	var pieces []piece
	b.WriteString("(() => {\n")
	for _, d := range decls {
		if d.sdk != "" {
			if d.names[0] != "format" {
				b.WriteString("var " + d.names[0] + " = format;\n")
			}
			continue
		}
		pieces = append(pieces, piece{b.Len() + len(d.before), d.start, d.end - d.start})
		b.WriteString(m.whole(d.before, d.start, d.end, d.after) + "\n")
	}
	if f.name != "" && l.taken[m.byName[f.name]] {
		text = f.name
	} else {
		pieces = append(pieces, piece{b.Len() + len("return ("), f.start, f.end - f.start})
	}
	b.WriteString("return " + text + ";\n})()")
	return m.checked(lifted{Source: b.String(), Format: l.format, pieces: pieces}, where, ds)
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
	code   *codeKind
	where  fault.Pos
	base   int
	taken  map[*decl]bool
	format bool
	ds     fault.Diagnostics
}

// use takes in everything that a piece of code names.
func (l *lifter) use(n ast.Node) {
	names, async := free(n)
	if async && !l.code.async {
		l.complain(int(n.Idx0()), "F160", "Remove async or *: all that it needs is in its inputs", "a computed function is synchronous, and so is what it calls")
		return
	}
	_, refusals := vet(n, l.code.async)
	for _, r := range refusals {
		l.complain(int(r.idx), r.code, r.fix, "%s", r.text)
	}
	for _, ref := range names {
		d, known := l.module.byName[ref.name]
		switch {
		case l.code.async && loweredGenerators[ref.name]:
			l.complain(ref.idx, "F160", noGenerators, "a handler has no generators, and what it calls is none")
		case !known && (computedGlobals[ref.name] || l.code.globals[ref.name]):
			if ref.name == "Math" {
				l.random(n, "Math")
			}
		case !known && ref.name == "undefined":
		case !known && (ref.name == "eval" || ref.name == "Function"):
			l.complain(ref.idx, "F165", "Write the code itself", "%s makes code while the program runs, which is not allowed", ref.name)
		case !known && l.code.instead[ref.name] != "":
			l.complain(ref.idx, "F165", l.code.instead[ref.name], "a %s has no %s", l.code.what, ref.name)
		case !known && missingGlobals[ref.name] != "":
			l.complain(ref.idx, "F165", missingGlobals[ref.name], "a %s has no %s", l.code.what, ref.name)
		case !known:
			l.complain(ref.idx, "F164", strings.ReplaceAll(l.code.pass, "$", ref.name), "%q is a variable around the %s, which runs alone when a request comes", ref.name, l.code.what)
		case d.sdk == "format":
			l.format = true
			l.taken[d] = true
		case d.sdk != "":
			l.complain(ref.idx, "F166", l.code.sdk, "a %s cannot use %s: it runs when a request comes", l.code.what, d.sdk)
		case l.changed(ref.name):
			l.complain(ref.idx, "F167", "Make it a constant: declare it once and never assign to it", "%q is changed after it is declared, and a %s sees only constants", ref.name, l.code.what)
		case !l.taken[d]:
			l.taken[d] = true
			l.use(d.node)
			fallthrough
		default:
			if b, ok := d.node.(*ast.Identifier); ok && b.Name == "Math" {
				l.random(n, ref.name)
			}
		}
	}
}

// random complains of Math.random, where Math is the global or a variable that was given it.
func (l *lifter) random(n ast.Node, name string) {
	names := map[string]bool{name: true}
	of := func(e ast.Node) bool {
		id, ok := e.(*ast.Identifier)
		return ok && names[id.Name.String()]
	}
	found := func(idx int) {
		l.complain(idx, "F165", l.code.random, "a %s has no Math.random", l.code.what)
	}
	taken := func(target, from ast.Node) {
		if isNil(from) || !of(from) {
			return
		}
		switch t := target.(type) {
		case *ast.Identifier:
			names[t.Name.String()] = true
		case *ast.ObjectPattern:
			for _, p := range t.Properties {
				switch p := p.(type) {
				case *ast.PropertyShort:
					if p.Name.Name == "random" {
						found(int(p.Name.Idx))
					}
				case *ast.PropertyKeyed:
					if k, ok := p.Key.(*ast.StringLiteral); ok && k.Value == "random" {
						found(int(k.Idx))
					}
				}
			}
		}
	}
	walk(n, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.Binding:
			taken(x.Target, x.Initializer)
		case *ast.AssignExpression:
			taken(x.Left, x.Right)
		case *ast.DotExpression:
			if of(x.Left) && x.Identifier.Name == "random" {
				found(int(x.Idx0()))
			}
		case *ast.BracketExpression:
			if text, ok := x.Member.(*ast.StringLiteral); ok && of(x.Left) && text.Value == "random" {
				found(int(x.Idx0()))
			}
		}
		return true
	})
}

func (l *lifter) changed(name string) bool {
	_, ok := l.module.change[name]
	return ok && !l.module.byName[name].temporary
}

// statements takes in the statements of module level that fill what was taken: labels.en = "…", and loops that do so. What they
// need is taken too, and is filled in turn.
func (l *lifter) statements() {
	for more := true; more; {
		more = false
		for _, d := range l.module.top {
			if l.taken[d] {
				continue
			}
			switch {
			case slices.ContainsFunc(d.changes, l.holds):
				l.taken[d] = true
				l.use(d.node)
				more = true
			case slices.ContainsFunc(d.gives, l.holds):
				taken, found, format := maps.Clone(l.taken), len(l.ds), l.format
				l.taken[d] = true
				l.use(d.node)
				if len(l.ds) > found { // it is for recording: what it gets there is only read
					l.taken, l.ds, l.format = taken, l.ds[:found], format
					continue
				}
				more = true
			}
		}
	}
}

// holds says whether the name was taken and is no function, nor the SDK's.
func (l *lifter) holds(name string) bool {
	d := l.module.byName[name]
	if d == nil || !l.taken[d] || d.sdk != "" {
		return false
	}
	_, function := d.node.(*ast.FunctionLiteral)
	return !function
}

func (l *lifter) complain(idx int, code, fix, format string, args ...any) {
	pos, ok := l.module.Places.of(idx - l.base)
	if !ok {
		pos = l.where
	}
	if code == "F160" && slices.ContainsFunc(l.ds, func(d fault.Diagnostic) bool { return d.Code == code && d.Pos == pos }) {
		return // what esbuild wrote for a generator is one, too
	}
	l.ds.Add(pos, code, fix, format, args...)
}

// computedGlobals are the globals that computed functions have.
var computedGlobals = map[string]bool{
	"Math": true, "JSON": true, "Number": true, "String": true, "Boolean": true, "Array": true, "Object": true, "Map": true, "Set": true,
	"parseInt": true, "parseFloat": true, "isNaN": true, "isFinite": true, "NaN": true, "Infinity": true, "undefined": true,
	"encodeURIComponent": true, "decodeURIComponent": true,
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
	"Error":           "Return null where there is no result: the field is null then",
	"TypeError":       "Return null where there is no result: the field is null then",
	"RangeError":      "Return null where there is no result: the field is null then",
	"Symbol":          "Use text",
	"encodeURI":       "Use encodeURIComponent for each part",
	"performance":     "Remove it: a computed function has no clock",
}

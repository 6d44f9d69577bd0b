package scripts

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/dop251/goja"
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/parser"
	"github.com/dop251/goja/token"

	"facet/fault"
	"facet/pack"
)

// bundleFile is the name that goja's stack frames give the rewritten bundle.
const bundleFile = "package.js"

// A module is a package's code made ready to be recorded.
type module struct {
	Text   string      // the rewritten bundle: an IIFE that leaves the entry's exports in m
	Places *positions  // of Text
	Funcs  []*funcNode // every function of package code, by its number in __f
	bundle string      // before it was rewritten
	top    []*decl     // what stands at module level, in order of the text
	byName map[string]*decl
	change map[string]int // module-level names that are assigned to after they are made -> where
}

// A funcNode is a function in package code.
type funcNode struct {
	node       ast.Node // an arrow function or a function literal
	start, end int      // in the bundle
	name       string   // of a declaration; "" for expressions
	async      bool
}

// prepare bundles and rewrites a package, so that symbolic values are refused where no Proxy could refuse them:
// conditions, comparisons, switches, typeof and property keys are wrapped in calls. extra adds virtual files.
func prepare(ctx context.Context, pkg *pack.Package, lock *pack.Lock, extra map[string]string) (*module, fault.Diagnostics) {
	b, ds := makeBundle(ctx, pkg, lock, "", extra)
	if b == nil {
		return nil, ds
	}
	return rewrite(b, ds)
}

func rewrite(b *bundle, ds fault.Diagnostics) (*module, fault.Diagnostics) {
	if !bundleFits(b, &ds) {
		return nil, ds
	}
	places, err := newPositions(b)
	if err != nil && strings.HasSuffix(err.Error(), "mappings are empty") { // the bundler left nothing of the author's
		ds.Add(fault.Pos{File: b.files.pkg.Manifest.Name}, "F018", "Write export const home = view({ … }) in the entry", "the package's entry has no code that is exported")
		return nil, ds
	}
	if err != nil {
		ds.Add(fault.Pos{File: b.files.pkg.Manifest.Name}, "F003", "Report this: it is a defect of edge", "the source map cannot be read: %v", err)
		return nil, ds
	}
	prog, err := parser.ParseFile(nil, bundleFile, b.text, 0, parser.WithDisableSourceMaps)
	if err != nil {
		ds = append(ds, notSupported(places, err)...)
		return nil, ds
	}
	m := &module{Places: places, bundle: b.text, byName: map[string]*decl{}, change: map[string]int{}}
	m.collect(prog)
	r := &rewriter{module: m, base: prog.File.Base(), places: places, methods: map[*ast.FunctionLiteral]bool{}, declared: map[*ast.FunctionLiteral]bool{}}
	for _, s := range prog.Body {
		walk(s, r.visit)
	}
	m.Text = r.apply(b.text)
	return m, ds
}

// program compiles the module; it can be run in many runtimes. Where it is limited, they have what a recorder's bound gives them.
func (m *module) program(limited bool) (*goja.Program, error) {
	parsed, err := parser.ParseFile(nil, bundleFile, m.Text, 0, parser.WithDisableSourceMaps)
	if err != nil {
		return nil, err
	}
	if limited {
		instrument(parsed, nil, true)
	}
	return goja.CompileAST(parsed, true)
}

// notSupported are the places where the engine does not know a piece of syntax that the bundler let through.
func notSupported(places *positions, err error) fault.Diagnostics {
	var ds fault.Diagnostics
	list, ok := err.(parser.ErrorList)
	if !ok {
		ds.Add(fault.Pos{}, "F004", "Write it with older syntax", "the engine cannot read the bundle: %v", err)
		return ds
	}
	for _, e := range list {
		pos, _ := places.at(e.Position.Line, e.Position.Column)
		ds.Add(pos, "F004", "Write it with older syntax (ES2017 with classes)", "the engine does not know this syntax: %s", e.Message)
		if len(ds) == 5 {
			break
		}
	}
	return ds
}

// A rewriter collects what is inserted into a bundle.
type rewriter struct {
	module   *module
	base     int
	places   *positions
	inserted []insertion
	methods  map[*ast.FunctionLiteral]bool // their text is no expression
	declared map[*ast.FunctionLiteral]bool
}

func (r *rewriter) visit(n ast.Node) bool {
	switch x := n.(type) {
	case *ast.IfStatement:
		r.wrap(x.Test, "__t")
	case *ast.ConditionalExpression:
		r.wrap(x.Test, "__t")
	case *ast.WhileStatement:
		r.wrap(x.Test, "__t")
	case *ast.DoWhileStatement:
		r.wrap(x.Test, "__t")
	case *ast.ForStatement:
		r.wrap(x.Test, "__t")
	case *ast.SwitchStatement:
		r.wrap(x.Discriminant, "__c")
	case *ast.CaseStatement:
		r.wrap(x.Test, "__c")
	case *ast.UnaryExpression:
		switch x.Operator {
		case token.NOT:
			r.wrap(x.Operand, "__t")
		case token.TYPEOF:
			if id, ok := x.Operand.(*ast.Identifier); !ok || !hostNames[id.Name.String()] {
				r.wrap(x.Operand, "__c")
			}
		}
	case *ast.BinaryExpression:
		r.binary(x)
	case *ast.BracketExpression:
		r.wrap(x.Member, "__k")
	case *ast.AwaitExpression:
		r.wrap(x.Argument, "__a")
	case *ast.PropertyKeyed:
		if f, ok := x.Value.(*ast.FunctionLiteral); ok && x.Kind != ast.PropertyKindValue {
			r.methods[f] = true
		}
	case *ast.MethodDefinition:
		r.methods[x.Body] = true
	case *ast.FunctionDeclaration:
		r.declared[x.Function] = true
	case *ast.BlockStatement:
		r.declarations(x.List)
	case *ast.FunctionLiteral:
		if !r.methods[x] && !r.declared[x] {
			r.function(x, x.Async || x.Generator)
		}
	case *ast.ArrowFunctionLiteral:
		r.function(x, x.Async)
	}
	return true
}

func (r *rewriter) binary(x *ast.BinaryExpression) {
	switch x.Operator {
	case token.LOGICAL_AND, token.LOGICAL_OR, token.COALESCE:
		r.wrap(x.Left, "__t")
	case token.STRICT_EQUAL, token.STRICT_NOT_EQUAL, token.EQUAL, token.NOT_EQUAL, token.LESS, token.GREATER, token.LESS_OR_EQUAL, token.GREATER_OR_EQUAL:
		r.wrap(x.Left, "__c")
		r.wrap(x.Right, "__c")
	case token.IN:
		r.wrap(x.Left, "__k")
	}
}

// wrap puts an expression into a call that refuses symbolic values. Constants, and the bundler's own code, need none.
func (r *rewriter) wrap(e ast.Expression, call string) {
	if e == nil {
		return
	}
	switch x := e.(type) {
	case *ast.NullLiteral, *ast.NumberLiteral, *ast.StringLiteral, *ast.BooleanLiteral:
		return
	case *ast.UnaryExpression:
		if x.Operator == token.VOID || x.Operator == token.TYPEOF {
			return
		}
	}
	start, end := r.span(e)
	if _, ok := r.places.of(start); !ok {
		return
	}
	r.insert(start, call+"((")
	r.insert(end, "))")
}

// function marks a function expression with its number.
func (r *rewriter) function(n ast.Node, async bool) {
	start, end := r.span(n)
	if _, ok := r.places.of(start); !ok {
		return
	}
	r.insert(start, "__f("+strconv.Itoa(len(r.module.Funcs))+", ")
	r.insert(end, ")")
	r.module.Funcs = append(r.module.Funcs, &funcNode{node: n, start: start, end: end, async: async})
}

// declarations marks the functions that a block declares, where the block begins: there they exist already.
func (r *rewriter) declarations(list []ast.Statement) {
	if len(list) == 0 {
		return
	}
	first, _ := r.span(list[0])
	for _, s := range list {
		d, ok := s.(*ast.FunctionDeclaration)
		if !ok || d.Function.Name == nil {
			continue
		}
		start, end := r.span(d.Function)
		if _, ok := r.places.of(start); !ok {
			continue
		}
		name := d.Function.Name.Name.String()
		r.insert(first, "__f("+strconv.Itoa(len(r.module.Funcs))+", "+name+"); ")
		r.module.Funcs = append(r.module.Funcs, &funcNode{node: d.Function, start: start, end: end, name: name, async: d.Function.Async || d.Function.Generator})
	}
}

func (r *rewriter) span(n ast.Node) (start, end int) {
	return int(n.Idx0()) - r.base, endOf(n) - r.base
}

// endOf is the place after a node. The parser's own leaves out the parentheses of a new without arguments, wherever one
// is the last thing of a node: a call around () => new Set() would close before them.
func endOf(n ast.Node) int {
	last := n
	for last != nil {
		switch x := last.(type) {
		case *ast.NewExpression:
			if len(x.ArgumentList) == 0 && x.RightParenthesis > 0 {
				return int(x.RightParenthesis) + 1
			}
			return int(n.Idx1())
		case *ast.AssignExpression:
			last = x.Right
		case *ast.AwaitExpression:
			last = x.Argument
		case *ast.BinaryExpression:
			last = x.Right
		case *ast.ConditionalExpression:
			last = x.Alternate
		case *ast.SequenceExpression:
			last = x.Sequence[len(x.Sequence)-1]
		case *ast.UnaryExpression:
			if x.Postfix {
				return int(n.Idx1())
			}
			last = x.Operand
		case *ast.ArrowFunctionLiteral:
			last = x.Body
		case *ast.ExpressionBody:
			last = x.Expression
		default:
			return int(n.Idx1())
		}
	}
	return int(n.Idx1())
}

func (r *rewriter) insert(at int, text string) {
	r.inserted = append(r.inserted, insertion{at, text})
}

// apply inserts. At one place what closes comes first, the innermost before the outer, then what opens, the outer before the inner:
// openings are made from the outside in, closings together with theirs.
func (r *rewriter) apply(text string) string {
	type ordered struct {
		insertion
		closes bool
		order  int
	}
	list := make([]ordered, len(r.inserted))
	for i, in := range r.inserted {
		list[i] = ordered{in, strings.HasPrefix(in.text, ")"), i}
	}
	slices.SortStableFunc(list, func(a, b ordered) int {
		if c := cmp.Compare(a.at, b.at); c != 0 {
			return c
		}
		switch {
		case a.closes && !b.closes:
			return -1
		case !a.closes && b.closes:
			return 1
		case a.closes:
			return cmp.Compare(b.order, a.order)
		}
		return cmp.Compare(a.order, b.order)
	})
	var b strings.Builder
	done := 0
	for _, in := range list {
		b.WriteString(text[done:in.at])
		b.WriteString(in.text)
		done = in.at
		r.places.inside = append(r.places.inside, in.insertion)
	}
	b.WriteString(text[done:])
	return b.String()
}

// hostNames are globals that libraries look for with typeof; they may not exist, so they are not wrapped.
var hostNames = map[string]bool{
	"window": true, "document": true, "process": true, "globalThis": true, "global": true, "self": true, "module": true, "exports": true,
	"require": true, "define": true, "Symbol": true, "Proxy": true, "Reflect": true, "Map": true, "Set": true, "WeakMap": true, "Promise": true,
}

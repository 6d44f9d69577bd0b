package scripts

import (
	"errors"
	"fmt"
	"math/big"

	"github.com/dop251/goja"
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/file"
	"github.com/dop251/goja/parser"

	"facet/fault"
)

// A refusal is a piece of syntax that computed functions may not use.
type refusal struct {
	idx             file.Idx // of the piece, in the parsed text
	code, text, fix string
}

func (r *refusal) Error() string { return r.text + " (" + r.fix + ")" }

// vet looks at the code of a computed function and of what it calls. It is asked when a package is published, to say where, and
// again when a build is opened, since builds come from storage. waits says that the code may be async. patterns are its regular expressions.
func vet(n ast.Node, waits bool) (patterns map[*ast.RegExpLiteral]*pattern, found []*refusal) {
	patterns = map[*ast.RegExpLiteral]*pattern{}
	refuse := func(at ast.Node, code, fix, format string, args ...any) {
		found = append(found, &refusal{idx: at.Idx0(), code: code, text: fmt.Sprintf(format, args...), fix: fix})
	}
	what := computedKind.what
	if waits {
		what = handlerKind.what
	}
	inner := map[ast.Node]bool{}  // defaults inside patterns
	direct := map[ast.Node]bool{} // patterns whose value is bounded before it is taken apart
	walk(n, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.FunctionLiteral:
			switch {
			case x.Generator && waits:
				refuse(x, "F160", noGenerators, "a handler has no generators, and what it calls is none")
			case x.Async && !waits || x.Generator:
				refuse(x, "F160", "Remove async or *: all that it needs is in its inputs", "a computed function is synchronous, and so is what it calls")
			}
			noRest(x.ParameterList, refuse)
		case *ast.ArrowFunctionLiteral:
			if x.Async && !waits {
				refuse(x, "F160", "Remove async: all that it needs is in its inputs", "a computed function is synchronous, and so is what it calls")
			}
			noRest(x.ParameterList, refuse)
		case *ast.WithStatement:
			refuse(x, "F200", "Name the object where its properties are used", "with is not allowed")
		case *ast.DebuggerStatement:
			refuse(x, "F200", "Remove it: test the function with edge test", "debugger is not allowed")
		case *ast.NumberLiteral:
			if _, ok := x.Value.(*big.Int); ok {
				refuse(x, "F201", "Use numbers, or text for bigger ones", "a %s has no BigInt", what)
			}
		case *ast.RegExpLiteral:
			p, err := parsePattern(x.Pattern, x.Flags)
			if err != nil {
				code, fix := "F202", "Write it with what works without going back: characters, classes, groups, |, *, +, ?, {n,m}, ^, $, \\b"
				var no *unfit
				if errors.As(err, &no) {
					fix = no.fix
				}
				refuse(x, code, fix, "the regular expression %s cannot be used: %s", short(x.Literal), err)
			}
			patterns[x] = p
		case *ast.Binding:
			if x.Initializer != nil {
				direct[x.Target] = true
			}
		case *ast.AssignExpression:
			if !inner[x] {
				direct[x.Left] = true
			}
		case *ast.ArrayPattern:
			for _, e := range x.Elements {
				inner[e] = true
			}
			if x.Rest != nil && !direct[x] {
				refuse(x, "F203", "Take the value apart in a statement of its own, or write .slice()", "the rest of a list cannot be taken here")
			}
		case *ast.ObjectPattern:
			for _, e := range x.Properties {
				if k, ok := e.(*ast.PropertyKeyed); ok {
					inner[k.Value] = true
				}
			}
			if x.Rest != nil && !direct[x] {
				refuse(x, "F203", "Take the value apart in a statement of its own", "the rest of an object cannot be taken here")
			}
		}
		return true
	})
	return patterns, found
}

// noRest refuses parameters that take all that a value has: what is given to them is not bounded.
func noRest(list *ast.ParameterList, refuse func(ast.Node, string, string, string, ...any)) {
	if list == nil {
		return
	}
	for _, b := range list.List {
		switch p := b.Target.(type) {
		case *ast.ArrayPattern:
			if p.Rest != nil && b.Initializer != nil {
				refuse(p, "F203", "Take the value apart in a statement of its own, or write .slice()", "the rest of a list cannot be taken here")
			}
		case *ast.ObjectPattern:
			if p.Rest != nil && b.Initializer != nil {
				refuse(p, "F203", "Take the value apart in a statement of its own", "the rest of an object cannot be taken here")
			}
		}
	}
}

// A compiled is code ready to run in machines.
type compiled struct {
	program   *goja.Program
	patterns  []*pattern // of its regular expressions, by their number in the program
	stateless bool
}

// compile parses, vets and compiles the text of one expression. waits says that it may be async; limits that it is instrumented. Source maps
// stay off: goja would read the files that they name.
func compile(name, text string, waits, limits bool) (c compiled, err error) {
	if _, err := nesting(text); err != nil {
		return c, fault.New(fault.Invalid, "it cannot be compiled: %s", err)
	}
	prog, err := goja.Parse(name, text, parser.WithDisableSourceMaps)
	if err != nil {
		return c, fault.New(fault.Invalid, "it cannot be compiled: %s", err)
	}
	if len(prog.Body) != 1 {
		return c, fault.New(fault.Invalid, "it cannot be compiled: it is more than an expression")
	}
	patterns, found := vet(prog.Body[0], waits)
	if len(found) > 0 {
		return c, fault.New(fault.Invalid, "%s", found[0])
	}
	c.stateless = stateless(prog)
	c.patterns = instrument(prog, patterns, limits)
	if c.program, err = goja.CompileAST(prog, true); err != nil {
		return c, fault.New(fault.Invalid, "it cannot be compiled: %s", err)
	}
	return c, nil
}

package plain

import (
	"github.com/dop251/goja/ast"

	"facet/scripts/span"
)

// An Arg is a value that format.* is given.
type Arg struct {
	Kind ArgKind
	Text string
	Num  float64
}

// An ArgKind says what an Arg is.
type ArgKind uint8

// The kinds of values that format.* takes.
const (
	NoArg ArgKind = iota // something else
	TextArg
	NumArg
)

// A Formatter runs format.name for a locale, its JSON. option reads the second argument: the property of that name of an object, or
// the argument itself for "". ok is false where the engine has to say what is wrong.
type Formatter func(name string, locale []byte, v Arg, option func(name string) Arg) (text string, ok bool)

// formats says whether an expression is format, of the host.
func (c *compiler) formats(e ast.Expression, s *scope) bool {
	id, ok := e.(*ast.Identifier)
	return ok && id.Name == "format" && c.host != nil && s.find("format") == nil
}

var formatNames = map[string]bool{"date": true, "number": true, "plural": true, "relative": true}

func (c *compiler) formatted(e *ast.CallExpression, name string, s *scope) expr {
	if c.host == nil || !formatNames[name] {
		c.no(e, "format.%s()", name)
	}
	args := c.args(e, s)
	return func(f *frame) val {
		was := f.call.top
		in := f.call.reserve(max(2, len(args)))
		in[0], in[1] = undefinedVal, undefinedVal
		for i, a := range args {
			in[i] = a(f)
		}
		v := f.call.format(name, in[0], in[1])
		f.call.top = was
		return v
	}
}

func (c *call) format(name string, v, options val) val {
	if v.nullish() {
		return nullVal
	}
	if c.p == nil || c.p.locale < 0 { // a constant of the module has no locale
		leave()
	}
	c.step(20)
	text, ok := c.p.host(name, span.Trim(c.row[c.p.locale]), argOf(v), func(name string) Arg {
		if name == "" {
			return argOf(options)
		}
		if options.tag != pObject {
			return Arg{}
		}
		o, ok := c.get(options.obj(), name)
		if !ok && inherited[name] {
			leave()
		}
		return argOf(o)
	})
	if !ok {
		leave()
	}
	c.make(len(text))
	return strVal(text)
}

func argOf(v val) Arg {
	switch v.tag {
	case pString:
		return Arg{Kind: TextArg, Text: v.str()}
	case pNumber:
		return Arg{Kind: NumArg, Num: v.n}
	}
	return Arg{}
}

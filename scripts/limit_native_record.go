package scripts

import (
	"strings"
	"sync"
	"time"

	"github.com/dlclark/regexp2/v2"
	"github.com/dop251/goja"
	"github.com/dop251/goja/parser"
)

// Bounds of what is matched and bound while recording.
const (
	maxMatch   = time.Second // of one match that goes back, by the clock
	maxSyntax  = 10_000      // units of a pattern
	maxMatched = 1 << 26     // units of a pattern, repetitions counted a thousandfold, times units of text
	maxBinds   = 64          // of a function that is bound already
	maxGroups  = 200         // of a pattern, inside each other
)

// boundRecording guards what the engine's own regular expressions and functions do while recording. Machines that compute have no such
// expressions; libraries need them.
func (m *machine) boundRecording() {
	m.boundApply()
	m.boundMatch()
	text := m.prototype("String")
	m.guard(text, func(c *goja.FunctionCall) { m.replacing(c) }, "replace", "replaceAll")
	m.guard(text, func(c *goja.FunctionCall) { m.long(int64(m.subject(c).Length()) * 4) }, "split", "match", "matchAll", "search")
	m.guard(text, func(c *goja.FunctionCall) { // what is no expression becomes one
		if v := c.Argument(0); !goja.IsUndefined(v) && !expression(v) {
			s := text16(v)
			m.syntax(s)
			c.Arguments = []goja.Value{s}
		}
	}, "match", "matchAll", "search")
	m.boundRealm()
}

// boundApply bounds lists of arguments, and functions that are bound again and again: the engine calls itself for each.
func (m *machine) boundApply() {
	proto := m.prototype("Function")
	m.boundBind(proto)
	m.guard(proto, func(c *goja.FunctionCall) { m.arguments(c.Argument(1)) }, "apply")
	m.guard(m.global("Reflect"), func(c *goja.FunctionCall) { m.arguments(c.Argument(2)) }, "apply")
	m.guard(m.global("Reflect"), func(c *goja.FunctionCall) { m.arguments(c.Argument(1)) }, "construct")
}

// binder is bind as a script: with the engine's own, a getter could be any of its functions with any arguments, and no script would
// stand between two of them.
var binder = sync.OnceValues(func() (*goja.Program, error) {
	return goja.Compile("bind.js", `(function (apply, construct, define, check) {
		"use strict";
		return { bind(self, ...first) {
			const f = this;
			const bound = function (...more) {
				const args = [...first, ...more];
				return new.target === undefined ? apply(f, self, args) : construct(f, args, new.target === bound ? f : new.target);
			};
			define(bound, "name", { value: "bound", configurable: true });
			if (typeof f === "function") bound.prototype = f.prototype;
			check(f, bound, first.length);
			return bound;
		} }.bind;
	})`, true)
})

func (m *machine) boundBind(proto *goja.Object) {
	program, err := binder()
	if err != nil {
		panic(err) // it is a constant
	}
	made, err := m.vm.RunProgram(program)
	if err != nil {
		panic(err)
	}
	depths := map[*goja.Object]int{}
	check := func(c goja.FunctionCall) goja.Value {
		f, _ := c.Argument(0).(*goja.Object)
		if f == nil || codeOf(f) == nil && f.ClassName() != "Function" {
			panic(m.vm.NewTypeError("bind of something that is no function"))
		}
		depth := depths[f] + 1
		if depth > maxBinds {
			m.exceed(LimitStack, "a function that was bound more than %d times", maxBinds)
		}
		m.charge(512 + c.Argument(2).ToInteger()*sizeOfItem)
		depths[c.Argument(1).(*goja.Object)] = depth
		return goja.Undefined()
	}
	reflect, make_ := m.global("Reflect"), codeOf(made)
	bind := make_(goja.FunctionCall{This: goja.Undefined(), Arguments: []goja.Value{reflect.Get("apply"), reflect.Get("construct"), m.global("Object").Get("defineProperty"), m.vm.ToValue(check)}})
	_ = proto.DefineDataProperty("bind", bind, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
}

func (m *machine) arguments(v goja.Value) {
	o, ok := v.(*goja.Object)
	if !ok || o.ClassName() == "Function" {
		return
	}
	n := o.Get("length")
	if n != nil && goja.IsNumber(n) && n.ToFloat() > maxArgs {
		m.exceed(LimitArray, "%.0f arguments", n.ToFloat())
	}
}

// replacing makes what stands for each match into a function that counts what it gives.
func (m *machine) replacing(c *goja.FunctionCall) {
	if len(c.Arguments) == 0 || goja.IsUndefined(c.This) || goja.IsNull(c.This) {
		return
	}
	with := codeOf(c.Argument(1))
	var to goja.String
	if with == nil {
		if o, ok := c.Argument(1).(*goja.Object); ok && o.ClassName() == "Function" {
			if _, callable := goja.AssertFunction(o); callable { // a Proxy; the engine calls it itself
				with = func(c goja.FunctionCall) goja.Value {
					f, _ := goja.AssertFunction(o)
					v, err := f(c.This, c.Arguments...)
					if err != nil {
						panic(err)
					}
					return v
				}
			}
		}
	}
	if with == nil {
		to = text16(c.Argument(1))
	}
	total := int64(m.subject(c).Length())
	add := func(t goja.String) {
		if total += int64(t.Length()); total > maxText {
			m.exceed(LimitString, "a text of more than %d units", maxText)
		}
	}
	each := m.vm.ToValue(func(c goja.FunctionCall) goja.Value {
		m.charge(64)
		if with != nil {
			s := text16(with(goja.FunctionCall{This: goja.Undefined(), Arguments: c.Arguments}))
			add(s)
			return s
		}
		values := c.Arguments
		var named goja.Value = goja.Undefined()
		if o, ok := values[len(values)-1].(*goja.Object); ok {
			named, values = o, values[:len(values)-1]
		}
		n := len(values)
		s, from := values[n-1].(goja.String), int(values[n-2].ToInteger())
		values = values[:n-2]
		var b goja.StringBuilder
		m.substitute(s, []int{from, from + text16(values[0]).Length()}, values, named, to, func(t goja.String) {
			add(t)
			b.WriteString(t)
		})
		return b.String()
	})
	c.Arguments = []goja.Value{c.Argument(0), each}
}

// An enginePattern is what is known of one of the engine's expressions.
type enginePattern struct {
	weight int  // units, repetitions counted a thousandfold
	moves  bool // it begins where the last match ended
	sticky bool
	linear bool // from the beginning of a text it matches without going back
	source string
	opts   regexp2.RegexOptions
	back   *regexp2.Regexp // what the engine goes back with; made where it is needed
}

// boundMatch stands before each match of the engine's: a long one cannot be interrupted, and one that goes back and is cut off
// would read as none.
func (m *machine) boundMatch() {
	known := map[*goja.Object]*enginePattern{}
	proto := m.prototype("RegExp")
	exec := member(proto, "exec")
	flagsOf := func(o *goja.Object) (flags string) {
		for _, f := range []struct{ name, flag string }{{"ignoreCase", "i"}, {"multiline", "m"}, {"dotAll", "s"}, {"unicode", "u"}} {
			if v := o.Get(f.name); v != nil && v.ToBoolean() {
				flags += f.flag
			}
		}
		return flags
	}
	match := func(c goja.FunctionCall) goja.Value {
		o, ok := c.This.(*goja.Object)
		if !ok || o.ClassName() != "RegExp" {
			return exec(c)
		}
		p := known[o]
		if p == nil {
			source := o.Get("source").String()
			if len(source) > maxSyntax {
				m.exceed(LimitRegex, "a pattern of %d units", len(source))
			}
			p = newEnginePattern(source, flagsOf(o))
			p.sticky = o.Get("sticky").ToBoolean()
			p.moves = p.sticky || o.Get("global").ToBoolean()
			m.charge(int64(len(source)) + 512)
			known[o] = p
		}
		s := text16(c.Argument(0))
		if int64(p.weight)*int64(s.Length()) > maxMatched {
			m.exceed(LimitRegex, "a text of %d units is matched", s.Length())
		}
		from := 0
		if p.moves {
			from = int(min(max(0, o.Get("lastIndex").ToFloat()), float64(s.Length())))
		}
		m.charge(64)
		out := exec(goja.FunctionCall{This: c.This, Arguments: []goja.Value{s}})
		if goja.IsNull(out) && (!p.linear || from > 0) {
			m.matched(p, s, from)
		}
		return out
	}
	m.put(proto, "exec", match)
	m.put(proto, "test", func(c goja.FunctionCall) goja.Value {
		o, ok := c.This.(*goja.Object)
		if !ok {
			panic(m.vm.NewTypeError("this is no regular expression"))
		}
		f := codeOf(o.Get("exec"))
		if f == nil {
			panic(m.vm.NewTypeError("exec is no function"))
		}
		return m.vm.ToValue(!goja.IsNull(f(c)))
	})
	_ = proto.Delete("compile")
}

// matched makes sure that there is no match: the engine says the same of one that it gave up.
func (m *machine) matched(p *enginePattern, s goja.String, from int) {
	runes := make([]rune, s.Length())
	for i := range runes {
		runes[i] = rune(s.CharAt(i))
	}
	if p.back == nil {
		var err error
		if p.back, err = regexp2.Compile(p.source, p.opts); err != nil {
			return
		}
	}
	found, err := p.back.FindRunesMatchStartingAt(runes, from)
	if err != nil || found != nil && (!p.sticky || found.RuneIndex == from) {
		m.exceed(LimitRegex, "a match in a text of %d units was given up", s.Length())
	}
}

func newEnginePattern(source, flags string) *enginePattern {
	p := &enginePattern{weight: len(source) + 1000*strings.Count(source, "{"), source: source, opts: regexp2.ECMAScript}
	_, err := parser.TransformRegExp(source, strings.Contains(flags, "s"), strings.Contains(flags, "u"))
	p.linear = err == nil
	for flag, opt := range map[string]regexp2.RegexOptions{"i": regexp2.IgnoreCase, "m": regexp2.Multiline, "s": regexp2.Singleline, "u": regexp2.Unicode} {
		if strings.Contains(flags, flag) {
			p.opts |= opt
		}
	}
	return p
}

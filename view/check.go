package view

import (
	"encoding/json"
	"fmt"

	"facet/graph"
)

// Bounds of what one build may hold: far above any real one, low enough that a hostile encoding costs little.
const (
	maxArgs        = 200     // of one view, shape or mutation; fields of one input
	maxDefinitions = 10_000  // views, shapes, mutations, objects, enums, inputs, functions each
	maxValues      = 200_000 // of one scope
	maxDepth       = 64      // of outputs and of types
	maxStack       = 500     // values of one scope, one upon another; scripts/runtime has the same figure
	maxName        = 255     // bytes of a name
)

// check says what makes the build unusable: the first finding, nil if there is none.
func (b *Build) check() error {
	c := checker{b: b, shapes: make(map[string]*Shape, min(len(b.Shapes), maxDefinitions))}
	c.build()
	return c.err
}

type checker struct {
	b      *Build
	shapes map[string]*Shape
	err    error
	where  string
}

func (c *checker) fail(format string, args ...any) {
	if c.err != nil {
		return
	}
	c.err = fmt.Errorf(format, args...)
	if c.where != "" {
		c.err = fmt.Errorf("%s: %w", c.where, c.err)
	}
}

func (c *checker) build() {
	b := c.b
	if b.Format != Format {
		c.fail("its format is %d; this program reads %d", b.Format, Format)
	}
	for what, n := range map[string]int{"views": len(b.Views), "shapes": len(b.Shapes), "mutations": len(b.Mutations), "objects": len(b.Objects),
		"enums": len(b.Enums), "inputs": len(b.Inputs), "functions": len(b.Funcs), "warm-ups": len(b.Warmups),
		"handlers": len(b.Handlers), "metrics": len(b.Metrics)} {
		if n > maxDefinitions {
			c.fail("it has %d %s; the limit is %d", n, what, maxDefinitions)
		}
	}
	if c.err != nil {
		return
	}
	c.types()
	for _, s := range b.Shapes {
		if s != nil && c.shapes[s.Name] == nil {
			c.shapes[s.Name] = s
		}
	}
	for _, v := range b.Views {
		if v == nil || v.Output == nil {
			c.fail("a view has no output")
			return
		}
		c.where = "view " + v.Name
		c.name(v.Name)
		c.view(v)
	}
	for _, s := range b.Shapes {
		if s == nil || s.Output == nil || s.Output.Kind != Tree {
			c.fail("a shape has no object")
			return
		}
		c.where = "shape " + s.Name
		c.name(s.Name)
		c.name(s.Type)
		c.args(s.Args)
		c.scope(&s.Scope, s.Args, false)
		c.id(&s.Scope, s.Subject, "subject")
		c.output(&s.Scope, s.Output, 0)
		if s.Loadable && !s.Keyed {
			c.fail("it is loadable without a key")
		}
	}
	for _, m := range b.Mutations {
		if m == nil {
			c.fail("a mutation is empty")
			return
		}
		c.where = "mutation " + m.Name
		c.name(m.Name)
		c.mutation(m)
	}
	c.handlers()
	c.where = ""
	for _, w := range b.Warmups {
		if w == nil {
			c.fail("a warm-up is empty")
			return
		}
		if b.view(w.View) == nil {
			c.fail("a warm-up names the view %q, which is not there", w.View)
		}
	}
}

// types checks what the scopes refer to: objects, enums, inputs and functions.
func (c *checker) types() {
	b := c.b
	for _, o := range b.Objects {
		if o == nil || len(o.Fields) == 0 {
			c.fail("an object has no fields")
			return
		}
		c.name(o.Name)
		for _, f := range o.Fields {
			if f == nil {
				c.fail("object %s has an empty field", o.Name)
				return
			}
			c.name(f.Name)
			c.ref(f.Type)
		}
	}
	for _, e := range b.Enums {
		if e == nil || len(e.Values) == 0 {
			c.fail("an enum has no values")
			return
		}
		c.name(e.Name)
		for _, v := range e.Values {
			c.name(v)
		}
	}
	for _, in := range b.Inputs {
		if in == nil || len(in.Fields) == 0 {
			c.fail("an input has no fields")
			return
		}
		c.name(in.Name)
		c.args(in.Fields)
	}
	for _, f := range b.Funcs {
		if f == nil {
			c.fail("a function is empty")
			return
		}
		for _, in := range f.Inputs {
			c.ref(in.Type)
		}
		c.ref(f.Result)
	}
}

func (c *checker) view(v *View) {
	c.args(v.Args)
	for _, k := range v.Keys {
		if !hasArg(v.Args, k) {
			c.fail("key %q is no argument", k)
		}
	}
	c.scope(&v.Scope, v.Args, false)
	c.output(&v.Scope, v.Output, 0)
}

func (c *checker) mutation(m *Mutation) {
	c.args(m.Args)
	if m.Handler < 0 || m.Handler > len(c.b.Handlers) {
		c.fail("its handler is %d of %d", m.Handler, len(c.b.Handlers))
		return
	}
	c.scope(&m.Scope, m.Args, true)
	for _, e := range m.Effects {
		if c.id(&m.Scope, e, "effect") && m.Scope.Values[e].Op != OpEffect {
			c.fail("value %d is listed as an effect and is none", e)
		}
	}
	if m.Output != nil {
		c.output(&m.Scope, m.Output, 0)
	}
	if m.Sets != nil {
		c.shape(m.Sets.Shape)
		if !hasArg(m.Args, m.Sets.Key) || !hasArg(m.Args, m.Sets.Value) {
			c.fail("sets names an argument that is not there")
		}
	}
	if m.On != "" {
		c.shape(m.On)
		if len(m.As) == 0 {
			c.fail("it is called on %s without a path", m.On)
		}
	}
	for _, x := range m.Metrics {
		if x == nil {
			c.fail("a metric is empty")
			return
		}
		c.named(&m.Scope, x.By)
	}
	for _, inv := range m.Invalidates {
		if inv == nil {
			c.fail("an invalidation is empty")
			return
		}
		if inv.Shape != "" {
			c.shape(inv.Shape)
		}
		for _, parts := range [][]Maybe{inv.Args, inv.Key} {
			for _, p := range parts {
				if p.Value != None {
					c.id(&m.Scope, p.Value, "invalidated key")
				}
			}
		}
	}
}

func (c *checker) shape(name string) *Shape {
	s := c.shapes[name]
	if s == nil {
		c.fail("shape %q is not there", name)
	}
	return s
}

func (b *Build) view(name string) *View {
	for _, v := range b.Views {
		if v.Name == name {
			return v
		}
	}
	return nil
}

func hasArg(args []*Arg, name string) bool {
	for _, a := range args {
		if a != nil && a.Name == name {
			return true
		}
	}
	return false
}

func (c *checker) args(args []*Arg) {
	if len(args) > maxArgs {
		c.fail("it has %d arguments; the limit is %d", len(args), maxArgs)
		return
	}
	seen := make(map[string]bool, len(args))
	for _, a := range args {
		if a == nil {
			c.fail("an argument is empty")
			return
		}
		c.name(a.Name)
		c.ref(a.Type)
		if seen[a.Name] {
			c.fail("argument %s stands twice", a.Name)
		}
		seen[a.Name] = true
		if a.Default != nil && !json.Valid(a.Default) {
			c.fail("the default of %s is not JSON", a.Name)
		}
	}
}

// ref checks a type: named, or a list of one.
func (c *checker) ref(r graph.TypeRef) {
	for depth := 0; ; depth++ {
		if depth > maxDepth {
			c.fail("a type is deeper than %d", maxDepth)
			return
		}
		if r.Elem == nil {
			c.name(r.Name)
			return
		}
		if r.Name != "" {
			c.fail("a list type has the name %q", r.Name)
		}
		r = *r.Elem
	}
}

func (c *checker) name(s string) {
	if !Name(s) {
		c.fail("%q is not a name", s)
	}
}

// Name says whether s can be a name in all three protocols: GraphQL's rule, without a leading "__", of at most 255 bytes.
func Name(s string) bool {
	if s == "" || len(s) > maxName || len(s) > 1 && s[0] == '_' && s[1] == '_' {
		return false
	}
	for i := 0; i < len(s); i++ {
		ch := s[i]
		if ch == '_' || 'a' <= ch && ch <= 'z' || 'A' <= ch && ch <= 'Z' || i > 0 && '0' <= ch && ch <= '9' {
			continue
		}
		return false
	}
	return true
}

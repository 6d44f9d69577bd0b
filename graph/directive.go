package graph

import (
	"slices"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"facet/fault"
)

// The directives of the dialect and where each may stand.
var directives = map[string][]string{
	"link":        {"schema"},
	"source":      {"schema"},
	"connect":     {"object", "field"},
	"key":         {"object", "interface"},
	"guard":       {"object", "field"},
	"writes":      {"field"},
	"deprecated":  {"field", "argument", "enum value", "input field"},
	"specifiedBy": {"scalar"},
}

// misplaced reports directives that are unknown, or known and at the wrong place.
func (b *builder) misplaced(list ast.DirectiveList, place, where string) {
	for _, d := range list {
		places, known := directives[d.Name]
		switch {
		case b.words[d.Name] && !known:
		case !known:
			var names []string
			for n := range directives {
				names = append(names, "@"+n)
			}
			b.add(b.text.node(d.Position), "G002", meant("@"+d.Name, names), "unknown directive @%s on %s", d.Name, where)
		case !slices.Contains(places, place):
			b.add(b.text.node(d.Position), "G002", "it belongs on: "+strings.Join(places, ", "), "@%s cannot stand on %s", d.Name, where)
		}
	}
}

// A bag is the named arguments of a directive or the fields of an object value.
type bag struct {
	b     *builder
	where string // "@connect", "@connect http"
	pos   fault.Pos
	names []string
	vals  map[string]*ast.Value
}

func (b *builder) directive(d *ast.Directive, allowed ...string) bag {
	g := bag{b: b, where: "@" + d.Name, pos: b.text.node(d.Position), vals: map[string]*ast.Value{}}
	for _, a := range d.Arguments {
		g.put(a.Name, a.Value, a.Position, allowed)
	}
	return g
}

// object reads an object value; a missing one is an empty bag.
func (g bag) object(name string, allowed ...string) bag {
	return g.b.fields(g.vals[name], g.where+" "+name, g.pos, allowed...)
}

func (b *builder) fields(v *ast.Value, where string, pos fault.Pos, allowed ...string) bag {
	o := bag{b: b, where: where, pos: pos, vals: map[string]*ast.Value{}}
	if v == nil || v.Kind == ast.NullValue {
		return o
	}
	o.pos = b.text.node(v.Position)
	if v.Kind != ast.ObjectValue {
		b.add(o.pos, "G003", "write { "+strings.Join(allowed, ", ")+" }", "%s must be an object", where)
		return o
	}
	for _, c := range v.Children {
		o.put(c.Name, c.Value, c.Position, allowed)
	}
	return o
}

func (g *bag) put(name string, v *ast.Value, p *ast.Position, allowed []string) {
	if v == nil {
		return
	}
	pos := g.b.text.node(p)
	if p == nil {
		pos = g.b.text.node(v.Position)
	}
	switch {
	case !slices.Contains(allowed, name):
		g.b.add(pos, "G003", meant(name, allowed), "%s has no argument %s", g.where, name)
	case g.vals[name] != nil:
		g.b.add(pos, "G005", "", "%s has the argument %s twice", g.where, name)
	default:
		g.names = append(g.names, name)
		g.vals[name] = v
	}
}

func (g bag) has(name string) bool { return g.vals[name] != nil }

// posOf is the place of an argument's value, or of the whole where it is missing.
func (g bag) posOf(name string) fault.Pos {
	if v := g.vals[name]; v != nil {
		return g.b.text.node(v.Position)
	}
	return g.pos
}

// text reads a string argument; ok is false if it is missing or none.
func (g bag) text(name string) (str, bool) {
	v := g.vals[name]
	if v == nil {
		return str{}, false
	}
	if v.Kind != ast.StringValue && v.Kind != ast.BlockValue {
		g.b.add(g.posOf(name), "G003", "write it in quotes", "%s: %s must be a string", g.where, name)
		return str{}, false
	}
	return g.b.text.string(v), true
}

// need is text for an argument that must be there.
func (g bag) need(name string) (str, bool) {
	if !g.has(name) {
		g.b.add(g.pos, "G003", "add "+name+": \"…\"", "%s needs the argument %s", g.where, name)
		return str{}, false
	}
	return g.text(name)
}

func (g bag) flag(name string) bool {
	v := g.vals[name]
	if v == nil {
		return false
	}
	if v.Kind != ast.BooleanValue {
		g.b.add(g.posOf(name), "G003", "write true or false", "%s: %s must be a boolean", g.where, name)
	}
	return v.Raw == "true"
}

// duration reads "150ms"; 0 if it is not given.
func (g bag) duration(name string) time.Duration {
	s, ok := g.text(name)
	if !ok {
		return 0
	}
	d, err := time.ParseDuration(s.val)
	if err != nil || d <= 0 || d > 10*time.Minute {
		g.b.add(s.pos(0), "G016", `write "150ms" or "2s"`, "%s: %s is no duration between 1ns and 10m", g.where, name)
		return 0
	}
	return d
}

// items are the values of a list argument; a single value is a list of one.
func (g bag) items(name string) []*ast.Value {
	v := g.vals[name]
	if v == nil || v.Kind == ast.NullValue {
		return nil
	}
	if v.Kind != ast.ListValue {
		return []*ast.Value{v}
	}
	list := make([]*ast.Value, 0, len(v.Children))
	for _, c := range v.Children {
		list = append(list, c.Value)
	}
	return list
}

// schemaDirectives reads @link and @source, and refuses unknown directives everywhere.
func (b *builder) schemaDirectives() {
	for _, s := range append(slices.Clone(b.doc.Schema), b.doc.SchemaExtension...) {
		b.misplaced(s.Directives, "schema", "the schema")
		for _, d := range s.Directives {
			if d.Name == "source" {
				b.source(d)
			}
		}
	}
	for _, name := range b.order {
		for _, def := range b.defs[name] {
			kind := string(kindOf(def.Kind))
			b.misplaced(def.Directives, kind, name)
			field := "field"
			if def.Kind == ast.InputObject {
				field = "input field"
			}
			for _, f := range def.Fields {
				b.misplaced(f.Directives, field, name+"."+f.Name)
				for _, a := range f.Arguments {
					b.misplaced(a.Directives, "argument", name+"."+f.Name+"("+a.Name+":)")
				}
			}
			for _, v := range def.EnumValues {
				b.misplaced(v.Directives, "enum value", name+"."+v.Name)
			}
		}
	}
}

// source reads @source(name, timeout, cache, and how it is called: http, grpc or graphql).
func (b *builder) source(d *ast.Directive) {
	g := b.directive(d, "name", "http", "grpc", "graphql", "timeout", "cache")
	s := &Source{Pos: g.pos}
	name, ok := g.need("name")
	if !ok {
		return
	}
	s.Name = name.val
	if !isName(s.Name) {
		b.add(name.pos(0), "G003", "use letters, digits and _", "%q cannot name a source", s.Name)
	}
	for _, other := range b.g.Sources {
		if other.Name == s.Name {
			b.add(g.pos, "G005", "give it another name", "there are two sources %s", s.Name)
			b.note(other.Pos, "first here")
			return
		}
	}
	b.g.Sources = append(b.g.Sources, s)
	s.Timeout = g.duration("timeout")
	s.Cache = b.cache(g)
	b.address(s, g)
}

// fixed checks an expression of a source: it may name what is the same for every operation.
func (b *builder) fixed(e placed) {
	switch e.Var {
	case VarEnv, VarConfig:
		b.oneStep(e)
	case VarContext:
		b.contextPath(e)
	default:
		b.add(e.pos, "G015", "only $env, $config and $context are known to a source", "%s cannot stand in a source", e.Expr)
	}
}

func (b *builder) oneStep(e placed) {
	if len(e.Path) == 0 {
		b.add(e.pos, "G015", "name one, as in "+string(e.Var)+".url", "%s needs a name", e.Var)
	}
}

func (b *builder) contextPath(e placed) {
	path := strings.Join(e.Path, ".")
	if !slices.Contains(ContextPaths(), path) {
		b.add(e.pos, "G015", meant(path, ContextPaths()), "$context has no %s", path)
	}
}

// headers reads [{ name, value } | { name, from }].
func (b *builder) headers(g bag) []Header {
	var list []Header
	for _, v := range g.items("headers") {
		o := b.fields(v, g.where+" headers", g.pos, "name", "value", "from")
		name, ok := o.need("name")
		if !ok {
			continue
		}
		h := Header{Name: name.val}
		if !isToken(h.Name) {
			b.add(name.pos(0), "G003", "", "%q cannot name a header", h.Name)
		}
		if o.has("value") == o.has("from") {
			b.add(o.pos, "G003", "give one of them", "the header %s needs either value or from", h.Name)
			continue
		}
		if from, ok := o.text("from"); ok {
			h.From = from.val
			if !isToken(h.From) {
				b.add(from.pos(0), "G003", "", "%q cannot name a header", h.From)
			}
		} else if val, ok := o.text("value"); ok {
			h.Value, _ = readTemplate(val, b.out)
		}
		list = append(list, h)
	}
	return list
}

func isName(s string) bool {
	for i := range len(s) {
		if !nameByte(s[i], i > 0) {
			return false
		}
	}
	return s != ""
}

// isToken says whether s is a token of HTTP: what header names are made of.
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !nameByte(c, true) && strings.IndexByte("!#$%&'*+-.^`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}

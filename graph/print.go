package graph

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// String prints what was read, for people and golden tests: sources, types with how their fields come, operations. Equal
// graphs print alike.
func (g *Graph) String() string {
	var p printer
	for _, s := range g.Sources {
		p.line(0, "source %s %s%s%s", s.Name, s.Kind, p.opt(" at ", s.BaseURL.text()), p.opt(" timeout ", durationText(s.Timeout)))
		p.cache(s.Cache)
		if s.TLS {
			p.line(1, "tls")
		}
		if s.Descriptors != nil {
			p.line(1, "descriptors %s", s.Descriptors.text())
		}
		p.headers(s.Headers)
	}
	for _, t := range g.Order {
		p.typ(t)
	}
	for _, op := range g.Operations {
		p.operation(op)
	}
	return p.b.String()
}

type printer struct{ b bytes.Buffer }

func (p *printer) line(depth int, format string, args ...any) {
	p.b.WriteString(strings.Repeat("  ", depth))
	fmt.Fprintf(&p.b, format, args...)
	p.b.WriteByte('\n')
}

func (p *printer) opt(before, text string) string {
	if text == "" || text == "0s" {
		return ""
	}
	return before + text
}

func durationText(d time.Duration) string { return d.String() }

func (t *Template) text() string {
	if t == nil {
		return ""
	}
	return t.String()
}

// String prints the template as it is written, with query parameters that were given apart from it.
func (t *Template) String() string {
	var b strings.Builder
	for _, p := range t.Parts {
		if p.Expr != nil {
			b.WriteString("{" + p.Expr.String() + "}")
			continue
		}
		b.WriteString(p.Text)
	}
	return b.String()
}

func (p *printer) cache(c Cache) {
	if c.Kept() {
		p.line(1, "cache%s%s", p.opt(" ", durationText(c.MaxAge)), p.opt(" missing ", durationText(c.Missing)))
	}
}

func (p *printer) headers(list []Header) {
	for _, h := range list {
		if h.From != "" {
			p.line(1, "header %s from %s", h.Name, h.From)
		} else {
			p.line(1, "header %s: %s", h.Name, h.Value.text())
		}
	}
}

func (p *printer) typ(t *Type) {
	head := string(t.Kind) + " " + t.Name
	if t.Keyed() {
		head += " key " + strings.Join(t.Key, " ")
	}
	if t.Kind == Union || t.Kind == Interface {
		head += " = " + strings.Join(t.Members, " | ")
	}
	if len(t.Implements) > 0 {
		head += " implements " + strings.Join(t.Implements, ", ")
	}
	if len(t.Values) > 0 {
		head += ": " + strings.Join(t.Values, " ")
	}
	if len(t.Loaders) > 0 {
		head += " loaded by " + ids(t.Loaders)
	}
	p.line(0, "%s", head)
	p.guards(t.Guards)
	for _, f := range t.Fields {
		p.field(t, f)
	}
}

func ids(list []*Operation) string {
	names := make([]string, len(list))
	for i, op := range list {
		names[i] = op.ID
	}
	return strings.Join(names, ", ")
}

func (p *printer) field(t *Type, f *Field) {
	args := make([]string, len(f.Args))
	for i, a := range f.Args {
		args[i] = a.Name + ": " + a.Type.String()
		if a.Default != nil {
			args[i] += " = " + string(a.Default.JSON)
		}
	}
	text := f.Name
	if len(args) > 0 {
		text += "(" + strings.Join(args, ", ") + ")"
	}
	text += ": " + f.Type.String()
	if f.Default != nil {
		text += " = " + string(f.Default.JSON)
	}
	switch {
	case len(f.Operations) > 0:
		text += " by " + ids(f.Operations)
	case f.Reference:
		text += " is a reference"
	case t.Kind == Object && t.IsKey(f.Name):
		text += " is key"
	case t.Kind == Object && t.Loader(f.Name) != nil:
		text += " from " + t.Loader(f.Name).ID
	}
	if f.Deprecated != "" {
		text += " deprecated: " + f.Deprecated
	}
	p.line(1, "%s", text)
	p.guards(f.Guards)
	for _, w := range f.Writes {
		p.line(2, "writes %s.%s%s%s", w.Type, w.Field, p.opt(" key ", exprs(w.Key)), p.opt(" args ", named(w.Args)))
	}
	if f.WritesNothing {
		p.line(2, "writes nothing")
	}
}

func exprs(list []Expr) string {
	var parts []string
	for _, e := range list {
		parts = append(parts, e.String())
	}
	return strings.Join(parts, " ")
}

func named(m map[string]Expr) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, k+"="+m[k].String())
	}
	return strings.Join(parts, " ")
}

func (p *printer) guards(list []*Guard) {
	for _, g := range list {
		p.line(2, "guard %s in %s", g.Value, g.In)
	}
}

func (p *printer) operation(op *Operation) {
	text := "operation " + op.ID
	if op.Batch {
		text += " batch"
		if op.MaxSize > 0 {
			text += fmt.Sprintf(" of %d", op.MaxSize)
		}
	}
	if op.Mutation {
		text += " mutation"
	}
	text += p.opt(" needs ", strings.Join(op.Needs, " ")) + p.opt(" args ", strings.Join(op.Args, " ")) + p.opt(" context ", strings.Join(op.Context, " "))
	text += p.opt(" timeout ", durationText(op.Timeout))
	p.line(0, "%s", text)
	p.cache(op.Cache)
	if pg := op.Page; pg != nil {
		text := "page"
		for _, part := range []struct {
			on   bool
			name string
		}{{pg.Offset, "offset"}, {pg.Limit, "limit"}, {pg.After, "after"}} {
			if part.on {
				text += " " + part.name
			}
		}
		if pg.Total != nil {
			text += " total " + pg.Total.String()
		}
		if pg.Next != nil {
			text += " next " + pg.Next.String()
		}
		p.line(1, "%s", text)
	}
	what := "body"
	switch {
	case op.HTTP != nil:
		p.line(1, "%s %s", op.HTTP.Method, op.HTTP.Path.text())
	case op.GRPC != nil:
		p.line(1, "grpc %s", op.GRPC.Method)
		what = "message"
	case op.GraphQL != nil && op.GraphQL.Query != nil:
		p.line(1, "graphql %s", op.GraphQL.Query)
		what = "variables"
	}
	p.headers(op.Headers())
	if name := op.IdempotencyHeader(); name != "" {
		p.line(1, "idempotency by %s", name)
	}
	if r := op.Request(); r != nil {
		p.line(1, "%s %s", what, r)
	}
	if op.Selection != nil {
		p.line(1, "answer %s", op.Selection)
	}
}

// String prints the path from "$".
func (p Path) String() string { return strings.Join(append([]string{"$"}, p.Steps...), ".") }

// String prints the mapping on one line; what it prints can be read again.
func (s *Selection) String() string {
	switch {
	case s == nil:
		return "nothing"
	case s.Literal != nil:
		return "$(" + string(s.Literal) + ")"
	case s.Expr != nil:
		return s.Expr.String()
	}
	head := s.Path.String()
	switch {
	case s.Match != nil:
		return head + " { " + s.Match.String() + " }"
	case s.Items == nil:
		return head
	}
	parts := make([]string, len(s.Items))
	for i, it := range s.Items {
		parts[i] = it.Field + ": " + it.Value.String()
	}
	return head + " { " + strings.Join(parts, ", ") + " }"
}

// String prints the cases as ->match has them.
func (m *Match) String() string {
	arm := func(key string, c *MatchCase) string {
		text := "[" + key + ", { __typename: \"" + c.Member + "\""
		for _, it := range c.Selection.Items {
			text += ", " + it.Field + ": " + it.Value.String()
		}
		return text + " }]"
	}
	if len(m.Cases) == 0 && m.Default != nil {
		return strings.TrimSuffix(strings.TrimPrefix(arm("", m.Default), "[, { "), " }]")
	}
	var parts []string
	for i := range m.Cases {
		parts = append(parts, arm(string(m.Cases[i].JSON), &m.Cases[i]))
	}
	if m.Default != nil {
		parts = append(parts, arm("@", m.Default))
	}
	return "... " + m.On.String() + "->match(" + strings.Join(parts, ", ") + ")"
}

package view

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"facet/graph"
)

// String prints the build for people and for golden files: what it serves, then every view, mutation and shape with its
// expressions inline. Positions and the sources of functions are left out.
func (b *Build) String() string {
	p := &printer{b: b}
	p.line(0, "build %s %s", b.Package, b.Version)
	if len(b.Devices) > 0 {
		p.line(1, "for %s %s", strings.Join(b.Devices, ", "), b.Schema)
	}
	for _, m := range sortedKeys(b.Locks) {
		p.line(1, "with %s %s", m, b.Locks[m])
	}
	if len(b.Cells) > 0 {
		p.line(1, "cells %s", strings.Join(b.Cells, ", "))
	}
	for _, v := range b.Views {
		p.gap()
		p.line(0, "view %s%s%s%s%s", v.Name, argList(v.Args), keyList(v), cache(v.Cache), size(v.Budget))
		p.scope = &v.Scope
		p.output(1, "", v.Output, "")
	}
	for _, m := range b.Mutations {
		p.gap()
		p.mutation(m)
		if m.Handler > 0 {
			p.handler(b.Handlers[m.Handler-1])
		}
	}
	for _, d := range b.Metrics {
		p.gap()
		p.declared(d)
	}
	for _, s := range b.Shapes {
		p.gap()
		how := ""
		switch {
		case s.Loadable:
			how = " by key"
		case s.Keyed:
			how = " keyed"
		}
		p.line(0, "shape %s%s on %s%s", s.Name, argList(s.Args), s.Type, how)
		p.scope = &s.Scope
		p.fields(1, s.Output)
	}
	p.types()
	for _, w := range b.Warmups {
		p.gap()
		p.line(0, "warm-up %s%s", w.View, w.Args)
	}
	return p.w.String()
}

type printer struct {
	b     *Build
	scope *Scope
	w     strings.Builder
}

func (p *printer) gap() { p.w.WriteByte('\n') }

func (p *printer) line(depth int, format string, args ...any) {
	p.w.WriteString(strings.Repeat("  ", depth))
	fmt.Fprintf(&p.w, format, args...)
	p.w.WriteByte('\n')
}

func (p *printer) mutation(m *Mutation) {
	at := ""
	if m.On != "" {
		at = " on " + m.On + " as " + strings.Join(m.As, ".")
	}
	what := "mutation"
	if m.Handler > 0 {
		what = "handler"
	}
	p.line(0, "%s %s%s%s", what, m.Name, argList(m.Args), at)
	p.scope = &m.Scope
	for _, e := range m.Effects {
		p.line(1, "do %s", p.expr(e))
	}
	if m.Output != nil {
		p.output(1, "return", m.Output, "")
	}
	if s := m.Sets; s != nil {
		p.line(1, "sets %s.%s by %s to %s", s.Shape, s.Field, s.Key, s.Value)
	}
	for _, x := range m.Metrics {
		p.line(1, "count %s%s", x.Name, p.args(x.By))
	}
	for _, inv := range m.Invalidates {
		if inv.Shape == "" {
			p.line(1, "invalidates %s", inv.View)
			continue
		}
		keys := make([]string, 0, len(inv.Args)+1)
		for _, parts := range [][]Maybe{inv.Args, inv.Key} {
			for _, k := range parts {
				if k.Value == None {
					keys = append(keys, "?")
				} else {
					keys = append(keys, p.expr(k.Value))
				}
			}
		}
		p.line(1, "invalidates %s(%s).%s", inv.Shape, strings.Join(keys, ", "), inv.Field)
	}
}

func (p *printer) types() {
	for _, o := range p.b.Objects {
		p.gap()
		p.line(0, "object %s", o.Name)
		for _, f := range o.Fields {
			p.line(1, "%s: %s", f.Name, f.Type)
		}
	}
	for _, e := range p.b.Enums {
		p.gap()
		p.line(0, "enum %s: %s", e.Name, strings.Join(e.Values, ", "))
	}
	for _, in := range p.b.Inputs {
		p.gap()
		p.line(0, "input %s%s", in.Name, argList(in.Fields))
	}
}

// fields prints the fields of an object.
func (p *printer) fields(depth int, o *Output) {
	for _, f := range o.Fields {
		suffix := cache(f.Cache)
		if len(f.Reads) > 0 {
			suffix += " [reads " + strings.Join(f.Reads, ", ") + "]"
		}
		p.output(depth, f.Name, f.Output, suffix)
	}
}

// output prints one place: "name: Type = expression", and what is below it.
func (p *printer) output(depth int, name string, o *Output, suffix string) {
	head := OutputType(o).String()
	if name != "" {
		head = name + ": " + head
	}
	switch o.Kind {
	case Leaf:
		p.line(depth, "%s = %s%s", head, p.expr(o.Value), suffix)
	case Tree:
		if o.Value == None || o.Value < 0 || p.scope.Values[o.Value].Op == OpItem {
			p.line(depth, "%s%s", head, suffix)
		} else {
			p.line(depth, "%s of %s%s", head, p.expr(o.Value), suffix)
		}
		p.fields(depth+1, o)
	case Many:
		p.line(depth, "%s = %s%s", head, p.expr(o.Value), suffix)
		p.item(depth+1, o)
	case Ref:
		p.line(depth, "%s = %s%s%s", head, o.Shape, p.subject(o), suffix)
	case Union:
		p.line(depth, "%s = match %s%s", head, p.expr(o.Value), suffix)
		p.arms(depth+1, o)
	}
}

// item prints what stands for each item of a list.
func (p *printer) item(depth int, o *Output) {
	switch it := o.Item; it.Kind {
	case Tree:
		p.line(depth, "each %s", p.expr(o.Each))
		p.fields(depth+1, it)
	default:
		p.output(depth, "each "+p.expr(o.Each), it, "")
	}
}

func (p *printer) arms(depth int, o *Output) {
	for _, a := range o.Arms {
		if a.Output == nil {
			p.line(depth, "%s: null", a.Member)
			continue
		}
		p.output(depth, a.Member, a.Output, "")
	}
}

// subject prints "(entity, argument: value)" of a reference.
func (p *printer) subject(o *Output) string {
	parts := []string{p.expr(o.Value)}
	for _, a := range o.Args {
		parts = append(parts, a.Name+": "+p.expr(a.Value))
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

func (p *printer) args(list []*Named) string {
	if len(list) == 0 {
		return ""
	}
	parts := make([]string, len(list))
	for i, a := range list {
		parts[i] = a.Name + ": " + p.expr(a.Value)
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

func argList(args []*Arg) string {
	if len(args) == 0 {
		return ""
	}
	parts := make([]string, len(args))
	for i, a := range args {
		parts[i] = a.Name + ": " + a.Type.String()
		if a.Default != nil {
			parts[i] += " = " + string(a.Default)
		}
		if a.Min != nil {
			parts[i] += fmt.Sprintf(" >= %v", *a.Min)
		}
		if a.Max != nil {
			parts[i] += fmt.Sprintf(" <= %v", *a.Max)
		}
		if a.MaxLength > 0 {
			parts[i] += fmt.Sprintf(" up to %d units", a.MaxLength)
		}
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

func keyList(v *View) string {
	if len(v.Keys) == 0 || slices.Equal(v.Keys, requiredArgs(v.Args)) {
		return ""
	}
	return " keys " + strings.Join(v.Keys, ", ")
}

func requiredArgs(args []*Arg) []string {
	var names []string
	for _, a := range args {
		if a.Required() {
			names = append(names, a.Name)
		}
	}
	return names
}

func size(s *Size) string {
	if s == nil {
		return ""
	}
	return fmt.Sprintf(" budget %d bytes", s.Bytes)
}

func cache(c *Cache) string {
	if c == nil {
		return ""
	}
	s := " cache " + within(c.MaxAge)
	if c.Scope != "" {
		s += " " + c.Scope
	}
	return s
}

func within(d time.Duration) string { return d.String() }

// OutputType is the GraphQL type of a place, with its final nullability.
func OutputType(o *Output) graph.TypeRef {
	switch o.Kind {
	case Leaf:
		t := o.Type
		t.NonNull = o.Type.NonNull || o.NonNull
		return t
	case Many:
		item := OutputType(o.Item)
		return graph.TypeRef{Elem: &item, NonNull: o.NonNull}
	case Ref:
		return graph.TypeRef{Name: o.Shape, NonNull: o.NonNull}
	default:
		return graph.TypeRef{Name: o.Name, NonNull: o.NonNull}
	}
}

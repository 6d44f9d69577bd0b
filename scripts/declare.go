package scripts

import (
	"fmt"
	"slices"
	"strings"

	"facet/graph"
)

// Declare writes the graph's types as TypeScript declarations that augment "@facet/sdk": what `edge types` puts beside
// a package so that editors know the graph. Equal graphs give equal text.
func Declare(g *graph.Graph) []byte {
	d := &declarer{g: g}
	d.line("// The graph's types, written by `edge types`. Do not edit: run it again after the graph changed.")
	d.line("import type { Abstract, In, List, Node, TypeTag, Value } from %q;", sdkModule)
	d.line("")
	for _, t := range g.Order {
		switch {
		case t.Kind == graph.Enum:
			d.doc("", t.Description)
			d.line("export type %s = %s;", t.Name, literals(t.Values))
		case t.Kind == graph.Input:
			d.input(t)
		case t.Kind == graph.Object && t != g.Query() && t != g.Mutation():
			d.object(t)
		case t.Kind == graph.Union || t.Kind == graph.Interface:
			d.abstract(t)
		}
	}
	d.line("")
	d.line("declare module %q {", sdkModule)
	d.line("  interface Graph {")
	for _, t := range g.Order {
		if t.Kind == graph.Object && t != g.Query() && t != g.Mutation() {
			d.line("    readonly %s: TypeTag<%s>;", t.Name, t.Name)
		}
	}
	for _, root := range []*graph.Type{g.Query(), g.Mutation()} {
		if root == nil {
			continue
		}
		for _, f := range root.Fields {
			d.doc("    ", f.Description)
			d.line("    %s", d.field(f))
		}
	}
	d.line("  }")
	d.line("  interface GraphEnums {")
	for _, t := range g.Order {
		if t.Kind == graph.Enum {
			d.line("    %s: %s;", t.Name, t.Name)
		}
	}
	d.line("  }")
	d.viewer()
	d.line("}")
	return []byte(d.b.String())
}

// sdkModule is the module that authors import.
const sdkModule = "@facet/sdk"

type declarer struct {
	g *graph.Graph
	b strings.Builder
}

func (d *declarer) line(format string, args ...any) { fmt.Fprintf(&d.b, format+"\n", args...) }

func (d *declarer) doc(indent, text string) {
	if text = strings.Join(strings.Fields(text), " "); text != "" {
		d.line("%s/** %s */", indent, strings.ReplaceAll(text, "*/", "* /"))
	}
}

func literals(values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = fmt.Sprintf("%q", v)
	}
	return strings.Join(quoted, " | ")
}

func (d *declarer) object(t *graph.Type) {
	d.doc("", t.Description)
	d.line("export type %s = Node<%q, {", t.Name, t.Name)
	for _, f := range t.Fields {
		d.doc("  ", f.Description)
		d.line("  %s", d.field(f))
	}
	d.line("}>;")
}

func (d *declarer) abstract(t *graph.Type) {
	d.doc("", t.Description)
	members := make([]string, len(t.Members))
	for i, m := range t.Members {
		members[i] = m + ": " + m
	}
	d.line("export type %s = Abstract<%q, { %s }>;", t.Name, t.Name, strings.Join(members, "; "))
}

func (d *declarer) input(t *graph.Type) {
	d.doc("", t.Description)
	d.line("export interface %s {", t.Name)
	for _, f := range t.Fields {
		d.doc("  ", f.Description)
		d.line("  %s%s: %s;", f.Name, optional(f.Type, f.Default), d.in(f.Type))
	}
	d.line("}")
}

func optional(r graph.TypeRef, def *graph.Literal) string {
	if !r.NonNull || def != nil {
		return "?"
	}
	return ""
}

// field declares a field: a property, a method, or both where no argument is required.
func (d *declarer) field(f *graph.Field) string {
	result := d.out(f.Type)
	if len(f.Args) == 0 {
		return f.Name + ": " + result + ";"
	}
	required := false
	args := make([]string, len(f.Args))
	for i, a := range f.Args {
		mark := optional(a.Type, a.Default)
		required = required || mark == ""
		args[i] = a.Name + mark + ": " + d.in(a.Type)
	}
	call := "{ " + strings.Join(args, "; ") + " }"
	if required {
		return f.Name + "(args: " + call + "): " + result + ";"
	}
	return f.Name + ": " + result + " & ((args?: " + call + ") => " + result + ");"
}

// out is the type of a field's value.
func (d *declarer) out(r graph.TypeRef) string {
	if r.Elem != nil {
		return "List<" + d.out(*r.Elem) + ">"
	}
	if t := d.g.Types[r.Name]; t != nil && t.Composite() {
		return r.Name
	}
	return fmt.Sprintf("Value<%s, %v>", d.native(r.Name), r.NonNull)
}

// in is what an argument takes.
func (d *declarer) in(r graph.TypeRef) string {
	if r.Elem != nil {
		return "readonly " + wrap(d.in(*r.Elem)) + "[] | Value<any, boolean>"
	}
	if t := d.g.Types[r.Name]; t != nil && t.Kind == graph.Input {
		return r.Name + " | Value<any, boolean>"
	}
	return "In<" + d.native(r.Name) + ">"
}

func wrap(s string) string {
	if strings.ContainsAny(s, " |") {
		return "(" + s + ")"
	}
	return s
}

// native is what a scalar or enum is in TypeScript.
func (d *declarer) native(name string) string {
	switch name {
	case "Int", "Float":
		return "number"
	case "Boolean":
		return "boolean"
	case "String", "ID":
		return "string"
	}
	if t := d.g.Types[name]; t != nil && t.Kind == graph.Enum {
		return name
	}
	return "any" // a scalar of the graph's own: its JSON is not known
}

// viewer adds what the graph knows of who asks to the context's viewer. The parts that need no operation are the SDK's.
func (d *declarer) viewer() {
	if d.g.Types["Viewer"] == nil && d.g.Types["Profile"] == nil {
		return
	}
	d.line("  interface Viewer {")
	if d.g.Types["Profile"] != nil {
		d.doc("    ", "The profile in use. Its id costs no operation.")
		d.line("    profile: Profile;")
	}
	if v := d.g.Types["Viewer"]; v != nil {
		for _, f := range v.Fields {
			if !slices.Contains([]string{"id", "profile", "signedIn"}, f.Name) {
				d.doc("    ", f.Description)
				d.line("    %s", d.field(f))
			}
		}
	}
	d.line("  }")
}

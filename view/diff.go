package view

import (
	"fmt"
	"slices"
	"strings"

	"facet/graph"
)

// A Change is one difference between two versions of a device's contract.
type Change struct {
	Path     string `json:"path"` // "Card.title", "Query.film(id)", "WatchState.DONE"
	Code     string `json:"code"` // stable: "field_removed"
	Breaking bool   `json:"breaking"`
	Text     string `json:"text"`
}

// String prints "breaking field_removed Card.title: the field is gone".
func (c Change) String() string {
	kind := "safe"
	if c.Breaking {
		kind = "breaking"
	}
	return kind + " " + c.Code + " " + c.Path + ": " + c.Text
}

// Breaking says whether any of the changes needs the next schema version.
func Breaking(changes []Change) bool {
	return slices.ContainsFunc(changes, func(c Change) bool { return c.Breaking })
}

// Diff lists what an app that was written against before would see of after: breaking changes first, each by path.
func Diff(before, after *Surface) []Change {
	d := &differ{}
	d.fields("Query", before.query, after.query)
	d.fields("Mutation", before.mutation, after.mutation)
	for _, name := range before.TypeNames() {
		b, a := before.types[name], after.types[name]
		if a == nil {
			d.add(name, "type_removed", true, "the %s is gone", b.Class)
			continue
		}
		d.typ(b, a)
	}
	for _, name := range after.TypeNames() {
		if before.types[name] == nil {
			d.add(name, "type_added", false, "a new %s", after.types[name].Class)
		}
	}
	d.graph(before, after)
	slices.SortStableFunc(d.out, func(a, b Change) int {
		if a.Breaking != b.Breaking {
			if a.Breaking {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Path, b.Path)
	})
	return d.out
}

type differ struct{ out []Change }

func (d *differ) add(path, code string, breaking bool, format string, args ...any) {
	d.out = append(d.out, Change{Path: path, Code: code, Breaking: breaking, Text: fmt.Sprintf(format, args...)})
}

func (d *differ) typ(b, a *Type) {
	if b.Class != a.Class {
		d.add(b.Name, "class_changed", true, "the %s is now a %s", b.Class, a.Class)
		return
	}
	switch b.Class {
	case ClassEnum:
		d.names(b.Name, "value", b.Values, a.Values)
	case ClassUnion:
		d.names(b.Name, "member", b.Members, a.Members)
	case ClassInput:
		d.inputs(b.Name, b.Fields, a.Fields)
	default:
		d.fields(b.Name, b.Fields, a.Fields)
	}
	if slices.Contains(b.Implements, NodeType) && !slices.Contains(a.Implements, NodeType) {
		d.add(b.Name, "identity_removed", true, "its entities can no longer be asked by id")
	}
}

// names compares the values of enums and the members of unions.
func (d *differ) names(path, what string, before, after []string) {
	for _, v := range before {
		if !slices.Contains(after, v) {
			d.add(path+"."+v, what+"_removed", true, "the %s is gone", what)
		}
	}
	for _, v := range after {
		if !slices.Contains(before, v) {
			d.add(path+"."+v, what+"_added", false, "a new %s; apps that know all of them must expect it", what)
		}
	}
}

func find(list []*TypeField, name string) *TypeField {
	for _, f := range list {
		if f.Name == name {
			return f
		}
	}
	return nil
}

func (d *differ) fields(path string, before, after []*TypeField) {
	for _, b := range before {
		at := path + "." + b.Name
		a := find(after, b.Name)
		if a == nil {
			d.add(at, "field_removed", true, "the field is gone")
			continue
		}
		if why, breaking := output(b.Type, a.Type); why != "" {
			d.add(at, why, breaking, "%s is now %s", b.Type, a.Type)
		}
		d.args(at, b.Args, a.Args)
	}
	for _, a := range after {
		if find(before, a.Name) == nil {
			d.add(path+"."+a.Name, "field_added", false, "a new field")
		}
	}
}

// output compares the types of what is answered: an app may be given more certainty, not less.
func output(b, a graph.TypeRef) (code string, breaking bool) {
	switch {
	case (b.Elem == nil) != (a.Elem == nil) || b.Elem == nil && b.Name != a.Name:
		return "type_changed", true
	case b.NonNull && !a.NonNull:
		return "became_nullable", true
	}
	if b.Elem != nil {
		if code, breaking = output(*b.Elem, *a.Elem); breaking {
			return code, true
		}
	}
	if !b.NonNull && a.NonNull {
		return "became_non_null", false
	}
	return code, false
}

// input compares the types of what is given: an app may be asked for less, not more.
func input(b, a graph.TypeRef) (code string, breaking bool) {
	switch {
	case (b.Elem == nil) != (a.Elem == nil) || b.Elem == nil && b.Name != a.Name:
		return "type_changed", true
	case !b.NonNull && a.NonNull:
		return "became_required", true
	}
	if b.Elem != nil {
		if code, breaking = input(*b.Elem, *a.Elem); breaking {
			return code, true
		}
	}
	if b.NonNull && !a.NonNull {
		return "became_optional", false
	}
	return code, false
}

func (d *differ) inputs(path string, before, after []*TypeField) {
	asArgs := func(list []*TypeField) []*Arg {
		out := make([]*Arg, len(list))
		for i, f := range list {
			out[i] = &Arg{Name: f.Name, Type: f.Type, Default: f.Default}
		}
		return out
	}
	d.args(path, asArgs(before), asArgs(after))
}

func findArg(list []*Arg, name string) *Arg {
	for _, a := range list {
		if a.Name == name {
			return a
		}
	}
	return nil
}

func (d *differ) args(path string, before, after []*Arg) {
	for _, b := range before {
		at := path + "(" + b.Name + ")"
		a := findArg(after, b.Name)
		if a == nil {
			d.add(at, "argument_removed", true, "the argument is gone")
			continue
		}
		code, breaking := input(b.Type, a.Type)
		if code == "became_required" && a.Default != nil { // leaving it out still works; only an explicit null does not
			code, breaking = "became_non_null", true
		}
		if code != "" {
			d.add(at, code, breaking, "%s is now %s", b.Type, a.Type)
		}
		switch {
		case string(b.Default) == string(a.Default):
		case a.Default == nil && a.Type.NonNull:
			d.add(at, "default_removed", true, "it must be given now")
		default:
			d.add(at, "default_changed", false, "the default was %s and is %s", orNone(b.Default), orNone(a.Default))
		}
		d.bounds(at, b, a)
	}
	for _, a := range after {
		if findArg(before, a.Name) == nil {
			if a.Required() {
				d.add(path+"("+a.Name+")", "argument_required", true, "a new argument that must be given")
			} else {
				d.add(path+"("+a.Name+")", "argument_added", false, "a new argument that may be left out")
			}
		}
	}
}

func orNone(v []byte) string {
	if v == nil {
		return "none"
	}
	return string(v)
}

func (d *differ) bounds(at string, b, a *Arg) {
	tighter := func(now, was *float64, sign float64) bool {
		return now != nil && (was == nil || sign*(*now-*was) > 0)
	}
	if tighter(a.Min, b.Min, 1) || tighter(a.Max, b.Max, -1) || a.MaxLength > 0 && (b.MaxLength == 0 || a.MaxLength < b.MaxLength) {
		d.add(at, "bounds_tightened", true, "values that were legal are refused now")
	}
}

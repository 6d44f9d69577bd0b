package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"facet/graph"
)

// A Change is one difference between two versions of a device's contract. What GraphQL sees is judged as graphql-js'
// findBreakingChanges and findDangerousChanges judge it; what only REST or the JSON Graph sees has codes of its own.
type Change struct {
	Path     string `json:"path"` // "Card.title", "Query.film(id)", "WatchState.DONE"
	Code     string `json:"code"` // stable: "field_removed"
	Breaking bool   `json:"breaking"`
	// Dangerous says that no request becomes illegal, but that an app may meet what it was not written for: never set beside Breaking.
	Dangerous bool   `json:"dangerous,omitempty"`
	Text      string `json:"text"`
}

// String prints "breaking field_removed Card.title: the field is gone"; the first word is breaking, dangerous or safe.
func (c Change) String() string {
	return [...]string{"safe", "dangerous", "breaking"}[c.level()] + " " + c.Code + " " + c.Path + ": " + c.Text
}

func (c Change) level() int {
	switch {
	case c.Breaking:
		return 2
	case c.Dangerous:
		return 1
	}
	return 0
}

// Breaking says whether any of the changes needs the next schema version.
func Breaking(changes []Change) bool {
	return slices.ContainsFunc(changes, func(c Change) bool { return c.Breaking })
}

// Diff lists what an app that was written against before would see of after: breaking changes first, then dangerous ones, each by path.
func Diff(before, after *Surface) []Change {
	d := &differ{before: before, after: after, inGraph: before.graphTypes()}
	d.fields("Query", before.QueryFields(), after.QueryFields())
	d.fields("Mutation", before.MutationFields(), after.MutationFields())
	for _, name := range before.TypeNames() {
		b, a := before.all()[name], after.all()[name]
		if a == nil {
			d.breaks(name, "type_removed", "the %s is gone", b.Class)
			continue
		}
		d.typ(b, a)
	}
	for _, name := range after.TypeNames() {
		if before.all()[name] == nil {
			d.safe(name, "type_added", "a new %s", after.all()[name].Class)
		}
	}
	d.graph()
	d.documents()
	slices.SortStableFunc(d.out, func(a, b Change) int {
		return cmp.Or(b.level()-a.level(), strings.Compare(a.Path, b.Path))
	})
	return d.out
}

type differ struct {
	before, after *Surface
	inGraph       map[string]bool // types of before that stand in its JSON Graph
	out           []Change
}

func (d *differ) breaks(path, code, format string, args ...any) {
	d.out = append(d.out, Change{Path: path, Code: code, Breaking: true, Text: fmt.Sprintf(format, args...)})
}

func (d *differ) notes(path, code, format string, args ...any) {
	d.out = append(d.out, Change{Path: path, Code: code, Dangerous: true, Text: fmt.Sprintf(format, args...)})
}

func (d *differ) safe(path, code, format string, args ...any) {
	d.out = append(d.out, Change{Path: path, Code: code, Text: fmt.Sprintf(format, args...)})
}

// changed enters a change whose type comparison says whether it breaks.
func (d *differ) changed(breaking bool, path, code, format string, args ...any) {
	if breaking {
		d.breaks(path, code, format, args...)
	} else {
		d.safe(path, code, format, args...)
	}
}

func (d *differ) typ(b, a *Type) {
	if b.Class != a.Class {
		d.breaks(b.Name, "class_changed", "the %s is now a %s", b.Class, a.Class)
		return
	}
	switch b.Class {
	case ClassEnum:
		d.names(b.Name, "value", b.Values, a.Values)
	case ClassUnion:
		d.names(b.Name, "member", b.Members, a.Members)
	case ClassInput:
		d.inputs(b.Name)
	default:
		d.fields(b.Name, b.Fields, a.Fields)
	}
	switch was, is := slices.Contains(b.Implements, NodeType), slices.Contains(a.Implements, NodeType); {
	case was && !is:
		d.breaks(b.Name, "identity_removed", "its entities can no longer be asked by id")
	case is && !was:
		d.notes(b.Name, "identity_added", "node(id) may answer it: apps that know all of its types must expect it")
	}
}

// names compares the values of enums and the members of unions.
func (d *differ) names(path, what string, before, after []string) {
	for _, v := range before {
		if !slices.Contains(after, v) {
			d.breaks(path+"."+v, what+"_removed", "the %s is gone", what)
		}
	}
	for _, v := range after {
		if !slices.Contains(before, v) {
			d.notes(path+"."+v, what+"_added", "a new %s; apps that know all of them must expect it", what)
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
			d.breaks(at, "field_removed", "the field is gone")
			continue
		}
		why, breaking := output(b.Type, a.Type)
		if why != "" {
			d.changed(breaking, at, why, "%s is now %s", b.Type, a.Type)
		}
		if !breaking {
			d.place(path, b, a)
		}
		d.args(at, b.Args, a.Args)
	}
	for _, a := range after {
		if find(before, a.Name) == nil {
			d.safe(path+"."+a.Name, "field_added", "a new field")
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

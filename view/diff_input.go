package view

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"facet/graph"
)

// inputs compares the fields of an input type.
func (d *differ) inputs(name string) {
	b, a := d.before.inputs[name], d.after.inputs[name]
	if b != nil && a != nil {
		d.args(name, b.Fields, a.Fields)
	}
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
			d.breaks(at, "argument_removed", "the argument is gone")
			continue
		}
		code, breaking := input(b.Type, a.Type)
		if code == "became_required" && a.Default != nil { // leaving it out still works; only an explicit null does not
			code = "became_non_null"
		}
		if code != "" {
			d.changed(breaking, at, code, "%s is now %s", b.Type, a.Type)
		}
		if !breaking {
			d.defaults(at, b, a)
		}
		d.bounds(at, b, a)
	}
	for _, a := range after {
		if findArg(before, a.Name) == nil {
			if a.Required() {
				d.breaks(path+"("+a.Name+")", "argument_required", "a new argument that must be given")
			} else {
				d.notes(path+"("+a.Name+")", "argument_added", "a new argument that may be left out")
			}
		}
	}
}

// defaults compares what stands for an argument that is left out.
func (d *differ) defaults(at string, b, a *Arg) {
	switch was, is := d.before.value(b.Default, b.Type), d.after.value(a.Default, a.Type); {
	case was == is:
	case a.Default == nil && a.Type.NonNull: // graphql-js calls it dangerous; but what left it out is refused
		d.breaks(at, "default_removed", "it must be given now")
	case b.Default == nil:
		d.notes(at, "default_added", "left out, it is now %s", is)
	case a.Default == nil:
		d.notes(at, "default_changed", "left out, it was %s and is null", was)
	default:
		d.notes(at, "default_changed", "the default was %s and is %s", was, is)
	}
}

// value prints a JSON value of a type as an argument is read: one value as a list of it, absent fields with their defaults.
// It is "" for no value.
func (s *Surface) value(raw json.RawMessage, t graph.TypeRef) string {
	if raw == nil {
		return ""
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return string(raw)
	}
	var b strings.Builder
	s.writeValue(&b, v, t)
	return b.String()
}

func (s *Surface) writeValue(b *strings.Builder, v any, t graph.TypeRef) {
	if list, ok := v.([]any); t.Elem != nil && v != nil {
		if !ok {
			list = []any{v}
		}
		b.WriteByte('[')
		for i, x := range list {
			if i > 0 {
				b.WriteString(", ")
			}
			s.writeValue(b, x, *t.Elem)
		}
		b.WriteByte(']')
		return
	}
	object, ok := v.(map[string]any)
	in := s.inputs[t.Named()]
	switch n, isNumber := v.(json.Number); {
	case ok && in != nil:
		b.WriteByte('{')
		sep := ""
		for _, f := range slices.SortedFunc(slices.Values(in.Fields), func(x, y *Arg) int { return strings.Compare(x.Name, y.Name) }) {
			x, given := object[f.Name]
			if !given && f.Default == nil {
				continue
			}
			b.WriteString(sep + f.Name + ": ")
			sep = ", "
			if given {
				s.writeValue(b, x, f.Type)
			} else {
				b.WriteString(s.value(f.Default, f.Type))
			}
		}
		b.WriteByte('}')
	case isNumber && t.Name == "ID":
		b.WriteString(n.String())
	case t.Name == "ID" && isWhole(v): // ids may be given as numbers, and are the same
		b.WriteString(v.(string))
	case isNumber:
		if f, err := n.Float64(); err == nil {
			b.WriteString(strconv.FormatFloat(f, 'g', -1, 64))
			return
		}
		b.WriteString(n.String())
	default:
		writeLiteral(b, v, s.all()[t.Named()], s.all())
	}
}

func isWhole(v any) bool {
	s, ok := v.(string)
	if !ok {
		return false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return err == nil && strconv.FormatInt(n, 10) == s
}

func (d *differ) bounds(at string, b, a *Arg) {
	tighter := func(now, was *float64, sign float64) bool {
		return now != nil && (was == nil || sign*(*now-*was) > 0)
	}
	if tighter(a.Min, b.Min, 1) || tighter(a.Max, b.Max, -1) || a.MaxLength > 0 && (b.MaxLength == 0 || a.MaxLength < b.MaxLength) {
		d.breaks(at, "bounds_tightened", "values that were legal are refused now")
	}
}

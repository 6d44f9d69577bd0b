package graphql

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"

	"facet/composer"
	"facet/fault"
	"facet/graph"
	"facet/view"
)

func quoted(s string) []byte { return appendQuoted(nil, s) }

// appendQuoted appends a text as JSON.
func appendQuoted(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return append(dst, escaped(s)...)
		}
	}
	return append(append(append(dst, '"'), s...), '"')
}

func escaped(s string) []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if enc.Encode(s) != nil {
		return []byte(`""`)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
}

// keyValue is a shape's argument as an id spells it, as JSON of a scalar or enum type.
func keyValue(s, typ string) (string, bool) {
	switch typ {
	case "Int":
		n, err := strconv.ParseInt(s, 10, 32)
		return strconv.FormatInt(n, 10), err == nil && strconv.FormatInt(n, 10) == s
	case "Float":
		f, err := strconv.ParseFloat(s, 64)
		return s, err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) && json.Valid([]byte(s))
	case "Boolean":
		return s, s == "true" || s == "false"
	}
	return string(quoted(s)), true
}

func hasVariable(v *ast.Value) bool {
	if v.Kind == ast.Variable {
		return true
	}
	return slices.ContainsFunc(v.Children, func(c *ast.ChildValue) bool { return hasVariable(c.Value) })
}

// fill makes a request's values and windows.
func (c *compiled) fill(e *engine, r *composer.Request, vars map[string]any, targets []target) *fault.Error {
	r.Selection = c.selection
	r.Values = make([]json.RawMessage, len(c.values))
	for i, v := range c.values {
		switch {
		case v.node >= 0:
			r.Values[i] = json.RawMessage(targets[v.node].parts[v.part])
		case v.fixed != nil:
			r.Values[i] = v.fixed
		default:
			out, err := e.encode(make([]byte, 0, 32), v.ast, v.arg.Type, vars)
			if err != nil {
				return fault.New(fault.Invalid, "argument %s: %s", v.arg.Name, err.Message)
			}
			if out == nil { // the variable was not given
				if out = v.arg.Default; out == nil {
					out = []byte("null")
				}
			}
			r.Values[i] = out
		}
	}
	r.Windows = make([]composer.Window, len(c.windows))
	for i, w := range c.windows {
		var err *fault.Error
		if r.Windows[i], err = w.open(vars); err != nil {
			return err
		}
	}
	return nil
}

func (w window) open(vars map[string]any) (composer.Window, *fault.Error) {
	out := composer.Window{First: -1}
	if v, err := w.first.Value(vars); err != nil || v != nil {
		n, ok := integer(v)
		if err != nil || !ok || n < 0 {
			return out, fault.New(fault.Invalid, "argument first: it is a number of items, 0 or more")
		}
		out.First = int(n)
	}
	if v, err := w.after.Value(vars); err != nil || v != nil {
		s, ok := v.(string)
		if err != nil || !ok {
			return out, fault.New(fault.Invalid, "argument after: it is no cursor")
		}
		if s == "" {
			return out, nil
		}
		if out.After, ok = composer.DecodeCursor(s); !ok {
			return out, fault.New(fault.Invalid, "argument after: %q is no cursor", clip(s))
		}
	}
	return out, nil
}

// integer reads a whole number of 32 bits.
func integer(v any) (int64, bool) {
	var n int64
	switch v := v.(type) {
	case int64:
		n = v
	case json.Number:
		var err error
		if n, err = strconv.ParseInt(v.String(), 10, 64); err != nil {
			f, err := v.Float64()
			if err != nil || f != math.Trunc(f) || math.Abs(f) > math.MaxInt32 {
				return 0, false
			}
			n = int64(f)
		}
	case float64:
		if v != math.Trunc(v) || math.Abs(v) > math.MaxInt32 {
			return 0, false
		}
		n = int64(v)
	default:
		return 0, false
	}
	return n, n >= math.MinInt32 && n <= math.MaxInt32
}

func isOne(v any) bool { n, ok := integer(v); return ok && n == 1 }

// encode appends a literal with variables as JSON of a type; nil if it is a variable that was not given.
func (e *engine) encode(dst []byte, v *ast.Value, t graph.TypeRef, vars map[string]any) ([]byte, *fault.Error) {
	switch {
	case v.Kind == ast.Variable:
		x, ok := vars[v.Raw]
		if !ok {
			return nil, nil
		}
		return e.encodeAny(dst, x, t)
	case v.Kind == ast.NullValue:
		return e.encodeAny(dst, nil, t)
	case v.Kind == ast.ListValue && t.Elem != nil:
		dst = append(dst, '[')
		for i, c := range v.Children {
			if i > 0 {
				dst = append(dst, ',')
			}
			out, err := e.encode(dst, c.Value, *t.Elem, vars)
			if err != nil {
				return nil, err
			}
			if out == nil {
				out = append(dst, "null"...)
			}
			dst = out
		}
		return append(dst, ']'), nil
	case v.Kind == ast.ObjectValue:
		if typ := e.surface.Type(t.Named()); typ != nil && typ.Class == view.ClassInput {
			return e.encodeObject(dst, typ, func(dst []byte, f *view.TypeField) ([]byte, bool, *fault.Error) {
				c := v.Children.ForName(f.Name)
				if c == nil {
					return nil, false, nil
				}
				out, err := e.encode(dst, c, f.Type, vars)
				return out, out != nil, err
			})
		}
	case v.Kind == ast.IntValue || v.Kind == ast.FloatValue: // keeps the spelling of large numbers
		return e.encodeAny(dst, json.Number(v.Raw), t)
	}
	x, err := v.Value(vars)
	if err != nil {
		return nil, fault.New(fault.Invalid, "%s is no %s", clip(v.String()), t)
	}
	return e.encodeAny(dst, x, t)
}

// encodeObject appends an input object; give appends a field's value, ok is false if it was not given.
func (e *engine) encodeObject(dst []byte, t *view.Type, give func(dst []byte, f *view.TypeField) (out []byte, ok bool, err *fault.Error)) ([]byte, *fault.Error) {
	dst = append(dst, '{')
	n := 0
	for _, f := range t.Fields {
		mark := len(dst)
		if n > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(dst, quoted(f.Name)...), ':')
		out, ok, err := give(dst, f)
		switch {
		case err != nil:
			return nil, fault.New(fault.Invalid, "%s: %s", f.Name, err.Message)
		case ok:
			dst = out
		case f.Default != nil:
			dst = append(dst, f.Default...)
		case f.Type.NonNull:
			return nil, fault.New(fault.Invalid, "%s: it must be given", f.Name)
		default:
			dst = dst[:mark]
			continue
		}
		n++
	}
	return append(dst, '}'), nil
}

// encodeAny appends a variable's value as JSON of a type. Whole numbers become IDs as strings do; one value becomes a list of it.
func (e *engine) encodeAny(dst []byte, x any, t graph.TypeRef) ([]byte, *fault.Error) {
	if x == nil {
		if t.NonNull {
			return nil, fault.New(fault.Invalid, "it must not be null")
		}
		return append(dst, "null"...), nil
	}
	if t.Elem != nil {
		list, ok := x.([]any)
		if !ok {
			list = []any{x}
			if many, ok := listOf(x); ok {
				list = many
			}
		}
		dst = append(dst, '[')
		for i, y := range list {
			if i > 0 {
				dst = append(dst, ',')
			}
			var err *fault.Error
			if dst, err = e.encodeAny(dst, y, *t.Elem); err != nil {
				return nil, err
			}
		}
		return append(dst, ']'), nil
	}
	wrong := func() ([]byte, *fault.Error) { return nil, fault.New(fault.Invalid, "this is no %s", t.Name) }
	switch t.Name {
	case "Int":
		n, ok := integer(x)
		if !ok {
			return wrong()
		}
		return strconv.AppendInt(dst, n, 10), nil
	case "Float":
		switch v := x.(type) {
		case json.Number:
			if f, err := v.Float64(); err == nil && json.Valid([]byte(v)) {
				return strconv.AppendFloat(dst, f, 'g', -1, 64), nil
			}
		case float64:
			return strconv.AppendFloat(dst, v, 'g', -1, 64), nil
		case int64:
			return strconv.AppendInt(dst, v, 10), nil
		}
		return wrong()
	case "Boolean":
		v, ok := x.(bool)
		if !ok {
			return wrong()
		}
		return strconv.AppendBool(dst, v), nil
	case "ID":
		switch v := x.(type) {
		case string:
			return appendQuoted(dst, v), nil
		case json.Number:
			if _, err := strconv.ParseInt(v.String(), 10, 64); err == nil {
				return append(dst, quoted(v.String())...), nil
			}
		case int64:
			return append(dst, quoted(strconv.FormatInt(v, 10))...), nil
		}
		return wrong()
	case "String":
		v, ok := x.(string)
		if !ok {
			return wrong()
		}
		return appendQuoted(dst, v), nil
	}
	return e.encodeNamed(dst, x, t)
}

// encodeNamed appends an enum member, an input object, or a custom scalar's JSON.
func (e *engine) encodeNamed(dst []byte, x any, t graph.TypeRef) ([]byte, *fault.Error) {
	typ := e.surface.Type(t.Name)
	switch {
	case typ != nil && typ.Class == view.ClassEnum:
		v, ok := x.(string)
		if !ok || !slices.Contains(typ.Values, v) {
			return nil, fault.New(fault.Invalid, "this is no member of %s", t.Name)
		}
		return append(dst, quoted(v)...), nil
	case typ != nil && typ.Class == view.ClassInput:
		m, ok := x.(map[string]any)
		if !ok {
			return nil, fault.New(fault.Invalid, "this is no %s", t.Name)
		}
		return e.encodeObject(dst, typ, func(dst []byte, f *view.TypeField) ([]byte, bool, *fault.Error) {
			y, ok := m[f.Name]
			if !ok {
				return nil, false, nil
			}
			out, err := e.encodeAny(dst, y, f.Type)
			return out, true, err
		})
	}
	out, err := json.Marshal(x)
	if err != nil {
		return nil, fault.New(fault.Invalid, "this is no JSON")
	}
	return append(dst, out...), nil
}

// listOf opens the typed slices that gqlgen's coercion makes of a single value.
func listOf(x any) ([]any, bool) {
	switch l := x.(type) {
	case []string:
		return anys(l), true
	case []json.Number:
		return anys(l), true
	case []bool:
		return anys(l), true
	case []map[string]any:
		return anys(l), true
	}
	return nil, false
}

func anys[T any](l []T) []any {
	out := make([]any, len(l))
	for i, x := range l {
		out[i] = x
	}
	return out
}

package subgraphs

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/vektah/gqlparser/v2/ast"
)

// object writes the fields that selections take from an object of a type, each by write.
func (q *request) object(out *bytes.Buffer, sets []ast.SelectionSet, kind string, write func(*bytes.Buffer, []*ast.Field) error) error {
	var names []string
	fields := map[string][]*ast.Field{}
	var collect func(ast.SelectionSet) error
	collect = func(set ast.SelectionSet) error {
		for _, s := range set {
			var err error
			switch s := s.(type) {
			case *ast.Field:
				name := s.Alias
				if name == "" {
					name = s.Name
				}
				if fields[name] == nil {
					names = append(names, name)
				}
				fields[name] = append(fields[name], s)
			case *ast.InlineFragment:
				if s.TypeCondition == "" || s.TypeCondition == kind {
					err = collect(s.SelectionSet)
				}
			case *ast.FragmentSpread:
				f := q.fragments.ForName(s.Name)
				if f == nil {
					return fmt.Errorf("there is no fragment %s", s.Name)
				}
				if f.TypeCondition == kind {
					err = collect(f.SelectionSet)
				}
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	for _, set := range sets {
		if err := collect(set); err != nil {
			return err
		}
	}
	out.WriteByte('{')
	for i, name := range names {
		if i > 0 {
			out.WriteByte(',')
		}
		fmt.Fprintf(out, "%q:", name)
		if err := write(out, fields[name]); err != nil {
			return err
		}
	}
	out.WriteByte('}')
	return nil
}

// value writes what fields of one name have.
func (q *request) value(out *bytes.Buffer, fields []*ast.Field, v any) error {
	switch v := v.(type) {
	case row:
		kind, _ := v["__typename"].(string)
		sets := make([]ast.SelectionSet, len(fields))
		for i, f := range fields {
			sets[i] = f.SelectionSet
		}
		return q.object(out, sets, kind, func(out *bytes.Buffer, fields []*ast.Field) error {
			found, ok := v[fields[0].Name]
			if !ok {
				return fmt.Errorf("there is no %s.%s", kind, fields[0].Name)
			}
			return q.value(out, fields, found)
		})
	case []any:
		first, err := q.argument(fields[0], "first")
		if err != nil {
			return err
		}
		if n, ok := first.(float64); ok {
			v = v[:max(0, min(int(n), len(v)))]
		}
		out.WriteByte('[')
		for i, x := range v {
			if i > 0 {
				out.WriteByte(',')
			}
			if err := q.value(out, fields, x); err != nil {
				return err
			}
		}
		out.WriteByte(']')
		return nil
	default:
		b, err := json.Marshal(v)
		out.Write(b)
		return err
	}
}

// argument is what a field is given under a name, as JSON has it; nil if it is not given.
func (q *request) argument(f *ast.Field, name string) (any, error) {
	a := f.Arguments.ForName(name)
	if a == nil {
		return nil, nil
	}
	text := []byte(a.Value.Raw)
	switch a.Value.Kind {
	case ast.Variable:
		if text = q.variables[a.Value.Raw]; text == nil {
			return nil, nil
		}
	case ast.StringValue, ast.BlockValue:
		return a.Value.Raw, nil
	case ast.NullValue:
		return nil, nil
	}
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return v, nil
}

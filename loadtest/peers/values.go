package peers

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// graphql reads a GraphQL answer: the value of data's one field, with the edge's ids ("Card:jaws-1975") as the tiers have them.
func graphql(answer []byte) (any, error) {
	var envelope struct {
		Data   map[string]any `json:"data"`
		Errors []any          `json:"errors"`
	}
	if err := json.Unmarshal(answer, &envelope); err != nil {
		return nil, err
	}
	if len(envelope.Errors) > 0 {
		return nil, fmt.Errorf("it answers errors: %.400s", fmt.Sprint(envelope.Errors...))
	}
	for _, v := range envelope.Data {
		return plainIDs(v), nil
	}
	return nil, errors.New("the answer has no data")
}

// plainIDs takes the shape's name off what stands under "id": to the edge, an id is one in all of a schema.
func plainIDs(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			if s, ok := x.(string); ok && k == "id" {
				v[k] = s[strings.IndexByte(s, ':')+1:]
			} else {
				v[k] = plainIDs(x)
			}
		}
	case []any:
		for i, x := range v {
			v[i] = plainIDs(x)
		}
	}
	return v
}

// arrays turns objects with keys 0, 1, 2, … into arrays: JSON Graph has no other lists. An empty object stays one.
func arrays(v any) any {
	switch v := v.(type) {
	case []any:
		for i, x := range v {
			v[i] = arrays(x)
		}
		return v
	case map[string]any:
		list := make([]any, 0, len(v))
		for i := range len(v) {
			if x, ok := v[strconv.Itoa(i)]; ok {
				list = append(list, arrays(x))
			}
		}
		if len(v) > 0 && len(list) == len(v) {
			return list
		}
		for k, x := range v {
			v[k] = arrays(x)
		}
	}
	return v
}

// values is how many leaves there are that are not null.
func values(v any) int {
	n := 0
	switch v := v.(type) {
	case map[string]any:
		for _, x := range v {
			n += values(x)
		}
	case []any:
		for _, x := range v {
			n += values(x)
		}
	case nil:
	default:
		n++
	}
	return n
}

// difference is the first place where two values differ, in words.
func difference(path string, want, got any) string {
	switch want := want.(type) {
	case map[string]any:
		if got, ok := got.(map[string]any); ok {
			keys := maps.Clone(want)
			maps.Copy(keys, got)
			for _, k := range slices.Sorted(maps.Keys(keys)) {
				w, inWant := want[k]
				g, inGot := got[k]
				if inWant != inGot {
					return fmt.Sprintf("%s.%s is there in one only", path, k)
				}
				if d := difference(path+"."+k, w, g); d != "" {
					return d
				}
			}
			return ""
		}
	case []any:
		if got, ok := got.([]any); ok {
			for i := range min(len(want), len(got)) {
				if d := difference(fmt.Sprintf("%s[%d]", path, i), want[i], got[i]); d != "" {
					return d
				}
			}
			if len(want) != len(got) {
				return fmt.Sprintf("%s has %d values instead of %d", path, len(got), len(want))
			}
			return ""
		}
	default:
		if w, g := fmt.Sprintf("%#v", want), fmt.Sprintf("%#v", got); w == g {
			return ""
		}
	}
	return fmt.Sprintf("%s is %.60v instead of %.60v", path, got, want)
}

package jsongraph_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// check is the protocol's invariant, written a second time from its text: every simple path of the sets ends, following
// references inside the graph, at a value, a sentinel or something that cuts it short.
func check(graph map[string]any, paths []any) error {
	for _, p := range paths {
		if slices.ContainsFunc(p.([]any), func(set any) bool { return len(expand(set)) == 0 }) {
			continue
		}
		if err := checkSet(graph, graph, p.([]any), nil, 0); err != nil {
			return err
		}
	}
	return nil
}

func checkSet(root, at any, left []any, walked []string, hops int) error {
	m, branch := at.(map[string]any)
	typ, _ := m["$type"].(string)
	if branch && typ == "ref" && len(left) > 0 {
		if hops > 100 {
			return fmt.Errorf("%v runs in a circle", walked)
		}
		return checkSet(root, root, slices.Concat(m["value"].([]any), left), nil, hops+1)
	}
	if !branch || typ != "" {
		if _, list := at.([]any); list {
			return fmt.Errorf("%v is a bare list", walked)
		}
		return nil
	}
	if len(left) == 0 {
		return fmt.Errorf("%v ends at a branch", walked)
	}
	for _, k := range expand(left[0]) {
		next, ok := m[k]
		if !ok {
			return fmt.Errorf("%v: nothing at %q", walked, k)
		}
		if err := checkSet(root, next, left[1:], append(walked[:len(walked):len(walked)], k), hops); err != nil {
			return err
		}
	}
	return nil
}

func expand(set any) []string {
	switch s := set.(type) {
	case []any:
		var out []string
		for _, k := range s {
			out = append(out, expand(k)...)
		}
		return out
	case map[string]any:
		from, _ := s["from"].(float64)
		to, ok := s["to"].(float64)
		if !ok {
			to = from + s["length"].(float64) - 1
		}
		var out []string
		for i := from; i <= to; i++ {
			out = append(out, strconv.FormatFloat(i, 'f', -1, 64))
		}
		return out
	case string:
		return []string{s}
	case float64:
		if s == 0 {
			return []string{"0"} // -0 prints so
		}
		b, _ := json.Marshal(s)
		return []string{string(b)}
	case bool:
		return []string{strconv.FormatBool(s)}
	}
	return nil
}

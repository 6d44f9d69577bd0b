package peers

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
)

// mostHops bounds the references that one path may go through.
const mostHops = 50

// asJSONGraph asks for path sets as falcor's own HTTP source does.
func asJSONGraph(path string, paths []any) Request {
	b, err := json.Marshal(paths)
	if err != nil {
		panic(err) // they stand in this package
	}
	return Request{Path: path + "?" + url.Values{"paths": {string(b)}, "method": {"get"}}.Encode()}
}

// fromJSONGraph reads an envelope as the client would for those path sets, below a prefix: references followed, atoms opened, lists
// as arrays.
func fromJSONGraph(paths []any, prefix ...string) func([]byte) (any, error) {
	return func(answer []byte) (any, error) {
		var envelope struct {
			Graph map[string]any `json:"jsonGraph"`
		}
		if err := json.Unmarshal(answer, &envelope); err != nil {
			return nil, err
		}
		tree := map[string]any{}
		for _, p := range paths {
			set, ok := p.([]any)
			if !ok {
				return nil, fmt.Errorf("%v is no path set", p)
			}
			if err := fill(envelope.Graph, envelope.Graph, set, tree, 0); err != nil {
				return nil, err
			}
		}
		var at any = tree
		for _, key := range prefix {
			m, _ := at.(map[string]any)
			at = m[key]
		}
		return plainIDs(arrays(at)), nil
	}
}

// fill puts what the path set finds from a node into the tree.
func fill(root map[string]any, node any, set []any, into map[string]any, hops int) error {
	m, ok := node.(map[string]any)
	if !ok {
		return fmt.Errorf("at %v: %v is no branch", set, node)
	}
	for _, key := range keys(set[0]) {
		found, ok := m[key]
		if !ok {
			return fmt.Errorf("%q is not in the answer", key)
		}
		if len(set) == 1 {
			into[key] = opened(found)
			continue
		}
		for ref, ok := reference(found); ok; ref, ok = reference(found) {
			if hops++; hops > mostHops*len(m)+mostHops {
				return fmt.Errorf("more than %d references in a row", mostHops)
			}
			if found, ok = follow(root, ref); !ok {
				return fmt.Errorf("the reference %v leads nowhere", ref)
			}
		}
		below, _ := into[key].(map[string]any)
		if below == nil {
			below = map[string]any{}
			into[key] = below
		}
		if err := fill(root, found, set[1:], below, 0); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	return nil
}

// keys are those of a key set.
func keys(set any) []string {
	switch set := set.(type) {
	case []any:
		var out []string
		for _, k := range set {
			out = append(out, keys(k)...)
		}
		return out
	case map[string]any:
		from, _ := set["from"].(int)
		to, _ := set["to"].(int)
		var out []string
		for i := from; i <= to; i++ {
			out = append(out, strconv.Itoa(i))
		}
		return out
	default:
		return []string{fmt.Sprint(set)}
	}
}

func reference(v any) ([]any, bool) {
	m, _ := v.(map[string]any)
	if m["$type"] != "ref" {
		return nil, false
	}
	path, ok := m["value"].([]any)
	return path, ok
}

func follow(root map[string]any, path []any) (any, bool) {
	var at any = root
	for _, key := range path {
		m, ok := at.(map[string]any)
		if !ok {
			return nil, false
		}
		if at, ok = m[fmt.Sprint(key)]; !ok {
			return nil, false
		}
	}
	return at, true
}

// opened is a leaf without its box; an atom without a value is what JSON has no word for.
func opened(v any) any {
	if m, ok := v.(map[string]any); ok && m["$type"] == "atom" {
		return m["value"]
	}
	return v
}

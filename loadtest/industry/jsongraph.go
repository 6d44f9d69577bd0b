package industry

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// Paths are Query as path sets of a JSON Graph: every value that it answers. Only the first user wrote reviews, at most four of one
// product; ranges past that would count against the limit of paths.
func Paths() []any {
	to := func(n int) any { return object{"to": n} }
	path := func(to []any, keys ...any) []any { return append(append([]any{}, to...), keys...) }
	user, review := []string{"id", "username", "name"}, []string{"id", "body"}
	product := []string{"inStock", "name", "price", "shippingEstimate", "upc", "weight"}
	written := func(at []any) []any { // reviews of a product, and what else their authors wrote
		other := path(at, "author", "reviews", to(10))
		return []any{path(at, review), path(at, "author", user), path(other, review), path(other, "product", product)}
	}
	mine, top := []any{"users", 0, "reviews", to(10)}, []any{"topProducts", to(Top - 1)}
	all := []any{
		[]any{"users", to(5), user}, []any{"users", to(5), "reviews", "length"}, path(top, "reviews", "length"),
		path(mine, review), path(mine, "product", product), path(top, product),
	}
	return append(append(all, written(path(mine, "product", "reviews", to(3)))...), written(path(top, "reviews", to(3)))...)
}

// A graph is the value of "jsonGraph" in an answer.
type graph map[string]any

// at is the value at a path, references followed and atoms opened.
func (g graph) at(path []string) (any, error) {
	here := any(map[string]any(g))
	for hops := 0; ; {
		if m, ok := here.(object); ok {
			switch m["$type"] {
			case "ref":
				target, ok := m["value"].([]any)
				if hops++; !ok || hops > 50 {
					return nil, fmt.Errorf("the reference %v leads nowhere", m)
				}
				whole := make([]string, 0, len(target)+len(path))
				for _, k := range target {
					whole = append(whole, key(k))
				}
				here, path = map[string]any(g), append(whole, path...)
				continue
			case "atom":
				here = m["value"]
			case "error":
				return nil, fmt.Errorf("an error: %v", m["value"])
			}
		}
		if len(path) == 0 {
			return here, nil
		}
		m, ok := here.(object)
		next, has := m[path[0]]
		if !ok || !has {
			return nil, fmt.Errorf("%q is missing", path[0])
		}
		here, path = next, path[1:]
	}
}

func key(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

// Holds says whether a JSON Graph answer has every value of a tree where the tree has it.
func Holds(answer []byte, tree map[string]any) error {
	var a struct {
		JSONGraph graph `json:"jsonGraph"`
	}
	if err := json.Unmarshal(answer, &a); err != nil {
		return err
	}
	if a.JSONGraph == nil {
		return errors.New("it is no JSON Graph")
	}
	return a.JSONGraph.holds(tree, nil)
}

func (g graph) holds(v any, at []string) error {
	below := func(k string, v any) error { return g.holds(v, append(at[:len(at):len(at)], k)) }
	switch v := v.(type) {
	case map[string]any:
		for k, sub := range v {
			if err := below(k, sub); err != nil {
				return err
			}
		}
		return nil
	case []any:
		for i, sub := range v {
			if err := below(strconv.Itoa(i), sub); err != nil {
				return err
			}
		}
		if len(v) > 0 {
			return nil
		}
		return g.same(append(at[:len(at):len(at)], "length"), 0)
	}
	return g.same(at, v)
}

func (g graph) same(at []string, want any) error {
	got, err := g.at(at)
	if err != nil {
		return fmt.Errorf("%v: %w", at, err)
	}
	if w, ok := want.(int); ok {
		want = float64(w)
	}
	if got != want {
		return fmt.Errorf("%v is %v, want %v", at, got, want)
	}
	return nil
}

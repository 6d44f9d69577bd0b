package bench

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Reader takes a figure out of what a source printed.
type Reader func(printed []byte) (float64, error)

// JSON reads a number at a path of the last JSON document that was printed: names, and indices of lists.
func JSON(path string) Reader {
	return func(printed []byte) (float64, error) {
		var v any
		if err := json.Unmarshal(printed, &v); err != nil {
			return 0, fmt.Errorf("it printed no JSON document: %w", err)
		}
		for key := range strings.SplitSeq(path, ".") {
			switch at := v.(type) {
			case map[string]any:
				v = at[key]
			case []any:
				i, err := strconv.Atoi(key)
				if err != nil || i < 0 || i >= len(at) {
					return 0, fmt.Errorf("its document has no %q of %s", key, path)
				}
				v = at[i]
			default:
				return 0, fmt.Errorf("its document has no %s", path)
			}
		}
		n, ok := v.(float64)
		if !ok {
			return 0, fmt.Errorf("its document has no number at %s", path)
		}
		return n, nil
	}
}

// Minus is the difference of two figures of one source.
func Minus(a, b Reader) Reader { return both(a, b, func(x, y float64) float64 { return x - y }) }

// Over is their quotient.
func Over(a, b Reader) Reader { return both(a, b, func(x, y float64) float64 { return x / y }) }

func both(a, b Reader, f func(x, y float64) float64) Reader {
	return func(printed []byte) (float64, error) {
		x, err := a(printed)
		if err != nil {
			return 0, err
		}
		y, err := b(printed)
		return f(x, y), err
	}
}

// cores is what go test adds to a benchmark's name.
var cores = regexp.MustCompile(`-\d+$`)

// Benchmark reads a unit of a benchmark's line: "BenchmarkPage/film" and "allocs/op". Of several lines the median.
func Benchmark(name, unit string) Reader {
	return func(printed []byte) (float64, error) {
		var all []float64
		for line := range strings.Lines(string(printed)) {
			words := strings.Fields(line)
			if len(words) < 4 || words[0] != name && cores.ReplaceAllString(words[0], "") != name {
				continue
			}
			for i := 2; i+1 < len(words); i += 2 {
				if words[i+1] != unit {
					continue
				}
				v, err := strconv.ParseFloat(words[i], 64)
				if err != nil {
					return 0, err
				}
				all = append(all, v)
			}
		}
		if len(all) == 0 {
			return 0, fmt.Errorf("it printed no %s of %s", unit, name)
		}
		slices.Sort(all)
		return all[len(all)/2], nil
	}
}

// Line reads the number that the expression's first group matches; of several matches the last.
func Line(expression string) Reader {
	e := regexp.MustCompile(expression)
	return func(printed []byte) (float64, error) {
		found := e.FindAllSubmatch(printed, -1)
		if len(found) == 0 {
			return 0, fmt.Errorf("it printed nothing like %s", expression)
		}
		return strconv.ParseFloat(strings.ReplaceAll(string(found[len(found)-1][1]), ",", ""), 64)
	}
}

package jsongraph

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"

	"facet/view"
)

// convert makes an argument's JSON value of a key's text. ok is false if the text is no value of the argument's type, or
// not the way in which it prints: "01" is another key than 1.
func convert(s *view.Surface, a *view.Arg, text string) (value json.RawMessage, ok bool) {
	if a.Type.List() {
		return nil, false
	}
	switch name := a.Type.Named(); name {
	case "ID", "String":
		if a.MaxLength > 0 && len(text) > 4*a.MaxLength {
			return nil, false
		}
		return appendText(nil, text), true
	case "Int":
		n, err := strconv.ParseInt(text, 10, 32)
		return json.RawMessage(text), err == nil && strconv.FormatInt(n, 10) == text && within(a, float64(n))
	case "Float":
		f, err := strconv.ParseFloat(text, 64)
		return json.RawMessage(text), err == nil && !math.IsInf(f, 0) && formatNumber(f) == text && within(a, f)
	case "Boolean":
		return json.RawMessage(text), text == "true" || text == "false"
	default:
		e, ok := s.Enum(name)
		if !ok || !slices.Contains(e.Values, text) {
			return nil, false
		}
		return appendText(nil, text), true
	}
}

func within(a *view.Arg, f float64) bool {
	return (a.Min == nil || f >= *a.Min) && (a.Max == nil || f <= *a.Max)
}

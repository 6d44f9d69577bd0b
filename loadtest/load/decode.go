package load

import (
	"errors"
	"slices"
	"strconv"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// mostMistakes bounds what a decoder is heard about.
const mostMistakes = 50

// decodeMistakes are all that a decoder does not like, of which err is the first. It ends at each: what it did not like is taken out, and it
// reads again.
func (src *source) decodeMistakes(err error) Mistakes {
	var list Mistakes
	var whole any
	if jsonv2.Unmarshal(src.json, &whole) != nil {
		return Mistakes{src.decodeMistake(err)}
	}
	for err != nil && len(list) < mostMistakes {
		m := src.decodeMistake(err)
		if slices.ContainsFunc(list, func(o *Mistake) bool { return o.at == m.at }) {
			break
		}
		list = append(list, m)
		var sem *jsonv2.SemanticError
		if !errors.As(err, &sem) || !takeOut(whole, m.at) {
			break
		}
		rest, failed := jsonv2.Marshal(whole)
		if failed != nil {
			break
		}
		err = jsonv2.Unmarshal(rest, &Scenario{}, jsonv2.RejectUnknownMembers(true))
	}
	return list
}

// takeOut takes what stands at a place out of a value. In a list null comes into its place, so that the others keep theirs.
func takeOut(v any, at jsontext.Pointer) bool {
	if at == "" {
		return false
	}
	for token := range at.Parent().Tokens() {
		switch x := v.(type) {
		case map[string]any:
			v = x[token]
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(x) {
				return false
			}
			v = x[i]
		}
	}
	switch x := v.(type) {
	case map[string]any:
		delete(x, at.LastToken())
		return true
	case []any:
		i, err := strconv.Atoi(at.LastToken())
		if err != nil || i < 0 || i >= len(x) {
			return false
		}
		x[i] = nil
		return true
	}
	return false
}

package load

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// A template is a text with places for values.
type template []part

type part struct {
	text string // before the value
	name string // of the value; "" is none
	as   form
}

// A form is how a value is written where it stands.
type form int

const (
	asIs      form = iota
	inPath         // a part of a URL's path
	inQuery        // of its query
	inString       // within a JSON string
	inBoth         // within a JSON string in a URL's query
	jsonWhole      // a JSON value: the quotes around "{name}" are gone
)

var placeName = regexp.MustCompile(`\{[A-Za-z_][A-Za-z0-9_-]*\}`)

// cut finds the places of known names in a text; at says how a value stands there. Names that are not known stay text and are returned.
func cut(text string, known func(string) bool, at func(from, to int) form) (t template, unknown []string) {
	last := 0
	for _, m := range placeName.FindAllStringIndex(text, -1) {
		name := text[m[0]+1 : m[1]-1]
		if !known(name) {
			unknown = append(unknown, name)
			continue
		}
		as, from, to := at(m[0], m[1]), m[0], m[1]
		if as == jsonWhole {
			from, to = from-1, to+1
		}
		t = append(t, part{text[last:from], name, as})
		last = to
	}
	return append(t, part{text: text[last:]}), unknown
}

// cutURL is cut for a path with a query.
func cutURL(text string, known func(string) bool) (template, []string) {
	query := strings.IndexByte(text, '?')
	return cut(text, known, func(from, _ int) form {
		if query >= 0 && from > query {
			return inQuery
		}
		return inPath
	})
}

// cutJSON is cut for JSON; "{name}" alone in a string stands for a value of any kind. A body that is no JSON takes values as they are.
func cutJSON(raw []byte, known func(string) bool) (template, []string) {
	text, valid := string(raw), json.Valid(raw)
	return cut(text, known, func(from, to int) form {
		switch {
		case !valid:
			return asIs
		case from > 0 && text[from-1] == '"' && to < len(text) && text[to] == '"' && (from < 2 || text[from-2] != '\\'):
			return jsonWhole
		}
		return inString
	})
}

func cutText(text string, known func(string) bool) (template, []string) {
	return cut(text, known, func(int, int) form { return asIs })
}

// fill writes the text with values of the scope.
func (t template) fill(s *scope) string {
	if len(t) == 0 {
		return ""
	}
	if len(t) == 1 {
		return t[0].text
	}
	var b strings.Builder
	for _, p := range t {
		b.WriteString(p.text)
		if p.name == "" {
			continue
		}
		v := s.value(p.name)
		switch {
		case p.as == inPath:
			b.WriteString(url.PathEscape(v.text))
		case p.as == inQuery:
			b.WriteString(url.QueryEscape(v.text))
		case p.as == jsonWhole && v.json, p.as == asIs:
			b.WriteString(v.text)
		default:
			quoted, err := json.Marshal(v.text)
			switch {
			case err != nil:
				fmt.Fprintf(&b, "%q", v.text)
			case p.as == inString:
				b.Write(quoted[1 : len(quoted)-1])
			case p.as == inBoth:
				b.WriteString(url.QueryEscape(string(quoted[1 : len(quoted)-1])))
			default:
				b.Write(quoted)
			}
		}
	}
	return b.String()
}

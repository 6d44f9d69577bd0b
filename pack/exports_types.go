package pack

import (
	"slices"
	"strings"

	"facet/fault"
)

// beginners are words that begin a statement where they stand first on a line.
var beginners = []string{"export", "import", "const", "let", "var", "function", "async", "type", "interface", "class", "enum", "declare", "abstract"}

// ends says whether a statement that did not end yet ends before token i, for want of a semicolon.
func (s *statements) ends(i int) bool {
	return i > 0 && s.tokens[i].line > s.tokens[i-1].line && slices.Contains(beginners, s.at(i))
}

// typeEnd is the index of the first of the stops behind from that is in no bracket, or where the statement ends.
func (s *statements) typeEnd(from int, stops ...string) int {
	i, angles := from, 0
	for i < len(s.tokens) {
		switch t := s.at(i); {
		case angles == 0 && slices.Contains(stops, t), i > from && s.ends(i):
			return i
		case t == "(" || t == "[" || t == "{":
			i = s.past(i)
			continue
		case t == ")" || t == "]" || t == "}":
			return i
		case t == "<":
			angles++
		case t == ">" && angles > 0:
			angles--
		}
		i++
	}
	return i
}

// text is tokens as one line, written one way whatever their author's spaces were.
func (s *statements) text(from, to int) string {
	return joined(s.tokens[min(from, len(s.tokens)):min(to, len(s.tokens))])
}

func joined(tokens []token) string {
	var b strings.Builder
	for i, t := range tokens {
		if i == 0 && t.text == "|" {
			continue // a union on lines of its own
		}
		if (t.text == ";" || t.text == ",") && (i+1 == len(tokens) || strings.Contains(")]}", tokens[i+1].text)) {
			continue
		}
		if b.Len() > 0 && !strings.Contains(",;:)]>?.([<", t.text) && !strings.Contains("([<.", tokens[i-1].text) && t.text != "?." {
			b.WriteByte(' ')
		}
		b.WriteString(t.text)
	}
	return b.String()
}

// values reads const, let and var.
func (s *statements) values() []string {
	var names []string
	for s.i++; s.i < len(s.tokens); s.i++ {
		if !s.tokens[s.i].word() {
			break // a pattern: its names are not told
		}
		name, x := s.at(s.i), Export{Name: s.at(s.i), Kind: "value", Pos: s.pos(s.i)}
		if s.i++; s.at(s.i) == "!" {
			s.i++
		}
		if s.at(s.i) == ":" {
			end := s.typeEnd(s.i+1, "=", ",", ";")
			x.Type = s.text(s.i+1, end)
			s.i = end
		}
		if s.at(s.i) == "=" {
			s.i++
			s.value(&x)
		}
		s.out.all[name] = x
		names = append(names, name)
		s.i = s.typeEnd(s.i, ",", ";")
		if s.at(s.i) != "," {
			break
		}
	}
	return names
}

// value tells what a value is by how its text begins.
func (s *statements) value(x *Export) {
	i := s.i
	if s.at(i) == "async" {
		i++
	}
	if s.at(i) == "<" {
		i = s.angles(i)
	}
	switch {
	case s.at(i) == "function":
		f := s.function(i, x.Name, x.Pos)
		if x.Type != "" {
			f.Type = x.Type
		}
		*x = f
	case s.at(i) == "(":
		end := s.past(i)
		result := ""
		if s.at(end) == ":" {
			stop := s.typeEnd(end+1, "=>", ",", ";")
			result = s.text(end+1, stop)
			if s.at(stop) != "=>" {
				return
			}
		} else if s.at(end) != "=>" {
			return
		}
		if x.Type == "" { // an annotation says more than the function's own
			x.Kind, x.Params, x.Type = "function", s.params(i+1, end-1), result
		}
		s.i = end
	case s.at(i+1) == "=>" && i < len(s.tokens) && s.tokens[i].word():
		if x.Type == "" {
			x.Kind, x.Params = "function", []string{s.at(i)}
		}
	case s.at(i) == "shape" && s.at(i+1) == "(":
		x.Kind = "shape"
	}
}

// angles is the index behind the bracket that closes the one at i.
func (s *statements) angles(i int) int {
	deep := 0
	for ; i < len(s.tokens); i++ {
		switch s.at(i) {
		case "<":
			deep++
		case ">":
			if deep--; deep == 0 {
				return i + 1
			}
		}
	}
	return i
}

// function reads "function name(params): result { … }", from the word function on.
func (s *statements) function(i int, name string, pos fault.Pos) Export {
	x := Export{Name: name, Kind: "function", Pos: pos}
	for i < len(s.tokens) && s.at(i) != "(" && s.at(i) != "<" {
		i++
	}
	if s.at(i) == "<" {
		i = s.angles(i)
	}
	end := s.past(i)
	x.Params = s.params(i+1, end-1)
	i = end
	if s.at(i) == ":" {
		from := i + 1
		if i = from; s.at(i) == "{" { // an object type, not the body
			i = s.past(i)
		}
		i = s.typeEnd(i, "{", ";")
		x.Type = s.text(from, i)
	}
	if s.at(i) == "{" {
		i = s.past(i)
	}
	s.i = i
	return x
}

func (s *statements) params(from, to int) []string {
	var out []string
	for _, p := range split(s.tokens[min(from, len(s.tokens)):max(min(to, len(s.tokens)), min(from, len(s.tokens)))], ",") {
		out = append(out, joined(p))
	}
	return out
}

// split cuts tokens at separators that stand in no bracket.
func split(tokens []token, seps ...string) [][]token {
	var out [][]token
	deep, from := 0, 0
	for i, t := range tokens {
		switch {
		case strings.Contains("([{<", t.text):
			deep++
		case strings.Contains(")]}>", t.text):
			deep--
		case deep == 0 && slices.Contains(seps, t.text):
			if i > from {
				out = append(out, tokens[from:i])
			}
			from = i + 1
		}
	}
	if from < len(tokens) {
		out = append(out, tokens[from:])
	}
	return out
}

// param is a parameter's name, whether callers may leave it out, and its type; "" if none is written.
func param(p string) (name string, optional bool, typ string) {
	tokens := scan(p)
	halves := split(tokens, "=")
	if len(halves) == 0 { // what is no TypeScript may have nothing there
		return "", true, ""
	}
	optional = len(halves) > 1 || strings.HasPrefix(p, "...")
	name, may, typ := named(halves[0])
	return strings.TrimPrefix(name, "... "), optional || may, typ
}

// named cuts "name?: type".
func named(tokens []token) (name string, optional bool, typ string) {
	deep := 0
	for i, t := range tokens {
		switch {
		case strings.Contains("([{<", t.text):
			deep++
		case strings.Contains(")]}>", t.text):
			deep--
		case deep == 0 && t.text == ":":
			before := tokens[:i]
			if i > 0 && tokens[i-1].text == "?" {
				before, optional = tokens[:i-1], true
			}
			return joined(before), optional, joined(tokens[i+1:])
		}
	}
	if n := len(tokens); n > 0 && tokens[n-1].text == "?" {
		return joined(tokens[:n-1]), true, ""
	}
	return joined(tokens), false, ""
}

// A member is one of an object type.
type member struct {
	typ      string
	optional bool
}

// members are those of an object type as it is written; false for another type.
func members(typ string) (map[string]member, bool) {
	tokens := scan(typ)
	n := len(tokens)
	if n < 2 || tokens[0].text != "{" || tokens[n-1].text != "}" {
		return nil, false
	}
	out := map[string]member{}
	for _, m := range split(tokens[1:n-1], ";", ",") {
		if m[0].text == "readonly" && len(m) > 1 && m[1].text != ":" {
			m = m[1:]
		}
		if m[0].text == "[" || m[0].text == "(" { // of an index or a call there is no name
			return nil, false
		}
		name, optional, t := named(m)
		out[name] = member{t, optional}
	}
	return out, true
}

func isString(t string) bool { return t != "" && strings.ContainsAny(t[:1], "\"'`") }

func unquote(t string) string { return strings.Trim(t, "\"'`") }

package pack

import "facet/fault"

// statements reads what stands at the top level of a file.
type statements struct {
	file   string
	tokens []token
	i      int
	out    *declared
}

func (s *statements) at(i int) string {
	if i < len(s.tokens) {
		return s.tokens[i].text
	}
	return ""
}

func (s *statements) pos(i int) fault.Pos {
	if i >= len(s.tokens) {
		return fault.Pos{File: s.file}
	}
	return fault.Pos{File: s.file, Line: s.tokens[i].line, Col: s.tokens[i].col}
}

func (s *statements) read() {
	for s.i < len(s.tokens) {
		switch s.at(s.i) {
		case "import":
			s.imported()
		case "export":
			s.i++
			s.exported()
		case "(", "[", "{":
			s.i = s.past(s.i)
		case "const", "let", "var", "function", "async", "type", "interface", "class", "enum", "declare", "abstract":
			s.declaration()
		default:
			s.i++
		}
	}
}

// past is the index behind the bracket that closes the one at i.
func (s *statements) past(i int) int {
	deep := 0
	for ; i < len(s.tokens); i++ {
		switch s.at(i) {
		case "(", "[", "{":
			deep++
		case ")", "]", "}":
			if deep--; deep <= 0 {
				return i + 1
			}
		}
	}
	return i
}

// imported reads an import: only where names of it may be exported again does it matter.
func (s *statements) imported() {
	pos := s.pos(s.i)
	if s.i++; s.at(s.i) == "type" {
		s.i++
	}
	var names []reexport
	for s.i < len(s.tokens) && s.at(s.i) != "from" && s.at(s.i) != ";" && !isString(s.at(s.i)) && s.at(s.i) != "(" {
		switch {
		case s.at(s.i) == "{":
			end := s.past(s.i)
			names = append(names, s.names(s.i+1, end-1)...)
			s.i = end
		case s.tokens[s.i].word() && s.at(s.i) != "as":
			names = append(names, reexport{name: "default", as: s.at(s.i)})
			s.i++
		default:
			s.i++
		}
	}
	if s.at(s.i) == "from" {
		s.i++
	}
	for _, n := range names {
		n.file, n.pos = unquote(s.at(s.i)), pos
		s.out.imports[n.as] = n
	}
	s.i++
}

// names reads "a, b as c, type D" between braces.
func (s *statements) names(from, to int) []reexport {
	var out []reexport
	for i := from; i < to; i++ {
		if s.at(i) == "type" && i+1 < to && s.at(i+1) != "," && s.at(i+1) != "as" {
			i++
		}
		n := reexport{name: unquote(s.at(i)), as: unquote(s.at(i)), pos: s.pos(i)}
		if i+2 < to && s.at(i+1) == "as" {
			n.as = unquote(s.at(i + 2))
			i += 2
		}
		if n.name != "," {
			out = append(out, n)
		}
		for i+1 < to && s.at(i+1) != "," {
			i++
		}
		i++
	}
	return out
}

func (s *statements) exported() {
	pos := s.pos(s.i)
	if s.at(s.i) == "type" && (s.at(s.i+1) == "{" || s.at(s.i+1) == "*") {
		s.i++
	}
	switch s.at(s.i) {
	case "*":
		s.i++
		as := ""
		if s.at(s.i) == "as" {
			as = unquote(s.at(s.i + 1))
			s.i += 2
		}
		if s.at(s.i) == "from" {
			s.out.from = append(s.out.from, reexport{name: "*", as: as, file: unquote(s.at(s.i + 1)), pos: pos})
			s.i += 2
		}
	case "{":
		end := s.past(s.i)
		list := s.names(s.i+1, end-1)
		s.i = end
		file := ""
		if s.at(s.i) == "from" {
			file = unquote(s.at(s.i + 1))
			s.i += 2
		}
		for _, n := range list {
			if file == "" {
				s.out.exports[n.as] = n.name
				continue
			}
			n.file = file
			s.out.from = append(s.out.from, n)
		}
	case "default":
		s.i++
		x := Export{Kind: "value", Pos: pos}
		if s.at(s.i) == "function" || s.at(s.i) == "async" {
			x = s.function(s.i, "default", pos)
		}
		s.out.all["default"], s.out.exports["default"] = x, "default"
	default:
		for _, name := range s.declaration() {
			s.out.exports[name] = name
		}
	}
}

// declaration reads one, and gives the names that it declares.
func (s *statements) declaration() []string {
	for s.at(s.i) == "declare" || s.at(s.i) == "abstract" {
		s.i++
	}
	word, pos := s.at(s.i), s.pos(s.i+1)
	name := s.at(s.i + 1)
	put := func(x Export) []string {
		x.Name, x.Pos = name, pos
		if old, twice := s.out.all[name]; twice && old.Kind == "function" && x.Kind == "function" {
			x.Kind, x.Params, x.Type = "?", nil, "" // overloads
		}
		s.out.all[name] = x
		return []string{name}
	}
	switch word {
	case "const", "let", "var":
		if word == "const" && name == "enum" {
			name, pos = s.at(s.i+2), s.pos(s.i+2)
			s.i += 3
			return put(Export{Kind: "enum"})
		}
		return s.values()
	case "async":
		if name != "function" {
			s.i++
			return nil
		}
		s.i++
		name, pos = s.at(s.i+1), s.pos(s.i+1)
		fallthrough
	case "function":
		return put(s.function(s.i, name, pos))
	case "class", "enum":
		s.i += 2
		return put(Export{Kind: word})
	case "interface":
		s.i += 2
		for s.i < len(s.tokens) && s.at(s.i) != "{" {
			s.i++
		}
		end := s.past(s.i)
		x := Export{Kind: "interface", Type: s.text(s.i, end)}
		s.i = end
		return put(x)
	case "type":
		if s.i+2 >= len(s.tokens) || !s.tokens[s.i+1].word() {
			s.i++
			return nil
		}
		s.i += 2
		for s.i < len(s.tokens) && s.at(s.i) != "=" {
			s.i++
		}
		from := s.i + 1
		s.i = s.typeEnd(from, ";")
		return put(Export{Kind: "type", Type: s.text(from, s.i)})
	}
	s.i++
	return nil
}

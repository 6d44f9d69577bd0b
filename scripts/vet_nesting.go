package scripts

import (
	"fmt"
	"strings"
)

// Bounds of a source text before anything parses it: parsers call themselves for each level, and a stack that overflows takes the
// process with it.
const (
	maxLevels = 500    // of brackets
	maxRun    = 5_000  // operators between two places where an expression must end
	maxElse   = 10_000 // else in one file
)

// tooDeep is where a text nests deeper than parsers take.
type tooDeep struct {
	at        int // a byte of the text
	text      string
	code, fix string // of the diagnostic; "": of what nests
}

func (e *tooDeep) Error() string { return e.text }

// nesting reads a text of JavaScript or TypeScript only so far as to know its brackets, and refuses one that nests too deep. Where it cannot
// tell a division from a regular expression, and it matters, it refuses too.
func nesting(text string) (measure, *tooDeep) {
	s := scanner{text: text}
	if strings.HasPrefix(text, "#!") {
		s.line()
	}
	for s.at < len(s.text) {
		if err := s.token(); err != nil {
			return s.measure, err
		}
	}
	return s.measure, nil
}

type scanner struct {
	text   string
	at     int
	open   []level
	run    int
	elses  int
	spread int
	prev   string // the token before: a word, a number as "0", a text as "'", else its last character
	before string // the one before that
	broke  bool   // a line ended after it
	heads  bool   // the parenthesis that closed last was after if, while, for or with
	items  int    // commas since the bracket
	length int    // of the text before
	measure
}

// A level is an open bracket.
type level struct {
	with byte
	run  int  // of the level around it
	item int  // commas of the level around it
	head bool // a parenthesis after if, while, for or with: what follows it begins anew
	text bool // ${ of a template: } continues it
}

func (s *scanner) fail(format string, args ...any) *tooDeep {
	return &tooDeep{at: min(s.at, len(s.text)), text: fmt.Sprintf(format, args...)}
}

func (s *scanner) token() *tooDeep {
	c := s.text[s.at]
	switch {
	case c == '\n' || c == '\r':
		s.broke = true
		s.at++
		return nil
	case c == ' ' || c == '\t':
		s.at++
		return nil
	case strings.HasPrefix(s.text[s.at:], "//"):
		s.line()
		return nil
	case strings.HasPrefix(s.text[s.at:], "/*"):
		end := strings.Index(s.text[s.at+2:], "*/")
		if end < 0 {
			s.at = len(s.text)
			return nil
		}
		s.broke = s.broke || strings.ContainsAny(s.text[s.at:s.at+end+4], "\n\r\u2028\u2029")
		s.at += end + 4
		return nil
	case strings.HasPrefix(s.text[s.at:], "<!--"), strings.HasPrefix(s.text[s.at:], "-->") && s.broke:
		return s.fail("a comment of HTML")
	case c == '"' || c == '\'':
		start := s.at
		s.quoted(c)
		s.length = s.at - start
		s.past("'")
		return nil
	case c == '`':
		s.at++
		return s.template()
	case wordByte(c):
		return s.name()
	case c == '/':
		return s.slash()
	}
	return s.sign(c)
}

func (s *scanner) past(token string) {
	s.before, s.prev, s.broke = s.prev, token, false
	if s.tokens++; token == "[" {
		s.uses++
	}
}

// line skips a comment to the end of its line.
func (s *scanner) line() {
	for s.at < len(s.text) && s.text[s.at] != '\n' && s.text[s.at] != '\r' && !strings.HasPrefix(s.text[s.at:], "\u2028") && !strings.HasPrefix(s.text[s.at:], "\u2029") {
		s.at++
	}
}

func (s *scanner) quoted(c byte) {
	for s.at++; s.at < len(s.text) && s.text[s.at] != c && s.text[s.at] != '\n'; s.at++ {
		if s.text[s.at] == '\\' {
			s.at++
			if strings.HasPrefix(s.text[min(s.at, len(s.text)):], "\r\n") {
				s.at++
			}
		}
	}
	s.at++
}

// template reads on to the end of a template or to its next ${.
func (s *scanner) template() *tooDeep {
	for s.at < len(s.text) {
		switch c := s.text[s.at]; {
		case c == '\\':
			s.at += 2
		case c == '`':
			s.at++
			s.length = 0
			s.past("'")
			return nil
		case c == '$' && strings.HasPrefix(s.text[s.at:], "${"):
			s.at += 2
			s.past("{")
			return s.push(level{with: '{', text: true})
		default:
			s.at++
		}
	}
	return nil
}

func (s *scanner) push(l level) *tooDeep {
	l.run, l.item = s.run, s.items
	s.items = 0
	s.open = append(s.open, l)
	s.run = 0
	if len(s.open) > maxLevels {
		return s.fail("its brackets nest deeper than %d", maxLevels)
	}
	return nil
}

func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '$' || c == '\\' || c >= 0x80 || c == '#' || c == '@'
}

func (s *scanner) name() *tooDeep {
	start := s.at
	for s.at < len(s.text) && wordByte(s.text[s.at]) {
		if s.text[s.at] >= 0x80 && (strings.HasPrefix(s.text[s.at:], "\u2028") || strings.HasPrefix(s.text[s.at:], "\u2029")) {
			s.broke = true
		}
		s.at++
	}
	name := s.text[start:s.at]
	s.uses++
	if len(name) > s.longest && (name[0] < '0' || name[0] > '9') {
		s.longest, s.measure.at = len(name), start
	}
	if name == "as" && s.prev == "'" && s.length > s.longest { // a text can be a name of what is exported
		s.longest, s.measure.at = s.length, start
	}
	switch {
	case s.prev == ".":
		name = "name"
	case name == "else":
		if s.elses++; s.elses > maxElse {
			return s.fail("it has more than %d else", maxElse)
		}
	case name == "const" || name == "var" || name == "export" || name == "return" || name == "throw":
		s.run = 0
	case (name == "import" || name == "let") && s.broke:
		s.run = 0
	case name == "typeof" || name == "void" || name == "delete" || name == "new" || name == "await" || name == "yield" || name == "if" || name == "for" || name == "while" || name == "do" || name == "with":
		s.run++
	}
	s.past(name)
	return s.long()
}

func (s *scanner) long() *tooDeep {
	if s.run > maxRun {
		return s.fail("an expression has more than %d operators", maxRun)
	}
	return nil
}

// beforePattern are words after which a slash begins a regular expression.
var beforePattern = map[string]bool{"return": true, "typeof": true, "case": true, "do": true, "else": true, "in": true, "instanceof": true, "new": true,
	"void": true, "delete": true, "throw": true, "default": true, "extends": true}

func (s *scanner) slash() *tooDeep {
	unclear := false
	p := s.prev
	switch {
	case p == "":
		return s.pattern(false)
	case beforePattern[p]:
		return s.pattern(false)
	case p == "yield" || p == "await" || p == "of" || p == "}" || p == ">":
		unclear = true
	case p == "!" && (s.before != "" && wordByte(s.before[0]) && !beforePattern[s.before] || s.before == ")" || s.before == "]" || s.before == "'"):
		unclear = true
	case p == ")":
		if s.heads {
			return s.pattern(false)
		}
	case p == "]" || p == "'" || wordByte(p[0]) || p == "++" || p == "--":
	default:
		return s.pattern(false)
	}
	if unclear || s.broke { // a type ends with its line: a pattern may follow
		return s.pattern(true)
	}
	s.at++
	s.run++
	s.past("/")
	return s.long()
}

// pattern skips a regular expression. If it may be a division instead, what it would skip must not matter.
func (s *scanner) pattern(unclear bool) *tooDeep {
	end, inside := s.at+1, false
	for ; end < len(s.text) && (s.text[end] != '/' || inside); end++ {
		switch s.text[end] {
		case '\\':
			end++
		case '[':
			inside = true
		case ']':
			inside = false
		case '\n', '\r':
			end = len(s.text)
		}
	}
	if end >= len(s.text) { // no end on this line: a division
		s.at++
		s.run++
		s.past("/")
		return s.long()
	}
	if unclear && (strings.ContainsAny(s.text[s.at+1:end], "`'\"(){}[]*!~") || strings.HasPrefix(s.text[end+1:], "*") || strings.HasPrefix(s.text[end+1:], "/")) {
		return s.fail("a / that may divide or begin a regular expression: put the expression in parentheses")
	}
	s.at = end + 1
	s.length = 0
	s.past("'")
	return nil
}

func (s *scanner) sign(c byte) *tooDeep {
	switch c {
	case '(', '[', '{':
		head := c == '(' && (s.prev == "if" || s.prev == "while" || s.prev == "for" || s.prev == "with")
		s.at++
		s.past(string(c))
		return s.push(level{with: c, head: head})
	case ')', ']', '}':
		s.at++
		if n := len(s.open); n > 0 {
			l := s.open[n-1]
			s.open = s.open[:n-1]
			s.run, s.items = l.run+1, l.item
			if l.text && c == '}' {
				return s.template()
			}
			s.heads = l.head
			if c == '}' && (n == 1 || s.open[n-2].with == '{') {
				s.run = l.run // a block, or a value among others
			}
		}
		s.past(string(c))
		return s.long()
	case ',', ';':
		s.run = 0
		if s.items++; c == ';' {
			s.items = 0
		}
		if s.items > maxElements {
			return &tooDeep{at: s.at, text: fmt.Sprintf("it lists more than %d values", maxElements), code: "F206", fix: "Give data through the graph: a package is code"}
		}
		if c == ',' && (len(s.open) == 0 || s.open[len(s.open)-1].with == '{') {
			s.run = 0
		}
		s.at++
		s.past(string(c))
		return nil
	}
	if strings.HasPrefix(s.text[s.at:], "...") {
		if s.spread++; s.spread > maxElse {
			return s.fail("it spreads more than %d values", maxElse)
		}
		s.at += 3
		s.past("...")
		return nil
	}
	if strings.HasPrefix(s.text[s.at:], "++") || strings.HasPrefix(s.text[s.at:], "--") {
		s.at += 2
		s.run++
		s.past(s.text[s.at-2 : s.at])
		return s.long()
	}
	if strings.HasPrefix(s.text[s.at:], "=>") {
		s.at += 2
		s.run++
		s.past("=>")
		return s.long()
	}
	s.at++
	s.run++
	s.past(string(c))
	return s.long()
}

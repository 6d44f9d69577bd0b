package scripts

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
	"unicode/utf16"
)

// Bounds of one regular expression.
const (
	maxPattern = 1000    // units of its text
	maxProgram = 1500    // steps that it compiles to
	maxWork    = 1 << 20 // steps times units of text of one match
)

// A pattern is a regular expression of JavaScript that a matcher without backtracking answers exactly: it takes time in
// proportion to the text, and says what Node says.
type pattern struct {
	source                                         string
	global, ignoreCase, multiline, dotAll, unicode bool
	sticky                                         bool
	groups                                         []string // names, "" where one has none; the first is the whole
	named                                          bool
	steps                                          int

	search *regexp.Regexp // from the text's begin
	body   string
	later  lazyRegexp // from a place after one unit
	stuck  lazyRegexp // at the text's begin
	stuckL lazyRegexp // after one unit
}

// unfit is why a pattern is refused, with what to write instead.
type unfit struct{ text, fix string }

func (e *unfit) Error() string { return e.text }

func refused(fix, format string, args ...any) error {
	return &unfit{text: fmt.Sprintf(format, args...), fix: fix}
}

// A clause is a part of a pattern in the matcher's syntax, with what decides whether it may be repeated.
type clause struct {
	text  string
	empty bool // it can match nothing
	holds bool // it has a group that captures
	loose bool // such a group may take no part in a match of the clause
	bare  bool // it is an assertion
}

// parsePattern reads a literal's parts. Its errors are *unfit where the pattern is one of JavaScript's that cannot be answered.
func parsePattern(source, flags string) (*pattern, error) {
	p := &pattern{source: source, groups: []string{""}}
	for _, f := range flags {
		on := map[rune]*bool{'g': &p.global, 'i': &p.ignoreCase, 'm': &p.multiline, 's': &p.dotAll, 'u': &p.unicode, 'y': &p.sticky}[f]
		if on == nil || *on {
			return nil, refused("Leave the flag out", "the flag %q is not known", f)
		}
		*on = true
	}
	if len(source) > maxPattern {
		return nil, refused("Write a shorter one, or look names up in an object", "it is longer than %d characters", maxPattern)
	}
	r := &patternReader{p: p}
	for _, c := range source {
		if c > 0xffff && !p.unicode {
			a, b := utf16.EncodeRune(c)
			r.in = append(r.in, a, b)
		} else {
			r.in = append(r.in, c)
		}
	}
	whole, err := r.either()
	if err != nil {
		return nil, err
	}
	if r.at < len(r.in) {
		return nil, errors.New("unmatched )")
	}
	p.body = "(" + whole.text + ")"
	parsed, err := syntax.Parse(p.body, syntax.Perl)
	if err != nil {
		return nil, refused("Repeat less: at most {1000}", "it repeats too much (%v)", err)
	}
	prog, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return nil, err
	}
	if p.steps = len(prog.Inst); p.steps > maxProgram {
		return nil, refused("Repeat less, or check lengths with .length", "it is %d steps long, %d are allowed", p.steps, maxProgram)
	}
	p.search, err = regexp.Compile(p.body)
	return p, err
}

// A patternReader reads the syntax of JavaScript's patterns (ECMAScript 2025, 22.2.1 and B.1.2).
type patternReader struct {
	p     *pattern
	in    []rune
	at    int
	depth int
}

func (r *patternReader) peek() rune {
	if r.at < len(r.in) {
		return r.in[r.at]
	}
	return -1
}

func (r *patternReader) next() rune {
	c := r.peek()
	r.at++
	return c
}

func (r *patternReader) has(s string) bool {
	for i, c := range []rune(s) {
		if r.at+i >= len(r.in) || r.in[r.at+i] != c {
			return false
		}
	}
	r.at += len([]rune(s))
	return true
}

func (r *patternReader) either() (clause, error) {
	if r.depth++; r.depth > 50 {
		return clause{}, refused("Use fewer parentheses", "its groups nest deeper than 50")
	}
	defer func() { r.depth-- }()
	out, err := r.sequence()
	if err != nil {
		return out, err
	}
	several := false
	for r.has("|") {
		several = true
		alt, err := r.sequence()
		if err != nil {
			return out, err
		}
		out = clause{text: out.text + "|" + alt.text, empty: out.empty || alt.empty, holds: out.holds || alt.holds, loose: out.loose || alt.loose}
	}
	out.loose = out.loose || several && out.holds
	out.bare = false
	return out, nil
}

func (r *patternReader) sequence() (clause, error) {
	out := clause{empty: true}
	for c := r.peek(); c != -1 && c != '|' && c != ')'; c = r.peek() {
		p, err := r.term()
		if err != nil {
			return out, err
		}
		out = clause{text: out.text + p.text, empty: out.empty && p.empty, holds: out.holds || p.holds, loose: out.loose || p.loose}
	}
	return out, nil
}

func (r *patternReader) term() (clause, error) {
	p, err := r.atom()
	if err != nil {
		return p, err
	}
	from, to, lazy, ok := r.times()
	if !ok {
		return p, nil
	}
	switch {
	case p.bare:
		return p, errors.New("nothing to repeat")
	case to >= 0 && from > to:
		return p, errors.New("numbers out of order in {}")
	case from > 1000 || to > 1000:
		return p, refused("Repeat less: at most {1000}", "it repeats something %d times", max(from, to))
	case p.empty && (from != 1 || to != 1):
		return p, refused("Change what is repeated so that it matches at least one character", "it repeats something that can match nothing")
	case p.loose && to != 1 && to != 0:
		return p, refused("Use (?:…) inside what is repeated", "it repeats a group that not every turn takes part in")
	}
	q := "{" + strconv.Itoa(from) + ","
	if to >= 0 {
		q += strconv.Itoa(to)
	}
	q += "}"
	switch {
	case from == 0 && to < 0:
		q = "*"
	case from == 1 && to < 0:
		q = "+"
	case from == 0 && to == 1:
		q = "?"
	}
	if lazy {
		q += "?"
	}
	return clause{text: "(?:" + p.text + ")" + q, empty: from == 0, holds: p.holds, loose: p.loose || p.holds && from == 0}, nil
}

// times reads a quantifier; to is -1 where there is no end.
func (r *patternReader) times() (from, to int, lazy, ok bool) {
	switch r.peek() {
	case '*':
		from, to = 0, -1
	case '+':
		from, to = 1, -1
	case '?':
		from, to = 0, 1
	case '{':
		start := r.at
		r.at++
		var digits bool
		from, digits = r.number()
		to = from
		if digits && r.has(",") {
			if n, some := r.number(); some {
				to = n
			} else {
				to = -1
			}
		}
		if !digits || !r.has("}") {
			r.at = start
			return 0, 0, false, false
		}
		return from, to, r.has("?"), true
	default:
		return 0, 0, false, false
	}
	r.at++
	return from, to, r.has("?"), true
}

func (r *patternReader) number() (n int, ok bool) {
	for c := r.peek(); c >= '0' && c <= '9'; c = r.peek() {
		n, ok = min(n*10+int(c-'0'), 1<<20), true
		r.at++
	}
	return n, ok
}

func (r *patternReader) atom() (clause, error) {
	switch c := r.next(); c {
	case '^':
		if r.p.multiline {
			return clause{text: `(?m:^)`, empty: true, bare: true}, nil
		}
		return clause{text: `\A`, empty: true, bare: true}, nil
	case '$':
		if r.p.multiline {
			return clause{text: `(?m:$)`, empty: true, bare: true}, nil
		}
		return clause{text: `\z`, empty: true, bare: true}, nil
	case '.':
		if r.p.dotAll {
			return clause{text: `(?s:.)`}, nil
		}
		return clause{text: `[^\n\r\x{2028}\x{2029}]`}, nil
	case '(':
		return r.group()
	case '[':
		set, err := r.class()
		return clause{text: set}, err
	case '*', '+', '?':
		return clause{}, errors.New("nothing to repeat")
	case '{', '}', ']':
		if c == '{' {
			r.at--
			if _, _, _, ok := r.times(); ok {
				return clause{}, errors.New("nothing to repeat")
			}
			r.at++
		}
		if r.p.unicode {
			return clause{}, fmt.Errorf("lone %c", c)
		}
		return r.one(c), nil
	case '\\':
		return r.escape()
	default:
		return r.one(c), nil
	}
}

func (r *patternReader) one(c rune) clause { return clause{text: r.folded(ranges{{c, c}}).text(false)} }

func (r *patternReader) group() (clause, error) {
	switch {
	case r.has("?:"):
		p, err := r.closed()
		p.text = "(?:" + p.text + ")"
		return p, err
	case r.has("?="), r.has("?!"):
		return clause{}, refused("Match what comes before too, and look at the groups; or look at the text with .slice() and .startsWith()", "it looks ahead, (?= or (?!")
	case r.has("?<="), r.has("?<!"):
		return clause{}, refused("Match what comes before in a group of its own", "it looks behind, (?<= or (?<!")
	case r.has("?<"):
		end := r.at
		for end < len(r.in) && r.in[end] != '>' {
			end++
		}
		name := string(r.in[r.at:min(end, len(r.in))])
		if end >= len(r.in) || !plainName(name) {
			return clause{}, refused("Name groups with letters, digits and _", "the name of a group is not plain: %q", name)
		}
		for _, g := range r.p.groups {
			if g == name {
				return clause{}, fmt.Errorf("two groups have the name %s", name)
			}
		}
		r.at = end + 1
		r.p.groups, r.p.named = append(r.p.groups, name), true
	case r.has("?"):
		return clause{}, refused("Use (?:…)", "a group begins with (? and something that is not known")
	default:
		r.p.groups = append(r.p.groups, "")
	}
	p, err := r.closed()
	p.text = "(" + p.text + ")"
	p.holds = true
	return p, err
}

func (r *patternReader) closed() (clause, error) {
	p, err := r.either()
	if err == nil && !r.has(")") {
		err = errors.New("a group does not end")
	}
	return p, err
}

func plainName(s string) bool {
	for i, c := range s {
		if !(c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || i > 0 && c >= '0' && c <= '9') {
			return false
		}
	}
	return s != ""
}

func (r *patternReader) escape() (clause, error) {
	switch c := r.peek(); c {
	case 'b', 'B':
		r.at++
		if r.p.unicode && r.p.ignoreCase {
			return clause{}, refused("Leave out the flag u", `\b with the flags i and u knows letters that are not ASCII`)
		}
		return clause{text: `\` + string(c), empty: true, bare: true}, nil
	case '1', '2', '3', '4', '5', '6', '7', '8', '9', 'k':
		return clause{}, refused("Match both and compare the groups", `it refers back to a group, \%c`, c)
	}
	if set, ok := r.classEscape(); ok {
		return clause{text: set.text(false)}, nil
	}
	c, err := r.charEscape(false)
	if err != nil {
		return clause{}, err
	}
	return r.one(c), nil
}

// charEscape reads what follows a backslash where it stands for one character.
func (r *patternReader) charEscape(inClass bool) (rune, error) {
	c := r.next()
	switch c {
	case -1:
		return 0, errors.New(`it ends in \`)
	case 't':
		return '\t', nil
	case 'n':
		return '\n', nil
	case 'v':
		return '\v', nil
	case 'f':
		return '\f', nil
	case 'r':
		return '\r', nil
	case '0':
		if n := r.peek(); n >= '0' && n <= '9' {
			return 0, refused(`Write \xHH`, "it has a number in octal")
		}
		return 0, nil
	case 'c':
		if l := r.peek() | 0x20; l >= 'a' && l <= 'z' {
			return r.next() & 31, nil
		}
	case 'x':
		if v, ok := r.hex(2); ok {
			return v, nil
		}
	case 'u':
		return r.unicodeEscape()
	case 'p', 'P':
		return 0, refused("Write the letters as a class: [a-zà-öø-ÿ]", `it uses a property of Unicode, \p{…}`)
	case 'b':
		if inClass {
			return '\b', nil
		}
	case '-':
		if inClass || !r.p.unicode {
			return c, nil
		}
	}
	if strings.ContainsRune(`^$\.*+?()[]{}|/`, c) || !r.p.unicode && c < 0x80 && !('a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9') {
		return c, nil
	}
	return 0, refused("Write the character itself", `it has the escape \%c`, c)
}

func (r *patternReader) unicodeEscape() (rune, error) {
	if r.p.unicode && r.has("{") {
		start, v := r.at, 0
		for c := r.peek(); c != '}' && c != -1; c = r.peek() {
			d, err := strconv.ParseUint(string(c), 16, 8)
			if err != nil || v > 0x10ffff {
				return 0, errors.New(`\u{…} is no character`)
			}
			v = v*16 + int(d)
			r.at++
		}
		if r.at == start || !r.has("}") || v > 0x10ffff {
			return 0, errors.New(`\u{…} is no character`)
		}
		return rune(v), nil
	}
	v, ok := r.hex(4)
	if !ok {
		return 0, refused(`Write \uHHHH`, `it has \u without four digits`)
	}
	if r.p.unicode && v >= 0xd800 && v < 0xdc00 {
		back := r.at
		if r.has(`\u`) {
			if l, ok := r.hex(4); ok && l >= 0xdc00 && l < 0xe000 {
				return utf16.DecodeRune(v, l), nil
			}
		}
		r.at = back
	}
	return v, nil
}

func (r *patternReader) hex(n int) (rune, bool) {
	if r.at+n > len(r.in) {
		return 0, false
	}
	v, err := strconv.ParseUint(string(r.in[r.at:r.at+n]), 16, 32)
	if err != nil {
		return 0, false
	}
	r.at += n
	return rune(v), true
}

// classEscape reads \d, \w, \s and what is not in them.
func (r *patternReader) classEscape() (ranges, bool) {
	var set ranges
	c := r.peek()
	switch c | 0x20 {
	case 'd':
		set = ranges{{'0', '9'}}
	case 'w':
		set = ranges{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}
		if r.p.unicode && r.p.ignoreCase {
			set = append(set, [2]rune{0x17f, 0x17f}, [2]rune{0x212a, 0x212a})
		}
	case 's':
		set = spaces
	default:
		return nil, false
	}
	if c < 'a' {
		if c > 'Z' || c < 'A' {
			return nil, false
		}
		set = set.complement()
	}
	r.at++
	return set, true
}

func (r *patternReader) class() (string, error) {
	not := r.has("^")
	var set ranges
	for {
		if r.peek() == -1 {
			return "", errors.New("a class does not end")
		}
		if r.has("]") {
			return r.folded(set).text(not), nil
		}
		from, single, err := r.member()
		if err != nil {
			return "", err
		}
		if r.peek() == '-' && r.at+1 < len(r.in) && r.in[r.at+1] != ']' {
			r.at++
			to, one, err := r.member()
			if err != nil {
				return "", err
			}
			if single && one {
				if to[0][0] < from[0][0] {
					return "", errors.New("a range of a class is out of order")
				}
				set = append(set, [2]rune{from[0][0], to[0][0]})
				continue
			}
			if r.p.unicode {
				return "", errors.New("a range of a class ends in a class")
			}
			set = append(append(append(set, from...), to...), [2]rune{'-', '-'})
			continue
		}
		set = append(set, from...)
	}
}

// member reads one member of a class; single says that it is one character.
func (r *patternReader) member() (set ranges, single bool, err error) {
	if !r.has(`\`) {
		c := r.next()
		return ranges{{c, c}}, true, nil
	}
	if set, ok := r.classEscape(); ok {
		return set, false, nil
	}
	c, err := r.charEscape(true)
	return ranges{{c, c}}, true, err
}

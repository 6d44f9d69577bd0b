package graph

import (
	"sort"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"

	"facet/fault"
)

// A text is a source file that can say where a byte of it stands.
type text struct {
	name  string
	src   string
	lines []int // byte offsets of line starts
	runes []int // byte offset of every 256th rune; nil if the text is ASCII
}

const runeStep = 256

func newText(name, src string) *text {
	t := &text{name: name, src: src, lines: []int{0}}
	ascii, count := true, 0
	var runes []int
	for i, r := range src {
		if count%runeStep == 0 {
			runes = append(runes, i)
		}
		count++
		if r >= utf8.RuneSelf {
			ascii = false
		}
		if r == '\n' || r == '\r' && !strings.HasPrefix(src[i+1:], "\n") {
			t.lines = append(t.lines, i+1)
		}
	}
	if !ascii {
		t.runes = runes
	}
	return t
}

// offset turns the parser's rune offset into a byte offset.
func (t *text) offset(runeAt int) int {
	if t.runes == nil {
		return min(runeAt, len(t.src))
	}
	if runeAt/runeStep >= len(t.runes) {
		return len(t.src)
	}
	at := t.runes[runeAt/runeStep]
	for n := runeAt % runeStep; n > 0 && at < len(t.src); n-- {
		_, w := utf8.DecodeRuneInString(t.src[at:])
		at += w
	}
	return at
}

// pos is the place of a byte offset.
func (t *text) pos(at int) fault.Pos {
	at = max(0, min(at, len(t.src)))
	line := sort.SearchInts(t.lines, at+1) - 1
	col := 1
	for _, r := range t.src[t.lines[line]:at] {
		col += max(1, utf16.RuneLen(r))
	}
	return fault.Pos{File: t.name, Line: line + 1, Col: col}
}

// node is the place of something that the SDL parser found.
func (t *text) node(p *ast.Position) fault.Pos {
	if p == nil {
		return fault.Pos{File: t.name}
	}
	return t.pos(t.offset(p.Start))
}

// A str is a string of the SDL whose bytes know where they stand in the file.
type str struct {
	text *text
	val  string
	at   []int // source offset of each byte of val, one more for its end; nil: only start is known
	from int   // source offset of the opening quote
}

// string finds where the bytes of a string value stand.
func (t *text) string(v *ast.Value) str {
	s := str{text: t, val: v.Raw}
	if v.Position == nil {
		return s
	}
	s.from = t.offset(v.Position.Start)
	var val string
	var at []int
	if v.Kind == ast.BlockValue {
		val, at = blockBytes(t.src, s.from+3)
	} else {
		val, at = stringBytes(t.src, s.from+1)
	}
	if val == v.Raw {
		s.at = at
	}
	return s
}

// pos is the place of byte i of the string.
func (s str) pos(i int) fault.Pos {
	if s.at == nil {
		return s.text.pos(s.from)
	}
	return s.text.pos(s.at[max(0, min(i, len(s.at)-1))])
}

// stringBytes reads a quoted string from after its opening quote.
func stringBytes(src string, i int) (string, []int) {
	var b strings.Builder
	var at []int
	put := func(s string, from int) {
		b.WriteString(s)
		for range len(s) {
			at = append(at, from)
		}
	}
	for i < len(src) && src[i] != '"' {
		if src[i] != '\\' || i+1 >= len(src) {
			b.WriteByte(src[i])
			at = append(at, i)
			i++
			continue
		}
		n := 2
		switch c := src[i+1]; c {
		case 'b':
			put("\b", i)
		case 'f':
			put("\f", i)
		case 'n':
			put("\n", i)
		case 'r':
			put("\r", i)
		case 't':
			put("\t", i)
		case 'u':
			// rare in connectors: positions inside such a string fall back to its start
			return "", nil
		default:
			put(string(c), i)
		}
		i += n
	}
	return b.String(), append(at, i)
}

// blockBytes reads a block string from after its opening quotes, as the GraphQL specification's BlockStringValue says.
func blockBytes(src string, i int) (string, []int) {
	type line struct {
		text []byte
		at   []int
	}
	lines := []line{{}}
	end := i
	for i < len(src) {
		l := &lines[len(lines)-1]
		switch {
		case strings.HasPrefix(src[i:], `\"""`):
			for k := 1; k < 4; k++ {
				l.text, l.at = append(l.text, '"'), append(l.at, i+k)
			}
			i += 4
			continue
		case strings.HasPrefix(src[i:], `"""`) && !strings.HasPrefix(src[i:], `""""`):
			end = i
			i = len(src)
			continue
		case src[i] == '\r' || src[i] == '\n':
			if strings.HasPrefix(src[i:], "\r\n") {
				i++
			}
			l.at = append(l.at, i)
			lines = append(lines, line{})
			i++
			continue
		}
		l.text, l.at = append(l.text, src[i]), append(l.at, i)
		i++
	}
	lines[len(lines)-1].at = append(lines[len(lines)-1].at, end)

	blank := func(l line) bool { return len(strings.Trim(string(l.text), " \t")) == 0 }
	indent := -1
	for _, l := range lines {
		if blank(l) {
			continue
		}
		if n := len(l.text) - len(strings.TrimLeft(string(l.text), " \t")); indent < 0 || n < indent {
			indent = n
		}
	}
	for k := 1; k < len(lines) && indent > 0; k++ {
		n := min(indent, len(lines[k].text))
		lines[k].text, lines[k].at = lines[k].text[n:], lines[k].at[n:]
	}
	for len(lines) > 0 && blank(lines[0]) {
		lines = lines[1:]
	}
	for len(lines) > 0 && blank(lines[len(lines)-1]) {
		lines = lines[:len(lines)-1]
	}
	var b strings.Builder
	var at []int
	for k, l := range lines {
		b.Write(l.text)
		if k < len(lines)-1 {
			b.WriteByte('\n')
			at = append(at, l.at[:len(l.text)+1]...)
			continue
		}
		at = append(at, l.at[:len(l.text)+1]...)
	}
	if at == nil {
		at = []int{end}
	}
	return b.String(), at
}

package pack

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A token is a word, a string, a number or a sign of a script. Comments and space are left out.
type token struct {
	text string
	at   int // byte in the script
	line int // from 1
	col  int // from 1, in bytes
}

func (t token) word() bool {
	r, _ := utf8.DecodeRuneInString(t.text)
	return r == '_' || r == '$' || unicode.IsLetter(r)
}

// scan cuts a TypeScript file into tokens. It knows enough of the language to find what stands at top level: strings, templates, comments
// and regular expressions are passed over whole. Text that ends within one is taken as far as it goes.
func scan(src string) []token {
	var out []token
	line, start := 1, 0 // start of the line
	i := 0
	add := func(from, to int) {
		out = append(out, token{src[from:to], from, line, from - start + 1})
		for j := from; j < to; j++ {
			if src[j] == '\n' {
				line, start = line+1, j+1
			}
		}
		i = to
	}
	for i < len(src) {
		c := src[i]
		switch {
		case c == '\n':
			line, start = line+1, i+1
			i++
		case c == ' ' || c == '\t' || c == '\r':
			i++
		case strings.HasPrefix(src[i:], "//"):
			if n := strings.IndexByte(src[i:], '\n'); n >= 0 {
				i += n
			} else {
				i = len(src)
			}
		case strings.HasPrefix(src[i:], "/*"):
			end := len(src)
			if n := strings.Index(src[i+2:], "*/"); n >= 0 {
				end = i + 2 + n + 2
			}
			for ; i < end; i++ {
				if src[i] == '\n' {
					line, start = line+1, i+1
				}
			}
		case c == '"' || c == '\'':
			add(i, quotedEnd(src, i))
		case c == '`':
			add(i, templateEnd(src, i, 0))
		case c == '/' && regexpAfter(out):
			add(i, regexpEnd(src, i))
		case c >= '0' && c <= '9':
			j := i
			for j < len(src) && (src[j] == '.' || wordByte(src[j])) {
				j++
			}
			add(i, j)
		case wordByte(c) || c >= utf8.RuneSelf:
			j := i
			for j < len(src) && (wordByte(src[j]) || src[j] >= utf8.RuneSelf) {
				j++
			}
			add(i, j)
		case strings.HasPrefix(src[i:], "=>") || strings.HasPrefix(src[i:], "?."):
			add(i, i+2)
		case strings.HasPrefix(src[i:], "..."):
			add(i, i+3)
		default:
			add(i, i+1)
		}
	}
	return out
}

func wordByte(c byte) bool {
	return c == '_' || c == '$' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func quotedEnd(src string, i int) int {
	quote := src[i]
	for i++; i < len(src); i++ {
		switch src[i] {
		case '\\':
			i++
		case quote, '\n':
			return i + 1
		}
	}
	return len(src)
}

func templateEnd(src string, i, deep int) int {
	for i++; i < len(src); i++ {
		switch {
		case src[i] == '\\':
			i++
		case src[i] == '`':
			return i + 1
		case strings.HasPrefix(src[i:], "${") && deep < 20:
			open := 1
			for i += 2; i < len(src) && open > 0; i++ {
				switch src[i] {
				case '{':
					open++
				case '}':
					open--
				case '"', '\'':
					i = quotedEnd(src, i) - 1
				case '`':
					i = templateEnd(src, i, deep+1) - 1
				}
			}
			i--
		}
	}
	return len(src)
}

// regexpAfter says whether a slash after these tokens begins a regular expression.
func regexpAfter(before []token) bool {
	if len(before) == 0 {
		return true
	}
	last := before[len(before)-1].text
	return last == "return" || last == "=>" || len(last) == 1 && strings.Contains("(,=:[!&|?{};+-*%<>~^", last)
}

func regexpEnd(src string, i int) int {
	class := false
	for i++; i < len(src); i++ {
		switch src[i] {
		case '\\':
			i++
		case '[':
			class = true
		case ']':
			class = false
		case '\n':
			return i
		case '/':
			if !class {
				return i + 1
			}
		}
	}
	return len(src)
}

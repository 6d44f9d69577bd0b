package scripts

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf16"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

// ranges are characters, from the first to the last of each.
type ranges [][2]rune

const lastRune = 0x10ffff

// spaces are what \s stands for.
var spaces = ranges{{'\t', '\r'}, {' ', ' '}, {0xa0, 0xa0}, {0x1680, 0x1680}, {0x2000, 0x200a}, {0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000}, {0xfeff, 0xfeff}}

// merged are the same characters in order, each once.
func (s ranges) merged() ranges {
	s = slices.Clone(s)
	slices.SortFunc(s, func(a, b [2]rune) int { return cmp.Compare(a[0], b[0]) })
	var out ranges
	for _, r := range s {
		if n := len(out); n > 0 && r[0] <= out[n-1][1]+1 {
			out[n-1][1] = max(out[n-1][1], r[1])
		} else {
			out = append(out, r)
		}
	}
	return out
}

func (s ranges) complement() ranges {
	var out ranges
	from := rune(0)
	for _, r := range s.merged() {
		if r[0] > from {
			out = append(out, [2]rune{from, r[0] - 1})
		}
		from = r[1] + 1
	}
	if from <= lastRune {
		out = append(out, [2]rune{from, lastRune})
	}
	return out
}

// text is a class in the matcher's syntax.
func (s ranges) text(not bool) string {
	if not {
		s = s.complement()
	}
	if s = s.merged(); len(s) == 0 {
		return `[^\x{0}-\x{10ffff}]`
	}
	var b strings.Builder
	b.WriteByte('[')
	for _, r := range s {
		fmt.Fprintf(&b, `\x{%x}`, r[0])
		if r[1] > r[0] {
			fmt.Fprintf(&b, `-\x{%x}`, r[1])
		}
	}
	b.WriteByte(']')
	return b.String()
}

// folded adds the characters that the flag i takes for the same (ECMAScript 2025, 22.2.2.7.3).
func (r *patternReader) folded(s ranges) ranges {
	if !r.p.ignoreCase {
		return s
	}
	out := slices.Clone(s)
	for _, span := range s {
		for c := span[0]; c <= min(span[1], 0x7f); c++ {
			if l := c | 0x20; l >= 'a' && l <= 'z' {
				out = append(out, [2]rune{c ^ 0x20, c ^ 0x20})
			}
		}
		if r.p.unicode {
			out = append(out, orbits(span)...)
		} else if span[1] > 0x7f {
			by, to := upper()
			for c := max(span[0], 0x80); c <= min(span[1], 0xffff); c++ {
				u := c
				if x, ok := to[c]; ok {
					u = x
				}
				for _, x := range by[u] {
					out = append(out, [2]rune{x, x})
				}
				out = append(out, [2]rune{u, u})
			}
		}
	}
	return out.merged()
}

// orbits are the characters that simple case folding takes for the same as one of a range.
func orbits(span [2]rune) (out ranges) {
	for c := span[0]; c <= span[1]; c++ {
		if c > unicode.MaxLatin1 && !unicode.IsLetter(c) && !unicode.IsNumber(c) && !unicode.IsMark(c) && !unicode.IsSymbol(c) {
			continue
		}
		for f := unicode.SimpleFold(c); f != c; f = unicode.SimpleFold(f) {
			out = append(out, [2]rune{f, f})
		}
	}
	return out
}

// upper maps the characters past ASCII to the one that stands for them where case is ignored, and back.
var upper = sync.OnceValues(func() (by map[rune][]rune, to map[rune]rune) {
	by, to = map[rune][]rune{}, map[rune]rune{}
	up := cases.Upper(language.Und)
	for c := rune(0x80); c <= 0xffff; c++ {
		if c >= 0xd800 && c < 0xe000 || !unicode.IsLetter(c) && !unicode.IsNumber(c) && !unicode.IsMark(c) && !unicode.IsSymbol(c) {
			continue
		}
		units := utf16.Encode([]rune(up.String(string(c))))
		if len(units) != 1 || rune(units[0]) == c || units[0] < 0x80 {
			continue
		}
		to[c] = rune(units[0])
		by[to[c]] = append(by[to[c]], c)
	}
	return by, to
})

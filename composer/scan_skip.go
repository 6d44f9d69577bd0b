package composer

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// Where the passing of a value halts.
const (
	atValue = iota
	atKey
	atAfter
)

// nest passes an object or an array. It is one loop: what nobody reads of an answer is most of it, and a value of megabytes that a
// JSON scalar passes on comes through here whole. Where bytes are still to come, it waits for them before the token that is not whole.
func (s *scanner) nest() bool {
	b, i := s.b, s.i
	from := i
	var objects [maxNesting/64 + 1]uint64 // a bit for each that is open: it is an object
	open := 0
	in := false       // the innermost is an object
	var rows *pattern // nil: the value is small so far
	var c byte
	var j int
	var strays, wide bool
	var at int

value:
	if i >= len(b) {
		at = atValue
		goto short
	}
	switch c = b[i]; c {
	case ' ', '\n', '\t', '\r':
		i++
		goto value
	case '{', '[':
		for j = i + 1; j < len(b) && white(b[j]); {
			j++
		}
		if j >= len(b) {
			at = atValue
			goto short
		}
		if open++; s.depth+open > maxNesting {
			s.depth += open
			return false
		}
		i = j
		if c == '[' {
			in = false
			objects[open>>6] &^= 1 << (open & 63)
			if b[i] != ']' {
				goto value
			}
		} else {
			in = true
			objects[open>>6] |= 1 << (open & 63)
			if b[i] != '}' {
				if rows == nil && i-from >= patternAfter {
					rows = s.pattern()
				}
				if rows != nil {
					rows.member[open%patternDepth] = 0
				}
				goto key
			}
		}
		i++
		goto closed
	case '"':
		if j, wide = passText(b, i); j < 0 {
			at = atValue
			goto short
		}
		if wide && !utf8.Valid(b[i:j]) {
			strays = true
		}
		i = j
		goto after
	case 't':
		if len(b)-i < 4 || string(b[i:i+4]) != "true" {
			at = atValue
			goto short
		}
		i += 4
		goto after
	case 'f':
		if len(b)-i < 5 || string(b[i:i+5]) != "false" {
			at = atValue
			goto short
		}
		i += 5
		goto after
	case 'n':
		if len(b)-i < 4 || string(b[i:i+4]) != "null" {
			at = atValue
			goto short
		}
		i += 4
		goto after
	default:
		if j = digits(b, i); j > 0 { // most are whole
			i = j
			goto after
		}
		s.i = i
		if _, ok := s.number(); !ok || s.i == len(b) {
			at = atValue
			goto short
		}
		i = s.i
		goto after
	}

key:
	if rows != nil {
		var halt int
		if i, halt = rows.pass(b, i, open); halt == atValue {
			goto value
		} else if halt == atAfter {
			goto after
		}
	}
	if i >= len(b) || b[i] != '"' {
		at = atKey
		goto short
	}
	if j, wide = passText(b, i); j < 0 {
		at = atKey
		goto short
	}
	if wide && !utf8.Valid(b[i:j]) {
		strays = true
	}
	for j < len(b) && white(b[j]) {
		j++
	}
	if j >= len(b) || b[j] != ':' {
		at = atKey
		goto short
	}
	if j++; rows != nil {
		rows.keep(b, i, j, open)
	}
	i = j
	goto value

closed:
	if open--; open == 0 {
		s.i, s.strays = i, strays
		if s.from != nil {
			s.ahead()
		}
		return true
	}
	in = objects[open>>6]>>(open&63)&1 == 1

after:
	if i >= len(b) {
		at = atAfter
		goto short
	}
	switch c = b[i]; c {
	case ' ', '\n', '\t', '\r':
		i++
		goto after
	case ',':
		i++
		if !in {
			goto value
		}
		for i < len(b) && white(b[i]) {
			i++
		}
		goto key
	case '}', ']':
		if (c == '}') != in {
			return false
		}
		i++
		goto closed
	}
	return false

short: // the bytes end here, or what stands here is no JSON
	if s.i = i; s.from == nil || !s.further() {
		return false
	}
	b = s.b
	switch at {
	case atKey:
		for i < len(b) && white(b[i]) {
			i++
		}
		goto key
	case atAfter:
		goto after
	}
	goto value
}

// digits is the place behind a whole number of up to seven digits that begins at i; 0 if something else stands there.
func digits(b []byte, i int) int {
	if i+8 > len(b) || b[i]-'1' > 8 {
		return 0
	}
	w := binary.LittleEndian.Uint64(b[i:]) ^ '0'*ones
	m := ((w + 0x76*ones) | w) & highs
	if m == 0 {
		return 0
	}
	if i += bits.TrailingZeros64(m) >> 3; b[i] == '.' || b[i]|0x20 == 'e' {
		return 0
	}
	return i
}

// special marks the first byte of a word that is a quote, a backslash, below a space or above ASCII; 0: none is. Other marks behind it say
// nothing. A quote and what is below a space are what is below 0x21 with one bit flipped.
func special(w uint64) uint64 {
	return (((w ^ 0x02*ones) - 0x21*ones) | ((w ^ '\\'*ones) - ones) | w) & highs
}

func white(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// passText is the place behind the string that starts at i; -1 if it is none. wide says that it is more than ASCII.
func passText(b []byte, i int) (end int, wide bool) {
	i++
	for {
		for i+16 <= len(b) {
			m, n := special(binary.LittleEndian.Uint64(b[i:])), special(binary.LittleEndian.Uint64(b[i+8:]))
			if m|n == 0 {
				i += 16
				continue
			}
			if m != 0 {
				i += bits.TrailingZeros64(m) >> 3
			} else {
				i += 8 + bits.TrailingZeros64(n)>>3
			}
			break
		}
		if i >= len(b) {
			return -1, false
		}
		switch c := b[i]; {
		case c == '"':
			return i + 1, wide
		case c == '\\':
			if i+1 >= len(b) {
				return -1, false
			}
			switch b[i+1] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
				i += 2
			case 'u':
				if _, good := hex4(b, i+2); !good {
					return -1, false
				}
				i += 6
			default:
				return -1, false
			}
		case c < 0x20:
			return -1, false
		case c < 0x80:
			i++
		default: // more than ASCII mostly goes on
			wide = true
			for i++; i+8 <= len(b); i += 8 {
				w := binary.LittleEndian.Uint64(b[i:])
				if m := special(w) &^ w; m != 0 {
					i += bits.TrailingZeros64(m) >> 3
					break
				}
			}
		}
	}
}

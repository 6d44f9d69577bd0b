package composer

import (
	"encoding/binary"
	"math/bits"
)

// nest passes an object or an array. It is one loop: what nobody reads of an answer is most of it, and a value of megabytes that a
// JSON scalar passes on comes through here whole.
func (s *scanner) nest() bool {
	b, i := s.b, s.i
	var objects [maxNesting/64 + 1]uint64 // a bit for each that is open: it is an object
	open := 0
	var c byte

value:
	if i >= len(b) {
		return false
	}
	switch c = b[i]; c {
	case ' ', '\n', '\t', '\r':
		i++
		goto value
	case '{', '[':
		if open++; s.depth+open > maxNesting {
			s.depth += open
			return false
		}
		i++
		for i < len(b) && white(b[i]) {
			i++
		}
		if i >= len(b) {
			return false
		}
		if c == '[' {
			objects[open>>6] &^= 1 << (open & 63)
			if b[i] != ']' {
				goto value
			}
		} else {
			objects[open>>6] |= 1 << (open & 63)
			if b[i] != '}' {
				goto key
			}
		}
		i++
		open--
		goto after
	case '"':
		if i = passText(b, i); i < 0 {
			return false
		}
		goto after
	case 't':
		if len(b)-i < 4 || string(b[i:i+4]) != "true" {
			return false
		}
		i += 4
		goto after
	case 'f':
		if len(b)-i < 5 || string(b[i:i+5]) != "false" {
			return false
		}
		i += 5
		goto after
	case 'n':
		if len(b)-i < 4 || string(b[i:i+4]) != "null" {
			return false
		}
		i += 4
		goto after
	default:
		if '1' <= c && c <= '9' { // most are whole
			end := i + 1
			for end < len(b) && b[end]-'0' < 10 {
				end++
			}
			if end < len(b) && b[end] != '.' && b[end]|0x20 != 'e' {
				i = end
				goto after
			}
		}
		s.i = i
		if _, ok := s.number(); !ok {
			return false
		}
		i = s.i
		goto after
	}

key:
	if i >= len(b) || b[i] != '"' {
		return false
	}
	if i = passText(b, i); i < 0 {
		return false
	}
	for i < len(b) && white(b[i]) {
		i++
	}
	if i >= len(b) || b[i] != ':' {
		return false
	}
	i++
	goto value

after:
	if open == 0 {
		s.i = i
		return true
	}
	if i >= len(b) {
		return false
	}
	switch c = b[i]; c {
	case ' ', '\n', '\t', '\r':
		i++
		goto after
	case ',':
		i++
		if objects[open>>6]>>(open&63)&1 == 0 {
			goto value
		}
		for i < len(b) && white(b[i]) {
			i++
		}
		goto key
	case '}', ']':
		if (c == '}') != (objects[open>>6]>>(open&63)&1 == 1) {
			return false
		}
		i++
		open--
		goto after
	}
	return false
}

func white(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// passText is the place behind the string that starts at i; -1 if it is none.
func passText(b []byte, i int) int {
	i++
	for {
		for i+8 <= len(b) {
			w := binary.LittleEndian.Uint64(b[i:])
			q := w ^ ('"' * ones)
			e := w ^ ('\\' * ones)
			if m := (((q - ones) &^ q) | ((e - ones) &^ e) | ((w - 0x20*ones) &^ w)) & highs; m != 0 {
				i += bits.TrailingZeros64(m) >> 3
				break
			}
			i += 8
		}
		if i >= len(b) {
			return -1
		}
		switch c := b[i]; {
		case c == '"':
			return i + 1
		case c == '\\':
			if i+1 >= len(b) {
				return -1
			}
			switch b[i+1] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
				i += 2
			case 'u':
				if _, good := hex4(b, i+2); !good {
					return -1
				}
				i += 6
			default:
				return -1
			}
		case c < 0x20:
			return -1
		default:
			i++
		}
	}
}

package composer

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// nest passes an object or an array. It is one loop: what nobody reads of an answer is most of it, and a value of megabytes that a
// JSON scalar passes on comes through here whole. Where bytes are still to come, it waits for them before the token that is not whole.
func (s *scanner) nest() bool {
	b, i := s.b, s.i
	var objects [maxNesting/64 + 1]uint64 // a bit for each that is open: it is an object
	open := 0
	var c byte
	var j int
	var strays, wide bool
	const (
		atValue = iota
		atKey
		atAfter
	)
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
		if _, ok := s.number(); !ok || s.i == len(b) {
			at = atValue
			goto short
		}
		i = s.i
		goto after
	}

key:
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
	i = j + 1
	goto value

after:
	if open == 0 {
		s.i, s.strays = i, strays
		if s.from != nil {
			s.ahead()
		}
		return true
	}
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

func white(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// passText is the place behind the string that starts at i; -1 if it is none. wide says that it is more than ASCII.
func passText(b []byte, i int) (end int, wide bool) {
	i++
	var high uint64
	for {
		for i+8 <= len(b) {
			w := binary.LittleEndian.Uint64(b[i:])
			q := w ^ ('"' * ones)
			e := w ^ ('\\' * ones)
			if m := (((q - ones) &^ q) | ((e - ones) &^ e) | ((w - 0x20*ones) &^ w)) & highs; m != 0 {
				n := bits.TrailingZeros64(m) &^ 7
				high |= w & (1<<n - 1)
				i += n >> 3
				break
			}
			high |= w
			i += 8
		}
		if i >= len(b) {
			return -1, false
		}
		switch c := b[i]; {
		case c == '"':
			return i + 1, high&highs != 0
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
		default:
			high |= uint64(c)
			i++
		}
	}
}

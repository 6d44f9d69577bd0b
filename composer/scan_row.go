package composer

import (
	"encoding/binary"
	"math/bits"
)

// members reads members of an object, from a key on, as long as they are scalars in the order in which an object before had them: the
// rows of a list mostly are. It is true if the object ended with them; else what stands at a key is not of that kind. Nothing is read of a
// member that is not whole.
func (s *scanner) members(t *progTrie, base uint32, last *int32) bool {
	b, i := s.b, s.i
	at := *last
	done := false
	for !done {
		h := s.after[at]
		if h == 0 {
			break
		}
		k := &t.keys[h-1]
		v := i + len(k.quoted) // where the value begins
		if k.fast == fastNone || v+16 > len(b) || binary.LittleEndian.Uint64(b[i:])&k.mask != k.head ||
			len(k.quoted) > 8 && string(b[i+8:v]) != string(k.quoted[8:]) {
			break
		}
		if b[v] == ' ' {
			v++
		}
		kind, end := kMissing, 0
		switch k.fast {
		case fastText:
			kind, end = kText, asciiText(b, v)
		case fastInt:
			kind, end = kInt, shortInt(b, v)
		case fastBool:
			kind = kBool
			switch w := binary.LittleEndian.Uint64(b[v:]); {
			case w&(1<<32-1) == trueWord:
				end = v + 4
			case w&(1<<40-1) == falseWord:
				end = v + 5
			}
		}
		if end == 0 || end >= len(b) {
			break
		}
		next := end
		for next < len(b) && white(b[next]) {
			next++
		}
		if next == len(b) {
			break
		}
		switch b[next] {
		case ',':
			for next++; next < len(b) && white(b[next]); {
				next++
			}
		case '}':
			next++
			done = true
		default:
			s.i, *last = i, at
			return false
		}
		s.cells[base+k.slot] = cell{kind: kind, ans: s.ans, off: uint32(v), n: uint32(end - v)}
		i, at = next, k.number
	}
	s.i, *last = i, at
	return done
}

// The first bytes of true and false, as words have them.
const (
	trueWord  = 't' | 'r'<<8 | 'u'<<16 | 'e'<<24
	falseWord = 'f' | 'a'<<8 | 'l'<<16 | 's'<<24 | 'e'<<32
)

// asciiText is the place behind a string of ASCII without escapes that begins at v; 0 if something else stands there.
func asciiText(b []byte, v int) int {
	if b[v] != '"' {
		return 0
	}
	for v++; v+8 <= len(b); v += 8 {
		w := binary.LittleEndian.Uint64(b[v:])
		// Below 0x80 no more is needed to find a byte; what a word's later bytes borrow of each other does not hide its first.
		if m := (((w ^ '"'*ones) - ones) | ((w ^ '\\'*ones) - ones) | (w - 0x20*ones) | w) & highs; m != 0 {
			if v += bits.TrailingZeros64(m) >> 3; b[v] != '"' {
				return 0
			}
			return v + 1
		}
	}
	return 0 // an answer's last bytes
}

// shortInt is the place behind a whole number of up to nine digits that begins at v; 0 if something else stands there.
func shortInt(b []byte, v int) int {
	if b[v] == '-' {
		v++
	}
	from := v
	for v < len(b) && b[v]-'0' < 10 {
		v++
	}
	if n := v - from; n == 0 || n > 9 || n > 1 && b[from] == '0' || v == len(b) || b[v] != ',' && b[v] != '}' && b[v] > ' ' {
		return 0
	}
	return v
}

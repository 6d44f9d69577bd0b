package composer

import (
	"encoding/binary"
	"math/bits"
)

// members reads members of an object, from a key on, as long as they are scalars in the order in which an object before had them: the
// rows of a list mostly are; so are the keys between them that nobody reads. It is true if the object ended with them; else what stands at a key is not of that kind. Nothing is read of a
// member that is not whole.
func (s *scanner) members(t *progTrie, base uint32, last *int32) bool {
	b, i := s.b, s.i
	at := *last
	done := false
	for !done {
		k, v := (*progKey)(nil), 0 // v is where the value begins
		if h := s.after[at]; h != 0 {
			c := &t.keys[h-1]
			if v = i + len(c.quoted); c.fast != fastNone && v+16 <= len(b) && binary.LittleEndian.Uint64(b[i:])&c.mask == c.head &&
				(len(c.quoted) <= 8 || string(b[i+8:v]) == string(c.quoted[8:])) {
				k = c
			}
		}
		if k == nil {
			if v = s.gap(at, i); v == 0 {
				break
			}
		}
		if b[v] == ' ' {
			v++
		}
		kind, end := kMissing, 0
		switch {
		case k == nil:
			end = s.unread(v)
		case k.fast == fastText:
			kind, end = kText, asciiText(b, v)
		case k.fast == fastInt:
			kind, end = kInt, shortInt(b, v)
		case k.fast == fastBool:
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
		if i = next; k != nil {
			s.cells[base+k.slot] = cell{kind: kind, ans: s.ans, off: uint32(v), n: uint32(end - v)}
			at = k.number
		}
	}
	s.i, *last = i, at
	return done
}

// gap is the place behind a key, with its colon, that nobody reads and that stood in the same place in an object before; 0 if another
// stands at i.
func (s *scanner) gap(last int32, i int) int {
	g := s.gaps[last]
	v := i + int(g.end-g.off)
	if g.end == 0 || v+16 > len(s.b) || string(s.b[i:v]) != string(s.b[g.off:g.end]) {
		return 0
	}
	return v
}

// unread is the place behind a value that nobody reads; 0 if it is not of a kind that is passed here.
func (s *scanner) unread(v int) int {
	switch c := s.b[v]; {
	case c == '"':
		return asciiText(s.b, v)
	case c != '{' && c != '[':
		return shortInt(s.b, v)
	case s.from != nil: // what is not whole is waited for elsewhere
		return 0
	}
	if s.i = v; !s.nest() {
		return 0
	}
	return s.i
}

// The first bytes of true and false, as words have them.
const (
	trueWord  = 't' | 'r'<<8 | 'u'<<16 | 'e'<<24
	falseWord = 'f' | 'a'<<8 | 'l'<<16 | 's'<<24 | 'e'<<32
)

// asciiText is the place behind a string of ASCII without escapes that begins at i; 0 if something else stands there, or the answer ends soon.
func asciiText(b []byte, i int) int {
	if b[i] != '"' {
		return 0
	}
	for i++; i+32 <= len(b); i += 32 { // the first word that has something special in it: where the text ends varies too much to look at all at once
		m := special(binary.LittleEndian.Uint64(b[i:]))
		if m != 0 {
			i += bits.TrailingZeros64(m) >> 3
		} else if m = special(binary.LittleEndian.Uint64(b[i+8:])); m != 0 {
			i += 8 + bits.TrailingZeros64(m)>>3
		} else if m = special(binary.LittleEndian.Uint64(b[i+16:])); m != 0 {
			i += 16 + bits.TrailingZeros64(m)>>3
		} else if m = special(binary.LittleEndian.Uint64(b[i+24:])); m != 0 {
			i += 24 + bits.TrailingZeros64(m)>>3
		} else {
			continue
		}
		if b[i] != '"' {
			return 0
		}
		return i + 1
	}
	return 0
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

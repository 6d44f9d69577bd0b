package composer

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// maxNesting bounds how deep a tier's JSON may nest.
const maxNesting = 512

// A scanner reads one tier body once. Its methods return false where the text is not JSON: then the whole answer is bad.
// Values that are JSON but not what the graph says become flawed cells, at their own place only.
type scanner struct {
	b      []byte
	i      int
	ans    uint16
	depth  int
	cells  []cell  // records and lists
	stack  []cell  // items of the lists that are open
	tracks []track // records of keyed objects, in order
	read   cell    // what plain and small have passed
	strays bool    // the object or array that nest has passed has bytes that are no UTF-8
	gaps   []span  // by a key's number: where a key with its colon stood behind it that nobody reads
	after  []int32 // by a key's number: 1 + the place in its trie of the key that followed it last; 0: none yet

	rows *pattern // of what nest passes; nil: no value was large yet

	from    *arrival // where the bytes behind b come from; nil: there are none
	prog    *program // that reads the answer which is waited for
	arrival *arrival // the answer that is read while it comes; nil: none is
}

// A track is a record whose entity is to be known.
type track struct {
	place uint32 // index in plan.places
	off   uint32
}

func (s *scanner) space() {
	if s.i < len(s.b) && s.b[s.i] > ' ' {
		return
	}
	s.spaces()
}

func (s *scanner) spaces() {
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case ' ', '\n', '\t', '\r':
			s.i++
		default:
			return
		}
	}
}

func (s *scanner) next(c byte) bool {
	if s.i < len(s.b) && s.b[s.i] == c {
		s.i++
		return true
	}
	return false
}

// skip passes one value.
func (s *scanner) skip() bool {
	if s.i >= len(s.b) {
		return false
	}
	switch c := s.b[s.i]; c {
	case '"':
		_, _, ok := s.text()
		return ok
	case '{', '[':
		return s.nest()
	case 't':
		return s.word("true")
	case 'f':
		return s.word("false")
	case 'n':
		return s.word("null")
	default:
		_, ok := s.number()
		return ok
	}
}

func (s *scanner) colon() bool {
	s.space()
	if !s.next(':') {
		return false
	}
	s.space()
	return true
}

func (s *scanner) word(w string) bool {
	if len(s.b)-s.i < len(w) || string(s.b[s.i:s.i+len(w)]) != w {
		return false
	}
	s.i += len(w)
	return true
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// text passes a string that starts here. escaped says that a backslash is in it; legal is false if its bytes are no
// UTF-8 or an escape is half a surrogate pair.
func (s *scanner) text() (escaped, legal, ok bool) {
	b, i := s.b, s.i+1
	legal = true
	high := false
	for {
		for i+8 <= len(b) {
			w := binary.LittleEndian.Uint64(b[i:])
			q := w ^ ('"' * ones)
			e := w ^ ('\\' * ones)
			m := ((q - ones) &^ q) | ((e - ones) &^ e) | ((w - 0x20*ones) &^ w)
			if h := w & highs; h != 0 {
				high = true
				m &^= h
			}
			m &= highs
			if m != 0 {
				i += bits.TrailingZeros64(m) >> 3
				break
			}
			i += 8
		}
		if i >= len(b) {
			return false, false, false
		}
		c := b[i]
		switch {
		case c == '"':
			if high && !utf8.Valid(b[s.i+1:i]) {
				legal = false
			}
			s.i = i + 1
			return escaped, legal, true
		case c == '\\':
			escaped = true
			if i+1 >= len(b) {
				return false, false, false
			}
			switch b[i+1] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
				i += 2
			case 'u':
				r, good := hex4(b, i+2)
				if !good {
					return false, false, false
				}
				i += 6
				switch {
				case 0xD800 <= r && r < 0xDC00:
					lo, good := uint32(0), false
					if i+1 < len(b) && b[i] == '\\' && b[i+1] == 'u' {
						lo, good = hex4(b, i+2)
					}
					if !good || lo < 0xDC00 || lo > 0xDFFF {
						legal = false
					} else {
						i += 6
					}
				case 0xDC00 <= r && r < 0xE000:
					legal = false
				}
			default:
				return false, false, false
			}
		case c < 0x20:
			return false, false, false
		default:
			if c >= 0x80 {
				high = true
			}
			i++
		}
	}
}

func hex4(b []byte, i int) (uint32, bool) {
	if i+4 > len(b) {
		return 0, false
	}
	var r uint32
	for _, c := range b[i : i+4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | uint32(c)
	}
	return r, true
}

// number passes a number; whole says that it has neither fraction nor exponent.
func (s *scanner) number() (whole, ok bool) {
	b, i := s.b, s.i
	digits := func() bool {
		from := i
		for i < len(b) && '0' <= b[i] && b[i] <= '9' {
			i++
		}
		return i > from
	}
	if i < len(b) && b[i] == '-' {
		i++
	}
	switch {
	case i < len(b) && b[i] == '0':
		i++
	case !digits():
		return false, false
	}
	whole = true
	if i < len(b) && b[i] == '.' {
		whole = false
		i++
		if !digits() {
			return false, false
		}
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		whole = false
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if !digits() {
			return false, false
		}
	}
	s.i = i
	return whole, true
}

// fits says whether a whole number's text is a 32-bit integer.
func fits(b []byte) bool {
	neg := b[0] == '-'
	if neg {
		b = b[1:]
	}
	if len(b) > 10 {
		return false
	}
	var n int64
	for _, c := range b {
		n = n*10 + int64(c-'0')
	}
	if neg {
		return n <= 1<<31
	}
	return n < 1<<31
}

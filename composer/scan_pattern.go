package composer

import "encoding/binary"

// A pattern is what the keys of a large value's objects were: the rows of a list mostly have the same ones in the same order. A key that is the
// one before in its place, byte for byte, needs no other look.
type pattern struct {
	member [patternDepth]uint8 // of the objects that are open: how many keys they had
	keys   [patternDepth][patternKeys]patternKey
}

// A patternKey is a key with its colon.
type patternKey struct {
	head, mask uint64 // its first eight bytes, or all that there are
	off, n     uint32 // where it stood; n is 0 where there is none
}

const (
	patternDepth = 4       // levels; deeper ones share their places
	patternKeys  = 32      // keys of an object; those after share their places
	patternAfter = 2 << 10 // bytes of a value that are read without
)

// pattern is a pattern that knows nothing.
func (s *scanner) pattern() *pattern {
	if s.rows == nil {
		s.rows = new(pattern)
	} else {
		*s.rows = pattern{}
	}
	return s.rows
}

// pass passes members of an object, from a key on, as long as their keys are those that stood there last and their values are plain. at says
// what stands where it halts: a key or what is none, a value, or what is behind a value.
func (r *pattern) pass(b []byte, i, open int) (end, at int) {
	keys := &r.keys[open%patternDepth]
	m := r.member[open%patternDepth]
	for {
		k := &keys[m%patternKeys]
		v := i + int(k.n)
		if k.n == 0 || v+16 > len(b) || binary.LittleEndian.Uint64(b[i:])&k.mask != k.head || k.n > 8 && string(b[i+8:v]) != string(b[k.off+8:k.off+k.n]) {
			r.member[open%patternDepth] = m
			return i, atKey
		}
		m++
		if b[v] == ' ' {
			v++
		}
		switch c := b[v]; {
		case c == '"':
			i = asciiText(b, v)
		case c-'0' < 10:
			i = digits(b, v)
		case c == 't' && string(b[v:v+4]) == "true", c == 'n' && string(b[v:v+4]) == "null":
			i = v + 4
		case c == 'f' && string(b[v:v+5]) == "false":
			i = v + 5
		default:
			i = 0
		}
		if i == 0 {
			r.member[open%patternDepth] = m
			return v, atValue
		}
		if i >= len(b) || b[i] != ',' {
			r.member[open%patternDepth] = m
			return i, atAfter
		}
		for i++; i < len(b) && white(b[i]); {
			i++
		}
	}
}

// keep remembers the key that stands from i to j.
func (r *pattern) keep(b []byte, i, j, open int) {
	at := &r.member[open%patternDepth]
	if i+8 <= len(b) {
		k := patternKey{off: uint32(i), n: uint32(j - i), mask: 1<<64 - 1}
		if k.n < 8 {
			k.mask >>= 64 - 8*k.n
		}
		k.head = binary.LittleEndian.Uint64(b[i:]) & k.mask
		r.keys[open%patternDepth][*at%patternKeys] = k
	}
	*at++
}

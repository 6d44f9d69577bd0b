package composer

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"sync/atomic"

	"facet/tiers"
)

// A program reads the answers of one operation: a record whose first cell is the value, with the total and the next
// cursor behind it where the operation is paged.
type program struct {
	trie    progTrie
	numbers int32        // of keys and of tries, by which the scanner remembers their order
	cells   atomic.Int64 // of the last large answer: how much room the next is given
}

// number numbers the keys and tries of a finished program.
func (g *program) number() {
	g.numbers = 0
	next := func() int32 { g.numbers++; return g.numbers - 1 }
	var trie func(t *progTrie)
	var value func(v *progValue)
	value = func(v *progValue) {
		switch {
		case v == nil:
		case v.elem != nil:
			value(v.elem)
		case v.object != nil:
			trie(&v.object.trie)
		case v.match != nil:
			for _, c := range v.match.cases {
				trie(&c.object.trie)
			}
		}
	}
	trie = func(t *progTrie) {
		t.first = next()
		for i := range t.keys {
			k := &t.keys[i]
			k.number = next()
			k.ready()
			for _, a := range k.acts {
				value(a.value)
			}
			if k.sub != nil {
				trie(k.sub)
			}
		}
	}
	trie(&g.trie)
}

// The cells of an answer's first record.
const (
	rootValue = iota
	rootTotal
	rootNext
	rootWidth
)

// run reads a body into s.cells; the first rootWidth cells are the root's. False: the body is not JSON, or nests too deep.
func (g *program) run(s *scanner) bool {
	s.after, s.gaps = grow(s.after, int(g.numbers)), grow(s.gaps, int(g.numbers))
	clear(s.after)
	clear(s.gaps)
	size := len(s.b)
	if s.from != nil {
		size = len(s.from.bytes)
	}
	if size >= tiers.IntakeSize {
		s.cells = slices.Grow(s.cells, min(int(g.cells.Load()), size/2))
	}
	for range rootWidth {
		s.cells = append(s.cells, cell{})
	}
	s.space()
	if !s.under(&g.trie, 0) {
		return false
	}
	s.space()
	if size >= tiers.IntakeSize {
		g.cells.Store(int64(len(s.cells) + len(s.cells)/16))
	}
	return s.i == len(s.b)
}

// under reads a JSON value whose keys a trie names, into the record at base.
func (s *scanner) under(t *progTrie, base uint32) bool {
	if t.whole {
		from := s.i
		for i := range t.keys { // what reads the value itself
			if k := &t.keys[i]; len(k.name) == 1 && k.name[0] == self[0] {
				for _, a := range k.acts {
					s.i = from
					if !s.act(a, base) {
						return false
					}
				}
				if len(t.keys) == 1 {
					return true
				}
				s.i = from
			}
		}
	}
	if s.i >= len(s.b) || s.b[s.i] != '{' {
		return s.skip()
	}
	if s.depth++; s.depth > maxNesting {
		return false
	}
	s.i++
	s.space()
	if s.next('}') {
		s.depth--
		return true
	}
	last := t.first
	for {
		if s.members(t, base, &last) {
			s.depth--
			return true
		}
		k, ok := s.expected(t, &last)
		if !ok && !s.strange(last) {
			if k, ok = s.key(t, &last); !ok {
				return false
			}
		}
		switch {
		case k == nil:
			ok = s.skip()
		case k.fast == fastText && s.plain() || k.fast == fastInt && s.small():
			s.cells[base+k.slot] = s.read
		default:
			ok = s.keyed(k, base)
		}
		if !ok {
			return false
		}
		s.space()
		if s.next(',') {
			s.space()
			continue
		}
		s.depth--
		return s.next('}')
	}
}

// expected reads the key that followed the last one in the object before, with its colon; ok is false if another stands there. Objects
// of one kind mostly keep one order.
func (s *scanner) expected(t *progTrie, last *int32) (k *progKey, ok bool) {
	h := s.after[*last]
	if h == 0 {
		return nil, false
	}
	k = &t.keys[h-1]
	end := s.i + len(k.quoted)
	if s.i+8 > len(s.b) || end > len(s.b) {
		return nil, false
	}
	if binary.LittleEndian.Uint64(s.b[s.i:])&k.mask != k.head || len(k.quoted) > 8 && string(s.b[s.i+8:end]) != string(k.quoted[8:]) {
		return nil, false
	}
	*last = k.number
	s.i = end
	s.space()
	return k, true
}

// strange passes a key, with its colon, that nobody reads and that stood in the same place in an object before.
func (s *scanner) strange(last int32) bool {
	g := s.gaps[last]
	end := s.i + int(g.end-g.off)
	if g.end == 0 || end > len(s.b) || string(s.b[s.i:end]) != string(s.b[g.off:g.end]) {
		return false
	}
	s.i = end
	s.space()
	return true
}

// plain passes a string of ASCII without escapes, as a cell in s.read; false if something else stands here, and nothing is passed then.
func (s *scanner) plain() bool {
	b, i := s.b, s.i
	if i >= len(b) || b[i] != '"' {
		return false
	}
	for i++; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		q := w ^ ('"' * ones)
		e := w ^ ('\\' * ones)
		if m := (((q - ones) &^ q) | ((e - ones) &^ e) | ((w - 0x20*ones) &^ w) | w) & highs; m != 0 {
			i += bits.TrailingZeros64(m) >> 3
			if b[i] != '"' {
				return false
			}
			i++
			s.read = cell{kind: kText, ans: s.ans, off: uint32(s.i), n: uint32(i - s.i)}
			s.i = i
			return true
		}
	}
	return false // an answer's last bytes
}

// small passes a whole number of up to nine digits, as a cell in s.read; false if something else stands here, and nothing is passed then.
func (s *scanner) small() bool {
	b, i := s.b, s.i
	if i < len(b) && b[i] == '-' {
		i++
	}
	from := i
	for i < len(b) && '0' <= b[i] && b[i] <= '9' {
		i++
	}
	if n := i - from; n == 0 || n > 9 || n > 1 && b[from] == '0' || i == len(b) || b[i] != ',' && b[i] != '}' && b[i] > ' ' {
		return false
	}
	s.read = cell{kind: kInt, ans: s.ans, off: uint32(s.i), n: uint32(i - s.i)}
	s.i = i
	return true
}

// key reads a key with its colon and finds it in the trie, and remembers that it followed the one whose number is in last.
func (s *scanner) key(t *progTrie, last *int32) (*progKey, bool) {
	if s.i >= len(s.b) || s.b[s.i] != '"' {
		return nil, false
	}
	from := s.i
	escaped, _, ok := s.text()
	if !ok {
		return nil, false
	}
	name := s.b[from+1 : s.i-1]
	if escaped {
		name = unquote(s.b[from:s.i])
	}
	if !s.colon() {
		return nil, false
	}
	end := s.i
	for i := range t.keys {
		if k := &t.keys[i]; string(k.name) == string(name) {
			s.after[*last] = int32(i) + 1
			*last = k.number
			return k, true
		}
	}
	s.gaps[*last] = span{uint32(from), uint32(end)}
	return nil, true
}

func (s *scanner) keyed(k *progKey, base uint32) bool {
	from := s.i
	for i, a := range k.acts {
		if i > 0 {
			s.i = from
		}
		if !s.act(a, base) {
			return false
		}
	}
	if k.sub == nil {
		return true
	}
	s.i = from
	return s.under(k.sub, base)
}

func (s *scanner) act(a progAct, base uint32) bool {
	c, ok := s.value(a.value)
	if ok {
		s.cells[base+uint32(a.slot)] = c
	}
	return ok
}

// value reads one value.
func (s *scanner) value(v *progValue) (cell, bool) {
	if v.literal.kind != kMissing {
		return v.literal, s.skip()
	}
	if s.i >= len(s.b) {
		return cell{}, false
	}
	c := s.b[s.i]
	if c == 'n' {
		if !s.word("null") {
			return cell{}, false
		}
		if v.nonNull {
			return flawed(flawNull), true
		}
		return nullCell, true
	}
	switch {
	case v.elem != nil:
		if c != '[' {
			return flawed(flawType), s.skip()
		}
		return s.list(v.elem)
	case v.object != nil:
		if c != '{' && !v.object.itself() {
			return flawed(flawType), s.skip()
		}
		return s.object(v.object)
	case v.match != nil:
		if c != '{' {
			return flawed(flawType), s.skip()
		}
		return s.member(v.match)
	}
	return s.scalar(v, c)
}

// itself says whether the record is read from a value that need not be an object: { id: $ } of a list of ids.
func (o *progObject) itself() bool { return o.trie.whole }

func (s *scanner) list(elem *progValue) (cell, bool) {
	if s.depth++; s.depth > maxNesting {
		return cell{}, false
	}
	s.i++
	s.space()
	mark := len(s.stack)
	if !s.next(']') {
		for {
			var at halt
			if s.from != nil {
				at = s.halt()
			}
			c, ok := s.value(elem)
			if ok {
				s.stack = append(s.stack, c)
				s.space()
				if s.next(',') {
					s.space()
					continue
				}
				ok = s.next(']')
			}
			if ok {
				break
			}
			if s.from == nil || !s.again(at) {
				return c, false
			}
		}
	}
	if s.from != nil {
		s.ahead()
	}
	s.depth--
	c := cell{kind: kList, ans: s.ans, off: uint32(len(s.cells)), n: uint32(len(s.stack) - mark)}
	s.cells = append(s.cells, s.stack[mark:]...)
	s.stack = s.stack[:mark]
	return c, true
}

var blanks [32]cell

func (s *scanner) object(o *progObject) (cell, bool) {
	base := uint32(len(s.cells))
	for w := int(o.width); w > 0; w -= len(blanks) {
		s.cells = append(s.cells, blanks[:min(w, len(blanks))]...)
	}
	for i := range o.places {
		pp := &o.places[i]
		at := base + uint32(pp.place.base)
		if pp.slot >= 0 {
			s.cells[base+uint32(pp.slot)] = cell{kind: kObject, ans: s.ans, off: at, n: uint32(pp.place.index)}
		}
		if pp.place.space >= 0 {
			s.tracks = append(s.tracks, track{place: uint32(pp.place.index), off: at})
		}
	}
	if !s.under(&o.trie, base) {
		return cell{}, false
	}
	for i := range o.places {
		if pp := &o.places[i]; pp.null {
			at := base + uint32(pp.place.base)
			for _, k := range pp.place.key {
				switch s.cells[at+uint32(k)].kind {
				case kMissing, kNull:
					s.cells[base+uint32(pp.slot)] = nullCell
				case kError:
					if flaw(s.cells[at+uint32(k)].off) == flawNull {
						s.cells[base+uint32(pp.slot)] = nullCell
					}
				}
			}
		}
	}
	return cell{kind: kObject, ans: s.ans, off: base, n: uint32(o.places[0].place.index)}, true
}

// member finds the deciding value first, then reads the item as the member that it names.
func (s *scanner) member(m *progMatch) (cell, bool) {
	from, depth := s.i, s.depth
	tag, ok := s.find(m.on)
	if !ok {
		return cell{}, false
	}
	end := s.i
	s.depth = depth
	for i := range m.cases {
		c := &m.cases[i]
		if c.json == nil || sameJSON(c.json, tag) {
			if c.json == nil && tag == nil {
				break
			}
			s.i = from
			return s.object(c.object)
		}
	}
	s.i = end
	return flawed(flawMember), true
}

// find passes the value and returns the bytes of what stands at a path below it, nil if nothing does.
func (s *scanner) find(steps []string) ([]byte, bool) {
	from := s.i
	if len(steps) == 0 {
		ok := s.skip()
		return s.b[from:s.i], ok
	}
	if s.i >= len(s.b) || s.b[s.i] != '{' {
		return nil, s.skip()
	}
	if s.depth++; s.depth > maxNesting {
		return nil, false
	}
	s.i++
	s.space()
	var found []byte
	if s.next('}') {
		s.depth--
		return nil, true
	}
	for {
		at := s.i
		if s.i >= len(s.b) || s.b[s.i] != '"' {
			return nil, false
		}
		if _, _, ok := s.text(); !ok {
			return nil, false
		}
		name := s.b[at:s.i]
		if !s.colon() {
			return nil, false
		}
		if string(unquote(name)) == steps[0] {
			v, ok := s.find(steps[1:])
			if !ok {
				return nil, false
			}
			found = v
		} else if !s.skip() {
			return nil, false
		}
		s.space()
		if s.next(',') {
			s.space()
			continue
		}
		s.depth--
		return found, s.next('}')
	}
}

// sameJSON compares two scalars.
func sameJSON(a, b []byte) bool {
	if len(a) == 0 || len(b) == 0 {
		return false
	}
	if a[0] == '"' && b[0] == '"' {
		return string(unquote(a)) == string(unquote(b))
	}
	return string(a) == string(b)
}

func (s *scanner) scalar(v *progValue, c byte) (cell, bool) {
	from := s.i
	span := func(k kind) cell {
		return cell{kind: k, ans: s.ans, off: uint32(from), n: uint32(s.i - from)}
	}
	switch c {
	case '"':
		escaped, legal, ok := s.text()
		if !ok {
			return cell{}, false
		}
		if !legal && v.scalar != scalarRaw {
			return flawed(flawText), true
		}
		switch v.scalar {
		case scalarString, scalarID:
			if escaped {
				return span(kEscaped), true
			}
			return span(kText), true
		case scalarRaw:
			if !legal {
				return flawed(flawText), true
			}
			if escaped {
				return span(kEscaped), true
			}
			return span(kText), true
		case scalarEnum:
			name := s.b[from+1 : s.i-1]
			if escaped {
				name = unquote(s.b[from:s.i])
			}
			for _, m := range v.enum {
				if string(m) == string(name) {
					if escaped {
						return span(kEscaped), true
					}
					return span(kText), true
				}
			}
			return flawed(flawEnum), true
		}
		return flawed(flawType), true
	case 't', 'f':
		if !s.skip() {
			return cell{}, false
		}
		if v.scalar == scalarBool || v.scalar == scalarRaw {
			return span(kBool), true
		}
		return flawed(flawType), true
	case '{', '[':
		if !s.nest() {
			return cell{}, false
		}
		if v.scalar != scalarRaw {
			return flawed(flawType), true
		}
		if s.strays {
			return flawed(flawText), true
		}
		return span(kRaw), true
	}
	whole, ok := s.number()
	if !ok {
		return cell{}, false
	}
	switch v.scalar {
	case scalarInt:
		if !whole || !fits(s.b[from:s.i]) {
			return flawed(flawInt), true
		}
		return span(kInt), true
	case scalarFloat:
		return span(kFloat), true
	case scalarRaw:
		return span(kFloat), true
	case scalarID:
		if whole {
			return span(kDigits), true
		}
	}
	return flawed(flawType), true
}

package composer

import "hash/maphash"

// A table gives the entities of one space dense numbers, in the order in which they were first named.
type table struct {
	keys  []span   // in bytes, by number
	hash  []uint64 // by number
	bytes []byte
	index []int32 // open addressing; 0: free, else number + 1
	parts []cell  // the key parts as JSON, by number × parts
	bad   []int32 // number -> 1 + index in exec.errs where a guard forbids it; nil without guards
	n     int32
	next  int32 // the number after the one that was found last
}

type span struct{ off, end uint32 }

var seed = maphash.MakeSeed()

// find finds or adds a key. Rows mostly come in the order in which they were asked for, so that each is the one after the last, or the
// next but one where a row is missing.
func (t *table) find(key []byte) (e int32, added bool) {
	for g := t.next; g < min(t.n, t.next+2); g++ {
		if k := t.keys[g]; string(t.bytes[k.off:k.end]) == string(key) {
			t.next = g + 1
			return g, false
		}
	}
	e, added = t.lookup(key)
	t.next = e + 1
	return e, added
}

// lookup finds or adds a key.
func (t *table) lookup(key []byte) (e int32, added bool) {
	if int(t.n)*2 >= len(t.index) {
		t.grow()
	}
	h := maphash.Bytes(seed, key)
	mask := uint64(len(t.index) - 1)
	i := h & mask
	for ; t.index[i] != 0; i = (i + 1) & mask {
		e := t.index[i] - 1
		if k := t.keys[e]; t.hash[e] == h && string(t.bytes[k.off:k.end]) == string(key) {
			return e, false
		}
	}
	from := len(t.bytes)
	t.bytes = append(t.bytes, key...)
	t.keys = append(t.keys, span{uint32(from), uint32(len(t.bytes))})
	t.hash = append(t.hash, h)
	e = t.n
	t.n++
	t.index[i] = t.n
	return e, true
}

func (t *table) key(e int32) []byte { k := t.keys[e]; return t.bytes[k.off:k.end] }

func (t *table) grow() {
	n := max(64, len(t.index)*2)
	t.index = make([]int32, n)
	mask := uint64(n - 1)
	for e, h := range t.hash {
		i := h & mask
		for t.index[i] != 0 {
			i = (i + 1) & mask
		}
		t.index[i] = int32(e) + 1
	}
}

func (t *table) reset() {
	clear(t.index)
	t.keys, t.hash, t.bytes, t.parts, t.bad, t.n = t.keys[:0], t.hash[:0], t.bytes[:0], t.parts[:0], t.bad[:0], 0
	t.next = 0
}

// maxKey bounds the keys of entities, in bytes.
const maxKey = 4 * maxString

// noEntity is an object without an identity.
const noEntity int32 = -1

// intern gives the entity of a space whose key parts are given; ok is false if a part is null or failed.
func (x *exec) intern(space int32, parts []cell) (int32, bool) {
	if len(parts) == 1 && parts[0].kind == kText { // as most are: where they lie
		return x.entity(space, x.text(parts[0]), parts)
	}
	key := x.key[:0]
	for i, c := range parts {
		switch c.kind {
		case kText, kEscaped, kDigits, kInt, kFloat, kBool, kRaw:
		case kNull, kMissing:
			if x.p.spaces[space].kind == "" { // the key of a type is never null; what a call takes may be
				return noEntity, false
			}
		default:
			return noEntity, false
		}
		if len(parts) == 1 {
			key = x.appendText(key, c)
			break
		}
		if i > 0 {
			key = append(key, '~')
		}
		key = escapeKey(key, x.text(c))
	}
	x.key = key
	return x.entity(space, key, parts)
}

// entity gives the entity that has a key.
func (x *exec) entity(space int32, key []byte, parts []cell) (int32, bool) {
	if len(key) == 0 || len(key) > maxKey { // nothing has such a key
		return noEntity, false
	}
	t := &x.spaces[space]
	e, added := t.find(key)
	if added {
		for _, c := range parts {
			if c.kind == kMissing {
				c = nullCell
			}
			t.parts = append(t.parts, c)
		}
		x.entities++
		if len(x.p.spaces[space].guards) > 0 {
			t.bad = append(t.bad, x.guardEntity(space, e))
		}
	}
	return e, true
}

// escapeKey percent-encodes a key part as view.EncodeKey does.
func escapeKey(dst, s []byte) []byte {
	for _, c := range s {
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.' {
			dst = append(dst, c)
			continue
		}
		dst = append(dst, '%', upperHex[c>>4], upperHex[c&15])
	}
	return dst
}

const upperHex = "0123456789ABCDEF"

// A column holds, by entity, what an operation gave under one set of arguments, or a place's records.
type column struct {
	recs   []cell
	order  []uint32 // places: by which step the record came; lower ones win
	totals []int32  // paged lists: the declared total, -1 unknown
	from   []int32  // paged lists: the index of the first item
}

func (c *column) at(e int32) *cell {
	for int(e) >= len(c.recs) {
		c.recs = append(c.recs, cell{})
	}
	return &c.recs[e]
}

func (c *column) get(e int32) cell {
	if int(e) < len(c.recs) {
		return c.recs[e]
	}
	return cell{}
}

// visible says whether a place's record was given by a step below a level.
func (x *exec) visible(c *column, e int32) bool {
	return x.limit == 0 || int(e) >= len(c.order) || int32(c.order[e]>>16) < x.limit
}

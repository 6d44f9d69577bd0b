package composer

import (
	"encoding/binary"
	"slices"

	"facet/graph"
)

// A place is one object of the graph where an operation's answer maps it: which of its fields are wanted, and in which
// cells of a record they go. Fields are added while planning; finish lays the records out.
type place struct {
	index int // in plan.places
	typ   *graph.Type
	sel   *graph.Selection
	op    *opPlan
	order int // document order within the operation

	slots []*slot
	// cases are a union's or interface's members, in the order of the mapping; the default last. Slots is empty then.
	cases []placeCase

	space int32   // the entity space; -1 without a key
	key   []int32 // slots of the key fields
	col   int32   // the column that the records give entities; -1 without a space
	row   bool    // rows of a batch: matched to what was asked

	base int32 // where the place's cells begin in the record of the JSON object
}

type placeCase struct {
	json   []byte // nil for the default
	member string
	place  *place
}

// A slot is a cell of a record. The first cell of a keyed place's record holds its entity.
type slot struct {
	name  string
	ref   graph.TypeRef
	sel   *graph.Selection
	child *place // of composite types
	at    int32  // in the place's record
}

func (pl *place) head() int32 {
	if pl.space >= 0 {
		return 1
	}
	return 0
}

// maps says how the answer gives a field of the place, or nil.
func (pl *place) maps(name string) *graph.Selection {
	if pl.sel == nil {
		return nil
	}
	for _, it := range pl.sel.Items {
		if it.Field == name {
			return it.Value
		}
	}
	return nil
}

// want adds a field; nil if the answer does not map it. Places with cases are asked case by case.
func (p *planner) want(pl *place, f *graph.Field) *slot {
	for _, s := range pl.slots {
		if s.name == f.Name {
			return s
		}
	}
	sel := pl.maps(f.Name)
	if sel == nil {
		return nil
	}
	return p.addSlot(pl, f.Name, f.Type, sel)
}

func (p *planner) addSlot(pl *place, name string, ref graph.TypeRef, sel *graph.Selection) *slot {
	s := &slot{name: name, ref: ref, sel: sel, at: pl.head() + int32(len(pl.slots))}
	pl.slots = append(pl.slots, s)
	if t := p.g.Types[ref.Named()]; t != nil && t.Composite() {
		s.child = p.newPlace(pl.op, t, sel)
	}
	return s
}

// newPlace makes the place of a type in an operation's answer. A keyed type's key fields are wanted from the start.
func (p *planner) newPlace(op *opPlan, t *graph.Type, sel *graph.Selection) *place {
	pl := &place{index: len(p.p.places), typ: t, sel: sel, op: op, space: -1, col: -1, order: len(op.places)}
	p.p.places = append(p.p.places, pl)
	op.places = append(op.places, pl)
	if sel != nil && sel.Match != nil {
		add := func(c graph.MatchCase) {
			m := p.g.Types[c.Member]
			if m == nil {
				return
			}
			mp := p.newPlace(op, m, c.Selection)
			pl.cases = append(pl.cases, placeCase{json: c.JSON, member: c.Member, place: mp})
		}
		for _, c := range sel.Match.Cases {
			add(c)
		}
		if sel.Match.Default != nil {
			d := *sel.Match.Default
			d.JSON = nil
			add(d)
		}
		return pl
	}
	if t.Keyed() {
		for _, k := range t.Key {
			if pl.maps(k) == nil {
				return pl
			}
		}
		pl.space = p.space(t, "", t.Key)
		pl.col = p.column()
		for _, k := range t.Key {
			pl.key = append(pl.key, p.want(pl, t.Field(k)).at)
		}
	}
	return pl
}

// width is the number of the place's own cells.
func (pl *place) width() int32 { return pl.head() + int32(len(pl.slots)) }

// The programs that the scanner runs. A program is made when a plan is finished.

// A progValue says how one JSON value becomes a cell.
type progValue struct {
	nonNull bool
	elem    *progValue // lists
	scalar  scalar
	enum    [][]byte
	object  *progObject
	match   *progMatch
	literal cell // set (kind not missing) where the mapping is a constant
}

type scalar uint8

const (
	scalarNone scalar = iota
	scalarID
	scalarString
	scalarInt
	scalarFloat
	scalarBool
	scalarEnum
	scalarRaw
)

// A progObject reads a JSON object into one record, that of a place with those grouped inside it.
type progObject struct {
	width  int32
	places []progPlace
	trie   progTrie
}

// A progPlace is a place whose cells lie in the record.
type progPlace struct {
	place *place
	slot  int32 // the cell that names it, where it is grouped inside another; -1 for the record's own
	null  bool  // grouped: null if a key field is null
}

type progTrie struct {
	keys  []progKey
	whole bool  // some actions read the value itself
	first int32 // its number: what the first key of an object follows
}

// A progKey is what is read under one JSON key.
type progKey struct {
	name   []byte
	acts   []progAct
	sub    *progTrie // a path goes on below it
	number int32     // see scanner.after
	quoted []byte    // `"name":`, as most tiers write it
	head   uint64    // its first eight bytes, those that it has
	mask   uint64
	fast   fast
	slot   uint32 // where fast is read into
}

// ready prepares what finds and reads the key quickly.
func (k *progKey) ready() {
	k.quoted, k.fast = append(append([]byte{'"'}, k.name...), '"', ':'), k.quick()
	if k.fast != fastNone {
		k.slot = uint32(k.acts[0].slot)
	}
	k.mask = ^uint64(0)
	if n := len(k.quoted); n < 8 {
		k.mask = 1<<(8*n) - 1
	}
	var first [8]byte
	copy(first[:], k.quoted)
	k.head = binary.LittleEndian.Uint64(first[:])
}

// A fast is a key under which one scalar is read and nothing else, of a kind that mostly has a simple form.
type fast uint8

const (
	fastNone fast = iota
	fastText      // a string or an ID: without escapes, of ASCII
	fastInt       // an Int: of up to nine digits
	fastBool      // a Boolean
)

func (k *progKey) quick() fast {
	if len(k.acts) != 1 || k.sub != nil {
		return fastNone
	}
	v := k.acts[0].value
	if v.literal.kind != kMissing || v.elem != nil || v.object != nil || v.match != nil {
		return fastNone
	}
	switch v.scalar {
	case scalarString, scalarID:
		return fastText
	case scalarInt:
		return fastInt
	case scalarBool:
		return fastBool
	}
	return fastNone
}

type progAct struct {
	slot  int32
	value *progValue
}

type progMatch struct {
	on    []string
	cases []progCase
}

type progCase struct {
	json   []byte
	object *progObject
}

func (p *planner) scalarOf(t *graph.Type) scalar {
	switch {
	case t == nil:
		return scalarRaw
	case t.Kind == graph.Enum:
		return scalarEnum
	}
	switch t.Name {
	case "ID":
		return scalarID
	case "String":
		return scalarString
	case "Int":
		return scalarInt
	case "Float":
		return scalarFloat
	case "Boolean":
		return scalarBool
	}
	return scalarRaw
}

func (p *planner) progValue(ref graph.TypeRef, sel *graph.Selection, child *place) *progValue {
	v := &progValue{nonNull: ref.NonNull}
	if ref.Elem != nil {
		v.elem = p.progValue(*ref.Elem, sel, child)
		return v
	}
	if sel != nil && sel.Literal != nil {
		v.literal = p.constant(sel.Literal)
	}
	switch {
	case child == nil:
		t := p.g.Types[ref.Name]
		v.scalar = p.scalarOf(t)
		if v.scalar == scalarEnum {
			for _, m := range t.Values {
				v.enum = append(v.enum, []byte(m))
			}
		}
	case child.cases != nil:
		v.match = &progMatch{on: child.sel.Match.On.Steps}
		for _, c := range child.cases {
			v.match.cases = append(v.match.cases, progCase{json: c.json, object: p.progObject(c.place)})
		}
	default:
		v.object = p.progObject(child)
	}
	return v
}

func (p *planner) progObject(pl *place) *progObject {
	o := &progObject{}
	p.group(o, &o.trie, pl, -1)
	return o
}

// group lays a place's cells into the object's record, reading below a trie.
func (p *planner) group(o *progObject, at *progTrie, pl *place, slot int32) {
	pl.base = o.width
	o.width += pl.width()
	o.places = append(o.places, progPlace{place: pl, slot: slot, null: slot >= 0 && pl.space >= 0})
	for _, s := range pl.slots {
		cell := pl.base + s.at
		if s.sel.Literal == nil && s.child != nil && len(s.sel.Path.Steps) == 0 && s.child.cases == nil && s.ref.Elem == nil {
			p.group(o, at, s.child, cell)
			continue
		}
		at.add(s.sel.Path.Steps, cell, p.progValue(s.ref, s.sel, s.child))
	}
}

// add puts an action under a path. The empty path stands under the key "" of a trie without a key: see self.
func (t *progTrie) add(steps []string, slot int32, v *progValue) {
	name := self
	if len(steps) > 0 {
		name = steps[0]
	} else {
		t.whole = true
	}
	i := slices.IndexFunc(t.keys, func(k progKey) bool { return string(k.name) == name })
	if i < 0 {
		i = len(t.keys)
		t.keys = append(t.keys, progKey{name: []byte(name)})
	}
	k := &t.keys[i]
	if len(steps) <= 1 {
		k.acts = append(k.acts, progAct{slot: slot, value: v})
		return
	}
	if k.sub == nil {
		k.sub = &progTrie{}
	}
	k.sub.add(steps[1:], slot, v)
}

// self is the key under which actions stand that read the object itself: no JSON key has illegal UTF-8.
const self = "\xff"

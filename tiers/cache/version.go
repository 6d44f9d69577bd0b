package cache

import (
	"encoding/binary"
	"slices"
	"sync/atomic"

	"facet/graph"
)

// A Version is a Cache as the operations of one graph version see it.
type Version struct {
	cache      *Cache
	id         uint64                  // no other opening has it, so entries of another graph are never found
	operations []*Operation            // by Operation.Index; nil: nothing is kept
	own, below map[string][]*Operation // whose answers hold a field, "Title.name": of the entity asked about, of any other
	// entities have the number of the last write to one of those that share the place. A write makes old what shares the place
	// with what it wrote, too: a call more, never an old answer.
	entities [4096]atomic.Uint64
}

// An Operation is what is known of one whose answers are kept.
type Operation struct {
	version *Version
	policy  graph.Cache
	source  string
	index   uint64
	// Rows says that entries are rows of a batch, each under its key. Otherwise they are whole answers.
	Rows    bool
	keys    []int         // where Operation.Needs has the key of the type, part by part; nil: an answer is of no one entity
	written atomic.Uint64 // the number of the last write to any entity
}

func newVersion(c *Cache, g *graph.Graph) *Version {
	v := &Version{cache: c, operations: make([]*Operation, len(g.Operations)), own: map[string][]*Operation{}, below: map[string][]*Operation{}}
	some := false
	for i, op := range g.Operations {
		if op.Mutation || !op.Cache.Kept() || !c.keeps(op.Source.Name) {
			continue
		}
		o := &Operation{version: v, policy: op.Cache, source: op.Source.Name, index: uint64(i)}
		for _, k := range op.Type.Key {
			at := slices.Index(op.Needs, k)
			if at < 0 {
				o.keys = nil
				break
			}
			o.keys = append(o.keys, at)
		}
		o.Rows = op.Batch && o.keys != nil
		own, below := g.Gives(op)
		for _, field := range own {
			v.own[field] = append(v.own[field], o)
		}
		for _, field := range below {
			v.below[field] = append(v.below[field], o)
		}
		v.operations[i], some = o, true
	}
	if !some {
		return nil
	}
	v.id = c.versions.Add(1)
	return v
}

// Close ends the Version: what it kept is never found again. A nil one may be closed.
func (v *Version) Close() {
	if v == nil {
		return
	}
	v.cache.mu.Lock()
	defer v.cache.mu.Unlock()
	delete(v.cache.open, v)
}

// Of is an operation of the Version's graph, or nil if nothing of it is kept. A nil Version keeps nothing.
func (v *Version) Of(op *graph.Operation) *Operation {
	if v == nil {
		return nil
	}
	return v.operations[op.Index]
}

func (v *Version) invalidate(writes []Write, n uint64) {
	for i := range writes {
		w := &writes[i]
		field := w.Type + "." + w.Field
		for _, o := range v.below[field] {
			raise(&o.written, n)
		}
		for _, o := range v.own[field] {
			if len(w.Key) == 0 || len(w.Key) != len(o.keys) {
				raise(&o.written, n)
				continue
			}
			var b []byte
			for _, part := range w.Key {
				b = AppendText(b, part)
			}
			raise(&v.entities[o.slot(b)], n)
		}
	}
}

func (v *Version) forget(n uint64) {
	for _, o := range v.operations {
		if o != nil {
			raise(&o.written, n)
		}
	}
}

// raise stores a number where it is higher: two writes may come in any order.
func raise(a *atomic.Uint64, n uint64) {
	for {
		old := a.Load()
		if old >= n || a.CompareAndSwap(old, n) {
			return
		}
	}
}

// slot is the place of an entity's number, by the framed texts of its key.
func (o *Operation) slot(key []byte) uint32 {
	return uint32((o.version.cache.hash(key) ^ o.index*0x9e3779b97f4a7c15) % uint64(len(o.version.entities)))
}

// fresh says whether nothing was written to what an entry holds since its call began.
func (o *Operation) fresh(e *entry) bool {
	return e.began >= o.written.Load() && (e.slot == noSlot || e.began >= o.version.entities[e.slot].Load())
}

func appendNumber(b []byte, n uint64) []byte { return binary.AppendUvarint(b, n) }

// AppendText frames a text, so that equal bytes mean equal texts.
func AppendText[T ~string | ~[]byte](b []byte, text T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

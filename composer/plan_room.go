package composer

import (
	"bytes"
	"hash/maphash"
	"slices"
	"sync"

	"facet/graph"
)

// A room is what planning takes and no plan keeps. An instance of many device schemas plans all the time: the next plan has the room.
type room struct {
	vals    []pval // of the plan, which has its own of the right size in the end
	owners  []uint64
	condsBy []demanded
	key     []byte
	seen    interned
	demands map[demandKey]demanded
	byOp    map[*graph.Operation]*opPlan
	byFact  map[factKey]int32
	byList  map[vid]int32
	stepKey map[stepKey]*planOp
}

// mostRoom is how many values a room is kept for.
const mostRoom = 1 << 10

var rooms = sync.Pool{New: func() any {
	return &room{
		seen: interned{first: map[uint64]vid{}}, demands: map[demandKey]demanded{}, byOp: map[*graph.Operation]*opPlan{},
		byFact: map[factKey]int32{}, byList: map[vid]int32{}, stepKey: map[stepKey]*planOp{},
	}
}}

// planner is one that plans in the room.
func (r *room) planner() *planner {
	p := &planner{p: &plan{conds: [][]vid{nil}, vals: r.vals}, owners: r.owners, condsBy: append(r.condsBy, demanded{}), key: r.key,
		seen: &r.seen, demands: r.demands, byOp: r.byOp, byFact: r.byFact, byList: r.byList, stepKey: r.stepKey}
	p.p.consts = []byte(truths)
	p.p.domains = []domain{{parent: -1, list: none}}
	return p
}

// settle gives the plan its values: none is added from here on.
func (p *planner) settle() {
	p.roomy, p.p.vals = p.p.vals, slices.Clone(p.p.vals)
}

// leave takes the room back from a planner, done or failed.
func (r *room) leave(p *planner) {
	if len(p.owners) > mostRoom {
		return
	}
	vals := p.roomy
	if vals == nil {
		vals = p.p.vals // it failed
	}
	clear(vals)
	clear(p.condsBy)
	r.vals, r.owners, r.condsBy, r.key = vals[:0], p.owners[:0], p.condsBy[:0], p.key[:0]
	r.seen.clear()
	clear(r.demands)
	clear(r.byOp)
	clear(r.byFact)
	clear(r.byList)
	clear(r.stepKey)
	rooms.Put(r)
}

// An interned knows values by what tells them apart, a text of bytes. Its numbers are given one after the other.
type interned struct {
	first map[uint64]vid // by hash
	next  []vid          // of the same hash; none: no more
	ends  []int          // of the values' texts
	texts []byte
}

var internSeed = maphash.MakeSeed()

// find gives the number of a text that is known, else the hash that add takes.
func (in *interned) find(text []byte) (id vid, hash uint64, ok bool) {
	hash = maphash.Bytes(internSeed, text)
	id, ok = in.first[hash]
	for ok && id != none {
		from := 0
		if id > 0 {
			from = in.ends[id-1]
		}
		if bytes.Equal(in.texts[from:in.ends[id]], text) {
			return id, hash, true
		}
		id = in.next[id]
	}
	return none, hash, false
}

// add makes a text the next number.
func (in *interned) add(text []byte, hash uint64) {
	before, ok := in.first[hash]
	if !ok {
		before = none
	}
	in.first[hash] = vid(len(in.ends))
	in.next = append(in.next, before)
	in.texts = append(in.texts, text...)
	in.ends = append(in.ends, len(in.texts))
}

func (in *interned) clear() {
	clear(in.first)
	in.next, in.ends, in.texts = in.next[:0], in.ends[:0], in.texts[:0]
}

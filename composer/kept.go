package composer

import (
	"slices"
	"sync"
)

// A Kept is what protocols know of a device schema for longer than one Engine lives: facts that cost much to find out and little to keep,
// such as that a document is valid. An Engine that is opened again for the same route and builds is given the same Kept. Its zero value knows
// nothing. It is safe for use by many goroutines.
type Kept struct {
	mu    sync.Mutex
	facts [][32]byte
}

// maxKept bounds the facts of one device schema: 2 KB.
const maxKept = 64

// Knows says whether a fact, named by a digest, was learned and not forgotten since.
func (k *Kept) Knows(fact [32]byte) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Contains(k.facts, fact)
}

// Learn keeps a fact; the oldest is forgotten where there are too many.
func (k *Kept) Learn(fact [32]byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case slices.Contains(k.facts, fact):
	case len(k.facts) < maxKept:
		k.facts = append(slices.Grow(k.facts, 1), fact)
	default:
		k.facts = append(k.facts[:0], k.facts[1:]...)
		k.facts = append(k.facts, fact)
	}
}

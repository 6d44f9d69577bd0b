package scripts

import (
	"crypto/sha256"
	"sync"
)

// maxKnown bounds the texts that are remembered: 2 MB. When there are more, all are compiled once again.
const maxKnown = 1 << 16

// maxLater bounds, in bytes, the text of a function that is compiled when it is called: a request waits for that, and it is under no limit.
const maxLater = 4 << 10

// A knownTexts remembers what was vetted and compiled in this process without a mistake. Builds over other versions of a module have most
// of their functions as they were, and most are opened only to see that they can be: their text is compiled again when it is called.
type knownTexts struct {
	mu   sync.Mutex
	sums map[[sha256.Size]byte]struct{}
}

// functionTexts are the sources of computed functions.
var functionTexts knownTexts

func (k *knownTexts) has(text string) bool {
	sum := sha256.Sum256([]byte(text))
	k.mu.Lock()
	defer k.mu.Unlock()
	_, ok := k.sums[sum]
	return ok
}

func (k *knownTexts) add(text string) {
	sum := sha256.Sum256([]byte(text))
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.sums == nil || len(k.sums) >= maxKnown {
		k.sums = map[[sha256.Size]byte]struct{}{}
	}
	k.sums[sum] = struct{}{}
}

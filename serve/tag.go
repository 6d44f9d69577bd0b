package serve

import (
	"encoding/binary"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"
)

// What is large is hashed in blocks, which several processors share: its sum is that of the blocks' sums. Where the parts that it comes in
// meet makes no difference.
const (
	hashBlock = 1 << 20
	hashLarge = 2 * hashBlock
)

// hash is the sum of a body in parts, of so many bytes in all.
func hash(parts [][]byte, size int) uint64 {
	switch {
	case size >= hashLarge:
		return hashBlocks(parts, size)
	case len(parts) == 1:
		return xxhash.Sum64(parts[0])
	}
	return hashBetween(parts, 0, size)
}

func hashBlocks(parts [][]byte, size int) uint64 {
	n := (size + hashBlock - 1) / hashBlock
	sums := make([]byte, 8*n)
	var next atomic.Int32
	work := func() {
		for k := int(next.Add(1)) - 1; k < n; k = int(next.Add(1)) - 1 {
			from := k * hashBlock
			binary.LittleEndian.PutUint64(sums[8*k:], hashBetween(parts, from, min(from+hashBlock, size)))
		}
	}
	var others sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n) - 1 {
		others.Go(work)
	}
	work()
	others.Wait()
	return xxhash.Sum64(sums)
}

// hashBetween is the sum of the bytes of parts from one place to another.
func hashBetween(parts [][]byte, from, to int) uint64 {
	var d xxhash.Digest
	d.Reset()
	for _, p := range parts {
		if a, b := max(from, 0), min(to, len(p)); a < b {
			_, _ = d.Write(p[a:b]) // it has no error
		}
		from, to = from-len(p), to-len(p)
	}
	return d.Sum64()
}

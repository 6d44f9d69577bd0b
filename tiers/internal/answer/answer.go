// Package answer keeps the buffers that the answers of tiers are read into.
package answer

import (
	"math/bits"
	"sync"
)

// A Buffer holds one answer. Its Release is made once and goes with it through the pool.
type Buffer struct {
	B       []byte
	Release func() // gives the buffer back: at most once for each Take
}

// Buffers are kept by size, from 1 KB to 16 MB: an answer of 200 bytes does not take the place that one of 100 KB needs next.
const (
	least  = 10 // bits
	most   = 24
	middle = 14 // where nobody knows how large an answer will be
)

var buffers [most - least + 1]sync.Pool

// class is the smallest whose buffers have room for n bytes; past the last there is none.
func class(n int) int { return max(bits.Len(uint(max(n, 1)-1)), least) - least }

// Take gives an empty buffer with room for n bytes; 0: nobody knows how many.
func Take(n int) *Buffer {
	if n <= 0 {
		n = 1 << middle
	}
	k := class(n)
	if k >= len(buffers) {
		return made(n)
	}
	if b, ok := buffers[k].Get().(*Buffer); ok {
		b.B = b.B[:0]
		return b
	}
	return made(1 << (k + least))
}

func made(n int) *Buffer {
	b := &Buffer{B: make([]byte, 0, n)}
	b.Release = b.put
	return b
}

// Grow makes room for as many bytes more as the buffer has now.
func (b *Buffer) Grow() {
	n := max(2*cap(b.B), 1<<least)
	if k := class(n); k < len(buffers) {
		if other, ok := buffers[k].Get().(*Buffer); ok { // they change their bytes
			b.B, other.B = append(other.B[:0], b.B...), b.B
			other.put()
			return
		}
		n = 1 << (k + least)
	}
	b.B = append(make([]byte, 0, n), b.B...)
}

func (b *Buffer) put() {
	// By what it has room for: appending may have made it larger.
	if k := bits.Len(uint(cap(b.B))) - 1 - least; k >= 0 && k < len(buffers) {
		buffers[k].Put(b)
	}
}

// Package answer keeps the buffers that the answers of tiers are read into.
package answer

import "sync"

// A Buffer holds one answer. Its Release is made once and goes with it through the pool.
type Buffer struct {
	B       []byte
	Release func() // gives the buffer back: at most once for each Take
}

const keep = 1 << 20

var buffers sync.Pool

// Take gives an empty buffer.
func Take() *Buffer {
	b, ok := buffers.Get().(*Buffer)
	if !ok {
		b = &Buffer{}
		b.Release = b.put
	}
	b.B = b.B[:0]
	return b
}

func (b *Buffer) put() {
	if cap(b.B) <= keep {
		buffers.Put(b)
	}
}

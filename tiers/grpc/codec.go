package grpc

import (
	"fmt"
	"sync"

	"google.golang.org/grpc/mem"

	"facet/tiers/internal/answer"
)

// codec passes a request's bytes on as they are, and turns an answer's bytes into JSON while gRPC holds them.
type codec struct{}

func (codec) Name() string { return "proto" }

// A message is a request's bytes. gRPC gives them back to the pool when the last of them are sent.
type message struct{ b []byte }

// A reply is read in the shape of its method.
type reply struct {
	shape *shape
	types types
	limit int // bytes of JSON
	buf   *answer.Buffer
	err   error // what is wrong with the bytes
}

func (codec) Marshal(v any) (mem.BufferSlice, error) {
	m, ok := v.(*message)
	if !ok {
		return nil, fmt.Errorf("%T is no message", v)
	}
	return mem.BufferSlice{mem.NewBuffer(&m.b, requests)}, nil
}

func (codec) Unmarshal(data mem.BufferSlice, v any) error {
	p, ok := v.(*reply)
	if !ok {
		return fmt.Errorf("%T is no reply", v)
	}
	var b []byte
	if len(data) == 1 {
		b = data[0].ReadOnlyData()
	} else {
		whole := data.MaterializeToBuffer(mem.DefaultBufferPool())
		defer whole.Free()
		b = whole.ReadOnlyData()
	}
	r := readers.Get().(*reader)
	r.out, r.types, r.limit = p.buf.B, p.types, p.limit
	p.err = r.message(p.shape, b)
	p.buf.B = r.out
	r.out, r.types, r.depth = nil, nil, 0
	readers.Put(r)
	return p.err
}

var readers = sync.Pool{New: func() any { return &reader{} }}

// requests keeps the buffers of requests.
var requests = &bufferPool{}

const keepRequest = 256 << 10

// A bufferPool is a mem.BufferPool for requests, whose length is not known beforehand.
type bufferPool struct{ pool sync.Pool }

// Get gives a buffer of a length.
func (p *bufferPool) Get(length int) *[]byte {
	if b, ok := p.pool.Get().(*[]byte); ok && cap(*b) >= length {
		*b = (*b)[:length]
		return b
	}
	b := make([]byte, length)
	return &b
}

// Put takes a buffer back.
func (p *bufferPool) Put(b *[]byte) {
	if cap(*b) <= keepRequest {
		p.pool.Put(b)
	}
}

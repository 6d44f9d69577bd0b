package http

import (
	"io"
	"sync"
	"sync/atomic"
)

// A payload is a rendered body. Its buffer goes back to the pool when the call and every reader that the transport has
// taken are done with it: the transport may read on after it has answered.
type payload struct {
	buf  []byte
	refs atomic.Int32
}

var payloads = sync.Pool{New: func() any { return &payload{} }}

func takePayload() *payload {
	p := payloads.Get().(*payload)
	p.refs.Store(1)
	return p
}

const keepPayload = 256 << 10

func (p *payload) drop() {
	if p == nil || p.refs.Add(-1) != 0 {
		return
	}
	if cap(p.buf) <= keepPayload {
		payloads.Put(p)
	}
}

func (p *payload) reader() io.ReadCloser {
	p.refs.Add(1)
	return &reader{p: p}
}

// again serves net/http's GetBody, which it calls while it holds the first reader or the call runs.
func (p *payload) again() (io.ReadCloser, error) { return p.reader(), nil }

type reader struct {
	mu sync.Mutex // the transport may close while it reads
	p  *payload   // nil once closed
	n  int
}

func (r *reader) Read(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.p == nil || r.n >= len(r.p.buf) {
		return 0, io.EOF
	}
	n := copy(b, r.p.buf[r.n:])
	r.n += n
	return n, nil
}

func (r *reader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.p.drop()
	r.p = nil
	return nil
}

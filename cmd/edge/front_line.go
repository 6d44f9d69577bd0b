package main

import (
	"cmp"
	"context"
	"io"
	"net"
	"sync"
)

// A wholeListener's connections can send a large answer with its header in one system call. net/http has 4 KB of room for both: what is
// larger than that it sends in two, of which the first wakes the client for nothing.
type wholeListener struct{ net.Listener }

func (l wholeListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &wholeConn{Conn: c}, nil
}

// A wholeConn holds small writes back while an answer is written. What is not hijacked is written by one goroutine at a time.
type wholeConn struct {
	net.Conn
	holds bool
	held  []byte // from heldWrites, while holds
}

var heldWrites = sync.Pool{New: func() any { b := make([]byte, 0, wholeHeld); return &b }}

// The bounds of what is held back: an answer's size from which it is worth it, and what is kept at the most.
const (
	wholeFrom = 4 << 10
	wholeHeld = 8 << 10
)

type wholeKey struct{}

// wholeContext lets requests find their connection.
func wholeContext(ctx context.Context, c net.Conn) context.Context {
	if w, ok := c.(*wholeConn); ok {
		return context.WithValue(ctx, wholeKey{}, w)
	}
	return ctx
}

// Write sends b behind what is held back, or holds it back too.
func (c *wholeConn) Write(b []byte) (int, error) {
	before := len(c.held)
	switch {
	case c.holds && before+len(b) <= wholeHeld:
		c.held = append(c.held, b...)
		return len(b), nil
	case before == 0:
		return c.Conn.Write(b)
	}
	both := net.Buffers{c.held, b}
	n, err := both.WriteTo(c.Conn)
	c.held = c.held[:0]
	return max(0, int(n)-before), err
}

// whole writes b to an answer that goes over the connection, and sends what of it was held back.
func (c *wholeConn) whole(w io.Writer, b []byte) (int, error) {
	room := heldWrites.Get().(*[]byte)
	c.holds, c.held = true, (*room)[:0]
	n, err := w.Write(b)
	if len(c.held) > 0 {
		_, sent := c.Conn.Write(c.held)
		err = cmp.Or(err, sent)
	}
	c.holds, c.held = false, nil
	heldWrites.Put(room)
	return n, err
}

// CloseWrite lets net/http end its side first, so that a client which still sends reads the answer.
func (c *wholeConn) CloseWrite() error {
	if w, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return nil
}

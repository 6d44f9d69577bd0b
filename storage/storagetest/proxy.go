package storagetest

import (
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// A Proxy passes TCP connections on to a server until it is told to cut.
type Proxy struct {
	Endpoint string // http://host:port, in the server's place

	listener net.Listener
	target   string
	upload   atomic.Int64 // how many more bytes may go to the server; below 0 there is no limit
	answers  atomic.Bool  // the server's answers get through

	mu    sync.Mutex
	conns map[net.Conn]bool
	wg    sync.WaitGroup
}

// NewProxy stands before the server at the endpoint until the test ends.
func NewProxy(t *testing.T, endpoint string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Endpoint: "http://" + l.Addr().String(), listener: l, target: strings.TrimPrefix(endpoint, "http://"), conns: map[net.Conn]bool{}}
	p.Heal()
	p.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p.wg.Go(func() { p.pass(c) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		p.closeAll()
		p.wg.Wait()
	})
	return p
}

// CutAfter lets n more bytes through to the server, over all connections, and
// then closes each connection that wants to send more.
func (p *Proxy) CutAfter(n int64) { p.closeAll(); p.upload.Store(n) }

// Mute lets requests through whole, but cuts the connection when an answer comes.
func (p *Proxy) Mute() { p.closeAll(); p.answers.Store(false) }

// Heal lets everything through again, on new connections.
func (p *Proxy) Heal() { p.closeAll(); p.upload.Store(-1); p.answers.Store(true) }

func (p *Proxy) pass(client net.Conn) {
	defer p.drop(client)
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer p.drop(server)
	p.mu.Lock()
	p.conns[client], p.conns[server] = true, true
	p.mu.Unlock()
	var wg sync.WaitGroup
	wg.Go(func() {
		_, _ = io.Copy(writerFunc(func(b []byte) (int, error) {
			left := p.upload.Load()
			if left < 0 {
				return server.Write(b)
			}
			n := min(int64(len(b)), left)
			p.upload.Add(-n)
			_, _ = server.Write(b[:n])
			if n < int64(len(b)) {
				return 0, io.ErrClosedPipe
			}
			return len(b), nil
		}), client)
		_ = client.Close()
		_ = server.Close()
	})
	_, _ = io.Copy(writerFunc(func(b []byte) (int, error) {
		if !p.answers.Load() {
			return 0, io.ErrClosedPipe
		}
		return client.Write(b)
	}), server)
	_ = client.Close()
	_ = server.Close()
	wg.Wait()
}

func (p *Proxy) drop(c net.Conn) {
	_ = c.Close()
	p.mu.Lock()
	delete(p.conns, c)
	p.mu.Unlock()
}

func (p *Proxy) closeAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		_ = c.Close()
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

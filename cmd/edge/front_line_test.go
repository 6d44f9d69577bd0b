package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
)

// A writesConn counts what is written into a connection.
type writesConn struct {
	net.Conn
	bytes.Buffer
	writes int
}

func (c *writesConn) Write(b []byte) (int, error) { c.writes++; return c.Buffer.Write(b) }

func (c *writesConn) Read(b []byte) (int, error) { return c.Conn.Read(b) }

type inParts struct {
	to    io.Writer
	parts []int
}

func (p inParts) Write(b []byte) (int, error) {
	n := len(b)
	for _, k := range p.parts {
		if wrote, err := p.to.Write(b[:k]); err != nil || wrote != k {
			return 0, fmt.Errorf("%d of %d: %w", wrote, k, err)
		}
		b = b[k:]
	}
	return n, nil
}

// TestWholeConn: what is written in parts arrives whole and in order, and nothing of it is left behind.
func TestWholeConn(t *testing.T) {
	for _, parts := range [][]int{{4096, 90000}, {4096}, {10, 20, 30}, {4096, 4096, 4096, 4096, 7}, {100000, 5}, {8192, 1}, {}} {
		to := &writesConn{}
		c := &wholeConn{Conn: to}
		size := 0
		for _, k := range parts {
			size += k
		}
		b := make([]byte, size)
		for i := range b {
			b[i] = byte(i * 7 / 3)
		}
		if n, err := c.whole(inParts{c, parts}, b); n != size || err != nil {
			t.Errorf("%v: %d, %v", parts, n, err)
		}
		if !bytes.Equal(to.Bytes(), b) || len(c.held) > 0 || c.holds {
			t.Errorf("%v: %d of %d bytes arrived, %d are held", parts, to.Len(), size, len(c.held))
		}
	}
}

// TestWholeAnswers: answers of any size arrive as they were written, however they are framed.
func TestWholeAnswers(t *testing.T) {
	l, err := listen("127.0.0.1:0", "--listen")
	if err != nil {
		t.Fatal(err)
	}
	answer := bytes.Repeat([]byte("0123456789abcdef"), 8<<10)
	d := newDoor("test", l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := &exchange{ResponseWriter: w}
		if x.conn, _ = r.Context().Value(wholeKey{}).(*wholeConn); x.conn == nil {
			t.Error("the request does not know its connection")
		}
		var from, n int
		_, _ = fmt.Sscan(r.URL.Query().Get("n"), &n)
		if r.URL.Query().Has("known") {
			w.Header().Set("Content-Length", fmt.Sprint(n))
		} else {
			from = n / 3
			_, _ = x.Write(answer[:from])
			x.Flush()
		}
		_, _ = x.Write(answer[from:n])
	}), doorConfig{})
	go func() { _ = d.serve() }()
	defer func() { _ = d.shut(t.Context()) }()
	for _, n := range []int{0, 1, 2047, 3900, 4096, 4097, 8191, 8192, 12288, 50000, len(answer)} {
		for _, how := range []string{"known", "chunked"} {
			res, err := http.Get(fmt.Sprintf("http://%s/?%s&n=%d", l.Addr(), how, n))
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(res.Body)
			_ = res.Body.Close()
			if err != nil || !bytes.Equal(b, answer[:n]) {
				t.Errorf("%d bytes, %s: %d, %v", n, how, len(b), err)
			}
		}
	}
	http.DefaultClient.CloseIdleConnections()
}

package http

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"io"
	"math"
	"net"
	nethttp "net/http"
	"sync"
	"time"

	"facet/tiers"
)

// Lines are the connections to one host over which reads go in plain HTTP/1.1, each written and read on the goroutine of its call:
// net/http's Transport passes both to goroutines of the connection, which costs more than the rest of a small call. Answers are
// parsed by net/http. Mutations and TLS go over a Transport: it watches idle connections, so that a request which must not be sent twice
// meets one that has just been closed less often, and it speaks HTTP/2.
type lines struct {
	dialer  net.Dialer
	address string
	idle    time.Duration // how long an unused line is kept
	header  time.Duration // from the request to the answer's header; 0: the call's deadline alone
	most    int           // lines that are kept unused

	mu     sync.Mutex
	free   []*line // the one used last is last
	sweep  *time.Timer
	closed bool
}

// A line is one connection.
type line struct {
	of    *lines
	conn  net.Conn
	in    *bufio.Reader
	since time.Time // when it was used last
	left  int64     // bytes that may be read
	cut   func()    // ends what is waited for
	stop  func() bool
}

// lineBuffer holds an answer's header; a body is read past it into a buffer of its own.
const lineBuffer = 4 << 10

// newLines makes the lines to a host of a URL.
func newLines(host string, s Settings) *lines {
	if _, _, err := net.SplitHostPort(host); err != nil {
		host = net.JoinHostPort(trimBrackets(host), "80")
	}
	return &lines{dialer: net.Dialer{Timeout: s.Dial, KeepAlive: 30 * time.Second}, address: host, idle: s.Idle, header: s.Header, most: s.IdlePerHost}
}

func trimBrackets(host string) string {
	if n := len(host); n > 2 && host[0] == '[' && host[n-1] == ']' {
		return host[1 : n-1]
	}
	return host
}

// round sends a request and gives the header of its answer; the body must be closed. A line that the host has closed meanwhile is
// not the call's fault: the request, which is a read, goes once more over a new one.
func (p *lines) round(ctx context.Context, request []byte) (*nethttp.Response, error) {
	if l := p.take(); l != nil {
		res, heard, err := l.round(ctx, request)
		if err == nil {
			return res, nil
		}
		if heard || ctx.Err() != nil || late(err) {
			return nil, err
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	conn, err := p.dialer.DialContext(ctx, "tcp", p.address)
	if err != nil {
		return nil, err
	}
	l := &line{of: p, conn: conn}
	l.in = bufio.NewReaderSize(l, lineBuffer)
	l.cut = func() { _ = conn.SetDeadline(past) } // the reader sees the error
	res, _, err := l.round(ctx, request)
	return res, err
}

// past is a time that every deadline has passed.
var past = time.Unix(1, 0)

// late says whether a wait ended by its deadline.
func late(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

// Read reads the connection: of a header, so much at the most.
func (l *line) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errHeader
	}
	n, err := l.conn.Read(p)
	l.left -= int64(n)
	return n, err
}

// maxHeader bounds the header of an answer, in bytes.
const maxHeader = 1 << 20

var errHeader = errors.New("the answer's header is too long")

// round is one request and the header of its answer. heard says that some of an answer has come. After an error the line is closed.
func (l *line) round(ctx context.Context, request []byte) (res *nethttp.Response, heard bool, err error) {
	end, bounded := ctx.Deadline()
	first := end
	if h := l.of.header; h > 0 {
		if t := time.Now().Add(h); !bounded || t.Before(end) {
			first = t
		}
	}
	if err := l.conn.SetDeadline(first); err != nil {
		l.close()
		return nil, false, err
	}
	l.stop = context.AfterFunc(tiers.Outer(ctx), l.cut) // the deadline is the connection's
	res, heard, err = l.exchange(request)
	if err == nil && first != end {
		if err = l.conn.SetDeadline(end); err == nil && ctx.Err() != nil { // cut has come before that
			err = ctx.Err()
		}
	}
	if err != nil {
		l.stop()
		l.close()
		return nil, heard, err
	}
	if res.Body == nethttp.NoBody {
		l.end(!res.Close)
		return res, true, nil
	}
	l.left = math.MaxInt64 // who reads the body bounds it
	res.Body = &lineBody{ReadCloser: res.Body, line: l, keep: !res.Close}
	return res, true, nil
}

func (l *line) exchange(request []byte) (res *nethttp.Response, heard bool, err error) {
	l.left = maxHeader
	_, unsent := l.conn.Write(request)
	if unsent != nil && late(unsent) {
		return nil, false, unsent
	}
	if _, err := l.in.Peek(1); err != nil { // a host may answer before it has read all, and close
		return nil, false, cmp.Or(unsent, err)
	}
	if length, ok := l.simple(); ok {
		res := &nethttp.Response{Status: "200 OK", StatusCode: nethttp.StatusOK, ContentLength: length, Header: simpleHeader, Body: nethttp.NoBody}
		if length > 0 {
			res.Body = &simpleBody{in: l.in, left: length}
		}
		return res, true, nil
	}
	for range maxInformed {
		if res, err = nethttp.ReadResponse(l.in, nil); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return nil, true, err
		}
		if res.StatusCode >= 200 || res.StatusCode == nethttp.StatusSwitchingProtocols {
			res.Close = res.Close || unsent != nil
			return res, true, nil
		}
	}
	return nil, true, errInformed
}

// maxInformed bounds the answers before an answer (1xx).
const maxInformed = 6

var errInformed = errors.New("too many 1xx answers")

// close ends the line.
func (l *line) close() { _ = l.conn.Close() } // nothing is waited for

// A lineBody gives its line back when it has been read to its end; closed before that, it ends the line.
type lineBody struct {
	io.ReadCloser
	line *line // nil: given back or ended
	keep bool
}

func (b *lineBody) Read(p []byte) (int, error) {
	if b.line == nil {
		return 0, io.EOF
	}
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.end(err == io.EOF && b.keep)
	}
	return n, err
}

func (b *lineBody) Close() error {
	if b.line != nil {
		b.end(false)
	}
	return nil
}

func (b *lineBody) end(keep bool) {
	l := b.line
	b.line = nil
	l.end(keep)
}

// end ends a round, and the line with it where it cannot be used again.
func (l *line) end(keep bool) {
	if calm := l.stop(); keep && calm && l.in.Buffered() == 0 { // bytes that nobody asked for would answer the next request
		l.of.put(l)
		return
	}
	l.close()
}

// take is the line that was used last, or nil.
func (p *lines) take() *line {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.free)
	if n == 0 {
		return nil
	}
	l := p.free[n-1]
	p.free[n-1] = nil
	p.free = p.free[:n-1]
	return l
}

func (p *lines) put(l *line) {
	l.since = time.Now()
	p.mu.Lock()
	keep := !p.closed && len(p.free) < p.most
	if keep {
		p.free = append(p.free, l)
		if p.sweep == nil {
			p.sweep = time.AfterFunc(p.idle, p.swept)
		}
	}
	p.mu.Unlock()
	if !keep {
		l.close()
	}
}

// swept ends the lines that nobody has used for long.
func (p *lines) swept() {
	now := time.Now()
	p.mu.Lock()
	n := 0
	for n < len(p.free) && now.Sub(p.free[n].since) >= p.idle {
		n++
	}
	old := append([]*line(nil), p.free[:n]...)
	rest := copy(p.free, p.free[n:])
	clear(p.free[rest:])
	p.free = p.free[:rest]
	if p.sweep = nil; rest > 0 && !p.closed {
		p.sweep = time.AfterFunc(p.idle-now.Sub(p.free[0].since), p.swept)
	}
	p.mu.Unlock()
	for _, l := range old {
		l.close()
	}
}

// close ends the lines that are not in use, and the others when they are given back.
func (p *lines) close() {
	p.mu.Lock()
	free := p.free
	p.free, p.closed = nil, true
	if p.sweep != nil {
		p.sweep.Stop()
	}
	p.mu.Unlock()
	for _, l := range free {
		l.close()
	}
}

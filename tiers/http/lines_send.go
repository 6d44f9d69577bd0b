package http

import (
	"context"
	"slices"
	"strconv"
	"sync"

	"facet/tiers"
)

// straight makes an endpoint's requests go over the wire's lines, where they can: those of reads, in plain HTTP, whose own headers are
// never replaced by one of a call's.
func (w *Wire) straight(e *endpoint) {
	if !w.plain || e.scheme != "http" || !e.again || e.method == "HEAD" {
		return
	}
	if _, ok := e.static["Host"]; ok || e.headers.Sets("Host") {
		return
	}
	names := make([]string, 0, len(e.static))
	for name := range e.static {
		if e.headers.Sets(name) {
			return
		}
		names = append(names, name)
	}
	slices.Sort(names)
	b := []byte(" HTTP/1.1\r\nHost: " + e.host + "\r\n")
	for _, name := range names {
		for _, v := range e.static[name] {
			b = append(append(append(append(b, name...), ": "...), v...), "\r\n"...)
		}
	}
	e.head = b
	if w.lines == nil {
		w.lines = map[string]*lines{}
	}
	if e.lines = w.lines[e.host]; e.lines == nil {
		e.lines = newLines(e.host, w.settings)
		w.lines[e.host] = e.lines
	}
}

// A written is a request's bytes. The body is written first, behind room for the header, whose length depends on it.
type written struct {
	head []byte
	buf  []byte
}

var writtens = sync.Pool{New: func() any { return &written{} }}

// headRoom is what most headers have room in.
const headRoom = 1 << 10

// sendStraight makes one request over the lines.
func (w *Wire) sendStraight(ctx context.Context, e *endpoint, c *tiers.Call, path, query string, body Body) (Reply, error) {
	out := writtens.Get().(*written)
	request, err := out.render(ctx, e, c, path, query, body)
	if err != nil {
		writtens.Put(out)
		return Reply{}, err
	}
	res, err := e.lines.round(ctx, request) //nolint:bodyclose // read closes it
	if cap(out.buf) <= keepPayload {
		writtens.Put(out)
	}
	if err != nil {
		return Reply{}, e.broken(ctx, err)
	}
	return w.heard(ctx, e, c, res)
}

func (o *written) render(ctx context.Context, e *endpoint, c *tiers.Call, path, query string, body Body) ([]byte, error) {
	if cap(o.buf) < headRoom {
		o.buf = make([]byte, headRoom, 4*headRoom)
	}
	o.buf = o.buf[:headRoom]
	if body != nil {
		o.buf = body.Append(o.buf, c)
	}
	h := append(append(o.head[:0], e.method...), ' ')
	h = append(h, path...)
	if query != "" {
		h = append(append(h, '?'), query...)
	}
	h = append(h, e.head...)
	h, err := e.headers.Append(ctx, c, h)
	o.head = h
	if err != nil {
		return nil, err
	}
	if body != nil || e.method != "GET" && e.method != "DELETE" && e.method != "OPTIONS" {
		h = append(h, "Content-Length: "...)
		h = append(strconv.AppendInt(h, int64(len(o.buf)-headRoom), 10), "\r\n"...)
	}
	h = append(h, "\r\n"...)
	o.head = h
	if len(h) > headRoom {
		o.head = append(h, o.buf[headRoom:]...)
		return o.head, nil
	}
	from := headRoom - len(h)
	copy(o.buf[from:], h)
	return o.buf[from:], nil
}

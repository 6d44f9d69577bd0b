package http

import (
	"context"
	"errors"
	"net"
	nethttp "net/http"
	"net/url"
	"sync/atomic"
	"time"

	"facet/fault"
	"facet/graph"
	"facet/tiers"
	"facet/tiers/internal/request"
)

// A Wire sends requests and reads answers under a limit: what the kinds of tiers that speak JSON over HTTP share.
type Wire struct {
	trip     nethttp.RoundTripper
	maxBody  int
	compress bool
	settings Settings
	plain    bool              // requests may go over lines
	lines    map[string]*lines // by host
}

// NewWire makes the wire that the settings describe.
func NewWire(s Settings) *Wire {
	s = s.filled()
	w := &Wire{trip: s.Transport, maxBody: s.MaxBody, compress: s.Compression, settings: s, plain: s.Transport == nil}
	if w.trip == nil {
		w.trip = NewTransport(s)
	}
	return w
}

// Close drops unused connections.
func (w *Wire) Close() {
	if c, ok := w.trip.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
	for _, l := range w.lines {
		l.close()
	}
}

// A Reply is what a tier answered.
type Reply struct {
	Status  int
	Body    []byte // of JSON, not yet checked; "null" if there is none
	Release func() // gives Body back; nil if there is nothing to give back
}

// An endpoint is where an operation's requests go, and what all of them carry.
type endpoint struct {
	op      *graph.Operation
	method  string
	scheme  string
	host    string
	static  nethttp.Header // headers that are the same for every call
	headers request.Headers
	again   bool                        // a read: the transport may send it again over a fresh connection
	explain func(mediaType string) bool // failures of such a media type are read like answers; nil: none are
	lines   *lines                      // nil: the wire's Transport
	head    []byte                      // of lines: what every request has behind its target
	size    *atomic.Int64               // of the last answer: how much room the next is given
	whole   bool                        // an answer's body is the tier's answer as it is
}

// A Body appends what is sent for a call.
type Body interface {
	Append(buf []byte, c *tiers.Call) []byte
}

// send makes one request; a nil body: there is none.
func (w *Wire) send(ctx context.Context, e *endpoint, c *tiers.Call, path, query string, body Body) (Reply, error) {
	if e.lines != nil {
		return w.sendStraight(ctx, e, c, path, query, body)
	}
	h := make(nethttp.Header, len(e.static)+e.headers.Len()+1)
	for name, vs := range e.static {
		h[name] = vs // shared: the transport does not write to it
	}
	if err := e.headers.Set(ctx, c, h); err != nil {
		return Reply{}, err
	}
	if _, ok := h["Idempotency-Key"]; !ok && e.again {
		h["Idempotency-Key"] = nil // net/http: may be sent again, and is not on the wire
	}
	req := &nethttp.Request{
		Method: e.method, Host: e.host, Header: h, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		// Opaque is written to the wire as it is: the escapes were chosen here, byte for byte.
		URL: &url.URL{Scheme: e.scheme, Host: e.host, Opaque: path, RawQuery: query},
	}
	if v := h["Host"]; len(v) > 0 {
		req.Host = v[0]
		delete(h, "Host")
	}
	var sent *payload
	if body != nil {
		sent = takePayload()
		sent.buf = body.Append(sent.buf[:0], c)
		req.Body, req.GetBody, req.ContentLength = sent.reader(), sent.again, int64(len(sent.buf))
	}
	res, err := w.trip.RoundTrip(req.WithContext(ctx)) //nolint:bodyclose // read closes it
	sent.drop()
	if err != nil {
		return Reply{}, e.broken(ctx, err)
	}
	return w.heard(ctx, e, c, res)
}

// heard reads an answer.
func (w *Wire) heard(ctx context.Context, e *endpoint, c *tiers.Call, res *nethttp.Response) (Reply, error) {
	reply, err := w.read(ctx, e, c, res)
	if f, ok := err.(*fault.Error); ok && res.StatusCode == nethttp.StatusUnprocessableEntity && c.Idempotency != "" && e.op.IdempotencyHeader() != "" {
		f.Message = "the tier finds the request invalid, or its Idempotency-Key was used for another one" // 422 is both
	}
	return reply, err
}

// broken tells why no answer came.
func (e *endpoint) broken(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return tiers.ContextError(e.op, ctx.Err())
	}
	var n net.Error
	if errors.As(err, &n) && n.Timeout() {
		if end, ok := ctx.Deadline(); ok && !time.Now().Before(end) { // a connection's deadline comes a moment before its context's
			<-ctx.Done()
			return tiers.ContextError(e.op, ctx.Err())
		}
		return &fault.Error{Kind: fault.Timeout, Op: "tier", Subject: e.op.ID, Message: "the tier did not answer in time", Err: err}
	}
	return &fault.Error{Kind: fault.Unavailable, Op: "tier", Subject: e.op.ID, Message: "the tier cannot be reached", Err: err}
}

// A Post calls one operation by POST of JSON to its source's address.
type Post struct {
	endpoint
	wire *Wire
	path string
}

// Post makes an operation ready to be posted to the source's address, which its graph calls by that name ("url"). What is
// wrong is noted in c. Failures that come as the media type are read like answers.
func (w *Wire) Post(c *request.Compiler, op *graph.Operation, name, mediaType string) *Post {
	hc := &compiler{c}
	at := hc.address(op.Source, name)
	p := &Post{endpoint: hc.endpoint(op, at, "POST", w.compress), wire: w, path: at.path}
	if p.path == "" {
		p.path = "/"
	}
	p.static["Accept"] = []string{mediaType + ", application/json;q=0.9"}
	p.static["Content-Type"] = []string{"application/json"}
	p.explain = func(mt string) bool { return mt == mediaType }
	w.straight(&p.endpoint)
	return p
}

// Send makes one call.
func (p *Post) Send(ctx context.Context, c *tiers.Call, body Body) (Reply, error) {
	return p.wire.send(ctx, &p.endpoint, c, p.path, "", body)
}

// Package http calls tiers that speak JSON over HTTP: it renders a connector's request from templates and mappings, keeps
// connections alive, and reads answers into pooled buffers under a limit.
package http

import (
	"context"
	"encoding/base64"
	"errors"
	"net"
	nethttp "net/http"
	"net/url"
	"time"

	"facet/fault"
	"facet/graph"
	"facet/tiers"
)

// Settings are the environment's side of HTTP tiers. Zero fields take the values of Defaults.
type Settings struct {
	// Env looks an environment variable up, for $env.NAME. nil: there are none.
	Env func(name string) (string, bool)
	// Config holds what $config names: strings, numbers, booleans, and maps of them by path.
	Config map[string]any

	MaxBody     int           // bytes of an answer after decompression; more is too_large
	Dial        time.Duration // for a new connection, TLS included
	Header      time.Duration // from the request's last byte to the answer's header; 0: the call's deadline alone
	Idle        time.Duration // how long an unused connection is kept
	IdlePerHost int           // unused connections kept for one host
	Compression bool          // ask for gzip: worth it where tiers are far away
	// Transport replaces the pool that these settings describe, so that several graph versions share connections.
	Transport nethttp.RoundTripper
}

// Defaults are the settings of a tier in the same network.
func Defaults() Settings {
	return Settings{MaxBody: 8 << 20, Dial: time.Second, Idle: 90 * time.Second, IdlePerHost: 256}
}

func (s Settings) filled() Settings {
	d := Defaults()
	if s.MaxBody <= 0 {
		s.MaxBody = d.MaxBody
	}
	if s.Dial <= 0 {
		s.Dial = d.Dial
	}
	if s.Idle <= 0 {
		s.Idle = d.Idle
	}
	if s.IdlePerHost <= 0 {
		s.IdlePerHost = d.IdlePerHost
	}
	return s
}

// NewTransport makes the connection pool that the settings describe. HTTP/2 is spoken over TLS where the tier offers it.
func NewTransport(s Settings) *nethttp.Transport {
	s = s.filled()
	dialer := &net.Dialer{Timeout: s.Dial, KeepAlive: 30 * time.Second}
	return &nethttp.Transport{
		DialContext:           dialer.DialContext,
		TLSHandshakeTimeout:   s.Dial,
		ResponseHeaderTimeout: s.Header,
		IdleConnTimeout:       s.Idle,
		MaxIdleConnsPerHost:   s.IdlePerHost,
		ForceAttemptHTTP2:     true,
		DisableCompression:    true, // gzip is undone here, under MaxBody
		ReadBufferSize:        16 << 10,
		WriteBufferSize:       8 << 10,
	}
}

// A Tier calls the operations of one HTTP source.
type Tier struct {
	calls    map[*graph.Operation]*call
	trip     nethttp.RoundTripper
	maxBody  int
	compress bool
}

// A call is one operation, made ready.
type call struct {
	op          *graph.Operation
	method      string
	scheme      string
	host        string
	target      target
	static      nethttp.Header // headers that are the same for every call
	headers     []header
	body        *body // nil: none
	idempotency string
	again       bool // a read: the transport may send it again over a fresh connection
}

// New makes the tier of a source for its operations (others are skipped). All templates are compiled and all of $env and
// $config is looked up here: the error is Invalid and lists everything that is missing or cannot be rendered.
func New(source *graph.Source, operations []*graph.Operation, s Settings) (*Tier, error) {
	s = s.filled()
	c := &compiler{env: s.Env, config: s.Config}
	base, auth := c.base(source)
	t := &Tier{calls: map[*graph.Operation]*call{}, trip: s.Transport, maxBody: s.MaxBody, compress: s.Compression}
	if t.trip == nil {
		t.trip = NewTransport(s)
	}
	for _, op := range operations {
		if op.Source == source && op.HTTP != nil {
			t.calls[op] = c.call(op, base, auth, t.compress)
		}
	}
	if len(c.problems) > 0 {
		return nil, &fault.Error{Kind: fault.Invalid, Op: "tier", Subject: source.Name, Message: c.list(),
			Hint: "set the missing names in the environment's configuration, or change the connector"}
	}
	return t, nil
}

// Close drops unused connections.
func (t *Tier) Close() {
	if c, ok := t.trip.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// Call implements tiers.Tier. Redirects are not followed.
func (t *Tier) Call(ctx context.Context, c *tiers.Call) (*tiers.Answer, error) {
	k := t.calls[c.Operation]
	if k == nil {
		return nil, &fault.Error{Kind: fault.Internal, Op: "tier", Subject: c.Operation.ID, Message: "the tier was made without this operation"}
	}
	req, sent, err := k.request(ctx, c)
	if err != nil {
		return nil, err
	}
	res, err := t.trip.RoundTrip(req)
	sent.drop()
	if err != nil {
		return nil, k.broken(ctx, err)
	}
	return t.read(ctx, k, res)
}

func (k *call) request(ctx context.Context, c *tiers.Call) (*nethttp.Request, *payload, error) {
	path, query, err := k.target.render(c)
	if err != nil {
		return nil, nil, err
	}
	h := make(nethttp.Header, len(k.static)+len(k.headers)+1)
	for name, vs := range k.static {
		h[name] = vs // shared: the transport does not write to it
	}
	for i := range k.headers {
		if err := k.headers[i].set(h, c); err != nil {
			return nil, nil, err
		}
	}
	for name, value := range tiers.Carried(ctx) {
		if name = nethttp.CanonicalHeaderKey(name); h[name] == nil {
			h[name] = []string{value}
		}
	}
	switch {
	case k.idempotency != "" && c.Idempotency != "":
		if !valid(c.Idempotency) {
			return nil, nil, refused(c, fault.Invalid, "the idempotency key is no legal header value")
		}
		h[k.idempotency] = []string{c.Idempotency}
	case k.again:
		h["Idempotency-Key"] = nil // net/http: may be sent again, and is not on the wire
	}
	req := &nethttp.Request{
		Method: k.method, Host: k.host, Header: h, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		// Opaque is written to the wire as it is: the escapes were chosen here, byte for byte.
		URL: &url.URL{Scheme: k.scheme, Host: k.host, Opaque: path, RawQuery: query},
	}
	if v := h["Host"]; len(v) > 0 {
		req.Host = v[0]
		delete(h, "Host")
	}
	if k.body == nil {
		return req.WithContext(ctx), nil, nil
	}
	p, err := k.body.render(c)
	if err != nil {
		return nil, nil, err
	}
	req.Body, req.GetBody, req.ContentLength = p.reader(), p.again, int64(len(p.buf))
	return req.WithContext(ctx), p, nil
}

// broken tells why no answer came.
func (k *call) broken(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return tiers.ContextError(k.op, ctx.Err())
	}
	var n net.Error
	if errors.As(err, &n) && n.Timeout() {
		return &fault.Error{Kind: fault.Timeout, Op: "tier", Subject: k.op.ID, Message: "the tier did not answer in time", Err: err}
	}
	return &fault.Error{Kind: fault.Unavailable, Op: "tier", Subject: k.op.ID, Message: "the tier cannot be reached", Err: err}
}

func refused(c *tiers.Call, k fault.Kind, message string) *fault.Error {
	return &fault.Error{Kind: k, Op: "tier", Subject: c.Operation.ID, Message: message}
}

func basic(u *url.Userinfo) string {
	pw, _ := u.Password()
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(u.Username()+":"+pw))
}

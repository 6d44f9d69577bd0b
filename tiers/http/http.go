// Package http calls tiers that speak JSON over HTTP: it renders a connector's request from templates and mappings, keeps
// connections alive, and reads answers into pooled buffers under a limit.
package http

import (
	"context"
	"net"
	nethttp "net/http"
	"strings"
	"time"

	"facet/fault"
	"facet/graph"
	"facet/tiers"
	"facet/tiers/internal/request"
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
	wire  *Wire
	calls map[*graph.Operation]*call
}

// A call is one operation, made ready.
type call struct {
	endpoint
	target target
	body   *request.Body // nil: none
}

// New makes the tier of a source for its operations (others are skipped). All templates are compiled and all of $env and
// $config is looked up here: the error is Invalid and lists everything that is missing or cannot be rendered.
func New(source *graph.Source, operations []*graph.Operation, s Settings) (*Tier, error) {
	c := &compiler{&request.Compiler{Env: s.Env, Config: s.Config}}
	t := &Tier{wire: NewWire(s), calls: map[*graph.Operation]*call{}}
	at := c.address(source, "baseURL")
	for _, op := range operations {
		if op.Source == source && op.HTTP != nil {
			k := c.call(op, at, t.wire.compress)
			k.whole = true
			t.wire.straight(&k.endpoint)
			t.calls[op] = k
		}
	}
	if err := c.Err(source); err != nil {
		return nil, err
	}
	return t, nil
}

func (c *compiler) call(op *graph.Operation, at address, compress bool) *call {
	h := op.HTTP
	k := &call{endpoint: c.endpoint(op, at, strings.ToUpper(h.Method), compress), target: c.target(op, at.path)}
	if k.method == "" {
		k.method = "GET"
	}
	if h.Body != nil {
		k.body = c.Body(op, h.Body)
		k.static["Content-Type"] = []string{"application/json"}
	}
	return k
}

// Close drops unused connections.
func (t *Tier) Close() { t.wire.Close() }

// Call implements tiers.Tier. Redirects are not followed.
func (t *Tier) Call(ctx context.Context, c *tiers.Call) (*tiers.Answer, error) {
	k := t.calls[c.Operation]
	if k == nil {
		return nil, request.Refused(c, fault.Internal, "the tier was made without this operation")
	}
	path, query, err := k.target.render(c)
	if err != nil {
		return nil, err
	}
	var body Body
	if k.body != nil {
		body = k.body
	}
	reply, err := t.wire.send(ctx, &k.endpoint, c, path, query, body)
	if err != nil {
		return nil, err
	}
	return &tiers.Answer{Body: reply.Body, Release: reply.Release}, nil
}

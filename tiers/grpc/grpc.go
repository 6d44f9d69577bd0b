// Package grpc calls tiers that speak gRPC: it writes a connector's request message from its mapping, makes unary calls over
// shared connections, and turns answers into JSON as their descriptors say.
package grpc

import (
	"context"
	"crypto/tls"
	"net/url"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"facet/fault"
	"facet/graph"
	"facet/tiers"
	"facet/tiers/internal/answer"
	"facet/tiers/internal/request"
)

// Settings are the environment's side of gRPC tiers. Zero fields take the values of Defaults.
type Settings struct {
	// Env looks an environment variable up, for $env.NAME. nil: there are none.
	Env func(name string) (string, bool)
	// Config holds what $config names: strings, numbers, booleans, and maps of them by path.
	Config map[string]any

	MaxBody   int           // bytes of an answer on the wire; more is a bad answer, as is 8 times as much JSON
	Dial      time.Duration // for a new connection, TLS included
	KeepAlive time.Duration // between pings of a connection that calls wait on; gRPC servers refuse less than 5m where they are not told
	Describe  time.Duration // for server reflection
	TLS       *tls.Config   // nil: the system's roots, TLS 1.2 and newer
}

// Defaults are the settings of a tier in the same network.
func Defaults() Settings {
	return Settings{MaxBody: 8 << 20, Dial: time.Second, KeepAlive: 5 * time.Minute, Describe: 5 * time.Second}
}

func (s Settings) filled() Settings {
	d := Defaults()
	if s.MaxBody <= 0 {
		s.MaxBody = d.MaxBody
	}
	if s.Dial <= 0 {
		s.Dial = d.Dial
	}
	if s.KeepAlive <= 0 {
		s.KeepAlive = d.KeepAlive
	}
	if s.Describe <= 0 {
		s.Describe = d.Describe
	}
	if s.TLS == nil {
		s.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return s
}

// A Tier calls the operations of one gRPC source.
type Tier struct {
	conn    *grpc.ClientConn
	headers map[*graph.Operation]*request.Headers
	book    *book
	maxBody int
}

// New makes the tier of a source for its operations (others are skipped). It does not wait for the tier: connections are made
// by the first calls, and reflection is asked beside them. All of $env and $config is looked up here, and methods and messages
// are checked here where the descriptors are configured: the error is Invalid and lists everything that is wrong.
func New(source *graph.Source, operations []*graph.Operation, s Settings) (*Tier, error) {
	s = s.filled()
	c := &request.Compiler{Env: s.Env, Config: s.Config}
	t := &Tier{headers: map[*graph.Operation]*request.Headers{}, maxBody: s.MaxBody}
	t.book = &book{env: c, timeout: s.Describe}
	for _, op := range operations {
		if op.Source == source && op.GRPC != nil {
			h := c.Headers(op, strings.ToLower, hop)
			t.headers[op] = &h
			c.Check(op, op.GRPC.Message)
			t.book.operations = append(t.book.operations, op)
		}
	}
	target, secure := address(c, source)
	if source.Descriptors != nil {
		t.book.configured(c, source)
	}
	if err := c.Err(source); err != nil {
		return nil, err
	}
	conn, err := dial(target, secure, s)
	if err != nil {
		return nil, &fault.Error{Kind: fault.Invalid, Op: "tier", Subject: source.Name, Message: "the address cannot be a gRPC target", Err: err}
	}
	t.conn = conn
	t.book.conn = conn
	t.book.open()
	return t, nil
}

// address resolves a source's address, and whether TLS is spoken there.
func address(c *request.Compiler, s *graph.Source) (target string, secure bool) {
	if s.BaseURL == nil {
		c.Fail(s.Name, "the source has no address")
		return "", false
	}
	text, ok := c.Configured(s.Name, s.BaseURL)
	if !ok {
		return "", false
	}
	secure = s.TLS
	if scheme, rest, found := strings.Cut(text, "://"); found {
		switch scheme {
		case "grpc", "http", "grpcs", "https":
			text, secure = strings.TrimSuffix(rest, "/"), strings.HasSuffix(scheme, "s")
			if u, err := url.Parse("//" + text); err != nil || u.Path != "" || u.User != nil || u.RawQuery != "" {
				c.Fail(s.Name, "the address %s must be %s://host:port", s.BaseURL.Text, scheme)
			}
		}
	}
	if text == "" || strings.ContainsAny(text, " \t\r\n") {
		c.Fail(s.Name, "the address %s must be host:port", s.BaseURL.Text)
	}
	return text, secure
}

func dial(target string, secure bool, s Settings) (*grpc.ClientConn, error) {
	creds := insecure.NewCredentials()
	if secure {
		creds = credentials.NewTLS(s.TLS.Clone())
	}
	return grpc.NewClient(target,
		grpc.WithTransportCredentials(creds),
		grpc.WithUserAgent("facet-edge"),
		grpc.WithNoProxy(),      // as HTTP tiers do without
		grpc.WithDisableRetry(), // the guard repeats, under its budget
		grpc.WithDisableServiceConfig(),
		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig":[{"round_robin":{}}]}`),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: s.KeepAlive, Timeout: 10 * time.Second}),
		// A tier that is back is found within seconds: gRPC's own pause grows to two minutes.
		grpc.WithConnectParams(grpc.ConnectParams{MinConnectTimeout: s.Dial,
			Backoff: backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 2 * time.Second}}),
	)
}

// Close ends the connections and whatever is asked over them.
func (t *Tier) Close() {
	t.book.close()
	_ = t.conn.Close() // closed twice at most, which it says
}

// Call implements tiers.Tier.
func (t *Tier) Call(ctx context.Context, c *tiers.Call) (*tiers.Answer, error) {
	h := t.headers[c.Operation]
	if h == nil {
		return nil, request.Refused(c, fault.Internal, "the tier was made without this operation")
	}
	m, err := t.book.method(ctx, c.Operation)
	if err != nil {
		return nil, err
	}
	out, err := outgoing(ctx, c, h)
	if err != nil {
		return nil, err
	}
	b := requests.Get(0)
	msg := &message{}
	if msg.b, err = m.message((*b)[:0], c); err != nil {
		return nil, err
	}
	r := &reply{shape: m.shape, types: m.types, limit: growth * t.maxBody, buf: answer.Take(0)}
	err = t.conn.Invoke(out, m.path, msg, r, grpc.ForceCodecV2(codec{}), grpc.MaxCallRecvMsgSize(t.maxBody))
	if err == nil {
		return &tiers.Answer{Body: r.buf.B, Release: r.buf.Release}, nil
	}
	r.buf.Release()
	if r.err != nil {
		return nil, &fault.Error{Kind: fault.BadAnswer, Op: "tier", Subject: c.Operation.ID, Message: "the tier's answer breaks its contract", Err: r.err}
	}
	if status.Code(err) == codes.Unimplemented {
		t.book.stale()
	}
	return nil, failed(ctx, c.Operation, err, t.maxBody)
}

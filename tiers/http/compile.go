package http

import (
	"encoding/json"
	"fmt"
	nethttp "net/http"
	"net/url"
	"slices"
	"strings"

	"facet/graph"
	"facet/tiers"
)

// A compiler makes operations ready and collects what is wrong with them.
type compiler struct {
	env      func(string) (string, bool)
	config   map[string]any
	problems []string
}

func (c *compiler) problem(op *graph.Operation, format string, args ...any) {
	p := op.ID + ": " + fmt.Sprintf(format, args...)
	if !slices.Contains(c.problems, p) {
		c.problems = append(c.problems, p)
	}
}

func (c *compiler) list() string { return strings.Join(c.problems, "; ") }

// lookup finds a value of $env or $config, as JSON.
func (c *compiler) lookup(e *graph.Expr) (json.RawMessage, bool) {
	if e.Var == graph.VarEnv {
		if c.env == nil || len(e.Path) != 1 {
			return nil, false
		}
		s, ok := c.env(e.Path[0])
		if !ok {
			return nil, false
		}
		raw, err := json.Marshal(s)
		return raw, err == nil
	}
	var v any = c.config
	for _, key := range e.Path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		if v, ok = m[key]; !ok {
			return nil, false
		}
	}
	raw, err := json.Marshal(v)
	return raw, err == nil
}

// base resolves a source's base URL: its scheme and host, its path without a "/" at the end, its credentials.
func (c *compiler) base(s *graph.Source) (u *url.URL, auth string) {
	fail := func(format string, args ...any) (*url.URL, string) {
		c.problems = append(c.problems, s.Name+": "+fmt.Sprintf(format, args...))
		return &url.URL{}, ""
	}
	if s.BaseURL == nil {
		return fail("the source has no baseURL")
	}
	var b strings.Builder
	for _, p := range s.BaseURL.Parts {
		if p.Expr == nil {
			b.WriteString(p.Text)
			continue
		}
		raw, ok := c.lookup(p.Expr)
		if !ok {
			return fail("%s.%s is not set", p.Expr.Var, strings.Join(p.Expr.Path, "."))
		}
		b.Write(text(raw))
	}
	u, err := url.Parse(b.String())
	switch {
	case err != nil:
		return fail("the baseURL %s is no URL", s.BaseURL.Text) // the value may hold a password
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return fail("the baseURL %s must be http://host or https://host", s.BaseURL.Text)
	case u.RawQuery != "" || u.Fragment != "":
		return fail("the baseURL %s cannot have a query or a fragment", s.BaseURL.Text)
	}
	if u.User != nil {
		auth = basic(u.User)
	}
	return u, auth
}

// hop are the headers that belong to the connection, and those that are made here.
var hop = []string{"Connection", "Content-Length", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "Te", "Trailer",
	"Transfer-Encoding", "Upgrade", "Accept-Encoding"}

func (c *compiler) call(op *graph.Operation, base *url.URL, auth string, compress bool) *call {
	h := op.HTTP
	k := &call{
		op: op, method: strings.ToUpper(h.Method), scheme: base.Scheme, host: base.Host,
		target: c.target(op, strings.TrimRight(base.EscapedPath(), "/")),
		static: nethttp.Header{"Accept": {"application/json"}, "User-Agent": {"facet-edge"}},
		again:  !op.Mutation,
	}
	if k.method == "" {
		k.method = "GET"
	}
	if h.IdempotencyHeader != "" {
		k.idempotency = nethttp.CanonicalHeaderKey(h.IdempotencyHeader)
	}
	if auth != "" {
		k.static["Authorization"] = []string{auth}
	}
	if compress {
		k.static["Accept-Encoding"] = []string{"gzip"}
	}
	if h.Body != nil {
		k.body = c.body(op, h.Body)
		k.static["Content-Type"] = []string{"application/json"}
	}
	for sh := range tiers.Headers(op) {
		name := nethttp.CanonicalHeaderKey(sh.Name)
		if slices.Contains(hop, name) {
			c.problem(op, "the header %s belongs to the connection", name)
			continue
		}
		if hd, ok := c.header(op, name, sh); ok {
			k.headers = append(k.headers, hd)
		} else if hd.fixed != "" {
			k.static[name] = []string{hd.fixed}
		}
	}
	return k
}

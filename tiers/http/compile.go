package http

import (
	"encoding/base64"
	nethttp "net/http"
	"net/url"
	"strings"
	"sync/atomic"

	"facet/graph"
	"facet/tiers/internal/request"
)

// A compiler makes operations ready and collects what is wrong with them.
type compiler struct{ *request.Compiler }

// An address is where a source is.
type address struct {
	scheme, host string
	path         string // escaped, without a "/" at the end
	auth         string // credentials, as the header Authorization has them; "" without
}

// address resolves a source's address, which its graph calls by that name.
func (c *compiler) address(s *graph.Source, name string) address {
	if s.BaseURL == nil {
		c.Fail(s.Name, "the source has no %s", name)
		return address{}
	}
	text, ok := c.Configured(s.Name, s.BaseURL)
	if !ok {
		return address{}
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		c.Fail(s.Name, "the %s %s is no URL", name, s.BaseURL.Text) // the value may hold a password
		return address{}
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		c.Fail(s.Name, "the %s %s must be http://host or https://host", name, s.BaseURL.Text)
	case u.RawQuery != "" || u.Fragment != "":
		c.Fail(s.Name, "the %s %s cannot have a query or a fragment", name, s.BaseURL.Text)
	}
	at := address{scheme: u.Scheme, host: u.Host, path: strings.TrimRight(u.EscapedPath(), "/")}
	if u.User != nil {
		pw, _ := u.User.Password()
		at.auth = "Basic " + base64.StdEncoding.EncodeToString([]byte(u.User.Username()+":"+pw))
	}
	return at
}

// hop are the headers that belong to the connection, and those that are made here.
var hop = []string{"Connection", "Content-Length", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "Te", "Trailer",
	"Transfer-Encoding", "Upgrade", "Accept-Encoding"}

func (c *compiler) endpoint(op *graph.Operation, at address, method string, compress bool) endpoint {
	e := endpoint{
		op: op, method: method, scheme: at.scheme, host: at.host, again: !op.Mutation, headers: c.Headers(op, nethttp.CanonicalHeaderKey, hop),
		static: nethttp.Header{"Accept": {"application/json"}, "User-Agent": {"facet-edge"}}, size: &atomic.Int64{},
	}
	if at.auth != "" {
		e.static["Authorization"] = []string{at.auth}
	}
	if compress {
		e.static["Accept-Encoding"] = []string{"gzip"}
	}
	for name, value := range e.headers.Fixed {
		e.static[name] = []string{value}
	}
	return e
}

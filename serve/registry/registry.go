// Package registry speaks the npm registry protocol over a shelf of packages: stock clients install, publish, tag, deprecate and unpublish.
package registry

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"facet/fault"
)

// Options are what a registry is made of.
type Options struct {
	Shelf Shelf
	// Holder finds who holds a token; nil if nobody known does.
	Holder func(token string) Holder
	// Prefix is the path that the registry is mounted at, "/registry/".
	Prefix string
	// URL is where clients reach the prefix, with a slash at its end; "" takes it from each request.
	URL string
	// Public lets everybody read. Changes always need a token.
	Public bool
	// Drafts says that a version may change: then no tarball is kept by a cache.
	Drafts bool
	Limits Limits
	Log    zerolog.Logger // a line for each change, and for each internal error with its cause
}

// Limits bound what one request may cost. A zero field takes the default's value.
type Limits struct {
	Tarball int           // bytes of an uploaded tarball
	Body    int           // bytes of a body that is no publication
	Depth   int           // of objects and arrays in a body
	Uploads int           // publications at a time; more are told to come back
	Arrive  time.Duration // how long a body may take to arrive
	Time    time.Duration // of one request, a build included
}

// DefaultLimits fit packages of TypeScript.
func DefaultLimits() Limits {
	return Limits{Tarball: 8 << 20, Body: 4 << 20, Depth: 64, Uploads: 4, Arrive: time.Minute, Time: 2 * time.Minute}
}

func (l Limits) filled() Limits {
	d := DefaultLimits()
	for _, f := range []struct{ is, or *int }{{&l.Tarball, &d.Tarball}, {&l.Body, &d.Body}, {&l.Depth, &d.Depth}, {&l.Uploads, &d.Uploads}} {
		if *f.is == 0 {
			*f.is = *f.or
		}
	}
	if l.Arrive == 0 {
		l.Arrive = d.Arrive
	}
	if l.Time == 0 {
		l.Time = d.Time
	}
	return l
}

type server struct {
	Options
	uploads chan struct{} // one for each publication
}

// Handler answers below the prefix:
//
//	GET    {name}                                 the package: full, or as "application/vnd.npm.install-v1+json" what an install needs
//	GET    {name}/{version or tag}                one version's package.json
//	GET    {name}/-/{file}.tgz                    a tarball
//	PUT    {name}                                 npm publish, npm deprecate
//	PUT    {name}/-rev/{revision}                 npm unpublish of a version; DELETE: of all
//	GET    -/package/{name}/dist-tags             and PUT, DELETE of {tag} below it
//	GET    -/ping, -/whoami, -/v1/search
//	POST   -/npm/v1/security/…                    npm audit: nothing is known
//
// An error is {"error", "reason"}: npm prints the first.
func Handler(o Options) http.Handler {
	o.Limits = o.Limits.filled()
	return &server{Options: o, uploads: make(chan struct{}, o.Limits.Uploads)}
}

// A request is one request and who sent it.
type request struct {
	w      http.ResponseWriter
	r      *http.Request
	path   []string // below the prefix, a scoped name as one part
	holder Holder   // nil: nobody known
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), s.Limits.Time)
	defer cancel()
	q := &request{w: w, r: r.WithContext(ctx)}
	q.holder = s.holder(r)
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Accept, Accept-Encoding, Authorization")
	err := fault.New(fault.NotFound, "the registry has nothing at this path")
	path, ok := parts(strings.TrimPrefix(r.URL.EscapedPath(), s.Prefix))
	if !ok {
		s.refuse(q, err)
		return
	}
	q.path = path
	if e := s.route(q); e != nil {
		s.refuse(q, e)
	}
}

// parts are the parts of a path. A scope and its name are one part, whether the client wrote "@a%2fb" or "@a/b".
func parts(escaped string) ([]string, bool) {
	raw := strings.Split(strings.Trim(escaped, "/"), "/")
	var out []string
	for i := 0; i < len(raw); i++ {
		p, err := url.PathUnescape(raw[i])
		if err != nil || p == "" {
			return nil, false
		}
		if strings.HasPrefix(p, "@") && !strings.Contains(p, "/") && i+1 < len(raw) {
			i++
			name, err := url.PathUnescape(raw[i])
			if err != nil {
				return nil, false
			}
			p += "/" + name
		}
		out = append(out, p)
	}
	return out, len(out) > 0
}

// route calls what answers a request. A nil error means that it has answered.
func (s *server) route(q *request) error {
	p := q.path
	n := len(p)
	if p[0] == "-" {
		return s.aside(q, p[1:])
	}
	get, put, del := q.r.Method == http.MethodGet || q.r.Method == http.MethodHead, q.r.Method == http.MethodPut, q.r.Method == http.MethodDelete
	switch {
	case n == 1 && get:
		return s.document(q, p[0])
	case n == 1 && put:
		return s.put(q, p[0], "")
	case n == 2 && get && p[1] != "-":
		return s.manifest(q, p[0], p[1])
	case n == 3 && get && p[1] == "-":
		return s.tarball(q, p[0], p[2])
	case n == 3 && put && p[1] == "-rev":
		return s.put(q, p[0], p[2])
	case n == 3 && del && p[1] == "-rev":
		return s.remove(q, p[0], p[2])
	case n == 5 && del && p[1] == "-" && p[3] == "-rev":
		return s.removeTarball(q, p[0], p[2])
	}
	return nothing(q)
}

func nothing(q *request) error {
	return fault.New(fault.NotFound, "the registry does not answer %s at this path", q.r.Method)
}

// holder is who sent the request.
func (s *server) holder(r *http.Request) Holder {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if token = strings.TrimSpace(token); !strings.EqualFold(scheme, "Bearer") || token == "" {
		return nil
	}
	return s.Holder(token)
}

// reads is nil if the asker may read a package; "" is any. Who may publish a package may read it.
func (s *server) reads(q *request, name string) error {
	if s.Public {
		return nil
	}
	if q.holder == nil {
		return s.stranger(q)
	}
	err := q.holder.May("read", "")
	if err != nil && name != "" && q.holder.May("publish", name) == nil {
		return nil
	}
	return err
}

// publishes is nil if the asker may change a package.
func (s *server) publishes(q *request, name string) error {
	if q.holder == nil {
		return s.stranger(q)
	}
	return q.holder.May("publish", name)
}

// stranger is the refusal of one without a known token.
func (s *server) stranger(q *request) error {
	sentence := "this registry needs a token"
	if q.r.Header.Get("Authorization") != "" {
		sentence = "the token is not known here"
	}
	base := s.base(q)
	if _, rest, ok := strings.Cut(base, ":"); ok {
		base = rest
	}
	return fault.New(fault.Unauthorized, "%s", sentence).WithHint("write into .npmrc: %s:_authToken=${FACET_TOKEN}", base)
}

// base is where clients reach the registry, with a slash at its end.
func (s *server) base(q *request) string {
	if s.URL != "" {
		return s.URL
	}
	scheme := "http"
	if q.r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + q.r.Host + s.Prefix
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"facet/asker"
	"facet/serve"
)

// What is remembered of each route, so that a release meets devices with the documents and selections that they send already
// parsed and planned: a few requests that read, without who asked.
const (
	recentKept  = 8
	recentEvery = 100 * time.Millisecond // between two of a route that are looked at
	recentNext  = 20 * time.Millisecond  // between two of all routes
	recentBytes = 2 << 20                // of all routes together, about: the oldest are forgotten
	recentURL   = 4 << 10                // bytes
	recentBody  = 16 << 10
)

// A recentRequest is a GET that asks what a device asked.
type recentRequest struct {
	door           http.Handler
	device, schema string
	url            string
	header         http.Header
}

// size is about what it takes.
func (r *recentRequest) size() int { return len(r.url) + 300 }

// recentRequests are those of a route, the newest last.
type recentRequests struct {
	mu   sync.Mutex
	last int64 // Unix nanoseconds
	kept []recentRequest
	all  *recents // nil: nobody counts
}

// recents are those of all routes.
type recents struct {
	last atomic.Int64 // when one was looked at, in Unix nanoseconds

	mu     sync.Mutex
	bytes  int
	oldest []*recentRequests // whose first went last is the first
}

// due says whether it is time to look at a request again.
func (l *recentRequests) due(now time.Time) bool {
	at := now.UnixNano()
	if l.all != nil {
		if last := l.all.last.Load(); at-last < int64(recentNext) || !l.all.last.CompareAndSwap(last, at) {
			return false
		}
	}
	if !l.mu.TryLock() {
		return false // another request is looked at
	}
	defer l.mu.Unlock()
	if at-l.last < int64(recentEvery) {
		return false
	}
	l.last = at
	return true
}

func (l *recentRequests) keep(r recentRequest) {
	l.mu.Lock()
	before := l.size()
	l.kept = slices.DeleteFunc(l.kept, func(old recentRequest) bool { return old.url == r.url })
	l.kept = append(l.kept[max(0, len(l.kept)-recentKept+1):len(l.kept):len(l.kept)], r)
	more := l.size() - before
	l.mu.Unlock()
	if l.all != nil {
		l.all.grew(l, more)
	}
}

// size is called with mu held.
func (l *recentRequests) size() (n int) {
	for i := range l.kept {
		n += l.kept[i].size()
	}
	return n
}

// forget drops all that is remembered of a route, and says how much that was.
func (l *recentRequests) forget() (freed int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	freed = l.size()
	l.kept = nil
	return freed
}

// grew counts what a route remembers more, and forgets others' past the bound.
func (a *recents) grew(l *recentRequests, more int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.bytes += more
	if i := slices.Index(a.oldest, l); i < 0 {
		a.oldest = append(a.oldest, l)
	} else if i < len(a.oldest)/2 { // asked again: it has its turn later
		a.oldest = append(slices.Delete(a.oldest, i, i+1), l)
	}
	for a.bytes > recentBytes && len(a.oldest) > 1 {
		a.bytes -= a.oldest[0].forget()
		a.oldest = a.oldest[1:]
	}
}

func (l *recentRequests) list() []recentRequest {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.kept)
}

// A sample is a request that is looked at while it is answered.
type sample struct {
	to   *recentRequests
	body bytes.Buffer
	good bool // it was answered in full
}

type sampleKey struct{}

// sampled looks at a request now and then. The sample is nil for the others.
func (s *served) sampled(r *http.Request) (*http.Request, *sample) {
	asked := s.askedOf(r.PathValue("device"), r.PathValue("schema"))
	if asked == nil || len(r.URL.Path)+len(r.URL.RawQuery) > recentURL || !asked.recent.due(time.Now()) {
		return r, nil
	}
	x := &sample{to: &asked.recent}
	switch {
	case r.Method == http.MethodGet:
	case r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/graphql") && r.ContentLength > 0 && r.ContentLength <= recentBody:
	default:
		return r, nil
	}
	r = r.WithContext(context.WithValue(r.Context(), sampleKey{}, x))
	if r.Method == http.MethodPost {
		r.Body = struct {
			io.Reader
			io.Closer
		}{io.TeeReader(io.LimitReader(r.Body, recentBody), &x.body), r.Body}
	}
	return r, x
}

// noted is every protocol's Done.
func noted(r *http.Request, o serve.Outcome) {
	note(r, o)
	if x, ok := r.Context().Value(sampleKey{}).(*sample); ok {
		x.good = o.Status == http.StatusOK && o.Failed == nil
	}
}

// keep remembers the request if it was answered and only reads.
func (x *sample) keep(r *http.Request, door http.Handler) {
	if !x.good {
		return
	}
	kept := recentRequest{door: door, device: r.PathValue("device"), schema: r.PathValue("schema"), url: r.URL.RequestURI(), header: http.Header{}}
	if r.Method == http.MethodPost {
		var asked map[string]json.RawMessage
		if json.Unmarshal(x.body.Bytes(), &asked) != nil {
			return
		}
		query := url.Values{}
		for name, value := range asked {
			text := string(value)
			var s *string
			if json.Unmarshal(value, &s) == nil {
				if s == nil {
					continue
				}
				text = *s
			}
			query.Set(name, text)
		}
		kept.url = r.URL.Path + "?" + query.Encode()
		if strings.HasPrefix(strings.TrimSpace(query.Get("query")), "mutation") {
			return
		}
	}
	for _, name := range []string{"Accept", "Accept-Language", asker.HeaderForm, asker.HeaderCells} {
		if v := r.Header.Values(name); v != nil {
			kept.header[name] = slices.Clone(v)
		}
	}
	x.to.keep(kept)
}

// askedOf is when a route was asked; nil if there is no such route.
func (s *served) askedOf(device, schema string) *lastAsked {
	if f, ok := s.fixed[device+"/"+schema]; ok {
		return f.asked
	}
	if r, ok := s.release.Route(device, schema); ok {
		return s.o.asked.of(r.Name())
	}
	return nil
}

// replay asks again what was asked, of this release, for nobody. That it is a GET makes sure that it only reads.
func (s *served) replay(ctx context.Context, r recentRequest) {
	req, err := http.NewRequestWithContext(context.WithValue(ctx, pinKey{}, s), http.MethodGet, r.url, http.NoBody)
	if err != nil {
		return
	}
	req.Header = r.header.Clone()
	req.SetPathValue("device", r.device)
	req.SetPathValue("schema", r.schema)
	r.door.ServeHTTP(nowhere{http.Header{}}, req)
}

// nowhere takes an answer that nobody reads.
type nowhere struct{ header http.Header }

func (n nowhere) Header() http.Header         { return n.header }
func (n nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (n nowhere) WriteHeader(int)             {}

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
	"time"

	"facet/asker"
	"facet/serve"
)

// What is remembered of each route, so that a release meets devices with the documents and selections that they send already
// parsed and planned: a few requests that read, without who asked.
const (
	recentKept  = 8
	recentEvery = 100 * time.Millisecond // between two that are looked at
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

// recentRequests are those of a route, the newest last.
type recentRequests struct {
	mu   sync.Mutex
	last time.Time
	kept []recentRequest
}

// due says whether it is time to look at a request again.
func (l *recentRequests) due(now time.Time) bool {
	if !l.mu.TryLock() {
		return false // another request is looked at
	}
	defer l.mu.Unlock()
	if now.Sub(l.last) < recentEvery {
		return false
	}
	l.last = now
	return true
}

func (l *recentRequests) keep(r recentRequest) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kept = slices.DeleteFunc(l.kept, func(old recentRequest) bool { return old.url == r.url })
	l.kept = append(l.kept[max(0, len(l.kept)-recentKept+1):len(l.kept):len(l.kept)], r)
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

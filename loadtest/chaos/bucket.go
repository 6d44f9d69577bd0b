// Package chaos runs a fleet of edges through what goes wrong: a bucket that answers at random, instances that end at any moment, releases
// all the time; and holds every answer that devices got against what was released.
package chaos

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// A Bucket stands before an S3 server and fails at random.
type Bucket struct {
	Endpoint string

	server *httptest.Server
	rate   atomic.Int64 // of a million requests, how many fail
	gone   atomic.Bool

	mu   sync.Mutex
	rnd  *rand.Rand
	seen map[string]int // faults by name
}

// A fault is one way to fail.
type fault struct {
	name   string
	write  bool // only of conditional writes
	status int
	code   string // S3's word
	hang   time.Duration
}

var faults = []fault{
	{name: "412", write: true, status: http.StatusPreconditionFailed, code: "PreconditionFailed"},
	{name: "409", write: true, status: http.StatusConflict, code: "ConditionalRequestConflict"},
	{name: "500", status: http.StatusInternalServerError, code: "InternalError"},
	{name: "503", status: http.StatusServiceUnavailable, code: "SlowDown"},
	{name: "time-out", hang: 3 * time.Second},
	{name: "cut"},
}

// NewBucket stands before the S3 server at the endpoint. Close it.
func NewBucket(endpoint string, seed uint64) (*Bucket, error) {
	target, err := url.Parse(endpoint)
	if err != nil {
		return nil, err
	}
	proxy := &httputil.ReverseProxy{
		// The signature covers the host that the client asked: it goes on as it came.
		Rewrite:   func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = target.Scheme, target.Host },
		Transport: &http.Transport{MaxIdleConnsPerHost: 256, IdleConnTimeout: time.Minute, DisableCompression: true},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			refuse(w, http.StatusBadGateway, "InternalError")
		},
	}
	b := &Bucket{rnd: rand.New(rand.NewPCG(seed, 2)), seen: map[string]int{}}
	b.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if b.gone.Load() {
			refuse(w, http.StatusServiceUnavailable, "ServiceUnavailable")
			return
		}
		f, done := b.choose(r)
		if f == nil {
			proxy.ServeHTTP(w, r)
			return
		}
		if done { // it happened, and nobody is told
			proxy.ServeHTTP(&nowhere{header: http.Header{}}, r)
		} else {
			_, _ = io.Copy(io.Discard, r.Body)
		}
		if f.hang > 0 {
			select {
			case <-time.After(f.hang):
			case <-r.Context().Done():
			}
		}
		if f.status == 0 {
			panic(http.ErrAbortHandler)
		}
		refuse(w, f.status, f.code)
	}))
	b.Endpoint = b.server.URL
	return b, nil
}

// Fail makes a part of the requests fail, from 0 to 1.
func (b *Bucket) Fail(part float64) { b.rate.Store(int64(part * 1e6)) }

// Gone makes every request fail.
func (b *Bucket) Gone(gone bool) { b.gone.Store(gone) }

// Faults says how often it failed in which way.
func (b *Bucket) Faults() map[string]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := map[string]int{}
	for name, n := range b.seen {
		out[name] = n
	}
	return out
}

// Close ends it. Requests that hang are cut.
func (b *Bucket) Close() {
	b.server.CloseClientConnections()
	b.server.Close()
}

func (b *Bucket) choose(r *http.Request) (*fault, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rnd.Int64N(1e6) >= b.rate.Load() {
		return nil, false
	}
	conditional := r.Method == http.MethodPut && (r.Header.Get("If-Match") != "" || r.Header.Get("If-None-Match") != "")
	f := &faults[b.rnd.IntN(len(faults))]
	if f.write && !conditional {
		f = &faults[2]
	}
	// 409 says by its meaning that nothing was written.
	done := b.rnd.IntN(2) == 0 && f.name != "409"
	name := f.name
	if done {
		name += " after it was done"
	}
	b.seen[name]++
	return f, done
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>chaos</Message></Error>`, code) // who asked may be gone
}

// nowhere takes an answer that nobody reads.
type nowhere struct{ header http.Header }

func (n *nowhere) Header() http.Header         { return n.header }
func (n *nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (n *nowhere) WriteHeader(int)             {}

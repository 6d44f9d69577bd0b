package edgetest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"facet/serve/graphql"
	"facet/tiers/fake"
)

// An instance is one edge of a fleet that serves the fleet's release.
type instance struct {
	streams *graphql.Streams
	server  *httptest.Server
}

// A fleet is a balancer with one live instance behind it, and two releases: requests are answered by the current one.
type fleet struct {
	t        *testing.T
	releases [2]http.Handler
	current  atomic.Int32
	tier     *fake.Tier
	balancer net.Listener

	mu    sync.Mutex
	live  *instance
	conns map[net.Conn]bool
	cut   int      // operations that a stop cut
	keys  []string // the Idempotency-Keys of mutations while they are held
	gate  *fake.Gate
}

// openFleet serves two releases of the breaks world: the size that goes with an answer is 100 in one and 90 in the other.
func openFleet(t *testing.T) *fleet {
	before, tier := shows(t)
	after := changed(t, `.default(100)`, `.default(90)`)
	after.Tiers = before.Tiers
	f := &fleet{t: t, releases: [2]http.Handler{Open(t, before), Open(t, after)}, tier: tier, conns: map[net.Conn]bool{}}
	tier.Delay("*", 2*time.Millisecond)
	f.live = f.instance()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f.balancer = l
	go f.balance()
	t.Cleanup(func() {
		_ = l.Close()
		f.cutAll()
		f.live.server.Close()
	})
	return f
}

func (f *fleet) instance() *instance {
	s := graphql.NewStreams(http.HandlerFunc(f.answer), graphql.StreamOptions{Limits: graphql.StreamLimits{Spread: 50 * time.Millisecond},
		Panicked: func(_ *http.Request, err error) { f.t.Error(err) }})
	mux := http.NewServeMux()
	mux.Handle("/", s)
	mux.HandleFunc("POST /control/{what}", f.control)
	return &instance{streams: s, server: httptest.NewServer(mux)}
}

// answer picks the release of one request, as an instance does.
func (f *fleet) answer(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		f.t.Error(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if f.gate != nil && strings.Contains(string(body), "mutation") {
		f.keys = append(f.keys, r.Header.Get("Idempotency-Key"))
	}
	f.mu.Unlock()
	f.releases[f.current.Load()].ServeHTTP(w, r)
}

// balance passes each connection on to the instance that is live when it is opened.
func (f *fleet) balance() {
	for {
		from, err := f.balancer.Accept()
		if err != nil {
			return
		}
		f.mu.Lock()
		to, err := net.Dial("tcp", f.live.server.Listener.Addr().String())
		if err == nil {
			f.conns[from], f.conns[to] = true, true
		}
		f.mu.Unlock()
		if err != nil {
			_ = from.Close()
			continue
		}
		pipe := func(a, b net.Conn) {
			_, _ = io.Copy(a, b)
			_ = a.Close()
			_ = b.Close()
		}
		go pipe(from, to)
		go pipe(to, from)
	}
}

func (f *fleet) cutAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.conns {
		_ = c.Close()
	}
	f.conns = map[net.Conn]bool{}
}

// control does what the client's script wants to happen.
func (f *fleet) control(w http.ResponseWriter, r *http.Request) {
	switch r.PathValue("what") {
	case "swap":
		f.current.Store(1 - f.current.Load())
	case "stop":
		next := f.instance()
		f.mu.Lock()
		old := f.live
		f.live = next
		f.mu.Unlock()
		go f.stop(old)
	case "hold":
		f.mu.Lock()
		f.gate, f.keys = f.tier.Hold("shows.Mutation.rate"), nil
		f.mu.Unlock()
	case "cut":
		f.mu.Lock()
		g := f.gate
		f.mu.Unlock()
		if err := g.Await(r.Context(), 1); err != nil {
			f.t.Error(err)
		}
		time.AfterFunc(50*time.Millisecond, func() { // this request's own answer is on its way by then
			f.cutAll()
			g.Open()
		})
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	_ = json.NewEncoder(w).Encode(row{"rated": f.tier.Count("shows.Mutation.rate"), "cut": f.cut, "keys": slices.Clone(f.keys)})
	_ = http.NewResponseController(w).Flush()
}

// stop ends an instance as a process does: its WebSockets are drained, then its server is shut down.
func (f *fleet) stop(i *instance) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	drained := i.streams.Drain(ctx)
	shut := i.server.Config.Shutdown(ctx)
	f.mu.Lock()
	defer f.mu.Unlock()
	if drained != nil || shut != nil {
		f.cut++
	}
}

// TestStreams runs stock clients over WebSocket and event streams against a fleet whose releases are swapped and whose instances are
// stopped under them: testdata/clients/streams.mjs.
func TestStreams(t *testing.T) {
	dir := npm(t)
	f := openFleet(t)
	out, err := node(t, dir, "streams.mjs", "http://"+f.balancer.Addr().String())
	if err != nil || strings.Contains(out, "FAIL") {
		t.Errorf("%v\n%s", err, out)
	}
	t.Log(out)
}

package films

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"facet/examples/films/tiers/trouble"
	"facet/examples/films/tiers/wire"
)

// A World is tiers that run in this process, each at an address of its own that it keeps over restarts.
type World struct {
	Tiers []*Running

	data  string // a temporary folder, gone with the world; "" if there is none
	admin *http.Server
}

// Running is a tier that listens. Its methods may be called from many goroutines.
type Running struct {
	Tier
	Door trouble.Door // what is wrong with it

	options Options
	addr    string

	mu      sync.Mutex // held while it starts and stops
	server  *http.Server
	backend Backend
	ended   chan error // what the last Serve said, when it is over
	gate    *gate
}

// A gate knows of the calls in flight: http.Server.Close does not wait for them.
type gate struct {
	sync.RWMutex // held for reading by each call
	shut         bool
}

func (g *gate) wrap(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.RLock()
		defer g.RUnlock()
		if g.shut {
			panic(http.ErrAbortHandler)
		}
		h.ServeHTTP(w, r)
	})
}

// close waits for the calls in flight; those that come later break.
func (g *gate) close() {
	g.Lock()
	defer g.Unlock()
	g.shut = true
}

// Start runs tiers. addr is where the first listens, "127.0.0.1:9000"; the others follow on the next ports; port 0 takes free ones.
// A tier keeps its data over restarts, also without a folder for it. Stop the world to be rid of it.
func Start(addr string, o Options, tiers ...Tier) (*World, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	first, err := strconv.Atoi(port)
	if err != nil {
		return nil, fmt.Errorf("port %q is no number", port)
	}
	w := &World{}
	if o.Data == "" {
		if o.Data, err = os.MkdirTemp("", "films-"); err != nil {
			return nil, err
		}
		w.data = o.Data
	}
	for i, t := range tiers {
		next := 0
		if first != 0 {
			next = first + i
		}
		r := &Running{Tier: t, options: o, addr: net.JoinHostPort(host, strconv.Itoa(next))}
		if err := r.start(); err != nil {
			return nil, errors.Join(err, w.Stop(context.Background()))
		}
		w.Tiers = append(w.Tiers, r)
	}
	return w, nil
}

// Tier is one that runs, nil if it does not.
func (w *World) Tier(name string) *Running {
	for _, r := range w.Tiers {
		if r.Name == name {
			return r
		}
	}
	return nil
}

// Env is where the tiers are, by the graph's variables.
func (w *World) Env() map[string]string {
	env := map[string]string{}
	for _, r := range w.Tiers {
		env[r.Env] = r.URL()
	}
	return env
}

// Stop ends the tiers; calls in flight have until ctx ends.
func (w *World) Stop(ctx context.Context) error {
	var all error
	if w.admin != nil {
		all = w.admin.Close()
	}
	for _, r := range w.Tiers {
		all = errors.Join(all, r.stop(ctx))
	}
	if w.data != "" {
		all = errors.Join(all, os.RemoveAll(w.data))
	}
	return all
}

// URL is where the tier is: "http://127.0.0.1:9000".
func (r *Running) URL() string { return "http://" + r.addr }

// start listens and serves; the caller holds mu, or nobody else knows the tier yet.
func (r *Running) start() error {
	var l net.Listener
	var err error
	for range 100 { // the port may be held for a moment by what was closed
		if l, err = net.Listen("tcp", r.addr); err == nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err != nil {
		return err
	}
	backend, err := r.Open(r.options)
	if err != nil {
		return errors.Join(fmt.Errorf("tier %s: %w", r.Name, err), l.Close())
	}
	if addr := l.Addr().String(); addr != r.addr { // at the first start: later, others read it
		r.addr = addr
	}
	r.backend, r.gate, r.ended = backend, &gate{}, make(chan error, 1)
	r.server = wire.Server(r.gate.wrap(r.Door.Wrap(backend)))
	go func(s *http.Server, ended chan<- error) { ended <- s.Serve(l) }(r.server, r.ended)
	return nil
}

// stop lets calls in flight finish until ctx ends.
func (r *Running) stop(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.server == nil {
		return nil
	}
	err := r.server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, r.server.Close())
	}
	return errors.Join(err, r.close())
}

// close is after the server's end.
func (r *Running) close() error {
	ended := <-r.ended
	if errors.Is(ended, http.ErrServerClosed) {
		ended = nil
	}
	r.gate.close()
	err := errors.Join(ended, r.backend.Close())
	r.server, r.backend = nil, nil
	return err
}

// Restart breaks every connection, is gone for a while, and listens again at the same address. What the tier does not keep on disk is
// forgotten. Its trouble stays.
func (r *Running) Restart(ctx context.Context, gone time.Duration) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.server == nil {
		return fmt.Errorf("tier %s does not run", r.Name)
	}
	err := r.server.Close()
	if err = errors.Join(err, r.close()); err != nil {
		return err
	}
	timer := time.NewTimer(gone)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done(): // it comes back at once
	}
	return r.start()
}

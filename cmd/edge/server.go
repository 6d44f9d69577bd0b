package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/net/netutil"

	"facet/fault"
)

// The limits of a listener where nothing else is configured. A device that is slow to speak or to read holds one connection, no more.
const (
	readHeader  = 5 * time.Second
	readAll     = 30 * time.Second
	writeAll    = 60 * time.Second
	idleConn    = 2 * time.Minute
	headerBytes = 96 << 10 // a JSON Graph get carries its path sets in the URL
	drainTime   = 10 * time.Second
)

// A door is one listener and what answers there.
type door struct {
	name     string
	listener net.Listener
	server   *http.Server
	streams  drainer // nil: nothing outlives its request
	draining atomic.Bool
	ready    func() bool
	wait     time.Duration
	shutting chan struct{} // closed by shut
}

// A doorConfig says what a listener puts up with.
type doorConfig struct {
	TLS            *tls.Config // nil: plain text
	H2C            bool
	Header         time.Duration // zero fields have the limits above; below 0: none
	Read           time.Duration
	Write          time.Duration
	Idle           time.Duration
	MaxHeader      int
	MaxConnections int // 0: any number
	MaxStreams     int // 0: net/http's 250

	// Ready says whether there is anything to answer with. Until it does, for ReadyWait at most, connections wait in the kernel's queue.
	// nil: there is.
	Ready     func() bool
	ReadyWait time.Duration
}

// newDoor makes a server for l. It accepts nothing before run.
func newDoor(name string, l net.Listener, h http.Handler, c doorConfig) *door {
	or := func(d, otherwise time.Duration) time.Duration {
		if d == 0 {
			return otherwise
		}
		return max(d, 0)
	}
	if c.MaxHeader == 0 {
		c.MaxHeader = headerBytes
	}
	if c.MaxConnections > 0 {
		l = netutil.LimitListener(l, c.MaxConnections)
	}
	if c.TLS == nil {
		l = wholeListener{l}
	}
	d := &door{name: name, listener: l, ready: c.Ready, wait: c.ReadyWait, shutting: make(chan struct{})}
	d.streams, _ = h.(drainer)
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	if c.TLS != nil {
		protocols.SetHTTP2(true)
	} else if c.H2C {
		protocols.SetUnencryptedHTTP2(true)
	}
	d.server = &http.Server{Handler: d.closing(h), TLSConfig: c.TLS.Clone(), Protocols: protocols,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: c.MaxStreams},
		ReadHeaderTimeout: or(c.Header, readHeader), ReadTimeout: or(c.Read, readAll), WriteTimeout: or(c.Write, writeAll), IdleTimeout: or(c.Idle, idleConn),
		MaxHeaderBytes: c.MaxHeader, ConnContext: wholeContext}
	return d
}

// closing ends a draining door's connections after the answers that they carry: HTTP/1.1 by its header, HTTP/2 by GOAWAY,
// which net/http makes of the same header. A client that keeps asking is so gone before the listener closes, and never
// writes into a connection that is just being closed.
func (d *door) closing(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d.draining.Load() {
			w.Header().Set("Connection", "close")
		}
		h.ServeHTTP(w, r)
	})
}

// serve serves until shut or close; its error is nil then.
func (d *door) serve() error {
	d.await()
	var err error
	if d.server.TLSConfig != nil {
		err = d.server.ServeTLS(d.listener, "", "")
	} else {
		err = d.server.Serve(d.listener)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fault.Wrap(fault.Internal, "serve "+d.name, d.listener.Addr().String(), err)
}

// readyLook is how often a door that is not ready looks whether it is.
const readyLook = 5 * time.Millisecond

// await returns when the door is ready, has waited for long enough, or is shut.
func (d *door) await() {
	if d.ready == nil || d.wait <= 0 {
		return
	}
	late := time.NewTimer(d.wait)
	defer late.Stop()
	look := time.NewTicker(readyLook)
	defer look.Stop()
	for !d.ready() {
		select {
		case <-look.C:
		case <-late.C:
			return
		case <-d.shutting:
			return
		}
	}
}

// errCut is the end of a door that had to cut requests.
var errCut = errors.New("requests were still under way and were cut")

// shut stops accepting and lets what is under way end, until ctx does. Then it cuts, and says so.
func (d *door) shut(ctx context.Context) error {
	close(d.shutting)
	streams := make(chan error, 1)
	go func() { streams <- d.drainStreams(ctx) }()
	err := d.server.Shutdown(ctx)
	if err != nil {
		_ = d.server.Close() // its error is that of the listener, which is closed already
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		err = errCut
	}
	if err = cmp.Or(err, <-streams); err != nil {
		return fmt.Errorf("%s: %w", d.name, err)
	}
	return nil
}

// listen opens a TCP listener; a taken port is an error that says what to do: by is the flag or key that names the address.
func listen(address, by string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, "listen", address, err).WithHint("another program may have the port: choose one with %s 127.0.0.1:0", by)
	}
	return l, nil
}

// A stop is how a process ends: what it says first, how long it goes on after that, and how long requests may take.
type stop struct {
	Draining func() // told before anything closes; may be nil
	Delay    time.Duration
	For      time.Duration
	Now      <-chan struct{} // ends the waiting at once; may be nil
}

// serveAll serves behind every door until ctx ends or a door fails. Then it says that it drains, goes on answering for the
// delay, closes the first door, and when that is empty the others: operators and probes can ask until the end.
func serveAll(ctx context.Context, s stop, doors ...*door) error {
	ended := make(chan error, len(doors))
	for _, d := range doors {
		go func() { ended <- d.serve() }()
	}
	left := len(doors)
	var failed error
	select {
	case failed = <-ended:
		left--
	case <-ctx.Done():
	}
	if s.Draining != nil {
		s.Draining()
	}
	for _, d := range doors {
		d.draining.Store(true)
	}
	if failed == nil && s.Delay > 0 {
		t := time.NewTimer(s.Delay)
		select {
		case <-t.C:
		case <-s.Now:
		}
		t.Stop()
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.For)
	defer cancel()
	go func() {
		select {
		case <-s.Now:
			cancel()
		case <-drain.Done():
		}
	}()
	err := failed
	for _, d := range doors {
		err = errors.Join(err, d.shut(drain))
	}
	for range left {
		err = errors.Join(err, <-ended)
	}
	return err
}

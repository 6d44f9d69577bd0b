package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"facet/fault"
)

// The limits of a listener. A device that is slow to speak or to read holds one connection, no more.
const (
	readHeader  = 5 * time.Second
	readAll     = 30 * time.Second
	writeAll    = 60 * time.Second
	idleConn    = 2 * time.Minute
	headerBytes = 96 << 10 // a JSON Graph get carries its path sets in the URL
	drainTime   = 10 * time.Second
)

func newServer(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: readHeader, ReadTimeout: readAll, WriteTimeout: writeAll, IdleTimeout: idleConn, MaxHeaderBytes: headerBytes}
}

// listen opens a TCP listener; a taken port is an error that says what to do.
func listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, "listen", address, err).WithHint("another program may have the port: choose one with --listen 127.0.0.1:0")
	}
	return l, nil
}

// serve serves until ctx ends, then drains: what is under way is finished, for at most drainTime.
func serve(ctx context.Context, l net.Listener, h http.Handler) error {
	srv := newServer(h)
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	err := srv.Shutdown(drain)
	if errors.Is(err, context.DeadlineExceeded) {
		err = srv.Close()
	}
	if e := <-ended; !errors.Is(e, http.ErrServerClosed) && err == nil {
		err = e
	}
	return err
}

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

// TestDoorWaits: who asks an instance that has just started waits until it can answer, but not for ever, and not past its end.
func TestDoorWaits(t *testing.T) {
	open := func(wait time.Duration, ready func() bool) (*door, string, chan error) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, ready()) })
		d := newDoor("test", l, h, doorConfig{Ready: ready, ReadyWait: wait})
		ended := make(chan error, 1)
		go func() { ended <- d.serve() }()
		return d, "http://" + l.Addr().String(), ended
	}
	ask := func(url string) string {
		resp, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		b, _ := io.ReadAll(resp.Body)
		return string(b)
	}
	shut := func(d *door, ended chan error) {
		began := time.Now()
		if err := d.shut(context.Background()); err != nil {
			t.Error(err)
		}
		if err := <-ended; err != nil || time.Since(began) > 5*time.Second {
			t.Errorf("the end: %v after %v", err, time.Since(began))
		}
	}
	var serving atomic.Bool
	d, url, ended := open(time.Minute, serving.Load)
	time.AfterFunc(100*time.Millisecond, func() { serving.Store(true) })
	if got := ask(url); got != "true" {
		t.Errorf("asked early: %s", got)
	}
	shut(d, ended)

	never := func() bool { return false }
	d, url, ended = open(50*time.Millisecond, never)
	if got := ask(url); got != "false" {
		t.Errorf("not ready in time: %s", got)
	}
	shut(d, ended)

	d, _, ended = open(time.Minute, never)
	time.Sleep(10 * time.Millisecond)
	shut(d, ended)
}

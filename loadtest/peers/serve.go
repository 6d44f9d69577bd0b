package peers

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"facet/loadtest/contest"
	"facet/loadtest/peers/subgraphs"
)

// Serve runs a server of this tree until its standard input ends or ctx does: the tiers of a page, or a page by hand. It prints
// NAME=URL lines, then "ready".
func Serve(ctx context.Context, name string) error {
	servers := map[string]func(context.Context) error{
		"contest-tiers":   contestTiers,
		"contest-byhand":  func(ctx context.Context) error { return byHand(ctx, false) },
		"contest-spliced": func(ctx context.Context) error { return byHand(ctx, true) },
		"home-tiers":      homeTiers,
		"home-byhand":     homeByHand,
	}
	f := servers[name]
	if f == nil {
		return fmt.Errorf("there is no server %q", name)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // an error is an end too
		stop()
	}()
	return f(ctx)
}

// A door is what stands before tiers: it counts calls and holds answers.
type door struct {
	calls atomic.Int64
	delay atomic.Int64 // nanoseconds
}

func (d *door) wrap(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.calls.Add(1)
		if wait := d.delay.Load(); wait > 0 {
			time.Sleep(time.Duration(wait))
		}
		h.ServeHTTP(w, r)
	})
}

// ServeHTTP is how a run asks for the calls until now (/calls), and sets the delay (/delay?of=5ms).
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var answer any = d.calls.Load()
	if r.URL.Path == "/delay" {
		wait, err := time.ParseDuration(r.URL.Query().Get("of"))
		if err != nil || wait < 0 {
			http.Error(w, "of is no duration", http.StatusBadRequest)
			return
		}
		d.delay.Store(int64(wait))
		answer = true
	}
	_ = json.NewEncoder(w).Encode(answer) // who asked has gone
}

func announce(name string, h http.Handler) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute}
	go func() {
		if err := srv.Serve(l); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}()
	_, err = fmt.Printf("%s=http://%s\n", name, l.Addr())
	return err
}

func ready(ctx context.Context) error {
	if _, err := fmt.Println("ready"); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// contestTiers are the contest's five tiers, and the same rows as five subgraphs.
func contestTiers(ctx context.Context) error {
	d := &door{}
	backs := map[string]http.Handler{}
	for _, t := range contest.Tiers(0) {
		backs[t.Env] = t.Handler
		if err := announce(t.Env, d.wrap(t.Handler)); err != nil {
			return err
		}
	}
	for _, s := range subgraphs.All() {
		h, err := s.Handler(backs)
		if err != nil {
			return err
		}
		if err := announce(s.Env, d.wrap(h)); err != nil {
			return err
		}
	}
	if err := announce("CONTROL_URL", d); err != nil {
		return err
	}
	return ready(ctx)
}

// byHand is the contest page by hand.
func byHand(ctx context.Context, spliced bool) error {
	addresses := map[string]string{}
	for _, t := range contest.Tiers(0) {
		addresses[t.Env] = os.Getenv(t.Env)
	}
	var h http.Handler
	var err error
	if spliced {
		h, err = contest.NewSpliced(addresses)
	} else {
		h, err = contest.NewByHand(addresses)
	}
	if err != nil {
		return err
	}
	if err := announce("URL", h); err != nil {
		return err
	}
	return ready(ctx)
}

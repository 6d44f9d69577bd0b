// Command contest measures the contest page: the edge against the same page written by hand, over the same tiers, in one run.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	"facet/internal/child"
	"facet/loadtest/contest"
)

const usage = `contest measures the contest page (20 rows x 20 titles, five HTTP tiers) and a tiny answer (one film).

  contest run -edge bin/edge [-parts page,film,low,tail] [-rounds 7] [-requests 300] [-profile DIR] [-json]   measure, print tables
  contest tiers [-delay 5ms]     the five tiers; prints NAME=URL lines, then "ready"
  contest byhand [-spliced]      the page by hand, with encoding/json or spliced; reads the tiers' URLs from the environment
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if len(os.Args) < 2 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	var err error
	switch os.Args[1] {
	case "run":
		err = run(ctx, os.Args[2:])
	case "tiers":
		err = tiers(ctx, os.Args[2:])
	case "byhand":
		err = byHand(ctx, os.Args[2:])
	default:
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "contest:", err)
		os.Exit(1)
	}
}

// tiers serves each tier on a port of its own and ends with its standard input, so that it never outlives its parent.
func tiers(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("tiers", flag.ExitOnError)
	delay := flags.Duration("delay", 0, "how long every answer waits")
	if err := flags.Parse(args); err != nil {
		return err
	}
	for _, t := range contest.Tiers(*delay) {
		address, err := serve(t.Handler)
		if err != nil {
			return err
		}
		fmt.Printf("%s=http://%s\n", t.Env, address)
	}
	fmt.Println("ready")
	untilOrphaned(ctx)
	return nil
}

func byHand(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("byhand", flag.ExitOnError)
	spliced := flags.Bool("spliced", false, "copy the page's values from the tiers' bytes")
	if err := flags.Parse(args); err != nil {
		return err
	}
	addresses := map[string]string{}
	for _, t := range contest.Tiers(0) {
		addresses[t.Env] = os.Getenv(t.Env)
	}
	mux := http.NewServeMux()
	if *spliced {
		h, err := contest.NewSpliced(addresses)
		if err != nil {
			return err
		}
		mux.Handle("/", h)
	} else {
		h, err := contest.NewByHand(addresses)
		if err != nil {
			return err
		}
		mux.HandleFunc("/film/", h.Film)
		mux.Handle("/", h)
	}
	address, err := serve(mux)
	if err != nil {
		return err
	}
	fmt.Printf("BYHAND_URL=http://%s\nready\n", address)
	untilOrphaned(ctx)
	return nil
}

func serve(h http.Handler) (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		if err := srv.Serve(l); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}()
	return l.Addr().String(), nil
}

func untilOrphaned(ctx context.Context) {
	gone := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(gone)
	}()
	select {
	case <-ctx.Done():
	case <-gone:
	}
}

// start runs a server under measurement, or the tiers, until it says "ready".
func start(ctx context.Context, env map[string]string, name string, args ...string) (*child.Announcer, error) {
	with := []string{"GOGC=100"} // the same for all: edge dev would choose another
	for k, v := range env {
		with = append(with, k+"="+v)
	}
	return child.Announce(ctx, with, os.Stderr, name, args...)
}

func printJSON(v any) error {
	e := json.NewEncoder(os.Stdout)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

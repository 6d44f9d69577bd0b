// Command chaos runs a fleet under load while packages are published all the time, the bucket fails at random and instances are ended,
// and says whether any device noticed.
//
//	go run ./loadtest/cmd/chaos                       1,000 publishes and 50 rollbacks, three instances (about a quarter of an hour)
//	go run ./loadtest/cmd/chaos -rounds 20 -rate 50   a quick look
//
// Run it from the root of the repository. The exit code is 1 if a request failed that no SIGKILL took along, an answer
// mixed two releases, the heap grew, or an instance did not come to the last release.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"facet/internal/child"
	"facet/loadtest/chaos"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	p := chaos.Plan{Log: os.Stderr}
	flag.IntVar(&p.Instances, "instances", 3, "instances; the first one is never ended")
	flag.IntVar(&p.Rounds, "rounds", 200, fmt.Sprintf("rounds; each publishes %d packages and releases them at once", chaos.Packages))
	flag.IntVar(&p.Rollbacks, "rollbacks", 50, "rollbacks, spread over the rounds")
	flag.Float64Var(&p.Rate, "rate", 100, "requests a second over all instances")
	flag.Float64Var(&p.Fail, "fail", 0.1, "part of the bucket's requests that fail")
	flag.DurationVar(&p.EndEvery, "end-every", 5*time.Second, "how often an instance is ended, by turns with SIGTERM and SIGKILL")
	flag.Uint64Var(&p.Seed, "seed", 1, "seed of everything that is random")
	flag.StringVar(&p.Edge, "edge", "", "the edge to run (default: one is built)")
	flag.StringVar(&p.Dir, "dir", "", "where configuration, objects and logs are made and left (default: a temporary folder)")
	asJSON := flag.Bool("json", false, "print the result as JSON")
	flag.Parse()
	if p.Dir == "" {
		dir, remove, err := chaos.Temp()
		if err != nil {
			return err
		}
		defer remove()
		p.Dir = dir
	}
	if err := os.MkdirAll(p.Dir, 0o755); err != nil {
		return err
	}
	var err error
	if p.Dir, err = filepath.Abs(p.Dir); err != nil {
		return err
	}
	if p.Edge == "" {
		p.Edge = filepath.Join(p.Dir, "edge")
		if err := child.Build(ctx, p.Edge, "facet/cmd/edge"); err != nil {
			return err
		}
	}
	res, err := chaos.Run(ctx, p)
	if err != nil {
		return err
	}
	if *asJSON {
		e := json.NewEncoder(os.Stdout)
		e.SetIndent("", "  ")
		err = e.Encode(res)
	} else {
		err = res.Print(os.Stdout)
	}
	if err != nil {
		return err
	}
	return res.Err()
}

// Command attack asks hostile packages of one tenant beside an innocent one of another, and says what the innocent one notices.
//
//	go run ./loadtest/cmd/attack                        ten minutes for each way of running packages
//	go run ./loadtest/cmd/attack -both 20s -alone 10s   a quick look
//	go run ./loadtest/cmd/attack -only '^cpu/loop$' -modes inprocess -both 1m -alone 20s -rounds 2
//
// Run it from the root of the repository. The exit code is 1 if a bar is missed: no death, no wrong answer, p99 at most twice what it was
// alone or 10 ms more, 64 MiB more memory, each attack over by its budget and 25 ms.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"facet/internal/child"
	"facet/loadtest/attack"
	corpus "facet/scripts/attack"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "attack:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	p := attack.Plan{Log: os.Stderr}
	flag.DurationVar(&p.Both, "both", 10*time.Minute, "how long both tenants ask, for each mode")
	flag.DurationVar(&p.Alone, "alone", 4*time.Minute, "how long the innocent one asks alone, by turns with that")
	flag.IntVar(&p.Rounds, "rounds", 10, "how often the two change")
	flag.Float64Var(&p.Films, "films", 500, "requests a second of the innocent tenant")
	flag.Float64Var(&p.Bad, "bad", 50, "requests a second of the hostile one")
	flag.Uint64Var(&p.Seed, "seed", 1, "seed of the order of requests")
	flag.StringVar(&p.Edge, "edge", "", "the edge to run (default: one is built)")
	modes := flag.String("modes", "", "only these ways of running packages, with commas between (default: all)")
	flag.Func("only", "only attacks whose names, such as cpu/loop, match this `regexp`", func(text string) (err error) {
		p.Only, err = regexp.Compile(text)
		return err
	})
	asJSON := flag.Bool("json", false, "print the result as JSON")
	flag.Parse()
	p.Modes = attack.Modes()
	if *modes != "" {
		p.Modes = slices.DeleteFunc(p.Modes, func(m corpus.Mode) bool { return !slices.Contains(strings.Split(*modes, ","), m.Name) })
	}
	dir, err := os.MkdirTemp("", "attack-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	p.Dir = dir
	if p.Edge == "" {
		p.Edge = filepath.Join(dir, "edge")
		if err := child.Build(ctx, p.Edge, "facet/cmd/edge"); err != nil {
			return err
		}
	}
	res, err := attack.Run(ctx, p)
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

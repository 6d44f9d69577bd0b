// Command peers makes the same page by the edge and by what people would pick instead of it, over the same tiers, in one run, and prints one table.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"facet/loadtest/peers"
)

const usage = `peers makes the same page by the edge and by what people would pick instead, over the same tiers, in one run.

  go run ./loadtest/cmd/peers                            the contest page against all peers
  go run ./loadtest/cmd/peers -page home                 the TV home against handlers by hand
  go run ./loadtest/cmd/peers -only spliced,gqlgen       against some; the edge and encoding/json always run
  go run ./loadtest/cmd/peers -rounds 3 -requests 100 -late 0 -saturate 0   processor time alone, quickly
  go run ./loadtest/cmd/peers -list                      what there is

What is missing is built and installed first: it needs Go, and for some peers Node with npm and the network. Nothing else should run
beside it. Exit code: 0 all is well, 1 a bar is missed or a run failed, 2 wrong flags, 3 a peer could not be measured.

`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := 0
	if err := run(ctx, os.Args[1:]); err != nil {
		code = 1
		var missing *peers.MissingError
		switch {
		case errors.Is(err, flag.ErrHelp):
			code = 0
		case errors.Is(err, errUsage):
			code = 2
		case errors.As(err, &missing):
			code = 3
		}
		if code != 0 {
			fmt.Fprintln(os.Stderr, "peers:", err)
		}
	}
	stop()
	os.Exit(code)
}

var errUsage = errors.New("see -help")

func run(ctx context.Context, args []string) error {
	if len(args) == 2 && args[0] == "serve" { // a server of this tree, as a process of its own
		return peers.Serve(ctx, args[1])
	}
	set := flag.NewFlagSet("peers", flag.ContinueOnError)
	set.Usage = func() { fmt.Fprint(set.Output(), usage); set.PrintDefaults() }
	name := set.String("page", "contest", "which page: contest or home")
	only := set.String("only", "", "peers by name, with commas between (default: all)")
	list := set.Bool("list", false, "print the pages and their peers")
	asJSON := set.Bool("json", false, "print JSON")
	o := peers.Options{Log: os.Stderr}
	set.IntVar(&o.Rounds, "rounds", 7, "rounds in which the servers take turns")
	set.IntVar(&o.Requests, "requests", 300, "requests of each server in a round")
	set.IntVar(&o.Abreast, "abreast", 4, "requests under way at once in a round; with 1 nobody shares tier calls between requests")
	set.DurationVar(&o.Warm, "warm", 4*time.Second, "how long each server is asked before")
	set.IntVar(&o.Late, "late", 200, "requests of each server at the fixed rate; 0 leaves latency out")
	set.Float64Var(&o.Rate, "rate", 10, "the fixed rate, requests a second: one that the slowest keeps up with")
	set.DurationVar(&o.Delay, "delay", 5*time.Millisecond, "how long each tier holds its answers at the fixed rate")
	set.DurationVar(&o.Saturate, "saturate", 5*time.Second, "how long each server is asked as fast as it answers; 0 leaves it out")
	set.StringVar(&o.Edge, "edge", "", "the edge to run (default: one is built)")
	root := set.String("root", "", "the repository (default: the one around the working folder)")
	if err := set.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	if set.NArg() > 0 || o.Rounds < 1 || o.Requests < 1 || o.Abreast < 1 || o.Rate <= 0 || o.Late < 0 {
		return fmt.Errorf("%w: rounds, requests, abreast and the rate are positive, and there are no arguments", errUsage)
	}
	if *list {
		printList(*asJSON)
		return nil
	}
	page, err := peers.PageNamed(*name)
	if err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	if *only != "" {
		o.Only = strings.Split(*only, ",")
		if err := page.Knows(o.Only); err != nil {
			return fmt.Errorf("%w: %w", errUsage, err)
		}
	}
	if o.Root, err = repository(*root); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	o.Self = []string{self}
	report, err := peers.Run(ctx, page, o)
	if err != nil {
		return err
	}
	if *asJSON {
		e := json.NewEncoder(os.Stdout)
		e.SetIndent("", "  ")
		if err := e.Encode(report); err != nil {
			return err
		}
	} else {
		report.Print(os.Stdout)
	}
	return report.Err()
}

func printList(asJSON bool) {
	type peer struct {
		Page    string  `json:"page"`
		Name    string  `json:"name"`
		About   string  `json:"about"`
		Version string  `json:"version,omitempty"`
		Bar     float64 `json:"bar,omitempty"`
	}
	var all []peer
	for _, page := range peers.Pages() {
		for _, p := range page.Peers {
			all = append(all, peer{page.Name, p.Name, p.About, p.Version, p.Bar})
		}
	}
	if asJSON {
		_ = json.NewEncoder(os.Stdout).Encode(all) // standard output is what it is
		return
	}
	for _, p := range all {
		fmt.Printf("%-8s %-15s %s", p.Page, p.Name, p.About)
		if p.Version != "" {
			fmt.Printf(" (%s)", p.Version)
		}
		if p.Bar > 0 {
			fmt.Printf(", bar %.2f", p.Bar)
		}
		fmt.Println()
	}
}

// repository is the folder of go.mod: the one that was given, or the nearest around the working folder.
func repository(given string) (string, error) {
	dir, err := filepath.Abs(given)
	if err != nil {
		return "", err
	}
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "loadtest", "peers", "peer.go")); err == nil {
			return at, nil
		}
		if given != "" || at == filepath.Dir(at) {
			return "", fmt.Errorf("%s is not in the repository: say -root", dir)
		}
	}
}

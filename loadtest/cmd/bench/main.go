// Command bench measures the short table of what Facet costs and prints it by name.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"

	"facet/loadtest/bench"
)

// errMissed is what -strict fails with.
var errMissed = errors.New("some bars are missed")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	asJSON := flag.Bool("json", false, "print JSON")
	only := flag.String("only", "", "measure rows whose names match this expression")
	list := flag.Bool("list", false, "print the rows' names and measure nothing")
	strict := flag.Bool("strict", false, "exit 1 when a bar is missed")
	flag.Usage = func() {
		fmt.Fprint(os.Stderr, `bench measures the short table of what Facet costs, in a few minutes, and needs nothing installed but Go. Run it from the module's
root on a machine that has nothing else to do. Each row has its bar, what was measured, and the command that measures it at length.

  go run ./loadtest/cmd/bench
  go run ./loadtest/cmd/bench -only 'industry|allocations' -json

`)
		flag.PrintDefaults()
	}
	flag.Parse()
	o := bench.Options{Log: os.Stderr}
	if *only != "" {
		var err error
		if o.Only, err = regexp.Compile(*only); err != nil {
			return err
		}
	}
	if *list {
		for _, r := range bench.Rows() {
			if o.Only == nil || o.Only.MatchString(r.Name) {
				fmt.Println(r.Name)
			}
		}
		return nil
	}
	got, err := bench.Measure(ctx, bench.Rows(), bench.Sources(), o)
	if err != nil {
		return err
	}
	write := bench.Print
	if *asJSON {
		write = bench.Encode
	}
	if err := write(os.Stdout, got); err != nil {
		return err
	}
	if *strict && bench.Missed(got) > 0 {
		return errMissed
	}
	return nil
}

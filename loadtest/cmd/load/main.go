// Command load asks a running edge what a scenario's devices ask, at a steady rate, and prints percentiles and errors.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"facet/loadtest/load"
)

const usage = `load asks a running edge at a steady rate (an open loop: a slow edge does not slow it down).

  go run ./loadtest/cmd/load -base http://127.0.0.1:8080 loadtest/scenarios/films.json
  go run ./loadtest/cmd/load -base http://10.0.0.1:8080,http://10.0.0.2:8080 -rate 500 -for 1m SCENARIO

Several bases are asked in turn; those whose /readyz is not 200 are left out. Exit code 1: more requests failed than -most-failed.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	set := flag.NewFlagSet("load", flag.ContinueOnError)
	set.SetOutput(errOut)
	set.Usage = func() { fmt.Fprint(errOut, usage, "\nFlags:\n"); set.PrintDefaults() }
	base := set.String("base", "http://127.0.0.1:8080", "addresses of instances, separated by commas")
	rate := set.Float64("rate", 0, "requests a second, instead of the scenario's")
	length := set.Duration("for", 0, "how long, instead of the scenario's")
	asJSON := set.Bool("json", false, "print the report as JSON")
	most := set.Int64("most-failed", 0, "how many requests may fail")
	if err := set.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if set.NArg() != 1 {
		set.Usage()
		return 2
	}
	s, err := load.Read(set.Arg(0))
	if err != nil {
		fmt.Fprintln(errOut, "load:", err)
		return 1
	}
	if *rate > 0 {
		s.Rate = *rate
	}
	if *length > 0 {
		s.Duration = load.Duration(*length)
	}
	var backends []*load.Backend
	for at := range strings.SplitSeq(*base, ",") {
		u, err := url.Parse(strings.TrimSpace(at))
		if err != nil || u.Host == "" {
			fmt.Fprintf(errOut, "load: -base: %q is no address such as http://127.0.0.1:8080\n", at)
			return 2
		}
		backends = append(backends, &load.Backend{Name: u.Host, URL: u})
	}
	balancer := load.NewBalancer(backends...)
	defer balancer.Close()
	rep, err := load.Run(ctx, s, load.Options{Send: balancer.Do, Base: backends[0].URL.String(), Progress: func(p load.Progress) {
		fmt.Fprintf(errOut, "%5.0fs  %d sent, %d answered, %d failed, %d under way\n", p.Elapsed.Seconds(), p.Sent, p.Done, p.Failed, p.InFlight)
	}})
	if err != nil {
		fmt.Fprintln(errOut, "load:", err)
		return 3
	}
	if *asJSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		err = e.Encode(rep)
	} else {
		err = rep.Print(out)
	}
	if err != nil {
		return 3
	}
	if rep.Total.Failed+rep.Dropped > *most || rep.Total.Count == 0 {
		fmt.Fprintf(errOut, "load: %d requests failed and %d were dropped, of %d in %v\n", rep.Total.Failed, rep.Dropped, rep.Total.Count, time.Duration(s.Duration))
		return 1
	}
	return 0
}

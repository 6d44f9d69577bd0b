// Command sim simulates thousands of instances that poll a store and load releases.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"facet/loadtest/sim"
)

const usage = `sim simulates instances that look at a region's pointer and load releases, on a virtual clock: requests to the store, bytes,
how soon a release is served everywhere, what a restart of a region does, and the cost.

  go run ./loadtest/cmd/sim                       10,000 instances in 4 regions, 10 minutes
  go run ./loadtest/cmd/sim -restart -disk=false  a region starts again, without copies on disk
  go run ./loadtest/cmd/sim -table                the table of docs/guides/scale.md

What an instance asks for is counted as package catalog does it; a test compares both. Prices are those that Amazon lists for S3
Standard in us-east-1 (aws.amazon.com/s3/pricing, 2026-11): give your own. Bytes cost nothing there within a region.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	set := flag.NewFlagSet("sim", flag.ContinueOnError)
	set.SetOutput(errOut)
	set.Usage = func() { fmt.Fprint(errOut, usage, "\nFlags:\n"); set.PrintDefaults() }
	m := sim.Defaults()
	number := func(at *int, name, text string) { set.IntVar(at, name, *at, text) }
	span := func(at *time.Duration, name, text string) { set.DurationVar(at, name, *at, text) }
	price := func(at *float64, name, text string) { set.Float64Var(at, name, *at, text) }
	number(&m.Instances, "instances", "in all regions together")
	number(&m.Regions, "regions", "of equal size")
	number(&m.Builds, "builds", "package versions that are served")
	number(&m.Shards, "shards", "of a release; the control plane makes one for some 500 builds")
	number(&m.Changed, "changed", "builds that a release changes")
	number(&m.ChangedShards, "changed-shards", "shards that it changes")
	number(&m.Releases, "releases", "made in the time that is simulated")
	number(&m.Downloads, "downloads", "of one instance at a time")
	number(&m.Attempts, "attempts", "of a request that is throttled")
	number(&m.Keepers, "keepers", "control planes that look at acknowledgements")
	span(&m.For, "for", "how long, on the virtual clock")
	span(&m.Interval, "interval", "between looks at the pointer")
	span(&m.Heartbeat, "heartbeat", "between acknowledgements")
	span(&m.Latency, "latency", "of a request to the store, the median")
	span(&m.Proxy, "proxy", "how long a cache in each region keeps the pointer; 0: there is none")
	span(&m.NoticeIn, "notice-in", "the time in which instances are told of a release")
	span(&m.OpenBase, "open-base", "to open a release that changes one build")
	span(&m.OpenEach, "open-each", "more for each further build")
	price(&m.Spread, "spread", "sigma of the latency's logarithm")
	price(&m.Reads, "limit-reads", "GETs a second that the store answers below one prefix; 0: any")
	price(&m.Writes, "limit-writes", "PUTs a second")
	price(&m.Price.Reads, "price-reads", "$ for 1,000 GETs")
	price(&m.Price.Writes, "price-writes", "$ for 1,000 PUTs or LISTs")
	price(&m.Price.Out, "price-out", "$ for a GB that leaves the store (between regions: 0.02)")
	price(&m.Price.Proxy, "price-proxy", "$ for 1,000 requests that a cache answers")
	set.Int64Var(&m.Size.Build, "build-bytes", m.Size.Build, "bytes of a build")
	set.Int64Var(&m.Size.Shard, "shard-bytes", m.Size.Shard, "bytes of a shard")
	set.Uint64Var(&m.Seed, "seed", m.Seed, "of the random numbers")
	set.BoolVar(&m.Disk, "disk", m.Disk, "instances keep a copy on disk")
	set.BoolVar(&m.Notice, "notice", m.Notice, "instances are told of a release (the program does not do that yet)")
	set.BoolVar(&m.Restart, "restart", m.Restart, "the first region starts again, all at once, in the middle")
	table := set.Bool("table", false, "print the guide's table: several cases, as Markdown")
	asJSON := set.Bool("json", false, "print JSON")
	if err := set.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil || set.NArg() > 0 {
		return 2
	}
	if err := m.Check(); err != nil {
		fmt.Fprintln(errOut, "sim:", err)
		return 2
	}
	if err := simulate(ctx, m, *table, *asJSON, out, errOut); err != nil {
		fmt.Fprintln(errOut, "sim:", err)
		return 1
	}
	return 0
}

func simulate(ctx context.Context, m sim.Model, table, asJSON bool, out, errOut io.Writer) error {
	cases := []sim.Case{{Model: m}}
	if table {
		cases = sim.Cases(m)
	}
	var results []*sim.Result
	for _, c := range cases {
		began := time.Now()
		r, err := sim.Run(ctx, c.Model)
		if err != nil {
			return err
		}
		fmt.Fprintf(errOut, "%s %v simulated in %v\n", c.Name, c.Model.For, time.Since(began).Round(time.Millisecond))
		results = append(results, r)
	}
	switch {
	case asJSON && table:
		return encode(out, results)
	case asJSON:
		return encode(out, results[0])
	case table:
		fmt.Fprintln(out, sim.Head)
		for i, r := range results {
			fmt.Fprintln(out, r.Row(cases[i].Name))
		}
		return nil
	}
	return results[0].Print(out)
}

func encode(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

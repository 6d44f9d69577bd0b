// Command industry measures the query that GraphQL gateways are compared by: calls, levels, bytes, latency and processor time of an edge.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"facet/loadtest/industry"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "industry:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	edge := flag.String("edge", "bin/edge", "the edge program")
	dir := flag.String("dir", "loadtest/industry", "the folder of the graph and the package")
	requests := flag.Int("requests", 1000, "requests, one after another")
	hold := flag.Duration("hold", 4*time.Millisecond, "how long each tier call is held")
	stranger := flag.Bool("stranger", false, "the second data set: a review is of a product outside the top ones")
	asJSON := flag.Bool("json", false, "print JSON")
	flag.Usage = func() {
		fmt.Fprint(os.Stderr, `industry measures the gateways' query (accounts, products, inventory, reviews: users and top products, five levels deep).
The graph and the package are published and served by "edge dev"; the answer is compared with a naive resolver's before anything is measured.

  go build -o bin/edge ./cmd/edge && go run ./loadtest/cmd/industry
  go run ./loadtest/cmd/industry -stranger -requests 200 -json

`)
		flag.PrintDefaults()
	}
	flag.Parse()
	shop := industry.Standard()
	if *stranger {
		shop = industry.Stranger()
	}
	res, err := industry.Run(ctx, industry.Plan{Edge: *edge, Dir: *dir, Shop: shop, Hold: *hold, Requests: *requests, Log: os.Stderr})
	if err != nil {
		return err
	}
	if *asJSON {
		e := json.NewEncoder(os.Stdout)
		e.SetIndent("", "  ")
		return e.Encode(res)
	}
	fmt.Printf("calls %d (%d reached the tiers) in %d levels; %d bytes, %d as a JSON Graph (%.1f %%)\n", res.Calls, res.TierCalls, res.Levels, res.Bytes, res.GraphBytes, 100*res.Share)
	if res.Requests > 0 {
		fmt.Printf("%d requests one after another, each tier call held for %s: p50 %.2f ms (%d tier calls one after another, without an edge: %.2f), p99 %.2f ms, max %.2f ms; CPU of the edge %.2f ms a request\n",
			res.Requests, res.Hold, res.P50, res.Levels, res.Floor, res.P99, res.Max, res.CPU)
	}
	return nil
}

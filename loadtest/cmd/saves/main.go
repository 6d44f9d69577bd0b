// Command saves measures how soon `edge dev` serves a saved file, in a workspace of many packages.
//
//	go run ./loadtest/cmd/saves                 200 packages, 20 saves of one of them, 5 of the module that all import
//	go run ./loadtest/cmd/saves -packages 20    a quick look
//
// Run it from the root of the repository, on a machine with nothing else to do: a module's save is a burst of processor time.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"facet/internal/child"
	"facet/loadtest/packages"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "saves:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	n := flag.Int("packages", 200, "device packages that import the module")
	plan := packages.Plan{}
	flag.IntVar(&plan.Packages, "saves", 20, "saves of a package's file")
	flag.IntVar(&plan.Modules, "modules", 5, "saves of the module")
	flag.IntVar(&plan.Mistakes, "mistakes", 10, "saves with a mistake")
	graph := flag.String("graph", "examples/films/graph.graphqls", "the films graph")
	program := flag.String("edge", "", "the edge to measure (default: one is built)")
	keep := flag.String("dir", "", "where the workspace is made and left (default: a temporary folder)")
	loud := flag.Bool("v", false, "print what the edge prints")
	flag.Parse()

	dir := *keep
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "saves-"); err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }()
	}
	edge, err := filepath.Abs(*program)
	if err != nil {
		return err
	}
	if *program == "" {
		edge = filepath.Join(dir, "edge")
		if err := child.Build(ctx, edge, "facet/cmd/edge"); err != nil {
			return err
		}
	}
	tiers := httptest.NewServer(http.HandlerFunc(packages.Tiers().ServeHTTP))
	defer tiers.Close()
	w := &packages.World{Dir: filepath.Join(dir, "workspace"), Graph: *graph, Packages: *n, Env: map[string]string{}}
	for _, name := range packages.TierNames {
		w.Env[name] = tiers.URL
	}
	if err := w.Write(); err != nil {
		return err
	}
	log := io.Discard
	if *loud {
		log = os.Stderr
	}
	before := load()
	r, err := packages.Measure(ctx, w, plan, []string{edge}, nil, log)
	if err != nil {
		return err
	}
	fmt.Printf("%d packages and the module that all of them import; load average before %s, after %s\n", *n, before, load())
	fmt.Printf("start     %.1f s until the first release is served\n", r.Start.Seconds())
	fmt.Println("package  ", r.Package, " saved file -> served")
	fmt.Println("module   ", r.Module, " saved file -> served to all")
	fmt.Println("mistake  ", r.Mistakes, " saved file -> diagnostics")
	return nil
}

// load is the machine's load average over a minute, where there is one to read.
func load() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Fields(string(b))[0]
}

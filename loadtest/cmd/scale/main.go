// Command scale measures an edge that serves thousands of package versions.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"facet/internal/child"
	"facet/loadtest/scale"
)

const usage = `scale publishes thousands of package versions of varied content, and measures an edge that serves them all:
start from a warm disk, one request to each, then steady traffic of known documents over all of them, alternating with
the same traffic on the same program with ten versions; last, requests of what memory pressure had closed.

  go run ./loadtest/cmd/scale                              10,000 versions, 5 minutes of traffic (12 minutes, and
                                                           some more the first time, when they are published)
  go run ./loadtest/cmd/scale -versions 200 -for 10s       a quick look
  go run ./loadtest/cmd/scale -prepare                     only publish

What is published stays in -dir and is used again; the same -versions, -seed and -script give the same bytes.
Run it from the repository (or with -edge), with nothing else running: CPU is that of the edge's process alone, from
/proc, but other work takes processors away. Exit codes: 0; 1 if a bar is missed or something fails; 2 for wrong flags.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	set := flag.NewFlagSet("scale", flag.ContinueOnError)
	set.SetOutput(errOut)
	set.Usage = func() { fmt.Fprint(errOut, usage, "\nFlags:\n"); set.PrintDefaults() }
	var w scale.World
	var p scale.Plan
	set.IntVar(&w.Versions, "versions", 10_000, "package versions, each on a route of a device of its own; at least 10, at most 10,000")
	set.Uint64Var(&w.Seed, "seed", 1, "of their content")
	set.IntVar(&w.Script, "script", 5, "how many of a hundred have a function that only the JavaScript engine runs")
	set.DurationVar(&p.For, "for", 5*time.Minute, "how long all versions are asked; ten versions are asked for a third as long")
	set.Float64Var(&p.Rate, "rate", 150, "requests a second")
	set.StringVar(&p.Memory, "memory", "380MiB", "cache.memory of the edge; \"\" is its default")
	set.StringVar(&p.PageOut, "page-out", "96MiB", "cache.memory of the edge whose versions are closed and opened again")
	set.StringVar(&p.Edge, "edge", "", "the edge to measure (default: one is built)")
	set.StringVar(&p.Profile, "profiles", "", "a folder for profiles of the heap and the processor")
	dir := set.String("dir", filepath.Join(os.TempDir(), "facet-scale"), "where worlds are kept")
	config := set.String("config", "", "a YAML file that is added to the edge's configuration")
	prepare := set.Bool("prepare", false, "publish what is not there, and end")
	asJSON := set.Bool("json", false, "print the result as JSON")
	if err := set.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if set.NArg() > 0 || w.Versions < 10 || w.Versions > 10_000 || p.For <= 0 || p.Rate <= 0 || w.Script < 0 || w.Script > 100 {
		set.Usage()
		return 2
	}
	ok, err := measure(ctx, w, p, *dir, *config, *prepare, *asJSON, out, errOut)
	if err != nil {
		fmt.Fprintln(errOut, "scale:", err)
		return 1
	}
	if !ok {
		return 1
	}
	return 0
}

func measure(ctx context.Context, w scale.World, p scale.Plan, dir, config string, prepare, asJSON bool, out, errOut io.Writer) (bool, error) {
	began := time.Now()
	say := func(format string, args ...any) {
		fmt.Fprintf(errOut, "%5.0fs  %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return false, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return false, err
	}
	if p.Profile != "" {
		if err := os.MkdirAll(p.Profile, 0o755); err != nil {
			return false, err
		}
	}
	if config != "" {
		text, err := os.ReadFile(config)
		if err != nil {
			return false, err
		}
		p.Config = string(text)
	}
	if p.Edge == "" {
		p.Edge = filepath.Join(dir, "edge")
		say("building the edge")
		if err := child.Build(ctx, p.Edge, "facet/cmd/edge"); err != nil {
			return false, err
		}
	}
	if p.Edge, err = filepath.Abs(p.Edge); err != nil {
		return false, err
	}
	world, err := scale.Prepare(ctx, p.Edge, dir, w, say)
	if err != nil || prepare {
		return err == nil, err
	}
	r, err := world.Measure(ctx, p, say)
	if err != nil {
		return false, err
	}
	if version, err := exec.CommandContext(ctx, p.Edge, "version").Output(); err == nil {
		r.Program, _, _ = strings.Cut(strings.TrimSpace(string(version)), "\n")
	}
	good := true
	for _, v := range r.Verdicts() {
		good = good && v.OK
	}
	if asJSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return good, e.Encode(struct {
			*scale.Result
			Verdicts []scale.Verdict `json:"verdicts"`
		}{r, r.Verdicts()})
	}
	return good, r.Print(out)
}

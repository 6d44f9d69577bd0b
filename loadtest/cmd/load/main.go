// Command load asks a running edge what a scenario's devices ask, at a planned rate, and shows what came of it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

const usage = `load asks a running edge at a planned rate (an open loop: a slow edge does not slow it down), and shows what came of it.

  load run SCENARIO         ask, and report as text, JSON, or a page with plots
  load check SCENARIO       say what is wrong with a scenario, or what it would do
  load report RUN.json      show a report again: text, or a page
  load compare A.json B.json   hold one run against another, or several against several
  load saturate SCENARIO    find the rate at which the edge has all it can do

"load COMMAND -h" has flags and examples. A scenario is JSON or YAML: loadtest/scenarios has some, docs/guides/loadtest.md says all.

Exit codes: 0 good; 1 requests failed, a scenario is wrong, or a side is worse; 2 the command line is wrong; 3 it could not run.
`

// The exit codes.
const (
	good     = 0
	bad      = 1
	misused  = 2
	unusable = 3
)

// A command reads its own flags.
type command struct {
	name string
	run  func(ctx context.Context, c *console, args []string) int
}

// A console is where a command writes.
type console struct {
	out, err io.Writer
	tty      bool // err is a terminal
}

func commands() []command {
	return []command{{"run", runRun}, {"check", runCheck}, {"report", runReport}, {"compare", runCompare}, {"saturate", runSaturate}}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	info, err := os.Stderr.Stat()
	code := run(ctx, os.Args[1:], &console{out: os.Stdout, err: os.Stderr, tty: err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"})
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, c *console) int {
	if len(args) == 0 {
		fmt.Fprint(c.err, usage)
		return misused
	}
	for _, x := range commands() {
		if x.name == args[0] {
			return x.run(ctx, c, args[1:])
		}
	}
	switch args[0] {
	case "-h", "-help", "--help", "help":
		fmt.Fprint(c.out, usage)
		return good
	}
	fmt.Fprintf(c.err, "load: there is no command %q\n\n%s", args[0], usage)
	return misused
}

// flags makes a command's flags with its help.
func (c *console) flags(name, help string) *flag.FlagSet {
	set := flag.NewFlagSet("load "+name, flag.ContinueOnError)
	set.SetOutput(c.err)
	set.Usage = func() { fmt.Fprint(c.err, help, "\nFlags:\n"); set.PrintDefaults() }
	return set
}

// parse reads flags before, between and behind the other arguments. ok is false when the command is over, with its exit code.
func parse(set *flag.FlagSet, args []string, least, most int) (rest []string, code int, ok bool) {
	for {
		switch err := set.Parse(args); {
		case errors.Is(err, flag.ErrHelp):
			return nil, good, false
		case err != nil:
			return nil, misused, false
		}
		if set.NArg() == 0 {
			break
		}
		rest, args = append(rest, set.Arg(0)), set.Args()[1:]
	}
	if len(rest) < least || len(rest) > most {
		set.Usage()
		return nil, misused, false
	}
	return rest, good, true
}

// fail says what went wrong.
func (c *console) fail(code int, err error) int {
	fmt.Fprintln(c.err, "load:", err)
	return code
}

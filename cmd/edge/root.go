package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"facet/fault"
)

// Streams are what a command reads and writes.
type Streams struct {
	In  io.Reader
	Out io.Writer // what was asked for: results, JSON
	Err io.Writer // progress and mistakes
}

// The exit codes of every command.
const (
	exitOK      = 0
	exitFailed  = 1 // it ran, and what it looked at is wrong: diagnostics, failed tests
	exitUsage   = 2 // the command line is wrong
	exitTrouble = 3 // something else went wrong: a port is taken, the store does not answer
	exitCut     = 4 // edge serve ended, and had to cut requests that were under way
)

// errFailed ends a command that has already said what is wrong.
var errFailed = errors.New("failed")

// usageError is a mistake on the command line.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }

// commands is the table of everything that edge can do, in the order of its help.
func commands(s Streams) []*cobra.Command {
	return []*cobra.Command{
		newDev(s),
		newServe(s),
		newInit(s),
		newCheck(s),
		newTest(s),
		newExplain(s),
		newTypes(s),
		newPublish(s),
		newDeploy(s),
		newStatus(s),
		newTop(s),
		newProfile(s),
		newLog(s),
		newDiff(s),
		newRollback(s),
		newExperiment(s),
		newWait(s),
		newPackages(s),
		newTag(s),
		newDeprecate(s),
		newYank(s),
		newDeps(s),
		newResolve(s),
		newGraphs(s),
		newHealth(s),
		newStore(s),
		newScriptWorker(s),
		newVersion(s),
	}
}

// Run runs one command line and returns its exit code.
func Run(ctx context.Context, args []string, s Streams) int {
	root := &cobra.Command{
		Use:   "edge",
		Short: "Facet: one graph, a facet per device",
		Long: `Facet is a data composition edge. Platform teams describe one typed graph over their tiers,
UI teams write small TypeScript packages that say which slice of it each device sees,
and devices ask for exactly that over GraphQL, REST and JSON Graph.`,
		Example: `  edge init my-app && edge dev my-app   a new workspace, running
  edge dev examples/films               the example world on :8080
  edge check packages/tv-home           every mistake of a package, with its line
  edge explain packages/tv-home home    the plan of a view: operations, keys, levels`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetArgs(args)
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w\nSee '%s --help'", err, c.CommandPath())}
	})
	root.AddCommand(commands(s)...)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	if !errors.Is(err, errFailed) {
		fmt.Fprintln(s.Err, "edge:", strings.TrimSpace(err.Error()))
		if hint := fault.HintOf(err); hint != "" {
			fmt.Fprintln(s.Err, "  ->", hint)
		}
	}
	return exitCode(err)
}

func exitCode(err error) int {
	var u usageError
	switch {
	case errors.Is(err, errFailed):
		return exitFailed
	case isCut(err):
		return exitCut
	case errors.As(err, &u), strings.HasPrefix(err.Error(), "unknown command"):
		return exitUsage
	case fault.KindOf(err) == fault.Invalid, fault.KindOf(err) == fault.NotFound:
		return exitFailed
	}
	return exitTrouble
}

// takes is cobra's argument check with its message made a usage error.
func takes(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return usageError{fmt.Errorf("%w\nUsage: %s", err, c.UseLine())}
		}
		return nil
	}
}

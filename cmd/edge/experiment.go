package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"facet/fault"
	"facet/release"
)

func newExperiment(s Streams) *cobra.Command {
	c := &cobra.Command{
		Use:   "experiment",
		Short: "Start, change, list and end experiments: each by a release, without a build",
		Long: `An experiment gives askers a cell, which views read by cell("name"). It is of an environment, not of a package: its arms and
weights change by a release of their own, in seconds, and edge rollback takes them back.`,
		Example: `  edge experiment set denser-rows --arms a=50,b=50 --env prod --why "do denser rows help"
  edge experiment set denser-rows --arms a=90,b=10 --env prod
  edge experiment list --env prod
  edge experiment end denser-rows --env prod`,
		Args: takes(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newExperimentSet(s), newExperimentList(s), newExperimentEnd(s))
	return c
}

type experimentOptions struct {
	deployOptions
	arms, salt, unit, field, fallback string
}

func newExperimentSet(s Streams) *cobra.Command {
	var o experimentOptions
	var r *remote
	c := &cobra.Command{
		Use:   "set NAME --arms ARM=WEIGHT,…",
		Short: "Start an experiment, or change one that runs",
		Long: `Make a release with the experiment as it shall be, and move the environment's regions to it. Nothing is built.

Cells are hashed: the same profile (or, with --unit viewer, viewer) is always in the same arm, and experiments are independent
of each other. Weights are shares of their sum. A changed weight moves only those whom it must; a changed --salt puts everybody
into an arm anew. With --field a tier allocates: the graph field is loaded beside the first operations, and where it fails the
--default arm stands and the answer is degraded. The weights then say which shares are expected.`,
		Example: `  edge experiment set denser-rows --arms a=50,b=50
  edge experiment set art --arms a=1,b=1,c=1 --unit viewer --env prod --wait
  edge experiment set art --field Viewer.cell --arms a=50,b=50 --default a --env prod`,
		Args: takes(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			o.args = args
			return r.said(r.setExperiment(c.Context(), &o))
		},
	}
	r = newRemote(s, c)
	r.envFlag(c)
	r.jsonFlag(c)
	r.releaseFlags(c, &o.deployOptions)
	f := c.Flags()
	f.StringVar(&o.arms, "arms", "", "arms with their weights: a=50,b=50")
	f.StringVar(&o.salt, "salt", "", "of the hash (default: the one that it has; the time for a new one)")
	f.StringVar(&o.unit, "unit", "", "what a cell sticks to: profile or viewer (default profile)")
	f.StringVar(&o.field, "field", "", "graph field that allocates cells, as Viewer.cell, instead of the hash")
	f.StringVar(&o.fallback, "default", "", "arm where the field's tier does not answer")
	f.BoolVar(&o.dryRun, "dry-run", false, "check, show what would change, release nothing")
	return c
}

func newExperimentEnd(s Streams) *cobra.Command {
	var o deployOptions
	var r *remote
	c := &cobra.Command{
		Use:   "end NAME",
		Short: "End an experiment: its cells are null from then on",
		Long: `Make a release without the experiment. cell("name") is null then: views show what their pick gives by default.
To give everybody the arm that won, set its weight alone first, and publish the views without the cell after that.`,
		Example: `  edge experiment end denser-rows --env prod --why "b won; see v3.5.0"`,
		Args:    takes(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			o.args = args
			return r.said(r.changeExperiment(c.Context(), &o, "ending the experiment in "+r.env, endExperimentMutation, "endExperiment", map[string]any{"name": args[0]}))
		},
	}
	r = newRemote(s, c)
	r.envFlag(c)
	r.jsonFlag(c)
	r.releaseFlags(c, &o)
	c.Flags().BoolVar(&o.dryRun, "dry-run", false, "check, show what would change, release nothing")
	return c
}

func newExperimentList(s Streams) *cobra.Command {
	var r *remote
	var ref string
	c := &cobra.Command{
		Use:     "list",
		Short:   "The experiments of an environment, with the share of each arm",
		Long:    "List the experiments of the release that an environment serves, or of another one of its history.",
		Example: "  edge experiment list --env prod\n  edge experiment list --env prod --release ~1 --json",
		Args:    takes(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			return r.said(r.listExperiments(c.Context(), ref))
		},
	}
	r = newRemote(s, c)
	r.envFlag(c)
	r.jsonFlag(c)
	c.Flags().StringVar(&ref, "release", "", "release to read: a digest of edge log, or ~1 for the one before (default: what is served)")
	return c
}

const setExperimentMutation = `mutation Set($input: SetExperimentInput!) {
  setExperiment(input: $input) { ...released }
}
` + releaseFragment

const endExperimentMutation = `mutation End($input: EndExperimentInput!) {
  endExperiment(input: $input) { ...released }
}
` + releaseFragment

func (r *remote) setExperiment(ctx context.Context, o *experimentOptions) error {
	arms, err := readArms(o.arms)
	if err != nil {
		return err
	}
	return r.changeExperiment(ctx, &o.deployOptions, "setting the experiment in "+r.env, setExperimentMutation, "setExperiment", map[string]any{
		"name": o.args[0], "salt": o.salt, "arms": arms, "unit": o.unit, "field": o.field, "default": o.fallback})
}

func (r *remote) changeExperiment(ctx context.Context, o *deployOptions, what, mutation, field string, input map[string]any) error {
	input["env"], input["why"], input["author"], input["ifRevision"], input["dryRun"] = r.env, o.why, o.author, o.ifRevision, o.dryRun
	if len(o.regions) > 0 {
		input["regions"] = o.regions
	}
	res, raw, err := r.release(ctx, what, mutation, field, input)
	if err != nil {
		return err
	}
	if err := r.reportRelease(res, raw, o.dryRun, nil); err != nil || !o.wait || o.dryRun {
		return err
	}
	live, err := r.waitPointers(ctx, res, o.timeout)
	if err != nil {
		return err
	}
	fmt.Fprintln(r.Err, liveOn(live))
	return nil
}

// readArms reads --arms: "a=50,b=50"; arms without a weight have 1.
func readArms(text string) ([]map[string]any, error) {
	if text == "" {
		return nil, usageError{fmt.Errorf("an experiment needs --arms, as a=50,b=50")}
	}
	var list []map[string]any
	for part := range strings.SplitSeq(text, ",") {
		name, weight, stated := strings.Cut(strings.TrimSpace(part), "=")
		n := 1
		if stated {
			var err error
			if n, err = strconv.Atoi(weight); err != nil || n < 0 || n > release.MaxWeight {
				return nil, usageError{fmt.Errorf("--arms: the weight of %q is %q, not a number from 0 to %d", name, weight, release.MaxWeight)}
			}
		}
		if name == "" {
			return nil, usageError{fmt.Errorf("--arms: %q names no arm; write a=50,b=50", part)}
		}
		list = append(list, map[string]any{"name": name, "weight": n})
	}
	return list, nil
}

func (r *remote) listExperiments(ctx context.Context, ref string) error {
	var answer struct {
		Experiments json.RawMessage `json:"experiments"`
	}
	err := r.ask(ctx, `query($env: String!, $ref: String!) { experiments(env: $env, ref: $ref) { name salt unit field default arms { name weight } } }`,
		map[string]any{"env": r.env, "ref": ref}, &answer)
	if err != nil {
		return err
	}
	if r.asJSON {
		return r.print(answer.Experiments)
	}
	var list []release.Experiment
	if err := json.Unmarshal(answer.Experiments, &list); err != nil {
		return fault.Wrap(fault.BadAnswer, "control API", r.at, err)
	}
	if len(list) == 0 {
		fmt.Fprintf(r.Out, "%s has no experiments\n", r.env)
		return nil
	}
	w := tabwriter.NewWriter(r.Out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "EXPERIMENT\tARMS\tBY\tSALT")
	for _, e := range list {
		total := 0
		for _, a := range e.Arms {
			total += a.Weight
		}
		arms := make([]string, len(e.Arms))
		for i, a := range e.Arms {
			arms[i] = fmt.Sprintf("%s %.4g%%", a.Name, 100*float64(a.Weight)/float64(max(1, total)))
		}
		by := "hash of the " + release.UnitProfile
		if e.Unit != "" {
			by = "hash of the " + e.Unit
		}
		if e.Field != "" {
			by = e.Field + ", else " + e.Default
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", e.Name, strings.Join(arms, ", "), by, e.Salt)
	}
	return w.Flush()
}

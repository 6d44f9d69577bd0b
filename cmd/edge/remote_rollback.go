package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
)

func newRollback(s Streams) *cobra.Command {
	var o deployOptions
	var r *remote
	c := &cobra.Command{
		Use:   "rollback [RELEASE]",
		Short: "Go back: a new release that is equal to an older one",
		Long: `Make a release that serves what an older one served, and move the environment's regions to it.
RELEASE is a digest of edge log, 6 or more of its first letters, or "~2" for the parent's parent; without it, the release
before the one that is served.`,
		Example: `  edge rollback --env prod --why "home is empty for kids" --wait
  edge rollback 3f9a0c1d22e4 --region eu`,
		Args: takes(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			o.args = args
			return r.said(r.rollback(c.Context(), o))
		},
	}
	r = newRemote(s, c)
	r.envFlag(c)
	r.jsonFlag(c)
	r.releaseFlags(c, &o)
	return c
}

const rollbackMutation = `mutation Rollback($input: RollbackInput!) {
  rollback(input: $input) { ...released }
}
` + releaseFragment

func (r *remote) rollback(ctx context.Context, o deployOptions) error {
	began := time.Now()
	input := map[string]any{"env": r.env, "why": o.why, "author": o.author, "ifRevision": o.ifRevision}
	if len(o.args) == 1 {
		input["to"] = o.args[0]
	}
	if len(o.regions) > 0 {
		input["regions"] = o.regions
	}
	res, raw, err := r.release(ctx, "rolling back "+r.env, rollbackMutation, "rollback", input)
	if err != nil {
		return err
	}
	if err := r.reportRelease(res, raw, false, nil); err != nil || !o.wait {
		return err
	}
	live, err := r.waitPointers(ctx, res, o.timeout)
	if err != nil {
		return err
	}
	fmt.Fprintf(r.Err, "%s in %.2f s\n", liveOn(live), time.Since(began).Seconds())
	return nil
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"facet/pack"
)

func newYank(s Streams) *cobra.Command {
	var r *remote
	var undo bool
	c := &cobra.Command{
		Use:   "yank PACKAGE@RANGE [REASON]",
		Short: "Let nothing new be bound to versions; who has them keeps them",
		Long: `Yank the versions in a range, and say why. No range, tag or number finds them any more, and the tag latest goes to the highest version that
is left. Who is linked with one keeps it, and what is served stays as it is. To take a version out of sight altogether, which is refused
where somebody is served by it, use npm unpublish.`,
		Example: `  edge yank @originals/rows@2.1.1 "the row hangs without a source"
  edge yank @originals/rows@2.1.1 --undo`,
		Args: takes(cobra.RangeArgs(1, 2)),
		RunE: func(c *cobra.Command, args []string) error {
			name, versions := pack.SplitID(args[0])
			reason := strings.TrimSpace(strings.Join(args[1:], ""))
			switch {
			case !pack.ValidName(name):
				return usageError{fmt.Errorf("%q is no package with its versions: @originals/rows@2.1.1, or @originals/rows@^2.1", args[0])}
			case versions == "":
				return usageError{fmt.Errorf("say which versions of %s: %[1]s@2.1.1, or %[1]s@^2.1 for all that the range has", name)}
			case undo && len(args) == 2:
				return usageError{errors.New("--undo takes no REASON")}
			case !undo && reason == "":
				return usageError{errors.New("say why, for those who asked for these versions; or --undo, to take a yank back")}
			}
			return r.said(r.yank(c.Context(), name, versions, reason))
		},
	}
	r = newRemote(s, c)
	r.jsonFlag(c)
	c.Flags().BoolVar(&undo, "undo", false, "take the yank back")
	return c
}

const yankMutation = `mutation Yank($package: String!, $versions: String!, $why: String!) {
  yank(package: $package, versions: $versions, why: $why) { ...package }
}
` + packageFragment

func (r *remote) yank(ctx context.Context, name, versions, why string) error {
	var answer struct {
		Yank json.RawMessage `json:"yank"`
	}
	if err := r.ask(ctx, yankMutation, map[string]any{"package": name, "versions": versions, "why": why}, &answer); err != nil {
		return err
	}
	return r.showPackage(answer.Yank)
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"facet/fault"
)

func newLog(s Streams) *cobra.Command {
	var r *remote
	var n int
	c := &cobra.Command{
		Use:   "log [RELEASE]",
		Short: "The releases of an environment, newest first: when, who, what, why",
		Long: `List an environment's releases along their parents, a line each: digest, time, the regions that serve it, author,
what it changed, why. RELEASE is where to begin; without it, what is served.`,
		Example: `  edge log -n 5 --env prod
  edge log 3f9a0c1d22e4
  edge log --json | jq -r '.[].digest'`,
		Args: takes(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if n < 1 || n > 1000 {
				return usageError{fmt.Errorf("-n is 1 to 1000, not %d", n)}
			}
			return r.said(r.log(c.Context(), strings.Join(args, ""), n))
		},
	}
	r = newRemote(s, c)
	r.envFlag(c)
	r.jsonFlag(c)
	c.Flags().IntVarP(&n, "number", "n", 20, "how many")
	return c
}

const entryFragment = `fragment entry on Release {
  digest parent seq regions made author why sourceRevision graph changed
}
`

const logQuery = `query Log($env: String!, $from: String!, $first: Int!) {
  releases(env: $env, from: $from, first: $first) { ...entry }
}
` + entryFragment

// A remoteEntry is the API's type Release.
type remoteEntry struct {
	Digest         string    `json:"digest"`
	Parent         string    `json:"parent"`
	Seq            int64     `json:"seq"`
	Regions        []string  `json:"regions"`
	Made           time.Time `json:"made"`
	Author         string    `json:"author"`
	Why            string    `json:"why"`
	SourceRevision string    `json:"sourceRevision"`
	Graph          string    `json:"graph"`
	Changed        []string  `json:"changed"`
}

func (r *remote) log(ctx context.Context, from string, n int) error {
	defer r.slow("reading releases of %s", r.env)()
	var answer struct {
		Releases json.RawMessage `json:"releases"`
	}
	if err := r.ask(ctx, logQuery, map[string]any{"env": r.env, "from": from, "first": n}, &answer); err != nil {
		return err
	}
	if r.asJSON {
		return r.print(answer.Releases)
	}
	var list []remoteEntry
	if err := json.Unmarshal(answer.Releases, &list); err != nil {
		return fault.Wrap(fault.BadAnswer, "control API", r.at, err)
	}
	var t table
	for _, e := range list {
		var what []string
		if e.Why != "" {
			what = append(what, fmt.Sprintf("%q", e.Why))
		}
		switch len(e.Changed) {
		case 0:
		case 1:
			what = append(what, e.Changed[0])
		default:
			what = append(what, fmt.Sprintf("%s and %d more", e.Changed[0], len(e.Changed)-1))
		}
		t.add(shortDigest(e.Digest), e.Made.UTC().Format("2006-01-02 15:04:05"), orDash(strings.Join(e.Regions, ",")), orDash(e.Author), strings.Join(what, ": "))
	}
	t.print(r.Out)
	return nil
}

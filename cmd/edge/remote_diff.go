package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"facet/fault"
)

func newDiff(s Streams) *cobra.Command {
	var r *remote
	c := &cobra.Command{
		Use:   "diff [FROM] [TO]",
		Short: "What differs between two releases: contracts, tier operations, bytes",
		Long: `Compare two releases of an environment, by route: packages and the bytes of their builds, what an installed app would
notice, and the views that cost the tiers more or less than before.
A release is a digest of edge log, 6 or more of its first letters, or "~2" for the parent's parent of what is served.
TO is what is served if left out; FROM is TO's parent.`,
		Example: `  edge diff
  edge diff ~5 --env prod
  edge diff 3f9a0c1d22e4 81b2aa03c9f1 --json`,
		Args: takes(cobra.MaximumNArgs(2)),
		RunE: func(c *cobra.Command, args []string) error {
			return r.said(r.diff(c.Context(), args))
		},
	}
	r = newRemote(s, c)
	r.envFlag(c)
	r.jsonFlag(c)
	return c
}

const diffFragment = `fragment diff on Diff {
  from to modules switches limits experiments
  graph { from { version digest } to { version digest } changed older }
  routes {
    route state
    mounts { package from to fromBuild toBuild fromBytes toBytes locks }
    schema { path code breaking dangerous text }
    views { view state from { operations calls levels } to { operations calls levels } }
  }
}
`

const diffQuery = `query Diff($env: String!, $from: String!, $to: String!) {
  diff(env: $env, from: $from, to: $to) { ...diff }
}
` + diffFragment

// A remoteDiff is the API's type Diff.
type remoteDiff struct {
	From        string            `json:"from"`
	To          string            `json:"to"`
	Graph       *remoteGraphDiff  `json:"graph"`
	Routes      []remoteRouteDiff `json:"routes"`
	Modules     []string          `json:"modules"`
	Switches    []string          `json:"switches"`
	Limits      []string          `json:"limits"`
	Experiments []string          `json:"experiments"`
}

type remoteGraphDiff struct {
	From    struct{ Version string } `json:"from"`
	To      struct{ Version string } `json:"to"`
	Changed []string                 `json:"changed"`
	Older   []string                 `json:"older"`
}

type remoteRouteDiff struct {
	Route  string            `json:"route"`
	State  string            `json:"state"`
	Mounts []remoteMountDiff `json:"mounts"`
	Schema []remoteChange    `json:"schema"`
	Views  []remoteViewDiff  `json:"views"`
}

type remoteMountDiff struct {
	Package   string   `json:"package"`
	From      string   `json:"from"`
	To        string   `json:"to"`
	FromBuild string   `json:"fromBuild"`
	ToBuild   string   `json:"toBuild"`
	FromBytes int64    `json:"fromBytes"`
	ToBytes   int64    `json:"toBytes"`
	Locks     []string `json:"locks"`
}

type remoteViewDiff struct {
	View  string      `json:"view"`
	State string      `json:"state"`
	From  *remoteCost `json:"from"`
	To    *remoteCost `json:"to"`
}

type remoteCost struct {
	Operations []string `json:"operations"`
	Calls      int      `json:"calls"`
	Levels     int      `json:"levels"`
}

func (r *remote) diff(ctx context.Context, args []string) error {
	vars := map[string]any{"env": r.env, "from": "", "to": ""}
	for i, arg := range args {
		vars[[]string{"from", "to"}[i]] = arg
	}
	defer r.slow("comparing releases of %s", r.env)()
	var answer struct {
		Diff json.RawMessage `json:"diff"`
	}
	if err := r.ask(ctx, diffQuery, vars, &answer); err != nil {
		return err
	}
	if r.asJSON {
		return r.print(answer.Diff)
	}
	var d remoteDiff
	if err := json.Unmarshal(answer.Diff, &d); err != nil {
		return fault.Wrap(fault.BadAnswer, "control API", r.at, err)
	}
	fmt.Fprintf(r.Out, "release %s -> %s\n", shortDigest(d.From), shortDigest(d.To))
	printDiff(r.Out, &d)
	return nil
}

// printDiff writes what differs, a block for each route.
func printDiff(out io.Writer, d *remoteDiff) {
	if d.Graph != nil {
		fmt.Fprintf(out, "graph %s -> %s\n", orDash(d.Graph.From.Version), orDash(d.Graph.To.Version))
		for _, line := range d.Graph.Changed {
			fmt.Fprintln(out, "  "+line)
		}
		for _, id := range d.Graph.Older {
			fmt.Fprintf(out, "  %s stays on an older version\n", id)
		}
	}
	for _, route := range d.Routes {
		fmt.Fprintf(out, "%s %s\n", route.Route, route.State)
		t := table{indent: "  "}
		for _, m := range route.Mounts {
			versions := orDash(m.From) + " -> " + orDash(m.To)
			if m.From == m.To { // built again
				versions = m.To
			}
			t.add(m.Package, versions, grown(m.FromBytes, m.ToBytes), strings.Join(m.Locks, ", "))
		}
		t.print(out)
		for _, c := range route.Schema {
			fmt.Fprintln(out, "  "+c.String())
		}
		views := table{indent: "  "}
		for _, v := range route.Views {
			if v.From == nil && v.To == nil { // nobody can say what it costs
				views.add("view "+v.View, v.State)
				continue
			}
			views.add("view "+v.View, v.State, moved("calls", v.From, v.To, func(c *remoteCost) int { return c.Calls }),
				moved("levels", v.From, v.To, func(c *remoteCost) int { return c.Levels }), operations(v.From, v.To))
		}
		views.print(out)
	}
	for _, part := range []struct {
		name  string
		lines []string
	}{{"module", d.Modules}, {"switch", d.Switches}, {"limit", d.Limits}, {"experiment", d.Experiments}} {
		for _, line := range part.lines {
			fmt.Fprintf(out, "%s %s\n", part.name, line)
		}
	}
	if d.Graph == nil && len(d.Routes)+len(d.Modules)+len(d.Switches)+len(d.Limits)+len(d.Experiments) == 0 {
		fmt.Fprintln(out, "nothing differs")
	}
}

// grown is how the bytes of a build changed.
func grown(from, to int64) string {
	switch {
	case from == 0:
		return bytesText(to)
	case to == 0:
		return "was " + bytesText(from)
	case from == to:
		return bytesText(to) + ", the same"
	case to > from:
		return bytesText(to) + " (+" + bytesText(to-from) + ")"
	}
	return bytesText(to) + " (-" + bytesText(from-to) + ")"
}

func moved(what string, from, to *remoteCost, of func(*remoteCost) int) string {
	number := func(c *remoteCost) string {
		if c == nil {
			return "-"
		}
		return fmt.Sprint(of(c))
	}
	if a, b := number(from), number(to); a != b {
		return what + " " + a + " -> " + b
	}
	return what + " " + number(to)
}

// operations are those that come and go.
func operations(from, to *remoteCost) string {
	var had, has []string
	if from != nil {
		had = from.Operations
	}
	if to != nil {
		has = to.Operations
	}
	var out []string
	for _, op := range has {
		if !slices.Contains(had, op) {
			out = append(out, "+"+op)
		}
	}
	for _, op := range had {
		if !slices.Contains(has, op) {
			out = append(out, "-"+op)
		}
	}
	return strings.Join(out, " ")
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"facet/fault"
	"facet/release"
)

func newStatus(s Streams) *cobra.Command {
	var r *remote
	var watch bool
	c := &cobra.Command{
		Use:   "status",
		Short: "What an environment serves: by region its release, instances and routes",
		Long: `Show every region of an environment: the release that its pointer names, the instances with what they serve and when they
were heard of last, and what each route mounts.

An instance is live, waiting for a first release, behind (it serves something else than the pointer says), refused (it
says why), or silent for 30 seconds.
A mount is current, kept (instances refused a newer build), or on an older graph.`,
		Example: `  edge status --env prod
  edge status --watch
  edge status --json | jq '.regions[].instances[] | select(.behind)'`,
		Args: takes(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			if watch {
				return r.said(r.watchStatus(c.Context()))
			}
			return r.said(r.status(c.Context(), r.Out))
		},
	}
	r = newRemote(s, c)
	r.envFlag(c)
	r.jsonFlag(c)
	c.Flags().BoolVarP(&watch, "watch", "w", false, "look every second and print it whenever it is another, until interrupted")
	return c
}

const statusQuery = `query Status($env: String!) {
  status(env: $env) {
    env
    regions {
      region revision converged trouble
      pointer { seq release previous activateAt }
      release { ...entry }
      instances {
        id seq release at seen version started looked copy trouble stale behind
        refused { release build reason at }
        quarantined { package version since until times reason }
        mismatched { experiment arms units chance }
      }
      routes {
        route
        mounts { package version track weight build graph state }
        refused { release build reason at }
      }
      kept { device schema package version release reason at }
      held { device schema package version from why }
    }
  }
}
` + entryFragment

// A remoteStatus is the API's type Status.
type remoteStatus struct {
	Env     string         `json:"env"`
	Regions []remoteRegion `json:"regions"`
}

type remoteRegion struct {
	Region    string `json:"region"`
	Revision  string `json:"revision"`
	Converged int    `json:"converged"`
	Trouble   string `json:"trouble"`
	Pointer   struct {
		Seq        int64      `json:"seq"`
		Release    string     `json:"release"`
		Previous   string     `json:"previous"`
		ActivateAt *time.Time `json:"activateAt"`
	} `json:"pointer"`
	Release   *remoteEntry     `json:"release"`
	Instances []remoteInstance `json:"instances"`
	Routes    []remoteRoute    `json:"routes"`
	Kept      []remoteKept     `json:"kept"`
	Held      []depsHeld       `json:"held"`
}

type remoteInstance struct {
	ID      string         `json:"id"`
	Seq     int64          `json:"seq"`
	Release string         `json:"release"`
	At      *time.Time     `json:"at"`
	Seen    *time.Time     `json:"seen"`
	Version string         `json:"version"`
	Copy    bool           `json:"copy"`
	Trouble string         `json:"trouble"`
	Stale   bool           `json:"stale"`
	Behind  bool           `json:"behind"`
	Refused *remoteRefusal `json:"refused"`

	Quarantined []remoteQuarantine `json:"quarantined"`
	Mismatched  []release.Mismatch `json:"mismatched"`
}

type remoteQuarantine struct {
	Package string     `json:"package"`
	Version string     `json:"version"`
	Since   *time.Time `json:"since"`
	Until   *time.Time `json:"until"`
	Times   int        `json:"times"`
	Reason  string     `json:"reason"`
}

type remoteRefusal struct {
	Release string `json:"release"`
	Build   string `json:"build"`
	Reason  string `json:"reason"`
}

type remoteRoute struct {
	Route   string         `json:"route"`
	Mounts  []remoteMount  `json:"mounts"`
	Refused *remoteRefusal `json:"refused"`
}

type remoteMount struct {
	Package string `json:"package"`
	Version string `json:"version"`
	Track   string `json:"track"`
	Weight  int    `json:"weight"`
	Build   string `json:"build"`
	Graph   string `json:"graph"`
	State   string `json:"state"`
}

type remoteKept struct {
	Device  string `json:"device"`
	Schema  string `json:"schema"`
	Package string `json:"package"`
	Version string `json:"version"`
	Release string `json:"release"`
	Reason  string `json:"reason"`
}

// lookUp asks for the status, also in the API's own words.
func (r *remote) lookUp(ctx context.Context) (*remoteStatus, json.RawMessage, error) {
	var answer struct {
		Status json.RawMessage `json:"status"`
	}
	if err := r.ask(ctx, statusQuery, map[string]any{"env": r.env}, &answer); err != nil {
		return nil, nil, err
	}
	var st remoteStatus
	if err := json.Unmarshal(answer.Status, &st); err != nil {
		return nil, nil, fault.Wrap(fault.BadAnswer, "control API", r.at, err)
	}
	return &st, answer.Status, nil
}

func (r *remote) status(ctx context.Context, out io.Writer) error {
	defer r.slow("reading the status of %s", r.env)()
	st, raw, err := r.lookUp(ctx)
	if err != nil {
		return err
	}
	if r.asJSON {
		return r.print(raw)
	}
	printStatus(out, st, time.Now())
	return nil
}

// watchStatus prints the status whenever its text is another, ages left aside; on a terminal in place.
func (r *remote) watchStatus(ctx context.Context) error {
	var before string
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		st, raw, err := r.lookUp(ctx)
		if ctx.Err() != nil {
			return nil // interrupted: that is how it ends
		}
		if err != nil {
			return err
		}
		now := time.Now()
		var still bytes.Buffer
		printStatus(&still, st, time.Time{})
		if text := still.String(); text != before {
			switch {
			case r.asJSON:
				if err := r.print(raw); err != nil {
					return err
				}
			case isTerminal(r.Out):
				fmt.Fprint(r.Out, "\x1b[H\x1b[2J")
				printStatus(r.Out, st, now)
			default:
				fmt.Fprintf(r.Out, "-- %s\n", now.Format(time.TimeOnly))
				printStatus(r.Out, st, now)
			}
			before = text
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// printStatus writes a block for each region. With the zero time, moments are left out.
func printStatus(out io.Writer, st *remoteStatus, now time.Time) {
	when := func(t *time.Time) string {
		switch {
		case t == nil:
			return "-"
		case now.IsZero():
			return ""
		}
		return ago(*t, now)
	}
	for i, reg := range st.Regions {
		if i > 0 {
			fmt.Fprintln(out)
		}
		head := fmt.Sprintf("%s/%s  release %s  seq %d", st.Env, reg.Region, orDash(shortDigest(reg.Pointer.Release)), reg.Pointer.Seq)
		if e := reg.Release; e != nil {
			head += "  graph " + e.Graph + "  " + when(&e.Made)
			if e.Author != "" {
				head += " by " + e.Author
			}
			if e.Why != "" {
				head += fmt.Sprintf(": %q", e.Why)
			}
		}
		fmt.Fprintln(out, cut(strings.TrimRight(head, " "), widthsOf(out).page))
		if at := reg.Pointer.ActivateAt; at != nil && at.After(now) && !now.IsZero() {
			fmt.Fprintf(out, "  serves %s until %s\n", orDash(shortDigest(reg.Pointer.Previous)), at.Local().Format(time.DateTime))
		}
		if reg.Trouble != "" {
			fmt.Fprintf(out, "  the release cannot be read: %s\n", reg.Trouble)
		}
		if len(reg.Instances) == 0 {
			fmt.Fprintln(out, "  no instance has been heard of")
		} else {
			t := table{indent: "  "}
			t.add("INSTANCE", "STATE", "SERVES", "SINCE", "HEARD", "VERSION")
			for _, in := range reg.Instances {
				t.add(in.ID, in.state(), orDash(shortDigest(in.Release)), when(in.At), when(in.Seen), in.Version)
			}
			t.print(out)
			for _, in := range reg.Instances {
				in.explain(out)
			}
		}
		if len(reg.Routes) > 0 {
			t := table{indent: "  "}
			t.add("ROUTE", "PACKAGE", "VERSION", "TRACK", "GRAPH", "STATE")
			for _, route := range reg.Routes {
				for j, m := range route.Mounts {
					name := route.Route
					if j > 0 {
						name = ""
					}
					track := m.Track
					if m.Track != "stable" || m.Weight != 100 {
						track += " " + strconv.Itoa(m.Weight)
					}
					t.add(name, m.Package, m.Version, track, orDash(m.Graph), m.State)
				}
			}
			t.print(out)
			for _, route := range reg.Routes {
				if route.Refused != nil {
					fmt.Fprintf(out, "  %s: refused build %s: %s\n", route.Route, shortDigest(route.Refused.Build), route.Refused.Reason)
				}
			}
		}
		for _, h := range reg.Held {
			fmt.Fprintf(out, "  held %s/%s %s@%s, which stays without %s:\n", h.Device, h.Schema, h.Package, h.Version, strings.Join(h.From, ", "))
			for _, line := range h.Why {
				fmt.Fprintf(out, "    %s\n", strings.ReplaceAll(line, "\n", "\n    "))
			}
		}
		for _, k := range reg.Kept {
			fmt.Fprintf(out, "  kept %s/%s %s as it was: instances refused %s: %s\n", k.Device, k.Schema, k.Package, k.Version, k.Reason)
		}
	}
}

func (in remoteInstance) state() string {
	switch {
	case in.Stale:
		return "silent"
	case in.Refused != nil && in.Behind:
		return "refused"
	case in.Behind:
		return "behind"
	case in.Copy:
		return "copy"
	case in.Release == "":
		return "waiting"
	}
	return "live"
}

// explain says what a word in the table does not.
func (in remoteInstance) explain(out io.Writer) {
	if in.Refused != nil && in.Behind {
		what := "release " + shortDigest(in.Refused.Release)
		if in.Refused.Build != "" {
			what = "build " + shortDigest(in.Refused.Build) + " of " + what
		}
		fmt.Fprintf(out, "  %s refuses %s: %s\n", in.ID, what, in.Refused.Reason)
	}
	if in.Copy {
		fmt.Fprintf(out, "  %s serves from its copy on disk\n", in.ID)
	}
	if in.Trouble != "" {
		fmt.Fprintf(out, "  %s: %s\n", in.ID, in.Trouble)
	}
	for _, q := range in.Quarantined {
		until := ""
		switch {
		case q.Until == nil:
		case q.Until.Before(time.Now()): // a trial is a request's: nobody has asked since
			fmt.Fprintf(out, "  %s tries the functions of %s@%s again with their next request: %s\n", in.ID, q.Package, q.Version, q.Reason)
			continue
		default:
			until = " until " + q.Until.Local().Format(time.TimeOnly)
		}
		fmt.Fprintf(out, "  %s does not run the functions of %s@%s%s: %s\n", in.ID, q.Package, q.Version, until, q.Reason)
	}
	for _, m := range in.Mismatched {
		arms := make([]string, min(len(m.Arms), len(m.Units)))
		for i := range arms {
			arms[i] = fmt.Sprintf("%s %d", m.Arms[i], m.Units[i])
		}
		fmt.Fprintf(out, "  %s saw arms of the experiment %s that are not as its weights say (%s; by chance %.1g): its results cannot be trusted\n",
			in.ID, m.Experiment, strings.Join(arms, ", "), m.Chance)
	}
}

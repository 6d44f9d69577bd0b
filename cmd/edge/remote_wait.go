package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"facet/fault"
)

func newWait(s Streams) *cobra.Command {
	var r *remote
	var regions []string
	var timeout time.Duration
	c := &cobra.Command{
		Use:   "wait [RELEASE]",
		Short: "Wait until every instance serves a release",
		Long: `Wait until every instance of the environment that is alive serves a release, or one that was made from it.
RELEASE is a digest of edge log, or 6 or more of its first letters; without it, what the pointer names now.

The exit code is 0 when all serve it, 1 if an instance refuses it or a region went elsewhere, 3 if --timeout is over.`,
		Example: `  edge wait --env prod
  edge wait 3f9a0c1d22e4 --region eu --timeout 30s`,
		Args: takes(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			return r.said(r.wait(c.Context(), strings.Join(args, ""), regions, timeout))
		},
	}
	r = newRemote(s, c)
	r.envFlag(c)
	c.Flags().StringArrayVar(&regions, "region", nil, "region to wait for; may be repeated (default: all)")
	c.Flags().DurationVar(&timeout, "timeout", 2*time.Minute, "how long to wait")
	return c
}

const lookEvery = 100 * time.Millisecond

const ancestorsQuery = `query Ancestors($env: String!, $from: String!, $first: Int!) {
  releases(env: $env, from: $from, first: $first) { digest }
}
`

// A goal is what wait waits for in a region: a release, or what was made from it, by a pointer of at least this sequence.
type goal struct {
	release string
	seq     int64
}

func (r *remote) wait(ctx context.Context, ref string, regions []string, timeout time.Duration) error {
	began := time.Now()
	st, _, err := r.lookUp(ctx)
	if err != nil {
		return err
	}
	digest := ""
	if ref != "" {
		var answer struct {
			Releases []struct{ Digest string } `json:"releases"`
		}
		if err := r.ask(ctx, ancestorsQuery, map[string]any{"env": r.env, "from": ref, "first": 1}, &answer); err != nil {
			return err
		}
		if len(answer.Releases) == 0 {
			return fault.New(fault.NotFound, "there is no release %s", ref)
		}
		digest = answer.Releases[0].Digest
	}
	goals := map[string]goal{}
	for _, reg := range st.Regions {
		if len(regions) > 0 && !slices.Contains(regions, reg.Region) {
			continue
		}
		if reg.Pointer.Release == "" { // its instances wait for a first release
			if len(regions) > 0 {
				return nothingReleased(r.env + "/" + reg.Region)
			}
			continue
		}
		g := goal{release: reg.Pointer.Release, seq: reg.Pointer.Seq}
		if digest != "" && digest != g.release {
			if err := r.descends(ctx, reg, digest); err != nil {
				return err
			}
		}
		goals[reg.Region] = g
	}
	for _, name := range regions {
		if _, ok := goals[name]; !ok {
			return fault.New(fault.NotFound, "%s has no region %s", r.env, name)
		}
	}
	if len(goals) == 0 {
		return nothingReleased(r.env)
	}
	live, err := r.converge(ctx, goals, timeout)
	if err != nil {
		return err
	}
	fmt.Fprintf(r.Err, "%s in %.2f s\n", liveOn(live), time.Since(began).Seconds())
	return nil
}

func nothingReleased(to string) error {
	return fault.New(fault.NotFound, "%s: nothing was ever released: there is nothing to wait for", to).WithHint("edge deploy makes a first release")
}

// descends is a conflict if a region serves what was not made from a release.
func (r *remote) descends(ctx context.Context, reg remoteRegion, digest string) error {
	var answer struct {
		Releases []struct{ Digest string } `json:"releases"`
	}
	if err := r.ask(ctx, ancestorsQuery, map[string]any{"env": r.env, "from": reg.Pointer.Release, "first": 200}, &answer); err != nil {
		return err
	}
	for _, e := range answer.Releases {
		if e.Digest == digest {
			return nil
		}
	}
	return fault.New(fault.Conflict, "%s/%s serves %s, which was not made from %s", r.env, reg.Region, shortDigest(reg.Pointer.Release), shortDigest(digest)).WithHint("edge log --env %s shows what it serves", r.env)
}

// waitPointers waits for the release that a mutation made. It gives the number of instances that serve it.
func (r *remote) waitPointers(ctx context.Context, res *madeRelease, timeout time.Duration) (int, error) {
	goals := map[string]goal{}
	for _, p := range res.Pointers {
		goals[p.Region] = goal{release: res.Release, seq: p.Pointer.Seq}
	}
	return r.converge(ctx, goals, timeout)
}

// converge looks at the status until every instance that is alive serves what its region's goal says. Each change of how many do is
// told on standard error, from a second on.
func (r *remote) converge(ctx context.Context, goals map[string]goal, timeout time.Duration) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	began, before := time.Now(), ""
	for {
		st, _, err := r.lookUp(ctx)
		if err != nil && fault.KindOf(err) != fault.Timeout {
			return 0, err
		}
		if err == nil {
			live, missing, err := reached(st, goals)
			if err != nil || len(missing) == 0 {
				return live, err
			}
			text := fmt.Sprintf("%s to go: %s", count(len(missing), "instance"), strings.Join(missing[:min(len(missing), 5)], ", "))
			if len(missing) > 5 {
				text += " …"
			}
			if text != before && time.Since(began) > time.Second {
				fmt.Fprintln(r.Err, text)
				before = text
			}
		}
		select {
		case <-time.After(lookEvery):
		case <-ctx.Done():
			if before == "" {
				before = "no answer of the control API"
			}
			return 0, fault.New(fault.Timeout, "not live everywhere after %s: %s", timeout, before).WithHint("edge status --env %s shows why; the release stays", r.env)
		}
	}
}

// reached says how many instances serve what they shall and which do not yet. A refusal is a Conflict that names the build.
func reached(st *remoteStatus, goals map[string]goal) (live int, missing []string, err error) {
	for _, reg := range st.Regions {
		g, ok := goals[reg.Region]
		if !ok {
			continue
		}
		for _, k := range reg.Kept {
			if k.Release == g.release {
				return 0, nil, refusedError(reg.Region, fmt.Sprintf("%s of %s/%s", k.Package+"@"+k.Version, k.Device, k.Schema), k.Reason)
			}
		}
		for _, in := range reg.Instances {
			switch {
			case in.Stale:
			case in.Release == g.release, in.Seq > g.seq:
				live++
			case in.Refused != nil && in.Refused.Release == g.release:
				return 0, nil, refusedError(in.ID, "build "+shortDigest(in.Refused.Build), in.Refused.Reason)
			default:
				missing = append(missing, reg.Region+"/"+in.ID)
			}
		}
	}
	return live, missing, nil
}

// liveOn says how many instances serve what was waited for.
func liveOn(n int) string {
	if n == 0 {
		return "no instance is running: nothing to wait for"
	}
	return "live on " + count(n, "instance")
}

func refusedError(who, what, why string) error {
	return fault.New(fault.Conflict, "%s refuses %s: %s", who, what, why).WithHint("the route keeps what it served before; mend the package and deploy it again")
}

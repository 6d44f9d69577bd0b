package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"facet/fault"
	"facet/pack"
)

type deployOptions struct {
	args       []string
	regions    []string
	remove     []string
	graph      string
	tag        string
	suffix     string
	why        string
	author     string
	source     string
	at         string
	ifRevision string
	retire     bool
	dryRun     bool
	wait       bool
	timeout    time.Duration
}

func newDeploy(s Streams) *cobra.Command {
	var o deployOptions
	var r *remote
	c := &cobra.Command{
		Use:   "deploy [PACKAGE[@VERSION] | DIR ...]",
		Short: "Make one release of packages and move regions to it: all of them, or none",
		Long: `Make a release in which the environment serves the named packages, and move its regions to it by one write each.
PACKAGE may have a version, a range or a dist-tag; without, it is latest. A module becomes what live bindings follow. A DIR
(begun with "." or "/", or a folder with a package.json) is published first, then that version is deployed; with --dry-run it is checked as if it were published, and is not.

A package that does not build, or that breaks a schema version that is served, refuses the whole release: nothing moves.
With --if-revision, or when somebody else deploys at once, both land or one is told what conflicts.`,
		Example: `  edge deploy packages/tv-home --wait
  edge deploy @tv/home@3.4.1 @tv/player @originals/rows@^2 --env prod --why "new rows"
  edge deploy --graph 1.4.0 --dry-run
  edge deploy --remove tv/v2/@tv/old --retire
  edge deploy @tv/home@beta --region eu --at +10m`,
		RunE: func(c *cobra.Command, args []string) error {
			o.args = args
			if len(args) == 0 && len(o.remove) == 0 && o.graph == "" {
				return usageError{fmt.Errorf("nothing to deploy: name packages or folders, --graph or --remove\nUsage: %s", c.UseLine())}
			}
			return r.said(r.deploy(c.Context(), o))
		},
	}
	r = newRemote(s, c)
	r.envFlag(c)
	r.jsonFlag(c)
	r.releaseFlags(c, &o)
	f := c.Flags()
	f.StringArrayVar(&o.remove, "remove", nil, "mount that goes: DEVICE/SCHEMA/PACKAGE")
	f.BoolVar(&o.retire, "retire", false, "nobody uses what --remove takes away any more: its going breaks nothing")
	f.StringVar(&o.graph, "graph", "", "graph version to move to")
	f.StringVar(&o.tag, "tag", "", "dist-tag of what is published from a DIR")
	f.StringVar(&o.suffix, "suffix", "", "build metadata for the version of what is published from a DIR")
	f.StringVar(&o.source, "source-revision", os.Getenv("FACET_SOURCE_REVISION"), "of the authors' repository (FACET_SOURCE_REVISION)")
	f.StringVar(&o.at, "at", "", "when instances switch to it: a time as 2026-11-22T18:00:00Z, or +10m")
	f.BoolVar(&o.dryRun, "dry-run", false, "build and check everything, show what would change, release and publish nothing")
	return c
}

// releaseFlags are those of every command that makes a release.
func (r *remote) releaseFlags(c *cobra.Command, o *deployOptions) {
	f := c.Flags()
	f.StringArrayVar(&o.regions, "region", nil, "region that moves; may be repeated (default: all of the environment)")
	f.StringVar(&o.why, "why", "", "reason, for edge log")
	f.StringVar(&o.author, "author", os.Getenv("USER"), "who does it; the token's name is added")
	f.StringVar(&o.ifRevision, "if-revision", "", "digest of the release that you saw: a conflict if others changed the same since")
	f.BoolVar(&o.wait, "wait", false, "wait until every instance serves it")
	f.DurationVar(&o.timeout, "timeout", 2*time.Minute, "of --wait")
}

// A remoteRelease is what the API answers to release and rollback.
type remoteRelease struct {
	OK        bool            `json:"ok"`
	Release   string          `json:"release"`
	Unchanged bool            `json:"unchanged"`
	Pointers  []remotePointer `json:"pointers"`
	Made      []string        `json:"made"`
	Reused    []string        `json:"reused"`
	Failures  []struct {
		Package     string             `json:"package"`
		Asked       bool               `json:"asked"`
		Diagnostics []remoteDiagnostic `json:"diagnostics"`
	} `json:"failures"`
	Outputs     []remoteOutput     `json:"outputs"`
	Drafts      []remoteDraft      `json:"drafts"`
	Changed     []string           `json:"changed"`
	Changes     []routeChanges     `json:"changes"`
	Replaced    []remoteReplaced   `json:"replaced"`
	Diagnostics []remoteDiagnostic `json:"diagnostics"`
	Diff        *remoteDiff        `json:"diff"`
	Unaudited   string             `json:"unaudited"`
}

type remotePointer struct {
	Region  string `json:"region"`
	Pointer struct {
		Seq        int64      `json:"seq"`
		ActivateAt *time.Time `json:"activateAt"`
	} `json:"pointer"`
}

// A remoteDraft is an unpublished package of a dry run.
type remoteDraft struct {
	published
	Diagnostics []remoteDiagnostic `json:"diagnostics"`
}

type remoteReplaced struct{ Route, Package, From, To, Release string }

const releaseFragment = `fragment released on ReleasePayload {
  ok release unchanged made reused changed unaudited
  pointers { region pointer { seq release previous activateAt } }
  failures { package asked diagnostics { ...diagnostic } }
  outputs { package view fixture path from to breaks }
  drafts { ok package version tag new digest build ` + remoteBudgetFields + ` changes { ...changes } diagnostics { ...diagnostic } }
  changes { ...changes }
  replaced { route package from to release }
  diagnostics { ...diagnostic }
  diff { ...diff }
}
` + changesFragment + diagnosticFragment + diffFragment

const releaseMutation = `mutation Release($input: ReleaseInput!) {
  release(input: $input) { ...released }
}
` + releaseFragment

func (r *remote) deploy(ctx context.Context, o deployOptions) error {
	began := time.Now()
	input := map[string]any{"env": r.env, "graph": o.graph, "why": o.why, "author": o.author, "sourceRevision": o.source, "ifRevision": o.ifRevision, "retire": o.retire, "dryRun": o.dryRun}
	if len(o.regions) > 0 {
		input["regions"] = o.regions
	}
	if o.at != "" {
		at, err := moment(o.at, began)
		if err != nil {
			return err
		}
		input["activateAt"] = at.UTC().Format(time.RFC3339)
	}
	remove, err := places(o.remove)
	if err != nil {
		return err
	}
	if len(remove) > 0 {
		input["remove"] = remove
	}
	specs, dirs, err := o.named()
	if err != nil {
		return err
	}
	var from map[string]string // the folder of each package that came from one
	var files []attached
	if o.dryRun {
		from, files, err = r.drafted(o, dirs, input)
	} else {
		var more []string
		more, from, err = r.published(ctx, o, dirs)
		specs = append(specs, more...)
	}
	if err != nil {
		return err
	}
	if len(specs) > 0 {
		input["deploy"] = specs
	}
	published := time.Now()
	what := "releasing to " + r.env
	if o.dryRun {
		what = "building for " + r.env
	}
	res, raw, err := r.release(ctx, what, releaseMutation, "release", input, files...)
	if err != nil {
		return err
	}
	if err := r.reportRelease(res, raw, o.dryRun, from); err != nil {
		return err
	}
	if !o.wait || o.dryRun {
		return nil
	}
	if at := res.later(time.Now()); !at.IsZero() {
		fmt.Fprintf(r.Err, "not waiting: instances switch to it at %s; edge wait %s says when they have\n", at.Local().Format(time.DateTime), shortDigest(res.Release))
		return nil
	}
	live, err := r.waitPointers(ctx, res, o.timeout)
	if err != nil {
		return err
	}
	fmt.Fprintf(r.Err, "%s in %.2f s", liveOn(live), time.Since(began).Seconds())
	if published.Sub(began) > 10*time.Millisecond && len(from) > 0 {
		fmt.Fprintf(r.Err, ": published after %.2f s, released after %.2f s", published.Sub(began).Seconds(), res.took.Sub(began).Seconds())
	}
	fmt.Fprintln(r.Err)
	return nil
}

// named sorts the arguments into packages by name, and folders.
func (o *deployOptions) named() (specs, dirs []string, err error) {
	for _, arg := range o.args {
		if isFolder(arg) {
			dirs = append(dirs, arg)
			continue
		}
		name, version := pack.SplitID(arg)
		if version == "" && strings.HasSuffix(arg, "@") && pack.ValidName(name) {
			return nil, nil, usageError{fmt.Errorf("%q has nothing after its last @: write %s@1.2.3, a range or a dist-tag, or %s alone, which is latest", arg, name, name)}
		}
		if !pack.ValidName(name) {
			return nil, nil, fault.New(fault.Invalid, "%q is neither a package's name nor a folder with a package.json", arg).WithHint("edge packages lists what is published; a folder may be written with ./ before it")
		}
		specs = append(specs, arg)
	}
	return specs, dirs, nil
}

// published publishes folders, and gives what to deploy of them, and the folder of each package.
func (r *remote) published(ctx context.Context, o deployOptions, dirs []string) ([]string, map[string]string, error) {
	from := map[string]string{}
	if len(dirs) == 0 {
		return nil, from, nil
	}
	list, err := r.beside().publish(ctx, publishOptions{dirs: dirs, tag: o.tag, suffix: o.suffix, against: o.graph})
	if err != nil {
		return nil, nil, err
	}
	var specs []string
	for _, p := range list {
		specs = append(specs, p.id())
		from[p.Package] = p.Dir
	}
	return specs, from, nil
}

// beside is the remote for what is told of packages where the release is the result: with --json it alone is on standard output.
func (r *remote) beside() *remote {
	quiet := *r
	if r.asJSON {
		quiet.asJSON, quiet.Out = false, io.Discard
	}
	return &quiet
}

// drafted packs folders for a dry run, and names them in its input as unpublished.
func (r *remote) drafted(o deployOptions, dirs []string, input map[string]any) (map[string]string, []attached, error) {
	from := map[string]string{}
	if len(dirs) == 0 {
		return from, nil, nil
	}
	list, err := r.pack(dirs)
	if err != nil {
		return nil, nil, err
	}
	var unpublished []map[string]any
	var files []attached
	for i, p := range list {
		unpublished = append(unpublished, map[string]any{"tarball": nil, "tag": o.tag, "suffix": o.suffix})
		files = append(files, p.attached(fmt.Sprintf("input.unpublished.%d.tarball", i)))
		from[p.pkg.Manifest.Name] = p.dir
	}
	input["unpublished"] = unpublished
	return from, files, nil
}

// isFolder says whether an argument means a folder and not a package by its name.
func isFolder(arg string) bool {
	if strings.HasPrefix(arg, ".") || filepath.IsAbs(arg) {
		return true
	}
	for _, name := range []string{pack.File, workspaceFile} {
		if _, err := os.Stat(filepath.Join(arg, name)); err == nil {
			return true
		}
	}
	return false
}

type madeRelease struct {
	remoteRelease
	took time.Time // when it was made
}

// later is when instances switch to the release; the zero time if they do at once.
func (m *madeRelease) later(now time.Time) time.Time {
	for _, p := range m.Pointers {
		if at := p.Pointer.ActivateAt; at != nil && at.After(now) {
			return *at
		}
	}
	return time.Time{}
}

// release executes a mutation that makes a release; field is its name.
func (r *remote) release(ctx context.Context, what, mutation, field string, input map[string]any, files ...attached) (*madeRelease, json.RawMessage, error) {
	defer r.slow("%s", what)()
	var answer map[string]json.RawMessage
	vars := map[string]any{"input": input}
	var err error
	if len(files) > 0 {
		err = r.upload(ctx, mutation, vars, files, &answer)
	} else {
		err = r.ask(ctx, mutation, vars, &answer)
	}
	if err != nil {
		return nil, nil, err
	}
	res := &madeRelease{took: time.Now()}
	if err := json.Unmarshal(answer[field], &res.remoteRelease); err != nil {
		return nil, nil, fault.Wrap(fault.BadAnswer, "control API", r.at, err)
	}
	return res, answer[field], nil
}

// reportRelease says what came of a release; errFailed if it was refused.
func (r *remote) reportRelease(res *madeRelease, raw json.RawMessage, dryRun bool, from map[string]string) error {
	if r.asJSON {
		if err := r.print(raw); err != nil {
			return err
		}
	}
	var drafts []published
	for _, d := range res.Drafts {
		d.published.Diagnostics = under(from[d.Package], local(d.Diagnostics))
		drafts = append(drafts, d.published)
	}
	r.beside().printPublished(drafts, "would be ")
	printOutputs(r.Err, res.Outputs)
	for _, f := range res.Failures {
		name, _ := pack.SplitID(f.Package)
		ds := local(f.Diagnostics)
		if dir, ok := from[name]; ok {
			ds = under(dir, ds)
		} else {
			ds = under(name, ds)
		}
		for _, d := range ds {
			fmt.Fprintln(r.Err, d)
		}
		if !f.Asked {
			fmt.Fprintf(r.Err, "%s does not go along with this and keeps what it serves\n", f.Package)
		}
	}
	for _, d := range local(res.Diagnostics) {
		fmt.Fprintln(r.Err, d)
	}
	for _, x := range res.Replaced {
		fmt.Fprintf(r.Err, "replaced %s %s %s, which release %s had put there meanwhile\n", x.Route, x.Package, x.From, shortDigest(x.Release))
	}
	if res.Unaudited != "" {
		fmt.Fprintf(r.Err, "the audit line of this release is missing: %s\n", res.Unaudited)
	}
	switch {
	case !res.OK:
		fmt.Fprintf(r.Err, "not released: %s serves what it did\n", r.env)
		return errFailed
	case r.asJSON:
		return nil
	case res.Unchanged:
		fmt.Fprintf(r.Out, "%s serves this already: release %s\n", r.env, shortDigest(res.Release))
		return nil
	}
	if dryRun {
		fmt.Fprintf(r.Out, "%s would change by:\n", r.env)
		if res.Diff != nil {
			printDiff(r.Out, res.Diff)
		}
		return nil
	}
	var regions []string
	for _, p := range res.Pointers {
		one := p.Region
		if p.Pointer.Seq == 1 {
			one += " (its first release)" // or its name is mistyped
		}
		if at := p.Pointer.ActivateAt; at != nil && at.After(time.Now()) {
			one += " from " + at.Local().Format(time.DateTime)
		}
		regions = append(regions, one)
	}
	fmt.Fprintf(r.Out, "release %s in %s: %s\n", shortDigest(res.Release), r.env, strings.Join(regions, ", "))
	for _, line := range res.Changed {
		fmt.Fprintln(r.Out, "  "+line)
	}
	return nil
}

// moment reads --at.
func moment(s string, now time.Time) (time.Time, error) {
	if after, ok := strings.CutPrefix(s, "+"); ok {
		if d, err := time.ParseDuration(after); err == nil && d >= 0 {
			return now.Add(d), nil
		}
	} else if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	return time.Time{}, usageError{fmt.Errorf("--at %q is neither a time as 2026-11-22T18:00:00Z nor a span as +10m", s)}
}

// places reads --remove: device/schema/package, where the package's name may hold a slash.
func places(list []string) ([]map[string]string, error) {
	var out []map[string]string
	for _, s := range list {
		parts := strings.SplitN(s, "/", 3)
		if len(parts) != 3 || slices.Contains(parts, "") {
			return nil, usageError{fmt.Errorf("--remove %q is not DEVICE/SCHEMA/PACKAGE, as tv/v3/@tv/home", s)}
		}
		out = append(out, map[string]string{"device": parts[0], "schema": parts[1], "package": parts[2]})
	}
	return out, nil
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"facet/fault"
	"facet/pack"
)

func newPackages(s Streams) *cobra.Command {
	var r *remote
	c := &cobra.Command{
		Use:   "packages [PACKAGE]",
		Short: "What is published: all packages with their tags, or the versions of one",
		Example: `  edge packages
  edge packages @tv/home
  edge packages @tv/home --json | jq -r '.versions[0].version'`,
		Args: takes(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 {
				return r.said(r.onePackage(c.Context(), args[0]))
			}
			return r.said(r.packages(c.Context()))
		},
	}
	r = newRemote(s, c)
	r.jsonFlag(c)
	return c
}

const packagesQuery = `query Packages($after: String!, $first: Int!) {
  packages(after: $after, first: $first) { name tags { name version } }
}
`

const packageQuery = `query Package($name: String!) {
  package(name: $name) { ...package }
}
` + packageFragment

const packageFragment = `fragment package on Package {
  name
  tags { name version }
  versions { version digest bytes deprecated yanked tags }
}
`

// A remotePackage is the API's type Package.
type remotePackage struct {
	Name     string          `json:"name"`
	Tags     []remoteTag     `json:"tags"`
	Versions []remoteVersion `json:"versions"`
}

type remoteTag struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

type remoteVersion struct {
	Version    string   `json:"version"`
	Digest     string   `json:"digest"`
	Bytes      int64    `json:"bytes"`
	Deprecated string   `json:"deprecated"`
	Yanked     string   `json:"yanked"`
	Tags       []string `json:"tags"`
}

func (r *remote) packages(ctx context.Context) error {
	defer r.slow("reading what is published")()
	const first = 500
	all := []json.RawMessage{}
	var t table
	for after := ""; ; {
		var answer struct {
			Packages []json.RawMessage `json:"packages"`
		}
		if err := r.ask(ctx, packagesQuery, map[string]any{"after": after, "first": first}, &answer); err != nil {
			return err
		}
		for _, raw := range answer.Packages {
			var p remotePackage
			if err := json.Unmarshal(raw, &p); err != nil {
				return fault.Wrap(fault.BadAnswer, "control API", r.at, err)
			}
			after = p.Name
			t.add(p.Name, tagList(p.Tags))
		}
		all = append(all, answer.Packages...)
		if len(answer.Packages) < first {
			break
		}
	}
	if r.asJSON {
		b, err := json.Marshal(all)
		if err != nil {
			return err
		}
		return r.print(b)
	}
	t.print(r.Out)
	return nil
}

func tagList(tags []remoteTag) string {
	var out []string
	for _, t := range tags {
		out = append(out, t.Name+" "+t.Version)
	}
	return strings.Join(out, ", ")
}

func (r *remote) onePackage(ctx context.Context, name string) error {
	defer r.slow("reading %s", name)()
	var answer struct {
		Package json.RawMessage `json:"package"`
	}
	if err := r.ask(ctx, packageQuery, map[string]any{"name": name}, &answer); err != nil {
		return err
	}
	return r.showPackage(answer.Package)
}

// showPackage prints versions, or JSON.
func (r *remote) showPackage(raw json.RawMessage) error {
	if r.asJSON {
		return r.print(raw)
	}
	var p remotePackage
	if err := json.Unmarshal(raw, &p); err != nil {
		return fault.Wrap(fault.BadAnswer, "control API", r.at, err)
	}
	var t table
	for _, v := range p.Versions {
		note := strings.Join(v.Tags, ", ")
		if v.Deprecated != "" {
			note = strings.TrimSpace(note + " deprecated: " + v.Deprecated)
		}
		if v.Yanked != "" {
			note = strings.TrimSpace(note + " yanked: " + v.Yanked)
		}
		t.add(p.Name+"@"+v.Version, shortDigest(v.Digest), bytesText(v.Bytes), note)
	}
	t.print(r.Out)
	return nil
}

func newTag(s Streams) *cobra.Command {
	var r *remote
	var remove bool
	c := &cobra.Command{
		Use:   "tag PACKAGE TAG [VERSION]",
		Short: "Let a dist-tag mean a version, or take it away",
		Example: `  edge tag @tv/home beta 3.5.0-rc.1
  edge tag @tv/home beta --remove`,
		Args: takes(cobra.RangeArgs(2, 3)),
		RunE: func(c *cobra.Command, args []string) error {
			if remove != (len(args) == 2) {
				return usageError{fmt.Errorf("either a VERSION or --remove\nUsage: %s", c.UseLine())}
			}
			return r.said(r.tag(c.Context(), args))
		},
	}
	r = newRemote(s, c)
	r.jsonFlag(c)
	c.Flags().BoolVar(&remove, "remove", false, "take the tag away")
	return c
}

const setTagMutation = `mutation SetTag($package: String!, $tag: String!, $version: String!) {
  setTag(package: $package, tag: $tag, version: $version) { ...package }
}
` + packageFragment

const removeTagMutation = `mutation RemoveTag($package: String!, $tag: String!) {
  removeTag(package: $package, tag: $tag) { ...package }
}
` + packageFragment

func (r *remote) tag(ctx context.Context, args []string) error {
	var answer map[string]json.RawMessage
	vars := map[string]any{"package": args[0], "tag": args[1]}
	mutation, field := removeTagMutation, "removeTag"
	if len(args) == 3 {
		mutation, field = setTagMutation, "setTag"
		vars["version"] = args[2]
	}
	if err := r.ask(ctx, mutation, vars, &answer); err != nil {
		return err
	}
	return r.showPackage(answer[field])
}

func newDeprecate(s Streams) *cobra.Command {
	var r *remote
	var undo bool
	c := &cobra.Command{
		Use:   "deprecate PACKAGE[@RANGE] [MESSAGE]",
		Short: "Say that versions should not be used any more, and why; they stay",
		Long:  `Mark the versions in a range (all, if there is none). Who resolves one is told why; ranges pick others first. What is served stays.`,
		Example: `  edge deprecate @originals/rows@^1 "1.x is slow on phones: use ^2"
  edge deprecate @originals/rows@1.4.2 --undo`,
		Args: takes(cobra.RangeArgs(1, 2)),
		RunE: func(c *cobra.Command, args []string) error {
			if undo != (len(args) == 1) {
				return usageError{fmt.Errorf("either a MESSAGE or --undo\nUsage: %s", c.UseLine())}
			}
			return r.said(r.deprecate(c.Context(), args))
		},
	}
	r = newRemote(s, c)
	r.jsonFlag(c)
	c.Flags().BoolVar(&undo, "undo", false, "take the mark away")
	return c
}

const deprecateMutation = `mutation Deprecate($package: String!, $versions: String!, $message: String!) {
  deprecate(package: $package, versions: $versions, message: $message) { ...package }
}
` + packageFragment

func (r *remote) deprecate(ctx context.Context, args []string) error {
	name, versions := pack.SplitID(args[0])
	if versions == "" {
		versions = "*"
	}
	var answer struct {
		Deprecate json.RawMessage `json:"deprecate"`
	}
	if err := r.ask(ctx, deprecateMutation, map[string]any{"package": name, "versions": versions, "message": strings.Join(args[1:], "")}, &answer); err != nil {
		return err
	}
	return r.showPackage(answer.Deprecate)
}

func newResolve(s Streams) *cobra.Command {
	var r *remote
	c := &cobra.Command{
		Use:   "resolve PACKAGE[@VERSION]",
		Short: "What a package would be linked with in an environment, and why",
		Example: `  edge resolve @tv/home --env prod
  edge resolve @tv/home@beta`,
		Args: takes(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			return r.said(r.resolve(c.Context(), args[0]))
		},
	}
	r = newRemote(s, c)
	r.envFlag(c)
	r.jsonFlag(c)
	return c
}

const resolveQuery = `query Resolve($env: String!, $package: String!) {
  resolve(env: $env, package: $package) {
    package graph
    bindings { importer name range kind version why }
    diagnostics { ...diagnostic }
  }
}
` + diagnosticFragment

func (r *remote) resolve(ctx context.Context, spec string) error {
	defer r.slow("resolving %s", spec)()
	var answer struct {
		Resolve json.RawMessage `json:"resolve"`
	}
	if err := r.ask(ctx, resolveQuery, map[string]any{"env": r.env, "package": spec}, &answer); err != nil {
		return err
	}
	if r.asJSON {
		return r.print(answer.Resolve)
	}
	var res struct {
		Package, Graph string
		Bindings       []struct{ Importer, Name, Range, Kind, Version, Why string }
		Diagnostics    []remoteDiagnostic
	}
	if err := json.Unmarshal(answer.Resolve, &res); err != nil {
		return fault.Wrap(fault.BadAnswer, "control API", r.at, err)
	}
	fmt.Fprintf(r.Out, "%s over graph %s\n", res.Package, res.Graph)
	t := table{indent: "  "}
	for _, d := range local(res.Diagnostics) {
		fmt.Fprintln(r.Err, d)
	}
	for _, b := range res.Bindings {
		t.add(b.Importer, b.Name+"@"+b.Version, b.Range, b.Kind, b.Why)
	}
	t.print(r.Out)
	return nil
}

func newGraphs(s Streams) *cobra.Command {
	var r *remote
	c := &cobra.Command{
		Use:     "graphs",
		Short:   "The published graph versions",
		Example: `  edge graphs`,
		Args:    takes(cobra.NoArgs),
		RunE:    func(c *cobra.Command, _ []string) error { return r.said(r.graphs(c.Context())) },
	}
	r = newRemote(s, c)
	r.jsonFlag(c)
	return c
}

const graphsQuery = `query Graphs {
  graphs { version digest bytes publishedAt }
}
`

func (r *remote) graphs(ctx context.Context) error {
	var answer struct {
		Graphs json.RawMessage `json:"graphs"`
	}
	if err := r.ask(ctx, graphsQuery, nil, &answer); err != nil {
		return err
	}
	if r.asJSON {
		return r.print(answer.Graphs)
	}
	var list []struct {
		Version, Digest string
		Bytes           int64
		PublishedAt     *time.Time
	}
	if err := json.Unmarshal(answer.Graphs, &list); err != nil {
		return fault.Wrap(fault.BadAnswer, "control API", r.at, err)
	}
	var t table
	for _, g := range list {
		at := "-"
		if g.PublishedAt != nil {
			at = g.PublishedAt.UTC().Format(time.DateTime)
		}
		t.add(g.Version, shortDigest(g.Digest), bytesText(g.Bytes), at)
	}
	t.print(r.Out)
	return nil
}

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
	"golang.org/x/sync/errgroup"

	"facet/fault"
	"facet/pack"
)

type publishOptions struct {
	dirs    []string
	tag     string
	suffix  string
	against string // graph version
	graph   string // SDL file
	version string // of the graph
}

func newPublish(s Streams) *cobra.Command {
	var o publishOptions
	var r *remote
	c := &cobra.Command{
		Use:   "publish [DIR ...]",
		Short: "Publish packages, or a graph version: checked on the server, stored for ever",
		Long: `Pack each folder as npm would and publish it. DIR is a package, or a workspace: then all its packages, modules first.

The control API runs every check of edge check, against the graph of the environment and the schema versions that it
serves. Mistakes are printed with file and line, and nothing of that package is stored. The GraphQL documents of its app, in
documents/ or in persisted-documents.json, are checked and stored with it: see docs/guides/wire.md. A published version never changes:
the same files again are fine, other files need another version. Nothing is served by publishing: see edge deploy.

With --graph FILE --version V the SDL in FILE is published as a graph version.

The exit code is 0 if all is published, 1 if any package is refused.`,
		Example: `  edge publish packages/tv-home
  edge publish --env prod --tag beta packages/tv-home packages/tv-player
  edge publish --graph graph.graphqls --version 1.4.0`,
		RunE: func(c *cobra.Command, args []string) error {
			o.dirs = args
			if (o.graph == "") != (o.version == "") || o.graph != "" && len(args) > 0 {
				return usageError{fmt.Errorf("a graph is published by --graph FILE --version V, and nothing beside it")}
			}
			if o.graph != "" {
				return r.said(r.publishGraph(c.Context(), o.graph, o.version))
			}
			if len(args) == 0 {
				o.dirs = []string{"."}
			}
			_, err := r.publish(c.Context(), o)
			return r.said(err)
		},
	}
	r = newRemote(s, c)
	r.envFlag(c)
	r.jsonFlag(c)
	c.Flags().StringVar(&o.tag, "tag", "", "dist-tag that shall mean the version (default: next for a pre-release, else latest if that is no higher version)")
	c.Flags().StringVar(&o.suffix, "suffix", "", "build metadata added to the version: 3.4.1+SUFFIX, for work in progress")
	c.Flags().StringVar(&o.against, "against", "", "graph version to check against (default: the environment's)")
	c.Flags().StringVar(&o.graph, "graph", "", "publish this SDL file as a graph version")
	c.Flags().StringVar(&o.version, "version", "", "of the graph: 1.4.0")
	return c
}

// A packed package is one that is ready to go.
type packed struct {
	dir     string // as it is shown
	pkg     *pack.Package
	tarball []byte
	rank    int // modules that it links, and that are published along with it, have lower ones
}

func (p packed) attached(at string) attached {
	return attached{at, filepath.Base(p.dir) + ".tgz", p.tarball}
}

// A published package is what the API answers of one, and the folder that it came from.
type published struct {
	Dir         string            `json:"dir"`
	OK          bool              `json:"ok"`
	Package     string            `json:"package"`
	Version     string            `json:"version"`
	Tag         string            `json:"tag"`
	New         bool              `json:"new"`
	Digest      string            `json:"digest"`
	Build       string            `json:"build"`
	Documents   int               `json:"documents,omitempty"` // GraphQL documents that it brings
	Only        bool              `json:"documentsOnly,omitempty"`
	Budgets     []remoteBudget    `json:"budgets,omitempty"`
	Changes     []routeChanges    `json:"changes"`
	Diagnostics fault.Diagnostics `json:"diagnostics"`
}

func (p published) id() string { return p.Package + "@" + p.Version }

const publishMutation = `mutation Publish($tarball: Upload!, $tag: String!, $suffix: String!, $env: String!, $graph: String!) {
  publish(tarball: $tarball, tag: $tag, suffix: $suffix, env: $env, graph: $graph) {
    ok package version tag new digest build documents documentsOnly
    ` + remoteBudgetFields + `
    changes { ...changes }
    diagnostics { ...diagnostic }
  }
}
` + changesFragment + diagnosticFragment

// pack packs folders, and says what is wrong with them.
func (r *remote) pack(dirs []string) ([]packed, error) {
	list, ds, err := packAll(dirs)
	for _, d := range ds {
		fmt.Fprintln(r.Err, d)
	}
	if err == nil && ds.Failed() {
		err = errFailed
	}
	return list, err
}

// publish packs folders and publishes them, all that can be; errFailed, after saying why, if any is refused.
func (r *remote) publish(ctx context.Context, o publishOptions) ([]published, error) {
	list, err := r.pack(o.dirs)
	if err != nil {
		return nil, err
	}
	out := make([]published, len(list))
	failed := false
	for at := 0; at < len(list) && !failed; {
		to := at + 1
		for to < len(list) && list[to].rank == list[at].rank {
			to++
		}
		var g errgroup.Group
		g.SetLimit(4)
		for i := at; i < to; i++ {
			g.Go(func() error {
				var err error
				out[i], err = r.publishOne(ctx, list[i], o)
				return err
			})
		}
		if err := g.Wait(); err != nil {
			return nil, err
		}
		for i := at; i < to; i++ {
			failed = failed || !out[i].OK
		}
		if !r.asJSON {
			r.printPublished(out[at:to], "")
		}
		at = to
	}
	out = slices.DeleteFunc(out, func(p published) bool { return p.Package == "" })
	if r.asJSON {
		b, err := json.Marshal(out)
		if err != nil {
			return nil, err
		}
		if err := r.print(b); err != nil {
			return nil, err
		}
	}
	if failed {
		if left := len(list) - len(out); left > 0 {
			fmt.Fprintf(r.Err, "%s not published: they come after what is refused\n", count(left, "package"))
		}
		return out, errFailed
	}
	return out, nil
}

func (r *remote) publishOne(ctx context.Context, p packed, o publishOptions) (published, error) {
	defer r.slow("publishing %s", p.pkg.ID())()
	var answer struct {
		Publish struct {
			published
			Diagnostics []remoteDiagnostic `json:"diagnostics"`
		} `json:"publish"`
	}
	err := r.upload(ctx, publishMutation, map[string]any{"tarball": nil, "tag": o.tag, "suffix": o.suffix, "env": r.env, "graph": o.against}, []attached{p.attached("tarball")}, &answer)
	out := answer.Publish.published
	out.Dir, out.Diagnostics = p.dir, under(p.dir, local(answer.Publish.Diagnostics))
	switch k := fault.KindOf(err); k {
	case "":
		return out, nil
	case fault.Conflict, fault.Invalid, fault.TooLarge, fault.Limit: // about this package, whatever becomes of the others
		out.Package, out.Version = p.pkg.Manifest.Name, p.pkg.Manifest.Version
		out.Diagnostics.Add(fault.Pos{File: filepath.Join(p.dir, pack.File)}, "P001", fault.HintOf(err), "%s", fault.Public(err))
		return out, nil
	}
	return out, err
}

// printPublished says what became of packages; would is "would be " if nothing did.
func (r *remote) printPublished(list []published, would string) {
	for _, p := range list {
		for _, d := range p.Diagnostics {
			fmt.Fprintln(r.Err, d)
		}
		if p.OK {
			printChanges(r.Out, p.Changes)
		}
		switch {
		case !p.OK && would != "":
			fmt.Fprintf(r.Err, "%s would not be published\n", p.id())
		case !p.OK:
			fmt.Fprintf(r.Err, "%s is not published\n", p.id())
		case p.New && p.Tag == "":
			fmt.Fprintf(r.Out, "%s %spublished; latest stays at a higher version\n", p.id(), would)
		case p.New:
			fmt.Fprintf(r.Out, "%s %spublished as %s\n", p.id(), would, p.Tag)
		default:
			fmt.Fprintf(r.Out, "%s was published before, with the same files\n", p.id())
		}
		if p.OK && p.New {
			printRemoteBudgets(r.Out, p.Budgets)
			printDocuments(r.Out, p.Documents, p.Only)
		}
	}
}

// mostChanges is how many of a package are printed; --json has all.
const mostChanges = 20

// printChanges writes what apps would see differently, what they would notice first.
func printChanges(out io.Writer, changes []routeChanges) {
	n := 0
	for _, c := range changes {
		for _, one := range c.Changes {
			if n++; n <= mostChanges {
				fmt.Fprintf(out, "%s %s\n", c.Route, one)
			}
		}
	}
	if n > mostChanges {
		fmt.Fprintf(out, "and %s more\n", count(n-mostChanges, "change"))
	}
}

// packAll packs folders, modules before what links them. Mistakes are below the folders as the user named them.
func packAll(dirs []string) ([]packed, fault.Diagnostics, error) {
	var all fault.Diagnostics
	var list []packed
	spaces := map[string]*pack.Workspace{}
	seen := map[string]bool{}
	for _, named := range dirs {
		found, err := packageFolders(named)
		if err != nil {
			return nil, nil, err
		}
		for _, dir := range found {
			abs, err := filepath.Abs(dir)
			if err != nil {
				return nil, nil, err
			}
			if seen[abs] {
				continue
			}
			seen[abs] = true
			space := spaces[filepath.Dir(abs)]
			if space == nil {
				var ds fault.Diagnostics
				if space, ds = pack.OpenWorkspace(abs, pack.DefaultLimits()); ds.Failed() {
					all = append(all, under(dir, ds)...)
					continue
				}
				if space.Root != abs {
					spaces[filepath.Dir(abs)] = space
				}
			}
			pkg, ds := space.Pack(abs)
			all = append(all, under(dir, ds)...)
			if ds.Failed() || pkg.Manifest.Kind() == pack.Plain && dir != named {
				continue // a package of npm's that stands beside ours
			}
			tarball, err := pkg.Tarball()
			if err != nil {
				return nil, nil, err
			}
			list = append(list, packed{dir: dir, pkg: pkg, tarball: tarball})
		}
	}
	if len(list) == 0 && !all.Failed() {
		return nil, nil, fault.New(fault.NotFound, "there is no package in %s", strings.Join(dirs, ", ")).WithHint("a package is a folder with a package.json that has an \"edge\" field")
	}
	rank(list)
	return list, all, nil
}

// packageFolders are the packages that a folder means: itself, if it is one, else those of its workspace.
func packageFolders(dir string) ([]string, error) {
	dir = filepath.Clean(dir)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, fault.New(fault.NotFound, "%s is not a folder", dir)
	}
	if _, err := os.Stat(filepath.Join(dir, workspaceFile)); err != nil {
		if _, err := os.Stat(filepath.Join(dir, pack.File)); err == nil {
			return []string{dir}, nil
		}
	}
	w, err := openWorkspace(dir)
	if err != nil {
		return nil, err
	}
	found, err := packagesAt(w, dir)
	for i, abs := range found {
		if rel, err := filepath.Rel(w.Dir, abs); err == nil && w.Dir != "" {
			if base, err := filepath.Abs(dir); err == nil && base == w.Dir {
				found[i] = filepath.Join(dir, rel)
			} else {
				found[i] = w.show(abs)
			}
		}
	}
	return found, err
}

// rank sorts packages so that each comes after those of the list that it depends on; equals go by name. A circle ends by its length.
func rank(list []packed) {
	at := map[string]int{}
	for i, p := range list {
		at[p.pkg.Manifest.Name] = i
	}
	for range list {
		moved := false
		for i := range list {
			for name := range list[i].pkg.Manifest.Dependencies {
				if j, ok := at[name]; ok && list[j].rank >= list[i].rank && list[i].rank < len(list) {
					list[i].rank, moved = list[j].rank+1, true
				}
			}
		}
		if !moved {
			break
		}
	}
	slices.SortStableFunc(list, func(a, b packed) int {
		if a.rank != b.rank {
			return a.rank - b.rank
		}
		return strings.Compare(a.pkg.Manifest.Name, b.pkg.Manifest.Name)
	})
}

const publishGraphMutation = `mutation PublishGraph($file: Upload!, $version: String!) {
  publishGraph(file: $file, version: $version) { ok version digest diagnostics { ...diagnostic } }
}
` + diagnosticFragment

func (r *remote) publishGraph(ctx context.Context, file, version string) error {
	sdl, err := os.ReadFile(file)
	if err != nil {
		return fault.New(fault.NotFound, "the graph cannot be read: %v", err)
	}
	defer r.slow("publishing the graph %s", version)()
	began := time.Now()
	var answer struct {
		PublishGraph struct {
			OK          bool               `json:"ok"`
			Version     string             `json:"version"`
			Digest      string             `json:"digest"`
			Diagnostics []remoteDiagnostic `json:"diagnostics"`
		} `json:"publishGraph"`
	}
	if err := r.upload(ctx, publishGraphMutation, map[string]any{"file": nil, "version": version}, []attached{{"file", filepath.Base(file), sdl}}, &answer); err != nil {
		return err
	}
	p := answer.PublishGraph
	ds := local(p.Diagnostics)
	for i := range ds { // the one file that the API saw
		ds[i].Pos.File = file
		for j := range ds[i].Notes {
			ds[i].Notes[j].Pos.File = file
		}
	}
	for _, d := range ds {
		fmt.Fprintln(r.Err, d)
	}
	if !p.OK {
		return errFailed
	}
	if r.asJSON {
		b, err := json.Marshal(map[string]any{"version": p.Version, "digest": p.Digest, "diagnostics": p.Diagnostics})
		if err != nil {
			return err
		}
		return r.print(b)
	}
	fmt.Fprintf(r.Out, "graph %s published (%s, in %.2f s)\n", p.Version, shortDigest(p.Digest), time.Since(began).Seconds())
	return nil
}

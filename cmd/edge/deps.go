package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"facet/control"
	"facet/fault"
	"facet/pack"
)

// A depsNode, depsEdge, depsHeld and remoteDeps are the API's types of the same names.
type depsNode struct {
	ID         string   `json:"id"`
	Kind       string   `json:"kind"`
	Routes     []string `json:"routes"`
	Deprecated string   `json:"deprecated"`
	Yanked     string   `json:"yanked"`
}

type depsEdge struct {
	From  string   `json:"from"`
	To    string   `json:"to"`
	Range string   `json:"range"`
	Kind  string   `json:"kind"`
	Why   string   `json:"why"`
	In    []string `json:"in"` // packages in whose builds it stands; empty: in all that link From
}

type depsHeld struct {
	Device  string   `json:"device"`
	Schema  string   `json:"schema"`
	Package string   `json:"package"`
	Version string   `json:"version"`
	From    []string `json:"from"`
	Why     []string `json:"why"`
}

type remoteDeps struct {
	Env         string             `json:"env"`
	Release     string             `json:"release"`
	Subject     string             `json:"subject"`
	Nodes       []depsNode         `json:"nodes"`
	Edges       []depsEdge         `json:"edges"`
	Held        []depsHeld         `json:"held"`
	Diagnostics []remoteDiagnostic `json:"diagnostics"`
}

func newDeps(s Streams) *cobra.Command {
	var r *remote
	var dot, svg bool
	c := &cobra.Command{
		Use:   "deps [PACKAGE | MODULE | DIR]",
		Short: "Who uses what, by which range, and why this version",
		Long: `Draw what packages are linked with: in what an environment serves, all of it or what has to do with one package or module; or in a
folder, a package or a whole workspace, as it lies there. Every use shows its range, whether it is live or locked, and how its version was chosen.
Modules that are missing, ranges that meet in no version and circles are named with the packages and ranges. A tree by default; --dot is for
Graphviz, --svg draws it.

The exit code is 1 if something is wrong.`,
		Example: `  edge deps --env prod
  edge deps @originals/rows --env prod
  edge deps packages/tv-home
  edge deps . --svg > deps.svg`,
		Args: takes(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			show := r.depsTree
			switch n := countTrue(dot, svg, r.asJSON); {
			case n > 1:
				return usageError{fmt.Errorf("one of --json, --dot and --svg")}
			case dot:
				show = func(d *remoteDeps) error { return depsDOT(s.Out, d) }
			case svg:
				show = func(d *remoteDeps) error { return depsSVG(s.Out, d) }
			}
			subject := ""
			if len(args) == 1 {
				subject = args[0]
			}
			switch info, err := os.Stat(subject); {
			case err == nil && !info.IsDir():
				return usageError{fmt.Errorf("%s is a file: deps is of a package, a module or a folder", subject)}
			case err == nil:
				d, err := depsOfFolder(subject)
				if err != nil {
					return err
				}
				return r.showDeps(d, show)
			case strings.HasPrefix(subject, ".") || filepath.IsAbs(subject):
				return &fault.Error{Kind: fault.NotFound, Message: subject + " is no folder here", Err: err, Hint: "names of packages begin with @; of an environment they are read"}
			}
			d, err := r.deps(c.Context(), subject)
			if err != nil {
				return r.said(err)
			}
			return r.showDeps(d, show)
		},
	}
	r = newRemote(s, c)
	r.envFlag(c)
	r.jsonFlag(c)
	c.Flags().BoolVar(&dot, "dot", false, "print it for Graphviz")
	c.Flags().BoolVar(&svg, "svg", false, "print it as an SVG image")
	return c
}

func countTrue(flags ...bool) int {
	n := 0
	for _, f := range flags {
		if f {
			n++
		}
	}
	return n
}

const depsQuery = `query Deps($env: String!, $subject: String!) {
  deps(env: $env, subject: $subject) {
    env release subject
    nodes { id kind routes deprecated yanked }
    edges { from to range kind why in }
    held { device schema package version from why }
    diagnostics { ...diagnostic }
  }
}
` + diagnosticFragment

func (r *remote) deps(ctx context.Context, subject string) (*remoteDeps, error) {
	defer r.slow("reading who uses what")()
	var answer struct {
		Deps *remoteDeps `json:"deps"`
	}
	if err := r.ask(ctx, depsQuery, map[string]any{"env": r.env, "subject": subject}, &answer); err != nil {
		return nil, err
	}
	if answer.Deps == nil {
		return nil, fault.New(fault.BadAnswer, "the control API answered nothing")
	}
	return answer.Deps, nil
}

func (r *remote) showDeps(d *remoteDeps, show func(*remoteDeps) error) error {
	if r.asJSON {
		b, err := json.Marshal(d)
		if err != nil {
			return err
		}
		if err := r.print(b); err != nil {
			return err
		}
	} else if err := show(d); err != nil {
		return err
	}
	ds := local(d.Diagnostics)
	if !r.asJSON {
		for _, x := range ds {
			fmt.Fprintln(r.Err, x)
		}
	}
	if ds.Failed() {
		return errFailed
	}
	return nil
}

// depsOfFolder draws a package's folder, or all packages of a workspace, from what lies there.
func depsOfFolder(dir string) (*remoteDeps, error) {
	w, err := openWorkspace(dir)
	if err != nil {
		return nil, err
	}
	dirs, err := packagesAt(w, dir)
	if err != nil {
		return nil, err
	}
	nodes, edges := map[string]depsNode{}, map[[2]string]depsEdge{}
	out := &remoteDeps{Subject: w.show(dir), Held: []depsHeld{}, Diagnostics: []remoteDiagnostic{}}
	var found fault.Diagnostics
	put := func(p *pack.Package) {
		m := &p.Manifest
		n := depsNode{ID: p.ID(), Kind: string(m.Kind()), Routes: []string{}}
		if m.Edge != nil {
			for _, device := range m.Edge.Device {
				n.Routes = append(n.Routes, device+"/"+m.Edge.Schema)
			}
		}
		nodes[n.ID] = n
	}
	for _, at := range dirs {
		space, ds := pack.OpenWorkspace(at, pack.DefaultLimits())
		if ds.Failed() {
			found = append(found, under(w.show(at), ds)...)
			continue
		}
		p, lock, ds := space.Load(at)
		for _, d := range under(w.show(at), ds) {
			if !slices.ContainsFunc(found, func(x fault.Diagnostic) bool { return x.String() == d.String() }) {
				found = append(found, d)
			}
		}
		if p == nil {
			continue
		}
		put(p)
		for _, m := range lock.Modules {
			put(m)
		}
		for importer, uses := range lock.Uses {
			by := p
			if m := lock.Modules[importer]; m != nil {
				by = m
			}
			for name, id := range uses {
				rng, _ := by.Manifest.Range(name)
				edges[[2]string{importer, id}] = depsEdge{From: importer, To: id, Range: rng, Kind: string(by.Manifest.Binding(name)), Why: "what lies in the folder", In: []string{}}
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(nodes)) {
		out.Nodes = append(out.Nodes, nodes[id])
	}
	for _, e := range edges {
		out.Edges = append(out.Edges, e)
	}
	sortEdges(out.Edges)
	whole := control.Deps{Diagnostics: found}
	for _, n := range out.Nodes {
		whole.Nodes = append(whole.Nodes, control.DepsNode{ID: n.ID, Kind: n.Kind})
	}
	for _, e := range out.Edges {
		whole.Edges = append(whole.Edges, control.DepsEdge{From: e.From, To: e.To, Range: e.Range})
	}
	found = append(found, whole.Twice()...)
	for _, d := range found {
		out.Diagnostics = append(out.Diagnostics, remoteDiagnosticOf(d))
	}
	return out, nil
}

// depsTree prints a tree below each package that nobody links; for a module, who links it stands above what it links.
func (r *remote) depsTree(d *remoteDeps) error {
	v := newDepsView(d)
	switch {
	case d.Env != "" && d.Release == "":
		fmt.Fprintf(r.Out, "%s: nothing was released there yet\n", d.Env)
	case d.Env != "":
		fmt.Fprintf(r.Out, "%s, release %s\n", d.Env, shortDigest(d.Release))
	}
	name, _ := pack.SplitID(d.Subject)
	isModule := false
	for _, n := range d.Nodes {
		if id, _ := pack.SplitID(n.ID); (id == name || n.ID == d.Subject || id == d.Subject) && n.Kind == string(pack.Module) {
			isModule = true
			v.line(r.Out, "", n.ID, "")
			v.users(r.Out, n.ID)
		}
	}
	if isModule {
		return nil
	}
	for _, id := range v.roots() {
		v.line(r.Out, "", id, "")
		v.below(r.Out, id, id, "", map[string]bool{})
	}
	return nil
}

// A depsView finds its way in what is drawn.
type depsView struct {
	nodes map[string]depsNode
	uses  map[string][]depsEdge // by importer
	by    map[string][]depsEdge // by module
	all   *remoteDeps
	held  map[string]bool
}

func newDepsView(d *remoteDeps) *depsView {
	v := &depsView{nodes: map[string]depsNode{}, uses: map[string][]depsEdge{}, by: map[string][]depsEdge{}, all: d, held: map[string]bool{}}
	for _, n := range d.Nodes {
		v.nodes[n.ID] = n
	}
	for _, e := range d.Edges {
		v.uses[e.From], v.by[e.To] = append(v.uses[e.From], e), append(v.by[e.To], e)
	}
	for _, h := range d.Held {
		v.held[h.Package+"@"+h.Version] = true
	}
	return v
}

// roots are the packages that nobody links, by name.
func (v *depsView) roots() []string {
	var out []string
	for _, n := range v.all.Nodes {
		if len(v.by[n.ID]) == 0 {
			out = append(out, n.ID)
		}
	}
	return out
}

func (v *depsView) line(out io.Writer, indent, id, note string) {
	n := v.nodes[id]
	text := indent + id
	for i, route := range n.Routes {
		text += []string{"  ", " "}[min(i, 1)] + route
	}
	if note != "" {
		text += "  " + note
	}
	for _, mark := range v.marks(n) {
		text += "  (" + mark + ")"
	}
	fmt.Fprintln(out, text)
}

func (v *depsView) marks(n depsNode) []string {
	var out []string
	if n.Yanked != "" {
		out = append(out, "yanked")
	}
	if n.Deprecated != "" {
		out = append(out, "deprecated")
	}
	if v.held[n.ID] {
		out = append(out, "held")
	}
	return out
}

func edgeNote(e depsEdge) string {
	text := e.Range
	if e.Kind != "" {
		text += " " + e.Kind
	}
	if e.Why != "" {
		text += ": " + e.Why
	}
	return text
}

// below prints what is linked in root's builds; root is "" for any.
func (v *depsView) below(out io.Writer, root, id, indent string, above map[string]bool) {
	above[id] = true
	defer delete(above, id)
	var uses []depsEdge
	for _, e := range v.uses[id] {
		if root == "" || len(e.In) == 0 || slices.Contains(e.In, root) {
			uses = append(uses, e)
		}
	}
	for i, e := range uses {
		last := i == len(uses)-1
		note := edgeNote(e)
		if root == "" {
			note += inNote(e)
		}
		v.line(out, indent+branch(last), e.To, note)
		if !above[e.To] {
			v.below(out, root, e.To, indent+stem(last), above)
		}
	}
}

// inNote says where a use stands, if the importer has another version of the module elsewhere: in one package or several.
func inNote(e depsEdge) string {
	switch n := len(e.In); {
	case n == 0:
		return ""
	case n <= 3:
		return ", in " + strings.Join(e.In, ", ")
	default:
		return fmt.Sprintf(", in %s and %d more", strings.Join(e.In[:2], ", "), n-2)
	}
}

func (v *depsView) users(out io.Writer, id string) {
	by, uses := v.by[id], v.uses[id]
	if len(by) > 0 {
		fmt.Fprintf(out, "  used by %d\n", len(by))
	}
	for i, e := range by {
		v.line(out, "  "+branch(i == len(by)-1), e.From, edgeNote(e)+inNote(e))
	}
	if len(uses) > 0 {
		fmt.Fprintln(out, "  links")
		v.below(out, "", id, "  ", map[string]bool{})
	}
}

func branch(last bool) string {
	if last {
		return "└─ "
	}
	return "├─ "
}

func stem(last bool) string {
	if last {
		return "   "
	}
	return "│  "
}

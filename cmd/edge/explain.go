package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"facet/asker"
	"facet/composer"
	"facet/fault"
	"facet/scripts"
	"facet/serve/rest"
	"facet/view"
)

type explainOptions struct {
	dir    string
	name   string
	fields string
	args   []string
	cells  []string
	form   string
	viewer string
	asJSON bool
}

func newExplain(s Streams) *cobra.Command {
	var o explainOptions
	c := &cobra.Command{
		Use:   "explain DIR [VIEW]",
		Short: "Show what a view costs: its operations, keys and levels",
		Long: `Print the plan of a view or mutation of the package in DIR: every tier operation, where its keys come from, what it waits
for, and how many levels deep the chain of calls is. Nothing is asked of any tier.

Without VIEW, every view of the package is explained. --fields asks for a part of a view as REST does, so that what a
field adds can be seen. The operations of the GraphQL documents that the package brings are explained after its
views, with no condition true; VIEW may name one of them.

Computed fields run as Go code; what of one needs the JavaScript engine is named with its place.`,
		Example: `  edge explain packages/tv-home home
  edge explain packages/tv-home home --fields 'name,rows(items(title))'
  edge explain packages/tv-home home --cell denser-rows=b --form phone
  edge explain packages/tv-home --json`,
		Args: takes(cobra.RangeArgs(1, 2)),
		RunE: func(c *cobra.Command, args []string) error {
			o.dir = args[0]
			if len(args) == 2 {
				o.name = args[1]
			}
			return runExplain(c.Context(), s, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.fields, "fields", "", "what is asked for, as REST's fields: name,rows(items(title)) (default: every leaf)")
	f.StringArrayVar(&o.args, "arg", nil, "an argument, name=value; repeatable")
	f.StringArrayVar(&o.cells, "cell", nil, "a cell, experiment=arm; repeatable")
	f.StringVar(&o.form, "form", "", "the device's form (default: the device)")
	f.StringVar(&o.viewer, "viewer", "", "who asks (default: the workspace's viewer)")
	f.BoolVar(&o.asJSON, "json", false, "print JSON")
	return c
}

// An explained view is one entry of what explain prints.
type explained struct {
	Name string `json:"name"`
	Kind string `json:"kind"` // "view", "mutation", "handler" or "document", which is an operation of one
	composer.Explanation
	Handler  *explainedHandler `json:"handler,omitempty"`
	Computed []computedField   `json:"computed,omitempty"`
	Worst    *budgetRow        `json:"worst,omitempty"`
	Document *explainedFile    `json:"document,omitempty"`
}

// An explainedFile is the document that an operation stands in.
type explainedFile struct {
	ID    string    `json:"id"` // what apps ask for it by
	Where fault.Pos `json:"where"`
}

// A computedField is a function of the package, and where it runs.
type computedField struct {
	Name string `json:"name"`
	Runs string `json:"runs"` // "go" or "goja", which is the engine
	// Why is what of it needs the engine, and WhyAt where that stands; only for those that run there.
	Why   string     `json:"why,omitempty"`
	WhyAt *fault.Pos `json:"whyAt,omitempty"`
	// Request is what it takes of the request beside what is loaded: "now", "random", "locale", "device.form", "cell:x".
	Request []string  `json:"request,omitempty"`
	Where   fault.Pos `json:"where"`
}

func runExplain(ctx context.Context, s Streams, o explainOptions) error {
	w, err := openWorkspace(o.dir)
	if err != nil {
		return err
	}
	dirs, err := packagesAt(w, o.dir)
	if err != nil {
		return err
	}
	if len(dirs) != 1 {
		return fault.New(fault.Invalid, "%s has %d packages", o.dir, len(dirs)).WithHint("name one of them: %s", w.show(dirs[0]))
	}
	p, ds, err := newLoader().load(ctx, w, dirs[0])
	if err != nil {
		return err
	}
	if ds.Failed() {
		for _, d := range ds {
			fmt.Fprintln(s.Err, d)
		}
		return errFailed
	}
	if len(p.Build.Devices) == 0 {
		return fault.New(fault.Invalid, "%s is a module: it has no views of its own", p.Package.ID()).WithHint("explain a package that uses it")
	}
	surface, sds := view.NewSurface(p.Build.Devices[0], p.Build.Schema, p.Build)
	if err := sds.Err(); err != nil {
		return err
	}
	engine, err := composer.NewEngine(composer.Config{Graph: p.Graph, Surface: surface})
	if err != nil {
		return err
	}
	documents, _, err := documentRows(ctx, p.Package, p.Build, p.Graph)
	if err != nil {
		return err
	}
	list, err := explainAll(engine, o, w.Viewer.viewer(), documents)
	if err != nil {
		return err
	}
	rows, err := budgetRows(p.Build, p.Graph)
	if err != nil {
		return err
	}
	for i := range list {
		for k := range rows {
			if rows[k].Name == list[i].Name && rows[k].Kind == list[i].Kind {
				list[i].Worst = &rows[k]
			}
		}
	}
	if o.asJSON {
		e := json.NewEncoder(s.Out)
		e.SetIndent("", "  ")
		return e.Encode(list)
	}
	for i, x := range list {
		if i > 0 {
			fmt.Fprintln(s.Out)
		}
		printExplained(s.Out, x)
	}
	if d := documentsOf(p.Build); d != nil && o.name == "" {
		fmt.Fprintf(s.Out, "\n%s\n", d)
	}
	return nil
}

func explainAll(e *composer.Engine, o explainOptions, viewer asker.Viewer, documents []documentRow) ([]explained, error) {
	surface := e.Surface()
	a := &asker.Asker{Viewer: viewer, Device: asker.Device{Type: surface.Device, Form: surface.Device}, Locale: "en-US", Cells: map[string]string{}}
	if o.viewer != "" {
		a.Viewer = asker.Viewer{ID: o.viewer, Profile: o.viewer, Profiles: []string{o.viewer}, SignedIn: true}
	}
	if o.form != "" {
		a.Device.Form = o.form
	}
	for _, c := range o.cells {
		name, arm, ok := strings.Cut(c, "=")
		if !ok {
			return nil, usageError{fmt.Errorf("--cell is experiment=arm, not %q", c)}
		}
		a.Cells[name] = arm
	}
	names := []string{o.name}
	if o.name == "" {
		names = append(surface.Views(), surface.Mutations()...)
	} else if mine := operationsOf(surface, documents, o.name); len(mine) > 0 {
		names, documents = nil, mine
	} else if err := unnamed(surface, documents, o.name); err != nil {
		return nil, err
	} else {
		documents = nil
	}
	var list []explained
	for _, name := range names {
		x, err := explainOne(e, name, o, a)
		if err != nil {
			return nil, err
		}
		list = append(list, x)
	}
	for _, r := range documents {
		x, err := explainDocument(e, r, a)
		if err != nil {
			return nil, err
		}
		list = append(list, x)
	}
	return list, nil
}

// unnamed is an error where nothing of a package has the name.
func unnamed(s *view.Surface, documents []documentRow, name string) error {
	all := append(s.Views(), s.Mutations()...)
	if slices.Contains(all, name) {
		return nil
	}
	for _, r := range documents {
		all = append(all, r.Name)
	}
	return fault.New(fault.NotFound, "there is no view, mutation or document %q", name).WithHint("there are: %s", strings.Join(all[:min(20, len(all))], ", "))
}

func explainOne(e *composer.Engine, name string, o explainOptions, a *asker.Asker) (explained, error) {
	kind, x := composer.RootView, explained{Name: name, Kind: "view"}
	if _, ok := e.Surface().Mutation(name); ok {
		kind, x.Kind = composer.RootMutation, "mutation"
	}
	args, err := o.arguments(e.Surface(), kind, name)
	if err != nil {
		return x, err
	}
	req, err := rest.Choose(e.Surface(), kind, name, o.fields, args)
	if err != nil {
		return x, err
	}
	if x.Explanation, err = e.Explain(req.Selection, nil, a); err != nil {
		return x, err
	}
	if err := x.explainHandler(e, a); err != nil {
		return x, err
	}
	for _, b := range e.Surface().Builds {
		request := requestOf(b)
		places, err := scripts.Places(b)
		if err != nil {
			return x, err
		}
		for i, f := range b.Funcs {
			if !uses(e.Surface(), name, f) {
				continue
			}
			c := computedField{Name: f.Name, Runs: "go", Request: request[i], Where: f.Pos}
			if p := places[i]; !p.Go {
				c.Runs, c.Why, c.WhyAt = "goja", p.Why, &p.At
			}
			x.Computed = append(x.Computed, c)
		}
	}
	return x, nil
}

// uses says whether a function belongs to the view itself or to a shape that it can reach; a selection may ask for less.
func uses(s *view.Surface, name string, f *view.Func) bool {
	owner, _, _ := strings.Cut(f.Name, ".")
	if strings.EqualFold(owner, name) {
		return true
	}
	var root *view.Output
	if v, ok := s.View(name); ok {
		root = v.Def.Output
	} else if m, ok := s.Mutation(name); ok {
		root = m.Def.Output
	}
	return reaches(s, root, owner, map[string]bool{})
}

func reaches(s *view.Surface, o *view.Output, shape string, seen map[string]bool) bool {
	if o == nil {
		return false
	}
	switch o.Kind {
	case view.Many:
		return reaches(s, o.Item, shape, seen)
	case view.Tree:
		return slices.ContainsFunc(o.Fields, func(f *view.Field) bool { return reaches(s, f.Output, shape, seen) })
	case view.Union:
		return slices.ContainsFunc(o.Arms, func(a *view.Arm) bool { return reaches(s, a.Output, shape, seen) })
	case view.Ref:
		if o.Shape == shape {
			return true
		}
		sh, ok := s.Shape(o.Shape)
		if !ok || seen[o.Shape] {
			return false
		}
		seen[o.Shape] = true
		return reaches(s, sh.Def.Output, shape, seen)
	}
	return false
}

// arguments are those that the command line gives, as JSON: what is no JSON is text.
func (o explainOptions) arguments(s *view.Surface, kind composer.RootKind, name string) (map[string]json.RawMessage, error) {
	given := map[string]json.RawMessage{}
	for _, pair := range o.args {
		k, v, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, usageError{fmt.Errorf("--arg is name=value, not %q", pair)}
		}
		if !json.Valid([]byte(v)) {
			quoted, err := json.Marshal(v)
			if err != nil {
				return nil, err
			}
			v = string(quoted)
		}
		given[k] = json.RawMessage(v)
	}
	// What a plan looks like does not depend on arguments' values: required ones may be left out here.
	var declared []*view.Arg
	if v, ok := s.View(name); ok && kind == composer.RootView {
		declared = v.Def.Args
	} else if m, ok := s.Mutation(name); ok {
		declared = m.Def.Args
	}
	for _, a := range declared {
		if _, ok := given[a.Name]; !ok && a.Required() {
			given[a.Name] = json.RawMessage("null")
		}
	}
	return given, nil
}

func printExplained(out io.Writer, x explained) {
	if x.Handler != nil {
		x.Handler.print(out, x.Name)
		if x.Worst != nil {
			fmt.Fprintln(out, x.Worst)
		}
		return
	}
	_, tree, _ := strings.Cut(x.Explanation.String(), "\n") // its first line is the same without the name
	fmt.Fprintf(out, "%s %s: %s in %s\n%s", x.Kind, x.Name, count(len(x.Operations), "operation"), count(x.Levels, "level"), tree)
	if x.Document != nil {
		fmt.Fprintf(out, "asked for by id %s (%s)\n", x.Document.ID, x.Document.Where)
	}
	if x.Worst != nil {
		fmt.Fprintln(out, x.Worst)
	}
	for _, c := range x.Computed {
		of := ""
		if len(c.Request) > 0 {
			of = ", with the request's " + strings.Join(c.Request, ", ")
		}
		runs := "Go"
		if c.WhyAt != nil {
			runs = fmt.Sprintf("goja for %s at %s", c.Why, c.WhyAt)
		}
		fmt.Fprintf(out, "computed %s runs in %s%s (%s)\n", c.Name, runs, of, c.Where)
	}
}

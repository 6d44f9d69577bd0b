package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"facet/fault"
)

type checkOptions struct {
	dirs   []string
	asJSON bool
}

func newCheck(s Streams) *cobra.Command {
	var o checkOptions
	c := &cobra.Command{
		Use:   "check [DIR ...]",
		Short: "Say every mistake of a package or a workspace, with its line",
		Long: `Pack, bundle and record packages as publishing does, and print every mistake with file, line, column and fix.
DIR is a package, or a workspace: then its graph and all its packages are checked. Modules come from the
npm workspace, else from node_modules. The GraphQL documents that a package brings, in documents/ or in
persisted-documents.json, are read as the edge will read them.

Of each view it says what it takes of a request: tier calls by default and at the most, with every field and every list at its
max, and the entities and items that are then in the answer. A package whose manifest states "limits" is refused where a
view is not proved to stay within them. Bytes and processor time are kept when requests are answered.

The exit code is 0 without errors and 1 with any.`,
		Example: `  edge check
  edge check packages/tv-home
  edge check --json examples/films`,
		RunE: func(c *cobra.Command, args []string) error {
			o.dirs = args
			if len(args) == 0 {
				o.dirs = []string{"."}
			}
			return runCheck(c.Context(), s, o)
		},
	}
	c.Flags().BoolVar(&o.asJSON, "json", false, "print JSON")
	return c
}

// A checked is the outcome of one package.
type checked struct {
	Package     string            `json:"package,omitempty"`
	Dir         string            `json:"dir"`
	OK          bool              `json:"ok"`
	Views       int               `json:"views"`
	Shapes      int               `json:"shapes"`
	Mutations   int               `json:"mutations"`
	Computed    int               `json:"computed"`
	Documents   int               `json:"documents,omitempty"`
	Budgets     []budgetRow       `json:"budgets,omitempty"`
	Diagnostics fault.Diagnostics `json:"diagnostics"`
}

func runCheck(ctx context.Context, s Streams, o checkOptions) error {
	var results []checked
	l := newLoader()
	for _, dir := range o.dirs {
		w, err := openWorkspace(dir)
		if err != nil {
			return err
		}
		packages, err := packagesAt(w, dir)
		if err != nil {
			return err
		}
		_, ds, err := w.loadGraph()
		if err != nil {
			return err
		}
		if len(ds) > 0 {
			results = append(results, checked{Dir: w.show(w.Dir), OK: !ds.Failed(), Diagnostics: ds})
		}
		if ds.Failed() {
			continue
		}
		for _, p := range packages {
			r, err := checkOne(ctx, l, w, p)
			if err != nil {
				return err
			}
			results = append(results, r)
		}
	}
	failed := false
	for _, r := range results {
		failed = failed || !r.OK
	}
	if o.asJSON {
		e := json.NewEncoder(s.Out)
		e.SetIndent("", "  ")
		if err := e.Encode(results); err != nil {
			return err
		}
	} else {
		printChecked(s.Out, results)
	}
	if failed {
		return errFailed
	}
	return nil
}

func checkOne(ctx context.Context, l *loader, w *workspace, dir string) (checked, error) {
	r := checked{Dir: w.show(dir), Diagnostics: fault.Diagnostics{}}
	p, ds, err := l.load(ctx, w, dir)
	if err != nil {
		return r, err
	}
	r.OK = !ds.Failed()
	r.Diagnostics = append(r.Diagnostics, ds...)
	if p != nil {
		r.Package = p.Package.ID()
		if b := p.Build; b != nil {
			r.Views, r.Shapes, r.Mutations, r.Computed = len(b.Views), len(b.Shapes), len(b.Mutations), len(b.Funcs)
			r.Documents = b.Documents.Len()
			if r.OK {
				if r.Budgets, err = budgetRows(b, p.Graph); err != nil {
					return r, err
				}
			}
		}
	}
	return r, nil
}

func printChecked(out io.Writer, results []checked) {
	for _, r := range results {
		for _, d := range r.Diagnostics {
			fmt.Fprintln(out, d)
		}
		if r.OK && r.Package != "" {
			documents := ""
			if r.Documents > 0 {
				documents = ", " + count(r.Documents, "GraphQL document")
			}
			fmt.Fprintf(out, "%s ok: %s, %s, %s, %s%s\n", r.Package, count(r.Views, "view"), count(r.Shapes, "shape"), count(r.Mutations, "mutation"), count(r.Computed, "computed function"), documents)
			printBudgets(out, r.Budgets)
		}
	}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// packagesAt are the packages that a folder means: itself, if it is one, else all of its workspace.
func packagesAt(w *workspace, dir string) ([]string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(abs, workspaceFile)); err != nil {
		if _, err := os.Stat(filepath.Join(abs, "package.json")); err == nil {
			return []string{abs}, nil
		}
	}
	dirs, err := w.packageDirs()
	if err == nil && len(dirs) == 0 {
		return nil, fault.New(fault.NotFound, "%s has no packages under %v", w.show(w.Dir), w.Packages).WithHint("a package is a folder with a package.json that has an \"edge\" field")
	}
	return dirs, err
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"facet/fault"
	"facet/scripts"
)

type testOptions struct {
	dir    string
	update bool
	record bool
	asJSON bool
	only   string
}

func newTest(s Streams) *cobra.Command {
	var o testOptions
	c := &cobra.Command{
		Use:   "test [DIR]",
		Short: "Run the tests of a package or a workspace",
		Long: `Run the *.test.ts files of packages. A test renders views and mutations against tier answers that stand in fixtures or in
the test, in the engine that serves devices, and says what came of it: data, errors, tier calls and levels.
DIR is a package, or a workspace: then all its packages are tested.

The exit code is 0 if all tests passed and 1 if any failed or a package has a mistake.`,
		Example: `  edge test
  edge test packages/tv-home --run bookmark
  edge test --update`,
		Args: takes(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			o.dir = "."
			if len(args) == 1 {
				o.dir = args[0]
			}
			return runTest(c.Context(), s, o)
		},
	}
	c.Flags().BoolVar(&o.update, "update", false, "write what snapshots differ in")
	c.Flags().BoolVar(&o.record, "record", false, "ask the workspace's running tiers, and write their answers into the fixtures")
	c.Flags().BoolVar(&o.asJSON, "json", false, "print JSON")
	c.Flags().StringVar(&o.only, "run", "", "run the tests whose names match this regular expression")
	return c
}

// A tested is the outcome of one package's tests.
type tested struct {
	Package     string                `json:"package,omitempty"`
	Dir         string                `json:"dir"`
	OK          bool                  `json:"ok"`
	Files       []*scripts.TestReport `json:"files"`
	Diagnostics fault.Diagnostics     `json:"diagnostics"`
}

func runTest(ctx context.Context, s Streams, o testOptions) error {
	only, err := regexp.Compile(o.only)
	if err != nil {
		return usageError{fmt.Errorf("--run: %w", err)}
	}
	w, err := openWorkspace(o.dir)
	if err != nil {
		return err
	}
	dirs, err := packagesAt(w, o.dir)
	if err != nil {
		return err
	}
	var results []*tested
	l := newLoader()
	for _, dir := range dirs {
		r, err := testPackage(ctx, s.Err, l, w, dir, o, only)
		if err != nil {
			return err
		}
		if r != nil {
			results = append(results, r)
		}
	}
	if o.asJSON {
		e := json.NewEncoder(s.Out)
		e.SetIndent("", "  ")
		if err := e.Encode(results); err != nil {
			return err
		}
	} else {
		printTested(s.Out, results)
	}
	if slices.ContainsFunc(results, func(r *tested) bool { return !r.OK }) {
		return errFailed
	}
	return nil
}

// testPackage runs the tests of one package; nil if it has none.
func testPackage(ctx context.Context, log io.Writer, l *loader, w *workspace, dir string, o testOptions, only *regexp.Regexp) (*tested, error) {
	files, sources, err := testFiles(dir)
	if err != nil || len(files) == 0 {
		return nil, err
	}
	r := &tested{Dir: w.show(dir), Files: []*scripts.TestReport{}, Diagnostics: fault.Diagnostics{}}
	p, ds, err := l.load(ctx, w, dir)
	if err != nil {
		return nil, err
	}
	r.Diagnostics = append(r.Diagnostics, ds...)
	if ds.Failed() || p == nil || p.Build == nil {
		return r, nil
	}
	r.Package = p.Package.ID()
	host, err := newTestHost(p)
	if err != nil {
		return nil, err
	}
	defer host.close()
	if o.record {
		if err := host.record(ctx, w, log); err != nil {
			return nil, err
		}
	}
	r.OK = true
	for _, file := range files {
		snap := filepath.Join(dir, filepath.FromSlash(file)+".snap.json")
		kept, err := os.ReadFile(snap)
		if err != nil && !os.IsNotExist(err) {
			return nil, err
		}
		report, ds := scripts.RunTests(ctx, scripts.TestSetup{
			Package: p.Package, Lock: p.Lock, Graph: p.Graph, Build: p.Build, File: file, Sources: sources,
			Read: func(name string) ([]byte, error) { return readFixture(dir, name, o.record) },
			Host: host, Snapshots: kept, Update: o.update, Only: only,
		})
		r.Diagnostics = append(r.Diagnostics, under(r.Dir, ds)...)
		if report == nil {
			r.OK = false
			continue
		}
		r.OK = r.OK && !ds.Failed() && !report.Failed()
		if report.Changed {
			if err := writeSnapshots(snap, report.Snapshots); err != nil {
				return nil, err
			}
		}
		report.File = filepath.Join(r.Dir, report.File)
		for i := range report.Tests {
			if p := &report.Tests[i].Pos; p.File != "" && !strings.HasPrefix(p.File, "@") {
				p.File = filepath.Join(r.Dir, p.File)
			}
		}
		r.Files = append(r.Files, report)
	}
	if o.record {
		return r, host.recorder.write(dir)
	}
	return r, nil
}

func writeSnapshots(name string, text []byte) error {
	if text == nil {
		return os.Remove(name)
	}
	return os.WriteFile(name, text, 0o644)
}

// maxSource bounds a script beside a package that its tests may import.
const maxSource = 1 << 20

// testFiles lists a package's tests, sorted, and reads all scripts that lie in its folder: those that only tests import
// are not packed.
func testFiles(dir string) (tests []string, sources map[string]string, err error) {
	sources = map[string]string{}
	err = filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name != dir && (d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".")) {
				return filepath.SkipDir
			}
			return nil
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		test := strings.HasSuffix(rel, ".test.ts")
		if !test && path.Ext(rel) != ".ts" || strings.HasSuffix(rel, ".d.ts") || !d.Type().IsRegular() {
			return nil
		}
		if info, err := d.Info(); err != nil || info.Size() > maxSource {
			return err
		}
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		sources[rel] = string(b)
		if test {
			tests = append(tests, rel)
		}
		return nil
	})
	slices.Sort(tests)
	return tests, sources, err
}

// readFixture reads a file that a test names. While recording, one that is not there yet is empty.
func readFixture(dir, name string, record bool) ([]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	b, err := root.ReadFile(filepath.FromSlash(name))
	switch {
	case os.IsNotExist(err) && record:
		return []byte("{}"), nil
	case os.IsNotExist(err):
		return nil, fault.New(fault.NotFound, "there is no such file; edge test --record writes it")
	}
	return b, err
}

func printTested(out io.Writer, results []*tested) {
	passed, failed := 0, 0
	for _, r := range results {
		for _, d := range r.Diagnostics {
			fmt.Fprintln(out, d)
		}
		for _, f := range r.Files {
			for _, t := range f.Tests {
				if t.Failure == "" {
					passed++
					fmt.Fprintf(out, "ok   %s: %s (%s)\n", f.File, t.Name, t.Took.Round(100*time.Microsecond))
					continue
				}
				failed++
				fmt.Fprintf(out, "FAIL %s: %s\n     %s: %s\n", f.File, t.Name, t.Pos, t.Failure)
			}
		}
	}
	fmt.Fprintf(out, "%s passed, %d failed\n", count(passed, "test"), failed)
}

package scripts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/dop251/goja"
	"github.com/dop251/goja/parser"

	"facet/fault"
	"facet/graph"
	"facet/pack"
	"facet/view"
)

// TestSetup is one test file and what its tests run against.
type TestSetup struct {
	Package *pack.Package
	Lock    *pack.Lock
	Graph   *graph.Graph
	Build   *view.Build
	File    string            // the test file, relative to the package: "home.test.ts"
	Sources map[string]string // files that are not packed, by path in the package: the test file, and what only tests import
	// Read gives a file that a test names (fixtures), by its path in the package.
	Read func(name string) ([]byte, error)
	Host TestHost
	// Snapshots is the content of <File>.snap.json; nil: there is none.
	Snapshots []byte
	Update    bool           // write what snapshots differ in
	Only      *regexp.Regexp // run tests whose names match; nil: all
	Wall      time.Duration  // of one test; 0: 10 s
}

// A TestHost answers views as devices are answered. It is called from one goroutine at a time.
type TestHost interface {
	Render(ctx context.Context, r *RenderRequest) (*RenderResult, error)
}

// A RenderRequest is one render(…) of a test.
type RenderRequest struct {
	Mutation bool                       `json:"mutation"`
	Name     string                     `json:"name"` // of the view or mutation
	Args     map[string]json.RawMessage `json:"args"`
	Viewer   *struct {
		ID       string   `json:"id"`
		Profile  string   `json:"profile"`
		Profiles []string `json:"profiles"`
	} `json:"viewer"` // nil: nobody
	Device string `json:"device"`
	Form   string `json:"form"`
	Locale string `json:"locale"`
	Region string `json:"region"`
	// Bandwidth and AppVersion are the device's.
	Bandwidth  string            `json:"bandwidth"`
	AppVersion string            `json:"appVersion"`
	Now        string            `json:"now"` // RFC 3339, or milliseconds since 1970; "" is not stated
	Random     *float64          `json:"random"`
	Cells      map[string]string `json:"cells"`
	Fields     string            `json:"fields"` // as REST's; "": everything
	Tiers      RenderTiers       `json:"tiers"`
}

// RenderTiers say how tiers behave, by operation id or source.
type RenderTiers struct {
	Answers map[string]json.RawMessage `json:"answers"` // by operation id
	Fails   map[string]fault.Kind      `json:"fails"`
	Delays  map[string]string          `json:"delays"`
	File    string                     `json:"file"` // in the package, that the answers were read of; "" if they are written in the test
}

// A RenderResult is what came of it.
type RenderResult struct {
	Data     json.RawMessage  `json:"data"`
	Errors   []RenderedError  `json:"errors"`
	Degraded []RenderedReason `json:"degraded"`
	Calls    int              `json:"calls"`
	Levels   int              `json:"levels"`
	Log      []RenderedLine   `json:"log"`
	Metrics  []RenderedMetric `json:"metrics"`
}

// A RenderedLine is what a handler logged.
type RenderedLine struct {
	Level  string          `json:"level"`
	Text   string          `json:"text"`
	Fields json.RawMessage `json:"fields"`
}

// A RenderedMetric is what was counted, or observed.
type RenderedMetric struct {
	Name   string            `json:"name"`
	Value  float64           `json:"value"`
	Labels map[string]string `json:"labels"`
}

// A RenderedError is a failure at a path.
type RenderedError struct {
	Path    []any      `json:"path"`
	Code    fault.Kind `json:"code"`
	Message string     `json:"message"`
}

// A RenderedReason names a null or default that stands because something failed or was late.
type RenderedReason struct {
	Path []any      `json:"path"`
	Code fault.Kind `json:"code"`
}

// A TestReport is what the tests of one file came to.
type TestReport struct {
	File  string       `json:"file"`
	Tests []TestResult `json:"tests"`
	// Snapshots is what <File>.snap.json should hold after the run; nil if there are none. Changed says that it differs.
	Snapshots []byte `json:"-"`
	Changed   bool   `json:"-"`
}

// A TestResult is one test.
type TestResult struct {
	Name    string        `json:"name"`
	Pos     fault.Pos     `json:"pos"` // where it is declared, or where it failed
	Failure string        `json:"failure,omitempty"`
	Took    time.Duration `json:"took"` // nanoseconds
}

// Failed says whether any test failed.
func (r *TestReport) Failed() bool {
	for _, t := range r.Tests {
		if t.Failure != "" {
			return true
		}
	}
	return false
}

// A tester runs one test file.
type tester struct {
	TestSetup
	vm       *goja.Runtime
	places   *positions
	ctx      context.Context // of the test that runs
	keeper   *snapshots
	run      goja.Callable
	done     goja.Callable
	reported *TestReport
}

// testEntry is the virtual file that a test bundle begins with: the package's own exports, then the tests.
const testEntry = "edge-test-entry.ts"

// RunTests runs the tests of one file against a package's build. Diagnostics are what keeps the file from being run at
// all: syntax, imports, an error at its top level.
func RunTests(ctx context.Context, s TestSetup) (*TestReport, fault.Diagnostics) {
	if s.Wall <= 0 {
		s.Wall = 10 * time.Second
	}
	t := &tester{TestSetup: s, vm: goja.New(), ctx: ctx, reported: &TestReport{File: s.File}}
	var ds fault.Diagnostics
	var err error
	if t.keeper, err = newSnapshots(s.Snapshots, s.Update); err != nil {
		ds.Add(fault.Pos{File: s.File + ".snap.json"}, "F210", "Delete it, and write it again: edge test --update", "the snapshots are no JSON: %v", err)
		return nil, ds
	}
	b, ds := t.bundle(ctx)
	if ds.Failed() {
		return nil, ds
	}
	if err := t.load(ctx, b); err != nil {
		pos, text := t.explain(err)
		ds.Add(pos, "F211", "", "the tests cannot be loaded: %s", text)
		return nil, ds
	}
	if err := t.tests(ctx); err != nil {
		ds.Add(fault.Pos{File: s.File}, "F211", "", "the tests cannot be run: %v", err)
		return nil, ds
	}
	t.reported.Snapshots, t.reported.Changed = t.keeper.text()
	return t.reported, ds
}

func (t *tester) bundle(ctx context.Context) (*bundle, fault.Diagnostics) {
	entry, err := t.Package.Entry()
	if err != nil {
		var ds fault.Diagnostics
		ds.Add(t.Package.Pos("exports"), "F001", "", "the package has no entry: %s", fault.Public(err))
		return nil, ds
	}
	extra := map[string]string{
		testEntry:  fmt.Sprintf("import * as entry from %q;\nimport %q;\nexport { entry };\n", "./"+entry, "./"+t.File),
		testModule: "export const { test, describe, expect, render, tiers } = __test;\n",
	}
	for name, text := range t.Sources {
		extra[name] = text
	}
	return makeBundle(ctx, t.Package, t.Lock, testEntry, extra)
}

// load runs the package's modules, which only declare, and the test file, which declares its tests.
func (t *tester) load(ctx context.Context, b *bundle) error {
	places, err := newPositions(b)
	if err != nil {
		return err
	}
	t.places = places
	ctx, cancel := context.WithTimeout(ctx, t.Wall)
	defer cancel()
	defer context.AfterFunc(ctx, func() { t.vm.Interrupt("the file took longer than " + t.Wall.String()) })()
	t.vm.SetMaxCallStackSize(1024)
	t.vm.SetParserOptions(parser.WithDisableSourceMaps)

	program, err := runtimeProgram()
	if err != nil {
		return err
	}
	made, err := t.vm.RunProgram(program)
	if err != nil {
		return err
	}
	// The recorder's host: views are declared here and never recorded, so of it only places and the graph are asked.
	r := &recorder{vm: t.vm, module: &module{Places: places}, graph: t.Graph, wall: t.Wall, known: map[stack]int{}}
	text, err := runtimeFiles.ReadFile("runtime/test.js")
	if err != nil {
		return err
	}
	parsed, err := parser.ParseFile(nil, "test.js", string(text), 0, parser.WithDisableSourceMaps)
	if err != nil {
		return err
	}
	helpers, err := goja.CompileAST(parsed, true)
	if err != nil {
		return err
	}
	v, err := t.vm.RunProgram(helpers)
	if err != nil {
		return err
	}
	make_, _ := goja.AssertFunction(v)
	got, err := make_(goja.Undefined(), t.host())
	if err != nil {
		return err
	}
	o := got.ToObject(t.vm)
	t.run, _ = goja.AssertFunction(o.Get("run"))
	t.done, _ = goja.AssertFunction(o.Get("done"))
	if err := t.vm.Set("__test", o.Get("sdk")); err != nil {
		return err
	}
	if err := r.start(made); err != nil {
		return err
	}
	bundled, err := parser.ParseFile(nil, bundleFile, b.text, 0, parser.WithDisableSourceMaps)
	if err != nil {
		return err
	}
	code, err := goja.CompileAST(bundled, true)
	if err != nil {
		return err
	}
	if _, err := t.vm.RunProgram(code); err != nil {
		return err
	}
	names, _ := goja.AssertFunction(o.Get("names"))
	list, err := names(goja.Undefined())
	if err != nil {
		return err
	}
	all := list.ToObject(t.vm)
	for _, i := range all.Keys() {
		one := all.Get(i).ToObject(t.vm)
		pos, _ := t.where(one.Get("at").String())
		t.reported.Tests = append(t.reported.Tests, TestResult{Name: one.Get("name").String(), Pos: pos})
	}
	return nil
}

// tests runs what was declared, in order; what Only leaves out is left out of the report.
func (t *tester) tests(ctx context.Context) error {
	declared := t.reported.Tests
	t.reported.Tests = []TestResult{}
	for i, one := range declared {
		if t.Only != nil && !t.Only.MatchString(one.Name) {
			t.keeper.keep(one.Name)
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		began := time.Now()
		if err := t.one(ctx, i); err != nil {
			pos, text := t.explain(err)
			one.Failure = text
			if pos.Line > 0 {
				one.Pos = pos
			}
		}
		one.Took = time.Since(began)
		t.reported.Tests = append(t.reported.Tests, one)
	}
	return nil
}

func (t *tester) one(ctx context.Context, i int) error {
	ctx, cancel := context.WithTimeout(ctx, t.Wall)
	defer cancel()
	t.ctx = ctx
	stop := context.AfterFunc(ctx, func() { t.vm.Interrupt("the test took longer than " + t.Wall.String()) })
	v, err := t.run(goja.Undefined(), t.vm.ToValue(i))
	if !stop() { // the interrupt may come after the test's end
		defer t.vm.ClearInterrupt()
	}
	if err != nil {
		return err
	}
	defer func() { _, _ = t.done(goja.Undefined()) }()
	p, ok := v.Export().(*goja.Promise)
	if !ok {
		return errors.New("it gave no promise")
	}
	switch p.State() {
	case goja.PromiseStateRejected:
		return &rejection{p.Result()}
	case goja.PromiseStatePending:
		return errors.New("it waits for something that never comes: only render() takes time here")
	}
	return nil
}

// A rejection is the value that a test's promise was rejected with.
type rejection struct{ value goja.Value }

func (r *rejection) Error() string { return r.value.String() }

// explain says what went wrong in a test, and where in the author's files.
func (t *tester) explain(err error) (fault.Pos, string) {
	var value goja.Value
	var thrown *goja.Exception
	var late *goja.InterruptedError
	var rejected *rejection
	switch {
	case errors.As(err, &late):
		pos, _ := t.where(late.String())
		return pos, fmt.Sprint(late.Value())
	case errors.As(err, &rejected):
		value = rejected.value
	case errors.As(err, &thrown):
		value = thrown.Value()
	default:
		return fault.Pos{File: t.File}, err.Error()
	}
	text, stack := value.String(), ""
	if o, ok := value.(*goja.Object); ok {
		if m := o.Get("message"); m != nil {
			text = m.String()
			if name := o.Get("name"); name != nil && name.String() != "Error" {
				text = name.String() + ": " + text
			}
			if code := o.Get("code"); code != nil { // a refusal of the recording runtime
				text = fmt.Sprintf("%s: %s", code, m)
				if fix := o.Get("fix"); fix != nil && fix.String() != "" {
					text += ". " + fix.String()
				}
			}
		}
		if s := o.Get("stack"); s != nil {
			stack = s.String()
		}
	}
	if thrown != nil {
		stack += thrown.String()
	}
	pos, _ := t.where(stack)
	if pos.File == "" {
		pos.File = t.File
	}
	return pos, text
}

var frame = regexp.MustCompile(regexp.QuoteMeta(bundleFile) + `:(\d+):(\d+)`)

// where finds the innermost frame of a stack's text that lies in the test file, else in any of the author's.
func (t *tester) where(stack string) (fault.Pos, bool) {
	var first fault.Pos
	for _, m := range frame.FindAllStringSubmatch(stack, 50) {
		line, _ := strconv.Atoi(m[1])
		col, _ := strconv.Atoi(m[2])
		pos, ok := t.places.at(line, col)
		if !ok {
			continue
		}
		if pos.File == t.File {
			return pos, true
		}
		if first.File == "" {
			first = pos
		}
	}
	return first, first.File != ""
}

// inPackage resolves a path that a test names, relative to the test file; it may not leave the package.
func (t *tester) inPackage(name string) (string, error) {
	p := path.Join(path.Dir(t.File), name)
	if path.IsAbs(name) || p == ".." || strings.HasPrefix(p, "../") {
		return "", fmt.Errorf("%q lies outside the package", name)
	}
	return p, nil
}

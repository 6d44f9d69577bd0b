package scripts

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/dlclark/regexp2/v2"
	"github.com/dop251/goja"
	"github.com/dop251/goja/parser"

	"facet/fault"
	"facet/graph"
)

//go:embed runtime/*.js
var runtimeFiles embed.FS

// limitMatching bounds every match of a regular expression that goes back, once for the process: the engine gives no way to take a
// time limit one by one. A match that is cut off reads as "no match" to the code: see matched.
var limitMatching = sync.OnceFunc(func() { regexp2.DefaultMatchTimeout = maxMatch })

// runtimeOrder is how the runtime's files make one function body.
var runtimeOrder = []string{"core", "values", "inputs", "choices", "results", "define", "compute", "handler", "realm", "main"}

// runtimeProgram is the recording runtime, compiled once: an expression that evaluates to a function of the host.
var runtimeProgram = sync.OnceValues(func() (*goja.Program, error) {
	var b strings.Builder
	b.WriteString("(function (host) { \"use strict\";\n")
	for _, name := range runtimeOrder {
		text, err := runtimeFiles.ReadFile("runtime/" + name + ".js")
		if err != nil {
			return nil, err
		}
		b.Write(text)
	}
	b.WriteString("})")
	parsed, err := parser.ParseFile(nil, "runtime.js", b.String(), 0, parser.WithDisableSourceMaps)
	if err != nil {
		return nil, err
	}
	return goja.CompileAST(parsed, true)
})

// A recorder runs one package's code in a runtime of its own and gathers what it records.
type recorder struct {
	vm     *goja.Runtime
	module *module
	graph  *graph.Graph
	wall   time.Duration
	stacks []stack
	known  map[stack]int
	frames []goja.StackFrame      // room for those of here
	inside map[[2]int]bool        // lines and columns of frames: whether they are package code
	keys   map[int]map[string]int // by function: where its text names fields
	tables []map[string]int       // of values, by what they are told by
	text   []byte                 // room for that
	api    map[string]goja.Callable
	diags  fault.Diagnostics
	parse  goja.Value // JSON's, as the engine has it
	limits *machine   // counts what natives make
	dead   bool       // interrupted or out of stack: nothing more is run
}

func newRecorder(m *module, g *graph.Graph, o Options, ds fault.Diagnostics) *recorder {
	return &recorder{vm: goja.New(), module: m, graph: g, wall: o.Wall, known: map[stack]int{}, diags: ds}
}

// record runs the module and returns what its exports recorded, as the runtime's JSON. The text is empty if nothing could be recorded.
func (r *recorder) record(ctx context.Context, callStack int) (string, error) {
	program, err := runtimeProgram()
	if err != nil {
		return "", fault.Wrap(fault.Internal, "scripts.record", "runtime", err)
	}
	code, err := r.module.program(true)
	if err != nil {
		return "", fault.Wrap(fault.Internal, "scripts.record", "package", err)
	}
	limitMatching()
	r.vm.SetMaxCallStackSize(callStack)
	r.bound()
	stop := r.watch(ctx)
	defer stop()
	r.vm.SetParserOptions(parser.WithDisableSourceMaps)
	make_, err := r.vm.RunProgram(program)
	if ended(err) {
		r.failed(err, stack{})
		return "", nil
	}
	if err != nil {
		return "", fault.Wrap(fault.Internal, "scripts.record", "runtime", err)
	}
	if err := r.start(make_); ended(err) {
		r.failed(err, stack{})
		return "", nil
	} else if err != nil {
		return "", fault.Wrap(fault.Internal, "scripts.record", "runtime", err)
	}
	if _, err := r.vm.RunProgram(code); err != nil {
		r.failed(err, stack{})
		return "", nil
	}
	r.exports()
	if r.dead {
		return "", nil
	}
	out, err := r.call("finish")
	if ended(err) || r.limits.broken != nil {
		r.failed(err, stack{})
		return "", nil
	}
	if err != nil {
		return "", fault.Wrap(fault.Internal, "scripts.record", "finish", err)
	}
	text := out.String()
	if len(text) > maxRecorded {
		r.add(stack{}, stack{}, "F208", fmt.Sprintf("what was recorded is %s, %s are allowed", Size(int64(len(text))), Size(maxRecorded)), "Look for loops that make views, fields or conditions; share parts as shapes", nil)
		return "", nil
	}
	return text, nil
}

// ended says whether code was interrupted.
func ended(err error) bool {
	var late *goja.InterruptedError
	return errors.As(err, &late)
}

// watch ends a recording that has used up its time, which is the processor time of its thread, or that grows too much, or whose
// asker went away.
func (r *recorder) watch(ctx context.Context) (stop func()) {
	m := r.limits
	m.watch.end, m.watch.burst = m.late, maxGrown
	dog.add(&m.watch)
	m.enter()
	m.start(r.wall)
	release := context.AfterFunc(ctx, func() { r.vm.Interrupt(ctx.Err()) })
	return func() {
		release()
		m.finish()
		m.leave()
		m.stop()
	}
}

// start gives the runtime its host and keeps the functions that it offers.
func (r *recorder) start(make_ goja.Value) error {
	host := r.vm.NewObject()
	text := func(c goja.FunctionCall, i int) string { return c.Argument(i).String() }
	set := map[string]func(goja.FunctionCall) any{
		"at":   func(goja.FunctionCall) any { return r.here() },
		"key":  func(c goja.FunctionCall) any { return r.key(c.Argument(0), text(c, 1)) },
		"type": func(c goja.FunctionCall) any { return r.typeOf(text(c, 0)) },
		"table": func(goja.FunctionCall) any {
			r.tables = append(r.tables, map[string]int{})
			return len(r.tables) - 1
		},
		"enter": func(c goja.FunctionCall) any {
			return r.enter(int(c.Argument(0).ToInteger()), c.Argument(1).ToObject(r.vm), int(c.Argument(2).ToInteger()))
		},
		"written": func(c goja.FunctionCall) any { return r.written(c.Argument(0)) },
		"near":    func(c goja.FunctionCall) any { return meantBy(text(c, 0), strings.Split(text(c, 1), ",")) },
		"names": func(c goja.FunctionCall) any {
			var names []string
			for _, t := range r.graph.Order {
				if string(t.Kind) == text(c, 0) && t != r.graph.Query() && t != r.graph.Mutation() {
					names = append(names, t.Name)
				}
			}
			return strings.Join(names, ",")
		},
	}
	for k, does := range set {
		// Of this type a function is called as it is; of any other by reflection.
		if err := host.Set(k, func(c goja.FunctionCall) goja.Value { return r.vm.ToValue(does(c)) }); err != nil {
			return err
		}
	}
	for k, v := range r.json() { // types and records are longer than what a package may read and write
		if err := host.Set(k, v); err != nil {
			return err
		}
	}
	fn, ok := goja.AssertFunction(make_)
	if !ok {
		return errors.New("it is no function")
	}
	got, err := fn(goja.Undefined(), host)
	if err != nil {
		return err
	}
	o := got.ToObject(r.vm)
	r.api = map[string]goja.Callable{}
	for _, k := range o.Keys() {
		if r.api[k], ok = goja.AssertFunction(o.Get(k)); !ok {
			return fmt.Errorf("%s is no function", k)
		}
	}
	return nil
}

func (r *recorder) call(name string, args ...goja.Value) (goja.Value, error) {
	return r.api[name](goja.Undefined(), args...)
}

// whole calls a function that must have come to its end: a throw out of an await can make the engine leave it half done, without an error.
func (r *recorder) whole(name string, args ...goja.Value) error {
	v, err := r.call(name, args...)
	if err == nil && (v == nil || !v.ToBoolean()) {
		err = fmt.Errorf("%s did not come to its end", name)
	}
	return err
}

// exports records what the entry exports, each in a try of its own, then the shapes that they use.
func (r *recorder) exports() {
	if n := len(r.vm.Get("m").ToObject(r.vm).GetOwnPropertyNames()); n > maxExports {
		r.dead = true
		tooManyExports(fault.Pos{File: r.module.Places.files.pkg.Manifest.Name}, n, &r.diags)
		return
	}
	list, err := r.call("exported", r.vm.Get("m"))
	if err != nil {
		r.failed(err, stack{})
		return
	}
	all := list.ToObject(r.vm)
	var warmup goja.Value
	for _, i := range all.Keys() {
		e := all.Get(i).ToObject(r.vm)
		v := e.Get("v")
		if e.Get("name").String() == "warmup" {
			warmup = v
			continue
		}
		kind, err := r.call("kindOfExport", v)
		if err != nil {
			r.failed(err, stack{})
			continue
		}
		if kind.String() == "" {
			continue
		}
		at, err := r.call("declaredAt", v)
		if err != nil {
			r.failed(err, stack{})
			continue
		}
		if err := r.whole("recordExport", e.Get("name"), v); err != nil {
			r.failed(err, r.stackOf(at))
		}
		if r.dead {
			return
		}
	}
	r.shapes()
	if r.diags.Failed() && !r.dead {
		if _, err := r.call("wantAll"); err == nil {
			r.shapes()
		}
	}
	if warmup != nil && !r.dead && !r.diags.Failed() {
		if _, err := r.call("recordWarmups", warmup); err != nil {
			r.failed(err, stack{})
		}
	}
}

// shapes records the shapes that are wanted, and those that they want.
func (r *recorder) shapes() {
	for !r.dead {
		s, err := r.call("nextShape")
		if err != nil || goja.IsUndefined(s) {
			break
		}
		if err := r.whole("recordNext", s); err != nil {
			r.failed(err, r.stackOf(s.ToObject(r.vm).Get("at")))
		}
	}
}

// failed notes why a piece of the package could not be recorded. Where the failure has no place, it is at the declaration.
func (r *recorder) failed(err error, declared stack) {
	var late *goja.InterruptedError
	var deep *goja.StackOverflowError
	var ex *goja.Exception
	b := r.limits.broken
	if b == nil && errors.As(err, &late) {
		b, _ = late.Value().(*broken)
	}
	switch {
	case b != nil:
		r.dead = true
		code, text, fix := "F209", "the package makes too much while it is recorded: "+b.text, "A package's constants are small: look for what grows in a loop"
		switch b.limit {
		case LimitCPU:
			code, text, fix = "F196", fmt.Sprintf("the package took longer than %s to record", r.wall), "Look for a loop that does not end"
		case LimitRegex:
			text, fix = "a regular expression takes too long while the package is recorded: "+b.text, "Write it with what works without going back, or match shorter texts"
		}
		at := stack{}
		if b.frames != nil {
			at = r.stackIn(b.frames)
		} else if late != nil {
			at = r.stackIn(late.Stack())
		}
		r.add(at, declared, code, text, fix, nil)
	case errors.As(err, &late):
		r.dead = true
		r.add(r.stackIn(late.Stack()), declared, "F196", "recording was canceled", "", nil)
	case errors.As(err, &deep):
		r.dead = true
		r.add(r.stackIn(deep.Stack()), declared, "F197", "the calls nest too deep", "Look for a function that calls itself; a shape refers to itself by self", nil)
	case errors.As(err, &ex):
		r.exception(ex, declared)
	default:
		r.dead = true
		r.add(stack{}, declared, "F199", "recording failed: "+err.Error(), "Report this: it is a defect of edge", nil)
	}
}

// exception tells of what was thrown, which may have getters and a toString of its own.
func (r *recorder) exception(ex *goja.Exception, declared stack) {
	var more *goja.Exception
	err := func() (err error) {
		defer func() {
			if p := recover(); p != nil {
				err, _ = p.(error)
				if _, own := err.(runtime.Error); own || err == nil {
					err = errDefect
				}
			}
		}()
		more = r.vm.Try(func() { r.thrown(ex, declared) })
		return nil
	}()
	switch {
	case err != nil || r.limits != nil && r.limits.broken != nil:
		r.dead = true
		r.failed(err, declared)
	case more != nil:
		r.add(r.stackIn(ex.Stack()), declared, "F100", "the code fails while it is recorded, and what was thrown has no text", "Throw an Error", nil)
	}
}

func (r *recorder) thrown(ex *goja.Exception, declared stack) {
	o, ok := ex.Value().(*goja.Object)
	if ok {
		code, at := o.Get("code"), o.Get("at")
		if code != nil && at != nil && strings.HasPrefix(code.String(), "F") {
			var note *fault.Note
			if n := o.Get("noteAt"); n != nil {
				pos, _ := r.place(r.stackOf(n))
				note = &fault.Note{Pos: pos, Text: o.Get("noteText").String()}
			}
			r.add(r.stackOf(at), declared, code.String(), o.Get("message").String(), o.Get("fix").String(), note)
			return
		}
	}
	text, fix := ex.Value().String(), ""
	if strings.Contains(text, "of undefined") || strings.Contains(text, "of null") {
		fix = "Look at what is undefined there: views see only what they declare and what the graph gives"
	}
	if strings.HasPrefix(text, "ReferenceError: ") && strings.HasSuffix(text, " is not defined") {
		fix = "A package runs neither in a browser nor in Node: use the graph, the context and what @facet/sdk exports"
	}
	r.add(r.stackIn(ex.Stack()), declared, "F100", "the code fails while it is recorded: "+text, fix, nil)
}

// add enters a diagnostic at the author's own innermost line; the module's line, if there is one, becomes a note.
func (r *recorder) add(s, declared stack, code, text, fix string, note *fault.Note) {
	if s.n == 0 && s.key == 0 {
		s = declared
	}
	pos, inner := r.place(s)
	if pos.File == "" {
		pos.File = r.module.Places.files.pkg.Manifest.Name
	}
	d := fault.Diagnostic{Pos: pos, Severity: fault.Err, Code: code, Text: text, Fix: fix}
	if note != nil {
		d.Notes = append(d.Notes, *note)
	}
	if inner != nil {
		d.Notes = append(d.Notes, *inner)
	}
	for _, old := range r.diags {
		if old.Pos == d.Pos && old.Code == d.Code && old.Text == d.Text {
			return
		}
	}
	r.diags = append(r.diags, d)
}

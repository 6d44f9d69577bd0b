package scripts

import (
	"fmt"
	"sync"
	"time"

	"github.com/dlclark/regexp2/v2"
	"github.com/dop251/goja"
	"github.com/dop251/goja/parser"

	"facet/fault"
	"facet/view"
)

// Bounds of one machine and of one result.
const (
	maxCalls  = 1000     // of a machine: then it is replaced, and with it whatever a function left behind
	maxResult = 64 << 10 // bytes of a result
	maxDepth  = 32       // of a result
)

// Functions are the computed functions of one build, ready to run. They are safe for concurrent use.
type Functions struct {
	opts  RunOptions
	funcs []*function
	slots chan struct{} // one token for each machine in use

	mu     sync.Mutex
	free   []*machine
	closed bool
}

// A function is one view.Func with what all machines share of it.
type function struct {
	*view.Func
	names  []string // of the inputs that it is called with
	locale int      // the index of the input "$locale"; -1: none
	result *kind

	once      sync.Once
	program   *goja.Program
	stateless bool // see stateless
	err       error
}

// limitMatching bounds every match of a regular expression, once for the process: goja gives no way to take a time limit one by
// one. A match that is cut off reads as "no match" to the script, so the limit lies past every deadline: then the interrupt
// comes before the wrong answer is used.
var limitMatching = sync.OnceFunc(func() { regexp2.DefaultMatchTimeout = 2 * time.Second })

// Open makes a build's functions callable. Programs are compiled at their first call; what can be known to be wrong
// before, a result type that the build does not declare, is an Invalid error.
func Open(b *view.Build, o RunOptions) (*Functions, error) {
	o = o.filled()
	limitMatching()
	f := &Functions{opts: o, slots: make(chan struct{}, o.Machines)}
	kinds := newKinds(b)
	for _, fn := range b.Funcs {
		k, err := kinds.of(fn.Result)
		if err != nil {
			return nil, &fault.Error{Kind: fault.Invalid, Op: "scripts.open", Subject: fn.Name, Message: err.Error()}
		}
		one := &function{Func: fn, result: k, locale: -1}
		for i, in := range fn.Inputs {
			if fn.Format && in.Name == localeInput {
				one.locale = i
				continue
			}
			if one.locale >= 0 {
				return nil, &fault.Error{Kind: fault.Invalid, Op: "scripts.open", Subject: fn.Name, Message: "its locale is not the last input"}
			}
			one.names = append(one.names, in.Name)
		}
		f.funcs = append(f.funcs, one)
	}
	return f, nil
}

// localeInput is the name of the input that carries the asker's locale to functions that format.
const localeInput = "$locale"

// Computes are the functions in the order of Build.Funcs. A thrown error is Internal, a passed deadline Timeout, a
// result of another type than the declared one BadAnswer; all name the function.
func (f *Functions) Computes() []view.Compute {
	out := make([]view.Compute, len(f.funcs))
	for i := range f.funcs {
		out[i] = func(_ *view.Account, in [][]byte, dst []byte) ([]byte, error) { return f.call(i, in, dst) }
	}
	return out
}

// Batches are Computes over many rows.
func (f *Functions) Batches() []view.Batch {
	out := make([]view.Batch, len(f.funcs))
	for i, c := range f.Computes() {
		out[i] = c.Rows()
	}
	return out
}

// Close lets the machines go. Calls that run end by themselves; later ones fail with Unavailable.
func (f *Functions) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	for _, m := range f.free {
		m.stop()
	}
	f.free = nil
}

func (f *Functions) call(i int, in [][]byte, dst []byte) ([]byte, error) {
	fn := f.funcs[i]
	if len(in) != len(fn.Inputs) {
		return dst, &fault.Error{Kind: fault.Internal, Op: "computed", Subject: fn.Name, Message: fmt.Sprintf("%s takes %d inputs and was given %d", fn.Name, len(fn.Inputs), len(in))}
	}
	program, err := fn.compile()
	if err != nil {
		return dst, fn.fail(fault.Internal, "%s cannot be compiled", err)
	}
	m, err := f.take(fn)
	if err != nil {
		return dst, err
	}
	out, err := m.call(i, fn, program, in, dst)
	f.give(m, err == nil)
	if err != nil {
		return dst, err
	}
	return out, nil
}

// take waits for a machine, by preference the one that ran last: its programs are loaded.
func (f *Functions) take(fn *function) (*machine, error) {
	select {
	case f.slots <- struct{}{}:
	default:
		t := time.NewTimer(f.opts.Wait)
		defer t.Stop()
		select {
		case f.slots <- struct{}{}:
		case <-t.C:
			return nil, fn.fail(fault.Unavailable, "%s found no free runtime", fmt.Errorf("all %d stayed in use for %v", f.opts.Machines, f.opts.Wait))
		}
	}
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		<-f.slots
		return nil, fn.fail(fault.Unavailable, "%s is closed", nil)
	}
	if n := len(f.free); n > 0 {
		m := f.free[n-1]
		f.free = f.free[:n-1]
		f.mu.Unlock()
		return m, nil
	}
	f.mu.Unlock()
	m, err := newMachine(len(f.funcs), f.opts)
	if err != nil {
		<-f.slots
		return nil, fn.fail(fault.Internal, "%s found no runtime", err)
	}
	return m, nil
}

func (f *Functions) give(m *machine, good bool) {
	f.mu.Lock()
	if good && m.calls < maxCalls && !f.closed {
		f.free = append(f.free, m)
		m = nil
	}
	f.mu.Unlock()
	if m != nil {
		m.stop()
	}
	<-f.slots
}

// compile parses the source. Source maps stay off: goja would read the files that they name.
func (fn *function) compile() (*goja.Program, error) {
	fn.once.Do(func() {
		ast, err := goja.Parse(fn.Name, enclosed(fn.Source), parser.WithDisableSourceMaps)
		if err != nil {
			fn.err = err
			return
		}
		fn.stateless = stateless(ast)
		fn.program, fn.err = goja.CompileAST(ast, true)
	})
	return fn.program, fn.err
}

// fail makes an error that names the function; its cause is for the author, with the place.
func (fn *function) fail(k fault.Kind, format string, cause error) *fault.Error {
	e := &fault.Error{Kind: k, Op: "computed", Subject: fn.Name, Message: fmt.Sprintf(format, fn.Name)}
	switch {
	case cause != nil && fn.Pos.File != "":
		e.Err = fmt.Errorf("%s: %w", fn.Pos, cause)
	case cause != nil:
		e.Err = cause
	}
	return e
}

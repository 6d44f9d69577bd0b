package scripts

import (
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dop251/goja"

	"facet/fault"
	"facet/scripts/plain"
	"facet/view"
)

// Bounds of one machine and of one result.
const (
	maxCalls = 1000 // of a machine: then it is replaced, and with it whatever a function left behind
	maxDepth = 32   // of a result
)

// Functions are the computed functions of one build, ready to run. They are safe for concurrent use.
type Functions struct {
	id    string // of the build, as profiles name it
	opts  RunOptions
	funcs []*function
	slots chan struct{} // one token for each machine in use

	calls atomic.Uint64
	used  atomic.Int64
	shut  atomic.Bool // closed, for those who do not wait for mu

	mu      sync.Mutex
	free    []*machine
	closed  bool
	watched bool // by the attic, which lets free machines go
	breaks  map[string]uint64
}

var _ Callable = (*Functions)(nil)

// A function is one view.Func with what all machines share of it.
type function struct {
	*view.Func
	owner    *Functions
	names    []string // of the inputs that it is called with
	locale   int      // the index of the input "$locale"; -1: none
	result   *kind
	compiled // once it is ready
	failed   error
	closed   *plain.Function // its closures, once they are made; nil: it needs the engine
	places   *lineMap

	// A package has many functions, of which few are called.
	readied, made, lined sync.Once
}

// ready compiles it for the engine, the first time.
func (fn *function) ready() error {
	fn.readied.Do(func() {
		fn.failed = fault.New(fault.Internal, "compiling it panicked")
		fn.compiled, fn.failed = compile(fn.file(), enclosed(fn.Source), false, !fn.owner.opts.Unlimited)
	})
	return fn.failed
}

// file names its program.
func (fn *function) file() string { return fn.Name + programOf + fn.owner.id }

// lines are of Lines, which only a failure needs.
func (fn *function) lines() *lineMap {
	fn.lined.Do(func() { fn.places = readLines(fn.Lines) })
	return fn.places
}

// Open makes a build's functions callable. What is wrong with one of them, a source that is no JavaScript or uses what computed functions
// may not, a result type that the build does not declare, is an Invalid error that says where.
func Open(b *view.Build, o RunOptions) (*Functions, error) {
	o = o.filled()
	f := &Functions{id: BuildID(b), opts: o, slots: make(chan struct{}, o.Machines), breaks: map[string]uint64{}}
	kinds := newKinds(b)
	for _, fn := range b.Funcs {
		one, err := f.open(fn, kinds)
		if err != nil {
			if fn.Pos.File != "" {
				err = fmt.Errorf("%s: %w", fn.Pos, err)
			}
			return nil, &fault.Error{Kind: fault.Invalid, Op: "scripts.open", Subject: fn.Name, Message: fn.Name + ": " + err.Error()}
		}
		f.funcs = append(f.funcs, one)
	}
	return f, nil
}

func (f *Functions) open(fn *view.Func, kinds *kinds) (*function, error) {
	k, err := kinds.of(fn.Result)
	if err != nil {
		return nil, err
	}
	one := &function{Func: fn, owner: f, result: k, locale: -1, names: make([]string, 0, len(fn.Inputs))}
	for i, in := range fn.Inputs {
		if fn.Format && in.Name == localeInput {
			one.locale = i
			continue
		}
		if one.locale >= 0 {
			return nil, fault.New(fault.Invalid, "its locale is not the last input")
		}
		one.names = append(one.names, in.Name)
	}
	if len(fn.Source) > maxLater { // as the engine's program, below
		one.plain()
	}
	if len(fn.Source) <= maxLater && functionTexts.has(fn.Source) {
		return one, nil
	}
	if err := one.ready(); err != nil {
		return nil, err
	}
	functionTexts.add(fn.Source)
	return one, nil
}

// localeInput is the name of the input that carries the asker's locale to functions that format.
const localeInput = "$locale"

// Computes are the functions in the order of Build.Funcs. A thrown error is Internal, a passed deadline Timeout, another broken
// limit Limit, a result of another type than the declared one BadAnswer; all name the function.
func (f *Functions) Computes() []view.Compute {
	out := make([]view.Compute, len(f.funcs))
	for i := range f.funcs {
		out[i] = func(a *view.Account, in [][]byte, dst []byte) ([]byte, error) {
			var errs [1]error
			var ends [1]int
			dst = f.rows(i, a, [][][]byte{in}, dst, ends[:], errs[:])
			return dst, errs[0]
		}
	}
	return out
}

// Batches are the functions as Computes has them, over many rows on one machine.
func (f *Functions) Batches() []view.Batch {
	out := make([]view.Batch, len(f.funcs))
	for i := range f.funcs {
		out[i] = func(a *view.Account, in [][][]byte, dst []byte, ends []int, errs []error) []byte {
			return f.rows(i, a, in, dst, ends, errs)
		}
	}
	return out
}

// Stats are what the functions did so far.
func (f *Functions) Stats() Stats {
	f.mu.Lock()
	defer f.mu.Unlock()
	return Stats{Calls: f.calls.Load(), CPU: time.Duration(f.used.Load()), Breaks: maps.Clone(f.breaks)}
}

// Close lets the machines go. Calls that run end by themselves; later ones fail with Unavailable.
func (f *Functions) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	f.shut.Store(true)
	for _, m := range f.free {
		m.stop()
	}
	f.free = nil
}

// rows runs a function over rows: its closures, if it has any, else the engine.
func (f *Functions) rows(i int, a *view.Account, in [][][]byte, dst []byte, ends []int, errs []error) []byte {
	if !f.shut.Load() {
		if p := f.funcs[i].plain(); p != nil {
			return f.plainRows(p, i, a, in, dst, ends, errs)
		}
	}
	return f.engineRows(i, a, in, dst, ends, errs)
}

// engineRows runs a function over rows. The machine is held for all of them, unless one breaks it.
func (f *Functions) engineRows(i int, a *view.Account, in [][][]byte, dst []byte, ends []int, errs []error) []byte {
	fn := f.funcs[i]
	var m *machine
	var total time.Duration
	for r, row := range in {
		err := fn.ready()
		if err == nil && m == nil {
			m, err = f.begin(fn, a)
		}
		if err == nil {
			var used time.Duration
			var spoiled bool
			dst, used, err, spoiled = f.row(m, i, a, row, dst)
			total += used
			if spoiled {
				f.end(m, false)
				m = nil
			}
		}
		errs[r], ends[r] = err, len(dst)
	}
	if m != nil {
		f.end(m, true)
	}
	f.used.Add(int64(total))
	f.opts.Share.take(total)
	return dst
}

func (f *Functions) row(m *machine, i int, a *view.Account, in [][]byte, dst []byte) (out []byte, used time.Duration, err error, spoiled bool) {
	fn := f.funcs[i]
	if len(in) != len(fn.Inputs) {
		return dst, 0, &fault.Error{Kind: fault.Internal, Op: "computed", Subject: fn.Name, Message: fmt.Sprintf("%s takes %d inputs and was given %d", fn.Name, len(fn.Inputs), len(in))}, false
	}
	budget := f.opts.CPU
	if a != nil && !f.opts.Unlimited {
		if a.Left <= 0 {
			return dst, 0, fn.spent(), false
		}
		budget = min(budget, a.Left)
	}
	out, used, err, spoiled = m.call(i, fn, budget, in, dst)
	f.opts.Share.took(used)
	if spoiled && !f.opts.Unlimited {
		used += making.of()
	}
	f.calls.Add(1)
	if a != nil {
		a.Calls++
		a.Spent += used
		a.Left -= used
	}
	return out, used, err, spoiled
}

// begin finds a machine for a function's calls, and the package's turn.
func (f *Functions) begin(fn *function, a *view.Account) (*machine, error) {
	inLane, most := false, f.opts.Wait
	if !f.opts.Unlimited {
		if a != nil && a.Left <= 0 {
			return nil, fn.spent()
		}
		began := time.Now()
		if a != nil {
			most -= a.Waited
			defer func() { a.Waited += time.Since(began) }()
		}
		until := began.Add(most)
		ok := f.opts.Share.wait(most)
		if ok {
			most = time.Until(until)
			inLane, ok = f.opts.Share.enterLane(most)
		}
		if !ok {
			return nil, f.late(fn)
		}
	}
	m, err := f.take(fn, most)
	if err != nil {
		if inLane {
			leaveLane()
		}
		return nil, err
	}
	m.inLane = inLane
	m.enter()
	return m, nil
}

// paced waits for the package's turn, if it used more than its share.
func (f *Functions) paced(fn *function, a *view.Account) error {
	if f.opts.Unlimited || !f.opts.Share.owes() {
		return nil
	}
	most := f.opts.Wait
	if a != nil {
		began := time.Now()
		most -= a.Waited
		defer func() { a.Waited += time.Since(began) }()
	}
	if f.opts.Share.wait(most) {
		return nil
	}
	return f.late(fn)
}

// late is the error of a call whose turn does not come in time.
func (f *Functions) late(fn *function) error {
	how := limitSentences[LimitShare]
	f.broke(Break{Function: fn.Name, Limit: LimitShare, Kind: how.kind, Pos: fn.Pos, At: time.Now(), Text: "the package used more than its share of the processors"})
	return fn.fail(fn.Pos, how.kind, how.text, waits{fmt.Errorf("its turn would come later than in %v", f.opts.Wait)})
}

func (f *Functions) end(m *machine, good bool) {
	m.leave()
	if m.inLane {
		leaveLane()
	}
	f.give(m, good)
}

// take waits for a machine, by preference the one that ran last: its programs are loaded.
func (f *Functions) take(fn *function, most time.Duration) (*machine, error) {
	select {
	case f.slots <- struct{}{}:
	default:
		t := time.NewTimer(most)
		defer t.Stop()
		select {
		case f.slots <- struct{}{}:
		case <-t.C:
			return nil, fn.fail(fn.Pos, fault.Unavailable, "%s found no free runtime", fmt.Errorf("all %d stayed in use for %v", f.opts.Machines, f.opts.Wait))
		}
	}
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		<-f.slots
		return nil, fn.fail(fn.Pos, fault.Unavailable, "%s is closed", nil)
	}
	if n := len(f.free); n > 0 {
		m := f.free[n-1]
		f.free[n-1] = nil
		f.free = f.free[:n-1]
		f.mu.Unlock()
		return m, nil
	}
	f.mu.Unlock()
	m, err := newMachine(len(f.funcs), &f.opts)
	if err != nil {
		<-f.slots
		return nil, fn.fail(fn.Pos, fault.Internal, "%s found no runtime", err)
	}
	return m, nil
}

func (f *Functions) give(m *machine, good bool) {
	watch := false
	f.mu.Lock()
	if good && m.calls < maxCalls && !f.closed {
		m.since = clock()
		f.free = append(f.free, m)
		m = nil
		watch, f.watched = !f.watched, true
	}
	f.mu.Unlock()
	if watch {
		idlers.watch(f)
	}
	if m != nil {
		m.stop()
	}
	<-f.slots
}

// broke counts a broken limit and tells of it.
func (f *Functions) broke(b Break) {
	f.mu.Lock()
	f.breaks[b.Limit]++
	f.mu.Unlock()
	if f.opts.Broke != nil {
		f.opts.Broke(b)
	}
}

// spent is the error of a call for a request that has no time left. It is no break of the function's own.
func (fn *function) spent() *fault.Error {
	return fn.fail(fn.Pos, fault.Limit, "%s found no time left for this request", waits{errors.New("the request's functions used up their processor time")})
}

// headLines are the lines that enclosed puts before a source.
const headLines = 1

// place is where the innermost frame of a function's own code stands in the author's files; the function's place if that is not known.
func (fn *function) place(frames []goja.StackFrame) fault.Pos {
	for _, f := range frames {
		if p := f.Position(); f.SrcName() == fn.file() && p.Line > headLines {
			if at := fn.lines().pos(p.Line-headLines, p.Column); at.File != "" {
				return at
			}
		}
	}
	return fn.Pos
}

// fail makes an error that names the function.
func (fn *function) fail(at fault.Pos, k fault.Kind, format string, cause error) *fault.Error {
	return failed("computed", fn.Name, at, k, format, cause)
}

// failed is the failure of a package's code: its message names the code for a device, its cause is for the author, with the place.
func failed(op, name string, at fault.Pos, k fault.Kind, format string, cause error) *fault.Error {
	e := &fault.Error{Kind: k, Op: op, Subject: name, Message: fmt.Sprintf(format, name)}
	switch {
	case cause != nil && at.File != "":
		e.Err = fmt.Errorf("%s: %w", at, cause)
	case cause != nil:
		e.Err = cause
	}
	return e
}

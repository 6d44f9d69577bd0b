package scripts

import (
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/dop251/goja"

	"facet/fault"
)

// A machine is a goja runtime with the globals that computed functions see, and their programs once they ran.
// One goroutine at a time uses it; only the watchdog does not wait its turn.
type machine struct {
	said   string // by what was thrown last
	vm     *goja.Runtime
	opts   *RunOptions
	loaded []*loaded
	calls  int
	since  int64 // it was given back, on our clock
	inLane bool  // that of long calls
	locale string

	patterns  []*pattern // of the program that runs
	recording bool       // libraries run in it as well: what is no list may pass for one
	iterator  goja.Value // of lists, as the language has it; known while recording

	watch  watch
	thread thread
	began  int64 // of the call that runs, on our clock
	base   int64 // processor time of the thread then, as far as it is known
	guess  int64 // of it what is the wall's: calls too short to be measured

	meter
	matching
}

// A loaded is a function inside one machine. Its arguments are made once: what they read is replaced for each call.
type loaded struct {
	call   goja.Callable
	inputs *inputs
	args   [1]goja.Value
}

func newMachine(funcs int, o *RunOptions) (*machine, error) {
	if o.Unlimited {
		m, err := bareMachine(o, func(*machine) {})
		if err == nil {
			m.loaded = make([]*loaded, funcs)
		}
		return m, err
	}
	m, err := newLimited(o)
	if err != nil {
		return nil, err
	}
	m.loaded = make([]*loaded, funcs)
	m.watch.end = m.late
	dog.add(&m.watch)
	return m, nil
}

// bareMachine is a machine that the watchdog does not know. before is called while its globals can still be changed.
func bareMachine(o *RunOptions, before func(*machine)) (*machine, error) {
	t := lockThread()
	defer t.unlock()
	began := t.used()
	m := &machine{vm: goja.New(), opts: o}
	m.vm.SetMaxCallStackSize(o.CallStack)
	before(m)
	err := m.furnish()
	making.took(t.used() - began)
	return m, err
}

// A price is what something costs of the processor, of late.
type price struct{ now atomic.Int64 }

// making is the price of a machine. Who breaks one pays for the next, whoever makes it.
var making price

func (p *price) took(d time.Duration) {
	was := p.now.Load()
	if was == 0 {
		was = int64(d)
	}
	p.now.Store(was + (int64(d)-was)/4) // two at once may lose one of both: it is an average
}

func (p *price) of() time.Duration { return time.Duration(p.now.Load()) }

func (m *machine) stop() { dog.remove(&m.watch) }

// late is called by the watchdog.
func (m *machine) late(why string, used time.Duration) {
	b := &broken{limit: why, text: fmt.Sprintf("it ran for %v", used.Round(time.Millisecond/10))}
	switch why {
	case "wall":
		b.limit, b.starved, b.text = LimitCPU, true, fmt.Sprintf("it found too little of the processors within %v", used.Round(time.Millisecond))
	case LimitMemory:
		b.text = fmt.Sprintf("the process grew by more than %d MiB while it ran", maxBurst>>20)
	}
	m.watch.why.Store(b)
	m.vm.Interrupt(b)
}

// enter binds the machine to the goroutine for the calls until leave.
func (m *machine) enter() {
	if m.opts.Unlimited {
		return
	}
	m.thread = lockThread()
	m.watch.thread.Store(int64(m.thread))
	m.base, m.guess = int64(m.thread.used()), 0
	m.began = clock()
}

func (m *machine) leave() {
	if !m.opts.Unlimited {
		m.thread.unlock()
	}
}

// start begins a call that may use so much processor time.
func (m *machine) start(budget time.Duration) {
	m.watch.base.Store(m.base)
	m.watch.budget.Store(int64(budget))
	m.watch.start.Store(m.began)
	dog.call()
}

// finish ends a call and says what it used, and whether the watchdog meant to end it. A short call is charged what it lasted: to
// ask the system what it really had would cost as much as the call.
func (m *machine) finish() (used time.Duration, late bool) {
	late = m.watch.start.Swap(0) == cut
	now := clock()
	d := now - m.began
	if d >= int64(resync) {
		if at := int64(m.thread.used()); at >= 0 {
			d = min(d, max(0, at-m.base))
			m.base, m.guess = at, 0
		}
	} else {
		m.base += d
		if m.guess += d; m.guess > int64(time.Millisecond) { // on a busy machine the wall runs ahead: the next call would have more than its budget
			m.base, m.guess = int64(m.thread.used()), 0
		}
	}
	m.began = now
	return time.Duration(d), late
}

func (m *machine) load(i int, fn *function) (*loaded, error) {
	l := m.loaded[i]
	if l != nil && fn.stateless {
		return l, nil
	}
	v, err := m.vm.RunProgram(fn.program)
	if err != nil {
		return nil, err
	}
	call, ok := goja.AssertFunction(v)
	if !ok {
		return nil, errors.New("its source is no function")
	}
	if l == nil {
		l = &loaded{inputs: newInputs(m.vm, fn.names)}
		l.args[0] = m.vm.NewDynamicObject(l.inputs)
		m.loaded[i] = l
	}
	l.call = call
	return l, nil
}

// errDefect is all that a package's owner is told of the engine's own mistakes.
var errDefect = errors.New("the engine does not know how to go on: write it in another way")

// call runs a function between enter and leave. spoiled says that the machine must not be used again.
func (m *machine) call(i int, fn *function, budget time.Duration, in [][]byte, dst []byte) (out []byte, used time.Duration, err error, spoiled bool) {
	m.calls++
	m.patterns, m.said, m.locale = fn.patterns, "", ""
	m.meter.reset()
	limited := !m.opts.Unlimited
	if limited {
		m.start(budget)
	}
	out, err = m.run(i, fn, in, dst)
	late := false
	if limited {
		used, late = m.finish()
	}
	m.matching.reset()
	if err == nil && !late {
		return out, used, nil, false
	}
	if late && err == nil { // it ended while the watchdog came: the interrupt would hit the next call
		err = &broken{limit: LimitCPU, text: fmt.Sprintf("it had %v", budget)}
	}
	var thrown *goja.Exception
	var wrong *mismatch
	spoiled = late || m.broken != nil || !errors.As(err, &thrown) && !errors.As(err, &wrong)
	return dst, used, m.report(fn, err, budget), spoiled
}

func (m *machine) run(i int, fn *function, in [][]byte, dst []byte) (out []byte, err error) {
	defer func() {
		if r := recover(); r != nil { // a getter of a result that was interrupted, or a defect of goja
			err, _ = r.(error)
			if _, own := err.(runtime.Error); own || err == nil {
				err = errDefect
			}
		}
	}()
	l, err := m.load(i, fn)
	if err != nil {
		m.hear(err)
		return dst, err
	}
	if fn.locale >= 0 {
		m.locale = localeOf(in[fn.locale])
	}
	l.inputs.set(in[:len(fn.names)])
	v, err := l.call(goja.Undefined(), l.args[:]...)
	if err != nil {
		m.hear(err)
		return dst, err
	}
	w := writer{vm: m.vm, dst: dst, from: len(dst), most: m.opts.Output}
	if o, ok := v.(*goja.Object); !ok {
		err = w.scalar(v, fn.result)
	} else if ex := m.vm.Try(func() { err = w.object(o, fn.result, 0) }); ex != nil {
		m.hear(ex)
		err = ex
	}
	return w.dst, err
}

// hear makes a text of what was thrown, while the call's limits still hold: it may be an object with a toString of its own.
func (m *machine) hear(err error) {
	m.said = "what was thrown has no text"
	var thrown *goja.Exception
	if !errors.As(err, &thrown) {
		return
	}
	if ex := m.vm.Try(func() { m.said = short(thrown.Value().String()) }); ex != nil {
		m.said = "what was thrown has no text"
	}
}

// report turns what went wrong inside a call into an error for askers, with the JavaScript error as its cause, and tells of
// a broken limit.
func (m *machine) report(fn *function, err error, budget time.Duration) error {
	var (
		interrupted *goja.InterruptedError
		overflow    *goja.StackOverflowError
		wrong       *mismatch
		thrown      *goja.Exception
	)
	b := m.broken
	if b == nil && m.watch.over.Load() {
		b = m.watch.why.Load()
	}
	var frames []goja.StackFrame
	switch {
	case b != nil:
		frames = b.frames
	case errors.As(err, &interrupted):
		frames = interrupted.Stack()
		b, _ = interrupted.Value().(*broken)
	case errors.As(err, &b):
	case errors.As(err, &overflow):
		frames = overflow.Stack()
		b = &broken{limit: LimitStack, text: fmt.Sprintf("more than %d calls inside each other", m.opts.CallStack)}
	case errors.As(err, &wrong):
		if wrong.limit != "" {
			b = &broken{limit: wrong.limit, text: wrong.text()}
		}
	case errors.As(err, &thrown):
		frames = thrown.Stack()
	}
	at := fn.place(frames)
	var e *fault.Error
	switch {
	case wrong != nil:
		e = fn.fail(at, fault.BadAnswer, "%s", err)
		e.Message = fn.Name + " " + wrong.text()
		if wrong.limit != "" {
			e.Kind = fault.Limit
		}
	case b != nil && b.starved:
		return fn.fail(at, fault.Unavailable, "%s found no processor", errors.New(b.text))
	case b != nil && b.limit == LimitCPU && budget < m.opts.CPU:
		e = fn.fail(at, fault.Limit, "%s found no time left for this request", errors.New(b.text))
	case b != nil:
		how := limitSentences[b.limit]
		e = fn.fail(at, how.kind, how.text, errors.New(b.text))
	case thrown != nil:
		e = fn.fail(at, fault.Internal, "%s failed", errors.New(m.said))
	default:
		e = fn.fail(at, fault.Internal, "%s failed", err)
	}
	if b != nil {
		fn.owner.broke(Break{Function: fn.Name, Limit: b.limit, Kind: e.Kind, Pos: at, At: time.Now(), Text: b.text})
	}
	return e
}

// limitSentences are what a device reads of a broken limit.
var limitSentences = map[string]struct {
	kind fault.Kind
	text string
}{
	LimitCPU:    {fault.Timeout, "%s took too long"},
	LimitMemory: {fault.Limit, "%s made too much"},
	LimitOutput: {fault.Limit, "%s gave too much"},
	LimitDepth:  {fault.Limit, "%s met a value that is too deep"},
	LimitString: {fault.Limit, "%s made a text that is too long"},
	LimitArray:  {fault.Limit, "%s made a list that is too long"},
	LimitRegex:  {fault.Limit, "%s matched too much text"},
	LimitStack:  {fault.Limit, "%s calls itself too deeply"},
	LimitShare:  {fault.Limit, "%s has to wait: its package used more than its share"},
}

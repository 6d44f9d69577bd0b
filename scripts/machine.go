package scripts

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/dop251/goja"

	"facet/fault"
)

// A machine is a goja runtime with the globals that computed functions see, and their programs once they ran.
// One goroutine at a time uses it; only its timer does not wait its turn.
type machine struct {
	vm       *goja.Runtime
	loaded   []*loaded
	calls    int
	locale   string
	deadline time.Duration

	began time.Time
	start atomic.Int64 // nanoseconds since began of the call that runs, plus 1; 0: none; cut: its deadline passed
	armed atomic.Bool  // the timer is set
	spent atomic.Int64 // of processor time by the process, when the timer was set for the first of its calls
	timer *time.Timer
}

// A loaded is a function inside one machine. Its arguments are made once: what they read is replaced for each call.
type loaded struct {
	call   goja.Callable
	inputs *inputs
	args   [1]goja.Value
}

const cut = -1

func newMachine(funcs int, o RunOptions) (*machine, error) {
	m := &machine{vm: goja.New(), loaded: make([]*loaded, funcs), deadline: o.CPU, began: time.Now()}
	// It is made here and set by calls: ring reads the field, and must not see it being written.
	m.timer = time.AfterFunc(time.Hour, m.ring)
	m.timer.Stop()
	m.vm.SetMaxCallStackSize(o.CallStack)
	if err := m.furnish(); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *machine) stop() { m.timer.Stop() }

func (m *machine) load(i int, fn *function, program *goja.Program) (*loaded, error) {
	l := m.loaded[i]
	if l != nil && fn.stateless {
		return l, nil
	}
	v, err := m.vm.RunProgram(program)
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

func (m *machine) call(i int, fn *function, program *goja.Program, in [][]byte, dst []byte) (out []byte, err error) {
	m.calls++
	m.watch()
	defer func() {
		if r := recover(); r != nil { // a defect of goja, or a getter of a result that was interrupted
			err, _ = r.(error)
			if err == nil {
				err = fmt.Errorf("panic: %v", r)
			}
		}
		late := m.start.Swap(0) == cut
		if err != nil {
			err = fn.report(err)
		} else if late { // it ended while the timer fired: the interrupt would hit the next call
			err = fn.fail(fault.Timeout, "%s took too long", fmt.Errorf("it had %v", m.deadline))
		}
	}()
	l, err := m.load(i, fn, program)
	if err != nil {
		return dst, err
	}
	if fn.locale >= 0 {
		m.locale = localeOf(in[fn.locale])
	}
	l.inputs.set(in[:len(fn.names)])
	v, err := l.call(goja.Undefined(), l.args[:]...)
	if err != nil {
		return dst, err
	}
	w := writer{vm: m.vm, dst: dst, from: len(dst)}
	if o, ok := v.(*goja.Object); !ok {
		err = w.scalar(v, fn.result)
	} else if ex := m.vm.Try(func() { err = w.object(o, fn.result, 0) }); ex != nil {
		err = ex
	}
	return w.dst, err
}

// report turns what went wrong inside a call into an error for askers, with the JavaScript error as its cause.
func (fn *function) report(err error) error {
	var (
		interrupted *goja.InterruptedError
		overflow    *goja.StackOverflowError
		wrong       *mismatch
		thrown      *goja.Exception
	)
	switch {
	case errors.As(err, &wrong):
		e := fn.fail(fault.BadAnswer, "%s", err)
		e.Message = fn.Name + " " + wrong.text()
		return e
	case errors.As(err, &interrupted):
		return fn.fail(fault.Timeout, "%s took too long", fmt.Errorf("%v", interrupted.Value()))
	case errors.As(err, &overflow):
		return fn.fail(fault.Internal, "%s calls itself too deeply", errors.New("call stack exceeded"))
	case errors.As(err, &thrown):
		return fn.fail(fault.Internal, "%s failed", errors.New(thrown.String()))
	}
	return fn.fail(fault.Internal, "%s failed", err)
}

// patience is how many deadlines a call may last at the most on a machine that is too busy to run it.
const patience = 20

// watch begins a call. The timer is set at most once a deadline, not once a call: when it fires it looks at the call
// that runs then, and sets itself again for what is left of it.
func (m *machine) watch() {
	m.start.Store(int64(time.Since(m.began)) + 1)
	if m.armed.Swap(true) {
		return
	}
	m.spent.Store(int64(processorTime()))
	m.timer.Reset(m.deadline)
}

// ring ends the call that runs if its deadline passed. A clock on the wall would also end calls that the computer did
// not run: so the process must have had that much processor time too.
func (m *machine) ring() {
	m.armed.Store(false) // before start is read: a call that begins now sets the timer itself
	s := m.start.Load()
	if s <= 0 {
		return
	}
	lasted := time.Since(m.began) - time.Duration(s-1)
	left := m.deadline - lasted
	if left > 0 { // the timer was set for an earlier call
		m.spent.Store(int64(processorTime()))
	} else if lasted < patience*m.deadline {
		left = m.deadline - (processorTime() - time.Duration(m.spent.Load()))
	}
	if left > 0 {
		if !m.armed.Swap(true) {
			m.timer.Reset(max(left, time.Millisecond))
		}
		return
	}
	if m.start.CompareAndSwap(s, cut) {
		m.vm.Interrupt(fmt.Sprintf("the deadline of %v passed", m.deadline))
	}
}

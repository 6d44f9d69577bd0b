// Package plain runs computed functions as Go closures. Most need no engine; what their code meets that is left out here (an error to throw,
// half of a surrogate pair, an object that becomes text, more steps than a small function takes) gives the call back, and the engine
// runs it from its beginning: functions are pure, so nothing has happened.
package plain

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/dop251/goja"
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/parser"
)

// Bounds of a call in Go, so that it lasts less than a millisecond. Past them the engine runs it, under its own.
const (
	maxSteps = 10_000    // calls, rounds and parts of values, each of less than a hundred nanoseconds
	maxBytes = 128 << 10 // of texts that are made
	maxCalls = 48        // calls inside each other
	maxSlots = 4096      // variables and arguments of all calls that run
	maxNames = 256       // properties of an object: they are looked for one by one
	fewSlots = 64        // that are kept for the next call
)

// A Function is a function as Go closures. It is safe for concurrent use.
type Function struct {
	fn     *code
	names  []string // of the inputs
	locale int      // the index of the input after them that names the locale; -1: none
	kind   *Kind
	around []val // variables of the module, which nothing changes any more
	host   Formatter
}

// A Unfit says why a function is left to the engine.
type Unfit struct {
	At   int // byte of the source; -1: not known
	Text string
}

func (e *Unfit) Error() string { return e.Text }

// Compile compiles the source of a view.Func whose inputs have these names, for results of one kind. The error is a Unfit that says
// what of it needs the engine, or that of the parser. host runs format.*, whose locale is the input after the names; nil: the function has none.
func Compile(source string, names []string, k *Kind, host Formatter) (*Function, error) {
	prog, err := goja.Parse("", head+source+"\n)", parser.WithDisableSourceMaps)
	if err != nil {
		return nil, err
	}
	c := &compiler{source: head + source, names: names, kind: k, host: host, streams: true}
	p, err := c.program(prog)
	if err == nil && c.changes {
		// What is changed after it was put into a result must not have been written yet.
		c = &compiler{source: c.source, names: names, kind: k, host: host, changes: true}
		p, err = c.program(prog)
	}
	return p, err
}

// head stands before a source, so that it is an expression.
const head = "(\n"

func (c *compiler) program(prog *ast.Program) (p *Function, err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *Unfit:
			p, err = nil, r
		case leaving: // while a constant was computed
			p, err = nil, &Unfit{At: -1, Text: "a constant of the module"}
		default:
			panic(r)
		}
	}()
	if len(prog.Body) != 1 {
		return nil, &Unfit{At: -1, Text: "a source that is no expression"}
	}
	s, ok := prog.Body[0].(*ast.ExpressionStatement)
	if !ok {
		return nil, &Unfit{At: -1, Text: "a source that is no expression"}
	}
	outer := &pending{}
	root := &scope{fn: outer, names: map[string]*binding{}}
	fn, consts := c.entry(s.Expression, root)
	p = &Function{fn: fn, names: c.names, kind: c.kind, around: settle(outer, consts), locale: -1, host: c.host}
	if c.host != nil {
		p.locale = len(c.names)
	}
	return p, nil
}

// settle computes the variables of the module, once.
func settle(outer *pending, consts []stmt) []val {
	if outer.slots == 0 && len(consts) == 0 {
		return nil
	}
	r := runners.Get().(*Runner)
	c := &r.call
	c.steps, c.bytes, c.depth, c.top = 0, 0, 0, 0
	r.around = frame{slots: make([]val, outer.slots), call: c}
	c.around = &r.around
	slots := r.around.slots
	for _, i := range outer.unset {
		slots[i].tag = pUnset
	}
	for _, s := range consts {
		if s(&r.around) != goOn { // the runner is nobody's then, as after a panic
			panic(&Unfit{At: -1, Text: "a statement of the module that ends early"})
		}
	}
	r.Give()
	for _, v := range slots {
		shut(v)
	}
	return slots
}

// A Runner runs a function, one call at a time.
type Runner struct {
	p      *Function
	around frame
	call   call
}

// A call is what one call uses.
type call struct {
	steps int
	bytes int
	depth int
	top   int // slots that are in use
	high  int // the most that were
	slots []val
	row   [][]byte // JSON of the inputs

	dst  []byte // the result
	from int    // where it begins
	most int    // bytes of it

	p      *Function
	around *frame // of the module
	deep   int    // the most calls inside each other
	frames [maxCalls + 1]frame
}

var runners = sync.Pool{New: func() any { return &Runner{call: call{slots: make([]val, fewSlots)}} }}

// Defects counts calls that were given to the engine because something here went wrong. Tests look at it.
var Defects atomic.Int64

// Take gives a runner of the function, which goes back with Give. Nothing of one call is there in another one.
func (p *Function) Take() *Runner {
	r := runners.Get().(*Runner)
	r.p, r.call.p = p, p
	r.around = frame{slots: p.around, call: &r.call}
	r.call.around = &r.around
	return r
}

// Give takes the runner back.
func (r *Runner) Give() {
	c := &r.call
	if len(c.slots) > fewSlots {
		c.slots = make([]val, fewSlots)
	} else {
		clear(c.slots[:min(c.high, len(c.slots))])
	}
	clear(c.frames[:min(c.deep, maxCalls)+1])
	c.row, c.dst, c.p, r.p, r.around = nil, nil, nil, nil, frame{}
	c.high, c.deep = 0, 0
	runners.Put(r)
}

// Run computes one row, whose result is appended to dst; it has at most so many bytes. ok is false if the engine has to: out is dst then.
func (r *Runner) Run(in [][]byte, dst []byte, most int) (out []byte, steps int, ok bool) {
	c := &r.call
	c.steps, c.bytes, c.depth, c.top = 0, 0, 0, 0
	c.row, c.dst, c.from, c.most = in, dst, len(dst), most
	defer func() {
		steps = c.steps
		if ok {
			return
		}
		out = dst
		if e := recover(); e != nil {
			if _, leaves := e.(leaving); !leaves {
				Defects.Add(1) // the engine knows the answer
			}
		}
	}()
	p := r.p
	if p.fn.result != nil {
		p.fn.start(&r.around)
	} else {
		in := ref(pObject, p.inputs(c))
		args := c.reserve(1)
		args[0] = in
		c.value(p.fn.call(&r.around, args), p.kind, 0)
	}
	if len(c.dst)-c.from > most {
		leave()
	}
	return c.dst, c.steps, true
}

// inputs are the object that a function is called with.
func (p *Function) inputs(c *call) *obj {
	o := &obj{names: p.names, vals: make([]val, len(p.names)), row: c.row}
	for i := range o.vals {
		o.vals[i].tag = pUnset
	}
	return o
}

// step counts work.
func (c *call) step(n int) {
	if c.steps += n; c.steps > maxSteps {
		leave()
	}
}

// make counts the bytes of a text that is about to be made.
func (c *call) make(n int) {
	if c.bytes += n; c.bytes > maxBytes {
		leave()
	}
	c.step(n >> 6)
}

// reserve gives slots; who reserves them puts call.top back when they are not needed any more.
func (c *call) reserve(n int) []val {
	from := c.top
	if from+n > len(c.slots) {
		if from+n > maxSlots {
			leave()
		}
		c.slots = make([]val, min(maxSlots, 2*(from+n))) // who runs keeps the slots that he has
		c.high = 0
	}
	c.top = from + n
	c.high = max(c.high, c.top)
	return c.slots[from:c.top:c.top]
}

type (
	expr   func(f *frame) val
	stmt   func(f *frame) flow
	binder func(f *frame, v val)
	writes func(f *frame) // appends a value to call.dst
	flow   uint8
)

// How a statement ended.
const (
	goOn       flow = iota
	flowReturn      // with frame.out
	flowDone        // with a result that is written
	flowBreak
	flowContinue
)

// A frame is the variables of one call of a function.
type frame struct {
	slots []val
	up    *frame // of the function around it
	call  *call
	out   val // what was returned
}

// A code is a function of the program.
type code struct {
	cost   int // steps of one call
	params []binder
	row    []func(f *frame) // instead of params: binds the inputs themselves
	init   []val            // the slots at its beginning
	body   stmt
	value  expr   // instead of body
	tail   writes // instead of both: writes the result
	result *Kind  // of the program's function
	set    bool   // its declaration was reached: calls of the module's constants may come before it
	self   *obj   // it as a value
}

// enter begins a call of a function whose surrounding variables are those of up.
func (fn *code) enter(up *frame) *frame {
	c := up.call
	c.step(fn.cost)
	if c.depth++; c.depth > maxCalls {
		leave()
	}
	c.deep = max(c.deep, c.depth)
	f := &c.frames[c.depth]
	f.slots, f.up, f.call, f.out = c.reserve(len(fn.init)), up, c, val{}
	copy(f.slots, fn.init)
	return f
}

// call runs a function. args may be slots.
func (fn *code) call(up *frame, args []val) val {
	c := up.call
	was := c.top
	f := fn.enter(up)
	for i, bind := range fn.params {
		if i < len(args) {
			bind(f, args[i])
		} else {
			bind(f, undefinedVal)
		}
	}
	var out val
	if fn.value != nil {
		out = fn.value(f)
	} else if fn.body(f) == flowReturn {
		out = f.out
	}
	c.top = was
	c.depth--
	return out
}

// start runs the program's function, which reads the inputs where they are and writes its result where it belongs.
func (fn *code) start(around *frame) {
	c := around.call
	f := fn.enter(around)
	for _, bind := range fn.row {
		bind(f)
	}
	if fn.row == nil {
		in := ref(pObject, c.p.inputs(c))
		for i, bind := range fn.params {
			if i > 0 {
				in = undefinedVal
			}
			bind(f, in)
		}
	}
	switch {
	case fn.tail != nil:
		fn.tail(f)
	case fn.value != nil:
		c.value(fn.value(f), fn.result, 0)
	default:
		switch fn.body(f) {
		case flowDone:
		case flowReturn:
			c.value(f.out, fn.result, 0)
		default:
			c.value(undefinedVal, fn.result, 0)
		}
	}
}

func (c *compiler) no(n ast.Node, format string, args ...any) {
	at := -1
	if n != nil {
		at = int(n.Idx0()) - 1 - len(head)
	}
	panic(&Unfit{At: at, Text: fmt.Sprintf(format, args...)})
}

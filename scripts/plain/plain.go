// Package plain runs computed functions as Go closures. Most need no engine; what their code meets that is left out here (an error to throw,
// half of a surrogate pair, an object that becomes text, more steps than a small function takes) gives the call back, and the engine
// runs it from its beginning: functions are pure, so nothing has happened.
package plain

import (
	"fmt"
	"sync"

	"github.com/dop251/goja"
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/parser"
)

// Most computed functions need no engine: their code becomes Go closures when the build is opened. What they meet when they run that the
// closures leave out (an error to throw, half of a surrogate pair, an object that becomes text, more steps than a small function
// takes) gives the call to the engine, from its beginning: functions are pure, so nothing has happened.

// Bounds of a call in Go. Past them the engine runs it, under its own.
const (
	maxSteps  = 20_000    // calls, rounds and parts of results
	maxBytes  = 128 << 10 // of texts that are made
	maxCalls  = 48        // calls inside each other
	maxSlots  = 4096      // variables of all calls that run
	plainStep = 20        // nanoseconds of a request's account for one
)

// A Function is a function as Go closures. It is safe for concurrent use.
type Function struct {
	fn    *code
	names []string // of the inputs
	pool  sync.Pool
}

// A call is what one call uses.
type call struct {
	steps int
	bytes int
	depth int
	slots []val
	top   int
	in    obj
}

type (
	expr   func(f *frame) val
	stmt   func(f *frame) flow
	binder func(f *frame, v val)
	flow   uint8
)

// How a statement ended.
const (
	goOn flow = iota
	flowReturn
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
	params []binder
	init   []val // the slots at its beginning
	body   stmt
	value  expr // instead of body
	made   bool // false while it is compiled
}

// A Unfit says why a function is left to the engine.
type Unfit struct {
	at   int // goja's index in the source
	text string
}

func (e *Unfit) Error() string { return e.text }

// Compile compiles the source of a view.Func; the error says what of it needs the engine.
func Compile(source string, names []string) (p *Function, err error) {
	prog, err := goja.Parse("", "(\n"+source+"\n)", parser.WithDisableSourceMaps)
	if err != nil {
		return nil, err
	}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *Unfit:
			p, err = nil, r
		case leaving: // while a constant was computed
			p, err = nil, &Unfit{text: "a constant needs the engine"}
		default:
			panic(r)
		}
	}()
	s, ok := prog.Body[0].(*ast.ExpressionStatement)
	if !ok || len(prog.Body) != 1 {
		return nil, &Unfit{text: "it is no expression"}
	}
	c := &compiler{}
	outer := &pending{}
	root := &scope{fn: outer, names: map[string]*binding{}}
	fn, consts := c.entry(s.Expression, root)
	p = &Function{fn: fn, names: names}
	// What stands around the function is computed once.
	first := &call{slots: make([]val, maxSlots)}
	around := &frame{slots: make([]val, outer.slots), call: first}
	for i := range around.slots {
		around.slots[i].tag = pUnset
	}
	for _, s := range consts {
		if s(around) != goOn {
			return nil, &Unfit{text: "a statement at module level ends early"}
		}
	}
	p.pool.New = func() any {
		return &machine{call: call{slots: make([]val, 64)}, around: frame{slots: around.slots}}
	}
	return p, nil
}

// A machine is kept for the next call.
type machine struct {
	call   call
	around frame
	arg    [1]val
}

// Run computes one row. ok is false if the engine has to: dst is then as it was.
func (p *Function) Run(in [][]byte, dst []byte, k *Kind, most int) (out []byte, steps int, ok bool) {
	m := p.pool.Get().(*machine)
	from := len(dst)
	defer func() {
		if r := recover(); r != nil {
			if _, leaves := r.(leaving); !leaves {
				panic(r)
			}
			out, ok = dst[:from], false
		}
		steps = m.call.steps
		clear(m.call.slots[:min(len(m.call.slots), 64)])
		m.call.in.vals = m.call.in.vals[:0]
		m.arg[0] = val{}
		p.pool.Put(m)
	}()
	c := &m.call
	c.steps, c.bytes, c.depth, c.top = 0, 0, 0, 0
	m.around.call = c
	c.in = obj{names: p.names, vals: c.in.vals[:0]}
	for _, raw := range in[:len(p.names)] {
		c.in.vals = append(c.in.vals, fromJSON(raw))
	}
	m.arg[0] = val{tag: pObject, o: &c.in}
	v := p.fn.call(&m.around, m.arg[:])
	w := writer{dst: dst, from: from, most: most, call: c}
	w.value(v, k, 0)
	return w.dst, c.steps, true
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

// call runs a function whose surrounding variables are those of up.
func (fn *code) call(up *frame, args []val) val {
	c := up.call
	c.step(1)
	if c.depth++; c.depth > maxCalls {
		leave()
	}
	from, n := c.top, len(fn.init)
	if from+n > len(c.slots) {
		if from+n > maxSlots {
			leave()
		}
		more := make([]val, min(maxSlots, 2*(from+n))) // frames that run keep the slots that they have
		c.slots, from = more, 0
		c.top = 0
	}
	was := c.top
	c.top = from + n
	f := frame{slots: c.slots[from : from+n : from+n], up: up, call: c}
	copy(f.slots, fn.init)
	for i, bind := range fn.params {
		v := undefinedVal
		if i < len(args) {
			v = args[i]
		}
		bind(&f, v)
	}
	var out val
	if fn.value != nil {
		out = fn.value(&f)
	} else if fn.body(&f) == flowReturn {
		out = f.out
	}
	c.top = was
	c.depth--
	return out
}

func (c *compiler) no(n ast.Node, format string, args ...any) {
	at := 0
	if n != nil {
		at = int(n.Idx0())
	}
	panic(&Unfit{at: at, text: fmt.Sprintf(format, args...)})
}

package scripts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/dop251/goja"

	"facet/fault"
	"facet/view"
)

// A handling is one run of a handler on a machine of its own, which is thrown away after it. The goroutine that begins it does
// all of it: code runs in turns, and between them the calls that it made are answered.
type handling struct {
	code *handlerCode
	m    *machine
	c    *HandlerCall
	ctx  context.Context
	did  *view.HandlerRun

	began   time.Time
	left    time.Duration // of processor time
	quota   view.HandlerQuota
	queue   []pending
	loads   int
	changes int
	counts  int
	quiet   bool // info and debug lines of this request are not written
	random  uint64

	raised  []raised               // errors that Go made, and what they stand for
	lost    map[*goja.Promise]bool // rejected, and nobody looks
	failing goja.Callable          // makes an Error of a text
	promise *goja.Promise          // of the handler's function
}

// A pending call waits for its turn.
type pending struct {
	call    view.LoadCall
	change  bool
	resolve func(any) error
	reject  func(any) error
}

// A raised error is known by its object, so that code that lets it pass passes on its kind.
type raised struct {
	object *goja.Object
	err    *fault.Error
}

// Run implements Handlers.
func (h *handlerSet) Run(ctx context.Context, c *HandlerCall, dst []byte) (out []byte, did *view.HandlerRun, err error) {
	did = &view.HandlerRun{}
	if c.Handler < 0 || c.Handler >= len(h.list) {
		return dst, did, fault.New(fault.Internal, "no handler %d", c.Handler)
	}
	code := h.list[c.Handler]
	if err := h.enter(ctx, code); err != nil {
		return dst, did, err
	}
	defer h.leave()
	x := &handling{code: code, c: c, ctx: ctx, did: did, began: time.Now(), quota: code.quota, random: c.Seed, lost: map[*goja.Promise]bool{}}
	if c.CPU > 0 {
		x.quota.CPU = min(x.quota.CPU, c.CPU)
	}
	x.left = x.quota.CPU
	if code.Sample > 0 {
		x.quiet = unit(splitmix(c.Seed^0x5a)) >= code.Sample
	}
	if x.m, err = newMachine(0, &code.opts); err != nil {
		return dst, did, code.fail(code.Pos, fault.Internal, "%s found no runtime", err)
	}
	defer x.m.stop()
	if !code.opts.Unlimited {
		did.CPU = making.of() // its own, whoever made it, and whenever
	}
	stop := context.AfterFunc(ctx, func() { x.m.vm.Interrupt(context.Cause(ctx)) })
	defer stop()
	out, err = x.run(dst)
	h.opts.Share.take(did.CPU)
	if err != nil {
		return dst, did, err
	}
	return out, did, nil
}

// run takes turns until the function's promise is settled and every call that it made has been answered.
func (x *handling) run(dst []byte) ([]byte, error) {
	if err := x.turn(x.start); err != nil {
		return dst, x.report(err)
	}
	for x.promise.State() == goja.PromiseStatePending || x.promise.State() == goja.PromiseStateFulfilled && len(x.queue) > 0 {
		if len(x.queue) == 0 {
			return dst, x.code.fail(x.code.Pos, fault.Internal, "%s failed", errors.New("it waits for something that never comes: nothing that it called is left to answer"))
		}
		if x.did.Turns++; x.did.Turns > x.quota.Turns {
			return dst, x.limit(LimitTurns, fmt.Sprintf("it waited more than %d times", x.quota.Turns))
		}
		if err := x.answer(); err != nil {
			return dst, err
		}
	}
	if x.promise.State() == goja.PromiseStateRejected {
		return dst, x.thrown(x.promise.Result())
	}
	for p := range x.lost { // of calls that nobody awaited; where there are several, any
		return dst, x.thrown(p.Result())
	}
	var out []byte
	err := x.turn(func() (err error) {
		out, err = x.result(dst)
		return err
	})
	if err != nil {
		return dst, x.report(err)
	}
	return out, nil
}

// answer answers the calls that stand first: loads up to the next mutation as one request, or a mutation.
func (x *handling) answer() error {
	n := 1
	if !x.queue[0].change {
		for n < len(x.queue) && n < x.quota.Parallel && !x.queue[n].change {
			n++
		}
	}
	now := x.queue[:n:n]
	x.queue = x.queue[n:]
	var got []view.Loaded
	if now[0].change {
		got = []view.Loaded{x.c.Loader.Mutate(x.ctx, now[0].call)}
	} else {
		calls := make([]view.LoadCall, n)
		for i := range now {
			calls[i] = now[i].call
		}
		got = x.c.Loader.Load(x.ctx, calls)
	}
	if err := x.ctx.Err(); err != nil {
		return x.late()
	}
	if len(got) != n {
		return x.code.fail(x.code.Pos, fault.Internal, "%s failed", fmt.Errorf("%d calls had %d answers", n, len(got)))
	}
	err := x.turn(func() error {
		for i := range now {
			if err := x.settle(&now[i], &got[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return x.report(err)
	}
	return nil
}

func (x *handling) settle(p *pending, got *view.Loaded) error {
	if got.Err != nil {
		return p.reject(x.raise(got.Err))
	}
	x.m.charge(int64(len(got.Data)) * sizeOfJSON)
	v, err := jsonValue(x.m.vm, got.Data)
	if err != nil {
		return p.reject(x.raise(x.code.fail(x.code.Pos, fault.BadAnswer, "%s loaded what cannot be read", err)))
	}
	return p.resolve(v)
}

// turn runs code, and all that waits for what it does, as one call of the engine under what is left of the processor time.
func (x *handling) turn(do func() error) (err error) {
	if x.left <= 0 {
		return x.limit(LimitCPU, fmt.Sprintf("it had %v", x.quota.CPU))
	}
	m, share := x.m, x.code.opts.Share
	in, ok := share.enterLane(x.code.opts.Wait)
	if !ok {
		how := limitSentences[LimitShare]
		return x.code.fail(x.code.Pos, how.kind, how.text, waits{fmt.Errorf("its turn would come later than in %v", x.code.opts.Wait)})
	}
	if in {
		defer leaveLane()
	}
	m.enter()
	defer m.leave()
	m.start(x.left)
	err = x.inside(do)
	used, late := m.finish()
	x.left -= used
	x.did.CPU += used
	share.took(used)
	if m.broken != nil { // what the code made of the error that ended the native does not count
		return x.broke(m.broken, x.code.place(m.broken.frames))
	}
	if err == nil && late {
		err = x.limit(LimitCPU, fmt.Sprintf("it had %v", x.quota.CPU))
	}
	return err
}

// inside makes one outermost call of the engine: what do settles runs when it is over.
func (x *handling) inside(do func() error) (err error) {
	defer func() {
		if r := recover(); r != nil { // a getter that was interrupted, or a defect of goja
			err, _ = r.(error)
			if err == nil {
				err = fmt.Errorf("panic: %v", r)
			}
		}
	}()
	vm := x.m.vm
	fn, _ := goja.AssertFunction(vm.ToValue(func(goja.FunctionCall) goja.Value {
		if ex := vm.Try(func() { err = do() }); ex != nil {
			err = ex
		}
		return goja.Undefined()
	}))
	if _, outer := fn(goja.Undefined()); outer != nil {
		return outer
	}
	return err
}

// start runs the handler's function until it first waits.
func (x *handling) start() error {
	vm := x.m.vm
	vm.SetPromiseRejectionTracker(func(p *goja.Promise, op goja.PromiseRejectionOperation) {
		if op == goja.PromiseRejectionReject {
			x.lost[p] = true
		} else {
			delete(x.lost, p)
		}
	})
	program, err := handlerErrors()
	if err != nil {
		return err
	}
	made, err := vm.RunProgram(program)
	if err != nil {
		return err
	}
	x.failing, _ = goja.AssertFunction(made)
	args, err := jsonValue(vm, x.c.Args)
	if err != nil {
		return err
	}
	x.m.patterns = x.code.patterns
	v, err := vm.RunProgram(x.code.program)
	if err != nil {
		return err
	}
	fn, ok := goja.AssertFunction(v)
	if !ok {
		return errors.New("its source is no function")
	}
	env, err := x.environment()
	if err != nil {
		return err
	}
	got, err := fn(goja.Undefined(), args, env)
	if err != nil {
		return err
	}
	if o, ok := got.(*goja.Object); ok && o.ClassName() == "Promise" { // a list would be copied whole by Export, holes and all
		if p, ok := o.Export().(*goja.Promise); ok {
			x.promise = p
			delete(x.lost, p)
			return nil
		}
	}
	p, resolve, _ := vm.NewPromise() // the function is not async
	x.promise = p
	return resolve(got)
}

// result writes what the function returned.
func (x *handling) result(dst []byte) ([]byte, error) {
	if x.code.Nothing() {
		x.drop(x.promise.Result())
		return append(dst, "null"...), nil
	}
	w := writer{vm: x.m.vm, dst: dst, from: len(dst), most: x.quota.Result}
	v := x.promise.Result()
	var err error
	if o, ok := v.(*goja.Object); ok {
		err = w.object(o, x.code.result, 0)
	} else {
		err = w.scalar(v, x.code.result)
	}
	return w.dst, err
}

// jsonValue makes a value of JSON. Unlike the engine's own parser it is not bound by what natives may read.
func jsonValue(vm *goja.Runtime, text json.RawMessage) (goja.Value, error) {
	if len(text) == 0 {
		return goja.Null(), nil
	}
	r := jsonReader{vm: vm, dec: newDecoder(text)}
	return r.value(0)
}

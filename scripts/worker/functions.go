package worker

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"sync"
	"time"

	"facet/fault"
	"facet/scripts"
	"facet/view"
)

// Functions are the computed functions of one build, run in its tenant's child. They are safe for concurrent use.
type Functions struct {
	pool   *Pool
	tenant string
	build  *view.Build
	id     uint64
	o      scripts.RunOptions
	open   []byte        // what opens them in a child
	slots  chan struct{} // calls at a time

	mu     sync.Mutex
	stats  scripts.Stats
	closed bool
}

var _ scripts.Callable = (*Functions)(nil)

// Open makes a build's functions callable, as scripts.Open does, in a child of the build's tenant. It opens them there at
// once, so that what is wrong with them is known: Invalid; and again in each child that takes its place.
func (p *Pool) Open(b *view.Build, o scripts.RunOptions) (*Functions, error) {
	return p.open(b, o, partFunctions)
}

func (p *Pool) open(b *view.Build, o scripts.RunOptions, part byte) (*Functions, error) {
	text, err := b.Encode()
	if err != nil {
		return nil, err
	}
	f := &Functions{pool: p, tenant: Tenant(b.Package), build: b, id: p.ids.Add(1), o: o}
	if f.o.CPU <= 0 {
		f.o.CPU = 10 * time.Millisecond
	}
	if f.o.Wait <= 0 {
		f.o.Wait = time.Second
	}
	if f.o.Machines <= 0 {
		f.o.Machines = 2 * runtime.GOMAXPROCS(0)
	}
	f.slots = make(chan struct{}, f.o.Machines)
	f.open = putText(putOptions(append(putUint(nil, f.id), part), f.o), text)
	f.stats.Breaks = map[string]uint64{}
	if err := f.ready(); err != nil {
		return nil, err
	}
	return f, nil
}

// ready opens the functions in the tenant's child.
func (f *Functions) ready() error {
	for n := 0; ; n++ {
		err := f.with(func(p *process, h *hand) error { return nil })
		var died *ended
		if !errors.As(err, &died) {
			return err
		}
		if n == 1 {
			return f.crashed(died, f.build.Package)
		}
	}
}

// Computes are the functions in the order of Build.Funcs.
func (f *Functions) Computes() []view.Compute {
	out := make([]view.Compute, len(f.build.Funcs))
	for i := range out {
		out[i] = func(a *view.Account, in [][]byte, dst []byte) ([]byte, error) {
			var (
				ends [1]int
				errs [1]error
			)
			from := len(dst)
			got := f.batch(i, a, [][][]byte{in}, dst, ends[:], errs[:])
			if errs[0] != nil {
				return dst[:from], errs[0]
			}
			return got, nil
		}
	}
	return out
}

// Batches are the functions over many rows at once: one frame there and one back.
func (f *Functions) Batches() []view.Batch {
	out := make([]view.Batch, len(f.build.Funcs))
	for i := range out {
		out[i] = func(a *view.Account, in [][][]byte, dst []byte, ends []int, errs []error) []byte {
			return f.batch(i, a, in, dst, ends, errs)
		}
	}
	return out
}

// Stats are what the functions did since they were opened.
func (f *Functions) Stats() scripts.Stats {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.stats
	s.Breaks = maps.Clone(s.Breaks)
	return s
}

// Close lets the functions go, in the child as well.
func (f *Functions) Close() {
	f.mu.Lock()
	was := f.closed
	f.closed = true
	f.mu.Unlock()
	if !was {
		f.pool.forget(f.tenant, f.id)
	}
}

// forget closes a build in a tenant's child, if it is there.
func (p *Pool) forget(name string, id uint64) {
	p.mu.Lock()
	t := p.tenants[name]
	var c *process
	if t != nil && t.p != nil && t.p.alive() {
		c = t.p
		c.users.Add(1)
	}
	p.mu.Unlock()
	if c == nil {
		return
	}
	defer p.leave(c)
	c.mu.Lock()
	known := c.open[id] != nil
	delete(c.open, id)
	c.mu.Unlock()
	if !known {
		return
	}
	if h, err := c.hand(); err == nil {
		if _, _, err := c.exchange(h, putUint(h.begin(fClose), id), maxPlain, time.Second); err != nil {
			_ = h.sock.Close()
			return
		}
		c.back(h)
	}
}

// An ended is the end of the child that a call was made in.
type ended struct {
	why     string
	starved bool
}

func (e *ended) Error() string { return "its process ended: " + e.why }

// with gives a lane of the tenant's child, in which the functions are open. The lane is good as long as use returns nil or a
// fault.Error; any other error is the end of the child.
func (f *Functions) with(use func(p *process, h *hand) error) error {
	f.mu.Lock()
	closed := f.closed
	f.mu.Unlock()
	if closed {
		return &fault.Error{Kind: fault.Unavailable, Op: "computed", Subject: f.build.Package, Message: "the functions of " + f.build.Package + " are closed"}
	}
	p, err := f.pool.take(context.Background(), f.tenant)
	if err != nil {
		return err
	}
	defer f.pool.leave(p)
	h, err := p.hand()
	if err != nil {
		if errors.Is(err, errHands) {
			return &fault.Error{Kind: fault.Unavailable, Op: "computed", Subject: f.build.Package, Message: err.Error()}
		}
		p.lost(err)
		return endOf(p)
	}
	err = f.opened(p, h)
	if err == nil {
		err = use(p, h)
	}
	if _, ok := err.(*fault.Error); err != nil && !ok {
		_ = h.sock.Close()
		return endOf(p)
	}
	p.good.Store(true)
	p.back(h)
	return err
}

// endOf waits for the end of a child that is as good as gone.
func endOf(p *process) error {
	p.kill("a call went wrong")
	<-p.gone
	return &ended{why: p.why(), starved: p.starved()}
}

// openWithin bounds the opening of functions in a child.
const openWithin = 10 * time.Second

// opened makes sure that the child has the functions.
func (f *Functions) opened(p *process, h *hand) error {
	p.mu.Lock()
	o := p.open[f.id]
	mine := o == nil
	if mine {
		o = &opening{done: make(chan struct{})}
		p.open[f.id] = o
	}
	p.mu.Unlock()
	if !mine {
		select {
		case <-o.done:
			return o.err
		case <-p.gone:
			return errFrame
		}
	}
	kind, payload, err := p.exchange(h, append(h.begin(fOpen), f.open...), maxPlain, openWithin)
	if err == nil && kind != fOK {
		r := reader{b: payload}
		err = r.error()
	}
	o.err = err
	close(o.done)
	return err
}

// crashed is the error of a call that was under way in two children when they ended.
func (f *Functions) crashed(e *ended, name string) error {
	err := &fault.Error{Kind: fault.Unavailable, Op: "computed", Subject: name, Message: name + " ended the process that it runs in", Err: e}
	if e.starved {
		err.Kind, err.Message = fault.Limit, name+" used too much memory"
	}
	return err
}

// batch is one call of a function over many rows. It is made again in the next child if the first one ends meanwhile:
// functions are pure.
func (f *Functions) batch(i int, a *view.Account, in [][][]byte, dst []byte, ends []int, errs []error) []byte {
	fn := f.build.Funcs[i]
	fail := func(err error) []byte {
		for r := range in {
			ends[r], errs[r] = len(dst), err
		}
		return dst
	}
	if err := f.turn(fn.Name, fn.Pos); err != nil {
		return fail(err)
	}
	if err := f.slot(fn); err != nil {
		return fail(err)
	}
	defer func() { <-f.slots }()
	left := f.o.CPU * time.Duration(len(in))
	if a != nil {
		left = a.Left
	}
	if f.o.Unlimited {
		left = time.Minute
	}
	for n := 0; ; n++ {
		out := dst
		err := f.with(func(p *process, h *hand) error {
			frame := appendRows(putUint(h.begin(fBatch), f.id), i, left, in)
			kind, payload, err := p.exchange(h, frame, maxLoads+len(in)*(f.outputs()+maxRow), patience(left))
			if err != nil {
				return err
			}
			r := &reader{b: payload}
			if kind == fFailed {
				return r.error()
			}
			out, err = f.results(r, a, out, ends, errs)
			return err
		})
		if err == nil {
			return out
		}
		clear(errs)
		var died *ended
		if !errors.As(err, &died) {
			f.overran(fn, err)
			return fail(err)
		}
		if n == 1 {
			err := f.crashed(died, fn.Name)
			if died.starved {
				f.broke(scripts.Break{Function: fn.Name, Limit: scripts.LimitMemory, Kind: fault.Limit, Pos: fn.Pos, At: time.Now(), Text: died.why})
			}
			return fail(err)
		}
	}
}

// patience is how long a child may take, by the clock, for what is bounded by processor time: the machine may be busy.
func patience(bound time.Duration) time.Duration {
	return 20*min(max(bound, 0), time.Minute) + 2*time.Second
}

// slot waits for the right to call: so many at a time have a machine each.
func (f *Functions) slot(fn *view.Func) error {
	select {
	case f.slots <- struct{}{}:
		return nil
	default:
	}
	t := time.NewTimer(f.o.Wait)
	defer t.Stop()
	select {
	case f.slots <- struct{}{}:
		return nil
	case <-t.C:
		return &fault.Error{Kind: fault.Unavailable, Op: "computed", Subject: fn.Name, Message: fn.Name + " found no free runtime",
			Err: fmt.Errorf("all %d stayed in use for %v", f.o.Machines, f.o.Wait)}
	}
}

func appendRows(b []byte, fn int, left time.Duration, in [][][]byte) []byte {
	width := 0
	if len(in) > 0 {
		width = len(in[0])
	}
	b = putUint(putUint(putInt(putUint(b, uint64(fn)), int64(left)), uint64(len(in))), uint64(width))
	for _, row := range in {
		for _, v := range row {
			b = putBytes(b, v)
		}
	}
	return b
}

// results appends the rows of an answer.
func (f *Functions) results(r *reader, a *view.Account, dst []byte, ends []int, errs []error) ([]byte, error) {
	spent, calls, breaks := max(0, time.Duration(r.int())), min(max(0, int(r.int())), len(ends)), believed(r.breaks(), f.known)
	for i := range ends {
		if r.int8() == 0 {
			text := r.span()
			if r.err == nil && !answer(text, f.outputs()) {
				return nil, errFrame
			}
			dst = append(dst, text...)
		} else {
			errs[i] = r.error()
		}
		ends[i] = len(dst)
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	if a != nil {
		a.Spent += spent
		a.Left -= spent
		a.Calls += calls
	}
	f.mu.Lock()
	f.stats.Calls += uint64(len(ends))
	f.stats.CPU += spent
	f.mu.Unlock()
	f.used(spent)
	for _, k := range breaks {
		f.broke(k)
	}
	return dst, nil
}

func (f *Functions) broke(k scripts.Break) {
	f.mu.Lock()
	f.stats.Breaks[k.Limit]++
	f.mu.Unlock()
	if f.o.Broke != nil {
		f.o.Broke(k)
	}
}

// overran tells of a call that ended its child because nothing else could end it.
func (f *Functions) overran(fn *view.Func, err error) {
	if fault.KindOf(err) == fault.Timeout {
		f.broke(scripts.Break{Function: fn.Name, Limit: scripts.LimitCPU, Kind: fault.Timeout, Pos: fn.Pos, At: time.Now(), Text: err.Error()})
	}
}

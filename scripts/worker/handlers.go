package worker

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"time"

	"facet/fault"
	"facet/scripts"
	"facet/view"
)

// handlers are the handlers of one build, run in its tenant's child. What they load travels back to this process.
type handlers struct{ f *Functions }

var _ scripts.Handlers = (*handlers)(nil)

// OpenHandlers makes a build's handlers callable, as scripts.OpenHandlers does, in a child of the build's tenant.
func (p *Pool) OpenHandlers(b *view.Build, o scripts.RunOptions) (scripts.Handlers, error) {
	f, err := p.open(b, o, partHandlers)
	if err != nil {
		return nil, err
	}
	return &handlers{f}, nil
}

// Close implements scripts.Handlers.
func (h *handlers) Close() { h.f.Close() }

// Run implements scripts.Handlers. A run whose child ended is begun again in the next, unless it has changed something by then.
func (h *handlers) Run(ctx context.Context, c *scripts.HandlerCall, dst []byte) ([]byte, *view.HandlerRun, error) {
	did := &view.HandlerRun{}
	if c.Handler < 0 || c.Handler >= len(h.f.build.Handlers) {
		return dst, did, fault.New(fault.Internal, "no handler %d", c.Handler)
	}
	def := h.f.build.Handlers[c.Handler]
	call, err := json.Marshal(c)
	if err != nil {
		return dst, did, err
	}
	if err := h.f.turn(def.Name, def.Pos); err != nil {
		return dst, did, err
	}
	for n := 0; ; n++ {
		r := &running{ctx: ctx, f: h.f, def: def, loader: c.Loader, dst: dst, did: did}
		err := h.f.with(func(p *process, l *hand) error { return r.run(p, l, h.f.id, call) })
		h.f.used(r.did.CPU)
		if err == nil {
			for _, k := range r.breaks {
				h.f.broke(k)
			}
			return r.dst, r.did, r.err
		}
		var died *ended
		if !errors.As(err, &died) {
			return dst, r.did, err
		}
		if ctx.Err() != nil {
			return dst, r.did, fault.Wrap(fault.KindOf(context.Cause(ctx)), "handler", def.Name, context.Cause(ctx))
		}
		if n == 1 || r.changes > 0 {
			return dst, r.did, h.f.crashed(died, def.Name)
		}
	}
}

// A running is one attempt of a handler's run.
type running struct {
	ctx     context.Context
	f       *Functions
	def     *view.Handler
	loader  scripts.Loader
	asked   bool // for something, by the child
	loads   int
	changes int // mutations that were called

	dst    []byte
	did    *view.HandlerRun
	breaks []scripts.Break
	err    error // the handler's own
}

// run sends the call and answers what the handler loads until it is settled.
func (r *running) run(p *process, h *hand, id uint64, call []byte) error {
	left := r.def.Quota.Filled().Deadline
	if d, ok := r.ctx.Deadline(); ok {
		left = time.Until(d)
	}
	h.runs++
	token := runToken(h.n, h.runs)
	stop := context.AfterFunc(r.ctx, func() { _ = p.tell(cCancel, token) })
	defer stop()
	until := time.Now().Add(max(left, 0) + 2*time.Second) // it ends by itself; after that it is ended
	frame := putText(putInt(putInt(putUint(h.begin(fRun), id), token), int64(left)), call)
	for {
		kind, payload, err := p.exchange(h, frame, maxLoads, time.Until(until))
		if e, ok := err.(*fault.Error); ok && r.asked { // what was loaded is too large to be sent, and the child waits for it
			p.kill("what it loaded is too large")
			return errors.New(e.Message)
		}
		if err != nil {
			return err
		}
		in := &reader{b: payload}
		switch kind {
		case fOK:
			return r.settled(in)
		case fFailed:
			return in.error()
		case fLoad, fMutate:
			r.asked = true
			if frame, err = r.load(h, kind, in); err != nil {
				p.lost(errFrame)
				return err
			}
		default:
			p.lost(errFrame)
			return errFrame
		}
	}
}

// runToken names one run on a lane, so that a cancellation that comes late ends no other.
func runToken(lane int64, run uint32) int64 { return lane<<32 | int64(run) }

// load answers what the handler asks of its ctx.graph.
func (r *running) load(h *hand, kind byte, in *reader) ([]byte, error) {
	var calls []view.LoadCall
	if json.Unmarshal(in.span(), &calls) != nil || in.end() != nil || len(calls) == 0 || kind == fMutate && len(calls) != 1 {
		return nil, errFrame
	}
	quota := r.f.build.QuotaOf(r.def)
	if kind == fLoad {
		r.loads += len(calls)
	}
	if len(calls) > quota.Parallel || r.loads > quota.Loads || r.changes >= quota.Mutations && kind == fMutate {
		return nil, errFrame // the child has counted: whoever asks now is not its engine
	}
	var got []view.Loaded
	if kind == fMutate {
		r.changes++
		got = []view.Loaded{r.loader.Mutate(r.ctx, calls[0])}
	} else {
		got = r.loader.Load(r.ctx, calls)
	}
	frame := putUint(h.begin(fLoaded), uint64(len(got)))
	for _, one := range got {
		if one.Err != nil {
			frame = putError(append(frame, 1), one.Err)
			continue
		}
		frame = putBytes(append(frame, 0), one.Data)
	}
	return frame, nil
}

// settled reads what became of the run.
func (r *running) settled(in *reader) error {
	text := in.span()
	breaks := believed(in.breaks(), r.f.known)
	var err error
	out := r.dst
	if in.int8() == 0 {
		result := in.span()
		if in.err == nil && !answer(result, r.f.build.QuotaOf(r.def).Result) {
			return errFrame
		}
		out = append(out, result...)
	} else {
		err = in.error()
	}
	if bad := in.end(); bad != nil {
		return bad
	}
	did := &view.HandlerRun{}
	if json.Unmarshal(text, did) != nil {
		return errFrame
	}
	believedRun(did, r.f.build, r.def.Quota)
	r.dst, r.did, r.breaks, r.err = out, did, breaks, err
	return nil
}

// run runs a handler in the child.
func (l *lane) run(r *reader) ([]byte, error) {
	id, token, left, text := r.uint(), r.int(), time.Duration(r.int()), r.span()
	var c scripts.HandlerCall
	if err := json.Unmarshal(text, &c); err != nil {
		return nil, err
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	one, err := l.opened(id)
	if err != nil {
		return nil, err
	}
	if one.handlers == nil || c.Handler < 0 || c.Handler >= len(one.build.Handlers) {
		return nil, fault.New(fault.Internal, "no handler %d", c.Handler)
	}
	def := one.build.Handlers[c.Handler]
	ctx, cancel := context.WithTimeout(context.Background(), left)
	defer cancel()
	defer l.running(token, cancel)()
	loads := &remoteLoads{lane: l}
	c.Loader = loads
	// The lane's thread also writes and reads what is loaded, which is not the handler's work.
	l.guard(&def.Name, 2*one.build.QuotaOf(def).CPU)
	out, did, err := one.handlers.Run(ctx, &c, nil)
	l.until.Store(0)
	if loads.err != nil { // the parent is gone
		return nil, loads.err
	}
	if did == nil {
		did = &view.HandlerRun{}
	}
	report, bad := json.Marshal(did)
	if bad != nil {
		return nil, bad
	}
	frame := putBreaks(putText(l.conn.begin(fOK), report), one.told())
	if err != nil {
		return putError(append(frame, 1), err), nil
	}
	return putText(append(frame, 0), out), nil
}

// running makes a run one that can be cancelled, until the function that it returns is called.
func (l *lane) running(token int64, cancel context.CancelFunc) func() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.token, l.stop = token, cancel
	if l.canceled == token { // it was said before
		cancel()
	}
	return func() {
		l.mu.Lock()
		l.stop = nil
		l.mu.Unlock()
	}
}

// cancel ends the run that is meant, also if it has not begun.
func (l *lane) cancel(token int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.canceled = token
	if l.stop != nil && l.token == token {
		l.stop()
	}
}

// remoteLoads are the loads of a handler, made by the parent.
type remoteLoads struct {
	lane *lane
	err  error // the parent cannot be reached any more
}

// Load implements scripts.Loader.
func (r *remoteLoads) Load(_ context.Context, calls []view.LoadCall) []view.Loaded {
	return r.ask(fLoad, calls)
}

// Mutate implements scripts.Loader.
func (r *remoteLoads) Mutate(_ context.Context, call view.LoadCall) view.Loaded {
	return r.ask(fMutate, []view.LoadCall{call})[0]
}

func (r *remoteLoads) ask(kind byte, calls []view.LoadCall) []view.Loaded {
	got := make([]view.Loaded, len(calls))
	if err := r.exchange(kind, calls, got); err != nil {
		r.err = err
		for i := range got {
			got[i] = view.Loaded{Err: &fault.Error{Kind: fault.Unavailable, Op: "handler", Message: "the instance does not answer", Err: err}}
		}
	}
	return got
}

func (r *remoteLoads) exchange(kind byte, calls []view.LoadCall, got []view.Loaded) error {
	text, err := json.Marshal(calls)
	if err != nil {
		return err
	}
	c := &r.lane.conn
	if err := c.send(putText(c.begin(kind), text)); err != nil {
		return err
	}
	answer, payload, err := c.recv()
	if err != nil {
		return err
	}
	in := &reader{b: payload}
	if answer != fLoaded || in.uint() != uint64(len(got)) {
		return errFrame
	}
	for i := range got {
		if in.int8() == 0 {
			got[i].Data = append(json.RawMessage(nil), in.bytes()...)
		} else {
			got[i].Err = in.error()
		}
	}
	return in.end()
}

// laneOf is the lane that a token names.
func laneOf(token int64) int64 { return token >> 32 }

func ctlArg(msg []byte) int64 { return int64(binary.LittleEndian.Uint64(msg[8:])) }

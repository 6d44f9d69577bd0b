package composer

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strconv"
	"time"

	"facet/fault"
	"facet/view"
)

// A HandleFunc runs the code of a handler. What it gives for c is JSON of the handler's result type, appended to dst; the run is
// what it did besides, nil if nothing. It is called on the request's goroutine, and ctx ends it.
type HandleFunc func(ctx context.Context, c *Handling, dst []byte) ([]byte, *view.HandlerRun, error)

// A Handling is one run of a handler: what its code is given, and what it loads and changes by. One goroutine uses it.
type Handling struct {
	Build   int // of the surface
	Index   int // of Build.Handlers
	Def     *view.Handler
	Args    json.RawMessage // a JSON object, checked
	Context json.RawMessage // who asks, as a JSON object: viewer, device, locale, region
	Now     time.Time
	Seed    uint64
	CPU     time.Duration // what its code may take of a processor: its quota, or what is left of the request's

	e           *Engine
	r           *Request
	p           *plan // of the handler itself
	spent       request
	changes     int
	stats       Stats
	invalidated []Invalidated
	writes      []Write
	metrics     []Metric
	exposed     []Exposure // to what decided what it loaded
}

// A Run is what one run of a handler did, for logs and metrics.
type Run struct {
	Build int // of the surface
	Def   *view.Handler
	Did   *view.HandlerRun // nil: it did not begin
	Err   *fault.Error     // nil: it came to its end
	Took  time.Duration
}

// handlerPlan is the code behind a mutation.
type handlerPlan struct {
	build, index int
	def          *view.Handler
	args         []int32 // in plan.params, as Def.Args
}

func (p *planner) handlerOf(found view.Found[*view.Mutation], er *emitRoot) *handlerPlan {
	b := p.s.Builds[found.Build]
	def := b.Handler(found.Def)
	if def == nil {
		return nil
	}
	return &handlerPlan{build: found.Build, index: found.Def.Handler - 1, def: def, args: slices.Clone(er.params)}
}

// time is how long the answer to a selection may take: a handler has a deadline of its own.
func (e *Engine) time(sel *Selection) time.Duration {
	d := e.limits.Time
	if !sel.Mutation {
		return d
	}
	for _, r := range sel.Roots {
		if found, ok := e.cfg.Surface.Mutation(r.Name); ok && r.Kind == RootMutation {
			if h := e.cfg.Surface.Builds[found.Build].Handler(found.Def); h != nil {
				d += h.Quota.Filled().Deadline
			}
		}
	}
	return d
}

// handle runs the code of a mutation's handler; its result is what the root's OpHandler value then is.
// It is nil where there is none, or none to run.
func (x *exec) handle(ctx context.Context) *Handling {
	m := x.p.roots[0].mutation
	if m == nil || m.handler == nil {
		return nil
	}
	hp := m.handler
	for _, k := range hp.args {
		if x.invalid[x.p.params[k].root] != nil {
			return nil
		}
	}
	h := &Handling{Build: hp.build, Index: hp.index, Def: hp.def, e: x.e, r: x.r, p: x.p, Args: x.arguments(hp), Context: x.asking(), Now: x.r.Asker.Now}
	if h.Now.IsZero() {
		h.Now = time.Now()
	}
	h.Seed = randomSeed(x.r)
	h.CPU = x.timeOf(hp)
	ctx, cancel := context.WithTimeout(ctx, hp.def.Quota.Filled().Deadline)
	defer cancel()
	h.spent.keep(x)
	began := time.Now()
	run := Run{Build: hp.build, Def: hp.def}
	c := x.result(func(dst []byte) ([]byte, error) {
		if x.e.cfg.Handle == nil {
			return dst, fault.New(fault.Unavailable, "handlers are not run here")
		}
		if h.CPU <= 0 {
			return dst, &fault.Error{Kind: fault.Limit, Op: "handler", Subject: hp.def.Name, Message: hp.def.Name + " found no time left for this request"}
		}
		out, did, err := x.e.cfg.Handle(ctx, h, dst)
		run.Did = did
		if err != nil && ctx.Err() != nil && fault.KindOf(context.Cause(ctx)) == fault.Canceled {
			err = &fault.Error{Kind: fault.Canceled, Op: "handler", Subject: hp.def.Name, Message: "the request was cancelled", Err: err}
		}
		return out, err
	}, 0)
	run.Took = time.Since(began)
	h.spent.resume(x)
	if c.kind == kError {
		run.Err = x.errorOf(c)
		x.invalid[x.only] = run.Err
	} else {
		x.handled = c
	}
	if run.Did != nil {
		a := &x.accounts[hp.build]
		a.Spent += run.Did.CPU
		a.Calls++
		for _, m := range run.Did.Metrics {
			h.metrics = append(h.metrics, h.moved(m))
		}
	}
	x.stats.add(h.stats)
	x.ran = &run
	return h
}

// timeOf is the processor time that a handler's code may take. Those of one document have together what their package has for its
// functions, or the quota of one of them if that is more; what functions took before counts.
func (x *exec) timeOf(hp *handlerPlan) time.Duration {
	quota := x.e.cfg.Surface.Builds[hp.build].QuotaOf(hp.def).CPU
	return min(quota, max(quota, x.e.budgets[min(hp.build, 63)].CPU)-x.accounts[hp.build].Spent)
}

// arguments are the handler's as one JSON object.
func (x *exec) arguments(hp *handlerPlan) json.RawMessage {
	b := []byte{'{'}
	for _, k := range hp.args {
		raw := x.raw(x.params[k])
		if raw == nil {
			continue
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(append(appendQuoted(b, x.p.params[k].arg.Name), ':'), raw...)
	}
	return append(b, '}')
}

// asking is who asks, for code.
func (x *exec) asking() json.RawMessage {
	get := func(path string) json.RawMessage {
		b, ok := x.r.Asker.Value(path)
		if !ok {
			return json.RawMessage("null")
		}
		return b
	}
	text, err := json.Marshal(map[string]any{
		"viewer": map[string]any{"id": get("viewer.id"), "signedIn": get("viewer.signedIn"), "profile": map[string]any{"id": get("viewer.profile.id")}},
		"device": map[string]any{"type": get("device.type"), "form": get("device.form"), "appVersion": get("device.appVersion")},
		"locale": get("locale"), "region": get("region"),
	})
	if err != nil {
		return json.RawMessage("{}")
	}
	return text
}

// randomSeed is what a handler's random numbers are made of: the request's own, and with an idempotency key that, so that a repetition
// takes the same way.
func randomSeed(r *Request) uint64 {
	h := fnv.New64a()
	if r.Idempotency != "" {
		_, _ = fmt.Fprintf(h, "%d %s %s", len(r.Asker.Viewer.ID), r.Asker.Viewer.ID, r.Idempotency) // a hash takes everything
		return h.Sum64()
	}
	_, _ = h.Write(strconv.AppendUint(nil, math.Float64bits(r.Asker.Random), 16))
	return h.Sum64()
}

func (h *Handling) moved(m view.Moved) Metric {
	out := Metric{Name: m.Name, Build: h.Build, Value: m.Value, Folded: m.Folded}
	if d := h.e.cfg.Surface.Builds[h.Build].Metric(m.Name); d != nil {
		for i, v := range m.Labels {
			if i < len(d.Labels) {
				out.Labels = append(out.Labels, Label{d.Labels[i].Name, v})
			}
		}
	}
	return out
}

func (p *planner) viewOf(r *Root) (view.Found[*view.View], bool) {
	if r.Kind == RootLoad {
		return p.s.Load(r.Name)
	}
	return p.s.View(r.Name)
}

func (p *planner) mutationOf(r *Root) (view.Found[*view.Mutation], bool) {
	if r.Kind == RootEffect {
		return p.s.Effect(r.Name)
	}
	return p.s.Mutation(r.Name)
}

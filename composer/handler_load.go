package composer

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"

	"facet/fault"
	"facet/view"
)

// wholeKey is the key of a selection of all that a private view gives, among what the Engine keeps.
type wholeKey struct{ name string }

// Load answers calls of the handler's views as one request: what they share is asked once, and operations merge as in any request.
// A call any part of which failed is an error; nulls that the view allows for are not.
func (h *Handling) Load(ctx context.Context, calls []view.LoadCall) []view.Loaded {
	out := make([]view.Loaded, len(calls))
	req := Request{Selection: &Selection{}, Asker: h.r.Asker}
	rootOf := make([]int, len(calls))
	seen := map[string]int{}
	for i, c := range calls {
		same := c.Name + " " + string(c.Args)
		if k, ok := seen[same]; ok {
			rootOf[i] = k
			continue
		}
		rootOf[i] = -1
		found, ok := h.e.cfg.Surface.Load(h.Def.Name + "." + c.Name)
		if !ok {
			out[i].Err = fault.New(fault.Internal, "%s loads nothing that is called %q", h.Def.Name, c.Name)
			continue
		}
		root := &Root{Kind: RootLoad, Key: strconv.Itoa(len(req.Selection.Roots)), Name: found.Def.Name, Window: -1}
		root.Sub = h.e.attached.Get(wholeKey{found.Def.Name}, func() any { return h.e.whole(found.Def.Output) }).([]*Node)
		if err := bindCall(root, &req, c, found.Def.Args); err != nil {
			out[i].Err = err
			continue
		}
		rootOf[i] = len(req.Selection.Roots)
		seen[same] = rootOf[i]
		req.Selection.Roots = append(req.Selection.Roots, root)
	}
	if len(req.Selection.Roots) == 0 {
		return out
	}
	part := h.e.queryOn(ctx, &req, &h.spent)
	h.exposed = exposed(h.exposed, part.Exposed)
	h.p.relabel()
	h.stats.add(part.Stats)
	answers := split(&part, req.Selection)
	for i := range calls {
		if k := rootOf[i]; k >= 0 && out[i].Err == nil {
			out[i] = answers[k]
		}
	}
	return out
}

// Mutate runs one of the handler's mutations, for effect at once: a scope of its own, after all that was called before it.
func (h *Handling) Mutate(ctx context.Context, call view.LoadCall) view.Loaded {
	found, ok := h.e.cfg.Surface.Effect(h.Def.Name + "." + call.Name)
	if !ok {
		return view.Loaded{Err: fault.New(fault.Internal, "%s changes nothing by %q", h.Def.Name, call.Name)}
	}
	root := &Root{Kind: RootEffect, Key: "0", Name: found.Def.Name, Window: -1}
	if found.Def.Output != nil {
		root.Sub = h.e.attached.Get(wholeKey{found.Def.Name}, func() any { return h.e.whole(found.Def.Output) }).([]*Node)
	}
	req := Request{Selection: &Selection{Mutation: true, Roots: []*Root{root}}, Asker: h.r.Asker}
	if h.r.Idempotency != "" { // the same effect of a repeated request has the same key
		req.Idempotency = h.r.Idempotency + "/" + strconv.Itoa(h.changes)
	}
	h.changes++
	if err := bindCall(root, &req, call, found.Def.Args); err != nil {
		return view.Loaded{Err: err}
	}
	part := h.e.mutateOn(ctx, &req, &h.spent)
	h.exposed = exposed(h.exposed, part.Exposed)
	h.p.relabel()
	h.stats.add(part.Stats)
	h.invalidated = appendStale(h.invalidated, part.Invalidated)
	h.writes = append(h.writes, part.Writes...)
	h.metrics = append(h.metrics, part.Metrics...)
	return split(&part, req.Selection)[0]
}

// bindCall gives a root the arguments of a call.
func bindCall(root *Root, req *Request, c view.LoadCall, decl []*view.Arg) *fault.Error {
	var given map[string]json.RawMessage
	if len(c.Args) > 0 && json.Unmarshal(c.Args, &given) != nil {
		return fault.New(fault.Invalid, "%s takes its arguments as an object", c.Name)
	}
	for name := range given {
		if !slices.ContainsFunc(decl, func(a *view.Arg) bool { return a.Name == name }) {
			return fault.New(fault.Invalid, "%s takes no argument %q", c.Name, name)
		}
	}
	for _, a := range decl {
		if v, ok := given[a.Name]; ok {
			root.Args = append(root.Args, Arg{a.Name, len(req.Values)})
			req.Values = append(req.Values, v)
		}
	}
	return nil
}

// split takes an answer apart into those of its roots, and gives it back.
func split(part *Part, sel *Selection) []view.Loaded {
	out := make([]view.Loaded, len(sel.Roots))
	var data map[string]json.RawMessage
	err := json.Unmarshal(part.Data, &data)
	if part.Release != nil {
		part.Release()
	}
	for i, r := range sel.Roots {
		for _, e := range part.Errors {
			if len(e.Path) == 0 || e.Path[0] == r.Key {
				out[i].Err = faultOf(e)
				break
			}
		}
		switch {
		case out[i].Err != nil:
		case err != nil || data == nil:
			out[i].Err = fault.New(fault.Internal, "the answer of %s cannot be read", r.Name)
		default:
			out[i].Data = data[r.Key]
		}
	}
	return out
}

func faultOf(e Error) *fault.Error {
	f := &fault.Error{Kind: e.Kind, Message: e.Message, Err: e.Err}
	if in, ok := e.Err.(*fault.Error); ok {
		f.Op, f.Subject = in.Op, in.Subject
	}
	return f
}

// whole asks for everything that stands at a place. A shape inside itself is its id and key alone.
func (e *Engine) whole(o *view.Output) []*Node { return e.wholeIn(o, nil) }

func (e *Engine) wholeIn(o *view.Output, open []string) []*Node {
	var out []*Node
	add := func(on []string, name string, sub []*Node) {
		out = append(out, &Node{Key: name, Name: name, On: on, Sub: sub, Window: -1})
	}
	fields := func(on []string, o *view.Output, open []string) {
		for _, f := range o.Fields {
			add(on, f.Name, e.wholeIn(f.Output, open))
		}
	}
	shape := func(on []string, name string) {
		found, ok := e.cfg.Surface.Shape(name)
		if !ok {
			return
		}
		if found.Def.Keyed {
			add(on, "id", nil)
			add(on, "key", nil)
		}
		switch {
		case !slices.Contains(open, name):
			fields(on, found.Def.Output, append(slices.Clip(open), name))
		case !found.Def.Keyed:
			add(on, "__typename", nil)
		}
	}
	switch o.Kind {
	case view.Tree:
		fields(nil, o, open)
	case view.Many:
		return e.wholeIn(o.Item, open)
	case view.Ref:
		shape(nil, o.Shape)
	case view.Union:
		add(nil, "__typename", nil)
		var done []string
		for _, a := range o.Arms {
			if a.Output == nil {
				continue
			}
			name := view.OutputType(a.Output).Name
			if slices.Contains(done, name) {
				continue
			}
			done = append(done, name)
			if a.Output.Kind == view.Ref {
				shape([]string{name}, name)
			} else {
				fields([]string{name}, a.Output, open)
			}
		}
	}
	return out
}

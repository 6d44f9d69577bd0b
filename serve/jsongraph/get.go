package jsongraph

import (
	"encoding/json"
	"net"
	"net/http"
	"slices"
	"strconv"

	"facet/composer"
	"facet/fault"
	"facet/serve"
)

func (x *exchange) get() error {
	if x.params.paths == "" {
		return invalid("get needs paths")
	}
	q, err := x.question(x.params.paths)
	if err != nil {
		return err
	}
	req := q.request
	if q.gaps || len(req.Selection.Roots) == 0 {
		g, err := x.found(q.sets, &req, q.unknown, false)
		if err != nil {
			return err
		}
		return x.reply(g, q.echo, nil)
	}
	p, err := x.ask(&req)
	if err != nil {
		return err
	}
	if !p.Whole || len(p.Shortened) > 0 {
		g, err := x.complete(p, q.sets, q.unknown, false)
		if err != nil {
			return err
		}
		return x.reply(g, q.echo, nil)
	}
	// Every path of the question ends in what the composer writes for it: its bytes are the graph.
	return x.reply(&found{bytes: p.Data, cache: p.Cache}, q.echo, nil)
}

// A found graph is what was read, complete.
type found struct {
	root      *node  // nil: bytes is all that is needed
	bytes     []byte // the same as JSON; nil: root must be written
	cache     composer.CacheState
	shortened []composer.Shortened
}

// fetch reads path sets. Every path ends in what it gives; where lenient, perhaps at a branch that another goes on from.
func (x *exchange) fetch(sets []pathSet, lenient bool) (*found, error) {
	req, unknown, err := request(x.answers.Surface(), sets, x.h.limits)
	if err != nil {
		return nil, err
	}
	return x.found(sets, req, unknown, lenient)
}

// found reads what a request of path sets asks for.
func (x *exchange) found(sets []pathSet, req *composer.Request, unknown map[string]bool, lenient bool) (*found, error) {
	if len(req.Selection.Roots) == 0 {
		return x.complete(nil, sets, unknown, lenient)
	}
	p, err := x.ask(req)
	if err != nil {
		return nil, err
	}
	return x.complete(p, sets, unknown, lenient)
}

// complete looks through an answer, nil if nothing was asked, and marks what it lacks of the paths.
func (x *exchange) complete(p *composer.Part, sets []pathSet, unknown map[string]bool, lenient bool) (g *found, err error) {
	g = &found{root: &node{}}
	merged := true
	if p != nil {
		if g.root, merged, err = readTree(p.Data); err != nil {
			return nil, err
		}
		g.bytes, g.cache, g.shortened = p.Data, p.Cache, p.Shortened
		g.root.leaveOut(p.Shortened)
	}
	c := &completer{root: g.root, unknown: unknown, lenient: lenient}
	if err := c.complete(sets); err != nil {
		return nil, err
	}
	if merged || c.changed {
		g.bytes = nil
	}
	return g, nil
}

// ask asks the composer. Its answer stays until the exchange is over. A request that it does not answer at all is an error.
func (x *exchange) ask(req *composer.Request) (*composer.Part, error) {
	req.Asker = x.asker
	x.roots = append(slices.Clip(x.roots), req.Selection.Roots...)
	var part *composer.Part
	for p := range x.answers.Answer(x.r.Context(), req) {
		x.parts = append(x.parts, &p)
		if part == nil {
			part = &p
		}
		if p.Last {
			break
		}
	}
	if part == nil {
		return nil, &fault.Error{Kind: fault.Internal, Op: "jsongraph", Message: "the composer gave no answer"}
	}
	if e := failure(part); e != nil {
		return nil, &fault.Error{Kind: e.Kind, Message: e.Message, Err: e.Err}
	}
	return part, nil
}

// reply writes an envelope.
func (x *exchange) reply(g *found, paths, invalidated []byte) error {
	h := x.w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set(serve.ContextHeader, serve.ContextHash(x.answers.Surface(), x.asker))
	body := g.bytes
	if body == nil {
		body = g.root.append(nil)
	}
	tail := append(append(make([]byte, 0, len(paths)+64), `,"paths":`...), paths...)
	if len(g.shortened) > 0 {
		if text, err := json.Marshal(composer.Briefly(g.shortened)); err == nil {
			tail = append(append(tail, `,"shortened":`...), text...)
		}
	}
	if invalidated != nil {
		tail = append(append(tail, `,"invalidated":`...), invalidated...)
	}
	tail = append(tail, '}')
	status := http.StatusOK
	switch {
	case x.r.Method == http.MethodPost:
		serve.NoStore(h)
	default:
		serve.Cached(h, g.cache)
		if vary := serve.Vary(x.asker, g.cache.Reads); vary != "" {
			h.Add("Vary", vary)
		}
		if g.cache.Storable {
			tag := serve.ETag(opening, body, tail)
			h.Set("ETag", tag)
			if serve.NotModified(x.r, tag) {
				status = http.StatusNotModified
			}
		}
	}
	x.done(status, nil)
	if status == http.StatusNotModified {
		h.Del("Content-Type")
		x.w.WriteHeader(status)
		return nil
	}
	h.Set("Content-Length", strconv.Itoa(len(opening)+len(body)+len(tail)))
	x.w.WriteHeader(status)
	if x.r.Method == http.MethodHead {
		return nil
	}
	if len(x.parts) == 1 && g.bytes != nil { // else the composer's bytes are not what is sent
		if whole, ok := x.parts[0].Frame(opening, tail); ok {
			_, _ = x.w.Write(whole) // the device may be gone
			return nil
		}
	}
	all := net.Buffers{opening, body, tail}
	_, _ = all.WriteTo(x.w) // the device may be gone
	return nil
}

// opening is how every envelope begins.
var opening = []byte(`{"jsonGraph":`)

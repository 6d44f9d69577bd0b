package graphql

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator"

	"facet/fault"
)

// A routeName is a device schema as its path names it.
type routeName struct{ device, schema string }

// serve answers one request: one for a document that is known goes straight to its plan, any other through gqlgen's executor, where the
// gate reads the document. Both ways answer the same.
func (e *engine) serve(w http.ResponseWriter, r *http.Request, c *call) {
	re := &reply{h: e.h, w: w, r: r, c: c}
	c.reply = re
	defer re.settle()
	if !re.accept() {
		return
	}
	if r.Method == http.MethodPost {
		if m := e.h.body(w, r, c); m != nil {
			re.misused(m)
			return
		}
	}
	if e.quick(re) {
		return
	}
	e.server.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callKey{}, c)))
}

// quick answers a request for a document that is known; false: nothing was done.
func (e *engine) quick(re *reply) bool {
	switch re.r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost:
	default:
		return false
	}
	g := glances.Get().(*glance)
	defer g.drop()
	if !g.at(re.r, re.c.body, &e.h.limits) {
		return false
	}
	doc := e.find(re.c, g)
	if doc == nil {
		return false
	}
	op := doc.ast.Operations.ForName(g.operation)
	if op == nil || safe(re.r.Method) && op.Operation != ast.Query {
		return false
	}
	p := doc.programs[op]
	vars, ok := e.coerce(g, p)
	if !ok {
		return false
	}
	re.c.doc, re.c.documentID, re.operation = doc, g.id, op.Name
	ctx := re.r.Context()
	resp := e.exec(ctx, re.c, p, vars)
	switch {
	case ctx.Err() != nil: // as gqlgen does, which gives nothing to a device that went away
		re.c.failed = &fault.Error{Kind: fault.Canceled, Err: context.Cause(ctx)}
		re.refused(gqlerror.List{request(re.c.failed)})
	case re.c.failed != nil:
		re.refused(resp.Errors)
	default:
		re.answered(resp)
	}
	return true
}

// find is the document that a request means, as the gate finds it; nil if the gate has to look.
func (e *engine) find(c *call, g *glance) *document {
	h := e.h
	byText := func(text string, ok bool) *document {
		if !ok {
			return nil
		}
		doc, _ := e.docs.Get(text)
		return doc
	}
	if g.id != "" {
		return byText(e.trust(c.route, g.id))
	}
	if g.text == nil && g.plain == "" {
		if g.hash == "" {
			return nil
		}
		text, ok := e.trust(c.route, g.hash)
		if !ok {
			if e.only(c.route) {
				return nil
			}
			text, ok = h.known.get(c.route, g.hash)
		}
		return byText(text, ok)
	}
	var doc *document
	switch {
	case g.text == nil:
		doc, _ = e.docs.Get(g.plain)
	case bytes.IndexByte(g.text, '\\') < 0:
		doc, _ = e.docs.GetBytes(g.text[1 : len(g.text)-1])
	default:
		if doc, _ = e.spelled.GetBytes(g.text); doc == nil {
			text, err := jsontext.AppendUnquote(nil, g.text)
			if err != nil {
				return nil
			}
			if doc, _ = e.docs.GetBytes(text); doc != nil {
				e.spelled.Add(string(g.text), doc, len(g.text)*documentCost)
			}
		}
	}
	switch {
	case doc == nil || g.hash != "" && g.hash != doc.hash:
		return nil
	case e.only(c.route):
		if _, ok := e.trust(c.route, doc.hash); !ok {
			return nil
		}
	case g.hash != "":
		h.known.add(c.route, g.hash, doc.text)
	}
	return doc
}

// coerce makes an operation's variables of JSON; false if they do not fit: then the executor says how.
func (e *engine) coerce(g *glance, p *program) (map[string]any, bool) {
	if len(p.op.VariableDefinitions) == 0 {
		return nil, len(g.variables) == 0 || json.Valid(g.variables)
	}
	if vars, ok := g.simple(p); ok {
		return vars, true
	}
	var given map[string]any
	if len(g.variables) > 0 && e.h.object(g.variables, "variables", &given) != nil {
		return nil, false
	}
	vars, err := validator.VariableValues(e.Schema(), p.op, given)
	return vars, err == nil
}

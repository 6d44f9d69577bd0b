package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"facet/composer"
	"facet/fault"
	"facet/serve"
	"facet/view"
)

// A misuse is a refusal that HTTP has a status of its own for.
type misuse struct {
	error
	status int
}

func (m *misuse) Unwrap() error { return m.error }

// missing is a refusal of a name, with names that are there.
type missing struct {
	error
	near []string
}

func (m *missing) Unwrap() error { return m.error }

// A problem is a refusal with what REST adds: names that are there, and the errors of an answer.
type problem struct {
	serve.Problem
	Near   []string  `json:"near,omitempty"`
	Errors []failure `json:"errors,omitempty"`
}

// A failure is one entry of errors; its path begins below data.
type failure struct {
	Message    string `json:"message"`
	Path       []any  `json:"path"`
	Extensions struct {
		Code fault.Kind `json:"code"`
	} `json:"extensions"`
}

// maxErrors bounds the errors of one answer.
const maxErrors = 200

func failures(list []composer.Error) []failure {
	out := make([]failure, 0, min(len(list), maxErrors))
	for _, e := range list[:min(len(list), maxErrors)] {
		f := failure{Message: e.Message, Path: belowData(e.Path)}
		f.Extensions.Code = e.Kind
		if e.Kind == fault.Internal || f.Message == "" {
			f.Message = fault.New(e.Kind, "").Public()
		}
		out = append(out, f)
	}
	return out
}

func belowData(path []any) []any {
	if len(path) == 0 {
		return []any{}
	}
	return path[1:]
}

// A stale is one entry of extensions.invalidated.
type stale struct {
	Typename string `json:"typename"`
	ID       string `json:"id,omitempty"` // without it: every entity of the type
	Field    string `json:"field"`
}

type extensions struct {
	Degraded    []composer.Degraded  `json:"degraded,omitempty"`
	Invalidated []stale              `json:"invalidated,omitempty"`
	Shortened   []composer.Shortened `json:"shortened,omitempty"`
}

func (x *exchange) refuse(err error) {
	x.outcome.Failed = err
	if c := serve.Challenge(err); c != "" {
		x.w.Header().Set("WWW-Authenticate", c)
	}
	p := problem{Problem: serve.ProblemOf(err)}
	var m *misuse
	if errors.As(err, &m) {
		p.Status = m.status
	}
	var gone *missing
	var name *nameless
	switch {
	case errors.As(err, &gone):
		p.Near = gone.near
	case errors.As(err, &name):
		p.Near = name.near
	}
	x.problem(p)
}

func (x *exchange) problem(p problem) {
	body, err := json.Marshal(p)
	if err != nil {
		body = []byte(`{"type":"internal","title":"internal","status":500,"code":"internal"}`)
		p.Status = http.StatusInternalServerError
	}
	serve.NoStore(x.w.Header())
	x.write(p.Status, serve.ProblemType, body)
}

func (x *exchange) write(status int, media string, parts ...[]byte) {
	h := x.w.Header()
	size := 0
	for _, b := range parts {
		size += len(b)
	}
	h.Set("Content-Type", media)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(size))
	x.done(status)
	x.w.WriteHeader(status)
	if x.r.Method == http.MethodHead {
		return
	}
	for _, b := range parts {
		if _, err := x.w.Write(b); err != nil {
			return // the device went away
		}
	}
}

func (x *exchange) done(status int) {
	x.outcome.Status = status
	if f := x.h.o.Done; f != nil {
		f(x.r, x.outcome)
	}
}

// answer asks and writes what comes.
func (x *exchange) answer(a composer.Answerer, req *composer.Request) error {
	x.outcome.Roots = req.Selection.Roots
	for p := range a.Answer(x.r.Context(), req) {
		if p.Release != nil {
			defer p.Release()
		}
		x.outcome.Errors, x.outcome.Degraded, x.outcome.Stats = p.Errors, len(p.Degraded), p.Stats
		x.part(&p, req)
		return nil // nothing is deferred: the first part is the whole answer
	}
	return fault.New(fault.Internal, "there was no answer")
}

// part writes an answer. What is null as a whole is refused: not found where the view says so, else by its error. But a
// mutation that had its effect is answered: its asker has to learn what became stale.
func (x *exchange) part(p *composer.Part, req *composer.Request) {
	h := x.w.Header()
	h.Set(serve.ContextHeader, serve.ContextHash(x.surface, x.asker))
	null := string(p.Data) == "null" || string(p.Data) == `{"data":null}`
	switch {
	case len(p.Invalidated) > 0:
	case null && len(p.Errors) > 0:
		first := p.Errors[0]
		all := failures(p.Errors)
		x.outcome.Failed = first.Err
		x.problem(problem{Problem: serve.ProblemOf(fault.New(first.Kind, "%s", all[0].Message)), Errors: all})
		return
	case null && p.NotFound:
		x.problem(problem{Problem: serve.ProblemOf(fault.New(fault.NotFound, "what was asked for does not exist"))})
		return
	}
	data, ok := bytes.CutSuffix(p.Data, []byte("}"))
	if !ok || string(p.Data) == "null" {
		data = []byte(`{"data":null`)
	}
	tail := tail(p)
	if len(p.Errors) > 0 || len(p.Degraded) > 0 || !p.Cache.Storable || req.Selection.Mutation {
		serve.NoStore(h)
		x.write(http.StatusOK, "application/json", data, tail)
		return
	}
	if v := serve.Vary(x.asker, p.Cache.Reads); v != "" {
		h.Add("Vary", v)
	}
	serve.Cached(h, p.Cache)
	etag := serve.ETag(serve.Representation(p.Data, p.Shortened))
	h.Set("ETag", etag)
	if serve.NotModified(x.r, etag) {
		x.done(http.StatusNotModified)
		x.w.WriteHeader(http.StatusNotModified)
		return
	}
	x.write(http.StatusOK, "application/json", data, tail)
}

// tail is what stands beside data, with the closing brace.
func tail(p *composer.Part) []byte {
	var b bytes.Buffer
	put := func(name string, v any) {
		text, err := json.Marshal(v)
		if err != nil {
			return // paths are strings and numbers: they always marshal
		}
		b.WriteString(`,"` + name + `":`)
		b.Write(text)
	}
	if len(p.Errors) > 0 {
		put("errors", failures(p.Errors))
	}
	var ext extensions
	for _, d := range p.Degraded {
		ext.Degraded = append(ext.Degraded, composer.Degraded{Path: belowData(d.Path), Kind: d.Kind})
	}
	for _, s := range composer.Briefly(p.Shortened) {
		s.Path = belowData(s.Path)
		ext.Shortened = append(ext.Shortened, s)
	}
	for _, i := range p.Invalidated {
		if i.Shape == "" {
			ext.Invalidated = append(ext.Invalidated, stale{Typename: "Query", Field: i.View})
		} else {
			ext.Invalidated = append(ext.Invalidated, stale{Typename: i.Shape, ID: i.ID, Field: i.Field})
		}
	}
	if len(ext.Degraded)+len(ext.Invalidated)+len(ext.Shortened) > 0 {
		put("extensions", ext)
	}
	b.WriteByte('}')
	return b.Bytes()
}

// openapiKey is the place of a surface's document in an Answerer's Attached.
type openapiKey struct{}

type document struct {
	body []byte
	err  error
}

// openapi answers the OpenAPI document, made once per engine.
func (x *exchange) openapi(a composer.Answerer) error {
	x.outcome.Name = "openapi.json"
	if err := x.method(http.MethodGet); err != nil {
		return err
	}
	d := a.Attached().Get(openapiKey{}, func() any {
		body, err := x.surface.OpenAPI(view.API{})
		return &document{body, err}
	}).(*document)
	if d.err != nil {
		return d.err
	}
	h := x.w.Header()
	etag := serve.ETag(d.body)
	h.Set("ETag", etag)
	h.Set("Cache-Control", "public, no-cache")
	if serve.NotModified(x.r, etag) {
		x.done(http.StatusNotModified)
		x.w.WriteHeader(http.StatusNotModified)
		return nil
	}
	x.write(http.StatusOK, "application/json", d.body)
	return nil
}

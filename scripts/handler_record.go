package scripts

import (
	"slices"
	"strings"
	"time"

	"facet/fault"
	"facet/graph"
	"facet/view"
)

// A codeKind is what a function that is taken out of a package may be and use.
type codeKind struct {
	what    string // for people
	async   bool
	globals map[string]bool   // beside those that all have
	instead map[string]string // globals that it lacks, with what to do; before missingGlobals
	pass    string            // how a value gets into it; $ is its name
	sdk     string            // what to do instead of using the SDK
	random  string
}

var computedKind = codeKind{
	what:   "computed function",
	pass:   "Pass it as an input: computed.…({ $, … }, ({ $ }) => …), or make it a constant of the module",
	sdk:    "Use it while recording, and pass the values that the function needs as inputs",
	random: "Pass a number as an input: a computed function gives the same result for the same inputs",
}

var handlerKind = codeKind{
	what:    "handler",
	async:   true,
	globals: map[string]bool{"Promise": true, "Error": true, "TypeError": true, "RangeError": true},
	instead: map[string]string{
		"Date":        "ctx.now() is the time of the request, in milliseconds",
		"crypto":      "ctx.random() is a number from 0 to 1 that a replay gives again",
		"fetch":       "Load it through the graph: loads: { … } and ctx.graph",
		"console":     "Use ctx.log.info(\"…\", { … })",
		"setTimeout":  "Remove it: a handler waits for its loads and mutations alone",
		"performance": "ctx.now() is the time of the request, in milliseconds",
	},
	pass:   "Take it as an argument or a load, or make it a constant of the module",
	sdk:    "Declare what it needs under loads and mutations, and call it by ctx.graph",
	random: "ctx.random() is a number from 0 to 1 that a replay gives again",
}

// noGenerators is what to do instead of writing a generator; loweredGenerators are what esbuild writes in the place of the asynchronous ones.
const noGenerators = "Remove *, and for await: write async, await and lists"

var loweredGenerators = map[string]bool{"__asyncGenerator": true, "__forAwait": true}

type (
	recHandler struct {
		Name             string
		Fn               int
		Args             []recArg
		Result           *graph.TypeRef
		Views, Mutations []string
		Quota            view.HandlerQuota
		Sample           float64
		Slo              *recObjective
		At               int
	}
	recObjective struct {
		Share  float64
		Within time.Duration
	}
	recMetric struct {
		Name    string
		Kind    view.MetricKind
		Labels  []view.MetricLabel
		Buckets []float64
		Doc     string
		At      int
		Again   bool // it was declared before, with the same words
	}
)

// metrics are the package's, each once. One that is declared twice is a mistake; modules and who uses them may declare the same.
func (r *recorder) metrics(rec *recorded, b *view.Build) {
	first := map[string]stack{}
	for _, m := range rec.Declared {
		s := r.stackAt(m.At)
		if !m.Again {
			first[m.Name] = s
			b.Metrics = append(b.Metrics, &view.Declared{Name: m.Name, Kind: m.Kind, Labels: m.Labels, Buckets: m.Buckets, Doc: m.Doc, Pos: r.pos(m.At)})
			continue
		}
		one, oneOwn := r.innermost(first[m.Name])
		two, twoOwn := r.innermost(s)
		if oneOwn != twoOwn || !oneOwn && (one == two || moduleOf(one.File) != moduleOf(two.File)) { // two versions of a module have one place
			continue
		}
		r.diags = append(r.diags, fault.Diagnostic{Pos: two, Severity: fault.Err, Code: "F223", Text: "the metric " + m.Name + " is declared twice",
			Fix: "Declare it once, and count it wherever it moves", Notes: []fault.Note{{Pos: one, Text: "the other one"}}})
	}
}

// innermost is where a stack begins, and whether that is in the author's own package.
func (r *recorder) innermost(s stack) (fault.Pos, bool) {
	if s.n == 0 {
		return fault.Pos{}, true
	}
	pos, _ := r.module.Places.at(s.frames[0].line, s.frames[0].col)
	return pos, r.module.Places.own(pos)
}

// moduleOf is the name of the package that a file of a module belongs to: "@originals/rows".
func moduleOf(file string) string {
	parts := strings.SplitN(file, "/", 3)
	if strings.HasPrefix(file, "@") && len(parts) > 1 {
		return parts[0] + "/" + parts[1]
	}
	return parts[0]
}

// handlers lifts the handlers' code and looks at what it asks of its context.
func (r *recorder) handlers(rec *recorded, b *view.Build) {
	for _, h := range rec.Handlers {
		pos := r.pos(h.At)
		l, ds := r.module.liftFor(h.Fn, pos, &handlerKind)
		r.diags = append(r.diags, ds...)
		x := &view.Handler{Name: h.Name, Source: l.Source, Args: args(h.Args), Format: l.Format, Quota: h.Quota, Sample: h.Sample, Pos: pos}
		if h.Slo != nil {
			x.Objective = &view.SLO{Share: h.Slo.Share, Within: h.Slo.Within}
		}
		if h.Result != nil {
			x.Result = *h.Result
		}
		if !ds.Failed() {
			x.Lines = r.module.lines(l)
			u := &contextUse{module: r.module, handler: h, build: b, base: r.module.base(r.module.Funcs[h.Fn]), where: pos}
			u.look(r.module.Funcs[h.Fn].node)
			r.diags = append(r.diags, u.ds...)
		}
		b.Handlers = append(b.Handlers, x)
	}
}

// private moves the views and mutations that handlers name for themselves from the build's own to them. They were derived with those.
func private(b *view.Build) {
	mine := func(h *view.Handler, name string) bool { return strings.HasPrefix(name, h.Name+".") }
	for _, h := range b.Handlers {
		for _, v := range b.Views {
			if mine(h, v.Name) {
				h.Views = append(h.Views, v)
			}
		}
		for _, m := range b.Mutations {
			if mine(h, m.Name) {
				h.Mutations = append(h.Mutations, m)
			}
		}
	}
	b.Views = slices.DeleteFunc(b.Views, func(v *view.View) bool { return strings.Contains(v.Name, ".") })
	b.Mutations = slices.DeleteFunc(b.Mutations, func(m *view.Mutation) bool { return strings.Contains(m.Name, ".") })
	all := slices.Clone(b.Mutations)
	for _, h := range b.Handlers {
		all = append(all, h.Mutations...)
	}
	for _, m := range all { // nobody keeps what a handler loads
		m.Invalidates = slices.DeleteFunc(m.Invalidates, func(in *view.Invalidation) bool { return strings.Contains(in.View, ".") })
	}
}

// shortNames are the names below a handler.
func (h *recHandler) shortNames() []string {
	var names []string
	for _, n := range slices.Concat(h.Views, h.Mutations) {
		names = append(names, strings.TrimPrefix(n, h.Name+"."))
	}
	return names
}

func (u *contextUse) complain(idx int, code, fix, format string, args ...any) {
	pos, ok := u.module.Places.of(idx - u.base)
	if !ok {
		pos = u.where
	}
	u.ds.Add(pos, code, fix, format, args...)
}

// A contextUse checks what a handler's code asks of its context by name: loads and mutations, metrics and their labels. Names that
// only the run knows are checked then.
type contextUse struct {
	module  *module
	handler *recHandler
	build   *view.Build
	base    int
	where   fault.Pos
	ds      fault.Diagnostics
}

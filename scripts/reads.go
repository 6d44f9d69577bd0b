package scripts

import (
	"maps"
	"slices"
	"strings"

	"facet/fault"
	"facet/graph"
	"facet/view"
)

// A reader finds which inputs of the request's context values depend on: their own, those of the operations that load
// them, and those of the guards that stand before them.
type reader struct {
	build *view.Build
	graph *graph.Graph
	scope *view.Scope
	memo  map[view.ID]map[string]bool
}

// in makes the reader look at another scope.
func (d *reader) in(s *view.Scope) *reader {
	return &reader{build: d.build, graph: d.graph, scope: s, memo: map[view.ID]map[string]bool{}}
}

// reads fills in what every field of the build reads.
func (d *reader) reads() {
	for _, v := range d.build.Views {
		d.in(&v.Scope).fields(v.Output)
	}
	for _, s := range d.build.Shapes {
		d.in(&s.Scope).fields(s.Output)
	}
	for _, m := range d.build.Mutations {
		if m.Output != nil {
			d.in(&m.Scope).fields(m.Output)
		}
	}
}

func (d *reader) fields(o *view.Output) {
	switch o.Kind {
	case view.Tree:
		for _, f := range o.Fields {
			set := map[string]bool{}
			d.place(f.Output, set)
			f.Reads = slices.Sorted(maps.Keys(set))
			d.fields(f.Output)
		}
	case view.Many:
		d.fields(o.Item)
	case view.Union:
		for _, a := range o.Arms {
			if a.Output != nil {
				d.fields(a.Output)
			}
		}
	}
}

// place adds what stands at one place reads; the fields of an object there have reads of their own.
func (d *reader) place(o *view.Output, set map[string]bool) {
	if o.Value != view.None {
		maps.Copy(set, d.value(o.Value))
	}
	for _, a := range o.Args {
		maps.Copy(set, d.value(a.Value))
	}
	if o.Kind == view.Many {
		d.place(o.Item, set)
	}
	if o.Kind == view.Union {
		for _, a := range o.Arms {
			if a.Output != nil {
				d.place(a.Output, set)
			}
		}
	}
}

// value is the set of context inputs that a value depends on.
func (d *reader) value(id view.ID) map[string]bool {
	if set, ok := d.memo[id]; ok {
		return set
	}
	set := map[string]bool{}
	d.memo[id] = set
	v := &d.scope.Values[id]
	for _, u := range v.Operands() {
		maps.Copy(set, d.value(u))
	}
	switch v.Op {
	case view.OpContext:
		set[v.Name] = true
	case view.OpViewer:
		set[v.Path] = true
	case view.OpFormat:
		set["locale"] = true
	case view.OpComputed:
		if d.build.Funcs[v.Func].Format {
			set["locale"] = true
		}
	case view.OpField, view.OpEffect:
		for _, f := range d.scope.GraphFields(d.graph, v) {
			d.field(f, set)
		}
	}
	if t := d.graph.Types[v.Type.Named()]; t != nil && t.Composite() {
		guards(t.Guards, set)
		for _, m := range t.Members {
			guards(d.graph.Types[m].Guards, set)
		}
	}
	return set
}

// field adds what a graph field's operations and guards take of the context.
func (d *reader) field(f *graph.Field, set map[string]bool) {
	guards(f.Guards, set)
	ops := f.Operations
	if len(ops) == 0 && f.Parent != nil {
		if op := f.Parent.Loader(f.Name); op != nil && !f.Parent.IsKey(f.Name) {
			ops = []*graph.Operation{op}
		}
	}
	for _, op := range ops {
		for _, c := range op.Context {
			set[c] = true
		}
	}
}

func guards(list []*graph.Guard, set map[string]bool) {
	for _, g := range list {
		for _, e := range []graph.Expr{g.Value, g.In} {
			if e.Var == graph.VarContext {
				set[strings.Join(e.Path, ".")] = true
			}
		}
	}
}

// caches refuses public caches over what depends on the viewer.
func (r *recorder) caches(b *view.Build, d *reader) {
	for _, v := range b.Views {
		if v.Cache == nil || v.Cache.Scope != "public" {
			continue
		}
		w := &publicWalk{reader: d, seen: map[string]bool{}}
		w.output(d.in(&v.Scope), v.Output, v.Name, v.Pos)
		if w.what != "" {
			r.diags = append(r.diags, fault.Diagnostic{Pos: v.Pos, Severity: fault.Err, Code: "F176",
				Text: "view " + v.Name + " is cached for everybody, but " + w.path + " depends on " + w.what,
				Fix:  `Write scope: "viewer", or leave the field out`, Notes: []fault.Note{{Pos: w.pos, Text: w.path}}})
		}
	}
}

// A publicWalk looks for the first place below a view that depends on the viewer, shapes included.
type publicWalk struct {
	*reader
	seen       map[string]bool // shapes
	what, path string
	pos        fault.Pos
}

func (w *publicWalk) output(d *reader, o *view.Output, path string, pos fault.Pos) {
	if w.what != "" {
		return
	}
	set := map[string]bool{}
	d.place(o, set)
	for _, c := range slices.Sorted(maps.Keys(set)) {
		if c == "now" || c == "random" || strings.HasPrefix(c, "viewer.") {
			w.what, w.path, w.pos = c, path, pos
			return
		}
	}
	switch o.Kind {
	case view.Tree:
		for _, f := range o.Fields {
			w.output(d, f.Output, path+"."+f.Name, f.Pos)
		}
	case view.Many:
		w.output(d, o.Item, path, pos)
	case view.Union:
		for _, a := range o.Arms {
			if a.Output != nil {
				w.output(d, a.Output, path, pos)
			}
		}
	case view.Ref:
		if w.seen[o.Shape] {
			return
		}
		w.seen[o.Shape] = true
		if s := shapeNamed(w.build, o.Shape); s != nil {
			w.output(w.in(&s.Scope), s.Output, s.Name, s.Pos)
		}
	}
}

func shapeNamed(b *view.Build, name string) *view.Shape {
	for _, s := range b.Shapes {
		if s.Name == name {
			return s
		}
	}
	return nil
}

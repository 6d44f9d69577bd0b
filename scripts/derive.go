package scripts

import (
	"maps"
	"slices"
	"strings"

	"facet/fault"
	"facet/graph"
	"facet/view"
)

// sets checks that what JSON Graph may set is a field of its shape.
func (r *recorder) sets(b *view.Build) {
	for _, m := range b.Mutations {
		if m.Sets == nil {
			continue
		}
		s := shapeNamed(b, m.Sets.Shape)
		if s == nil {
			continue // its own diagnostic says why
		}
		f := s.Output.Field(m.Sets.Field)
		switch {
		case f == nil:
			var names []string
			for _, f := range s.Output.Fields {
				names = append(names, f.Name)
			}
			r.diags.Add(m.Pos, "F184", meantBy(m.Sets.Field, names), "sets names the field %q, which shape %s does not have", m.Sets.Field, s.Name)
		case f.Output.Kind != view.Leaf:
			r.diags.Add(m.Pos, "F184", "Name a field with a single value", "sets names %s.%s, which is no single value", s.Name, f.Name)
		case !s.Keyed:
			r.diags.Add(m.Pos, "F184", "Ask the platform team for a @key", "sets names shape %s, whose type %s has no key", s.Name, s.Type)
		}
	}
}

// usedTypes enters the graph's enums and inputs that the build's places and arguments name, in the graph's order.
func usedTypes(b *view.Build, g *graph.Graph) {
	used := map[string]bool{}
	var see func(r graph.TypeRef)
	see = func(r graph.TypeRef) {
		t := g.Types[r.Named()]
		if t == nil || used[t.Name] {
			return
		}
		used[t.Name] = true
		if t.Kind == graph.Input {
			for _, f := range t.Fields {
				see(f.Type)
			}
		}
	}
	var output func(o *view.Output)
	output = func(o *view.Output) {
		if o == nil {
			return
		}
		if o.Kind == view.Leaf {
			see(o.Type)
		}
		for _, f := range o.Fields {
			output(f.Output)
		}
		output(o.Item)
		for _, a := range o.Arms {
			output(a.Output)
		}
	}
	args := func(list []*view.Arg) {
		for _, a := range list {
			see(a.Type)
		}
	}
	for _, v := range b.Views {
		args(v.Args)
		output(v.Output)
	}
	for _, s := range b.Shapes {
		args(s.Args)
		output(s.Output)
	}
	for _, m := range b.Mutations {
		args(m.Args)
		output(m.Output)
	}
	for _, t := range g.Order {
		switch {
		case !used[t.Name]:
		case t.Kind == graph.Enum:
			b.Enums = append(b.Enums, &view.Enum{Name: t.Name, Values: t.Values, Graph: true})
		case t.Kind == graph.Input:
			in := &view.Input{Name: t.Name}
			for _, f := range t.Fields {
				a := &view.Arg{Name: f.Name, Type: f.Type, Doc: f.Description}
				if f.Default != nil {
					a.Default = f.Default.JSON
				}
				in.Fields = append(in.Fields, a)
			}
			b.Inputs = append(b.Inputs, in)
		}
	}
}

// sources are the files that the build's places name, the package's own first.
func (r *recorder) sources(b *view.Build) []string {
	seen := map[string]bool{}
	for _, s := range r.stacks {
		if pos, _ := r.place(s); pos.File != "" {
			seen[pos.File] = true
		}
	}
	all := slices.Sorted(maps.Keys(seen))
	own := func(f string) bool { return r.module.Places.own(fault.Pos{File: f}) }
	slices.SortStableFunc(all, func(x, y string) int {
		switch {
		case own(x) == own(y):
			return 0
		case own(x):
			return -1
		}
		return 1
	})
	return all
}

// docs gives views, shapes and mutations the comment over their declaration, and fields the graph's own description.
func (r *recorder) docs(b *view.Build) {
	for _, v := range b.Views {
		v.Doc = r.comment(v.Pos)
		r.fieldDocs(&v.Scope, v.Output)
	}
	for _, s := range b.Shapes {
		s.Doc = r.comment(s.Pos)
		r.fieldDocs(&s.Scope, s.Output)
	}
	for _, m := range b.Mutations {
		m.Doc = r.comment(m.Pos)
		if m.Output != nil {
			r.fieldDocs(&m.Scope, m.Output)
		}
	}
}

func (r *recorder) fieldDocs(s *view.Scope, o *view.Output) {
	for _, f := range o.Fields {
		if f.Output.Value != view.None {
			if v := &s.Values[f.Output.Value]; v.Op == view.OpField {
				if g := s.GraphFields(r.graph, v); len(g) > 0 {
					f.Doc = strings.Join(strings.Fields(g[0].Description), " ")
				}
			}
		}
		r.fieldDocs(s, f.Output)
	}
	if o.Item != nil {
		r.fieldDocs(s, o.Item)
	}
	for _, a := range o.Arms {
		if a.Output != nil {
			r.fieldDocs(s, a.Output)
		}
	}
}

// comment is the text of the JSDoc comment that ends on the line before the declaration at pos; "" if there is none.
func (r *recorder) comment(pos fault.Pos) string {
	lines := strings.Split(r.module.Places.files.text(pos.File), "\n")
	i := pos.Line - 2 // the line before, counted from 0
	if i >= len(lines) {
		return ""
	}
	if i >= 1 && !strings.HasSuffix(strings.TrimSpace(lines[i]), "*/") {
		i-- // the declaration may start a line before its call
	}
	if i < 0 || !strings.HasSuffix(strings.TrimSpace(lines[i]), "*/") {
		return ""
	}
	first := i
	for first >= 0 && !strings.Contains(lines[first], "/*") {
		first--
	}
	if first < 0 || !strings.HasPrefix(strings.TrimSpace(lines[first]), "/**") {
		return ""
	}
	var words []string
	for _, l := range lines[first : i+1] {
		l = strings.TrimSpace(l)
		l = strings.TrimSuffix(strings.TrimPrefix(l, "/**"), "*/")
		l = strings.TrimPrefix(l, "*")
		words = append(words, strings.Fields(l)...)
	}
	return strings.Join(words, " ")
}

// text is the source of a shown file, or "".
func (f *files) text(shown string) string {
	for key := range f.from {
		if f.show(key) != shown {
			continue
		}
		if p := f.owner[key]; p == f.pkg {
			if t, ok := f.extra[f.from[key]]; ok {
				return t
			}
		}
		return string(f.owner[key].Files[f.from[key]])
	}
	return ""
}

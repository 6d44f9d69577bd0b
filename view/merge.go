package view

import (
	"strings"

	"facet/fault"
	"facet/graph"
)

// A place says whose definition something is, for diagnostics.
type place struct {
	build int
	who   string // "view home of @tv/home 3.4.1"
	pos   fault.Pos
}

// A merger makes a Surface of builds and collects what does not fit.
type merger struct {
	s     *Surface
	diags fault.Diagnostics
	roots map[string]taken // views, mutations and shapes by lower-case name
}

type taken struct {
	kind, name string
	def        any
	at         place
}

// NewSurface makes the device schema of the builds that a route mounts, in mount order. Diagnostics name both sides of
// every clash; the Surface is nil if one of them is an error.
func NewSurface(device, schema string, builds ...*Build) (*Surface, fault.Diagnostics) {
	s := emptySurface(device, schema, builds)
	m := &merger{s: s, roots: map[string]taken{}}
	m.device()
	for i, b := range builds {
		m.build(i, b)
	}
	s.derived.Do(m.types)
	m.diags.Sort()
	if m.diags.Failed() {
		return nil, m.diags
	}
	s.reads = readsOf(builds)
	return s, m.diags
}

func (m *merger) device() {
	switch strings.ToLower(m.s.Device) {
	case "healthz", "readyz", "metrics":
		m.diags.Add(fault.Pos{}, "V001", "Name the device otherwise", "device %q is a reserved name", m.s.Device)
	}
	for i, b := range m.s.Builds {
		if b.Graph != m.s.Builds[0].Graph {
			m.diags.Add(fault.Pos{}, "V002", "Rebuild them against one graph version",
				"%s and %s stand on two graph versions", owner(m.s.Builds[0]), owner(m.s.Builds[i]))
		}
	}
}

func owner(b *Build) string { return strings.TrimSpace(b.Package + " " + b.Version) }

// build enters the definitions of one build.
func (m *merger) build(i int, b *Build) {
	at := func(kind, name string, pos fault.Pos) place {
		return place{build: i, who: kind + " " + name + " of " + owner(b), pos: pos}
	}
	for _, v := range b.Views {
		p := at("view", v.Name, v.Pos)
		m.arguments(v.Args, p)
		if m.claim("view", v.Name, v, p) {
			m.s.views[v.Name] = Found[*View]{v, i}
			m.s.viewOrder = append(m.s.viewOrder, v.Name)
		}
		m.scan(&v.Scope, v.Output, p)
	}
	for _, mu := range b.Mutations {
		p := at("mutation", mu.Name, mu.Pos)
		m.arguments(mu.Args, p)
		if m.claim("mutation", mu.Name, mu, p) {
			m.s.mutations[mu.Name] = Found[*Mutation]{mu, i}
			m.s.mutationOrder = append(m.s.mutationOrder, mu.Name)
			m.s.private(i, mu.Handler)
		}
		if mu.Output != nil {
			m.scan(&mu.Scope, mu.Output, p)
		}
	}
	for _, sh := range b.Shapes {
		p := at("shape", sh.Name, sh.Pos)
		m.arguments(sh.Args, p)
		if m.claim("shape", sh.Name, sh, p) {
			m.s.shapes[sh.Name] = Found[*Shape]{sh, i}
			m.s.shapeOrder = append(m.s.shapeOrder, sh.Name)
		}
		if sh.Keyed {
			for _, name := range []string{"id", "key"} {
				if f := sh.Output.Field(name); f != nil {
					m.diags.Add(f.Pos, "V004", "Leave it out: it comes by itself", "%s writes the field %q", p.who, name)
				}
			}
		}
		m.scan(&sh.Scope, sh.Output, p)
	}
	for _, o := range b.Objects {
		p := at("object", o.Name, o.Pos)
		if old, ok := m.s.objects[o.Name]; ok && old.asType().print(nil) != o.asType().print(nil) {
			m.clash("V007", o.Name, m.typePlace(o.Name, i), p)
			continue
		}
		m.s.objects[o.Name] = o
	}
	for _, e := range b.Enums {
		if old, ok := m.s.enums[e.Name]; ok && old.asType().print(nil) != e.asType().print(nil) {
			m.clash("V007", e.Name, m.typePlace(e.Name, i), at("enum", e.Name, fault.Pos{}))
			continue
		}
		m.s.enums[e.Name] = e
	}
	for _, in := range b.Inputs {
		if old, ok := m.s.inputs[in.Name]; ok && old.asType().print(nil) != in.asType().print(nil) {
			m.clash("V007", in.Name, m.typePlace(in.Name, i), at("input", in.Name, fault.Pos{}))
			continue
		}
		m.s.inputs[in.Name] = in
	}
}

// typePlace finds which earlier build brought an object, enum or input.
func (m *merger) typePlace(name string, before int) place {
	for i, b := range m.s.Builds[:before] {
		for _, o := range b.Objects {
			if o.Name == name {
				return place{build: i, who: "object " + name + " of " + owner(b), pos: o.Pos}
			}
		}
		for _, e := range b.Enums {
			if e.Name == name {
				return place{build: i, who: "enum " + name + " of " + owner(b)}
			}
		}
		for _, in := range b.Inputs {
			if in.Name == name {
				return place{build: i, who: "input " + name + " of " + owner(b)}
			}
		}
	}
	return place{build: before, who: owner(m.s.Builds[before])}
}

func (m *merger) clash(code, name string, a, b place) {
	m.diags = append(m.diags, fault.Diagnostic{Pos: b.pos, Severity: fault.Err, Code: code,
		Text: "the name " + name + " is taken: " + b.who + " and " + a.who + " differ", Fix: "Rename one of them",
		Notes: []fault.Note{{Pos: a.pos, Text: a.who}}})
}

// claim takes a name in the one namespace of views, mutations and shapes. It is false if an equal definition has it already, or on a clash.
func (m *merger) claim(kind, name string, def any, at place) bool {
	if Reserved(name) {
		m.diags.Add(at.pos, "V003", "Rename it", "%s has a reserved name", at.who)
		return false
	}
	low := strings.ToLower(name)
	old, ok := m.roots[low]
	if !ok {
		m.roots[low] = taken{kind, name, def, at}
		return true
	}
	if old.kind == kind && old.name == name && old.at.build != at.build && !ofHandler(def) &&
		canonical(old.def, m.s.Builds[old.at.build].Funcs) == canonical(def, m.s.Builds[at.build].Funcs) {
		return false
	}
	m.clash("V005", name, old.at, at)
	return false
}

// Reserved says whether name, in any case, may not be a view, a mutation or a shape.
func Reserved(name string) bool {
	switch strings.ToLower(name) {
	case "graphql", "node", "model.json", "openapi.json", "query", "mutation", "subscription", "page",
		"string", "int", "float", "boolean", "id", "json":
		return true
	}
	return strings.HasPrefix(name, "__") || strings.HasPrefix(name, "$")
}

// ReservedArg says whether name may not be an argument.
func ReservedArg(name string) bool {
	switch name {
	case "fields", "first", "after", "explain":
		return true
	}
	return false
}

func (m *merger) arguments(args []*Arg, at place) {
	for _, a := range args {
		if ReservedArg(a.Name) {
			m.diags.Add(at.pos, "V003", "Rename it", "%s has an argument of the reserved name %q", at.who, a.Name)
		}
	}
}

// scan reports reserved field names below an output.
func (m *merger) scan(s *Scope, o *Output, at place) {
	switch o.Kind {
	case Many:
		m.scan(s, o.Item, at)
	case Union:
		for _, a := range o.Arms {
			if a.Output != nil {
				m.scan(s, a.Output, at)
			}
		}
	case Tree:
		for _, f := range o.Fields {
			if f.Name == "length" {
				m.diags.Add(f.Pos, "V004", "Rename it", "%s has a field of the reserved name %q", at.who, f.Name)
			}
			if list, ok := strings.CutSuffix(f.Name, "Page"); ok {
				if l := o.Field(list); l != nil && l.Output.Paged {
					m.diags.Add(f.Pos, "V004", "Rename it", "%s has the field %q, which stands for the length of %q", at.who, f.Name, list)
				}
			}
			m.scan(s, f.Output, at)
		}
	}
}

// types derives the GraphQL types of all definitions.
func (m *merger) types() {
	s := m.s
	s.types = map[string]*Type{}
	t := &typer{types: s.types, place: map[string]place{},
		clash: func(name string, a, b place) { m.clash("V006", name, a, b) },
		empty: func(name string, at place) {
			m.diags.Add(at.pos, "V008", "Give it a field", "%s: %s has no fields", at.who, name)
		}}
	own := place{who: "the edge"}
	t.add(&Type{Name: NodeType, Class: ClassInterface, Doc: "An entity that can be loaded by its id alone.", Fields: []*TypeField{{Name: "id", Type: nonNull("ID")}}}, own)
	t.add(&Type{Name: PageType, Class: ClassObject, Doc: "The extent of a paged list.", Fields: []*TypeField{
		{Name: "length", Type: nonNull("Int"), Doc: "How many items the whole list has, at most its max."},
		{Name: "next", Type: named("String"), Doc: "The `after` of the following page; null on the last."}}}, own)
	for i, b := range s.Builds {
		of := " of " + owner(b)
		for _, o := range b.Objects {
			t.add(o.asType(), place{i, "object " + o.Name + of, o.Pos})
		}
		for _, e := range b.Enums {
			t.add(e.asType(), place{i, "enum " + e.Name + of, fault.Pos{}})
		}
		for _, in := range b.Inputs {
			t.add(in.asType(), place{i, "input " + in.Name + of, fault.Pos{}})
		}
	}
	for _, n := range s.shapeOrder {
		f := s.shapes[n]
		t.shape(f.Def, place{f.Build, "shape " + n + " of " + owner(s.Builds[f.Build]), f.Def.Pos})
	}
	for _, n := range s.viewOrder {
		f := s.views[n]
		at := place{f.Build, "view " + n + " of " + owner(s.Builds[f.Build]), f.Def.Pos}
		t.output(f.Def.Output, at)
		if f.Def.Output.Paged {
			if old, ok := m.roots[strings.ToLower(PageField(n))]; ok {
				m.clash("V005", PageField(n), old.at, at)
			}
		}
	}
	for _, n := range s.mutationOrder {
		f := s.mutations[n]
		if f.Def.Output != nil {
			t.output(f.Def.Output, place{f.Build, "mutation " + n + " of " + owner(s.Builds[f.Build]), f.Def.Pos})
		}
	}
	m.scalars(t)
}

// scalars enters every scalar that a type or argument names and that nothing else defines.
func (m *merger) scalars(t *typer) {
	see := func(r graph.TypeRef) {
		name := r.Named()
		if _, ok := t.types[name]; !ok && !IsScalar(name) && name != "" {
			t.types[name] = &Type{Name: name, Class: ClassScalar}
		}
	}
	args := func(list []*Arg) {
		for _, a := range list {
			see(a.Type)
		}
	}
	for _, name := range sortedKeys(t.types) {
		for _, f := range t.types[name].Fields {
			if f.Output == nil || f.Output.Kind == Leaf {
				see(f.Type)
			}
		}
	}
	for _, f := range m.s.views {
		args(f.Def.Args)
		seeLeaf(f.Def.Output, see)
	}
	for _, f := range m.s.mutations {
		args(f.Def.Args)
		if f.Def.Output != nil {
			seeLeaf(f.Def.Output, see)
		}
	}
	for _, f := range m.s.shapes {
		args(f.Def.Args)
	}
}

// seeLeaf shows the type of a root that is a leaf, or a list of them.
func seeLeaf(o *Output, see func(graph.TypeRef)) {
	for o.Kind == Many {
		o = o.Item
	}
	if o.Kind == Leaf {
		see(o.Type)
	}
}

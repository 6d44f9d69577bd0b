package composer_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"

	"facet/composer"
	"facet/fault"
	"facet/view"
	vt "facet/view/viewtest"
)

// A recording makes a random package over a random graph, as recording a device team's would: shapes that refer to each other, views,
// choices, policies, computed functions.
type recording struct {
	r     *rand.Rand
	g     *randomGraph
	size  int
	build *view.Build
}

// A scribe records one view or shape.
type scribe struct {
	*recording
	rec   *vt.Recorder
	names int
	sized bool // the scope has an argument "size"
}

// A spot is an object whose fields are recorded: its value and type, and whether it is there wherever what was last emitted is.
type spot struct {
	v       view.ID
	typ     string
	nonNull bool
}

func record(g *randomGraph, size int) *view.Build {
	c := &recording{r: rand.New(rand.NewPCG(g.seed, 2)), g: g, size: size, build: &view.Build{
		Format: view.Format, Package: "@random/home", Version: "1.0.0", Devices: []string{"tv"}, Schema: "v3",
		Funcs: []*view.Func{{Name: "join", Source: "(x) => ''", Inputs: []view.FuncInput{{Name: "a", Type: vt.Type("String")}, {Name: "b", Type: vt.Type("Int")}}, Result: vt.Type("String")}},
	}}
	for _, t := range g.types {
		for k := range 2 {
			s := &scribe{recording: c, rec: &vt.Recorder{}, sized: k == 1}
			sh := &view.Shape{Name: shapeName(t.name, k), Type: t.name, Keyed: true, Loadable: true}
			sh.Subject = s.rec.Add(view.OpEntity, view.None, t.name+"!", nil)
			if s.sized {
				sh.Args = []*view.Arg{{Name: "size", Type: vt.Type("Int!"), Default: json.RawMessage("1")}}
			}
			sh.Output = vt.Tree(sh.Name, sh.Subject, false, s.fields(spot{sh.Subject, t.name, true}, sh.Name, 1)...)
			sh.Scope = s.rec.Scope
			c.build.Shapes = append(c.build.Shapes, sh)
		}
	}
	for i := range 1 + c.r.IntN(2) {
		s := &scribe{recording: c, rec: &vt.Recorder{}}
		v := &view.View{Name: fmt.Sprint("view", i)}
		if i == 1 {
			v.Args = []*view.Arg{{Name: "id", Type: vt.Type("ID!")}}
		}
		v.Output = vt.Tree(fmt.Sprint("View", i), view.None, true, s.roots(v)...)
		v.Scope = s.rec.Scope
		c.build.Views = append(c.build.Views, v)
	}
	return c.build
}

func shapeName(typ string, k int) string { return typ + []string{"Card", "Tile"}[k] }

func (s *scribe) name() string { s.names++; return fmt.Sprint("f", s.names) }

// roots records the fields of a view.
func (s *scribe) roots(v *view.View) []*view.Field {
	var out []*view.Field
	for range 1 + s.r.IntN(s.size+1) {
		f := s.g.roots[s.r.IntN(len(s.g.roots))]
		if f.own {
			out = append(out, s.field(spot{view.None, "Query", true}, f, viewType(v), 2))
			continue
		}
		id := s.rec.Literal(fmt.Sprintf("%q", fmt.Sprint("k", s.r.IntN(s.g.keys+1))), "ID!")
		if len(v.Args) > 0 && s.r.IntN(2) == 0 {
			id = s.rec.Arg("id", "ID!")
		}
		one := spot{s.rec.Query(f.name, f.typ, vt.Named("id", id)), f.base(), false}
		if s.r.IntN(4) == 0 {
			one.v, one.nonNull = s.rec.Guarded(view.OpNotFound, one.v, view.None, 0, f.typ+"!"), true
		}
		out = append(out, s.entity(one, viewType(v), 2))
	}
	return out
}

// fields records some fields of a spot; at least one.
func (s *scribe) fields(at spot, name string, depth int) []*view.Field {
	var out []*view.Field
	of := boxFields
	if t := s.g.typ(at.typ); t != nil {
		of = t.fields
	}
	for range 1 + s.r.IntN(s.size+2) {
		out = append(out, s.field(at, of[s.r.IntN(len(of))], name, depth))
	}
	return out
}

var boxFields = []*randomField{{name: "w", typ: "Int!"}, {name: "h", typ: "String"}}

// read is a field's value.
func (s *scribe) read(at spot, f *randomField) spot {
	var args []*view.Named
	if f.sized {
		size := s.rec.Literal(fmt.Sprint(1+s.r.IntN(2)), "Int!")
		if s.sized && s.r.IntN(2) == 0 {
			size = s.rec.Arg("size", "Int!")
		}
		args = append(args, vt.Named("size", size))
	}
	if at.typ == "Query" {
		return spot{s.rec.Query(f.name, f.typ, args...), f.base(), f.nonNull()}
	}
	return spot{s.rec.Field(at.v, f.name, f.typ, args...), f.base(), at.nonNull && f.nonNull()}
}

// field records one field of a spot.
func (s *scribe) field(at spot, f *randomField, name string, depth int) *view.Field {
	v := s.read(at, f)
	switch {
	case f.typ == "[String!]":
		return vt.Field(s.name(), leaf(v, "[String!]"))
	case f.list():
		return s.many(v, f, name, depth)
	}
	switch f.base() {
	case "String", "Int", "Boolean":
		return vt.Field(s.name(), s.scalar(at, v, depth))
	case "Box":
		if s.r.IntN(2) == 0 {
			return vt.Field(s.name(), s.scalar(v, s.read(v, boxFields[s.r.IntN(2)]), 0))
		}
		n := s.name()
		typ := name + strings.ToUpper(n)
		return vt.Field(n, vt.Tree(typ, view.None, true, s.fields(v, typ, 0)...))
	}
	return s.entity(v, name, depth)
}

// entity records what is shown of an entity: a shape, an inline object, or one of its own values.
func (s *scribe) entity(v spot, name string, depth int) *view.Field {
	n := s.name()
	switch k := s.r.IntN(6); {
	case k == 0 && depth > 0:
		typ := name + strings.ToUpper(n)
		return vt.Field(n, vt.Tree(typ, view.None, true, s.fields(v, typ, depth-1)...))
	case k == 1:
		t := s.g.typ(v.typ)
		return vt.Field(n, s.scalar(v, s.read(v, t.fields[s.r.IntN(4)]), depth))
	case k == 2:
		return vt.Field(n, leaf(spot{s.rec.Field(v.v, "id", "ID!"), "ID", v.nonNull}, "ID"))
	}
	return vt.Field(n, s.ref(v))
}

func (s *scribe) ref(v spot) *view.Output {
	if s.r.IntN(3) > 0 {
		return vt.Ref(shapeName(v.typ, 0), v.v)
	}
	if s.r.IntN(3) == 0 {
		return vt.Ref(shapeName(v.typ, 1), v.v)
	}
	return vt.Ref(shapeName(v.typ, 1), v.v, vt.Named("size", s.rec.Literal(fmt.Sprint(1+s.r.IntN(2)), "Int!")))
}

// leaf is a scalar with the nullability of its spot.
func leaf(v spot, typ string) *view.Output {
	if v.nonNull {
		typ += "!"
	}
	return vt.Leaf(v.v, typ)
}

// scalar records a scalar, alone or in an expression with other scalars of the object that it is of.
func (s *scribe) scalar(of, v spot, depth int) *view.Output {
	typ := v.typ
	null := func(op view.Op, els view.ID) {
		v.v = s.rec.Guarded(op, v.v, els, 0, typ)
	}
	text := func() view.ID { // another scalar of the object, or a literal
		if t := s.g.typ(of.typ); t != nil && s.r.IntN(2) == 0 {
			return s.read(of, t.field("note")).v
		}
		return s.rec.Literal(`"none"`, "String!")
	}
	switch s.r.IntN(9) {
	case 0:
		null(view.OpOrNull, view.None)
		v.nonNull = false
	case 1:
		null(view.OpOrElse, s.rec.Literal(map[string]string{"String": `"else"`, "Int": "7", "Boolean": "true"}[typ], typ+"!"))
		v.nonNull = true
	case 2:
		var in []*view.Named
		if typ == "String" {
			in = append(in, vt.Named("a", v.v))
		} else {
			in = append(in, vt.Named("a", text()))
		}
		n := s.rec.Literal("3", "Int!")
		if t := s.g.typ(of.typ); t != nil {
			n = s.read(of, t.field("count")).v
		}
		in = append(in, vt.Named("b", n))
		v = spot{s.rec.Add(view.OpComputed, view.None, "String", func(o *view.Value) { o.Args = in }), "String", false}
	case 3:
		is := s.rec.Add(view.OpIs, v.v, "Boolean!", func(o *view.Value) {
			o.JSON = json.RawMessage(map[string]string{"String": `"a1"`, "Int": "2", "Boolean": "true"}[typ])
		})
		then, els := text(), text()
		v = spot{s.rec.Add(view.OpWhen, is, "String", func(o *view.Value) { o.Cases, o.Else = []view.Case{{Value: then}}, els }), "String", false}
	case 4:
		if typ == "Boolean" {
			break
		}
		lit := map[string]string{"String": `"b2"`, "Int": "1"}[typ]
		a, els := text(), view.None
		if s.r.IntN(2) == 0 {
			els = text()
		}
		v = spot{s.rec.Add(view.OpPick, v.v, "String", func(o *view.Value) { o.Cases, o.Else = []view.Case{{JSON: json.RawMessage(lit), Value: a}}, els }), "String", false}
	case 5:
		if typ == "Boolean" && depth > 0 {
			v.v = s.rec.Add(view.OpNot, v.v, "Boolean!", nil)
			v.nonNull = false
		}
	}
	return leaf(v, v.typ)
}

// many records a list.
func (s *scribe) many(v spot, f *randomField, name string, depth int) *view.Field {
	n := s.name()
	typ := f.typ
	if s.r.IntN(5) == 0 {
		if s.r.IntN(2) == 0 {
			v.v, v.nonNull = s.rec.Guarded(view.OpOrNull, v.v, view.None, 0, strings.TrimSuffix(typ, "!")), false
		} else {
			v.v, v.nonNull = s.rec.Guarded(view.OpOrElse, v.v, s.rec.Literal("[]", typ), 0, typ), true
		}
	}
	paged := false
	switch s.r.IntN(3) {
	case 0:
		first, most := 1+s.r.IntN(4), 2+s.r.IntN(4)
		v.v, paged = s.rec.Page(v.v, s.rec.Literal(fmt.Sprint(first), "Int!"), most, typ), true
	case 1:
		first := s.rec.Literal(fmt.Sprint(s.r.IntN(5)), "Int!")
		v.v = s.rec.Add(view.OpTake, v.v, typ, func(o *view.Value) { o.First = first })
	}
	base, elem := f.base(), strings.Contains(f.typ, "!]")
	item := spot{s.rec.Item(v.v, base+map[bool]string{true: "!"}[elem]), base, true}
	var out *view.Output
	switch {
	case base == "Mix" || base == "Named" && s.r.IntN(2) == 0:
		out = &view.Output{Kind: view.Union, Name: name + strings.ToUpper(n), Value: item.v, Each: view.None}
		for i, t := range s.g.types {
			if i > 0 && s.r.IntN(5) == 0 { // some member is shown
				out.Arms = append(out.Arms, &view.Arm{Member: t.name, As: view.None})
				continue
			}
			as := s.rec.Add(view.OpAs, item.v, t.name+"!", func(o *view.Value) { o.Name = t.name })
			out.Arms = append(out.Arms, &view.Arm{Member: t.name, As: as, Output: vt.Ref(shapeName(t.name, 0), as)})
		}
	case base == "Named":
		out = vt.Tree(name+strings.ToUpper(n), item.v, elem, vt.Field(s.name(), leaf(spot{s.rec.Field(item.v, "name", "String!"), "String", true}, "String")))
	case depth > 0 && s.r.IntN(3) == 0:
		typ := name + strings.ToUpper(n)
		out = vt.Tree(typ, item.v, elem, s.fields(item, typ, depth-1)...)
	default:
		out = s.ref(item)
	}
	return vt.Field(n, vt.Many(v.v, item.v, paged, v.nonNull, out))
}

// join is the computed function of every random package.
func join(_ *view.Account, in [][]byte, dst []byte) ([]byte, error) {
	if string(in[1]) == "4" {
		return nil, fault.New(fault.Invalid, "four")
	}
	if in[0] == nil && in[1] == nil {
		return append(dst, "null"...), nil
	}
	return append(dst, asJSON(fmt.Sprintf("%s|%s", in[0], in[1]))...), nil
}

// A picker makes a random selection of a build.
type picker struct {
	r       *rand.Rand
	b       *view.Build
	windows []composer.Window
	graph   bool // of a JSON Graph: lists by their indices, no pages
	depth   int
}

func (p *picker) shape(name string) *view.Shape {
	for _, s := range p.b.Shapes {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// nodes asks for some of an output. Two runs with equal randomness ask for the same, once as a tree and once as a JSON Graph.
func (p *picker) nodes(o *view.Output, left int) []*composer.Node {
	var out []*composer.Node
	switch o.Kind {
	case view.Many:
		return p.nodes(o.Item, left)
	case view.Ref:
		for _, n := range []string{"id", "key", "__typename"} {
			if p.r.IntN(6) == 0 {
				out = append(out, p.node(n))
			}
		}
		return append(out, p.nodes(p.shape(o.Shape).Output, left-1)...)
	case view.Union:
		out = append(out, p.node("__typename"))
		for _, a := range o.Arms {
			if a.Output == nil {
				continue
			}
			for _, n := range p.nodes(a.Output, left) {
				if n.Name == "__typename" {
					continue
				}
				n.On = []string{a.Output.Shape}
				out = append(out, n)
			}
		}
		return out
	}
	for _, f := range o.Fields {
		if p.r.IntN(4) == 0 {
			continue
		}
		n := p.node(f.Name)
		if p.r.IntN(5) == 0 {
			n.Key = "my" + f.Name
		}
		if f.Output.Kind == view.Leaf {
			out = append(out, n)
			continue
		}
		if left < 0 {
			continue
		}
		if f.Output.Kind == view.Many && f.Output.Paged {
			first, after, page := p.r.IntN(4), p.r.IntN(3), p.r.IntN(4) == 0
			if p.r.IntN(2) == 0 {
				w := composer.Window{First: first, After: after}
				if p.graph {
					w = composer.Window{Only: []composer.Range{}}
					if first > 0 {
						w.Only = append(w.Only, composer.Range{From: after, To: after + first - 1})
					}
				}
				n.Window = len(p.windows)
				p.windows = append(p.windows, w)
			}
			if page && !p.graph {
				pg := p.node(f.Name + "Page")
				pg.Window, pg.Sub = n.Window, []*composer.Node{p.node("length"), p.node("next")}
				out = append(out, pg)
			}
		}
		n.Sub = p.nodes(f.Output, left)
		out = append(out, n)
	}
	if len(out) == 0 {
		out = append(out, p.node("__typename"))
	}
	return out
}

func (p *picker) node(name string) *composer.Node {
	return &composer.Node{Key: name, Name: name, Window: -1}
}

// selection asks for some of every view. args are the values of Request.Values.
func (p *picker) selection(args *[]json.RawMessage) *composer.Selection {
	sel := &composer.Selection{}
	for _, v := range p.b.Views {
		r := &composer.Root{Kind: composer.RootView, Key: v.Name, Name: v.Name, Window: -1}
		key := fmt.Sprintf(`"k%d"`, p.r.IntN(4))
		if p.graph {
			r.Path = []string{v.Name}
		}
		if len(v.Args) > 0 {
			r.Args = []composer.Arg{{Name: "id", Value: len(*args)}}
			*args = append(*args, json.RawMessage(key))
			if p.graph {
				r.Path = append(r.Path, strings.Trim(key, `"`))
			}
		}
		r.Sub = p.nodes(v.Output, p.depth)
		sel.Roots = append(sel.Roots, r)
	}
	return sel
}

func viewType(v *view.View) string { return "V" + v.Name[1:] }

package view

import (
	"fmt"
	"strings"

	"facet/graph"
)

// Paths are the JSON Graph paths of a surface.
type Paths struct {
	All []Path
	// Left are the views that are not in the JSON Graph, by name, with the reason.
	Left map[string]string
}

// A Path is one kind of path that a JSON Graph can be asked for, set or called by.
type Path struct {
	Keys []PathKey
	Type graph.TypeRef // of a leaf; zero where References stand
	// References are the shapes that the reference at the path may lead to.
	References []string
	Call       []*Arg // set on call paths: the call's arguments in order
	Callable   bool
	Settable   bool
}

// A PathKey is one key of a path: a fixed name, an index of a list, or the value of an argument.
type PathKey struct {
	Name  string // a fixed key, or the name of what stands there
	Index bool   // a list's indices
	Type  graph.TypeRef
	Value bool // an argument, or an entity's key; Type says of which type
}

// GraphKeys are the arguments that stand as keys after a view's name, in order. If the view cannot be in the JSON Graph,
// why says so and the arguments are nil.
func (s *Surface) GraphKeys(v *View) (keys []*Arg, why string) {
	names := v.Keys
	if len(names) == 0 {
		names = requiredArgs(v.Args)
	}
	has := make(map[string]bool, len(names))
	for _, n := range names {
		for _, a := range v.Args {
			if a.Name != n {
				continue
			}
			t := s.all()[a.Type.Named()]
			if a.Type.List() || t != nil && t.Class != ClassEnum && t.Class != ClassScalar {
				return nil, "its argument " + n + " is no scalar or enum"
			}
			keys, has[n] = append(keys, a), true
		}
	}
	for _, n := range requiredArgs(v.Args) {
		if !has[n] {
			return nil, "its argument " + n + " is required and no key"
		}
	}
	return keys, ""
}

// Paths lists every path of the JSON Graph: views, then mutations, then entities.
func (s *Surface) Paths() *Paths {
	w := &pathWalk{s: s, out: &Paths{Left: map[string]string{}}, open: map[string]bool{}, settable: map[string]bool{}}
	for _, n := range s.mutationOrder {
		if m := s.mutations[n].Def; m.Sets != nil {
			w.settable[m.Sets.Shape+"."+m.Sets.Field] = true
		}
	}
	for _, n := range s.viewOrder {
		v := s.views[n].Def
		args, why := s.GraphKeys(v)
		if why != "" {
			w.out.Left[n] = why
			continue
		}
		keys := []PathKey{{Name: n}}
		for _, a := range args {
			keys = append(keys, PathKey{Name: a.Name, Value: true, Type: a.Type})
		}
		w.output(keys, v.Output)
	}
	for _, n := range s.mutationOrder {
		w.mutation(s.mutations[n].Def)
	}
	for _, n := range s.shapeOrder {
		sh := s.shapes[n].Def
		if !sh.Loadable {
			continue
		}
		w.fields(identity(sh), sh.Output, n)
	}
	return w.out
}

// identity are the keys of an entity under a shape.
func identity(sh *Shape) []PathKey {
	keys := []PathKey{{Name: sh.Name}}
	for _, a := range sh.Args {
		keys = append(keys, PathKey{Name: a.Name, Value: true, Type: a.Type})
	}
	return append(keys, PathKey{Name: "key", Value: true, Type: nonNull("ID")})
}

type pathWalk struct {
	s        *Surface
	out      *Paths
	open     map[string]bool // shapes that are being followed where they stand
	settable map[string]bool // "Card.progress"
}

func (w *pathWalk) add(p Path) { w.out.All = append(w.out.All, p) }

func below(keys []PathKey, k PathKey) []PathKey {
	return append(append(make([]PathKey, 0, len(keys)+1), keys...), k)
}

func (w *pathWalk) mutation(m *Mutation) {
	w.add(Path{Keys: []PathKey{{Name: m.Name}}, Callable: true, Call: m.Args})
	if m.Output != nil {
		w.output([]PathKey{{Name: m.Name}, {Name: "result"}}, m.Output)
	}
	if sh, ok := w.s.shapes[m.On]; ok {
		keys := identity(sh.Def)
		for _, k := range m.As {
			keys = below(keys, PathKey{Name: k})
		}
		w.add(Path{Keys: keys, Callable: true, Call: m.Args})
	}
}

func (w *pathWalk) output(keys []PathKey, o *Output) {
	if o.Paged {
		w.add(Path{Keys: below(keys, PathKey{Name: "length"}), Type: nonNull("Int")})
	}
	switch o.Kind {
	case Leaf:
		if o.Paged {
			w.add(Path{Keys: below(keys, PathKey{Name: "index", Index: true}), Type: *o.Type.Elem})
			return
		}
		w.add(Path{Keys: keys, Type: o.Type})
	case Many:
		if !o.Paged {
			w.add(Path{Keys: below(keys, PathKey{Name: "length"}), Type: nonNull("Int")})
		}
		w.output(below(keys, PathKey{Name: "index", Index: true}), o.Item)
	case Tree:
		w.fields(keys, o, "")
	case Ref, Union:
		w.references(keys, o)
	}
}

// references adds the reference of a shape or match; what is no identity is a branch where it stands.
func (w *pathWalk) references(keys []PathKey, o *Output) {
	var refs []string
	one := func(o *Output) {
		if o.Kind == Tree {
			w.fields(keys, o, "")
			return
		}
		sh, ok := w.s.shapes[o.Shape]
		switch {
		case !ok || w.open[o.Shape]:
		case sh.Def.Loadable:
			refs = appendNew(refs, o.Shape)
		default:
			w.open[o.Shape] = true
			w.fields(keys, sh.Def.Output, o.Shape)
			delete(w.open, o.Shape)
		}
	}
	if o.Kind == Ref {
		one(o)
	}
	for _, a := range o.Arms {
		if a.Output != nil {
			one(a.Output)
		}
	}
	if len(refs) > 0 {
		w.add(Path{Keys: keys, References: refs})
	}
}

// fields adds the paths below an object; shape is "" for inline ones.
func (w *pathWalk) fields(keys []PathKey, o *Output, shape string) {
	if sh, ok := w.s.shapes[shape]; ok && sh.Def.Keyed {
		w.add(Path{Keys: below(keys, PathKey{Name: "id"}), Type: nonNull("ID")})
		w.add(Path{Keys: below(keys, PathKey{Name: "key"}), Type: nonNull("ID")})
	}
	for _, f := range o.Fields {
		at := len(w.out.All)
		w.output(below(keys, PathKey{Name: f.Name}), f.Output)
		if w.settable[shape+"."+f.Name] && at < len(w.out.All) {
			w.out.All[at].Settable = true
		}
	}
}

// String prints a path a line: ["film", <id: ID!>] -> Card.
func (p *Paths) String() string {
	var b strings.Builder
	for _, x := range p.All {
		b.WriteString(x.String() + "\n")
	}
	for _, n := range sortedKeys(p.Left) {
		fmt.Fprintf(&b, "# %s is not in the JSON Graph: %s\n", n, p.Left[n])
	}
	return b.String()
}

// String prints the path with what is there.
func (p Path) String() string {
	keys := make([]string, len(p.Keys))
	for i, k := range p.Keys {
		switch {
		case k.Index:
			keys[i] = "<index>"
		case k.Value:
			keys[i] = "<" + k.Name + ": " + k.Type.String() + ">"
		default:
			keys[i] = fmt.Sprintf("%q", k.Name)
		}
	}
	s := "[" + strings.Join(keys, ", ") + "]"
	switch {
	case p.Callable:
		s += " call" + argList(p.Call)
	case len(p.References) > 0:
		s += " -> " + strings.Join(p.References, " | ")
	default:
		s += " " + p.Type.String()
	}
	if p.Settable {
		s += " set"
	}
	return s
}

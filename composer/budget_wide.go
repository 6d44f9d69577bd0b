package composer

import (
	"slices"

	"facet/fault"
	"facet/view"
)

// A wide makes the widest selection of a root: every field, each shape followed once, each list with its page.
type wide struct {
	s       *view.Surface
	windows int
	inside  []string // shapes
	deeper  []string
}

func (w *wide) root(kind RootKind, name string) (*Root, int, error) {
	r := &Root{Kind: kind, Key: "data", Name: name, Window: -1}
	var args []*view.Arg
	var out *view.Output
	build := -1
	if f, ok := w.s.View(name); ok && kind == RootView {
		args, out, build = f.Def.Args, f.Def.Output, f.Build
	} else if f, ok := w.s.Mutation(name); ok && kind == RootMutation {
		args, out, build = f.Def.Args, f.Def.Output, f.Build
	} else if f, ok := w.s.Load(name); ok && kind == RootLoad {
		args, build = f.Def.Args, f.Build
	} else if f, ok := w.s.Effect(name); ok && kind == RootEffect {
		args, build = f.Def.Args, f.Build
	}
	if build < 0 {
		return nil, 0, fault.New(fault.NotFound, "there is no view or mutation %q", name)
	}
	for i, a := range args {
		r.Args = append(r.Args, Arg{Name: a.Name, Value: i})
	}
	if out != nil {
		r.Sub = w.below(out)
		if out.Paged {
			r.Window = w.window()
		}
	}
	return r, build, nil
}

func (w *wide) window() int { w.windows++; return w.windows - 1 }

// below are the nodes under an output; On names the types of a union's arms.
func (w *wide) below(o *view.Output) []*Node {
	switch o.Kind {
	case view.Many:
		return w.below(o.Item)
	case view.Tree:
		return w.fields(o, nil)
	case view.Ref:
		return w.shape(o.Shape, nil)
	case view.Union:
		nodes := []*Node{{Key: "__typename", Name: "__typename", Window: -1}}
		for _, a := range o.Arms {
			if a.Output == nil {
				continue
			}
			on := []string{view.OutputType(a.Output).Named()}
			if a.Output.Kind == view.Ref {
				nodes = append(nodes, w.shape(a.Output.Shape, on)...)
			} else {
				nodes = append(nodes, w.fields(a.Output, on)...)
			}
		}
		return nodes
	}
	return nil
}

func (w *wide) shape(name string, on []string) []*Node {
	if slices.Contains(w.inside, name) {
		if !slices.Contains(w.deeper, name) {
			w.deeper = append(w.deeper, name)
		}
		return []*Node{{Key: "__typename", Name: "__typename", On: on, Window: -1}}
	}
	f, ok := w.s.Shape(name)
	if !ok {
		return nil
	}
	w.inside = append(w.inside, name)
	defer func() { w.inside = w.inside[:len(w.inside)-1] }()
	var nodes []*Node
	if f.Def.Keyed {
		nodes = append(nodes, &Node{Key: "id", Name: "id", On: on, Window: -1})
	}
	return append(nodes, w.fields(f.Def.Output, on)...)
}

func (w *wide) fields(o *view.Output, on []string) []*Node {
	var nodes []*Node
	for _, f := range o.Fields {
		n := &Node{Key: f.Name, Name: f.Name, On: on, Window: -1, Sub: w.below(f.Output)}
		nodes = append(nodes, n)
		if f.Output.Paged {
			n.Window = w.window()
			page := view.PageField(f.Name)
			nodes = append(nodes, &Node{Key: page, Name: page, On: on, Window: w.window(), Sub: []*Node{
				{Key: "length", Name: "length", Window: -1}, {Key: "next", Name: "next", Window: -1}}})
		}
	}
	if len(nodes) == 0 {
		nodes = append(nodes, &Node{Key: "__typename", Name: "__typename", On: on, Window: -1})
	}
	return nodes
}

// withoutPages is a selection as REST has it by default: nobody asks for pages, and lists have their own first.
func withoutPages(nodes []*Node) []*Node {
	var out []*Node
	for _, n := range nodes {
		if list, ok := cutPage(n.Name); ok && n.Window >= 0 && slices.ContainsFunc(nodes, func(o *Node) bool { return o.Name == list }) {
			continue
		}
		c := *n
		c.Window, c.Sub = -1, withoutPages(n.Sub)
		out = append(out, &c)
	}
	return out
}

package jsongraph

import (
	"encoding/json"
	"slices"
	"strconv"

	"facet/composer"
	"facet/fault"
	"facet/view"
)

// A builder makes one composer.Request of path sets. It walks the surface, not the paths: at every place it holds what is
// left of the sets that lead there, so that ranges and key sets are never expanded where they mean the same.
// What it does not know (names, keys of a wrong type) it leaves out; the completer marks it missing.
type builder struct {
	s     *view.Surface
	sets  []pathSet
	limit int // nodes left
	req   composer.Request
	err   error

	unknown map[string]bool // roots that there are none of
	gaps    bool            // some path may end where the composer writes nothing: something of it is unknown, or it ends at a branch
}

// request is the composer's request for path sets, with the roots that there are none of. It asks for nothing if nothing of
// the paths exists.
func request(s *view.Surface, sets []pathSet, l Limits) (req *composer.Request, unknown map[string]bool, err error) {
	b := build(s, sets, l)
	return &b.req, b.unknown, b.err
}

func build(s *view.Surface, sets []pathSet, l Limits) *builder {
	b := &builder{s: s, sets: sets, limit: l.Nodes, unknown: map[string]bool{}}
	b.req.Format = composer.FormatGraph
	b.req.Selection = &composer.Selection{}
	var tails []tail
	for i, set := range sets {
		if set.count() > 0 {
			tails = append(tails, tail{i, 0})
		}
		b.gaps = b.gaps || len(set) > maxHops // the completer counts them
	}
	names, ended := b.buckets(tails, false)
	b.gaps = b.gaps || ended || b.numbered(tails)
	for _, n := range names {
		if v, ok := s.View(n.key.text); ok {
			if args, why := s.GraphKeys(v.Def); why == "" {
				b.view(v.Def, args, nil, []string{v.Def.Name}, n.tails)
			} else {
				b.gaps = true
			}
		} else if sh, ok := s.Shape(n.key.text); ok && sh.Def.Loadable {
			b.entities(sh.Def, 0, nil, n.tails)
		} else if _, ok := s.Mutation(n.key.text); !ok {
			b.unknown[n.key.text] = true
			b.gaps = true
		} else {
			b.gaps = true
		}
	}
	return b
}

// numbered says whether some path goes on with a range, where only names stand.
func (b *builder) numbered(tails []tail) bool {
	return slices.ContainsFunc(tails, func(t tail) bool { return t.at < len(b.sets[t.set]) && len(b.sets[t.set][t.at].spans) > 0 })
}

// keys groups tails by the next key, numbers included.
func (b *builder) keys(tails []tail) []bucket {
	list, ended := b.buckets(tails, true)
	b.gaps = b.gaps || ended
	return list
}

func (b *builder) count() bool {
	if b.limit--; b.limit < 0 && b.err == nil {
		b.err = limit("the paths make a selection that is too large").WithHint("ask for fewer different things in one request")
	}
	return b.err == nil
}

func (b *builder) value(v json.RawMessage) int {
	b.req.Values = append(b.req.Values, v)
	return len(b.req.Values) - 1
}

// view walks a view's keys, then what it gives.
func (b *builder) view(v *view.View, left []*view.Arg, args []composer.Arg, path []string, tails []tail) {
	if len(left) > 0 {
		for _, x := range b.keys(tails) {
			value, ok := convert(b.s, left[0], x.key.text)
			b.gaps = b.gaps || !ok
			if ok {
				arg := composer.Arg{Name: left[0].Name, Value: b.value(value)}
				b.view(v, left[1:], append(slices.Clip(args), arg), append(slices.Clip(path), x.key.text), x.tails)
			}
		}
		return
	}
	parts := b.output(v.Output, tails)
	b.gaps = b.gaps || len(parts) == 0
	for _, p := range parts {
		if !b.count() {
			return
		}
		b.req.Selection.Roots = append(b.req.Selection.Roots,
			&composer.Root{Kind: composer.RootView, Key: rootKey(b, v.Name), Name: v.Name, Args: args, Path: path, Sub: p.sub, Window: p.window})
	}
}

func rootKey(b *builder, name string) string {
	return name + "~" + strconv.Itoa(len(b.req.Selection.Roots))
}

// entities walks a shape's arguments and keys. All keys that are asked for the same are one root.
func (b *builder) entities(sh *view.Shape, arg int, args []composer.Arg, tails []tail) {
	list := b.keys(tails)
	if arg < len(sh.Args) {
		for _, x := range list {
			value, ok := convert(b.s, sh.Args[arg], x.key.text)
			b.gaps = b.gaps || !ok
			if ok {
				a := composer.Arg{Name: sh.Args[arg].Name, Value: b.value(value)}
				b.entities(sh, arg+1, append(slices.Clip(args), a), x.tails)
			}
		}
		return
	}
	for _, g := range bunches(list) {
		sub := b.fields(sh.Output, sh, g.tails, nil)
		b.gaps = b.gaps || b.ends(g.tails)
		if len(sub) == 0 || !b.count() {
			continue
		}
		keys := []byte{'['}
		for i, k := range g.keys {
			if i > 0 {
				keys = append(keys, ',')
			}
			keys = appendText(keys, k.text)
		}
		b.req.Selection.Roots = append(b.req.Selection.Roots, &composer.Root{Kind: composer.RootEntity, Key: rootKey(b, sh.Name), Name: sh.Name, Args: args,
			Entity: b.value(append(keys, ']')), Many: true, Sub: sub, Window: -1})
	}
}

// A part is how one place is asked for: a list may need several, one for each kind of indices.
type part struct {
	sub    []*composer.Node
	window int
}

// output says how a place is asked for; no parts if nothing there is.
func (b *builder) output(o *view.Output, tails []tail) []part {
	if len(tails) == 0 || b.err != nil {
		return nil
	}
	switch o.Kind {
	case view.Leaf:
		if o.Paged {
			return b.list(nil, tails)
		}
		return []part{{window: -1}}
	case view.Many:
		return b.list(o.Item, tails)
	case view.Tree:
		b.gaps = b.gaps || b.ends(tails)
		if sub := b.fields(o, nil, tails, nil); len(sub) > 0 {
			return []part{{sub: sub, window: -1}}
		}
	case view.Ref:
		return b.reference(o, tails)
	case view.Union:
		return b.union(o, tails)
	}
	return nil
}

// reference asks for a reference and what lies behind it. A shape that is no identity is a branch where it stands.
func (b *builder) reference(o *view.Output, tails []tail) []part {
	sh, ok := b.s.Shape(o.Shape)
	if !ok {
		return nil
	}
	b.gaps = b.gaps || !identity(sh.Def) && b.ends(tails)
	sub := b.fields(sh.Def.Output, sh.Def, tails, nil)
	if len(sub) == 0 && !sh.Def.Loadable {
		return nil
	}
	return []part{{sub: sub, window: -1}}
}

// identity says whether a reference to the shape is a value by itself.
func identity(sh *view.Shape) bool { return sh.Keyed && sh.Loadable }

// ends says whether some path goes no further.
func (b *builder) ends(tails []tail) bool {
	return slices.ContainsFunc(tails, func(t tail) bool { return t.at == len(b.sets[t.set]) })
}

func (b *builder) union(o *view.Output, tails []tail) []part {
	var sub []*composer.Node
	var seen []string
	whole := false // some arm is a value by itself
	for _, a := range o.Arms {
		if a.Output == nil {
			whole = true
			continue
		}
		name, tree, shape := a.Output.Name, a.Output, (*view.Shape)(nil)
		b.gaps = b.gaps || a.Output.Kind != view.Ref && a.Output.Kind != view.Tree
		if a.Output.Kind == view.Ref {
			sh, ok := b.s.Shape(a.Output.Shape)
			if !ok {
				continue
			}
			name, tree, shape = sh.Def.Name, sh.Def.Output, sh.Def
			whole = whole || sh.Def.Loadable
		}
		b.gaps = b.gaps || (shape == nil || !identity(shape)) && b.ends(tails)
		if slices.Contains(seen, name) {
			continue
		}
		seen = append(seen, name)
		sub = append(sub, b.fields(tree, shape, tails, []string{name})...)
	}
	if len(sub) == 0 && !whole {
		return nil
	}
	names, _ := b.buckets(tails, false)
	b.gaps = b.gaps || b.numbered(tails)
	for _, n := range names {
		if !slices.ContainsFunc(sub, func(s *composer.Node) bool { return s.Name == n.key.text }) {
			b.gaps = true // no member has it
		}
	}
	return []part{{sub: sub, window: -1}}
}

// list asks for a list: item is nil where the items are values.
func (b *builder) list(item *view.Output, tails []tail) []part {
	all := b.keys(tails)
	var parts []part
	length := false
	indices := all[:0:0]
	for _, x := range all {
		switch {
		case x.key.whole:
			indices = append(indices, x)
		case x.key.text == "length":
			length = true
			b.gaps = b.gaps || item != nil && (item.Kind == view.Leaf || item.Kind == view.Tree && item.Field("length") != nil)
		default:
			b.gaps = true
		}
	}
	for _, g := range bunches(indices) {
		if len(g.keys) == 0 {
			continue
		}
		inner := []part{{window: -1}}
		if item != nil {
			inner = b.output(item, g.tails)
			b.gaps = b.gaps || len(inner) == 0
		}
		for _, p := range inner { // a list of lists has one for each kind of indices below
			parts = append(parts, part{sub: p.sub, window: b.window(ranges(g.keys))})
		}
	}
	if length {
		n := &composer.Node{Key: "length", Name: "length", Window: -1}
		if len(parts) == 0 {
			return []part{{sub: []*composer.Node{n}, window: b.window([]composer.Range{})}}
		}
		parts[0].sub = append(slices.Clip(parts[0].sub), n)
	}
	return parts
}

func (b *builder) window(only []composer.Range) int {
	b.req.Windows = append(b.req.Windows, composer.Window{Only: only})
	return len(b.req.Windows) - 1
}

// fields asks for the fields of a tree, or of a shape. on limits them to an arm of a union.
func (b *builder) fields(o *view.Output, sh *view.Shape, tails []tail, on []string) []*composer.Node {
	names, _ := b.buckets(tails, false)
	b.gaps = b.gaps || b.numbered(tails)
	var nodes []*composer.Node
	for _, n := range names {
		name := n.key.text
		if name == "__typename" || sh != nil && sh.Keyed && (name == "id" || name == "key") {
			nodes = b.node(nodes, name, on, part{window: -1}, 0)
			continue
		}
		f := o.Field(name)
		if f == nil {
			b.gaps = b.gaps || on == nil
			continue
		}
		parts := b.output(f.Output, n.tails)
		b.gaps = b.gaps || len(parts) == 0
		for i, p := range parts {
			nodes = b.node(nodes, name, on, p, i)
		}
	}
	return nodes
}

func (b *builder) node(nodes []*composer.Node, name string, on []string, p part, i int) []*composer.Node {
	if !b.count() {
		return nodes
	}
	n := &composer.Node{Key: name, Name: name, On: on, Sub: p.sub, Window: p.window}
	if i > 0 {
		n.Key += "~" + strconv.Itoa(i) // siblings have distinct keys; the answer is placed by name
	}
	return append(nodes, n)
}

// failure is the error of a part that answers nothing.
func failure(p *composer.Part) *composer.Error {
	if string(p.Data) != "null" && len(p.Data) > 0 {
		return nil
	}
	for i := range p.Errors {
		if len(p.Errors[i].Path) == 0 {
			return &p.Errors[i]
		}
	}
	if len(p.Errors) > 0 {
		return &p.Errors[0]
	}
	return &composer.Error{Kind: fault.Internal}
}

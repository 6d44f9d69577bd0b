package jsongraph

import (
	"encoding/json"
	"slices"

	"facet/composer"
	"facet/fault"
	"facet/view"
)

// call runs one mutation. It fails as a whole, or answers the references and values that the mutation gave, what was asked
// behind them and beside it, and what became stale. If it failed after an effect, it answers the error and what became stale.
func (x *exchange) call() error {
	if x.params.callPath == "" {
		return invalid("call needs callPath")
	}
	l := x.h.limits
	path, err := decodePath([]byte(x.params.callPath), l, "callPath")
	if err != nil {
		return err
	}
	suffixes, err := optionalPaths(x.params.pathSuffixes, l, "pathSuffixes")
	if err != nil {
		return err
	}
	beside, err := optionalPaths(x.params.paths, l, "paths")
	if err != nil {
		return err
	}
	args, err := arguments(x.params.arguments)
	if err != nil {
		return err
	}
	m, err := x.function(texts(path))
	if err != nil {
		return err
	}
	holder := setOf(texts(path[:len(path)-1]))
	if len(holder) == 0 {
		suffixes, beside = ofResult(m.Name, suffixes, beside)
	}
	for i, p := range beside {
		beside[i] = append(slices.Clone(holder), p...)
	}
	if err := bounded(slices.Concat([]pathSet{setOf(texts(path))}, suffixes, beside), l, "call"); err != nil {
		return err
	}
	if _, _, err := request(x.answers.Surface(), beside, l); err != nil {
		return err
	}
	p, failed, err := x.run(m, args, suffixes)
	if err != nil {
		return err
	}
	if failed != nil {
		return x.half(m, p, failed)
	}
	root, _, err := readTree(p.Data)
	if err != nil {
		return err
	}
	reply := result(root, m, suffixes)
	c := &completer{root: root, lenient: true}
	if err := c.complete(reply); err != nil {
		return err
	}
	if len(beside) > 0 {
		if g, err := x.fetch(beside, true); err == nil {
			root.merge(g.root)
		} else { // the mutation has run: what cannot be read beside it is an error at its place
			c.fill = errorNode(fault.KindOf(err), fault.Public(err))
			_ = c.complete(beside)
		}
		reply = append(reply, beside...)
	}
	return x.reply(&found{root: root}, appendPaths(nil, reply), appendInvalidated(p.Invalidated))
}

func optionalPaths(text string, l Limits, what string) ([]pathSet, error) {
	if text == "" || text == "null" {
		return nil, nil
	}
	p := &pathParser{b: []byte(text), limits: l, empty: true}
	sets, err := p.paths()
	if err != nil {
		err.Message = what + ": " + err.Message
		return nil, err
	}
	return slices.DeleteFunc(sets, func(s pathSet) bool { return len(s) == 0 || s.count() == 0 }), nil
}

// arguments reads a call's arguments, by position.
func arguments(text string) ([]json.RawMessage, error) {
	if text == "" || text == "null" {
		return nil, nil
	}
	var raw []json.RawMessage
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		return nil, invalid("arguments must be an array")
	}
	for i, v := range raw {
		plain, err := unbox(v)
		if err != nil {
			return nil, invalid("arguments: %d: %s", i, fault.Public(err))
		}
		raw[i] = plain
	}
	return raw, nil
}

// function finds the mutation at a path: at ["<mutation>"], or below an entity of its shape. The path may run through references.
func (x *exchange) function(path []string) (*view.Mutation, error) {
	s := x.answers.Surface()
	if len(path) == 1 {
		if m, ok := s.Mutation(path[0]); ok {
			return m.Def, nil
		}
	}
	for _, m := range mutations(s) {
		n := len(path) - len(m.As)
		if m.On == "" || n < 1 || len(m.As) == 0 || !slices.Equal(path[n:], m.As) {
			continue
		}
		places, _, err := x.find([][]string{path[:n]})
		if err != nil {
			return nil, err
		}
		if p := places[0]; p != nil && p.shape.Name == m.On && len(p.below) == 0 {
			return m, x.own(p)
		}
	}
	return nil, fault.New(fault.NotFound, "there is no function at %s", show(path))
}

// own refuses a call below another profile than the one in use: a mutation takes the profile from the asker, never from
// the path, and would change the wrong one.
func (x *exchange) own(p *place) error {
	if p.shape.Type == "Profile" && p.key != x.asker.Viewer.Profile {
		return fault.New(fault.Forbidden, "it can be called for the profile in use only")
	}
	return nil
}

// ofResult moves paths that name the result, relative to the root, to the suffixes.
func ofResult(name string, suffixes, beside []pathSet) ([]pathSet, []pathSet) {
	var rest []pathSet
	for _, p := range beside {
		first, ok := p[0].single()
		if !ok || first.text != name {
			rest = append(rest, p)
			continue
		}
		if second, ok := second(p); ok && second == "result" && len(p) > 2 {
			suffixes = append(suffixes, p[2:])
		}
	}
	return suffixes, rest
}

func second(p pathSet) (string, bool) {
	if len(p) < 2 {
		return "", false
	}
	k, ok := p[1].single()
	return k.text, ok
}

// half answers for a mutation that failed when an effect of it had happened.
func (x *exchange) half(m *view.Mutation, p *composer.Part, failed *fault.Error) error {
	at := []string{m.Name, "result"}
	g := &found{root: &node{}}
	g.mark(at, failed)
	return x.reply(g, appendPaths(nil, []pathSet{setOf(at)}), appendInvalidated(p.Invalidated))
}

// run gives what a mutation gave; failed is why it broke off after it had made something stale.
func (x *exchange) run(m *view.Mutation, args []json.RawMessage, suffixes []pathSet) (p *composer.Part, failed *fault.Error, err error) {
	if len(args) > len(m.Args) {
		return nil, nil, invalid("%s takes %d arguments, not %d", m.Name, len(m.Args), len(args))
	}
	b := &builder{s: x.answers.Surface(), sets: suffixes, limit: x.h.limits.Nodes}
	root := &composer.Root{Kind: composer.RootMutation, Key: m.Name, Name: m.Name, Path: []string{m.Name, "result"}, Window: -1}
	for i, v := range args {
		root.Args = append(root.Args, composer.Arg{Name: m.Args[i].Name, Value: b.value(v)})
	}
	if m.Output != nil {
		root.Sub = b.whole(m.Output, nil)
	}
	if b.err != nil {
		return nil, nil, b.err
	}
	b.req.Format = composer.FormatGraph
	b.req.Idempotency = x.r.Header.Get("Idempotency-Key")
	b.req.Selection = &composer.Selection{Mutation: true, Roots: []*composer.Root{root}}
	if p, err = x.ask(&b.req); err != nil {
		return nil, nil, err
	}
	for _, e := range p.Errors {
		if len(e.Path) == 0 || len(e.Path) <= len(root.Path) && e.Path[0] == m.Name { // the mutation itself, not something behind its result
			failed = &fault.Error{Kind: e.Kind, Message: e.Message, Err: e.Err}
			if len(p.Invalidated) == 0 {
				return nil, nil, failed
			}
			return p, failed, nil
		}
	}
	return p, nil, nil
}

// whole asks for all that a mutation gives where it stands, and for the suffixes behind its references.
func (b *builder) whole(o *view.Output, on []string) []*composer.Node {
	var tails []tail
	for i := range b.sets {
		tails = append(tails, tail{i, 0})
	}
	switch o.Kind {
	case view.Ref, view.Union:
		if parts := b.behind(o, tails); len(parts) > 0 {
			return parts[0].sub
		}
	case view.Many:
		return b.whole(o.Item, on)
	case view.Tree:
		var nodes []*composer.Node
		for _, f := range o.Fields {
			nodes = b.node(nodes, f.Name, on, part{sub: b.whole(f.Output, nil), window: -1}, 0)
		}
		return nodes
	}
	return nil
}

func (b *builder) behind(o *view.Output, tails []tail) []part {
	if o.Kind == view.Union {
		return b.union(o, tails)
	}
	return b.reference(o, tails)
}

// result lists the paths that a mutation's answer holds: its values, and the suffixes behind its references.
func result(root *node, m *view.Mutation, suffixes []pathSet) []pathSet {
	if m.Output == nil {
		return nil
	}
	var sets []pathSet
	var walk func(n *node, path []string)
	walk = func(n *node, path []string) {
		if !n.branch() {
			if n.ref == nil || len(suffixes) == 0 {
				sets = append(sets, setOf(path))
			}
			if n.ref != nil {
				for _, s := range suffixes {
					sets = append(sets, append(setOf(path), s...))
				}
			}
			return
		}
		for _, k := range n.kids {
			walk(k.node, append(slices.Clone(path), k.key))
		}
	}
	at := []string{m.Name, "result"}
	if top := root.get(m.Name); top != nil && top.branch() && top.get("result") != nil {
		walk(top.get("result"), at)
	}
	if len(sets) == 0 {
		sets = append(sets, setOf(at))
	}
	return sets
}

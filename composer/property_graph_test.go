package composer_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"facet/composer"
	"facet/view"
)

// graph asks for the world's selection as a JSON Graph and expands it again.
func (w *randomWorld) graph() string {
	w.calls = nil
	sel, r, part := w.ask(w.picker(true), composer.FormatGraph)
	want := w.naive.answer(sel)
	x := &expander{b: w.build, windows: r.Windows}
	bad := func() string {
		if err := json.Unmarshal(part.Data, &x.root); err != nil {
			return err.Error()
		}
		got, err := x.expand(sel)
		if err != nil {
			return err.Error()
		}
		if bad := w.differs(want, []byte(asJSON(got))); bad != "" {
			return bad
		}
		if (len(part.Errors) > 0) != (len(w.naive.errors) > 0) {
			return fmt.Sprintf("errors: naive %v, engine %v", w.naive.errors, short(part))
		}
		plan, err := w.engine.Explain(sel, r.Values, r.Asker)
		if err != nil {
			return err.Error()
		}
		return w.distinct(plan)
	}()
	if bad == "" {
		return ""
	}
	return fmt.Sprintf("as a JSON Graph: %s\nasked: %s\nanswer: %s\n%v\n%s", bad, selected(sel), part.Data, short(part), w.g.sdl())
}

// An expander makes a tree of a JSON Graph by following its references, as a client does.
type expander struct {
	b       *view.Build
	windows []composer.Window
	root    obj
}

// errExpand is thrown where the graph has not what was asked for.
type errExpand struct{ text string }

func (x *expander) expand(sel *composer.Selection) (out obj, err error) {
	defer func() {
		if e, ok := recover().(errExpand); ok {
			err = fmt.Errorf("expanding: %s", e.text)
		}
	}()
	out = obj{}
	for _, root := range sel.Roots {
		i := slices.IndexFunc(x.b.Views, func(v *view.View) bool { return v.Name == root.Name })
		var at any = x.root
		for _, k := range root.Path {
			at = x.below(at, k)
		}
		v := x.b.Views[i]
		got, ok := x.write(v.Output, &composer.Node{Sub: root.Sub, Window: -1}, &v.Scope, at)
		if !ok {
			got = nil
		}
		out[root.Key] = got
	}
	return out, nil
}

func (x *expander) below(at any, key string) any {
	m, ok := at.(obj)
	if !ok {
		panic(errExpand{fmt.Sprintf("%q of %v", key, at)})
	}
	v, ok := m[key]
	if !ok && m["$type"] == nil {
		panic(errExpand{fmt.Sprintf("%q is missing in %.200s", key, asJSON(m))})
	}
	if m["$type"] != nil {
		return m
	}
	return v
}

// opened is a value with its atom opened; gone says that it is a null, a missing marker or an error.
func opened(v any) (any, bool) {
	if m, ok := v.(obj); ok {
		switch m["$type"] {
		case "atom":
			return m["value"], m["value"] == nil
		case "error":
			return nil, true
		}
	}
	return v, v == nil
}

// write mirrors what GraphQL does with a value: null travels up to where it may stand.
func (x *expander) write(o *view.Output, n *composer.Node, scope *view.Scope, at any) (any, bool) {
	v, gone := opened(at)
	if gone {
		return nil, !o.NonNull
	}
	settled := func(v any, ok bool) (any, bool) {
		if !ok {
			return nil, !o.NonNull
		}
		return v, true
	}
	switch o.Kind {
	case view.Leaf:
		return v, true
	case view.Tree:
		return settled(x.object(o, n, scope, o.Name, v))
	case view.Ref:
		s := x.b.Shapes[slices.IndexFunc(x.b.Shapes, func(s *view.Shape) bool { return s.Name == o.Shape })]
		return settled(x.object(s.Output, n, &s.Scope, s.Name, x.follow(v)))
	case view.Union:
		to, _ := v.(obj)["value"].([]any)
		for _, a := range o.Arms {
			if a.Output != nil && len(to) > 0 && a.Output.Shape == to[0] {
				return x.write(a.Output, n, scope, v)
			}
		}
		panic(errExpand{fmt.Sprintf("no arm for %s", asJSON(v))})
	}
	m, ok := v.(obj)
	if !ok {
		panic(errExpand{fmt.Sprintf("no list: %s", asJSON(v))})
	}
	out := []any{}
	from, end := x.window(o, n, scope)
	for i := from; i < end; i++ {
		it, has := m[strconv.Itoa(i)]
		if a, ok := it.(obj); ok && a["$type"] == "atom" {
			_, has = a["value"]
		}
		if !has { // it is past the end
			break
		}
		v, ok := x.write(o.Item, n, scope, it)
		if !ok {
			return nil, !o.NonNull
		}
		out = append(out, v)
	}
	return out, true
}

// window is the indices that are asked for.
func (x *expander) window(o *view.Output, n *composer.Node, scope *view.Scope) (from, end int) {
	op := &scope.Values[o.Value]
	if op.Op != view.OpPage && op.Op != view.OpTake {
		return 0, 1 << 20
	}
	if n.Window >= 0 {
		if only := x.windows[n.Window].Only; len(only) > 0 {
			return only[0].From, only[0].To + 1
		}
		return 0, 0
	}
	first, _ := strconv.Atoi(string(scope.Values[op.First].JSON))
	return 0, first
}

func (x *expander) follow(v any) any {
	to, ok := v.(obj)["value"].([]any)
	if !ok || v.(obj)["$type"] != "ref" {
		panic(errExpand{fmt.Sprintf("no reference: %s", asJSON(v))})
	}
	var at any = x.root
	for _, k := range to {
		at = x.below(at, k.(string))
	}
	return at
}

func (x *expander) object(o *view.Output, n *composer.Node, scope *view.Scope, typ string, at any) (any, bool) {
	out := obj{}
	for _, k := range n.Sub {
		if k.On != nil && !slices.Contains(k.On, typ) {
			continue
		}
		below := x.below(at, strings.TrimPrefix(k.Name, "$"))
		fd := o.Field(k.Name)
		if fd == nil { // id, key, __typename
			out[k.Key], _ = opened(below)
			continue
		}
		v, ok := x.write(fd.Output, k, scope, below)
		if !ok {
			return nil, false
		}
		out[k.Key] = v
	}
	return out, true
}

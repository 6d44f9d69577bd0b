package graph

import (
	"encoding/json"
	"net/url"
	"slices"

	"facet/fault"
)

// body reads a request body: a mapping over variables.
func (b *builder) body(op *Operation, s str) *Selection {
	list, ok := readMapping(s, b.out)
	if !ok {
		return nil
	}
	if len(list) == 0 {
		b.add(s.pos(0), "G020", "map variables: \"ids: $batch.id\"", "the body is empty")
		return nil
	}
	if len(list) == 1 && list[0].name == "" && !list[0].spread {
		v := list[0].val
		if v.object || v.literal != nil || !v.hasSub {
			return b.bodyValue(op, s, v)
		}
	}
	sel := &Selection{Pos: s.pos(0)}
	b.bodyItems(op, s, list, sel)
	return sel
}

func (b *builder) bodyItems(op *Operation, s str, list []*entry, into *Selection) {
	into.Items = []*SelectionItem{}
	for _, e := range list {
		if e.name == "" && e.val.hasSub && e.val.root != "" {
			// `$args.input { a b }` gives a and b of the input
			if v := b.bodyValue(op, s, e.val); v != nil {
				into.Items = append(into.Items, v.Items...)
			}
			continue
		}
		if e.name == "" {
			b.add(s.pos(e.at), "G020", "name it, as in ids: $batch.id", "a body's value needs a name")
			continue
		}
		if into.Item(e.name) != nil {
			b.add(s.pos(e.at), "G005", "", "the body has %s twice", e.name)
			continue
		}
		if v := b.bodyValue(op, s, e.val); v != nil {
			into.Items = append(into.Items, &SelectionItem{Field: e.name, Value: v, Pos: s.pos(e.at)})
		}
	}
}

func (b *builder) bodyValue(op *Operation, s str, v *value) *Selection {
	pos := s.pos(v.at)
	sel := &Selection{Pos: pos}
	switch {
	case len(v.methods) > 0:
		b.noMethod(s, v)
		return nil
	case v.literal != nil:
		sel.Literal = v.literal
		return sel
	case v.isList:
		b.add(pos, "G022", "let the list be an argument, or all constants", "a list of variables is not supported")
		return nil
	case v.object:
		b.bodyItems(op, s, v.sub, sel)
		return sel
	case v.root == "" || v.root == "$" || v.root == "@":
		b.add(pos, "G012", "write $args."+lastStep(v)+" or $this."+lastStep(v), "a body is made of variables, there is no answer yet")
		return nil
	}
	e, ok := placed{Expr: Expr{Path: v.steps}, pos: pos}.variable(v.root, b.out)
	if !ok {
		return nil
	}
	if !v.hasSub {
		b.useOne(op, e)
		sel.Expr = &Expr{Var: e.Var, Path: e.Path}
		return sel
	}
	if e.Var == VarBatch {
		b.add(pos, "G022", "send columns: ids: $batch.id kinds: $batch.kind", "$batch { … } is not supported")
		return nil
	}
	sel.Items = []*SelectionItem{}
	for _, sub := range v.sub {
		if sub.name == "" || sub.val.root != "" || sub.val.hasSub || len(sub.val.steps) == 0 || len(sub.val.methods) > 0 {
			b.add(s.pos(sub.at), "G022", "name each value: a: "+string(e.Var)+".a", "only plain names can stand below a variable")
			continue
		}
		se := placed{Expr: Expr{Var: e.Var, Path: append(slices.Clone(e.Path), sub.val.steps...)}, pos: s.pos(sub.at)}
		b.useOne(op, se)
		sel.Items = append(sel.Items, &SelectionItem{Field: sub.name, Pos: se.pos, Value: &Selection{Expr: &se.Expr, Pos: se.pos}})
	}
	return sel
}

func lastStep(v *value) string {
	if len(v.steps) == 0 {
		return "id"
	}
	return v.steps[len(v.steps)-1]
}

// noMethod says which method is not supported where.
func (b *builder) noMethod(s str, v *value) {
	m := v.methods[0]
	b.add(s.pos(m.at), "G022", "->match tells the member of a union or interface; map other values in the tier", "the method ->%s is not supported here", m.name)
}

// queryParams folds a mapping into the path's query.
func (b *builder) queryParams(op *Operation, s str) {
	list, ok := readMapping(s, b.out)
	if !ok {
		return
	}
	var items Selection
	b.bodyItems(op, s, list, &items)
	sep := "?"
	for _, p := range op.HTTP.Path.Parts {
		if slices.Contains([]byte(p.Text), '?') {
			sep = "&"
		}
	}
	for _, it := range items.Items {
		text := sep + url.QueryEscape(it.Field) + "="
		sep = "&"
		var expr *Expr
		pos := fault.Pos{}
		switch v := it.Value; {
		case v.Expr != nil:
			expr, pos = v.Expr, v.Pos
		case v.Literal != nil:
			text += url.QueryEscape(unquote(v.Literal))
		default:
			b.add(v.Pos, "G022", "give each parameter one value", "a query parameter cannot be an object")
			continue
		}
		op.HTTP.Path.Parts = append(op.HTTP.Path.Parts, TemplatePart{Text: text})
		if expr != nil {
			op.HTTP.Path.Parts = append(op.HTTP.Path.Parts, TemplatePart{Expr: expr, pos: pos})
		}
	}
}

// unquote is a constant's text: a string without its quotes, anything else as it is.
func unquote(raw []byte) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}

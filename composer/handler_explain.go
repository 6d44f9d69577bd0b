package composer

import (
	"strings"

	"facet/asker"
	"facet/fault"
	"facet/view"
)

// A Called is what one call of a handler's code asks of tiers.
type Called struct {
	Name   string `json:"name"`             // on ctx.graph
	Change bool   `json:"change,omitempty"` // it is a mutation
	Explanation
}

// ExplainHandler says what each load and mutation of a handler asks, and gives the handler; nil if the mutation is recorded.
func (e *Engine) ExplainHandler(name string, a *asker.Asker) (*view.Handler, []Called, error) {
	found, ok := e.cfg.Surface.Mutation(name)
	if !ok {
		return nil, nil, fault.New(fault.NotFound, "there is no mutation %q", name)
	}
	h := e.cfg.Surface.Builds[found.Build].Handler(found.Def)
	if h == nil {
		return nil, nil, nil
	}
	var out []Called
	add := func(full string, kind RootKind, o *view.Output) error {
		root := &Root{Kind: kind, Key: "0", Name: full, Window: -1}
		if o != nil {
			root.Sub = e.whole(o)
		}
		x, err := e.Explain(&Selection{Roots: []*Root{root}, Mutation: kind == RootEffect}, nil, a)
		if err != nil {
			return err
		}
		out = append(out, Called{strings.TrimPrefix(full, h.Name+"."), kind == RootEffect, x})
		return nil
	}
	for _, v := range h.Views {
		if err := add(v.Name, RootLoad, v.Output); err != nil {
			return nil, nil, err
		}
	}
	for _, m := range h.Mutations {
		if err := add(m.Name, RootEffect, m.Output); err != nil {
			return nil, nil, err
		}
	}
	return h, out, nil
}

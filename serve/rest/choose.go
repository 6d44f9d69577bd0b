package rest

import (
	"encoding/json"
	"slices"

	"facet/composer"
	"facet/fault"
	"facet/view"
)

// Choose is what a GET of a view, or a POST of a mutation, with these arguments asks for: a request without an asker, whose
// one root has the response key "data". Empty fields are the default: every leaf, each shape followed once. Warm-ups, tests and
// explanations ask with it. Unknown names are NotFound or Invalid.
func Choose(s *view.Surface, kind composer.RootKind, name, fields string, args map[string]json.RawMessage) (*composer.Request, error) {
	all, declared := s.QueryFields(), []*view.Arg(nil)
	switch kind {
	case composer.RootView:
		found, ok := s.View(name)
		if !ok {
			return nil, unknown("view", s.Device+"/"+s.Schema+" has no view", name, s.Views())
		}
		declared = found.Def.Args
	case composer.RootMutation:
		found, ok := s.Mutation(name)
		if !ok {
			return nil, unknown("mutation", s.Device+"/"+s.Schema+" has no mutation", name, s.Mutations())
		}
		declared, all = found.Def.Args, s.MutationFields()
	}
	i := slices.IndexFunc(all, func(f *view.TypeField) bool { return f.Name == name })
	if i < 0 {
		return nil, fault.New(fault.NotFound, "%s is no view or mutation", name)
	}
	l := DefaultLimits()
	var asked []*asked
	if fields != "" {
		var err error
		if asked, err = parseFields(fields, l); err != nil {
			return nil, err
		}
	}
	out := prepared{root: &composer.Root{Kind: kind, Key: "data", Name: name, Window: noWindow}}
	c := &chooser{s: s, l: l, out: &out}
	c.root(all[i], asked)
	if c.err != nil {
		return nil, c.err
	}
	req := &composer.Request{Format: composer.FormatTree, Windows: slices.Repeat([]composer.Window{{First: -1}}, len(out.windows))}
	for _, a := range declared {
		if v, ok := args[a.Name]; ok {
			out.root.Args = append(out.root.Args, composer.Arg{Name: a.Name, Value: len(req.Values)})
			req.Values = append(req.Values, v)
		}
	}
	for given := range args {
		if !slices.ContainsFunc(declared, func(a *view.Arg) bool { return a.Name == given }) {
			return nil, unknown("argument", "there is no argument", given, argNames(declared))
		}
	}
	req.Selection = &composer.Selection{Roots: []*composer.Root{out.root}, Mutation: kind == composer.RootMutation}
	return req, nil
}

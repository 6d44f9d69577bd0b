package rest

import (
	"encoding/json"
	"maps"
	"slices"

	"facet/composer"
	"facet/fault"
	"facet/view"
)

// Choose makes the Request of a view or a mutation that is asked for by name, as a request over REST would be: by a
// `fields` text ("": every leaf, each shape followed once) and arguments as JSON. Lists give their first page. The
// caller adds who asks. Errors are Invalid, NotFound or Limit.
func Choose(s *view.Surface, kind composer.RootKind, name, fields string, args map[string]json.RawMessage) (*composer.Request, error) {
	roots, what := s.QueryFields(), "view"
	if kind == composer.RootMutation {
		roots, what = s.MutationFields(), "mutation"
	}
	f := find(roots, name)
	if f == nil || f.PageOf != "" || f.Name == "node" {
		return nil, fault.New(fault.NotFound, "there is no %s %q", what, clip(name))
	}
	l := DefaultLimits()
	var list []*asked
	if fields != "" {
		var err error
		if list, err = parseFields(fields, l); err != nil {
			return nil, err
		}
	}
	c := &chooser{s: s, l: l, out: &prepared{root: newRoot(kind, name)}}
	c.root(f, list)
	if c.err != nil {
		return nil, c.err
	}
	declared := own(f.Args, f.Paged)
	for _, given := range slices.Sorted(maps.Keys(args)) {
		if !slices.ContainsFunc(declared, func(a *view.Arg) bool { return a.Name == given }) {
			return nil, unknown("argument", "there is no argument", given, argNames(declared)[1:])
		}
	}
	req := &composer.Request{Format: composer.FormatTree}
	root := c.out.root
	root.Args, req.Values = bind(declared, args)
	for range c.out.windows {
		req.Windows = append(req.Windows, composer.Window{First: -1})
	}
	req.Selection = &composer.Selection{Roots: []*composer.Root{root}, Mutation: kind == composer.RootMutation}
	return req, nil
}

func newRoot(kind composer.RootKind, name string) *composer.Root {
	return &composer.Root{Kind: kind, Key: "data", Name: name, Window: noWindow}
}

// bind gives each argument that is there its place among the values.
func bind(declared []*view.Arg, given map[string]json.RawMessage) (args []composer.Arg, values []json.RawMessage) {
	for _, a := range declared {
		if v, ok := given[a.Name]; ok {
			args = append(args, composer.Arg{Name: a.Name, Value: len(values)})
			values = append(values, v)
		}
	}
	return args, values
}

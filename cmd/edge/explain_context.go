package main

import (
	"maps"
	"slices"

	"facet/view"
)

// requestOf are what the functions of a build take of the request, by their place in Build.Funcs: "now", "random", "locale", what is
// known of the asker and the device, and cells. What a function is given of a loaded value stands on the tiers, and is not among it.
func requestOf(b *view.Build) [][]string {
	sets := make([]map[string]bool, len(b.Funcs))
	for i, f := range b.Funcs {
		sets[i] = map[string]bool{}
		if f.Format {
			sets[i]["locale"] = true
		}
	}
	for _, s := range scopesOf(b) {
		known := map[view.ID]map[string]bool{}
		for i := range s.Values {
			v := &s.Values[i]
			if v.Op != view.OpComputed || v.Func < 0 || v.Func >= len(sets) {
				continue
			}
			for _, of := range v.Operands() {
				maps.Copy(sets[v.Func], contextsBelow(s, of, known))
			}
		}
	}
	out := make([][]string, len(sets))
	for i, set := range sets {
		out[i] = slices.Sorted(maps.Keys(set))
	}
	return out
}

// scopesOf are all scopes of a build.
func scopesOf(b *view.Build) []*view.Scope {
	var out []*view.Scope
	for _, v := range b.Views {
		out = append(out, &v.Scope)
	}
	for _, s := range b.Shapes {
		out = append(out, &s.Scope)
	}
	for _, m := range b.Changing() {
		out = append(out, &m.Scope)
	}
	for _, h := range b.Handlers {
		for _, v := range h.Views {
			out = append(out, &v.Scope)
		}
	}
	return out
}

// contextsBelow are the parts of the request that a value is made of. It goes through choices and other functions, not through what
// tiers are asked with.
func contextsBelow(s *view.Scope, id view.ID, known map[view.ID]map[string]bool) map[string]bool {
	if set, ok := known[id]; ok {
		return set
	}
	set := map[string]bool{}
	known[id] = set
	v := &s.Values[id]
	switch v.Op {
	case view.OpContext:
		set[v.Name] = true
	case view.OpFormat:
		set["locale"] = true
	case view.OpField, view.OpEffect, view.OpViewer, view.OpItem, view.OpEntity, view.OpAs:
		return set
	}
	for _, of := range v.Operands() {
		maps.Copy(set, contextsBelow(s, of, known))
	}
	return set
}
